/*
 * outbox.h - driver: each message becomes a file of a folder, and stays there.
 *
 * For a studio without a relay, and for tests. A file is <id>.eml, mode 0600,
 * whole or not there; a message that is sent again takes the place of the first.
 */
#ifndef BEZEL_MAIL_OUTBOX_H
#define BEZEL_MAIL_OUTBOX_H

#include "mail/mail.h"

/* The folder is made, for its owner alone, when it is not there. */
enum rc mail_outbox_open(struct arena *process_arena, const char *folder,
    const struct mail_mailbox *from, struct mail **ret_mail,
    struct err *err) must_use;

#endif
