#include "config.h"

#include "app/retention.h"

#include "app/charge.h"
#include "app/exports.h"
#include "app/shares.h"
#include "app/unconfirmed.h"
#include "app/views.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "blob/blob.h"
#include "schema/documents.h"
#include "store/designs.h"
#include "store/exports.h"
#include "store/jobs.h"
#include "store/guests.h"
#include "store/owned.h"
#include "store/uploads.h"
#include "store/users.h"

enum {
	AT_ONCE = 100, ROWS_AT_ONCE = 1000,
	TRANSACTION_MS = 20000,
	DAY_MS = 24 * 3600 * 1000,
	JOBS_KEPT_MS = 7 * DAY_MS
};

struct removal {
	struct str id, guest_session_id;	/* session null: from the trash */
	int64_t trash_before_ms;
	struct job job;
	bool removed;
};

static enum rc
remove_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct removal *r = arg;
	int64_t deleted;

	if (designs_remove_due(store, arena, r->id, r->guest_session_id,
	    r->trash_before_ms, &deleted, err) != RC_OK)
		return err->rc;
	r->removed = deleted == 1;	/* else it was claimed or restored */
	return r->removed ? jobs_insert(store, arena, &r->job, err) : RC_OK;
}

static enum rc
remove_design(struct app *app, struct arena *arena, struct removal *r,
    int64_t *count, struct err *err)
{
	struct actor nobody = { .kind = ACTOR_NONE };

	job_init(&r->job, arena, &nobody, "object_deletion", uuid_new(arena),
	    r->id, 0, 0);
	if (store_transaction(app->store, arena, clock_mono_ms() + TRANSACTION_MS,
	    remove_in_transaction, r, err) != RC_OK)
		return err->rc;
	if (r->removed) {
		++*count;
		metric_add(app->shared, METRIC_designs_swept_total, 1);
	}
	return RC_OK;
}

static enum rc
sweep_trash(struct app *app, struct arena *arena, int64_t *count,
    struct err *err)
{
	int64_t before = clock_now_ms()
	    - app->conf->retention_deleted_days * DAY_MS;
	struct str ids[AT_ONCE];
	size_t n;

	do {
		if (designs_due_trash(app->store, arena, before, AT_ONCE, ids, &n,
		    err) != RC_OK)
			return err->rc;
		for (size_t i = 0; i < n; i++) {
			struct removal r = { .id = ids[i],
				.trash_before_ms = before };

			if (remove_design(app, arena, &r, count, err) != RC_OK)
				return err->rc;
		}
	} while (n == AT_ONCE);
	return RC_OK;
}

static enum rc
sweep_guest_page(struct app *app, struct arena *arena,
    const struct designs_guest_due *due, size_t n, int64_t *count,
    struct err *err)
{
	struct str sessions[AT_ONCE];
	bool live[AT_ONCE];

	for (size_t i = 0; i < n; i++)
		sessions[i] = due[i].guest_session_id;
	if (guest_live(app->store, arena, sessions, n, clock_now_ms(), live, err)
	    != RC_OK)
		return err->rc;
	for (size_t i = 0; i < n; i++) {
		struct removal r = { .id = due[i].id,
			.guest_session_id = due[i].guest_session_id };

		if (!live[i] && remove_design(app, arena, &r, count, err) != RC_OK)
			return err->rc;
	}
	return RC_OK;
}

/* A full page may end within a session, which is left to the next page then,
 * unless it fills this one. */
static size_t
whole_sessions(const struct designs_guest_due *due, size_t n)
{
	size_t whole = n;

	while (n == AT_ONCE && whole > 0 && str_eq(due[whole - 1].guest_session_id,
	    due[n - 1].guest_session_id))
		whole--;
	return whole == 0 ? n : whole;
}

static enum rc
sweep_guests(struct app *app, struct arena *arena, int64_t *count,
    struct err *err)
{
	struct designs_guest_due due[AT_ONCE];
	struct str after = STR("");
	int64_t before = clock_now_ms() - app->conf->guest_design_s * 1000;
	int64_t removed;
	size_t n, whole;

	do {
		if (designs_due_guests(app->store, arena, before, after, AT_ONCE,
		    due, &n, err) != RC_OK)
			return err->rc;
		whole = whole_sessions(due, n);
		removed = *count;
		if (sweep_guest_page(app, arena, due, whole, count, err) != RC_OK)
			return err->rc;
		/* A page of one session that has gone: the rest of it is next. */
		if (whole > 0 && (whole < n || *count == removed))
			after = due[whole - 1].guest_session_id;
	} while (n == AT_ONCE);
	return RC_OK;
}

/* Who was no member is not kept as one: the log is for figures then. */
static enum rc
forget_strangers(struct app *app, struct arena *arena, int64_t *count,
    struct err *err)
{
	int64_t before = clock_now_ms() - app->conf->usage_guest_days * DAY_MS;
	int64_t rows;

