#include "config.h"

#include "api/share-common.h"
#include "app/share-gate.h"
#include "app/share-kept.h"
#include "base/clock.h"

/* As nginx says of the pictures that it serves alone (share-picture.conf.in;
 * t/check-nginx.sh compares). */
enum { PICTURE_S = 86400 };

static enum rc
check(const struct share_view *view, struct str name, struct str *ret_key,
    struct err *err)
{
	const struct share_picture *picture = &view->picture;

	if (view->state == SHARE_EXPIRED)
		return err_set(err, RC_LINK_EXPIRED, "This link has ended.");
	if (view->state == SHARE_LOCKED)
		return err_set(err, RC_SHARE_LOCKED,
		    "This link needs its password.");
	if (str_eq(name, picture->name))
		*ret_key = picture->key;
	else if (str_eq(name, picture->thumbnail_name))
		*ret_key = picture->thumbnail_key;
	else
		return err_set(err, RC_NOT_FOUND, "There is nothing here.");
	return RC_OK;
}

/* Seconds until the link ends, at most those of a picture. */
static int64_t
left_s(const struct share_view *view)
{
	int64_t left = view->expires_ms == TIME_NULL ? PICTURE_S
	    : (view->expires_ms - clock_now_ms()) / 1000;

	return left < PICTURE_S ? left : PICTURE_S;
}

/*
 * One of both pictures that the link shows now. nginx sends the object; if anybody may
 * see it for a day at least, a second name lets nginx answer the next ones alone.
 */
enum rc
api_share_file(struct call *call, struct err *err)
{
	struct http_response *response = call->response;
	struct str name = call->match.params[1], key = STR_NULL;
	struct share_view view;

	if (share_look(call, &view, err) != RC_OK
	    || check(&view, name, &key, err) != RC_OK)
		return err->rc;
	share_cache_headers(call, &view);
	response->etag = STR_NULL;	/* nginx has its own of the file */
	if (view.state == SHARE_OPEN) {
		response->cache_control = arena_printf(call->arena,
		    "public, max-age=0, s-maxage=%lld",
		    (long long)left_s(&view)).p;
		if (left_s(&view) == PICTURE_S
		    && !share_gate_is_closed(call->app, view.token))
			(void)share_kept_link(call->app, call->arena, view.token,
			    key, name);
	}
	response->content_type = "image/webp";
	http_header(response, "Content-Disposition", STR("inline"));
	http_header(response, "X-Accel-Redirect", arena_printf(call->arena,
	    "/.objects/%.*s", STR_FMT(key)));
	return RC_OK;
}
