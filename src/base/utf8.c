#include "config.h"

#include "base/utf8.h"

/* The length of the character at p, or of the part of one that could have
 * become a character when its next byte had been another. */
static size_t
scan(const unsigned char *p, size_t n, bool *ret_good)
{
	unsigned char low = 0x80, high = 0xbf;	/* for the second byte */
	size_t len;

	*ret_good = false;
	if (n == 0)
		return 0;
	if (p[0] < 0x80) {
		len = 1;
	} else if (p[0] >= 0xc2 && p[0] <= 0xdf) {
		len = 2;
	} else if (p[0] >= 0xe0 && p[0] <= 0xef) {
		len = 3;
		low = p[0] == 0xe0 ? 0xa0 : low;
		high = p[0] == 0xed ? 0x9f : high;
	} else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
		len = 4;
		low = p[0] == 0xf0 ? 0x90 : low;
		high = p[0] == 0xf4 ? 0x8f : high;
	} else {
		return 1;
	}
	for (size_t i = 1; i < len; i++) {
		if (i == n || p[i] < low || p[i] > high)
			return i;
		low = 0x80;
		high = 0xbf;
	}
	*ret_good = true;
	return len;
}

size_t
utf8_char(const char *p, size_t n)
{
	bool good;
	size_t len = scan((const unsigned char *)p, n, &good);

	return good ? len : 0;
}

size_t
utf8_bad(const char *p, size_t n)
{
	bool good;
	size_t len = scan((const unsigned char *)p, n, &good);

	return good ? 0 : len;
}

bool
utf8_valid(struct str s)
{
	for (size_t i = 0; i < s.n;) {
		size_t len = utf8_char(s.p + i, s.n - i);

		if (len == 0)
			return false;
		i += len;
	}
	return true;
}

size_t
utf8_count(struct str s)
{
	size_t count = 0;
	bool good;

	for (size_t i = 0; i < s.n; count++)
		i += scan((const unsigned char *)s.p + i, s.n - i, &good);
	return count;
}

struct str
utf8_head(struct str s, size_t n)
{
	if (n >= s.n)
		return s;
	/* A character has at most three bytes behind its first. */
	for (size_t back = 0; back < 4 && back <= n; back++)
		if (((unsigned char)s.p[n - back] & 0xc0) != 0x80)
			return str_slice(s, 0, n - back);
	return str_slice(s, 0, n);
}

/* One well-formed character of len bytes. */
static bool
is_control(const unsigned char *p, size_t len, bool allow_newlines)
{
	if (len == 1)
		return p[0] == 0x7f || (p[0] < 0x20
		    && !(allow_newlines && (p[0] == '\n' || p[0] == '\t')));
	if (len == 2)
		return p[0] == 0xc2 && p[1] < 0xa0;
	return len == 3 && p[0] == 0xe2
	    && ((p[1] == 0x80 && p[2] >= 0xaa && p[2] <= 0xae)
	    || (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9));
}

bool
utf8_has_controls(struct str s, bool allow_newlines)
{
	for (size_t i = 0; i < s.n;) {
		const unsigned char *p = (const unsigned char *)s.p + i;
		size_t len = utf8_char(s.p + i, s.n - i);

		if (len == 0 || is_control(p, len, allow_newlines))
			return true;
		i += len;
	}
	return false;
}

struct str
utf8_repair(struct arena *arena, struct str s)
{
	static const char replacement[3] = "\xef\xbf\xbd";
	char *out;
	size_t at = 0;

	if (utf8_valid(s))
		return s;
	out = arena_array(arena, s.n, sizeof replacement);
	for (size_t i = 0; i < s.n;) {
		size_t good = utf8_char(s.p + i, s.n - i);
		size_t bad = utf8_bad(s.p + i, s.n - i);

		memcpy(out + at, good > 0 ? s.p + i : replacement,
		    good > 0 ? good : sizeof replacement);
		at += good > 0 ? good : sizeof replacement;
		i += good + bad;
	}
	return (struct str){ out, at };
}
