/*
 * bson_value.h - one stored scalar against its row. Not for other layers.
 */
#ifndef BEZEL_SCHEMA_BSON_VALUE_H
#define BEZEL_SCHEMA_BSON_VALUE_H

#include <bson/bson.h>

#include "schema/schema.h"

struct bson_value {
	bool null;
	struct str text;	/* as stored; may be bad UTF-8 when a fault says so */
	int64_t integer;	/* whole numbers, times, booleans */
	double number;
};

/* NULL, or the stable code of the fault. After a fault other than "wrong_type",
 * "missing_field" and "not_a_number" the value is there and can be shown. */
const char *bson_value_read(const struct field *field, enum field_type type,
    bson_iter_t *it, struct bson_value *ret_value);

/* The row of a stored key. Documents are stored in the order of their rows, so
 * the search starts at *next, which moves on. */
const struct field *bson_field(const struct doc *doc, size_t *next,
    struct str key);

#endif
