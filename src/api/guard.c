#include "config.h"

#include "api/call.h"

#include "app/api-keys.h"
#include "app/guests.h"
#include "app/sessions.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "codec/cookie.h"
#include "codec/header.h"
#include "codec/json.h"
#include "schema/documents.h"

enum { DEVICE_MAX = 300, UNSAFE = HTTP_POST | HTTP_PUT | HTTP_PATCH | HTTP_DELETE };

struct str
call_cookie_name(const struct call *call)
{
	const struct conf_base *base = &call->app->conf->base;

	if (base->https)
		return STR("__Host-bezel");
	if (base->port == 8080)
		return STR("bezel");
	return arena_printf(call->arena, "bezel_%d", base->port);
}

/* What the client calls itself, as text that a document may hold. */
static struct str
device_of(struct arena *arena, struct str agent)
{
	char *text;

	if (agent.p == NULL)
		return STR_NULL;
	if (agent.n > DEVICE_MAX)
		agent = str_slice(agent, 0, DEVICE_MAX);
	agent = utf8_repair(arena, agent);
	text = arena_strz(arena, agent);
	for (size_t i = 0; i < agent.n; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == '\x7f')
			text[i] = ' ';
	agent.p = text;
	return utf8_has_controls(agent, false) ? STR_NULL : agent;
}

enum rc
call_cookie(const struct call *call, const char *suffix, struct str *ret_value,
    struct err *err)
{
	struct pairs cookies;

	*ret_value = STR_NULL;
	if (call->request->cookie.p == NULL)
		return RC_OK;
	if (cookie_parse(call->arena, &call->request->cookie, 1, &cookies, err)
	    != RC_OK)
		return err->rc;
	return cookie_get(&cookies, arena_printf(call->arena, "%.*s%s",
	    STR_FMT(call_cookie_name(call)), suffix), ret_value, err);
}

void
call_set_cookie(struct call *call, const char *suffix, struct str value,
    int64_t max_age_s)
{
	http_header(call->response, "Set-Cookie", cookie_set(call->arena,
	    &(struct cookie){ .name = arena_printf(call->arena, "%.*s%s",
	    STR_FMT(call_cookie_name(call)), suffix), .value = value,
	    .path = STR("/"), .max_age_s = max_age_s,
	    .flags = COOKIE_HTTP_ONLY
	    | (call->app->conf->base.https ? COOKIE_SECURE : 0) }));
}

/* A member's session is looked up, mostly in memory; of a guest's token the MAC and
 * the expiry decide. Who has none is nobody, which is an error of routes with WHO. */
static enum rc
recognise(struct call *call, struct err *err)
{
	struct str token;
	bool expired = false;

	if (call_cookie(call, "", &token, err) != RC_OK)
		return err->rc;
	if (token.p != NULL && app_session_is(token))
		return app_session_recognise(call->app, call->arena, token,
		    &call->actor, err);
	if (token.p != NULL && app_guest_recognise(call->app, call->arena, token,
	    &call->actor, &expired))
		return RC_OK;
	return expired ? err_set(err, RC_SESSION_EXPIRED,
	    "The guest session has ended; start a new one.")
	    : err_set(err, RC_NO_SESSION,
	    "Sign in, or start a guest session first: POST /v1/guest-session.");
}

enum rc
call_recognise(struct call *call, struct err *err)
{
	enum rc rc = recognise(call, err);

	if (rc == RC_NO_SESSION || rc == RC_SESSION_EXPIRED)
		err_init(err);
	return err->rc;
}

/* Authorization: Bearer <key>. Cookies do not count then. */
static enum rc
recognise_key(struct call *call, struct err *err)
{
	struct str key;

	if (!header_bearer(call->request->authorization, &key))
		return err_set(err, RC_API_KEY,
		    "Authorization must be: Bearer bzl_live_... or bzl_test_...");
	if (app_api_key_recognise(call->app, call->arena, key,
	    &call->actor, err) != RC_OK)
		return err->rc;
	metric_add(call->app->shared, METRIC_api_key_requests_total, 1);
	return RC_OK;
}

int
route_scope(unsigned guards)
{
	return guards >> SCOPES_AT == 0 ? -1 : __builtin_ctz(guards >> SCOPES_AT);
}

