#include "config.h"

#include "api/call.h"

#include "app/device.h"
#include "app/identities.h"
#include "app/provider-email.h"
#include "app/provider-flow.h"
#include "base/clock.h"
#include "base/log.h"
#include "codec/form.h"
#include "codec/json.h"
#include "schema/documents.h"

/* A browser comes here by a link and leaves again: what goes wrong is a word in the
 * address of a page of the studio, the code of errors.def. */

enum rc
api_auth_providers(struct call *call, struct err *err)
{
	struct buf *body = &call->response->body;

	(void)err;
	buf_addz(body, "{\"providers\":");
	app_flow_providers_print(call->app, body);
	buf_add_char(body, '}');
	reply_json(call, body);
	return RC_OK;
}

static void
go_to(struct call *call, struct str own_path)
{
	http_header(call->response, "Location", arena_printf(call->arena,
	    "%.*s%.*s", STR_FMT(call->app->conf->base_url), STR_FMT(own_path)));
}

static void
note_failure(const struct call *call, const char *provider, const struct err *err)
{
	enum log_level level = err->rc == RC_INTERNAL
	    || err->rc == RC_SIGN_IN_INVALID ? LOG_ERROR
	    : error_rows[err->rc].status >= 500 ? LOG_WARN : LOG_INFO;

	if (err->rc != RC_SIGN_IN_CANCELLED)
		metric_add(call->app->shared,
		    METRIC_provider_sign_in_failures_total, 1);
	log_event(level, "sign_in.failed", LOG_Z("provider", provider),
	    LOG_Z("code", error_rows[err->rc].code),
	    LOG_Z("message", err->message), LOG_Z("detail", err->detail),
	    LOG_END);
}

/* Somebody signed in who wanted a link stays in the account. */
static enum rc
go_with_problem(struct call *call, const char *provider, bool link,
    struct err *err)
{
	if (err->rc == RC_NOT_FOUND)	/* of a provider that is off */
		return err->rc;
	note_failure(call, provider, err);
	go_to(call, arena_printf(call->arena, "%s?problem=%s",
	    link && err->rc != RC_NO_SESSION ? "/account" : "/sign-in",
	    error_rows[err->rc].code));
	err_init(err);
	return RC_OK;
}

/* --- away ---------------------------------------------------------------- */

/* A link is asked for in the studio itself: led here from elsewhere somebody could be
 * made to link a stranger's identity. */
static enum rc
guard_link(const struct call *call, struct err *err)
{
	if (str_eqz(call->request->fetch_site, "same-origin"))
		return RC_OK;
	return err_set(err, RC_ORIGIN_REQUIRED,
	    "An account is linked from our own pages (Sec-Fetch-Site).");
}

static enum rc
read_begin(struct call *call, struct str *ret_return_to, bool *ret_link,
    struct err *err)
{
	static const char *const known[] = { "return_to", "link", NULL };
	struct str link = call_param(call, "link");

	if (call_params_known(call, known, err) != RC_OK)
		return err->rc;
	*ret_link = link.p != NULL;
	if (*ret_link && !str_eqz(link, "1"))
		return call_bad_param(call, "link", "1, or left out.", err);
	*ret_return_to = call_param(call, "return_to");
	if (ret_return_to->p == NULL)
		*ret_return_to = *ret_link ? STR("/account") : STR("/");
	if (!flow_path_is(*ret_return_to))
		return call_bad_param(call, "return_to",
		    "A path of the studio, like /account.", err);
	return *ret_link ? guard_link(call, err) : RC_OK;
}

static enum rc
begin(struct call *call, const char *provider, struct err *err)
{
	struct str return_to, url, cookie;
	bool link = false;

	if (read_begin(call, &return_to, &link, err) != RC_OK)
		return err->rc;
	if (app_flow_begin(call->app, call->arena, &call->actor, provider,
	    return_to, link, &url, &cookie, err) != RC_OK)
		return go_with_problem(call, provider, link, err);
	call_set_cookie(call, "-o", cookie, FLOW_LIFE_S);
	http_header(call->response, "Location", url);
	return RC_OK;
}

enum rc
api_auth_google(struct call *call, struct err *err)
{
	return begin(call, "google", err);
}

enum rc
api_auth_facebook(struct call *call, struct err *err)
{
	return begin(call, "facebook", err);
}

/* --- and back ------------------------------------------------------------ */

/* Parameters that are not ours to know may come too (scope, authuser, hd ...). */
static enum rc
read_back(const struct call *call, struct flow_back *back, struct err *err)
{
	*back = (struct flow_back){ .state = call_param(call, "state"),
		.code = call_param(call, "code"), .iss = call_param(call, "iss"),
		.error = call_param(call, "error") };
	if (call_cookie(call, "-o", &back->cookie, err) != RC_OK)
		return err->rc;
	return call_cookie(call, "-d", &back->device, err);
}

