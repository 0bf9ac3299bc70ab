/*
 * ready.h - what works, and what an operator must look after.
 *
 * Ready is who can answer requests: the database is there. That is what a
 * balancer asks; workers that make pictures may fail meanwhile, on this host or
 * all, and no other host would answer better. So they are told apart: a gauge
 * for each part in shared memory, set by whoever sees it, read by all.
 */
#ifndef BEZEL_APP_READY_H
#define BEZEL_APP_READY_H

#include "app/app.h"
#include "image/image.h"

/* RC_UNAVAILABLE without the database; else appends a JSON array of the names of
 * the parts that fail ("jobs", "provider" ...). */
enum rc app_ready(struct app *app, struct arena *arena, struct buf *buf,
    struct err *err) must_use;

/* image_normalize(), and how the picture program does. */
enum rc app_image_normalize(struct app *app, struct arena *arena,
    struct str bytes, int max_side_px, struct image_result *ret_result,
    struct err *err) must_use;
/* image_square(), the same way. */
enum rc app_image_square(struct app *app, struct arena *arena, struct str bytes,
    int side_px, struct str *ret_webp, struct err *err) must_use;

#endif
