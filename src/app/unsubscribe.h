/*
 * unsubscribe.h - the link at the end of mail that is not about the account itself.
 */
#ifndef BEZEL_APP_UNSUBSCRIBE_H
#define BEZEL_APP_UNSUBSCRIBE_H

#include "app/app.h"

/* What the link's list is called; no command to the database. RC_NOT_FOUND: no link of
 * ours. */
enum rc app_unsubscribe_list(struct app *app, struct str token,
    struct str *ret_list, struct err *err) must_use;

/* Turns that list off, if the account is there and it is on. */
enum rc app_unsubscribe(struct app *app, struct arena *arena, struct str token,
    struct str *ret_list, struct err *err) must_use;

#endif
