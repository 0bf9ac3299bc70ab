#include "config.h"

#include "api/call.h"
#include "api/cursor.h"
#include "api/shares.h"
#include "api/together.h"
#include "app/designs.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "schema/documents.h"

enum { WORDS_MAX = 200 };	/* characters of q */

static void
reply_created(struct call *call, const struct app_design *design)
{
	reply_accepted(call, "/v1/designs/", design->id);
	reply_quota(call, &design->quota);
	reply_design(call, design);
	call->response->cache_control = "no-store";
}

enum rc
api_design_create(struct call *call, struct err *err)
{
	struct app_design design;

	if (app_design_create(call->app, call->arena, &call->actor, call->body,
	    &call->idem, &design, err) != RC_OK)
		return reply_refused(call, &design.quota, err);
	reply_created(call, &design);
	return RC_OK;
}

void
api_designs_create_together(struct arena *arena, struct joint *const *joints,
    size_t n)
{
	struct app_creation *all = arena_many(arena, n, struct app_creation);
	struct err err;

	for (size_t i = 0; i < n; i++) {
		struct call *call = &joints[i]->call;

		all[i] = (struct app_creation){ .arena = call->arena,
			.actor = &call->actor, .body = call->body,
			.idem = &call->idem };
	}
	err_init(&err);
	app_designs_create_together(joints[0]->call.app, arena, all, n, &err);
	for (size_t i = 0; i < n; i++)
		if (all[i].state == CREATION_MADE) {
			reply_created(&joints[i]->call, &all[i].design);
			joints[i]->state = JOINT_DONE;
		} else if (all[i].state == CREATION_UNKNOWN)
			joint_refuse(joints[i], &err);
}

/* What each will read, by one command. Those whose id is none ask for nothing. */
void
api_designs_get_together(struct arena *arena, struct joint *const *joints, size_t n)
{
	struct joint **asking = arena_many(arena, n, struct joint *);
	struct str *ids = arena_many(arena, n, struct str);
	struct err err, ignored;
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		err_init(&ignored);
		if (call_id(&joints[i]->call, &ignored) != RC_OK)
			continue;
		ids[count] = joints[i]->call.id;
		asking[count++] = joints[i];
	}
	err_init(&err);
	if (app_designs_read_ahead(joints[0]->call.app, arena, ids, count, &err)
	    == RC_UNAVAILABLE)
		for (size_t i = 0; i < count; i++)
			joint_refuse(asking[i], &err);
}

enum rc
api_design_get(struct call *call, struct err *err)
{
	struct app_design design;

	if (call_id(call, err) != RC_OK || app_design_get(call->app, call->arena,
	    &call->actor, call->id, &design, err) != RC_OK)
		return err->rc;
	reply_design(call, &design);
	return RC_OK;
}

enum rc
api_design_edit(struct call *call, struct err *err)
{
	struct app_design design;

	if (call_id(call, err) != RC_OK || app_design_edit(call->app, call->arena,
	    &call->actor, call->id, call->if_match_ms, call->json, &design, err)
	    != RC_OK)
		return err->rc;
	reply_design(call, &design);
	return RC_OK;
}

enum rc
api_design_delete(struct call *call, struct err *err)
{
	static const char *const known[] = { "purge", NULL };
	int purge;

	if (call_id(call, err) != RC_OK
	    || call_params_known(call, known, err) != RC_OK
	    || call_param_bool(call, "purge", &purge, err) != RC_OK)
		return err->rc;
	if (purge == 1)
		return app_design_purge(call->app, call->arena, &call->actor,
		    call->id, call->if_match_ms, err);
	return app_design_trash(call->app, call->arena, &call->actor, call->id,
	    call->if_match_ms, err);
}

/* What may be repeated without harm: done is noted after the effect. */
static enum rc
repeatable(struct call *call, const struct app_design *design, struct err *err)
{
	if (app_idem_done(call->app, call->arena, &call->idem,
	    call->route->status, err) != RC_OK)
		return err->rc;
	reply_design(call, design);
	return RC_OK;
}

enum rc
api_design_restore(struct call *call, struct err *err)
{
	struct app_design design;

	if (call->idem.replay)
		return api_design_get(call, err);
	if (call_id(call, err) != RC_OK || app_design_restore(call->app,
	    call->arena, &call->actor, call->id, call->if_match_ms, &design, err)
	    != RC_OK)
		return err->rc;
	return repeatable(call, &design, err);
}

enum rc
api_design_select(struct call *call, struct err *err)
{
	const struct body_select *body = call->body;
	struct app_design design;

	if (call->idem.replay)
		return api_design_get(call, err);
	if (call_id(call, err) != RC_OK || app_design_select(call->app,
	    call->arena, &call->actor, call->id, call->if_match_ms,
	    body->image_id, &design, err) != RC_OK)
		return err->rc;
	return repeatable(call, &design, err);
}

/* --- lists --------------------------------------------------------------- */

