#include "config.h"

#include "api/call.h"

#include "app/folders.h"
#include "schema/documents.h"

static void
reply_folder(struct call *call, const struct app_folder *folder)
{
	if (folder->updated_at_ms != TIME_NULL) {
		call->response->etag = arena_printf(call->arena, "\"%lld-f\"",
		    (long long)folder->updated_at_ms);
		if (reply_not_modified(call))
			return;
	}
	add_document(call, &call->response->body, &doc_folder, folder->doc,
	    STR_NULL);
	reply_json(call, &call->response->body);
}

static enum rc
reply_folders(struct call *call, const struct str *docs, size_t n)
{
	struct buf *body = &call->response->body;

	buf_addz(body, "{\"items\":[");
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_add_char(body, ',');
		add_document(call, body, &doc_folder, docs[i], STR_NULL);
	}
	buf_addz(body, "]}");
	reply_json(call, body);
	return RC_OK;
}

enum rc
api_folder_create(struct call *call, struct err *err)
{
	struct app_folder folder;

	if (app_folders_create(call->app, call->arena, &call->actor, call->body,
	    &call->idem, &folder, err) != RC_OK)
		return err->rc;
	http_header(call->response, "Location", arena_printf(call->arena,
	    "/v1/folders/%.*s", STR_FMT(folder.id)));
	reply_folder(call, &folder);
	call->response->cache_control = "no-store";
	return RC_OK;
}

enum rc
api_folder_list(struct call *call, struct err *err)
{
	static const char *const known[] = { NULL };
	struct str *docs;
	size_t n;

	if (call_params_known(call, known, err) != RC_OK
	    || app_folders_list(call->app, call->arena, &call->actor, &docs, &n,
	    err) != RC_OK)
		return err->rc;
	return reply_folders(call, docs, n);
}

enum rc
api_folder_get(struct call *call, struct err *err)
{
	struct app_folder folder;

	if (call_id(call, err) != RC_OK || app_folders_get(call->app, call->arena,
	    &call->actor, call->id, &folder, err) != RC_OK)
		return err->rc;
	reply_folder(call, &folder);
	return RC_OK;
}

enum rc
api_folder_edit(struct call *call, struct err *err)
{
	struct app_folder folder;

	if (call_id(call, err) != RC_OK || app_folders_edit(call->app,
	    call->arena, &call->actor, call->id, call->if_match_ms, call->json,
	    &folder, err) != RC_OK)
		return err->rc;
	reply_folder(call, &folder);
	return RC_OK;
}

enum rc
api_folder_delete(struct call *call, struct err *err)
{
	if (call_id(call, err) != RC_OK)
		return err->rc;
	return app_folders_remove(call->app, call->arena, &call->actor, call->id,
	    call->if_match_ms, err);
}

enum rc
api_folder_reorder(struct call *call, struct err *err)
{
	const struct body_folder_order *body = call->body;
	struct str *docs;
	size_t n;

	if (app_folders_reorder(call->app, call->arena, &call->actor,
	    body->ids.items, body->ids.n, &call->idem, &docs, &n, err) != RC_OK)
		return err->rc;
	return reply_folders(call, docs, n);
}
