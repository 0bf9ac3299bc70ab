/*
 * str.h - an immutable run of bytes: pointer and length.
 *
 * A str does not own what it points at and is not NUL-terminated by promise;
 * it lives as long as the arena or the literal behind it. A str whose p is
 * NULL is "no value" (null in JSON and BSON), which is not the empty string.
 */
#ifndef BEZEL_BASE_STR_H
#define BEZEL_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *p;
	size_t n;
};

#define STR_NULL ((struct str){ NULL, 0 })
#define STR(literal) ((struct str){ "" literal, sizeof(literal) - 1 })
/* The same in a static initialiser, where a compound literal may not stand. */
#define STR_INIT(literal) { "" literal, sizeof(literal) - 1 }
/* For printf's "%.*s". */
#define STR_FMT(s) (int)(s).n, (s).p

static inline struct str
str_of(const char *z)
{
	return z == NULL ? STR_NULL : (struct str){ z, strlen(z) };
}

static inline struct str
str_slice(struct str s, size_t from, size_t to)
{
	return (struct str){ s.p + from, to - from };
}

static inline bool
str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool
str_eqz(struct str a, const char *z)
{
	return str_eq(a, str_of(z));
}

static inline bool
str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && memcmp(s.p, prefix.p, prefix.n) == 0;
}

/* ASCII case is ignored. */
bool str_eq_nocase(struct str a, struct str b);
bool str_contains_nocase(struct str haystack, struct str needle);

/* memcmp order, the shorter first. */
int str_cmp(struct str a, struct str b);

/* Where c first stands in s, or s.n. */
size_t str_find(struct str s, char c);

/* Cuts *s at the first c: returns what is before it and leaves what is after
 * it. Without c the whole of *s is returned and *s becomes null. */
struct str str_cut(struct str *s, char c);

/* Without spaces and tabs at both ends. */
struct str str_trim(struct str s);

/* Only visible ASCII, no space: what may stand in a header or a URL as it is. */
static inline bool
str_is_visible(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~')
			return false;
	return true;
}

/* Strict decimal: digits with an optional '-', no sign '+', no leading zeros,
 * no overflow. On failure *ret_value is left alone. */
bool str_to_i64(struct str s, int64_t *ret_value);

#endif
