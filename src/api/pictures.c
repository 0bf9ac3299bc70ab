#include "config.h"

#include "api/call.h"
#include "app/pictures.h"

enum { DIGEST_CHARS = 32 };

/* nginx keeps the answer, and gives it to those whose address it has checked. */
enum rc
api_picture_jpeg(struct call *call, struct err *err)
{
	const struct str *params = call->match.params;
	const struct picture_address address = { .signature = params[0],
		.expires = params[1], .folder = params[2], .name = params[3] };
	struct http_response *response = call->response;
	struct str jpeg, digest;

	if (app_picture_jpeg(call->app, call->arena, &address, &jpeg, &digest,
	    err) != RC_OK)
		return err->rc;
	buf_add_str(&response->body, jpeg);
	response->content_type = "image/jpeg";
	response->cache_control = "private, max-age=7200, immutable";
	response->etag = arena_printf(call->arena, "\"%.*s\"", DIGEST_CHARS,
	    digest.p);
	http_header(response, "Content-Disposition", STR("inline"));
	return RC_OK;
}