static enum rc
finish(struct call *call, const char *provider, struct err *err)
{
	struct flow_back back;
	struct flow_end end;
	enum rc rc;

	if (call->request->verb != HTTP_GET) {	/* HEAD must use nothing up */
		http_header(call->response, "Allow", STR("GET"));
		return err_set(err, RC_METHOD, "A sign-in comes back by GET.");
	}
	if (read_back(call, &back, err) != RC_OK)
		return err->rc;
	rc = app_flow_finish(call->app, call->arena, &call->actor, provider, &back,
	    &end, err);
	if (end.ours)
		call_set_cookie(call, "-o", STR(""), 0);
	if (rc != RC_OK)
		return go_with_problem(call, provider, end.link, err);
	if (end.in.token.p != NULL)
		call_set_session(call, &end.in);
	if (end.pending.p != NULL)
		call_set_cookie(call, "-p", end.pending, PENDING_LIFE_S);
	go_to(call, end.pending.p != NULL ? STR("/confirm-email")
	    : end.return_to);
	return RC_OK;
}

enum rc
api_auth_google_callback(struct call *call, struct err *err)
{
	return finish(call, "google", err);
}

enum rc
api_auth_facebook_callback(struct call *call, struct err *err)
{
	return finish(call, "facebook", err);
}

/* --- an address for those without ---------------------------------------- */

enum rc
api_auth_provider_email(struct call *call, struct err *err)
{
	const struct body_email *body = call->body;
	struct str pending;

	if (call_cookie(call, "-p", &pending, err) != RC_OK
	    || app_pending_email(call->app, call->arena, &call->actor, pending,
	    body->email, err) != RC_OK)
		return err->rc;
	reply_mail_sent(call, "Look into your mail: open the link there in this "
	    "browser.");
	return RC_OK;
}

enum rc
api_auth_provider_confirm(struct call *call, struct err *err)
{
	const struct body_token *body = call->body;
	struct signed_in in;
	struct str pending;

	if (call_cookie(call, "-p", &pending, err) != RC_OK
	    || app_pending_confirm(call->app, call->arena, &call->actor, pending,
	    body->token, &in, err) != RC_OK)
		return err->rc;
	call_set_session(call, &in);
	call_set_cookie(call, "-p", STR(""), 0);
	reply_link_used(call, true);
	return RC_OK;
}

/* --- a member's identities ----------------------------------------------- */

enum rc
api_identity_list(struct call *call, struct err *err)
{
	struct buf *body = &call->response->body;
	struct str docs[APP_IDENTITIES_MAX];
	bool has_password;
	size_t n;

	if (app_identities_list(call->app, call->arena, &call->actor, docs, &n,
	    &has_password, err) != RC_OK)
		return err->rc;
	buf_addz(body, "{\"items\":[");
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_add_char(body, ',');
		add_document(call, body, &doc_identity, docs[i], STR_NULL);
	}
	buf_printf(body, "],\"has_password\":%s}", has_password ? "true" : "false");
	reply_json(call, body);
	return RC_OK;
}

enum rc
api_identity_unlink(struct call *call, struct err *err)
{
	if (call_id(call, err) != RC_OK)
		return err->rc;
	return app_identity_unlink(call->app, call->arena, &call->actor, call->id,
	    err);
}

/* --- Facebook passes on that somebody wants to be forgotten -------------- */

enum rc
api_auth_facebook_deletion(struct call *call, struct err *err)
{
	const struct http_request *r = call->request;
	struct buf *body = &call->response->body;
	struct pairs fields;
	struct str text, code;

	if (form_parse(call->arena, r->content_type, r->body, &fields, err)
	    != RC_OK)
		return err->rc;
	text = pairs_get(&fields, STR("signed_request"));
	if (text.p == NULL) {
		err_fault(err, call->arena, STR("/signed_request"), "missing",
		    "This is needed.");
		return err->rc;
	}
	if (app_provider_forget(call->app, call->arena, &call->actor, "facebook", text, &code, err) != RC_OK)
		return err->rc;
	buf_addz(body, "{\"url\":");
	buf_add_json(body, arena_printf(call->arena, "%.*s/docs/data-deletion/%.*s",
	    STR_FMT(call->app->conf->base_url), STR_FMT(code)));
	buf_addz(body, ",\"confirmation_code\":");
	buf_add_json(body, code);
	buf_add_char(body, '}');
	reply_json(call, body);
	return RC_OK;
}

enum rc
api_data_deletion_page(struct call *call, struct err *err)
{
	char text[CLOCK_TEXT_BYTES + 1] = "";	/* 2026-11-22T19:16:53.000Z */
	const char *title;
	int64_t done_ms;

	if (app_provider_forgotten(call->app, call->arena, call->id, &done_ms,
	    &title, err) != RC_OK)
		return err->rc;
	clock_text(done_ms, text);
	buf_printf(&call->response->body,
	    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">"
	    "<title>Your data</title>"
	    "<meta name=\"viewport\" content=\"width=device-width\">"
	    "<h1>Done</h1><p>What we had of you from %s was deleted on %.10s at "
	    "%.5s UTC: who you are there, and the name that we had from there."
	    "<p>If you have an account here, it stays, with what you made: a link "
	    "to your e-mail address still opens it. You can delete it in its "
	    "settings.</html>", title, text, text + 11);
	call->response->content_type = "text/html; charset=utf-8";
	return RC_OK;
}
