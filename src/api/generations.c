#include "config.h"

#include "api/call.h"
#include "api/cursor.h"
#include "app/generations.h"
#include "schema/documents.h"

static enum rc
accepted(struct call *call, const struct app_generation *generation)
{
	reply_accepted(call, "/v1/generations/", generation->id);
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
		return reply_refused(call, &generation.quota, err);
	return accepted(call, &generation);
}

enum rc
api_refinement_create(struct call *call, struct err *err)
{
	struct app_generation generation;

	if (call_id(call, err) != RC_OK || app_refinement_create(call->app,
	    call->arena, &call->actor, call->id, call->body, &call->idem,
	    &generation, err) != RC_OK)
		return reply_refused(call, &generation.quota, err);
	return accepted(call, &generation);
}

/* No places in the queue: those are told by each generation. */
enum rc
api_generation_list(struct call *call, struct err *err)
{
	static const char *const params[] = { "limit", "cursor", NULL };
	static const char *const *const filters = params + 2;
	struct str docs[PAGE_MAX + 1], after, cursor;
	size_t n;
	int limit;

	if (call_id(call, err) != RC_OK
	    || call_params_known(call, params, err) != RC_OK
	    || call_param_limit(call, &limit, err) != RC_OK
	    || cursor_open(call, filters, &after, err) != RC_OK
	    || app_generation_list(call->app, call->arena, &call->actor, call->id,
	    after, limit + 1, docs, &n, err) != RC_OK)
		return err->rc;
	cursor = cursor_by_id(call, filters, docs, &n, limit);
	cursor_page(call, &doc_job, docs, n, NULL, cursor);
	return RC_OK;
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

/* As it was answered first, with what is there by now. */
static enum rc
replayed(struct call *call, struct err *err)
{
	struct app_generation generation = { 0 };

	if (app_generation_get(call->app, call->arena, &call->actor, call->id,
	    &generation, err) != RC_OK)
		return err->rc;
	return accepted(call, &generation);
}

enum rc
api_generation_cancel(struct call *call, struct err *err)
{
	struct app_generation generation;

	if (call_id(call, err) != RC_OK)
		return err->rc;
	if (call->idem.replay)
		return replayed(call, err);
	if (app_generation_cancel(call->app, call->arena, &call->actor, call->id,
	    &call->idem, &generation, err) != RC_OK)
		return err->rc;
	return accepted(call, &generation);
}

enum rc
api_generation_retry(struct call *call, struct err *err)
{
	struct app_generation generation;

	if (call_id(call, err) != RC_OK)
		return err->rc;
	if (call->idem.replay)
		return replayed(call, err);
	if (app_generation_retry(call->app, call->arena, &call->actor, call->id,
	    &call->idem, &generation, err) != RC_OK)
		return reply_refused(call, &generation.quota, err);
	return accepted(call, &generation);
}
