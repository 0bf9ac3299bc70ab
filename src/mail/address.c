#include "config.h"

#include "mail/address.h"

#include "base/utf8.h"

enum { DOMAIN_MAX = 253, LABEL_MAX = 63, NAME_MAX_BYTES = 200 };

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

	if (s.n == 0 || s.n > MAIL_LOCAL_PART_MAX)
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
mail_address_is(struct str address)
{
	struct str domain = address, local = str_cut(&domain, '@');

	return address.n <= MAIL_ADDRESS_MAX && domain.p != NULL
	    && is_local_part(local) && is_domain(domain);
}

struct str
mail_address_domain(struct str address)
{
	(void)str_cut(&address, '@');
	return address;
}

enum rc
mail_mailbox_parse(struct str text, struct mail_mailbox *ret_mailbox,
    struct err *err)
{
	struct mail_mailbox mailbox = { .address = str_trim(text) };
	struct str rest = text, name = str_cut(&rest, '<');

	if (rest.p != NULL && rest.n > 0 && rest.p[rest.n - 1] == '>') {
		mailbox.address = str_slice(rest, 0, rest.n - 1);
		name = str_trim(name);
		if (name.n >= 2 && name.p[0] == '"' && name.p[name.n - 1] == '"')
			name = str_slice(name, 1, name.n - 1);
		if (name.n > 0)
			mailbox.name = name;
	}
	if (!mail_address_is(mailbox.address) || mailbox.name.n > NAME_MAX_BYTES
	    || utf8_has_controls(mailbox.name, false))
		return err_set(err, RC_INVALID, "\"%.*s\" is not like"
		    " Name <local@domain>.", STR_FMT(text));
	*ret_mailbox = mailbox;
	return RC_OK;
}
