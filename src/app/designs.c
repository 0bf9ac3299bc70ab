#include "config.h"

#include "app/designs.h"

#include "app/charge.h"
#include "app/folders.h"
#include "app/share-gate.h"
#include "app/uploads.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "codec/json.h"
#include "schema/documents.h"
#include "store/folders.h"
#include "store/jobs.h"

enum { EDIT_TRIES = 8 };

/* --- showing ------------------------------------------------------------- */

static enum rc
show_generation(struct app *app, struct arena *arena, const struct actor *actor,
    struct str generation_id, struct app_design *design, struct err *err)
{
	struct job job;
	enum rc rc = jobs_get(app->store, arena, actor->owner, generation_id,
	    &design->generation, err);

	if (rc == RC_NOT_FOUND) {	/* ended between the two reads */
		err_init(err);
		return RC_OK;
	}
	if (rc != RC_OK)
		return rc;
	doc_read(&doc_job, design->generation, &job, arena);
	design->revision = job.revision;
	if (!str_eqz(job.status, "queued"))
		return RC_OK;
	return jobs_position(app->store, arena, job.priority, job.rank,
	    &design->position, err);
}

/* Reads what ETag and generation need from doc; one more read while a generation is
 * on its way. */
static enum rc
show(struct app *app, struct arena *arena, const struct actor *actor,
    struct str doc, struct app_design *ret_design, struct err *err)
{
	struct app_design design = { .doc = doc, .position = -1,
		.updated_at_ms = TIME_NULL };
	struct str generation_id;

	(void)doc_peek_str(doc, "_id", &design.id);
	(void)doc_peek_time(doc, "updated_at", &design.updated_at_ms);
	if (doc_peek_str(doc, "generation_id", &generation_id)
	    && show_generation(app, arena, actor, generation_id, &design, err)
	    != RC_OK)
		return err->rc;
	*ret_design = design;
	return RC_OK;
}

enum rc
app_design_get(struct app *app, struct arena *arena, const struct actor *actor,
    struct str id, struct app_design *ret_design, struct err *err)
{
	struct str doc;

	if (designs_get(app->store, arena, actor->owner, id, &doc, err) != RC_OK)
		return err->rc;
	return show(app, arena, actor, doc, ret_design, err);
}

enum rc
app_designs_read_ahead(struct app *app, struct arena *arena, const struct str *ids,
    size_t n, struct err *err)
{
	if (n < 2)
		return RC_OK;
	if (designs_read_ahead(app->store, arena, ids, n, err) == RC_OK)
		metric_add(app->shared, METRIC_designs_read_together_total,
		    (int64_t)n);
	return err->rc;
}

void
app_designs_forget_ahead(struct app *app)
{
	designs_forget_ahead(app->store);
}

enum rc
app_design_list(struct app *app, struct arena *arena, const struct actor *actor,
    const struct designs_query *query, struct str *ret_docs, size_t *ret_n,
    struct err *err)
{
	return designs_list(app->store, arena, actor->owner, query, ret_docs,
	    ret_n, err);
}

/* --- changing ------------------------------------------------------------ */

/* A filter missed: the design is not there, or has changed. */
static enum rc
explain_miss(struct app *app, struct arena *arena, const struct actor *actor,
    struct str id, const struct designs_when *when, struct err *err)
{
	struct str doc;
	int64_t updated_at;
	bool deleted = false;

	err_init(err);
	if (designs_get(app->store, arena, actor->owner, id, &doc, err) != RC_OK)
		return err->rc;
	(void)doc_peek_bool(doc, "is_deleted", &deleted);
	if (when->updated_at_ms != TIME_NULL
	    && (!doc_peek_time(doc, "updated_at", &updated_at)
	    || updated_at != when->updated_at_ms))
		return err_set(err, RC_PRECONDITION,
		    "The design has changed since you read it.");
	if (when->deleted == 0 && deleted)
		return err_set(err, RC_CONFLICT, "The design is in the trash.");
	if (when->deleted == 1 && !deleted)
		return err_set(err, RC_CONFLICT, "The design is not in the trash.");
	return err_set(err, RC_NOT_FOUND, "There is no such version.");
}

/* Before a change of what a link shows: if its gate cannot be closed, nothing is
 * changed. What is not there the change itself tells. Guests have no links. */
static enum rc
close_gate(struct app *app, struct arena *arena, const struct actor *actor,
    struct str id, struct err *err)
{
	struct str doc;
	enum rc rc;

	if (actor->kind != ACTOR_MEMBER)
		return RC_OK;
	rc = designs_get(app->store, arena, actor->owner, id, &doc, err);
	if (rc == RC_NOT_FOUND) {
		err_init(err);
		return RC_OK;
	}
	return rc != RC_OK ? rc : share_gate_close_design(app, doc, err);
}

/* Once more behind the commit: for a link that was made meanwhile. */
static void
close_made(const struct app *app, struct str doc, enum rc rc)
{
	if (rc == RC_OK)
		share_gate_close_design_or_later(app, doc);
}

