/*
 * address.h - who a message is from and for.
 *
 * An address is what every relay takes without extensions: the dot-atom form of
 * RFC 5321, 4.1.2, in ASCII. Neither quoted local parts nor SMTPUTF8: libcurl
 * before 8.21 writes an envelope address as it is, so one with CR and LF in it
 * would be a second recipient. A domain of other letters comes as IDNA already.
 */
#ifndef BEZEL_MAIL_ADDRESS_H
#define BEZEL_MAIL_ADDRESS_H

#include "base/err.h"

enum { MAIL_ADDRESS_MAX = 254, MAIL_LOCAL_PART_MAX = 64 };	/* RFC 5321, 4.5.3 */

struct mail_mailbox {
	struct str name;	/* UTF-8, or null */
	struct str address;
};

/* local@domain: no spaces, controls, brackets or quotes, one @, 254 bytes at most.
 * The domain may be one label ("localhost"). */
must_use bool mail_address_is(struct str address);

/* What is behind the @ of such an address. */
struct str mail_address_domain(struct str address);

/* "Name <local@domain>" or an address alone; slices of text. */
must_use enum rc mail_mailbox_parse(struct str text,
    struct mail_mailbox *ret_mailbox, struct err *err);

#endif
