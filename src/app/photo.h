/*
 * photo.h - the picture of a person: square, small, with nothing but pixels.
 */
#ifndef BEZEL_APP_PHOTO_H
#define BEZEL_APP_PHOTO_H

#include "app/me.h"

/* The new one; the old file goes when nothing names it any more. RC_INVALID: no picture
 * we take. */
enum rc app_photo_set(struct app *app, struct arena *arena,
    const struct actor *actor, struct str bytes, struct err *err) must_use;

/* None; nothing happens without one. */
enum rc app_photo_remove(struct app *app, struct arena *arena,
    const struct actor *actor, struct err *err) must_use;

#endif
