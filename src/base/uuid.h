/*
 * uuid.h - UUID version 7 (RFC 9562): 48 bits of milliseconds, then random
 * bits from the kernel. Text is 36 lower-case characters.
 */
#ifndef BEZEL_BASE_UUID_H
#define BEZEL_BASE_UUID_H

#include "base/arena.h"

enum { UUID_TEXT = 36 };

struct str uuid_new(struct arena *arena);
/* The same id for the same time and tail, of which 74 bits are used: for what must not
 * be made twice. */
struct str uuid_of(struct arena *arena, int64_t ms,
    const unsigned char tail[16]);
/* The milliseconds of one of version 7, or of whatever it is. */
int64_t uuid_ms(struct str id);
/* The canonical form of any version: 8-4-4-4-12, lower case. */
bool uuid_is(struct str s);
/* The 16 bytes of what uuid_is(), and the text of any. */
void uuid_bytes(struct str s, unsigned char ret_bytes[16]);
void uuid_text(const unsigned char bytes[16], char ret_text[UUID_TEXT]);
/* Fills p with random bytes from the kernel. Failure ends the process. */
void random_bytes(void *p, size_t n);

#endif
