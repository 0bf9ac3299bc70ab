#include "config.h"

#include "app/exports.h"

#include "app/audit.h"
#include "app/charge.h"
#include "app/export-pack.h"
#include "app/idem.h"
#include "app/post.h"
#include "base/clock.h"
#include "base/log.h"
#include "blob/blob.h"
#include "store/exports.h"
#include "store/jobs.h"
#include "store/users.h"

enum {
	DAY_MS = 24 * 3600 * 1000,
	TRANSACTION_MS = 20000,
	TRIES_MAX = 10,			/* claims; then the export has failed */
	PUT_BYTES_PER_S = 5000000	/* a slow object store */
};

/* --- asking -------------------------------------------------------------- */

struct start {
	struct app *app;
	const struct actor *actor;
	const struct idem *idem;
	struct export export;
	struct job job;
};

static enum rc
start_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct start *s = arg;

	if (exports_insert(store, arena, &s->export, err) != RC_OK
	    || jobs_insert(store, arena, &s->job, err) != RC_OK
	    || audit_write(s->app, arena, s->actor, "export_asked",
	    s->export.user_id, NULL, err) != RC_OK)
		return err->rc;
	return app_idem_done(s->app, arena, s->idem, 202, err);
}

enum rc
app_export_get(struct app *app, struct arena *arena, const struct actor *actor,
    struct app_export *ret_export, struct err *err)
{
	struct export *export = arena_one(arena, struct export);

	if (exports_latest(app->store, arena, actor->owner.user_id, export,
	    &ret_export->doc, err) != RC_OK)
		return err->rc;
	ret_export->export = export;
	return RC_OK;
}

/* One a day, unless the last one failed: packing is much work. */
static enum rc
check_last(struct app *app, struct arena *arena, const struct actor *actor,
    struct err *err)
{
	struct app_export last;
	int64_t left_ms;
	enum rc rc = app_export_get(app, arena, actor, &last, err);

	if (rc == RC_NOT_FOUND) {
		err_init(err);
		return RC_OK;
	}
	if (rc != RC_OK || str_eqz(last.export->status, "failed"))
		return rc;
	left_ms = last.export->created_at + DAY_MS - clock_now_ms();
	if (left_ms <= 0 && last.export->job_id.p == NULL)
		return RC_OK;
	err->retry_after_s = left_ms <= 0 ? 3600 : (int)(left_ms / 1000 + 1);
	return err_set(err, RC_RATE, "One export a day: the last one is of today.");
}

static void
fill(struct start *s, struct arena *arena)
{
	struct export *export = &s->export;

	job_init(&s->job, arena, s->actor, "export", s->idem->second_id, STR_NULL,
	    0, 0);
	doc_init(&doc_export, export);
	export->id = s->idem->id;
	export->user_id = s->actor->owner.user_id;
	export->job_id = s->job.id;
	export->created_at = clock_now_ms();
	export->expires_at = export->created_at
	    + s->app->conf->export_days * DAY_MS;
}

enum rc
app_export_start(struct app *app, struct arena *arena, const struct actor *actor,
    const struct idem *idem, struct app_export *ret_export, struct err *err)
{
	struct start s = { .app = app, .actor = actor, .idem = idem };
	enum rc rc;

	if (idem->replay)
		return app_export_get(app, arena, actor, ret_export, err);
	if (check_last(app, arena, actor, err) != RC_OK)
		return err->rc;
	fill(&s, arena);
	rc = store_transaction(app->store, arena, actor->deadline_ms,
	    start_in_transaction, &s, err);
	if (rc == RC_CONFLICT) {	/* another request was a moment earlier */
		err_init(err);
		if (app_export_get(app, arena, actor, ret_export, err) != RC_OK)
			return err->rc;
		return str_eq(ret_export->export->id, idem->id) ? RC_OK
		    : check_last(app, arena, actor, err);
	}
	if (rc == RC_OK) {
		app_wake(app);
		rc = app_export_get(app, arena, actor, ret_export, err);
	}
	return rc;
}

/* --- making -------------------------------------------------------------- */

struct ending {
	struct work *w;
	struct export *export;
	const struct user *user;
};

static enum rc
end_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct ending *e = arg;
	struct mail_order order;
	char day[11];

	if (jobs_end(store, arena, e->w->job->id, e->w->token, "succeeded", false,
	    err) != RC_OK || exports_end(store, arena, e->export, err) != RC_OK
	    || exports_supersede(store, arena, e->export->user_id, e->export->id,
	    clock_now_ms(), err) != RC_OK)
		return err->rc;
	clock_day(e->export->expires_at, day);
	post_address(&order, "export_ready", e->user);
	order.detail = str_of(day);
	return post_enqueue(e->w->app, arena, &order, e->user->id, err);
}

/* An object that no document names. */
static void
drop_object(struct work *w, struct str key)
{
	struct err ignored;

	err_init(&ignored);	/* else the sweep for orphans finds it */
	(void)!blob_delete(w->app->blob, &key, 1, &ignored);
}

static enum rc
end_ready(struct work *w, struct export *export, const struct user *user,
    struct err *err)
{
	struct ending e = { w, export, user };
	enum rc rc = store_transaction(w->app->store, w->arena, clock_mono_ms()
	    + TRANSACTION_MS, end_in_transaction, &e, err);

