#include "config.h"

#include "api/call.h"
#include "app/uploads.h"
#include "codec/json.h"
#include "codec/multipart.h"
#include "schema/documents.h"

enum rc
api_upload_create(struct call *call, struct err *err)
{
	const struct http_request *request = call->request;
	struct buf more;
	struct multipart form;
	const struct part *file;
	struct upload upload;

	if (multipart_parse(call->arena, request->content_type, request->body,
	    &form, err) != RC_OK)
		return err->rc;
	file = multipart_get(&form, STR("file"));
	if (file == NULL) {
		err_fault(err, call->arena, STR("file"), "required",
		    "The form needs a file field named `file`.");
		return err->rc;
	}
	if (app_upload_create(call->app, call->arena, &call->actor, file->data,
	    &call->idem, &upload, err) != RC_OK)
		return err->rc;
	buf_init(&more, call->arena, 256, 2048);
	buf_addz(&more, "\"url\":");
	app_media_url(&call->media, &more, upload.key);
	buf_addz(&more, ",\"thumbnail_url\":");
	app_media_url(&call->media, &more, upload.thumbnail_key);
	add_document(call, &call->response->body, &doc_upload,
	    doc_to_bson(&doc_upload, &upload, call->arena), buf_str(&more));
	reply_json(call, &call->response->body);
	return RC_OK;
}
