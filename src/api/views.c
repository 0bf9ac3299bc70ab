#include "config.h"

#include "api/call.h"
#include "api/share-common.h"
#include "app/views.h"
#include "base/log.h"
#include "codec/json.h"

/* Browsers say so when they fetch what nobody may ever look at. */
static bool
is_ahead(const struct http_request *r)
{
	return r->sec_purpose.n > 0 || r->purpose.n > 0 || r->x_purpose.n > 0
	    || r->x_moz.n > 0;
}

/* Of a page of ours: another's may make a browser send it, but not as ours. Where
 * browsers do not say (http, old ones), the token speaks for it. */
static bool
is_from_page(const struct http_request *r)
{
	return r->fetch_site.p == NULL || str_eqz(r->fetch_site, "same-origin");
}

/* Who looks is asked for only once the token is one of ours: whoever makes tokens up
 * costs no command. */
static enum rc
take_view(struct call *call, struct err *err)
{
	const struct http_request *r = call->request;
	struct view view = { .token = call->id, .agent = r->user_agent,
		.address = r->remote_addr, .unlock = share_unlock_cookie(call) };

	if (r->verb == HTTP_HEAD || is_ahead(r) || !is_from_page(r)
	    || !app_view_is_link(call->app, view.token))
		return RC_OK;
	if (call_recognise(call, err) != RC_OK)
		return err->rc;
	view.user_id = call->actor.owner.user_id;
	return app_view_take(call->app, call->arena, &view, err);
}

/* The body, whatever it is, is not looked at. */
enum rc
api_share_view_count(struct call *call, struct err *err)
{
	return take_view(call, err);
}

/* For pages without script. A picture that is not there would show on the page: so there
 * is one, whatever happens. */
enum rc
api_share_pixel(struct call *call, struct err *err)
{
	static const char gif[] = "GIF89a\1\0\1\0\200\0\0\0\0\0\377\377\377!\371\4\1\0"
	    "\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;";

	if (take_view(call, err) != RC_OK) {
		log_event(LOG_WARN, "view.lost", LOG_Z("code",
		    error_rows[err->rc].code), LOG_Z("detail", err->detail),
		    LOG_END);
		err_init(err);
	}
	buf_add(&call->response->body, gif, sizeof gif - 1);
	call->response->content_type = "image/gif";
	return RC_OK;
}

/* --- figures ----------------------------------------------------------------- */

static void
add_shares(struct buf *body, const char *list, const char *name,
    const struct view_share *shares, size_t n)
{
	buf_printf(body, ",\"%s\":[", list);
	for (size_t i = 0; i < n; i++) {
		buf_printf(body, "%s{\"%s\":", i == 0 ? "" : ",", name);
		if (shares[i].name.p == NULL)
			buf_addz(body, "null");
		else
			buf_add_json(body, shares[i].name);
		buf_printf(body, ",\"visitors\":%lld}",
		    (long long)shares[i].visitors);
	}
	buf_add_char(body, ']');
}

/* *ret_days stays when the parameter is not there. */
static enum rc
days_wanted(const struct call *call, int *ret_days, struct err *err)
{
	struct str text = call_param(call, "days");
	int64_t days;

	if (text.p == NULL)
		return RC_OK;
	if (!str_to_i64(text, &days) || days < 1 || days > VIEW_DAYS_MAX)
		return call_bad_param(call, "days", "1 to 365.", err);
	*ret_days = (int)days;
	return RC_OK;
}

enum rc
api_share_analytics(struct call *call, struct err *err)
{
	static const char *const known[] = { "days", NULL };
	struct buf *body = &call->response->body;
	struct view_report report;
	int days = VIEW_DAYS_USUAL;

	if (call_id(call, err) != RC_OK
	    || call_params_known(call, known, err) != RC_OK
	    || days_wanted(call, &days, err) != RC_OK
	    || app_views_report(call->app, call->arena, &call->actor, call->id,
	    days, &report, err) != RC_OK)
		return err->rc;
	buf_printf(body, "{\"total\":%lld,\"days\":[", (long long)report.total);
	for (int i = 0; i < report.days; i++)
		buf_printf(body, "%s{\"day\":\"%s\",\"visitors\":%lld}",
		    i == 0 ? "" : ",", report.day[i],
		    (long long)report.visitors[i]);
	buf_add_char(body, ']');
	add_shares(body, "countries", "country", report.countries,
	    report.country_count);
	add_shares(body, "devices", "device", report.devices,
	    report.device_count);
	buf_printf(body, ",\"robots\":%lld}", (long long)report.robots);
	reply_json(call, body);
	return RC_OK;
}
