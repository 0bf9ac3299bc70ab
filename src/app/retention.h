/*
 * retention.h - what goes away by itself.
 *
 * Each run does what is due and may be stopped anywhere: the next one goes on.
 * Two runs at once are harmless. Documents go first here, with a job that
 * deletes their objects in the same transaction, so nothing is left behind.
 */
#ifndef BEZEL_APP_RETENTION_H
#define BEZEL_APP_RETENTION_H

#include "app/app.h"

struct app_retention {
#define RETENTION(name, text) int64_t name;
#include "app/retention.def"
#undef RETENTION
};

/* The sum of all: whether there was anything to do. */
int64_t app_retention_sum(const struct app_retention *done);

/* Designs long in the trash, guests' designs whose session is over, unused uploads,
 * exports, accounts that nobody confirms, ended jobs; words and addresses of guests in the
 * usage log, tokens of revoked links; addresses of viewers become networks, and old looks
 * at links go. */
enum rc app_retention_run(struct app *app, struct arena *arena,
    struct app_retention *ret_done, struct err *err) must_use;

/* Objects without a document, older than orphan_age_s: left by a crash between
 * the object and its document. */
enum rc app_orphans_run(struct app *app, struct arena *arena,
    int64_t *ret_removed, struct err *err) must_use;

/* Temporary files of puts that never ended, older than a day. */
enum rc app_objects_tidy(struct app *app, int64_t *ret_removed,
    struct err *err) must_use;

#endif
