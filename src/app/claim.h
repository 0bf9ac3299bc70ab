/*
 * claim.h - a guest becomes a member and keeps what was made, with the same ids.
 */
#ifndef BEZEL_APP_CLAIM_H
#define BEZEL_APP_CLAIM_H

#include "app/app.h"

struct work;

/* Gives what the actor, a guest, has made to a user: a first step now, in one
 * transaction; a job does the rest when there is more. */
enum rc app_claim(struct app *app, struct arena *arena,
    const struct actor *actor, struct str user_id, struct err *err) must_use;

/* That job, from wherever it was left. */
enum rc app_claim_rest(struct app *app, struct arena *arena,
    struct str guest_session_id, struct str user_id, struct err *err) must_use;

#endif
