#include "config.h"

#include "api/share-common.h"

#include "api/api.h"
#include "api/share-html.h"
#include "api/together.h"
#include "base/clock.h"
#include "codec/cookie.h"

static struct str
cookie_name(const struct call *call)
{
	return call->app->conf->base.https ? STR("__Secure-bezel-s")
	    : arena_printf(call->arena, "%.*s-s", STR_FMT(call_cookie_name(call)));
}

struct str
share_unlock_cookie(const struct call *call)
{
	struct pairs cookies;
	struct str value = STR_NULL;
	struct err err;

	if (call->request->cookie.p == NULL)
		return STR_NULL;
	/* Cookies that cannot be read open nothing, and hinder nobody. */
	err_init(&err);
	if (cookie_parse(call->arena, &call->request->cookie, 1, &cookies, &err)
	    != RC_OK
	    || cookie_get(&cookies, cookie_name(call), &value, &err) != RC_OK)
		return STR_NULL;
	return value;
}

static void
set_for(struct call *call, const char *below, struct str token, struct str value)
{
	http_header(call->response, "Set-Cookie", cookie_set(call->arena,
	    &(struct cookie){ .name = cookie_name(call), .value = value,
	    .path = arena_printf(call->arena, "%s%.*s", below, STR_FMT(token)),
	    .max_age_s = SHARE_UNLOCK_S, .flags = COOKIE_HTTP_ONLY
	    | (call->app->conf->base.https ? COOKIE_SECURE : 0) }));
}

void
share_set_unlock(struct call *call, struct str token, struct str value)
{
	set_for(call, "/s/", token, value);
	set_for(call, "/v1/shares/", token, value);
}

enum rc
share_look(struct call *call, struct share_view *ret_view, struct err *err)
{
	return app_share_view(call->app, call->arena, call->id,
	    share_unlock_cookie(call), ret_view, err);
}

void
api_shares_look_together(struct arena *arena, struct joint *const *joints, size_t n)
{
	struct str *tokens = arena_many(arena, n, struct str);
	struct err err;

	for (size_t i = 0; i < n; i++)
		tokens[i] = joints[i]->call.id;
	err_init(&err);
	/* Their tokens are ours (api_kind()), so all of them ask. */
	if (app_shares_read_ahead(joints[0]->call.app, arena, tokens, n, &err)
	    == RC_UNAVAILABLE)
		for (size_t i = 0; i < n; i++)
			joint_refuse(joints[i], &err);
}

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void
add_tags(struct http_response *response, const struct share_view *view)
{
	struct str tags = ARENA_JOIN(response->arena, view->tag_share, STR(" "),
	    view->tag_design);

	http_header(response, "Surrogate-Key", tags);
	http_header(response, "Cache-Tag", ARENA_JOIN(response->arena,
	    view->tag_share, STR(","), view->tag_design));
	http_header(response, "xkey", tags);
}

/* So long it is as it is, for all that time tells. */
static int64_t
seconds_left(const struct share_view *view)
{
	int64_t left_s = SHARE_FRESH_S + SHARE_IF_ERROR_S;

	if (view->expires_ms != TIME_NULL)
		left_s = least(left_s,
		    (view->expires_ms - clock_now_ms()) / 1000);
	return left_s;
}

void
share_cache_headers(struct call *call, const struct share_view *view)
{
	struct http_response *response = call->response;
	int64_t left_s = seconds_left(view), fresh_s = least(SHARE_FRESH_S, left_s);

	if (view->state != SHARE_OPEN || left_s <= 0) {
		response->cache_control = "private, no-store";
		response->etag = STR_NULL;
		return;
	}
	left_s -= fresh_s;
	response->cache_control = arena_printf(call->arena, "public, max-age=0, "
	    "s-maxage=%lld, stale-while-revalidate=%lld, stale-if-error=%lld",
	    (long long)fresh_s, (long long)least(SHARE_REFRESH_S, left_s),
	    (long long)least(SHARE_IF_ERROR_S, left_s)).p;
	response->etag = ARENA_JOIN(call->arena, STR("\""), view->etag,
	    STR("\""));
	add_tags(response, view);
}

/* --- pages ---------------------------------------------------------------- */

void
share_page_headers(struct call *call, const struct share_sheet *sheet,
    const char *referrer)
{
	struct http_response *response = call->response;

	response->content_type = "text/html; charset=utf-8";
	http_header(response, "Content-Security-Policy", sheet->policy);
	http_header(response, "Referrer-Policy", str_of(referrer));
}

/* What people read; a problem's own sentences are for those who program. */
static const struct {
	enum rc rc;
	struct str heading, text;
} refusals[] = {
	{ RC_NOT_FOUND, STR_INIT("There is nothing here"), STR_INIT("The link may "
	    "be incomplete, or it is no longer shared. Please ask whoever sent it "
	    "to you.") },
	{ RC_LINK_EXPIRED, STR_INIT("This link has expired"), STR_INIT("Whoever "
	    "shared it with you can make it last longer.") },
	{ RC_ORIGIN_REQUIRED, STR_INIT("Please try again"), STR_INIT("The password "
	    "did not come from this page. Open the link again and type it "
	    "there.") },
	{ RC_RATE, STR_INIT("Please wait a moment"), STR_INIT("There were too many "
	    "requests.") },
	{ RC_UNAVAILABLE, STR_INIT("Please try again in a moment"), STR_INIT("This "
	    "page cannot be shown right now.") },
};

static void
add_refusal(struct buf *body, enum rc rc)
{
	struct str heading = str_of(error_rows[rc].title), text = STR_NULL;

	for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
		if (refusals[i].rc == rc) {
			heading = refusals[i].heading;
			text = refusals[i].text;
		}
	share_html_message(body, heading, text);
}

/* No text of ours has a dollar, which nginx could not be told. */
void
api_print_share_nothing(struct buf *buf)
{
	struct buf body;

	buf_init(&body, buf->arena, 4096, 1 << 16);
	add_refusal(&body, RC_NOT_FOUND);
	buf_addz(buf, "add_header Content-Security-Policy \"");
	buf_add_str(buf, share_sheet_note.policy);
	buf_addz(buf, "\" always;\nreturn 404 '");
	for (size_t i = 0; i < body.n; i++) {
		if (body.p[i] == '\\' || body.p[i] == '\'')
			buf_add_char(buf, '\\');
		buf_add_char(buf, body.p[i]);
	}
	buf_addz(buf, "';\n");
}

void
share_refuse(struct call *call, const struct err *err)
{
	http_refuse(call->response, err);
	add_refusal(&call->response->body, err->rc);
	share_page_headers(call, &share_sheet_note, "no-referrer");
}
