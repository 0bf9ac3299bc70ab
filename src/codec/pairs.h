/*
 * pairs.h - names with values, as queries, forms, cookies and headers have them.
 *
 * Names and values live in the arena of the reader that made them, or are
 * slices of its input. A value is never null.
 */
#ifndef BEZEL_CODEC_PAIRS_H
#define BEZEL_CODEC_PAIRS_H

#include "base/err.h"

struct pair {
	struct str name, value;
};

struct pairs {
	struct pair *rows;
	size_t n;
};

/* The first value of that name, or null. */
struct str pairs_get(const struct pairs *pairs, struct str name);
size_t pairs_count(const struct pairs *pairs, struct str name);

#endif
