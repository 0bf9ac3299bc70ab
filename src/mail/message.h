/*
 * message.h - a whole message (RFC 5322) from its parts.
 *
 * Two parts, text and HTML (RFC 2046, 5.1.4: the preferred one last), both
 * quoted-printable, lines ended by CRLF, 7 bits. The bytes depend on nothing but
 * the parts: a message that is composed again, for another try, is the same one.
 */
#ifndef BEZEL_MAIL_MESSAGE_H
#define BEZEL_MAIL_MESSAGE_H

#include "mail/address.h"

enum {
	MAIL_SUBJECT_MAX = 800,		/* bytes */
	MAIL_PART_MAX = 256 * 1024	/* bytes of text, and of HTML */
};

struct mail_message {
	/* Names it once and for all: Message-ID is <id@domain of from>, so that
	 * readers can tell a repetition. Letters, digits and - only. */
	struct str id;
	int64_t date_ms;
	struct mail_mailbox from, to;
	struct str subject;
	struct str text, html;		/* UTF-8, lines ended by \n */
	/* https URL of RFC 8058, or null: not a message to many. */
	struct str unsubscribe_url;
};

/* RC_INVALID, and err->message says which part it was: an address that is none,
 * a header with CR, LF, NUL or another control character in it, a \r in a body,
 * bad UTF-8, too long. */
must_use enum rc mail_compose(struct arena *arena,
    const struct mail_message *message, struct str *ret_bytes, struct err *err);

#endif
