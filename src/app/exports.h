/*
 * exports.h - all that an account has, as one archive to take along.
 *
 * A job packs it into a file without a name and puts that into the object store; a link
 * by mail leads to the account's page, which shows a signed address. It is kept for
 * export_days.
 */
#ifndef BEZEL_APP_EXPORTS_H
#define BEZEL_APP_EXPORTS_H

#include "app/app.h"

struct export;
struct idem;
struct work;

struct app_export {
	struct export *export;
	struct str doc;
};

/* RC_RATE: there was one in the last 24 hours that did not fail. */
enum rc app_export_start(struct app *app, struct arena *arena,
    const struct actor *actor, const struct idem *idem,
    struct app_export *ret_export, struct err *err) must_use;

/* The latest one; RC_NOT_FOUND. */
enum rc app_export_get(struct app *app, struct arena *arena,
    const struct actor *actor, struct app_export *ret_export,
    struct err *err) must_use;

/* The step of a job of kind "export": from the start, whatever was there. */
enum rc export_run(struct work *w, struct err *err) must_use;

/* What has expired; the file first. */
enum rc app_exports_sweep(struct app *app, struct arena *arena, int64_t *count,
    struct err *err) must_use;

#endif
