#include "config.h"

#include "app/leaving.h"

#include "app/accounts.h"
#include "app/audit.h"
#include "app/charge.h"
#include "app/post.h"
#include "app/sessions.h"
#include "app/share-gate.h"
#include "app/work-slot.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/uuid.h"
#include "store/exports.h"
#include "store/jobs.h"
#include "store/owned.h"
#include "store/shares-watch.h"
#include "store/tokens.h"
#include "store/users.h"

enum {
	AT_ONCE = 100,
	LINKS_SEEN_MS = 5000,		/* until each host has seen that links ended */
	WAIT_MS = 500, WAIT_MOST_MS = 30000	/* for jobs that are to end */
};

/* --- closing ------------------------------------------------------------- */

struct closing {
	struct app *app;
	const struct actor *actor;
	struct user user;
	struct str freed;		/* what the address becomes */
	struct job job;
	struct mail_order order;
};

static enum rc
close_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct closing *c = arg;
	struct str id = c->user.id;
	enum rc rc = users_close(store, arena, id, c->freed, err);

	if (rc == RC_NOT_FOUND)
		return err_set(err, RC_NO_SESSION, "This account is closed.");
	if (rc != RC_OK || shares_revoke_all(store, arena, id, clock_now_ms(), err)
	    != RC_OK || app_sessions_end(c->app, arena, id, err) != RC_OK
	    || tokens_remove(store, arena, id, NULL, err) != RC_OK
	    || owned_forget_mail(store, arena, c->user.email, err) != RC_OK
	    || jobs_insert(store, arena, &c->job, err) != RC_OK
	    || post_enqueue(c->app, arena, &c->order, id, err) != RC_OK)
		return err->rc;
	return audit_write(c->app, arena, c->actor, "account_deleted", id, NULL,
	    err);
}

/* At once, because they may hold all workers; if it fails, the job does it. Not in the
 * transaction: workers write to their jobs all the time. */
static void
stop_jobs(struct app *app, struct arena *arena, struct str user_id)
{
	struct err ignored;

	err_init(&ignored);
	(void)!owned_stop_jobs(app->store, arena, user_id, &ignored);
}

/* Before they end. One that is made meanwhile has a gate from that. */
static enum rc
close_gates(struct app *app, struct arena *arena, struct str user_id,
    size_t *ret_closed, struct err *err)
{
	struct share_change *changes = arena_many(arena, AT_ONCE,
	    struct share_change);
	struct str after = STR("");
	size_t n;

	do {
		struct str tokens[AT_ONCE];

		if (shares_of_user(app->store, arena, user_id, after, AT_ONCE,
		    changes, &n, err) != RC_OK)
			return err->rc;
		for (size_t i = 0; i < n; i++)
			tokens[i] = changes[i].tokens[0];
		if (n == 0 || share_gate_close_many(app, tokens, n, err) != RC_OK)
			return err->rc;
		*ret_closed += n;
		after = changes[n - 1].design_id;
	} while (n == AT_ONCE);
	return RC_OK;
}

enum rc
app_account_delete(struct app *app, struct arena *arena,
    const struct actor *actor, struct str password, struct err *err)
{
	struct closing c = { .app = app, .actor = actor };
	size_t links = 0;
	enum rc rc = users_get(app->store, arena, actor->owner.user_id, &c.user,
	    NULL, err);

	if (rc == RC_NOT_FOUND)
		return err_set(err, RC_NO_SESSION, "This account is closed.");
	if (rc != RC_OK || app_password_confirm(app, arena, actor, &c.user,
	    password, STR("/password"), err) != RC_OK)
		return err->rc;
	c.freed = users_freed_email(arena, c.user.id);
	job_init(&c.job, arena, actor, "account_deletion", uuid_new(arena),
	    STR_NULL, 0, 0);
	post_address(&c.order, "account_deleted", &c.user);
	if (close_gates(app, arena, c.user.id, &links, err) != RC_OK)
		return err->rc;
	if (links > 0)
		c.job.run_at += LINKS_SEEN_MS;
	if (store_transaction(app->store, arena, actor->deadline_ms,
	    close_in_transaction, &c, err) != RC_OK)
		return err->rc;
	app_sessions_forget(app, c.user.id);
	stop_jobs(app, arena, c.user.id);
	app_wake(app);
	return RC_OK;
}

