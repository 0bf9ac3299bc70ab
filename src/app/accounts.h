/*
 * accounts.h - making an account, proving its address, changing its password.
 *
 * Whoever asks without a proof learns nothing: registering with an address that is
 * taken answers as any other, and its owner gets a mail; a link is sent to an address
 * or not, and the answer is the same.
 */
#ifndef BEZEL_APP_ACCOUNTS_H
#define BEZEL_APP_ACCOUNTS_H

#include "app/sessions.h"

struct body_new_password;
struct body_password;
struct body_register;
struct user;
struct mail_order;

/* What somebody typed, as it is stored and compared; a fault at /email. */
enum rc app_address(struct arena *arena, struct str text, struct str *ret_email,
    struct err *err) must_use;

/* *ret_browser: for a cookie by which the link in the mail also signs in here. */
enum rc app_register(struct app *app, struct arena *arena,
    const struct actor *actor, const struct body_register *body,
    struct str *ret_browser, struct err *err) must_use;

/* The link of that mail. browser is the cookie or null; *ret_signed_in's token is null
 * when this is another browser. RC_LINK_EXPIRED. */
enum rc app_email_verify(struct app *app, struct arena *arena,
    const struct actor *actor, struct str token, struct str browser,
    struct signed_in *ret_signed_in, struct err *err) must_use;

/* Asks for a mail of this template ("verify_email", "password_reset"), which is sent
 * when there is such an account. */
enum rc app_mail_ask(struct app *app, struct arena *arena,
    const struct actor *actor, const char *template, struct str email,
    struct err *err) must_use;

/* The link of a reset: a new password, all sessions end, and this browser is signed
 * in. */
enum rc app_password_reset(struct app *app, struct arena *arena,
    const struct actor *actor, const struct body_new_password *body,
    struct signed_in *ret_signed_in, struct err *err) must_use;

/* A member's own change: all sessions end, and this browser gets a new one. */
enum rc app_password_change(struct app *app, struct arena *arena,
    const struct actor *actor, const struct body_password *body,
    struct signed_in *ret_signed_in, struct err *err) must_use;

/* What changes an account for good needs its password: a fault at `pointer` when it is
 * wrong, RC_RATE after too many; or of an account without one, a fresh sign-in. */
enum rc app_password_confirm(struct app *app, struct arena *arena,
    const struct actor *actor, const struct user *user, struct str password,
    struct str pointer, struct err *err) must_use;

/* The actor has signed in lately, or RC_FRESH_LOGIN. */
enum rc app_fresh(const struct app *app, const struct actor *actor,
    struct err *err) must_use;

/* For the job that sends what was asked for with app_mail_ask(), at that moment: who has
 * this address, and a link for it. *ret_wanted is false when nobody does, or has no
 * use for it. token_id is the same for each try. */
enum rc app_mail_prepare(struct app *app, struct arena *arena,
    struct mail_order *order, struct str token_id, int64_t asked_ms,
    bool *ret_wanted, struct err *err) must_use;

#endif
