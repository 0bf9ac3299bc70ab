/*
 * documents.h - a struct and a table for each document of docs/.
 *
 *	struct design design;
 *	doc_init(&doc_design, &design);
 */
#ifndef BEZEL_SCHEMA_DOCUMENTS_H
#define BEZEL_SCHEMA_DOCUMENTS_H

#include "schema/schema.h"

#define C_UUID struct str
#define C_STR struct str
#define C_KEY struct str
#define C_SEALED struct str
#define C_TIME int64_t
#define C_I32 int32_t
#define C_I64 int64_t
#define C_NUM double
#define C_BOOL bool

#define DOC_READER "schema/struct.inc"
#include "schema/docs.inc"
#undef DOC_READER

#define DOC_READER "schema/declare.inc"
#include "schema/docs.inc"
#undef DOC_READER

#define ENUM_SET(name, ...) extern const struct enum_set enum_##name;
#include "schema/enums.def"
#undef ENUM_SET

/* What an API key may do: the place of each row of scopes.def, and in the same order
 * its words. */
enum scope {
#define SCOPE(name, word, text) SCOPE_##name,
#include "schema/scopes.def"
#undef SCOPE
	SCOPE_COUNT
};
extern const struct enum_set enum_scope;

#endif
