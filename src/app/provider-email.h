/*
 * provider-email.h - a sign-in by a provider that gave no address we may rely on: it
 * waits as a one-time token until an address is proven by mail.
 *
 * Both proofs must be one person's: who signed in there, and who reads the mail. So
 * the link works in the browser that signed in, and in no other; else a stranger
 * could have an account made for the owner of an address, and share it.
 */
#ifndef BEZEL_APP_PROVIDER_EMAIL_H
#define BEZEL_APP_PROVIDER_EMAIL_H

#include "app/sessions.h"
#include "oauth/oauth.h"

/* *ret_cookie (PENDING_LIFE_S) knows the browser. RC_RATE. */
enum rc app_pending_begin(struct app *app, struct arena *arena,
    const struct actor *actor, enum oauth_provider provider,
    const struct oauth_identity *who, struct str *ret_cookie,
    struct err *err) must_use;

/* Sends a link to this address; may be asked again with another. When that has an
 * account, its owner gets word of that instead, and the answer is the same.
 * RC_SIGN_IN_STATE: nothing waits in this browser. */
enum rc app_pending_email(struct app *app, struct arena *arena,
    const struct actor *actor, struct str cookie, struct str email,
    struct err *err) must_use;

/* The link: makes the account and signs in. RC_LINK_EXPIRED, RC_OTHER_BROWSER,
 * RC_ACCOUNT_EXISTS; the link is used up by none of the last two. */
enum rc app_pending_confirm(struct app *app, struct arena *arena,
    const struct actor *actor, struct str cookie, struct str token,
    struct signed_in *ret_signed_in, struct err *err) must_use;

#endif