/* What the key may do. The header names what is missing (RFC 6750, 3.1). */
static enum rc
check_scope(struct call *call, struct err *err)
{
	unsigned guards = call->route->guards;
	int scope = route_scope(guards);
	const char *word;

	if (scope < 0)
		return err_set(err, RC_FORBIDDEN, "This is not for API keys: it "
		    "needs somebody who is signed in with a browser.");
	if (!(call->actor.key_scopes >> scope & 1)) {
		word = enum_scope.values[scope];
		http_header_printf(call->response, "WWW-Authenticate",
		    "Bearer realm=\"bezel\", error=\"insufficient_scope\", "
		    "scope=\"%s\"", word);
		return err_set(err, RC_SCOPE,
		    "This key lacks the scope %s.", word);
	}
	if (call->actor.kind == ACTOR_TEST && (guards & MEMBER)
	    && !(guards & IN_TEST))
		return err_set(err, RC_FORBIDDEN, "There is none of this in test "
		    "mode; it needs a live key.");
	return RC_OK;
}

static enum rc
guard_key(struct call *call, struct err *err)
{
	if (recognise_key(call, err) == RC_OK)
		(void)!check_scope(call, err);
	if (err->rc == RC_API_KEY || err->rc == RC_SCOPE)
		metric_add(call->app->shared, METRIC_api_key_refusals_total, 1);
	return err->rc;
}

static enum rc
guard_who(struct call *call, struct err *err)
{
	const struct http_request *r = call->request;
	unsigned guards = call->route->guards;
	enum rc rc;

	call->actor.address = r->remote_addr;
	call->actor.device = device_of(call->arena, r->user_agent);
	call->actor.request_id = r->request_id;
	call->actor.deadline_ms = r->began_us / 1000
	    + call->app->conf->request_deadline_ms;
	if (guards & (ANYONE | OPEN | INFRA))	/* it may be had without a database */
		return RC_OK;
	if (r->authorization.p != NULL)
		return guard_key(call, err);
	if (!(guards & WHO))
		return call_recognise(call, err);
	rc = recognise(call, err);
	if (rc == RC_OK && (guards & MEMBER)
	    && call->actor.kind != ACTOR_MEMBER)
		return err_set(err, RC_ACCOUNT_REQUIRED,
		    "This needs an account; what you have made stays yours.");
	return rc;
}

/* Cross-site requests: Sec-Fetch-Site decides where there is one, else Origin. */
static enum rc
guard_origin(struct call *call, struct err *err)
{
	const struct http_request *r = call->request;

	/* Browsers send cookies by themselves, but no key. */
	if (!(r->verb & UNSAFE) || call->actor.key_id.p != NULL
	    || (call->route->guards & ANYONE))
		return RC_OK;
	if (r->fetch_site.p != NULL ? str_eqz(r->fetch_site, "same-origin")
	    : r->origin.p != NULL && str_eq(r->origin,
	    call->app->conf->base_url))
		return RC_OK;
	return err_set(err, RC_ORIGIN_REQUIRED, "Requests that change something "
	    "come from our own pages: Origin must be %.*s.",
	    STR_FMT(call->app->conf->base_url));
}

/* The form of a page of ours, or what a mail program sends in its place (RFC 8058). */
static enum rc
guard_form(const struct call *call, struct err *err)
{
	struct str type = call->request->content_type;

	return http_media_type_is(type, "application/x-www-form-urlencoded")
	    || http_media_type_is(type, "multipart/form-data") ? RC_OK
	    : err_set(err, RC_MEDIA_TYPE, "The body must be a form.");
}

static enum rc
guard_body(struct call *call, struct err *err)
{
	const struct http_request *r = call->request;
	unsigned guards = call->route->guards;
	bool json = http_media_type_is(r->content_type, "application/json");

	if (guards & PATCH_BODY)
		json |= http_media_type_is(r->content_type,
		    "application/merge-patch+json");
	if (guards & FORM_DATA)
		return http_media_type_is(r->content_type, "multipart/form-data")
		    ? RC_OK : err_set(err, RC_MEDIA_TYPE,
		    "The body must be multipart/form-data.");
	if (r->body.n > HTTP_BODY_MAX)
		return err_set(err, RC_TOO_LARGE, "A body has at most %d bytes.",
		    HTTP_BODY_MAX);
	if (guards & FORM_BODY)
		return guard_form(call, err);
	if (!(guards & (JSON_BODY | PATCH_BODY)))
		return RC_OK;
	if ((guards & MAY_BODY) && r->body.n == 0) {
		call->body = arena_alloc(call->arena, call->route->body->size);
		doc_init(call->route->body, call->body);
		return RC_OK;
	}
	if (!json)
		return err_set(err, RC_MEDIA_TYPE,
		    "The body must be application/json.");
	if (json_parse(call->arena, r->body, &call->json, err) != RC_OK)
		return err->rc;
	if (call->json->type != JSON_T_OBJECT)
		return err_set(err, RC_INVALID, "The body must be a JSON object.");
	if (guards & PATCH_BODY)	/* decoded onto what is stored */
		return RC_OK;
	call->body = arena_alloc(call->arena, call->route->body->size);
	doc_init(call->route->body, call->body);
	return doc_decode(call->route->body, call->json, DECODE_NEW, call->body,
	    call->arena, err);
}