	if (rc == RC_CONFLICT || rc == RC_NOT_FOUND)
		drop_object(w, export->key);
	if (rc == RC_NOT_FOUND) {	/* the account has gone meanwhile */
		err_init(err);
		return jobs_end(w->app->store, w->arena, w->job->id, w->token,
		    "cancelled", false, err);
	}
	if (rc != RC_OK)
		return rc;
	metric_add(w->app->shared, METRIC_exports_total, 1);
	log_event(LOG_INFO, "export.ready", LOG_STR("export", export->id),
	    LOG_INT("files", export->files_done), LOG_INT("bytes",
	    export->bytes), LOG_END);
	app_wake(w->app);
	return RC_OK;
}

/* The lease must last as long as the store may take. */
static enum rc
put(struct work *w, struct export *export, struct spool *spool, struct err *err)
{
	bool cancel;
	struct str bytes;
	int64_t lease_ms;

	if (spool_map(spool, w->arena, &bytes, err) != RC_OK)
		return err->rc;
	lease_ms = w->app->conf->job_lease_s * 1000
	    + (int64_t)bytes.n / (PUT_BYTES_PER_S / 1000);
	if (jobs_heartbeat(w->app->store, w->arena, w->job->id, w->token,
	    lease_ms, &cancel, err) != RC_OK)
		return err->rc;
	w->cancelled |= cancel;
	if (w->cancelled)
		return RC_OK;
	/* Named by this claim: whoever lost the lease removes only its own. */
	export->key = app_object_key(w->app, w->arena, export->id, export->id,
	    w->token, "zip");
	export->bytes = (int64_t)bytes.n;
	return blob_put(w->app->blob, export->key, bytes, err);
}

static void
free_arenas(void *arg)
{
	struct pack *p = arg;

	arena_free(p->page);
	arena_free(p->scratch);
}

static enum rc
pack(struct work *w, struct export *export, struct user *user,
    struct spool *spool, struct err *err)
{
	struct pack *p = arena_one(w->arena, struct pack);
	const char *folder = w->app->conf->state_dir;

	*p = (struct pack){ .w = w, .user = user, .export = export,
		.page = arena_new(), .scratch = arena_new(),
		.now_ms = clock_now_ms() };
	arena_defer(w->arena, free_arenas, p);
	if (spool_open(w->arena, folder, &p->cards, err) != RC_OK
	    || zip_open(w->arena, spool_write, spool, &p->zip, err) != RC_OK)
		return err->rc;
	return export_pack(p, err);
}

/* Not the user's wish any more, or this worker's end. */
static enum rc
leave(struct work *w, struct err *err)
{
	return w->cancelled ? jobs_end(w->app->store, w->arena, w->job->id,
	    w->token, "cancelled", false, err)
	    : jobs_requeue(w->app->store, w->arena, w->job->id, w->token, 0,
	    STR_NULL, err);
}

static enum rc
make(struct work *w, struct export *export, struct user *user, struct err *err)
{
	struct spool *spool;

	/* What an earlier try has put there. */
	if (app_folder_delete(w->app, w->arena, export->id, err) != RC_OK
	    || spool_open(w->arena, w->app->conf->state_dir, &spool, err) != RC_OK
	    || pack(w, export, user, spool, err) != RC_OK)
		return err->rc;
	if (w->cancelled || *w->stop)
		return leave(w, err);
	if (put(w, export, spool, err) != RC_OK)
		return err->rc;
	if (w->cancelled)
		return leave(w, err);
	export->status = STR("ready");
	export->files_total = export->files_done;
	export->expires_at = clock_now_ms() + w->app->conf->export_days * DAY_MS;
	return end_ready(w, export, user, err);
}

struct failing {
	struct work *w;
	struct export *export;
};

static enum rc
fail_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct failing *f = arg;

	if (jobs_give_up(store, arena, f->w->job->id, f->w->token,
	    STR("given up after many tries"), err) != RC_OK)
		return err->rc;
	return exports_end(store, arena, f->export, err);
}

static enum rc
give_up(struct work *w, struct export *export, struct err *err)
{
	struct failing f = { w, export };

	export->status = STR("failed");
	export->key = STR_NULL;
	if (app_folder_delete(w->app, w->arena, export->id, err) != RC_OK
	    || store_transaction(w->app->store, w->arena, clock_mono_ms()
	    + TRANSACTION_MS, fail_in_transaction, &f, err) != RC_OK)
		return err->rc;
	metric_add(w->app->shared, METRIC_exports_failed_total, 1);
	log_event(LOG_ERROR, "export.failed", LOG_STR("export", export->id),
	    LOG_STR("why", w->job->last_error), LOG_END);
	return RC_OK;
}

enum rc
export_run(struct work *w, struct err *err)
{
	struct export export;
	struct user user;
	enum rc rc;

	rc = exports_of_job(w->app->store, w->arena, w->job->user_id, w->job->id,
	    &export, err);
	if (rc == RC_OK)
		rc = users_get(w->app->store, w->arena, w->job->user_id, &user,
		    NULL, err);
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return rc;
	if (rc == RC_NOT_FOUND || w->job->cancel_requested
	    || user.disabled_at != TIME_NULL) {
		err_init(err);
		w->cancelled = true;
		return leave(w, err);
	}
	return w->job->attempts > TRIES_MAX ? give_up(w, &export, err)
	    : make(w, &export, &user, err);
}

/* --- going --------------------------------------------------------------- */

enum rc
app_exports_sweep(struct app *app, struct arena *arena, int64_t *count,
    struct err *err)
{
	return app_expired_sweep(app, arena, exports_due, exports_remove, count,
	    err);
}
