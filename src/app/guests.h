/*
 * guests.h - guest sessions: who one is without an account.
 *
 * The cookie's value is "<session id>.<expires, s>.<MAC>" (token.h). Its MAC and
 * its expiry are checked before anything is read, and the id alone opens
 * nothing, so a guest's reads need no look at the session: the owner in their
 * filter decides. Writes check the session in their conditional update.
 */
#ifndef BEZEL_APP_GUESTS_H
#define BEZEL_APP_GUESTS_H

#include "app/app.h"

struct guest_session;

/* A new session, or the caller's own renewed; as it is stored; and its token. */
enum rc app_guest_start(struct app *app, struct arena *arena,
    const struct actor *actor, struct guest_session *ret_session,
    struct str *ret_doc, struct str *ret_token, struct err *err) must_use;

enum rc app_guest_get(struct app *app, struct arena *arena,
    const struct actor *actor, struct guest_session *ret_session,
    struct str *ret_doc, struct err *err) must_use;

/* Fills kind, owner, principal and expires_ms of actor. False: no valid token;
 * *ret_expired when it was one of ours that has ended. */
bool app_guest_recognise(const struct app *app, struct arena *arena,
    struct str token, struct actor *actor, bool *ret_expired);

/* What is left today; used is usage_count, at_ms the day that it counts. */
struct quota app_guest_quota(const struct app *app,
    const struct guest_session *session);

/* The key by which an address is counted: IPv4 (also when it is written ::ffff:...), or
 * the /64 of IPv6. */
struct str app_address_key(struct arena *arena, struct str address);

#endif
