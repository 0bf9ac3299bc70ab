#include "config.h"

#include "api/share-common.h"
#include "app/share-card.h"

/*
 * A link with a password has no card but for whoever has given it: title, stone and
 * picture are what the password hides, and a card of nothing is worth no request. It is
 * the same 404 as for a link that there is not. Programs that make previews find none
 * named on the page either.
 */
enum rc
api_share_card(struct call *call, struct err *err)
{
	struct http_response *response = call->response;
	struct share_view view;
	struct str jpeg;

	if (share_look(call, &view, err) != RC_OK)
		return err->rc;
	if (view.state == SHARE_EXPIRED)
		return err_set(err, RC_LINK_EXPIRED, "This link has ended.");
	if (view.state == SHARE_LOCKED)
		return err_set(err, RC_NOT_FOUND, "There is nothing here.");
	if (app_share_card(call->app, call->arena, &view, &jpeg, err) != RC_OK)
		return err->rc;
	share_cache_headers(call, &view);
	if (response->etag.p != NULL)
		response->etag = ARENA_JOIN(call->arena,
		    STR("\"" SHARE_CARD_LOOK "-"), view.etag, STR("\""));
	http_header(response, "Content-Disposition", STR("inline"));
	/* Other sites show it: it is how a link is embedded. */
	http_header(response, "Cross-Origin-Resource-Policy", STR("cross-origin"));
	response->content_type = "image/jpeg";
	buf_add_str(&response->body, jpeg);
	return RC_OK;
}

/* --- the owner's code to scan --------------------------------------------- */

static enum rc
reply_qr(struct call *call, enum share_qr kind, int size_px, struct err *err)
{
	struct http_response *response = call->response;

	if (call_id(call, err) != RC_OK || app_share_qr(call->app, call->arena,
	    &call->actor, call->id, kind, size_px, &response->body, err) != RC_OK)
		return err->rc;
	response->content_type = kind == SHARE_QR_SVG ? "image/svg+xml"
	    : "image/png";
	response->cache_control = "private, no-store";
	http_header(response, "Content-Disposition", kind == SHARE_QR_SVG
	    ? STR("attachment; filename=\"bezel-link.svg\"")
	    : STR("attachment; filename=\"bezel-link.png\""));
	return RC_OK;
}

enum rc
api_share_qr_svg(struct call *call, struct err *err)
{
	static const char *const names[] = { NULL };

	if (call_params_known(call, names, err) != RC_OK)
		return err->rc;
	return reply_qr(call, SHARE_QR_SVG, 0, err);
}

enum rc
api_share_qr_png(struct call *call, struct err *err)
{
	static const char *const names[] = { "size", NULL };
	struct str text = call_param(call, "size");
	int64_t size = SHARE_QR_USUAL;

	if (call_params_known(call, names, err) != RC_OK)
		return err->rc;
	if (text.p != NULL && (!str_to_i64(text, &size) || size < SHARE_QR_MIN
	    || size > SHARE_QR_MAX))
		return call_bad_param(call, "size", "128 to 2048 pixels.", err);
	return reply_qr(call, SHARE_QR_PNG, (int)size, err);
}
