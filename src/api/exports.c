#include "config.h"

#include "api/call.h"

#include "app/exports.h"
#include "schema/documents.h"

static void
reply_export(struct call *call, const struct app_export *export)
{
	struct buf more;

	buf_init(&more, call->arena, 256, 2048);
	buf_addz(&more, "\"url\":");
	if (export->export->key.p != NULL)
		app_media_url(&call->media, &more, export->export->key);
	else
		buf_addz(&more, "null");
	add_document(call, &call->response->body, &doc_export, export->doc,
	    buf_str(&more));
	reply_json(call, &call->response->body);
}

enum rc
api_export_start(struct call *call, struct err *err)
{
	struct app_export export;

	if (app_export_start(call->app, call->arena, &call->actor, &call->idem,
	    &export, err) != RC_OK)
		return err->rc;
	reply_accepted(call, "/v1/me/export", STR(""));
	reply_export(call, &export);
	return RC_OK;
}

enum rc
api_export_get(struct call *call, struct err *err)
{
	struct app_export export;
	enum rc rc = app_export_get(call->app, call->arena, &call->actor, &export,
	    err);

	if (rc == RC_NOT_FOUND) {	/* none is no fault, nor one in a console */
		err_init(err);
		call->response->status = 204;
		return RC_OK;
	}
	if (rc != RC_OK)
		return rc;
	reply_export(call, &export);
	return RC_OK;
}
