/*
 * leaving.h - the deletion of an account, and of what belongs to it.
 *
 * The request closes it: sessions end, the address is free, nobody signs in. A job
 * removes the rest, step by step; each may be repeated, so a worker that dies is
 * followed by another that begins at the first. The user document goes last, and not
 * before requests that knew the session can be under way: what they have still made is
 * removed then.
 */
#ifndef BEZEL_APP_LEAVING_H
#define BEZEL_APP_LEAVING_H

#include "app/app.h"

struct work;

/* password is null for an account without one, which needs a fresh sign-in. RC_INVALID
 * with a fault at /password; RC_RATE; RC_FRESH_LOGIN. */
enum rc app_account_delete(struct app *app, struct arena *arena,
    const struct actor *actor, struct str password, struct err *err) must_use;

/* The step of a job of kind "account_deletion". */
enum rc leaving_run(struct work *w, struct err *err) must_use;

#endif
