#include "config.h"

#include "api/api.h"
#include "api/call.h"
#include "app/ready.h"
#include "codec/json.h"

enum rc
api_healthz(struct call *call, struct err *err)
{
	(void)err;
	buf_addz(&call->response->body, "{\"status\":\"ok\"}");
	reply_json(call, &call->response->body);
	return RC_OK;
}

enum rc
api_readyz(struct call *call, struct err *err)
{
	struct buf *body = &call->response->body;

	buf_addz(body, "{\"status\":\"ready\",\"failing\":");
	if (app_ready(call->app, call->arena, body, err) != RC_OK)
		return err->rc;
	buf_add_char(body, '}');
	reply_json(call, &call->response->body);
	return RC_OK;
}

enum rc
api_metrics(struct call *call, struct err *err)
{
	(void)err;
	metrics_print(&call->response->body, call->app->shared);
	call->response->content_type = "text/plain; version=0.0.4; charset=utf-8";
	return RC_OK;
}

enum rc
api_docs(struct call *call, struct err *err)
{
	(void)err;
	buf_addz(&call->response->body,
	    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">"
	    "<title>bezel: REST interface</title>"
	    "<meta name=\"viewport\" content=\"width=device-width\">"
	    "<h1>bezel</h1><p>The REST interface is described by "
	    "<a href=\"/v1/openapi.json\">/v1/openapi.json</a> (OpenAPI 3.1). "
	    "Errors are <a href=\"https://www.rfc-editor.org/rfc/rfc9457\">"
	    "RFC 9457</a> problems; their types are explained at "
	    "<code>/v1/problems/{code}</code>.</p><table><tr><th>method<th>path"
	    "<th>what");
	for (size_t i = 0; i < route_count; i++)
		buf_printf(&call->response->body,
		    "<tr><td>%s<td><code>%s</code><td>%s",
		    http_method_name(routes[i].match.verb),
		    routes[i].match.pattern, routes[i].text);
	buf_addz(&call->response->body, "</table></html>");
	call->response->content_type = "text/html; charset=utf-8";
	call->response->cache_control = "public, max-age=3600";
	return RC_OK;
}

enum rc
api_openapi(struct call *call, struct err *err)
{
	(void)err;
	api_print_openapi(&call->response->body);
	reply_json(call, &call->response->body);
	call->response->cache_control = "public, max-age=3600";
	return RC_OK;
}

enum rc
api_problem_page(struct call *call, struct err *err)
{
	struct buf *body = &call->response->body;

	for (int rc = RC_OK + 1; rc < RC_COUNT; rc++) {
		if (!str_eqz(call->id, error_rows[rc].code))
			continue;
		buf_addz(body, "{\"code\":");
		buf_add_json(body, call->id);
		buf_printf(body, ",\"status\":%d,\"title\":",
		    error_rows[rc].status);
		buf_add_json(body, str_of(error_rows[rc].title));
		buf_add_char(body, '}');
		reply_json(call, body);
		call->response->cache_control = "public, max-age=3600";
		return RC_OK;
	}
	return err_set(err, RC_NOT_FOUND, "There is no such problem type.");
}
