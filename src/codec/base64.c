#include "config.h"

#include "codec/base64.h"

static const char alphabet[64] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

enum { BAD = 0x80 };		/* above any six bits */

/* The value of each character, BAD for those outside of the alphabet. */
static const unsigned char values[256] = {
#define B BAD
	B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B,
	B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B,
	B, B, B, B, B, B, B, B, B, B, B, 62, B, B, B, 63,
	52, 53, 54, 55, 56, 57, 58, 59, 60, 61, B, B, B, B, B, B,
	B, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, B, B, B, B, B,
	B, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
	41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, B, B, B, B, B,
	B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B,
	B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B,
	B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B,
	B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B,
	B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B,
	B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B,
	B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B,
	B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B,
#undef B
};

void
buf_add_base64(struct buf *buf, struct str bytes)
{
	const unsigned char *p = (const unsigned char *)bytes.p;
	size_t n = bytes.n;
	char *out;

	if (n == 0 || !buf_reserve(buf, base64_size(n)))
		return;
	for (out = buf->p + buf->n; n >= 3; n -= 3, p += 3) {
		*out++ = alphabet[p[0] >> 2];
		*out++ = alphabet[(p[0] & 3) << 4 | p[1] >> 4];
		*out++ = alphabet[(p[1] & 15) << 2 | p[2] >> 6];
		*out++ = alphabet[p[2] & 63];
	}
	if (n > 0) {
		unsigned second = n == 2 ? p[1] : 0;

		*out++ = alphabet[p[0] >> 2];
		*out++ = alphabet[(p[0] & 3) << 4 | second >> 4];
		*out++ = n == 2 ? alphabet[(second & 15) << 2] : '=';
		*out++ = '=';
	}
	buf->n += base64_size(bytes.n);
}

/* One to three characters less than four: the end of the text. */
static bool
decode_rest(const unsigned char *p, size_t padding, unsigned char *out)
{
	unsigned a = values[p[0]], b = values[p[1]],
	    c = padding == 2 ? 0 : values[p[2]];
	unsigned behind = padding == 2 ? b & 15 : c & 3;

	if (((a | b | c) & BAD) != 0 || behind != 0)
		return false;
	*out++ = (unsigned char)(a << 2 | b >> 4);
	if (padding == 1)
		*out = (unsigned char)(b << 4 | c >> 2);
	return true;
}

bool
base64_decode(struct arena *arena, struct str text, struct str *ret_bytes)
{
	const unsigned char *p = (const unsigned char *)text.p;
	size_t groups = text.n / 4, padding = 0;
	unsigned bad = 0;
	unsigned char *out, *at;

	if (text.n % 4 != 0)
		return false;
	if (text.n > 0 && text.p[text.n - 1] == '=')
		padding = text.p[text.n - 2] == '=' ? 2 : 1;
	out = at = arena_alloc(arena, groups * 3 + 1);
	for (size_t i = padding > 0 ? 1 : 0; i < groups; i++, p += 4) {
		unsigned a = values[p[0]], b = values[p[1]], c = values[p[2]],
		    d = values[p[3]];

		bad |= a | b | c | d;
		*at++ = (unsigned char)(a << 2 | b >> 4);
		*at++ = (unsigned char)(b << 4 | c >> 2);
		*at++ = (unsigned char)(c << 6 | d);
	}
	if ((bad & BAD) != 0 || (padding > 0 && !decode_rest(p, padding, at)))
		return false;
	*ret_bytes = (struct str){ (const char *)out, groups * 3 - padding };
	return true;
}

size_t
base64_run(struct str text)
{
	size_t n = 0;

	while (n < text.n && (values[(unsigned char)text.p[n]] != BAD
	    || text.p[n] == '='))
		n++;
	return n;
}