/* Our tags begin with the updated_at that they stand for: "<ms>-...". Of several
 * the latest counts: who has seen it knows that the others are past. A list
 * without any of ours matches nothing. */
static enum rc
guard_match(struct call *call, struct err *err)
{
	struct str list = call->request->if_match;
	int64_t ms;

	call->if_match_ms = TIME_NULL;
	if (!(call->route->guards & MATCH) || list.p == NULL
	    || str_eqz(str_trim(list), "*"))
		return RC_OK;
	while (list.p != NULL) {
		struct str tag = str_trim(str_cut(&list, ','));

		if (tag.n < 2 || tag.p[0] != '"')
			continue;
		tag = str_slice(tag, 1, tag.n);
		if (str_to_i64(str_cut(&tag, '-'), &ms)
		    && ms > call->if_match_ms)
			call->if_match_ms = ms;
	}
	return call->if_match_ms != TIME_NULL ? RC_OK : err_set(err, RC_PRECONDITION,
	    "If-Match does not name a version of this resource.");
}

/* Programs repeat what failed, and run beside each other: what they may only do
 * safely they must do safely. */
static enum rc
guard_care(const struct call *call, struct err *err)
{
	const struct http_request *r = call->request;
	unsigned guards = call->route->guards;

	if (call->actor.key_id.p == NULL)
		return RC_OK;
	if ((guards & MATCH) && (r->verb & (HTTP_PATCH | HTTP_DELETE))
	    && r->if_match.p == NULL)
		return err_set(err, RC_PRECONDITION_REQUIRED, "With an API key this "
		    "needs If-Match with the ETag of what you have read.");
	if ((guards & IDEM) && r->idempotency_key.p == NULL)
		return err_set(err, RC_IDEM_REQUIRED, "With an API key this needs "
		    "an Idempotency-Key: a new one, say a UUID, for each thing that "
		    "is to be done, the same one when it is tried again.");
	return RC_OK;
}

/* What makes a repeated body the same. A form sent again has another boundary,
 * so that of a single part is left out. */
static struct str
essence(const struct call *call)
{
	struct str body = call->request->body, delimiter;

	if (!(call->route->guards & FORM_DATA))
		return body;
	delimiter = str_slice(body, 0, str_find(body, '\r'));
	body = str_slice(body, delimiter.n, body.n);
	for (size_t tail = 2; tail <= 4; tail += 2)
		if (body.n >= delimiter.n + tail && memcmp(body.p + body.n
		    - delimiter.n - tail, delimiter.p, delimiter.n) == 0)
			return str_slice(body, 0, body.n - delimiter.n - tail);
	return body;
}

enum rc
call_guard(struct call *call, struct err *err)
{
	if (url_query(call->arena, call->request->query, &call->query, err) != RC_OK
	    || guard_who(call, err) != RC_OK
	    || guard_origin(call, err) != RC_OK
	    || guard_care(call, err) != RC_OK
	    || guard_match(call, err) != RC_OK
	    || guard_body(call, err) != RC_OK)
		return err->rc;
	return RC_OK;
}

/* --- idempotency keys ------------------------------------------------------ */

static struct idem_ask
ask_of(const struct call *call)
{
	const struct http_request *r = call->request;

	return (struct idem_ask){ &call->actor, http_method_name(r->verb), r->path,
		r->idempotency_key, essence(call) };
}

enum rc
call_take_key(struct call *call, struct err *err)
{
	struct idem_ask ask;

	if (!(call->route->guards & IDEM))
		return RC_OK;
	ask = ask_of(call);
	return app_idem_take(call->app, call->arena, &ask, &call->idem, err);
}

bool
call_has_key(const struct call *call)
{
	return (call->route->guards & IDEM) && call->actor.kind != ACTOR_NONE
	    && call->request->idempotency_key.p != NULL;
}

enum rc
call_take_keys(struct arena *arena, struct call *const *calls, size_t n,
    bool *ret_taken, struct err *err)
{
	struct idem_ask *asks = arena_many(arena, n, struct idem_ask);
	struct idem *idems = arena_many(arena, n, struct idem);

	for (size_t i = 0; i < n; i++)
		asks[i] = ask_of(calls[i]);
	if (app_idem_take_new(calls[0]->app, arena, asks, n, idems, ret_taken, err)
	    != RC_OK)
		return err->rc;
	for (size_t i = 0; i < n; i++)
		if (ret_taken[i])
			calls[i]->idem = idems[i];
	return RC_OK;
}
