/*
 * share-read.h - what the files about shares have in common. Only for them.
 */
#ifndef BEZEL_APP_SHARE_READ_H
#define BEZEL_APP_SHARE_READ_H

#include "app/shares.h"
#include "schema/documents.h"

/* The design of a token that is ours, when its link lives: not revoked, not in the
 * trash, with a picture. RC_NOT_FOUND is the same for all else. */
enum rc share_read(struct app *app, struct arena *arena, struct str token,
    struct design *ret_design, struct err *err) must_use;

bool share_is_over(const struct design *design);
/* It has a password, or says that it has. */
bool share_is_locked(const struct design *design);

/* The cookie of a password, and whether it is one. */
struct str share_unlock_token(const struct app *app, struct arena *arena,
    const struct share_settings *settings);
bool share_unlock_ok(const struct app *app, struct arena *arena,
    const struct share_settings *settings, struct str unlock);

#endif
