#include "config.h"

#include "api/call.h"
#include "app/uploads.h"
#include "codec/json.h"
#include "codec/multipart.h"
#include "schema/documents.h"

enum rc
call_file(const struct call *call, struct str *ret_bytes, struct err *err)
{
	const struct http_request *request = call->request;
	struct multipart form;
	const struct part *file;

	if (multipart_parse(call->arena, request->content_type, request->body,
	    &form, err) != RC_OK)
		return err->rc;
	file = multipart_get(&form, STR("file"));
	if (file == NULL) {
		err_fault(err, call->arena, STR("file"), "required",
		    "The form needs a file field named `file`.");
		return err->rc;
	}
	*ret_bytes = file->data;
	return RC_OK;
}

enum rc
api_upload_create(struct call *call, struct err *err)
{
	struct upload upload;
	struct str bytes;
	struct buf more;

	if (call_file(call, &bytes, err) != RC_OK
	    || app_upload_create(call->app, call->arena, &call->actor, bytes,
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
