#include "config.h"

#include "api/shares.h"

#include "api/share-common.h"
#include "base/clock.h"
#include "codec/json.h"
#include "schema/documents.h"

/* --- members of answers -------------------------------------------------- */

static void
add_text(struct buf *buf, const char *name, struct str text)
{
	buf_printf(buf, ",\"%s\":", name);
	if (text.p == NULL)
		buf_addz(buf, "null");
	else
		buf_add_json(buf, text);
}

static void
add_bool(struct buf *buf, const char *name, bool value)
{
	buf_printf(buf, ",\"%s\":%s", name, value ? "true" : "false");
}

static void
add_time(struct buf *buf, const char *name, int64_t ms)
{
	buf_printf(buf, ",\"%s\":", name);
	buf_add_json_time(buf, ms);
}

/* --- the owner ----------------------------------------------------------- */

void
add_share(struct buf *buf, const struct app_share *share)
{
	buf_addz(buf, "{\"design_id\":");
	buf_add_json(buf, share->design_id);
	add_text(buf, "url", share->url);
	add_text(buf, "token", share->token);
	add_bool(buf, "valid", share->valid);
	add_text(buf, "title", share->title);
	add_bool(buf, "show_prompt", share->show_prompt);
	add_bool(buf, "password_protected", share->password_protected);
	add_time(buf, "expires_at", share->expires_at);
	buf_printf(buf, ",\"view_count\":%lld}", (long long)share->view_count);
}

/* Views and retired keys do not touch updated_at. If-Match takes the first part of the
 * tag, as of a design. */
static void
reply_share(struct call *call, const struct app_share *share)
{
	struct buf *body = &call->response->body;

	if (share->updated_at_ms != TIME_NULL) {
		call->response->etag = arena_printf(call->arena,
		    "\"%lld-s%lld.%d\"", (long long)share->updated_at_ms,
		    (long long)share->view_count, share->valid);
		if (reply_not_modified(call))
			return;
	}
	add_share(body, share);
	reply_json(call, body);
}

enum rc
api_share_put(struct call *call, struct err *err)
{
	struct app_share share;

	if (call_id(call, err) != RC_OK || app_share_put(call->app, call->arena,
	    &call->actor, call->id, call->if_match_ms, call->body, &share, err)
	    != RC_OK)
		return err->rc;
	if (!share.created)
		call->response->status = 200;
	else
		http_header(call->response, "Location", arena_printf(call->arena,
		    "/v1/designs/%.*s/share", STR_FMT(call->id)));
	reply_share(call, &share);
	return RC_OK;
}

enum rc
api_share_get(struct call *call, struct err *err)
{
	struct app_share share;

	if (call_id(call, err) != RC_OK || app_share_get(call->app, call->arena,
	    &call->actor, call->id, &share, err) != RC_OK)
		return err->rc;
	reply_share(call, &share);
	return RC_OK;
}

enum rc
api_share_revoke(struct call *call, struct err *err)
{
	if (call_id(call, err) != RC_OK)
		return err->rc;
	return app_share_revoke(call->app, call->arena, &call->actor, call->id,
	    call->if_match_ms, err);
}

/* May be repeated without harm: done is noted after the effect. */
enum rc
api_share_restore(struct call *call, struct err *err)
{
	struct app_share share;

	if (call->idem.replay)
		return api_share_get(call, err);
	if (call_id(call, err) != RC_OK || app_share_restore(call->app,
	    call->arena, &call->actor, call->id, &share, err) != RC_OK
	    || app_idem_done(call->app, call->arena, &call->idem,
	    call->route->status, err) != RC_OK)
		return err->rc;
	reply_share(call, &share);
	return RC_OK;
}

/* --- the viewer ---------------------------------------------------------- */

static void
add_picture(struct buf *buf, const char *name, const struct share_view *view,
    struct str picture)
{
	buf_printf(buf, ",\"%s\":\"/s/%.*s/i/%.*s\"", name, STR_FMT(view->token),
	    STR_FMT(picture));
}

static void
add_view(struct call *call, struct buf *buf, const struct share_view *view)
{
	buf_addz(buf, "{\"url\":");
	buf_add_json(buf, arena_printf(call->arena, "%.*s/s/%.*s",
	    STR_FMT(call->app->conf->base_url), STR_FMT(view->token)));
	add_text(buf, "title", view->title);
	add_text(buf, "prompt", view->prompt);
	add_text(buf, "stone", view->stone);
	add_text(buf, "gem_type", view->gem_type);
	add_text(buf, "cut", view->cut);
	add_text(buf, "color", view->color);
	add_text(buf, "transparency", view->transparency);
	add_text(buf, "size", view->size);
	add_text(buf, "metals", view->metals);
	add_text(buf, "finish", view->finish);
	add_picture(buf, "image_url", view, view->picture.name);
	add_picture(buf, "thumbnail_url", view, view->picture.thumbnail_name);
	add_bool(buf, "password_protected", view->password_protected);
	add_time(buf, "created_at", view->created_at_ms);
	add_time(buf, "expires_at", view->expires_ms);
	buf_add_char(buf, '}');
}

enum rc
api_share_view(struct call *call, struct err *err)
{
	struct http_response *response = call->response;
	struct share_view view;

	if (app_share_view(call->app, call->arena, call->id,
	    share_unlock_cookie(call), &view, err) != RC_OK)
		return err->rc;
	if (view.state == SHARE_EXPIRED)
		return err_set(err, RC_LINK_EXPIRED, "This link has ended.");
	if (view.state == SHARE_LOCKED)
		return err_set(err, RC_SHARE_LOCKED,
		    "This link needs its password: POST .../unlock.");
	share_cache_headers(call, &view);
	if (view.state == SHARE_OPEN)
		response->etag = arena_printf(call->arena, "\"j%.*s\"",
		    STR_FMT(view.etag));
	add_view(call, &response->body, &view);
	reply_json(call, &response->body);
	return RC_OK;
}

enum rc
api_share_unlock(struct call *call, struct err *err)
{
	const struct body_unlock *body = call->body;
	struct str unlock;

	if (app_share_unlock(call->app, call->arena, call->id, body->password,
	    call->actor.address, &unlock, err) != RC_OK)
		return err->rc;
	share_set_unlock(call, call->id, unlock);
	return RC_OK;
}
