#include "config.h"

#include "codec/email.h"

#include <idn2.h>
#include <stdlib.h>
#include <string.h>

enum { DOMAIN_MAX = 253, LABEL_MAX = 63 };

static bool
is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
	    || (c >= '0' && c <= '9');
}

static bool
is_local_part(struct str s)
{
	static const char also[] = "!#$%&'*+-/=?^_`{|}~";	/* atext, RFC 5322 */

	if (s.n == 0 || s.n > EMAIL_LOCAL_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '.' ? i == 0 || i + 1 == s.n || s.p[i - 1] == '.'
		    : !is_alnum(s.p[i])
		    && (s.p[i] == '\0' || strchr(also, s.p[i]) == NULL))
			return false;
	return true;
}

static bool
is_label(struct str s)
{
	if (s.n == 0 || s.n > LABEL_MAX || s.p[0] == '-' || s.p[s.n - 1] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && s.p[i] != '-')
			return false;
	return true;
}

static bool
is_domain(struct str s)
{
	if (s.n > DOMAIN_MAX)
		return false;
	while (s.p != NULL)
		if (!is_label(str_cut(&s, '.')))
			return false;
	return true;
}

bool
email_is(struct str address)
{
	struct str domain = address, local = str_cut(&domain, '@');

	return address.n <= EMAIL_MAX && domain.p != NULL && is_local_part(local)
	    && is_domain(domain);
}

static bool
to_ascii(struct arena *arena, struct str domain, struct str *ret_ascii)
{
	char *ascii = NULL;

	if (domain.n == 0 || memchr(domain.p, '\0', domain.n) != NULL
	    || idn2_to_ascii_8z(arena_strz(arena, domain), &ascii,
	    IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
		return false;
	*ret_ascii = arena_str(arena, str_of(ascii));
	idn2_free(ascii);
	return true;
}

bool
email_normalize(struct arena *arena, struct str text, struct str *ret_email)
{
	struct str domain = str_trim(text), local = str_cut(&domain, '@'), ascii;
	char *email;

	if (domain.p == NULL || !is_local_part(local)
	    || !to_ascii(arena, domain, &ascii) || !is_domain(ascii)
	    || memchr(ascii.p, '.', ascii.n) == NULL
	    || local.n + 1 + ascii.n > EMAIL_MAX)
		return false;
	email = arena_strz(arena, arena_printf(arena, "%.*s@%.*s", STR_FMT(local),
	    STR_FMT(ascii)));
	for (char *c = email; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	*ret_email = str_of(email);
	return true;
}
