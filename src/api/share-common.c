#include "config.h"

#include "api/share-common.h"

#include "base/clock.h"
#include "codec/cookie.h"

enum { STALE_WHILE_S = 60, STALE_IF_ERROR_S = 24 * 3600 };

static int64_t
at_most(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

void
share_cache_headers(struct call *call, const struct share_view *view)
{
	struct http_response *response = call->response;
	int64_t left_s = STALE_IF_ERROR_S;

	if (view->cache_s == 0) {
		response->cache_control = "private, no-store";
		return;
	}
	/* Nothing outlives the link. */
	if (view->expires_ms != TIME_NULL)
		left_s = (view->expires_ms - clock_now_ms()) / 1000;
	response->cache_control = arena_printf(call->arena, "public, max-age=0, "
	    "s-maxage=%lld, stale-while-revalidate=%lld, stale-if-error=%lld",
	    (long long)view->cache_s, (long long)at_most(STALE_WHILE_S, left_s),
	    (long long)at_most(STALE_IF_ERROR_S, left_s)).p;
	http_header_printf(response, "Surrogate-Key", "%.*s %.*s",
	    STR_FMT(view->tag_share), STR_FMT(view->tag_design));
	http_header_printf(response, "Cache-Tag", "%.*s,%.*s",
	    STR_FMT(view->tag_share), STR_FMT(view->tag_design));
	http_header_printf(response, "xkey", "%.*s %.*s",
	    STR_FMT(view->tag_share), STR_FMT(view->tag_design));
}

/* Its path is not that of the host, so on https the prefix is another one. */
static struct str
cookie_name(const struct call *call)
{
	return call->app->conf->base.https ? STR("__Secure-bezel-s")
	    : arena_printf(call->arena, "%.*s-s", STR_FMT(call_cookie_name(call)));
}

struct str
share_unlock_cookie(const struct call *call)
{
	struct str value = STR_NULL;
	struct pairs cookies;
	struct err ignored;

	err_init(&ignored);
	if (call->request->cookie.p == NULL || cookie_parse(call->arena,
	    &call->request->cookie, 1, &cookies, &ignored) != RC_OK
	    || cookie_get(&cookies, cookie_name(call), &value, &ignored) != RC_OK)
		return STR_NULL;
	return value;
}

static void
set_cookie(struct call *call, struct str path, struct str value)
{
	http_header(call->response, "Set-Cookie", cookie_set(call->arena,
	    &(struct cookie){ .name = cookie_name(call), .value = value,
	    .path = path, .max_age_s = SHARE_UNLOCK_S, .flags = COOKIE_HTTP_ONLY
	    | (call->app->conf->base.https ? COOKIE_SECURE : 0) }));
}

void
share_set_unlock(struct call *call, struct str token, struct str unlock)
{
	set_cookie(call, arena_printf(call->arena, "/s/%.*s", STR_FMT(token)),
	    unlock);
	set_cookie(call, arena_printf(call->arena, "/v1/shares/%.*s",
	    STR_FMT(token)), unlock);
}
