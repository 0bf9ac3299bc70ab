#include "config.h"

#include "api/call.h"

#include "app/unsubscribe.h"
#include "codec/html.h"

/* Small and whole: no script, no file besides, nothing that tells of the token. */
static const char style[] = "body{margin:0;min-height:100vh;display:grid;"
    "place-items:center;font:1.0625rem/1.5 system-ui,sans-serif;background:#f4f4f4;"
    "color:#222}main{max-width:30rem;padding:2rem}h1{font-size:1.5rem;font-weight:500}"
    "button{font:inherit;padding:.7rem 1.4rem;border:0;border-radius:.5rem;"
    "background:#222;color:#fff;cursor:pointer}"
    "button:focus-visible{outline:3px solid #4a7dff;outline-offset:2px}"
    "@media(prefers-color-scheme:dark){body{background:#1b1b1b;color:#e6e6e6}"
    "button{background:#e6e6e6;color:#1b1b1b}}";

static enum rc
reply_page(struct call *call, const char *heading, struct str text,
    const char *rest)
{
	struct http_response *response = call->response;
	struct buf *body = &response->body;

	buf_printf(body, "<!doctype html>\n<html lang=\"en\"><head>"
	    "<meta charset=\"utf-8\"><meta name=\"viewport\" content=\""
	    "width=device-width\"><meta name=\"robots\" content=\"noindex\">"
	    "<title>%s</title><style>%s</style></head><body><main><h1>%s</h1><p>",
	    heading, style, heading);
	buf_add_html(body, text);
	buf_printf(body, "</p>%s</main></body></html>\n", rest);
	response->content_type = "text/html; charset=utf-8";
	http_header(response, "Content-Security-Policy", STR("default-src 'none'; "
	    "style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
	    "frame-ancestors 'none'"));
	http_header(response, "Referrer-Policy", STR("no-referrer"));
	return RC_OK;
}

/* Looks only: scanners of mail open every link. */
enum rc
api_unsubscribe_page(struct call *call, struct err *err)
{
	struct str list;

	if (app_unsubscribe_list(call->app, call->id, &list, err) != RC_OK)
		return err->rc;
	return reply_page(call, "No more of this mail?", arena_printf(call->arena,
	    "You would get no more mail about %.*s. Mail about your account itself"
	    " is not changed.", STR_FMT(list)), "<form method=\"post\">"
	    "<input type=\"hidden\" name=\"List-Unsubscribe\" value=\"One-Click\">"
	    "<button>Unsubscribe</button></form>");
}

enum rc
api_unsubscribe(struct call *call, struct err *err)
{
	struct str list;

	if (app_unsubscribe(call->app, call->arena, call->id, &list, err)
	    != RC_OK)
		return err->rc;
	return reply_page(call, "You are unsubscribed", arena_printf(call->arena,
	    "There will be no more mail about %.*s. Your account's settings bring"
	    " it back.", STR_FMT(list)), "");
}
