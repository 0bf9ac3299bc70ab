/*
 * boundary.h - the values at the bounds of a row. See boundary.c.
 */
#ifndef BEZEL_T_BOUNDARY_H
#define BEZEL_T_BOUNDARY_H

#include <bson/bson.h>

#include "codec/json.h"
#include "schema/schema.h"

struct value {
	const char *name;
	/* Appends it; may append nothing, or more than the one member. */
	void (*put)(bson_t *to, const char *key, const struct field *field,
	    double arg);
	double arg;
	bool good;		/* the row takes it */
	bool only_rows;		/* the validator cannot see what is wrong */
	bool missing;		/* nothing is put */
	bool no_json;		/* not for the JSON decoder */
	bool bson_only;		/* wrong as BSON, and in JSON the same as a good one */
};

/* The k-th value of a row, or NULL after the last. Valid until the next call. */
const struct value *value_of(const struct field *field, size_t k);

/* A value without fault for a row of any type but a document. */
void value_append_good(bson_t *to, const char *key, const struct field *field);

/* "0", "1" ... */
const char *value_index(size_t i);

/* Writes a stored document as the body of a request, without what clients do not
 * set. False when a value has no JSON. */
bool value_add_json(struct buf *buf, const struct doc *doc, bson_iter_t *it);

/* In boundary.c: a document without fault. */
void value_append_doc(bson_t *to, const struct doc *doc);

#endif
