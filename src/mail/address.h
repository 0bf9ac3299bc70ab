/*
 * address.h - who a message is from and for. Addresses are codec/email.h's.
 */
#ifndef BEZEL_MAIL_ADDRESS_H
#define BEZEL_MAIL_ADDRESS_H

#include "base/err.h"

struct mail_mailbox {
	struct str name;	/* UTF-8, or null */
	struct str address;
};

/* What is behind the @ of an address. */
struct str mail_address_domain(struct str address);

/* "Name <local@domain>" or an address alone; slices of text. */
must_use enum rc mail_mailbox_parse(struct str text,
    struct mail_mailbox *ret_mailbox, struct err *err);

#endif
