#include "config.h"

#include "app/folders.h"

#include "app/charge.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "codec/json.h"
#include "schema/documents.h"
#include "store/folders.h"
#include "store/jobs.h"

enum { STEP_MS = 20000, SORT_ORDER_MAX = 1000000 };

static enum rc
shown(struct str doc, struct app_folder *ret_folder)
{
	struct app_folder folder = { .doc = doc, .updated_at_ms = TIME_NULL };

	(void)doc_peek_str(doc, "_id", &folder.id);
	(void)doc_peek_time(doc, "updated_at", &folder.updated_at_ms);
	*ret_folder = folder;
	return RC_OK;
}

enum rc
app_folders_get(struct app *app, struct arena *arena, const struct actor *actor,
    struct str id, struct app_folder *ret_folder, struct err *err)
{
	struct str doc;

	if (folders_get(app->store, arena, actor->owner.user_id, id, &doc, err)
	    != RC_OK)
		return err->rc;
	return shown(doc, ret_folder);
}

enum rc
app_folders_list(struct app *app, struct arena *arena, const struct actor *actor,
    struct str **ret_docs, size_t *ret_n, struct err *err)
{
	struct str *docs = arena_many(arena, FOLDERS_READ_MAX, struct str);

	*ret_docs = docs;
	return folders_list(app->store, arena, actor->owner.user_id, docs, ret_n,
	    err);
}

/* --- what a client sends ------------------------------------------------- */

/* "#" and 3, 4, 6 or 8 hexadecimal digits. */
static bool
is_hex_color(struct str s)
{
	if (s.n != 4 && s.n != 5 && s.n != 7 && s.n != 9)
		return false;
	for (size_t i = 1; i < s.n; i++)
		if (strchr("0123456789abcdefABCDEF", s.p[i]) == NULL)
			return false;
	return s.p[0] == '#';
}

/* Trimmed; of blanks alone nothing would be left to see. */
static void
check_visible(struct str *text, const char *pointer, struct arena *arena,
    struct err *err)
{
	if (text->p == NULL)
		return;
	*text = str_trim(*text);
	if (text->n == 0)
		err_fault(err, arena, str_of(pointer), "too_short",
		    "At least 1 character that is no space.");
}

/* What the rows cannot say, of what was sent. */
static enum rc
check(struct folder *folder, struct arena *arena, struct err *err)
{
	if (doc_present(&doc_folder, folder, "name"))
		check_visible(&folder->name, "/name", arena, err);
	if (doc_present(&doc_folder, folder, "icon"))
		check_visible(&folder->icon, "/icon", arena, err);
	if (doc_present(&doc_folder, folder, "color") && folder->color.p != NULL
	    && !is_hex_color(folder->color))
		err_fault(err, arena, STR("/color"), "not_a_color",
		    "This must be #rgb, #rgba, #rrggbb or #rrggbbaa, or null.");
	return err->rc;
}

/* --- making -------------------------------------------------------------- */

struct create {
	struct app *app;
	const struct actor *actor;
	const struct idem *idem;
	struct folder *folder;
};

static int32_t
order_after(struct str doc, struct arena *arena)
{
	struct folder last;

	doc_read(&doc_folder, doc, &last, arena);
	return last.sort_order < SORT_ORDER_MAX ? last.sort_order + 1
	    : SORT_ORDER_MAX;
}

/* Room for one more, and its place. Near the limit those who make folders at the same
 * time, on whatever host, meet in the first one's document: one of them counts
 * again. */
static enum rc
find_room(struct create *c, struct arena *arena, struct err *err)
{
	struct str *docs, first, owner = c->actor->owner.user_id;
	size_t n = 0;
	bool there;

	if (app_folders_list(c->app, arena, c->actor, &docs, &n, err) != RC_OK)
		return err->rc;
	if (n >= FOLDERS_MAX)
		return err_set(err, RC_LIMIT_REACHED,
		    "There are at most %d folders.", FOLDERS_MAX);
	c->folder->sort_order = n == 0 ? 0 : order_after(docs[n - 1], arena);
	if (n < FOLDERS_MAX / 2 || !doc_peek_str(docs[0], "_id", &first))
		return RC_OK;
	return folders_enter(c->app->store, arena, owner, first, &there, err);
}

static enum rc
create_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct create *c = arg;

	if (find_room(c, arena, err) != RC_OK
	    || folders_insert(store, arena, c->folder, err) != RC_OK)
		return err->rc;
	return app_idem_done(c->app, arena, c->idem, 201, err);
}

enum rc
app_folders_create(struct app *app, struct arena *arena,
    const struct actor *actor, struct folder *body, const struct idem *idem,
    struct app_folder *ret_folder, struct err *err)
{
	struct create c = { app, actor, idem, body };
	enum rc rc;

