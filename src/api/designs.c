#include "config.h"

#include "api/call.h"
#include "api/cursor.h"
#include "app/designs.h"
#include "app/generations.h"
#include "codec/json.h"
#include "schema/documents.h"

enum { LIMIT_USUAL = 20, RETRY_AFTER_S = 2 };

static void
accepted(struct call *call, const char *where, struct str id)
{
	http_header(call->response, "Location", arena_printf(call->arena,
	    "%s%.*s", where, STR_FMT(id)));
	http_header_printf(call->response, "Retry-After", "%d", RETRY_AFTER_S);
}

/* A refusal for want of quota says so in headers too. */
static enum rc
refused(struct call *call, struct err *err)
{
	if (err->rc == RC_QUOTA)
		reply_quota(call, &(struct quota){ .left = 0,
		    .limit = call->app->conf->guest_daily,
		    .reset_s = err->retry_after_s });
	return err->rc;
}

enum rc
api_design_create(struct call *call, struct err *err)
{
	struct app_design design;

	if (app_design_create(call->app, call->arena, &call->actor, call->body,
	    &call->idem, &design, err) != RC_OK)
		return refused(call, err);
	accepted(call, "/v1/designs/", design.id);
	reply_quota(call, &design.quota);
	reply_design(call, &design);
	call->response->cache_control = "no-store";
	return RC_OK;
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

static enum rc
bad_parameter(struct call *call, const char *name, const char *sentence,
    struct err *err)
{
	(void)err_set(err, RC_BAD_QUERY,
	    "A query parameter is not understood; see errors.");
	err_fault(err, call->arena, str_of(name), "bad_parameter", "%s", sentence);
	return err->rc;
}

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
	return bad_parameter(call, "sort",
	    "One of -created_at, created_at, -updated_at.", err);
}

static enum rc
read_limit(struct call *call, struct designs_query *query, struct err *err)
{
	struct str text = call_param(call, "limit");
	int64_t limit = LIMIT_USUAL;

	if (text.p != NULL && (!str_to_i64(text, &limit) || limit < 1
	    || limit > DESIGNS_PAGE_MAX))
		return bad_parameter(call, "limit", "1 to 100.", err);
	query->limit = (int)limit;
	return RC_OK;
}

static enum rc
read_query(struct call *call, struct designs_query *query, struct err *err)
{
	static const char *const known[] = { "limit", "cursor", "folder_id",
		"is_favorite", "q", "gem_type", "metal", "deleted", "sort", NULL };
	int deleted;

	*query = (struct designs_query){ 0 };
	if (call_params_known(call, known, err) != RC_OK
	    || read_limit(call, query, err) != RC_OK
	    || read_sort(call, query, err) != RC_OK
	    || call_param_bool(call, "deleted", &deleted, err) != RC_OK
	    || call_param_bool(call, "is_favorite", &query->is_favorite, err)
	    != RC_OK)
		return err->rc;
	query->deleted = deleted == 1;
	query->folder_id = call_param(call, "folder_id");
	query->gem_type = call_param(call, "gem_type");
	query->metal = call_param(call, "metal");
	query->words = call_param(call, "q");
	if (query->words.n == 0)
		query->words = STR_NULL;
	if (query->words.n > 200)
		return bad_parameter(call, "q", "At most 200 bytes.", err);
	return cursor_read(call, query, err);
}

enum rc
api_design_list(struct call *call, struct err *err)
{
	struct str docs[DESIGNS_PAGE_MAX + 1];
	struct buf *body = &call->response->body;
	struct designs_query query;
	struct str cursor = STR_NULL;
	size_t n, limit, bytes = 0;

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
			cursor = cursor_make(call, &query, docs[i - 1]);
	}
	for (size_t i = 0; i < n; i++)
		bytes += docs[i].n;
	(void)buf_reserve(body, bytes * 5 / 4 + 4096);
	buf_addz(body, "{\"items\":[");
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_add_char(body, ',');
		add_document(call, body, &doc_design, docs[i], STR_NULL);
	}
	buf_addz(body, "],\"next_cursor\":");
	if (cursor.p == NULL) {
		buf_addz(body, "null}");
	} else {
		buf_add_json(body, cursor);
		buf_add_char(body, '}');
		cursor_link(call, cursor);
	}
	reply_json(call, body);
	return RC_OK;
}

/* --- generations --------------------------------------------------------- */

static enum rc
generation_accepted(struct call *call, const struct app_generation *generation)
{
	accepted(call, "/v1/generations/", generation->id);
	reply_quota(call, &generation->quota);
	reply_generation(call, generation);
	call->response->cache_control = "no-store";
	return RC_OK;
}

enum rc
api_generation_create(struct call *call, struct err *err)
{
	struct app_generation generation;

	if (call_id(call, err) != RC_OK || app_generation_create(call->app,
	    call->arena, &call->actor, call->id, call->body, &call->idem,
	    &generation, err) != RC_OK)
		return refused(call, err);
	return generation_accepted(call, &generation);
}

enum rc
api_refinement_create(struct call *call, struct err *err)
{
	struct app_generation generation;

	if (call_id(call, err) != RC_OK || app_refinement_create(call->app,
	    call->arena, &call->actor, call->id, call->body, &call->idem,
	    &generation, err) != RC_OK)
		return refused(call, err);
	return generation_accepted(call, &generation);
}

enum rc
api_generation_get(struct call *call, struct err *err)
{
	struct app_generation generation;

	if (call_id(call, err) != RC_OK || app_generation_get(call->app,
	    call->arena, &call->actor, call->id, &generation, err) != RC_OK)
		return err->rc;
	reply_generation(call, &generation);
	return RC_OK;
}

enum rc
api_generation_cancel(struct call *call, struct err *err)
{
	struct app_generation generation;

	if (call_id(call, err) != RC_OK)
		return err->rc;
	if (call->idem.replay)
		return api_generation_get(call, err);
	if (app_generation_cancel(call->app, call->arena, &call->actor, call->id,
	    &call->idem, &generation, err) != RC_OK)
		return err->rc;
	return generation_accepted(call, &generation);
}

enum rc
api_generation_retry(struct call *call, struct err *err)
{
	struct app_generation generation;

	if (call_id(call, err) != RC_OK)
		return err->rc;
	if (call->idem.replay)
		return api_generation_get(call, err);
	if (app_generation_retry(call->app, call->arena, &call->actor, call->id,
	    &call->idem, &generation, err) != RC_OK)
		return refused(call, err);
	return generation_accepted(call, &generation);
}
