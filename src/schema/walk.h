/*
 * walk.h - what the readers of the tables share. Not for other layers.
 */
#ifndef BEZEL_SCHEMA_WALK_H
#define BEZEL_SCHEMA_WALK_H

#include "schema/schema.h"

/* A JSON pointer that grows while a reader goes down, without allocation. */
struct pointer {
	const struct pointer *up;
	struct str name;	/* of a member; null: an item */
	size_t index;
};

struct str pointer_text(const struct pointer *pointer, struct arena *arena);

/* The bounds of a free object, and its names: [a-z0-9_]+. */
enum { FREE_BYTES = 4096, FREE_KEYS = 32, FREE_DEPTH = 4 };
bool free_name_ok(struct str name);

/* Why a scalar does not fit its row, or NULL: the stable fault code. */
const char *fits_text(const struct field *field, enum field_type type,
    struct str s);
const char *fits_number(const struct field *field, double v);
bool fits_enum(const struct enum_set *set, struct str s);

static inline void *
member_at(void *object, const struct field *field)
{
	return (char *)object + field->offset;
}

static inline const void *
member_of(const void *object, const struct field *field)
{
	return (const char *)object + field->offset;
}

#endif