	if (idem->replay)
		return app_folders_get(app, arena, actor, idem->id, ret_folder,
		    err);
	if (check(body, arena, err) != RC_OK)
		return err->rc;
	body->id = idem->id;
	body->user_id = actor->owner.user_id;
	body->created_at = body->updated_at = clock_now_ms();
	rc = owner_transaction(app, arena, actor, NULL, create_in_transaction,
	    &c, err);
	if (rc == RC_CONFLICT) {	/* committed by a request that took over */
		err_init(err);
		return app_folders_get(app, arena, actor, idem->id, ret_folder,
		    err);
	}
	return rc != RC_OK ? rc
	    : shown(doc_to_bson(&doc_folder, body, arena), ret_folder);
}

/* --- changing ------------------------------------------------------------ */

/* A filter missed: the folder is not there, or has changed. */
static enum rc
explain_miss(struct app *app, struct arena *arena, const struct actor *actor,
    struct str id, struct err *err)
{
	struct str doc;

	err_init(err);
	if (folders_get(app->store, arena, actor->owner.user_id, id, &doc, err)
	    != RC_OK)
		return err->rc;
	return err_set(err, RC_PRECONDITION,
	    "The folder has changed since you read it.");
}

enum rc
app_folders_edit(struct app *app, struct arena *arena, const struct actor *actor,
    struct str id, int64_t if_match_ms, const struct json_value *patch,
    struct app_folder *ret_folder, struct err *err)
{
	struct folder folder;
	struct str doc, set;
	enum rc rc;

	/* Others' folders are 404 whatever the body is. */
	if (folders_get(app->store, arena, actor->owner.user_id, id, &doc, err)
	    != RC_OK)
		return err->rc;
	doc_init(&doc_folder, &folder);
	if (doc_decode(&doc_folder, patch, DECODE_EDIT, &folder, arena, err)
	    != RC_OK || check(&folder, arena, err) != RC_OK)
		return err->rc;
	set = doc_pick(&doc_folder, doc_to_bson(&doc_folder, &folder, arena),
	    folder.present, arena);
	rc = folders_set(app->store, arena, actor->owner.user_id, id,
	    if_match_ms, set, &doc, err);
	if (rc == RC_NOT_FOUND)
		return explain_miss(app, arena, actor, id, err);
	return rc != RC_OK ? rc : shown(doc, ret_folder);
}

/* --- designs come in ------------------------------------------------------ */

enum rc
app_folders_enter(struct app *app, struct arena *arena, const struct actor *actor,
    struct str id, struct err *err)
{
	bool there = false;

	if (folders_enter(app->store, arena, actor->owner.user_id, id, &there,
	    err) != RC_OK)
		return err->rc;
	if (!there)
		err_fault(err, arena, STR("/folder_id"), "not_found",
		    "This is not a folder of yours.");
	return err->rc;
}

/* --- removing ------------------------------------------------------------ */

struct removal {
	struct str user_id, id;
	int64_t if_match_ms;
	struct job *job;		/* for the rest; NULL: a job goes on */
	int64_t designs;
};

static enum rc
remove_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct removal *r = arg;
	bool more;

	if (folders_empty(store, arena, r->user_id, r->id, &r->designs, err)
	    != RC_OK)
		return err->rc;
	more = r->designs == FOLDER_EMPTY_AT_ONCE;
	if (r->job == NULL)
		return more ? RC_OK : folders_remove_marked(store, arena,
		    r->user_id, r->id, err);
	if (!more)
		return folders_remove(store, arena, r->user_id, r->id,
		    r->if_match_ms, err);
	if (folders_mark(store, arena, r->user_id, r->id, r->if_match_ms, err)
	    != RC_OK)
		return err->rc;
	return jobs_insert(store, arena, r->job, err);
}

enum rc
app_folders_remove(struct app *app, struct arena *arena,
    const struct actor *actor, struct str id, int64_t if_match_ms,
    struct err *err)
{
	struct job job;
	struct removal r = { .user_id = actor->owner.user_id, .id = id,
		.if_match_ms = if_match_ms, .job = &job };
	enum rc rc;

	job_init(&job, arena, actor, "folder_deletion", uuid_new(arena),
	    STR_NULL, 0, 0);
	rc = owner_transaction(app, arena, actor, NULL, remove_in_transaction,
	    &r, err);
	if (rc == RC_NOT_FOUND)
		return explain_miss(app, arena, actor, id, err);
	if (rc == RC_OK && r.designs == FOLDER_EMPTY_AT_ONCE)
		app_wake(app);
	return rc;
}

enum rc
app_folders_remove_rest(struct app *app, struct arena *arena, struct str user_id,
    struct err *err)
{
	struct removal r = { .user_id = user_id };

	for (;;) {
		if (folders_find_marked(app->store, arena, user_id, &r.id, err)
		    != RC_OK || r.id.p == NULL)
			return err->rc;
		do {
			if (store_transaction(app->store, arena, clock_mono_ms()
			    + STEP_MS, remove_in_transaction, &r, err) != RC_OK)
				return err->rc;
		} while (r.designs == FOLDER_EMPTY_AT_ONCE);
	}
}
