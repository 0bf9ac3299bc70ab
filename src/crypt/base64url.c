#include "config.h"

#include "crypt/base64url.h"

static const char alphabet[64] = {
	'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M',
	'N', 'O', 'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z',
	'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm',
	'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z',
	'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '-', '_',
};

void
buf_add_base64url(struct buf *buf, const void *p, size_t n)
{
	const unsigned char *in = p;
	char quad[4];

	for (; n > 0; in += 3) {
		size_t take = n < 3 ? n : 3;
		unsigned second = take > 1 ? in[1] : 0, third = take > 2 ? in[2] : 0;

		quad[0] = alphabet[in[0] >> 2];
		quad[1] = alphabet[(in[0] & 3u) << 4 | second >> 4];
		quad[2] = alphabet[(second & 15) << 2 | third >> 6];
		quad[3] = alphabet[third & 63];
		buf_add(buf, quad, take + 1);
		n -= take;
	}
}

struct str
base64url(struct arena *arena, const void *p, size_t n)
{
	struct buf buf;

	buf_init(&buf, arena, BASE64URL_CHARS(n), BASE64URL_CHARS(n));
	buf_add_base64url(&buf, p, n);
	return buf_str(&buf);
}

/* The six bits of c, or -1. Without a branch: tokens are of all kinds of characters. */
static int
value_of(char c)
{
	/* What to add for a character of each range, to its bits and one. */
	static const signed char shift[256] = {
		['A' ... 'Z'] = 1 - 'A', ['a' ... 'z'] = 27 - 'a',
		['0' ... '9'] = 53 - '0', ['-'] = 63 - '-', ['_'] = 64 - '_',
	};
	int by = shift[(unsigned char)c];

	return by == 0 ? -1 : (unsigned char)c + by - 1;
}

bool
base64url_decode_to(struct str text, unsigned char *ret_bytes)
{
	size_t at = 0, bit_count = 0;
	uint32_t bits = 0;

	if (text.n % 4 == 1)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		int value = value_of(text.p[i]);

		if (value < 0)
			return false;
		bits = (bits & 0xff) << 6 | (uint32_t)value;
		bit_count += 6;
		if (bit_count >= 8) {
			bit_count -= 8;
			ret_bytes[at++] = (unsigned char)(bits >> bit_count);
		}
	}
	return (bits & ((1u << bit_count) - 1)) == 0;
}

bool
base64url_decode(struct arena *arena, struct str text, struct str *ret_bytes)
{
	unsigned char *out = arena_alloc(arena, BASE64URL_BYTES(text.n) + 1);

	if (!base64url_decode_to(text, out))
		return false;
	*ret_bytes = (struct str){ (const char *)out, BASE64URL_BYTES(text.n) };
	return true;
}
