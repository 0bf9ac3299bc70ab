/*
 * sessions.h - who is signed in.
 *
 * A session is opaque: the cookie's value is "s_<session id>.<secret>", the database
 * holds the SHA-256 of the secret. It ends when it is not used for session_idle_s, at
 * session_max_s, when it is revoked, and with each change of the password. What was
 * looked up is kept in memory for a while (session-cache.h).
 */
#ifndef BEZEL_APP_SESSIONS_H
#define BEZEL_APP_SESSIONS_H

#include "app/app.h"

struct user;

/* Whether a cookie's value is meant as a session's. */
bool app_session_is(struct str token);

/* Fills actor when the session is live. RC_NO_SESSION when it is none, or has ended;
 * RC_UNAVAILABLE. Notes the use once an hour. */
enum rc app_session_recognise(struct app *app, struct arena *arena,
    struct str token, struct actor *actor, struct err *err) must_use;

/* What a browser gets when its user is signed in. */
struct signed_in {
	struct str token;	/* the session's */
	struct str device;	/* remembers that this browser has signed in */
	int64_t max_age_s, device_max_age_s;
	struct str user;	/* the document */
};

/* Begins a session for an account that has proven itself, takes over what the actor
 * made as a guest, and ends the session that this browser had. `how` is for the audit
 * log. */
enum rc app_session_begin(struct app *app, struct arena *arena,
    const struct actor *actor, const struct user *user, const char *how,
    struct signed_in *ret_signed_in, struct err *err) must_use;

enum rc app_logout(struct app *app, struct arena *arena,
    const struct actor *actor, struct err *err) must_use;

/* --- a member's sessions ------------------------------------------------- */

enum { APP_SESSIONS_MAX = 100 };
enum rc app_sessions_list(struct app *app, struct arena *arena,
    const struct actor *actor, struct str *ret_docs, size_t *ret_n,
    struct err *err) must_use;
/* RC_NOT_FOUND for what is none of the actor's. */
enum rc app_session_revoke(struct app *app, struct arena *arena,
    const struct actor *actor, struct str id, struct err *err) must_use;
/* All but the one that asks. */
enum rc app_sessions_revoke_others(struct app *app, struct arena *arena,
    const struct actor *actor, struct err *err) must_use;

/* In a transaction: all sessions of an account; afterwards, outside of it, the memory
 * of this host. */
enum rc app_sessions_end(struct app *app, struct arena *arena,
    struct str user_id, struct err *err) must_use;
void app_sessions_forget(struct app *app, struct str user_id);

#endif
