#include "config.h"

#include "api/call.h"
#include "app/guests.h"
#include "base/clock.h"
#include "schema/documents.h"

static void
reply_session(struct call *call, const struct guest_session *session,
    struct str doc)
{
	struct quota quota = app_guest_quota(call->app, session);
	struct str more = arena_printf(call->arena,
	    "\"uses_left\":%lld,\"uses_limit\":%lld,\"seconds_left\":%lld",
	    (long long)quota.left, (long long)quota.limit,
	    (long long)(session->expires_at - clock_now_ms()) / 1000);

	add_document(call, &call->response->body, &doc_guest_session, doc,
	    more);
	reply_quota(call, &quota);
	reply_json(call, &call->response->body);
}

enum rc
api_guest_start(struct call *call, struct err *err)
{
	struct guest_session session;
	struct str doc, token;

	if (call->actor.kind == ACTOR_MEMBER)
		return err_set(err, RC_CONFLICT,
		    "You are signed in; sign out to be a guest.");
	if (app_guest_start(call->app, call->arena, &call->actor, &session, &doc,
	    &token, err) != RC_OK)
		return err->rc;
	call_set_cookie(call, "", token,
	    (session.expires_at - clock_now_ms()) / 1000);
	http_header(call->response, "Location", STR("/v1/guest-session"));
	if (call->actor.kind == ACTOR_GUEST
	    && str_eq(session.id, call->actor.owner.guest_session_id))
		call->response->status = 200;	/* renewed */
	reply_session(call, &session, doc);
	return RC_OK;
}

enum rc
api_guest_get(struct call *call, struct err *err)
{
	struct guest_session session;
	struct str doc;

	if (call->actor.kind != ACTOR_GUEST)
		return err_set(err, RC_NOT_FOUND,
		    "You are signed in; this is not a guest session.");
	if (app_guest_get(call->app, call->arena, &call->actor, &session, &doc,
	    err) != RC_OK)
		return err->rc;
	reply_session(call, &session, doc);
	return RC_OK;
}