static enum rc
changed(struct app *app, struct arena *arena, const struct actor *actor,
    struct str id, const struct designs_when *when, struct str doc, enum rc rc,
    struct app_design *ret_design, struct err *err)
{
	if (rc == RC_NOT_FOUND)
		return explain_miss(app, arena, actor, id, when, err);
	return rc != RC_OK ? rc
	    : show(app, arena, actor, doc, ret_design, err);
}

/* Fields that describe the picture are fixed with the first picture. */
static const char *const before_images[] = { "gem_data", "original_prompt",
	"material_preferences" };

static struct str
edited_members(const struct design *design, struct arena *arena)
{
	return doc_pick(&doc_design, doc_to_bson(&doc_design, design, arena),
	    design->present, arena);
}

static bool
describes_picture(const struct design *design)
{
	bool any = false;

	for (size_t i = 0; i < sizeof before_images / sizeof before_images[0]; i++)
		any |= doc_present(&doc_design, design, before_images[i]);
	return any;
}

static bool
goes_into_folder(const struct design *design)
{
	return design->folder_id.p != NULL
	    && doc_present(&doc_design, design, "folder_id");
}

static enum rc
check_edit(const struct design *design, const struct actor *actor,
    struct arena *arena, struct err *err)
{
	if (goes_into_folder(design) && actor->kind != ACTOR_MEMBER)
		err_fault(err, arena, STR("/folder_id"), "not_found",
		    "This is not a folder of yours.");
	if (design->generated_images.n == 0)
		return err->rc;
	for (size_t i = 0; i < sizeof before_images / sizeof before_images[0]; i++)
		if (doc_present(&doc_design, design, before_images[i]))
			return err_set(err, RC_CONFLICT, "%s cannot change once "
			    "there is a picture; ask for a further generation.",
			    before_images[i]);
	return err->rc;
}

struct edit {
	struct app *app;
	const struct actor *actor;
	struct str id, folder_id, upload_id;
	const struct designs_when *when;
	struct str set, *ret_doc;
};

static enum rc
move_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct edit *e = arg;

	if (app_folders_enter(e->app, arena, e->actor, e->folder_id, err)
	    != RC_OK || app_upload_use(store, arena, e->actor, e->upload_id,
	    e->id, err) != RC_OK)
		return err->rc;
	return designs_set(store, arena, e->actor->owner, e->id, e->when, e->set,
	    e->ret_doc, err);
}

/* Into a folder in one transaction with a look at that, the rest in one command. */
static enum rc
write_edit(struct edit *e, struct arena *arena, struct err *err)
{
	if (e->folder_id.p != NULL)
		return owner_transaction(e->app, arena, e->actor, NULL,
		    move_in_transaction, e, err);
	if (app_upload_use(e->app->store, arena, e->actor, e->upload_id, e->id,
	    err) != RC_OK)
		return err->rc;
	return designs_set(e->app->store, arena, e->actor->owner, e->id, e->when,
	    e->set, e->ret_doc, err);
}

/* One try: reads, merges, writes what it read. RC_NOT_FOUND when the write met
 * another version than *ret_when says. */
static enum rc
edit_once(struct app *app, struct arena *arena, const struct actor *actor,
    struct str id, int64_t if_match_ms, const struct json_value *patch,
    struct designs_when *ret_when, bool *ret_shows, struct str *ret_doc,
    struct err *err)
{
	struct designs_when when = { if_match_ms, 0 };
	struct design design;
	struct str doc, set, upload = STR_NULL;

	if (designs_get(app->store, arena, actor->owner, id, &doc, err) != RC_OK)
		return err->rc;
	doc_read(&doc_design, doc, &design, arena);
	design.present = 0;
	design.gem_data.present = 0;
	if (doc_decode(&doc_design, patch, DECODE_EDIT, &design, arena, err)
	    != RC_OK || check_edit(&design, actor, arena, err) != RC_OK)
		return err->rc;
	if (design.is_deleted)
		return err_set(err, RC_CONFLICT, "The design is in the trash.");
	/* A nested change was merged into what was read: it must be that still. */
	if (describes_picture(&design)) {
		if (if_match_ms != TIME_NULL && if_match_ms != design.updated_at)
			return err_set(err, RC_PRECONDITION,
			    "The design has changed since you read it.");
		when.updated_at_ms = design.updated_at;
	}
	if (doc_present(&doc_gem_data, &design.gem_data, "uploaded_image_url")
	    && app_upload_take(app, arena, actor,
	    &design.gem_data.uploaded_image_url, &upload, err) != RC_OK)
		return err->rc;
	set = edited_members(&design, arena);
	*ret_shows = designs_shows(set);
	if (*ret_shows && share_gate_close_design(app, doc, err) != RC_OK)
		return err->rc;
	*ret_when = when;
	return write_edit(&(struct edit){ app, actor, id,
	    goes_into_folder(&design) ? design.folder_id : STR_NULL, upload, &when,
	    set, ret_doc }, arena, err);
}

