#include "config.h"

#include "api/call.h"
#include "api/cursor.h"
#include "app/api-keys.h"
#include "schema/documents.h"

enum rc
api_api_key_create(struct call *call, struct err *err)
{
	struct api_key *key = call->body;
	struct str text, more;
	enum rc rc = app_api_key_create(call->app, call->arena, &call->actor, key,
	    &call->idem, &text, err);

	if (rc == RC_OK || rc == RC_ALREADY_CREATED)
		http_header(call->response, "Location", arena_printf(call->arena,
		    "/v1/api-keys/%.*s", STR_FMT(call->idem.id)));
	if (rc != RC_OK)
		return rc;
	more = arena_printf(call->arena, "\"key\":\"%.*s\"", STR_FMT(text));
	add_document(call, &call->response->body, &doc_api_key,
	    doc_to_bson(&doc_api_key, key, call->arena), more);
	reply_json(call, &call->response->body);
	return RC_OK;
}

enum rc
api_api_key_list(struct call *call, struct err *err)
{
	static const char *const params[] = { "limit", "cursor", NULL };
	static const char *const *const filters = params + 2;
	struct str docs[PAGE_MAX + 1], after, cursor;
	size_t n;
	int limit;

	if (call_params_known(call, params, err) != RC_OK
	    || call_param_limit(call, &limit, err) != RC_OK
	    || cursor_open(call, filters, &after, err) != RC_OK
	    || app_api_key_list(call->app, call->arena, &call->actor, after,
	    limit + 1, docs, &n, err) != RC_OK)
		return err->rc;
	cursor = cursor_by_id(call, filters, docs, &n, limit);
	cursor_page(call, &doc_api_key, docs, n, NULL, cursor);
	return RC_OK;
}

enum rc
api_api_key_revoke(struct call *call, struct err *err)
{
	if (call_id(call, err) != RC_OK)
		return err->rc;
	return app_api_key_revoke(call->app, call->arena, &call->actor, call->id,
	    err);
}
