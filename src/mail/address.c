#include "config.h"

#include "mail/address.h"

#include "base/utf8.h"
#include "codec/email.h"

enum { NAME_MAX_BYTES = 200 };

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
	if (!email_is(mailbox.address) || mailbox.name.n > NAME_MAX_BYTES
	    || utf8_has_controls(mailbox.name, false))
		return err_set(err, RC_INVALID, "\"%.*s\" is not like"
		    " Name <local@domain>.", STR_FMT(text));
	*ret_mailbox = mailbox;
	return RC_OK;
}
