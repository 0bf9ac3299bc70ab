/*
 * smtp.h - driver: a relay that takes mail by SMTP submission (RFC 6409).
 *
 * What its replies mean is decided by their code and by what they answer, never
 * by the client's own errors: 4xx is later; 5xx to the recipient or the text is
 * never; 5xx before that is about us, not about this message.
 */
#ifndef BEZEL_MAIL_SMTP_H
#define BEZEL_MAIL_SMTP_H

#include "mail/mail.h"
#include "net/smtp.h"

/* What options point at must live as long as process_arena. */
struct mail *mail_smtp_open(struct arena *process_arena,
    const struct net_smtp_options *options, const struct mail_mailbox *from);

#endif
