/*
 * signin.h - signing in with a password.
 *
 * Nothing here tells whether an account exists: not by text, status or time.
 */
#ifndef BEZEL_APP_SIGNIN_H
#define BEZEL_APP_SIGNIN_H

#include "app/sessions.h"

struct body_login;
struct user;

/* device is the cookie of a browser that has signed in before, or null. RC_CREDENTIALS
 * for whatever does not fit; RC_RATE after too many of them. */
enum rc app_login(struct app *app, struct arena *arena,
    const struct actor *actor, const struct body_login *body, struct str device,
    struct signed_in *ret_signed_in, struct err *err) must_use;

/* After a sign-in: a mail to an account that wants one, when the browser has not been
 * there before. user is as it was before, device from device_of_user(). */
enum rc app_tell_owner(struct app *app, struct arena *arena,
    const struct actor *actor, const struct user *user, struct str device,
    struct err *err) must_use;

#endif
