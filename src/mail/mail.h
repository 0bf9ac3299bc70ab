/*
 * mail.h - sends a message through what the operator chose.
 *
 * Opened once per process, lives until exit. Drivers: outbox (files in a folder),
 * smtp (a relay). A message is composed here, so that all drivers send the same
 * bytes. Only a job worker and the command line send; a request never waits for
 * it.
 */
#ifndef BEZEL_MAIL_MAIL_H
#define BEZEL_MAIL_MAIL_H

#include "mail/message.h"

struct mail;

enum mail_outcome {
	MAIL_SENT,		/* it is the relay's now */
	MAIL_LATER,		/* not now; the same may be taken later */
	MAIL_NEVER,		/* refused, and will be */
	MAIL_MISCONFIGURED	/* nothing will go until an operator mends it */
};

struct mail_result {
	enum mail_outcome outcome;
	struct str reason;	/* a stable word: "refused", "connect", "tls" ... */
	int code;		/* of the last SMTP reply; 0: there was none */
	struct str detail;	/* for the log, or null: names no address */
	/* The relay's words, or null. They often name the address: for the
	 * operator's eyes, not for a log. */
	struct str reply;
};

/* Called at least once a second while it sends; false breaks it off, with the
 * outcome MAIL_LATER and the reason "broken_off". */
typedef bool mail_pulse_fn(void *arg);

/* from is filled in here. RC_INVALID: the message cannot be composed, now or
 * later; nothing was sent. pulse may be NULL. */
enum rc mail_send(struct mail *mail, struct arena *arena,
    const struct mail_message *message, mail_pulse_fn *pulse, void *arg,
    struct mail_result *ret_result, struct err *err) must_use;

/* The name of the sender, or null: what the place calls itself. */
struct str mail_studio(const struct mail *mail);

#endif
