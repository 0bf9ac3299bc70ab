#include "config.h"

#include "api/share-common.h"
#include "api/share-html.h"
#include "codec/form.h"

/*
 * The page asks for nothing but the token, and one read. What it shows to everybody
 * is the same for everybody, so caches answer most requests.
 */

static enum rc
reply_page(struct call *call, const struct share_view *view)
{
	struct http_response *response = call->response;

	share_cache_headers(call, view);
	if (response->etag.p != NULL)	/* another look is another page */
		response->etag = ARENA_JOIN(call->arena, STR("\""), view->etag,
		    STR("-"), share_look_version, STR("\""));
	share_page_headers(call, &share_sheet_page, "no-referrer");
	share_html_page(&response->body, call->app->conf->base_url, view);
	return RC_OK;
}

/* With "no-referrer" browsers would send "Origin: null" along with the form, and those
 * without Sec-Fetch-Site could not prove that it is ours. Others learn nothing either
 * way. */
static enum rc
reply_form(struct call *call, int status, struct str fault)
{
	call->response->status = status;
	call->response->cache_control = "private, no-store";
	share_page_headers(call, &share_sheet_form, "same-origin");
	share_html_form(&call->response->body, fault);
	return RC_OK;
}

enum rc
api_share_page(struct call *call, struct err *err)
{
	struct share_view view;

	if (share_look(call, &view, err) != RC_OK)
		return err->rc;
	if (view.state == SHARE_EXPIRED)
		return err_set(err, RC_LINK_EXPIRED, "This link has ended.");
	return view.state == SHARE_LOCKED ? reply_form(call, 200, STR_NULL)
	    : reply_page(call, &view);
}

static enum rc
read_password(const struct call *call, struct str *ret_password, struct err *err)
{
	struct pairs fields;

	if (form_parse(call->arena, call->request->content_type,
	    call->request->body, &fields, err) != RC_OK)
		return err->rc;
	*ret_password = pairs_get(&fields, STR("password"));
	return RC_OK;
}

/* "in 40 seconds", "in 3 minutes" */
static struct str
wait_text(struct arena *arena, int wait_s)
{
	int n = wait_s < 100 ? wait_s : (wait_s + 59) / 60;
	const char *unit = wait_s < 100 ? "second" : "minute";

	if (wait_s >= 100 * 60) {
		n = (wait_s + 3599) / 3600;
		unit = "hour";
	}
	return arena_printf(arena, "Too many wrong passwords came from where you "
	    "are. Please try again in %d %s%s.", n, unit, n == 1 ? "" : "s");
}

/* What the person can mend is said at the form; anything else is an error's page. */
static enum rc
reply_refused_password(struct call *call, struct err *err)
{
	struct err was = *err;

	if (was.rc != RC_SHARE_PASSWORD && was.rc != RC_RATE)
		return was.rc;
	err_init(err);
	if (was.rc == RC_SHARE_PASSWORD)
		return reply_form(call, error_rows[was.rc].status,
		    STR("That is not the password. Please try again."));
	http_header_printf(call->response, "Retry-After", "%d",
	    was.retry_after_s);
	return reply_form(call, error_rows[was.rc].status,
	    wait_text(call->arena, was.retry_after_s));
}

/* Back to the page by GET, so that a reload asks for no password. One that has no
 * password any more needs no cookie. */
enum rc
api_share_page_unlock(struct call *call, struct err *err)
{
	struct str password, unlock = STR_NULL;

	if (read_password(call, &password, err) != RC_OK)
		return err->rc;
	if (password.n == 0)
		return reply_form(call, error_rows[RC_INVALID].status,
		    STR("Please type the password."));
	if (app_share_unlock(call->app, call->arena, call->id, password,
	    call->actor.address, &unlock, err) == RC_CONFLICT)
		err_init(err);
	if (err->rc != RC_OK)
		return reply_refused_password(call, err);
	if (unlock.p != NULL)
		share_set_unlock(call, call->id, unlock);
	http_header(call->response, "Location", arena_printf(call->arena,
	    "/s/%.*s", STR_FMT(call->id)));
	call->response->cache_control = "private, no-store";
	return RC_OK;
}