enum rc
app_design_edit(struct app *app, struct arena *arena, const struct actor *actor,
    struct str id, int64_t if_match_ms, const struct json_value *patch,
    struct app_design *ret_design, struct err *err)
{
	struct designs_when when;
	struct str doc;

	for (int i = 0; i < EDIT_TRIES; i++) {
		bool shows = false;
		enum rc rc;

		when = (struct designs_when){ TIME_NULL, -1 };
		rc = edit_once(app, arena, actor, id, if_match_ms, patch, &when,
		    &shows, &doc, err);
		/* Without If-Match the change is meant for whatever is there. */
		if (rc == RC_NOT_FOUND && if_match_ms == TIME_NULL
		    && when.updated_at_ms != TIME_NULL) {
			err_init(err);
			continue;
		}
		if (shows)
			close_made(app, doc, rc);
		return changed(app, arena, actor, id, &when, doc, rc, ret_design,
		    err);
	}
	return err_set(err, RC_CONFLICT,
	    "The design changes all the time; try again.");
}

enum rc
app_design_select(struct app *app, struct arena *arena,
    const struct actor *actor, struct str id, int64_t if_match_ms,
    struct str image_id, struct app_design *ret_design, struct err *err)
{
	struct designs_when when = { if_match_ms, 0 };
	struct str doc;
	enum rc rc;

	if (close_gate(app, arena, actor, id, err) != RC_OK)
		return err->rc;
	rc = designs_select(app->store, arena, actor->owner, id, &when, image_id,
	    &doc, err);
	close_made(app, doc, rc);
	return changed(app, arena, actor, id, &when, doc, rc, ret_design, err);
}

enum rc
app_design_trash(struct app *app, struct arena *arena, const struct actor *actor,
    struct str id, int64_t if_match_ms, struct err *err)
{
	struct designs_when when = { if_match_ms, -1 };
	struct app_design ignored;
	struct str doc;
	enum rc rc;

	if (close_gate(app, arena, actor, id, err) != RC_OK)
		return err->rc;
	rc = designs_trash(app->store, arena, actor->owner, id, &when, true, &doc,
	    err);
	close_made(app, doc, rc);
	return changed(app, arena, actor, id, &when, doc, rc, &ignored, err);
}

/* --- out of the trash ----------------------------------------------------- */

struct restore {
	struct app *app;
	const struct actor *actor;
	struct str id, doc;
	struct designs_when when;
};

/* Its folder may be gone meanwhile: a removal that has not come to this design. */
static enum rc
restore_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct restore *r = arg;
	struct store_owner owner = r->actor->owner;
	struct str folder_id;
	bool there = false;

	if (designs_trash(store, arena, owner, r->id, &r->when, false, &r->doc,
	    err) != RC_OK || share_gate_close_design(r->app, r->doc, err) != RC_OK
	    || !doc_peek_str(r->doc, "folder_id", &folder_id))
		return err->rc;
	if (folders_exist(store, arena, owner.user_id, &folder_id, 1, &there, err)
	    != RC_OK || there)
		return err->rc;
	return designs_leave_folder(store, arena, owner, r->id, &r->doc, err);
}

enum rc
app_design_restore(struct app *app, struct arena *arena,
    const struct actor *actor, struct str id, int64_t if_match_ms,
    struct app_design *ret_design, struct err *err)
{
	struct restore r = { .app = app, .actor = actor, .id = id,
		.when = { if_match_ms, 1 } };
	enum rc rc;

	if (actor->kind == ACTOR_MEMBER)
		rc = owner_transaction(app, arena, actor, NULL,
		    restore_in_transaction, &r, err);
	else	/* guests have no folders */
		rc = designs_trash(app->store, arena, actor->owner, id, &r.when,
		    false, &r.doc, err);
	return changed(app, arena, actor, id, &r.when, r.doc, rc, ret_design, err);
}

/* --- purging ------------------------------------------------------------- */

struct purge {
	const struct actor *actor;
	struct str id;
	struct designs_when when;
	struct job job;
};

static enum rc
purge_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct purge *p = arg;

	if (designs_remove(store, arena, p->actor->owner, p->id, &p->when, err)
	    != RC_OK)
		return err->rc;
	return jobs_insert(store, arena, &p->job, err);
}

enum rc
app_design_purge(struct app *app, struct arena *arena, const struct actor *actor,
    struct str id, int64_t if_match_ms, struct err *err)
{
	struct purge p = { .actor = actor, .id = id, .when = { if_match_ms, 1 } };
	enum rc rc;

	job_init(&p.job, arena, actor, "object_deletion", uuid_new(arena), id, 0,
	    0);
	rc = store_transaction(app->store, arena, actor->deadline_ms,
	    purge_in_transaction, &p, err);
	if (rc == RC_NOT_FOUND)
		return explain_miss(app, arena, actor, id, &p.when, err);
	if (rc == RC_OK)
		app_wake(app);
	return rc;
}
