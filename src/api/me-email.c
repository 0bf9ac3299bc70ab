/* me-email.c - the address of an account: asking for another one, its link, and back. */
#include "config.h"

#include "api/call.h"

#include "app/email-change.h"
#include "schema/documents.h"

enum rc
api_me_email_ask(struct call *call, struct err *err)
{
	const struct body_email *body = call->body;
	bool present;

	if (app_email_change_ask(call->app, call->arena, &call->actor,
	    body->email, &present, err) != RC_OK)
		return err->rc;
	reply_mail_sent(call, present
	    ? "This is your address; it stays, and nothing is sent."
	    : "Look into the mail of the new address: the link there, opened "
	    "where you are signed in, makes it yours.");
	return RC_OK;
}

enum rc
api_me_email_cancel(struct call *call, struct err *err)
{
	return app_email_change_cancel(call->app, call->arena, &call->actor, err);
}

enum rc
api_me_email_confirm(struct call *call, struct err *err)
{
	const struct body_token *body = call->body;

	if (app_email_change_confirm(call->app, call->arena, &call->actor,
	    body->token, err) != RC_OK)
		return err->rc;
	return api_me_get(call, err);
}

enum rc
api_auth_email_undo(struct call *call, struct err *err)
{
	const struct body_token *body = call->body;

	if (app_email_undo(call->app, call->arena, &call->actor, body->token, err)
	    != RC_OK)
		return err->rc;
	reply_mail_sent(call, "The address is yours again, and everybody is "
	    "signed out. A link for a new password is on its way to it.");
	return RC_OK;
}