/* --- removing ------------------------------------------------------------ */

typedef enum rc remove_fn(struct work *w, struct str id, struct err *err);

/* Its files, then itself; a poisoned id names no files of ours. */
static enum rc
remove_one(struct work *w, struct str doc, remove_fn *remove, size_t *removed,
    struct err *err)
{
	struct str id;

	if (work_heartbeat(w, err) != RC_OK)
		return err->rc;
	if (!doc_peek_str(doc, "_id", &id))
		return RC_OK;
	if (uuid_is(id) && app_folder_delete(w->app, w->arena, id, err) != RC_OK)
		return err->rc;
	++*removed;
	return remove(w, id, err);
}

/* Documents with a folder of objects, as long as there are any. */
static enum rc
remove_folders(struct work *w, const struct owned *owned,
    remove_fn *remove, struct err *err)
{
	struct arena *page = arena_new();
	size_t removed = 1;

	while (removed > 0 && !*w->stop && err->rc == RC_OK) {
		struct str docs[AT_ONCE];
		size_t n = 0;

		removed = 0;
		(void)!owned_page(w->app->store, page, owned, STR_NULL, AT_ONCE,
		    docs, &n, err);
		for (size_t i = 0; i < n && !*w->stop && err->rc == RC_OK; i++)
			(void)!remove_one(w, docs[i], remove, &removed, err);
		arena_reset(page);
	}
	arena_free(page);
	return err->rc;
}

static enum rc
remove_design(struct work *w, struct str id, struct err *err)
{
	return owned_remove_design(w->app->store, w->arena, w->job->user_id, id,
	    err);
}

static enum rc
remove_test_design(struct work *w, struct str id, struct err *err)
{
	return owned_remove_design(w->app->store, w->arena, STR_NULL, id, err);
}

static enum rc
remove_upload(struct work *w, struct str id, struct err *err)
{
	return uploads_remove(w->app->store, w->arena, id, err);
}

static enum rc
remove_export(struct work *w, struct str id, struct err *err)
{
	return exports_remove(w->app->store, w->arena, id, err);
}

static enum rc
remove_designs(struct work *w, struct err *err)
{
	return remove_folders(w, &(struct owned){ "designs", "user_id",
	    w->job->user_id }, remove_design, err);
}

/* In test mode the user stands in the place of a guest. */
static enum rc
remove_test_designs(struct work *w, struct err *err)
{
	return remove_folders(w, &(struct owned){ "designs", "guest_session_id",
	    w->job->user_id }, remove_test_design, err);
}

static enum rc
remove_uploads_of(struct work *w, const char *kind, struct err *err)
{
	return remove_folders(w, &(struct owned){ "uploads", "owner",
	    arena_printf(w->arena, "%s:%.*s", kind, STR_FMT(w->job->user_id)) },
	    remove_upload, err);
}

static enum rc
remove_uploads(struct work *w, struct err *err)
{
	if (remove_uploads_of(w, "user", err) != RC_OK)
		return err->rc;
	return remove_uploads_of(w, "test", err);
}

static enum rc
remove_exports(struct work *w, struct err *err)
{
	return remove_folders(w, &(struct owned){ "exports", "user_id",
	    w->job->user_id }, remove_export, err);
}

static enum rc
remove_photo(struct work *w, struct err *err)
{
	return app_folder_delete(w->app, w->arena, w->job->user_id, err);
}

/* What has a step of its own, and what stays: the audit log holds no personal data. */
static bool
has_own_step(const struct doc *table)
{
	static const struct doc *const own[] = { &doc_user, &doc_design,
		&doc_upload, &doc_export, &doc_job, &doc_api_usage,
		&doc_audit_event };

	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
		if (table == own[i])
			return true;
	return false;
}

