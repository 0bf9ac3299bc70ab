#include "config.h"

#include "api/call.h"

#include "app/leaving.h"
#include "app/me.h"
#include "app/photo.h"
#include "app/sessions.h"
#include "schema/documents.h"

static enum rc
reply_me(struct call *call, const struct app_me *me)
{
	call->response->etag = arena_printf(call->arena, "\"%lld-%lld-m\"",
	    (long long)me->updated_at_ms, (long long)app_media_epoch());
	if (reply_not_modified(call))
		return RC_OK;
	add_document(call, &call->response->body, &doc_user, me->doc, STR_NULL);
	reply_json(call, &call->response->body);
	return RC_OK;
}

enum rc
api_me_get(struct call *call, struct err *err)
{
	struct app_me me;

	if (app_me_get(call->app, call->arena, &call->actor, &me, err) != RC_OK)
		return err->rc;
	return reply_me(call, &me);
}

enum rc
api_me_edit(struct call *call, struct err *err)
{
	struct app_me me;

	if (app_me_edit(call->app, call->arena, &call->actor, call->if_match_ms,
	    call->json, &me, err) != RC_OK)
		return err->rc;
	return reply_me(call, &me);
}

enum rc
api_me_delete(struct call *call, struct err *err)
{
	static const char *const cookies[] = { "", "-d", "-r" };
	const struct body_leave *body = call->body;

	if (app_account_delete(call->app, call->arena, &call->actor,
	    body->password, err) != RC_OK)
		return err->rc;
	for (size_t i = 0; i < sizeof cookies / sizeof cookies[0]; i++)
		call_set_cookie(call, cookies[i], STR(""), 0);
	http_header(call->response, "Clear-Site-Data",
	    STR("\"cache\", \"storage\""));
	return RC_OK;
}

/* --- photo --------------------------------------------------------------- */

enum rc
api_photo_set(struct call *call, struct err *err)
{
	struct str file;

	if (call_file(call, &file, err) != RC_OK)
		return err->rc;
	if (!call->idem.replay && (app_photo_set(call->app, call->arena,
	    &call->actor, file, err) != RC_OK || app_idem_done(call->app,
	    call->arena, &call->idem, 200, err) != RC_OK))
		return err->rc;
	return api_me_get(call, err);
}

enum rc
api_photo_remove(struct call *call, struct err *err)
{
	return app_photo_remove(call->app, call->arena, &call->actor, err);
}

static void
add_count(struct buf *body, const char *name, const struct quota *quota)
{
	buf_printf(body, ",\"%s\":{\"used\":%lld,\"limit\":%lld,\"left\":%lld,"
	    "\"resets_in_seconds\":%lld}", name,
	    (long long)(quota->limit - quota->left), (long long)quota->limit,
	    (long long)quota->left, (long long)quota->reset_s);
}

enum rc
api_me_usage(struct call *call, struct err *err)
{
	struct buf *body = &call->response->body;
	struct app_me_usage usage;
	struct app_me me;

	if (app_me_get(call->app, call->arena, &call->actor, &me, err) != RC_OK)
		return err->rc;
	usage = app_me_usage(call->app, me.user);
	buf_printf(body, "{\"tier\":\"%s\"", usage.premium ? "premium" : "free");
	add_count(body, "designs_this_month", &usage.designs_month);
	add_count(body, "designs_today", &usage.designs_day);
	add_count(body, "refinements_this_month", &usage.refinements_month);
	add_count(body, "refinements_today", &usage.refinements_day);
	buf_add_char(body, '}');
	reply_json(call, body);
	return RC_OK;
}

/* --- sessions ------------------------------------------------------------ */

enum rc
api_session_list(struct call *call, struct err *err)
{
	struct buf *body = &call->response->body;
	struct str docs[APP_SESSIONS_MAX], id;
	size_t n;

	if (app_sessions_list(call->app, call->arena, &call->actor, docs, &n, err)
	    != RC_OK)
		return err->rc;
	buf_addz(body, "{\"items\":[");
	for (size_t i = 0; i < n; i++) {
		bool current = doc_peek_str(docs[i], "_id", &id)
		    && str_eq(id, call->actor.session_id);

		if (i > 0)
			buf_add_char(body, ',');
		add_document(call, body, &doc_session, docs[i], current
		    ? STR("\"current\":true") : STR("\"current\":false"));
	}
	buf_addz(body, "]}");
	reply_json(call, body);
	return RC_OK;
}

enum rc
api_session_end(struct call *call, struct err *err)
{
	if (call_id(call, err) != RC_OK)
		return err->rc;
	return app_session_revoke(call->app, call->arena, &call->actor, call->id,
	    err);
}

enum rc
api_session_end_others(struct call *call, struct err *err)
{
	return app_sessions_revoke_others(call->app, call->arena, &call->actor,
	    err);
}
