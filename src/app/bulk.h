/*
 * bulk.h - one change of many designs of an owner.
 *
 * All in one transaction: each design gets what the change of it alone would have given,
 * and those that cannot change do not hinder the others.
 */
#ifndef BEZEL_APP_BULK_H
#define BEZEL_APP_BULK_H

#include "app/app.h"
#include "app/idem.h"

struct body_bulk;

enum { BULK_MAX = 100 };

/* ret_fates[i], of ids[i]: RC_OK, RC_NOT_FOUND or RC_CONFLICT. RC_INVALID for a folder
 * that is none of the actor's, and nothing changes then. */
enum rc app_bulk(struct app *app, struct arena *arena, const struct actor *actor,
    const struct body_bulk *body, const struct idem *idem, enum rc *ret_fates,
    struct err *err) must_use;

#endif