	do {
		if (owned_forget_strangers(app->store, arena, before, ROWS_AT_ONCE,
		    &rows, err) != RC_OK)
			return err->rc;
		*count += rows;
	} while (rows == ROWS_AT_ONCE);
	return RC_OK;
}

int64_t
app_retention_sum(const struct app_retention *done)
{
	int64_t sum = 0;

#define RETENTION(name, text) sum += done->name;
#include "app/retention.def"
#undef RETENTION
	return sum;
}

enum rc
app_retention_run(struct app *app, struct arena *arena,
    struct app_retention *ret_done, struct err *err)
{
	*ret_done = (struct app_retention){ 0 };
	if (sweep_trash(app, arena, &ret_done->trashed, err) != RC_OK
	    || sweep_guests(app, arena, &ret_done->guests, err) != RC_OK
	    || app_expired_sweep(app, arena, uploads_due, uploads_remove,
	    &ret_done->uploads, err) != RC_OK
	    || app_exports_sweep(app, arena, &ret_done->exports, err) != RC_OK
	    || app_unconfirmed_sweep(app, arena, &ret_done->accounts, err) != RC_OK
	    || users_forget_pending(app->store, arena, clock_now_ms(),
	    &ret_done->pending, err) != RC_OK
	    || forget_strangers(app, arena, &ret_done->usage, err) != RC_OK
	    || app_shares_tidy(app, arena, &ret_done->links, err) != RC_OK
	    || app_views_sweep(app, arena, &ret_done->addresses, &ret_done->views,
	    err) != RC_OK)
		return err->rc;
	if (ret_done->trashed + ret_done->guests > 0)
		app_wake(app);
	return jobs_tidy(app->store, arena, clock_now_ms() - JOBS_KEPT_MS,
	    &ret_done->jobs, err);
}

/* --- orphans ------------------------------------------------------------- */

static struct str
folder_of(struct str key)
{
	return str_cut(&key, '/');
}

/* The document that a folder is named after: a design, a user (the photo), an export.
 * "" without one. */
static enum rc
folder_document(struct app *app, struct arena *arena, struct str folder,
    struct str *ret_doc, struct err *err)
{
	struct user user;

	*ret_doc = STR("");
	if (designs_find(app->store, arena, folder, ret_doc, err) != RC_NOT_FOUND)
		return err->rc;
	err_init(err);
	if (users_get(app->store, arena, folder, &user, ret_doc, err)
	    != RC_NOT_FOUND)
		return err->rc;
	err_init(err);
	if (exports_get(app->store, arena, folder, ret_doc, err) == RC_NOT_FOUND)
		err_init(err);
	return err->rc;
}

/* Of one folder: its document decides about each key; all of an upload's stay. */
static enum rc
check_folder(struct app *app, struct arena *arena,
    const struct blob_entry *entries, size_t n, int64_t *removed,
    struct err *err)
{
	int64_t before = clock_now_ms() - app->conf->orphan_age_s * 1000;
	struct str folder = folder_of(entries[0].key), doc;
	bool is_upload;

	if (uploads_exist(app->store, arena, &folder, 1, &is_upload, err) != RC_OK)
		return err->rc;
	if (is_upload)
		return RC_OK;
	if (folder_document(app, arena, folder, &doc, err) != RC_OK)
		return err->rc;
	for (size_t i = 0; i < n; i++) {
		struct str key = entries[i].key;

		if (entries[i].modified_ms >= before
		    || memmem(doc.p, doc.n, key.p, key.n) != NULL)
			continue;
		if (blob_delete(app->blob, &key, 1, err) != RC_OK)
			return err->rc;
		++*removed;
		metric_add(app->shared, METRIC_objects_orphaned_total, 1);
	}
	return RC_OK;
}

enum rc
app_orphans_run(struct app *app, struct arena *arena, int64_t *ret_removed,
    struct err *err)
{
	enum { PAGE = 1000 };
	struct arena *page = arena_new();
	struct blob_entry *entries = arena_many(arena, PAGE, struct blob_entry);
	struct str after = STR_NULL;
	size_t n = PAGE;

	*ret_removed = 0;
	while (n == PAGE && blob_list(app->blob, page, after, entries, PAGE, &n,
	    err) == RC_OK) {
		for (size_t from = 0, to; from < n; from = to) {
			for (to = from + 1; to < n && str_eq(
			    folder_of(entries[to].key),
			    folder_of(entries[from].key)); to++)
				;
			if (check_folder(app, page, entries + from, to - from,
			    ret_removed, err) != RC_OK)
				break;
		}
		if (err->rc != RC_OK)
			break;
		if (n > 0)
			after = arena_str(arena, entries[n - 1].key);
		arena_reset(page);
	}
	arena_free(page);
	return err->rc;
}

enum rc
app_objects_tidy(struct app *app, int64_t *ret_removed, struct err *err)
{
	size_t removed = 0;
	enum rc rc = blob_tidy(app->blob, clock_now_ms() - DAY_MS, &removed, err);

	*ret_removed = (int64_t)removed;
	return rc;
}
