#include "config.h"

#include "api/call.h"

#include "app/accounts.h"
#include "app/device.h"
#include "app/signin.h"
#include "codec/json.h"
#include "schema/documents.h"

void
call_set_session(struct call *call, const struct signed_in *in)
{
	call_set_cookie(call, "", in->token, in->max_age_s);
	call_set_cookie(call, "-d", in->device, in->device_max_age_s);
}

void
reply_mail_sent(struct call *call, const char *message)
{
	struct buf *body = &call->response->body;

	buf_addz(body, "{\"message\":");
	buf_add_json(body, str_of(message));
	buf_add_char(body, '}');
	reply_json(call, body);
}

void
reply_link_used(struct call *call, bool signed_in)
{
	buf_printf(&call->response->body, "{\"signed_in\":%s}",
	    signed_in ? "true" : "false");
	reply_json(call, &call->response->body);
}

enum rc
api_auth_register(struct call *call, struct err *err)
{
	struct str browser;

	if (app_register(call->app, call->arena, &call->actor, call->body,
	    &browser, err) != RC_OK)
		return err->rc;
	call_set_cookie(call, "-r", browser, BROWSER_LIFE_S);
	reply_mail_sent(call, "Look into your mail: the link there confirms your "
	    "address.");
	return RC_OK;
}

enum rc
api_auth_login(struct call *call, struct err *err)
{
	struct signed_in in;
	struct str device;

	if (call_cookie(call, "-d", &device, err) != RC_OK
	    || app_login(call->app, call->arena, &call->actor, call->body, device,
	    &in, err) != RC_OK)
		return err->rc;
	call_set_session(call, &in);
	add_document(call, &call->response->body, &doc_user, in.user, STR_NULL);
	reply_json(call, &call->response->body);
	return RC_OK;
}

enum rc
api_auth_logout(struct call *call, struct err *err)
{
	if (app_logout(call->app, call->arena, &call->actor, err) != RC_OK)
		return err->rc;
	call_set_cookie(call, "", STR(""), 0);
	http_header(call->response, "Clear-Site-Data", STR("\"cache\""));
	return RC_OK;
}

enum rc
api_auth_verify_email(struct call *call, struct err *err)
{
	const struct body_token *body = call->body;
	struct signed_in in;
	struct str browser;

	if (call_cookie(call, "-r", &browser, err) != RC_OK
	    || app_email_verify(call->app, call->arena, &call->actor, body->token,
	    browser, &in, err) != RC_OK)
		return err->rc;
	if (in.token.p != NULL) {
		call_set_session(call, &in);
		call_set_cookie(call, "-r", STR(""), 0);
	}
	reply_link_used(call, in.token.p != NULL);
	return RC_OK;
}

static enum rc
ask_mail(struct call *call, const char *template, const char *message,
    struct err *err)
{
	const struct body_email *body = call->body;

	if (app_mail_ask(call->app, call->arena, &call->actor, template,
	    body->email, err) != RC_OK)
		return err->rc;
	reply_mail_sent(call, message);
	return RC_OK;
}

enum rc
api_auth_verify_resend(struct call *call, struct err *err)
{
	return ask_mail(call, "verify_email", "If an account waits for this "
	    "address to be confirmed, a new link is on its way.", err);
}

enum rc
api_auth_reset(struct call *call, struct err *err)
{
	return ask_mail(call, "password_reset", "If there is an account with this "
	    "address, a link is on its way; it holds for 15 minutes.", err);
}

enum rc
api_auth_reset_confirm(struct call *call, struct err *err)
{
	struct signed_in in;

	if (app_password_reset(call->app, call->arena, &call->actor, call->body,
	    &in, err) != RC_OK)
		return err->rc;
	call_set_session(call, &in);
	reply_link_used(call, true);
	return RC_OK;
}

enum rc
api_auth_password(struct call *call, struct err *err)
{
	struct signed_in in;

	if (app_password_change(call->app, call->arena, &call->actor, call->body,
	    &in, err) != RC_OK)
		return err->rc;
	call_set_session(call, &in);
	return RC_OK;
}
