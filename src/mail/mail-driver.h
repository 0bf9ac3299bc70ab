/*
 * mail-driver.h - for drivers only: what stands behind mail.h.
 *
 * A driver embeds struct mail as its first member, allocated in the arena of its
 * opening. Addresses have been checked before it is called, and the message is
 * 7-bit with CRLF.
 */
#ifndef BEZEL_MAIL_MAIL_DRIVER_H
#define BEZEL_MAIL_MAIL_DRIVER_H

#include "mail/mail.h"

struct mail_letter {
	struct str id;		/* of the message */
	struct str from, to;	/* the envelope */
	struct str bytes;
};

struct mail_driver {
	const char *name;
	void (*send)(struct mail *mail, struct arena *arena,
	    const struct mail_letter *letter, mail_pulse_fn *pulse, void *arg,
	    struct mail_result *ret_result);
};

struct mail {
	const struct mail_driver *driver;
	struct mail_mailbox from;
};

#endif
