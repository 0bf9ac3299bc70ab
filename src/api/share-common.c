#include "config.h"

#include "api/share-common.h"

#include "codec/cookie.h"

/* As long as one looks at it, and no longer than a day. */
enum { UNLOCKED_S = 12 * 3600 };

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
	    .max_age_s = UNLOCKED_S, .flags = COOKIE_HTTP_ONLY
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

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void
add_tags(struct http_response *response, const struct share_view *view)
{
	http_header_printf(response, "Surrogate-Key", "%.*s %.*s",
	    STR_FMT(view->tag_share), STR_FMT(view->tag_design));
	http_header_printf(response, "Cache-Tag", "%.*s,%.*s",
	    STR_FMT(view->tag_share), STR_FMT(view->tag_design));
	http_header_printf(response, "xkey", "%.*s %.*s",
	    STR_FMT(view->tag_share), STR_FMT(view->tag_design));
}

void
share_cache_headers(struct call *call, const struct share_view *view)
{
	struct http_response *response = call->response;
	int64_t fresh_s, left_s;

	if (view->state != SHARE_OPEN || view->cache_s <= 0) {
		response->cache_control = "private, no-store";
		response->etag = STR_NULL;
		return;
	}
	fresh_s = least(SHARE_FRESH_S, view->cache_s);
	left_s = view->cache_s - fresh_s;
	response->cache_control = arena_printf(call->arena, "public, max-age=0, "
	    "s-maxage=%lld, stale-while-revalidate=%lld, stale-if-error=%lld",
	    (long long)fresh_s, (long long)least(SHARE_REFRESH_S, left_s),
	    (long long)least(SHARE_IF_ERROR_S, left_s)).p;
	response->etag = view->etag;
	add_tags(response, view);
}

bool
share_not_modified(struct call *call)
{
	struct http_response *response = call->response;

	if (response->etag.p == NULL || call->request->if_none_match.p == NULL
	    || !http_etag_in(call->request->if_none_match, response->etag, true))
		return false;
	response->status = 304;
	response->content_type = NULL;
	return true;
}
