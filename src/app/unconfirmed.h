/*
 * unconfirmed.h - accounts whose address nobody has confirmed: they go, and the address
 * is free again.
 */
#ifndef BEZEL_APP_UNCONFIRMED_H
#define BEZEL_APP_UNCONFIRMED_H

#include "app/app.h"

/* Those that were registered more than unconfirmed_days ago, were never signed in to, and
 * have no link that still holds; with all that is theirs. Of a confirmation at the same
 * moment one wins whole. *count rises by those that went. */
enum rc app_unconfirmed_sweep(struct app *app, struct arena *arena, int64_t *count,
    struct err *err) must_use;

#endif
