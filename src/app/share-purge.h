/*
 * share-purge.h - what a CDN keeps of links is purged by jobs (cdn/cdn.h).
 *
 * A change makes two: one at once, one a few seconds later, when each host has closed its
 * gate, for until then another host may have handed the CDN what it kept. The gate of
 * the link makes a third before it opens, when no answer from before the change can be
 * on its way any more. Ids follow from what was changed when, so hosts and repeats make
 * one of each. A job takes along others that are due, as many as one call may name, and
 * is tried again with growing waits for a day: longer no page or picture is kept.
 */
#ifndef BEZEL_APP_SHARE_PURGE_H
#define BEZEL_APP_SHARE_PURGE_H

#include "app/app.h"

struct work;

/* Without a CDN nothing is done. */
enum rc share_purge_enqueue(struct app *app, struct arena *arena,
    struct str design_id, const struct str *tokens, size_t n, int64_t at_ms,
    struct err *err) must_use;
enum rc share_purge_enqueue_token(struct app *app, struct arena *arena,
    struct str token, int64_t closed_ms, struct err *err) must_use;

/* The step of the job `purge`. */
enum rc share_purge_run(struct work *w, struct err *err) must_use;

/* How long to wait after so many tries (1: the first has failed). */
int64_t share_purge_wait_s(int64_t base_s, int tries, int64_t retry_after_s);

#endif
