/*
 * lanes.h - 16 bytes of text at a time, by the compilers' vector types (GCC's
 * "Vector Extensions", which clang has too).
 *
 * Lists are tens of kilobytes of text that is looked at twice, when it is checked
 * and when it is escaped: byte by byte that was a sixth of their time.
 */
#ifndef BEZEL_BASE_LANES_H
#define BEZEL_BASE_LANES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { LANES = 16 };

typedef unsigned char lanes __attribute__((vector_size(LANES)));

static inline lanes
lanes_load(const char *p)
{
	lanes l;

	memcpy(&l, p, sizeof l);
	return l;
}

/* Whether no lane is set; of a comparison, whether it holds nowhere. */
static inline bool
lanes_none(lanes l)
{
	uint64_t halves[2];

	memcpy(halves, &l, sizeof halves);
	return (halves[0] | halves[1]) == 0;
}

/* Set where the byte is not printable ASCII. */
static inline lanes
lanes_odd(lanes l)
{
	return (lanes)(l - 0x20 > 0x7e - 0x20);
}

#endif
