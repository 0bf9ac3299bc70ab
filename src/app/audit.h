/*
 * audit.h - what happened to accounts, for their owners and for operators.
 */
#ifndef BEZEL_APP_AUDIT_H
#define BEZEL_APP_AUDIT_H

#include "app/app.h"

/* Adds an event; inside a transaction it belongs to that. kind is a word of the set
 * audit_kind; user_id is null when no account is known; detail (or NULL) holds no
 * personal data. The address is shortened to its network (ip_cut()), "" for none. */
enum rc audit_write(struct app *app, struct arena *arena,
    const struct actor *actor, const char *kind, struct str user_id,
    const char *detail, struct err *err) must_use;

#endif
