/*
 * uuid.h - UUID version 7 (RFC 9562): 48 bits of milliseconds, then random
 * bits from the kernel. Text is 36 lower-case characters.
 */
#ifndef BEZEL_BASE_UUID_H
#define BEZEL_BASE_UUID_H

#include "base/arena.h"

enum { UUID_TEXT = 36 };

struct str uuid_new(struct arena *arena);
/* The canonical form of any version: 8-4-4-4-12, lower case. */
bool uuid_is(struct str s);
/* Fills p with random bytes from the kernel. Failure ends the process. */
void random_bytes(void *p, size_t n);

#endif
