#include "config.h"

#include "base/str.h"

static unsigned char
lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

bool
str_eq_nocase(struct str a, struct str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

bool
str_contains_nocase(struct str haystack, struct str needle)
{
	for (size_t i = 0; i + needle.n <= haystack.n; i++)
		if (str_eq_nocase(str_slice(haystack, i, i + needle.n), needle))
			return true;
	return false;
}

int
str_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n == 0 ? 0 : memcmp(a.p, b.p, n);

	return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

size_t
str_find(struct str s, char c)
{
	const char *at = s.n == 0 ? NULL : memchr(s.p, c, s.n);

	return at == NULL ? s.n : (size_t)(at - s.p);
}

struct str
str_cut(struct str *s, char c)
{
	size_t at = str_find(*s, c);
	struct str head = { s->p, at };

	*s = at == s->n ? STR_NULL : str_slice(*s, at + 1, s->n);
	return head;
}

struct str
str_trim(struct str s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = str_slice(s, 1, s.n);
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

bool
str_to_i64(struct str s, int64_t *ret_value)
{
	bool minus = s.n > 0 && s.p[0] == '-';
	size_t i = minus ? 1 : 0;
	int64_t v = 0;

	if (i == s.n || (s.p[i] == '0' && s.n > 1))
		return false;
	for (; i < s.n; i++) {
		int digit = s.p[i] - '0';

		if (digit < 0 || digit > 9
		    || __builtin_mul_overflow(v, 10, &v)
		    || __builtin_sub_overflow(v, digit, &v))
			return false;
	}
	/* Built downwards, because INT64_MIN has no positive twin. */
	if (!minus && __builtin_sub_overflow(0, v, &v))
		return false;
	*ret_value = v;
	return true;
}
