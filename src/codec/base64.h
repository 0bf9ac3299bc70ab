/*
 * base64.h - RFC 4648, section 4: the standard alphabet with padding.
 *
 * The decoder takes the canonical form only: no white space, no missing or
 * extra padding, no bits set behind the last byte.
 */
#ifndef BEZEL_CODEC_BASE64_H
#define BEZEL_CODEC_BASE64_H

#include "base/buf.h"

void buf_add_base64(struct buf *buf, struct str bytes);

/* The bytes are in arena. False: not base64; *ret_bytes is left alone. */
bool base64_decode(struct arena *arena, struct str text, struct str *ret_bytes);

/* How many characters of the alphabet, or '=', text begins with. */
size_t base64_run(struct str text);

/* The length of the encoded form. */
static inline size_t
base64_size(size_t n)
{
	return (n + 2) / 3 * 4;
}

#endif
