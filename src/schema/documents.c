#include "config.h"

#include "schema/documents.h"

#include <stddef.h>
#include <stdlib.h>

#define ENUM_SET(name, ...) \
	const struct enum_set enum_##name = { #name, \
	    (const char *const[]){ __VA_ARGS__, NULL } };
#include "schema/enums.def"
#undef ENUM_SET

const struct enum_set enum_scope = { "scope", (const char *const[]){
#define SCOPE(name, word, text) word,
#include "schema/scopes.def"
#undef SCOPE
	NULL } };

#define DOC_READER "schema/table.inc"
#include "schema/docs.inc"
#undef DOC_READER

const struct doc *const schema_docs[] = {
#define DOC_READER "schema/list.inc"
#include "schema/docs.inc"
#undef DOC_READER
	NULL
};

const struct doc *
schema_doc(const char *name)
{
	for (size_t i = 0; schema_docs[i] != NULL; i++)
		if (strcmp(schema_docs[i]->name, name) == 0)
			return schema_docs[i];
	return NULL;
}

/* Defaults are written as JSON: null, true, false, a number or a "string". */
static void
set_default(const struct field *field, void *at)
{
	const char *def = field->def == NULL ? "null" : field->def;
	bool null = strcmp(def, "null") == 0;

	switch (field->type) {
	case FIELD_TIME:
		*(int64_t *)at = TIME_NULL;
		break;
	case FIELD_I32:
		*(int32_t *)at = null ? 0 : (int32_t)strtol(def, NULL, 10);
		break;
	case FIELD_I64:
		*(int64_t *)at = null ? 0 : strtoll(def, NULL, 10);
		break;
	case FIELD_NUM:
		*(double *)at = null ? NUM_NULL : strtod(def, NULL);
		break;
	case FIELD_BOOL:
		*(bool *)at = strcmp(def, "true") == 0;
		break;
	case FIELD_SUB:
		doc_init(field->sub, at);
		break;
	default:
		if (def[0] == '"')
			*(struct str *)at =
			    (struct str){ def + 1, strlen(def) - 2 };
	}
}

void
doc_init(const struct doc *doc, void *object)
{
	memset(object, 0, doc->size);
	for (size_t i = 0; i < doc->field_count; i++)
		set_default(&doc->fields[i],
		    (char *)object + doc->fields[i].offset);
}

bool
doc_present(const struct doc *doc, const void *object, const char *key)
{
	uint64_t present = *(const uint64_t *)object;

	for (size_t i = 0; i < doc->field_count; i++)
		if (strcmp(doc->fields[i].key, key) == 0)
			return (present >> i & 1) != 0;
	die("doc_present: no such row");
}
