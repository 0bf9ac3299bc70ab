/*
 * uploads.h - reference pictures: checked, re-encoded, kept for a while.
 */
#ifndef BEZEL_APP_UPLOADS_H
#define BEZEL_APP_UPLOADS_H

#include "app/app.h"

struct idem;
struct upload;

/* Decodes and re-encodes bytes (EXIF goes, orientation stays) and stores picture
 * and thumbnail. RC_INVALID: no picture we take. RC_QUOTA: too many today. It
 * goes with the session, or stays with the design that uses it. */
enum rc app_upload_create(struct app *app, struct arena *arena,
    const struct actor *actor, struct str bytes, const struct idem *idem,
    struct upload *ret_upload, struct err *err) must_use;

#endif