static bool
names_user(const struct doc *table)
{
	for (size_t i = 0; i < table->field_count; i++)
		if (strcmp(table->fields[i].key, "user_id") == 0)
			return true;
	return false;
}

/* Sessions, tokens, folders, keys, identities ...: every collection whose rows name a
 * user, so that none is forgotten that comes later. */
static enum rc
remove_rows(struct work *w, struct err *err)
{
	for (const struct doc *const *table = schema_docs; *table != NULL; table++)
		if ((*table)->collection != NULL && names_user(*table)
		    && !has_own_step(*table)
		    && owned_remove(w->app->store, w->arena, &(struct owned){
		    (*table)->collection, "user_id", w->job->user_id }, err)
		    != RC_OK)
			return err->rc;
	return RC_OK;
}

static enum rc
forget_usage(struct work *w, struct err *err)
{
	return owned_forget_usage(w->app->store, w->arena, w->job->user_id, err);
}

static enum rc
remove_jobs(struct work *w, struct err *err)
{
	return owned_remove_jobs(w->app->store, w->arena, w->job->user_id, err);
}

/* In this order: what remembers objects goes behind them. */
static enum rc (*const steps[])(struct work *w, struct err *err) = {
	remove_designs, remove_test_designs, remove_uploads, remove_exports, remove_photo,
	remove_rows, forget_usage, remove_jobs,
};

/* --- the job ------------------------------------------------------------- */

static enum rc
come_again(struct work *w, int64_t wait_ms, struct err *err)
{
	return jobs_postpone(w->app->store, w->arena, w->job->id, w->token,
	    wait_ms, STR_NULL, err);
}

static int64_t
wait_for_others_ms(const struct work *w)
{
	int64_t wait = (int64_t)WAIT_MS << (w->job->attempts < 8
	    ? w->job->attempts : 8);

	return wait < WAIT_MOST_MS ? wait : WAIT_MOST_MS;
}

/* A session that was looked up before the end may be taken for live so long, on
 * another host too, and its request takes its time. */
static int64_t
grace_left_ms(const struct work *w)
{
	return w->job->created_at + w->app->conf->session_cache_s * 1000
	    + w->app->conf->request_deadline_ms - clock_now_ms();
}

/* Jobs once more: mail that ends later sees that there is no account, and goes by
 * itself (post.c). */
static enum rc
end(struct work *w, struct err *err)
{
	if (users_remove(w->app->store, w->arena, w->job->user_id, err) != RC_OK
	    || remove_jobs(w, err) != RC_OK
	    || jobs_end(w->app->store, w->arena, w->job->id, w->token,
	    "succeeded", false, err) != RC_OK)
		return err->rc;
	metric_add(w->app->shared, METRIC_accounts_deleted_total, 1);
	log_event(LOG_INFO, "account.deleted", LOG_STR("user", w->job->user_id),
	    LOG_END);
	return RC_OK;
}

/* Workers that make pictures or an export for this account would bring back what is
 * removed: they end first. */
enum rc
leaving_run(struct work *w, struct err *err)
{
	int64_t grace_ms = grace_left_ms(w);
	bool open;

	if (owned_stop_jobs(w->app->store, w->arena, w->job->user_id, err) != RC_OK
	    || owned_jobs_open(w->app->store, w->arena, w->job->user_id, &open,
	    err) != RC_OK)
		return err->rc;
	if (open) {
		app_wake(w->app);
		return come_again(w, wait_for_others_ms(w), err);
	}
	for (size_t i = 0; i < sizeof steps / sizeof steps[0] && !*w->stop; i++)
		if (work_heartbeat(w, err) != RC_OK || steps[i](w, err) != RC_OK)
			return err->rc;
	if (*w->stop)
		return come_again(w, 0, err);
	return grace_ms > 0 ? come_again(w, grace_ms, err) : end(w, err);
}
