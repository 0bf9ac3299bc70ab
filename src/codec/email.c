#include "config.h"

#include "codec/email.h"

#include <idn2.h>
#include <stdlib.h>
#include <string.h>

/* The atext of RFC 5322 3.2.3, and single dots between. */
static bool
local_ok(struct str local)
{
	static const char signs[] = "!#$%&'*+-/=?^_`{|}~.";

	if (local.n == 0 || local.n > EMAIL_LOCAL_MAX || local.p[0] == '.'
	    || local.p[local.n - 1] == '.')
		return false;
	for (size_t i = 0; i < local.n; i++) {
		char c = local.p[i];

		if (c == '.' && local.p[i + 1] == '.')
			return false;
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
		    || (c >= '0' && c <= '9')
		    || (c != '\0' && strchr(signs, c) != NULL)))
			return false;
	}
	return true;
}

/* Letters, digits and hyphens in labels of 1 to 63, at least two of them: what
 * idn2 leaves of a name that is one. */
static bool
domain_ok(struct str domain)
{
	size_t label = 0, labels = 1;

	if (domain.n == 0 || domain.n > 253)
		return false;
	for (size_t i = 0; i < domain.n; i++) {
		char c = domain.p[i];

		if (c == '.') {
			if (label == 0 || domain.p[i - 1] == '-')
				return false;
			label = 0;
			labels++;
			continue;
		}
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
		    || (c == '-' && label > 0)) || ++label > 63)
			return false;
	}
	return label > 0 && domain.p[domain.n - 1] != '-' && labels >= 2;
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
	struct str domain = str_trim(text), local, ascii;
	char *email;

	local = str_cut(&domain, '@');
	if (domain.p == NULL || !local_ok(local)
	    || !to_ascii(arena, domain, &ascii) || !domain_ok(ascii)
	    || local.n + 1 + ascii.n > EMAIL_MAX)
		return false;
	*ret_email = arena_printf(arena, "%.*s@%.*s", STR_FMT(local),
	    STR_FMT(ascii));
	email = arena_strz(arena, *ret_email);
	for (size_t i = 0; i < local.n; i++)
		if (email[i] >= 'A' && email[i] <= 'Z')
			email[i] = (char)(email[i] - 'A' + 'a');
	ret_email->p = email;
	return true;
}
