/*
 * base64url.h - base64url without padding (RFC 4648, section 5).
 *
 * One text for one run of bytes: padding, other alphabets, white space and
 * trailing bits that are not zero are refused, so that a changed text can
 * never decode to the same bytes.
 */
#ifndef BEZEL_CRYPT_BASE64URL_H
#define BEZEL_CRYPT_BASE64URL_H

#include "base/buf.h"
#include "base/err.h"

/* Characters for n bytes, and the most bytes that n characters can be. */
#define BASE64URL_CHARS(n) (((n) * 4 + 2) / 3)
#define BASE64URL_BYTES(n) ((n) / 4 * 3 + (n) % 4 * 3 / 4)

void buf_add_base64url(struct buf *buf, const void *p, size_t n);
struct str base64url(struct arena *arena, const void *p, size_t n);

/* The bytes belong to arena. False leaves *ret_bytes alone. */
must_use bool base64url_decode(struct arena *arena, struct str text,
    struct str *ret_bytes);
/* The same into a room of BASE64URL_BYTES(text.n), which holds anything when it is
 * false. */
must_use bool base64url_decode_to(struct str text, unsigned char *ret_bytes);

#endif