/* Parameters, filters behind the first two. */
static const char *const params[] = { "limit", "cursor", "folder_id", "is_favorite",
	"shared", "q", "gem_type", "metal", "deleted", "sort", NULL };
static const char *const *const filters = params + 2;

static const struct {
	const char *name;
	enum designs_sort sort;
} sorts[] = {
	{ "-created_at", BY_CREATED_DESC },
	{ "created_at", BY_CREATED_ASC },
	{ "-updated_at", BY_UPDATED_DESC },
};

static enum rc
read_sort(struct call *call, struct designs_query *query, struct err *err)
{
	struct str sort = call_param(call, "sort");

	query->sort = BY_CREATED_DESC;
	if (sort.p == NULL)
		return RC_OK;
	for (size_t i = 0; i < sizeof sorts / sizeof sorts[0]; i++)
		if (str_eqz(sort, sorts[i].name)) {
			query->sort = sorts[i].sort;
			return RC_OK;
		}
	return call_bad_param(call, "sort",
	    "One of -created_at, created_at, -updated_at.", err);
}

/* "<ms>.<id>" of the last item. */
static enum rc
read_place(struct call *call, struct designs_query *query, struct err *err)
{
	struct str payload, at;

	if (cursor_open(call, filters, &payload, err) != RC_OK
	    || payload.p == NULL)
		return err->rc;
	at = str_cut(&payload, '.');
	query->after_id = payload;
	return str_to_i64(at, &query->after_ms) && uuid_is(query->after_id) ? RC_OK
	    : cursor_bad(err);
}

/* Null when that document's id is none. */
static struct str
place_of(struct call *call, const struct designs_query *query, struct str doc)
{
	int64_t ms = TIME_NULL;
	struct str id;

	if (!doc_peek_str(doc, "_id", &id) || !uuid_is(id))
		return STR_NULL;
	(void)doc_peek_time(doc, query->sort == BY_UPDATED_DESC ? "updated_at"
	    : "created_at", &ms);
	return cursor_seal(call, filters, arena_printf(call->arena, "%lld.%.*s",
	    (long long)ms, STR_FMT(id)));
}

/* A folder's id, or "none". */
static enum rc
read_folder(struct call *call, struct designs_query *query, struct err *err)
{
	struct str folder = call_param(call, "folder_id");

	query->no_folder = str_eqz(folder, "none");
	if (folder.p == NULL || query->no_folder)
		return RC_OK;
	if (!uuid_is(folder))
		return call_bad_param(call, "folder_id",
		    "A folder's id, or none.", err);
	query->folder_id = folder;
	return RC_OK;
}

static enum rc
read_query(struct call *call, struct designs_query *query, struct err *err)
{
	int deleted;

	*query = (struct designs_query){ 0 };
	if (call_params_known(call, params, err) != RC_OK
	    || call_param_limit(call, &query->limit, err) != RC_OK
	    || read_sort(call, query, err) != RC_OK
	    || read_folder(call, query, err) != RC_OK
	    || call_param_bool(call, "deleted", &deleted, err) != RC_OK
	    || call_param_bool(call, "is_favorite", &query->is_favorite, err)
	    != RC_OK
	    || call_param_bool(call, "shared", &query->shared, err) != RC_OK)
		return err->rc;
	query->deleted = deleted == 1;
	query->gem_type = call_param(call, "gem_type");
	query->metal = call_param(call, "metal");
	query->words = call_param(call, "q");
	if (query->words.n == 0)
		query->words = STR_NULL;
	if (utf8_count(query->words) > WORDS_MAX)
		return call_bad_param(call, "q", "At most 200 characters.", err);
	return read_place(call, query, err);
}

/* A list of links has them at hand, with what a design's own view does not tell. */
static struct str
share_member(struct call *call, struct str doc)
{
	struct app_share share;
	struct buf buf;

	if (!app_share_of(call->app, call->arena, doc, &share))
		return STR_NULL;
	buf_init(&buf, call->arena, 512, 64 * 1024);
	buf_addz(&buf, "\"share\":");
	add_share(&buf, &share);
	return buf.failed ? STR_NULL : buf_str(&buf);	/* damaged: too long */
}

enum rc
api_design_list(struct call *call, struct err *err)
{
	struct str docs[PAGE_MAX + 1], cursor = STR_NULL;
	struct designs_query query;
	size_t n, limit;

	if (read_query(call, &query, err) != RC_OK)
		return err->rc;
	limit = (size_t)query.limit++;	/* one more tells whether there is a page after */
	if (app_design_list(call->app, call->arena, &call->actor, &query, docs, &n,
	    err) != RC_OK)
		return err->rc;
	if (n > limit) {
		n = limit;
		/* One whose id is damaged marks no place; the one before does. */
		for (size_t i = n; i > 0 && cursor.p == NULL; i--)
			cursor = place_of(call, &query, docs[i - 1]);
	}
	cursor_page(call, &doc_design, docs, n, query.shared == 1
	    && may_read_shares(call) ? share_member : NULL, cursor);
	return RC_OK;
}
