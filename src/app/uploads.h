/*
 * uploads.h - reference pictures: checked, re-encoded, kept for a while.
 */
#ifndef BEZEL_APP_UPLOADS_H
#define BEZEL_APP_UPLOADS_H

#include "app/app.h"

struct idem;
struct upload;

/* Before bytes of a client are decoded, whatever for: counts them by kind ("upload",
 * "photo") and principal. RC_TOO_LARGE; RC_QUOTA: too many or too much today; RC_RATE:
 * another one of this account or guest is being decoded. */
enum rc app_upload_begin(struct app *app, struct arena *arena,
    const struct actor *actor, const char *kind, struct str bytes,
    struct err *err) must_use;
/* Behind it, however that ended. */
void app_upload_end(struct app *app, const struct actor *actor);

/* Decodes and re-encodes bytes (EXIF goes, orientation stays) and stores picture
 * and thumbnail. RC_INVALID: no picture we take. RC_QUOTA: too many today. It
 * goes with the session (of a key: a day later), or stays with the design that uses
 * it. */
enum rc app_upload_create(struct app *app, struct arena *arena,
    const struct actor *actor, struct str bytes, const struct idem *idem,
    struct upload *ret_upload, struct err *err) must_use;

/* The client names an upload by its url or its id: *url becomes its key and
 * *ret_upload_id its id. Nothing happens when *url is null; a fault at
 * /gem_data/uploaded_image_url when it is none of the actor's. */
enum rc app_upload_take(struct app *app, struct arena *arena,
    const struct actor *actor, struct str *url, struct str *ret_upload_id,
    struct err *err) must_use;

/* The upload (null: none) stays with that design; may be in a transaction. A
 * fault when another design uses it. */
enum rc app_upload_use(struct store *store, struct arena *arena,
    const struct actor *actor, struct str upload_id, struct str design_id,
    struct err *err) must_use;

#endif
