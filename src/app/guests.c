#include "config.h"

#include "app/guests.h"

#include "base/clock.h"
#include "base/ip.h"
#include "base/uuid.h"
#include "crypt/token.h"
#include "schema/documents.h"
#include "store/guests.h"

static struct str
make_token(const struct app *app, struct arena *arena,
    const struct guest_session *session)
{
	return token_sign(arena, keyring_key(&app->keyring, KEY_GUEST),
	    arena_printf(arena, "%.*s.%lld", STR_FMT(session->id),
	    (long long)(session->expires_at / 1000)));
}

bool
app_guest_recognise(const struct app *app, struct arena *arena, struct str token,
    struct actor *actor, bool *ret_expired)
{
	struct str payload, id;
	int64_t expires_s;

	*ret_expired = false;
	if (!token_verify(keyring_key(&app->keyring, KEY_GUEST), token, &payload))
		return false;
	id = str_cut(&payload, '.');
	if (!uuid_is(id) || !str_to_i64(payload, &expires_s))
		return false;
	if (expires_s * 1000 <= clock_now_ms()) {
		*ret_expired = true;
		return false;
	}
	actor->kind = ACTOR_GUEST;
	actor->owner = (struct store_owner){ STR_NULL, id };
	actor->principal = arena_printf(arena, "guest:%.*s", STR_FMT(id));
	actor->expires_ms = expires_s * 1000;
	return true;
}

static enum rc
start_new(struct app *app, struct arena *arena, const struct actor *actor,
    struct guest_session *session, struct err *err)
{
	int64_t now_ms = clock_now_ms();

	doc_init(&doc_guest_session, session);
	session->id = uuid_new(arena);
	session->ip_address = actor->address;
	session->created_at = now_ms;
	session->expires_at = now_ms + app->conf->guest_session_s * 1000;
	return guest_insert(app->store, arena, session, err);
}

enum rc
app_guest_start(struct app *app, struct arena *arena, const struct actor *actor,
    struct guest_session *ret_session, struct str *ret_doc,
    struct str *ret_token, struct err *err)
{
	enum rc rc = RC_SESSION_EXPIRED;

	if (actor->kind == ACTOR_GUEST)
		rc = guest_renew(app->store, arena, actor->owner.guest_session_id,
		    clock_now_ms(), app->conf->guest_session_s * 1000,
		    app->conf->guest_session_max_s * 1000, ret_session, ret_doc,
		    err);
	if (rc == RC_SESSION_EXPIRED) {
		err_init(err);
		rc = start_new(app, arena, actor, ret_session, err);
		*ret_doc = doc_to_bson(&doc_guest_session, ret_session, arena);
	}
	if (rc == RC_OK)
		*ret_token = make_token(app, arena, ret_session);
	return rc;
}

enum rc
app_guest_get(struct app *app, struct arena *arena, const struct actor *actor,
    struct guest_session *ret_session, struct str *ret_doc, struct err *err)
{
	return guest_get(app->store, arena, actor->owner.guest_session_id,
	    clock_now_ms(), ret_session, ret_doc, err);
}

struct quota
app_guest_quota(const struct app *app, const struct guest_session *session)
{
	char today[11], day[11];
	struct quota quota = { .limit = app->conf->guest_daily };

	quota.reset_s = app_day(today);
	clock_day(session->last_design_at, day);
	quota.left = quota.limit;
	if (session->last_design_at != TIME_NULL && strcmp(today, day) == 0)
		quota.left -= session->usage_count;
	if (quota.left < 0)
		quota.left = 0;
	return quota;
}

struct str
app_address_key(struct arena *arena, struct str address)
{
	struct ip ip;
	struct buf buf;

	if (!ip_read(address, &ip))
		return address;
	/* IPv4 within IPv6 is read as such: all of it would be one /64. */
	if (!ip.is_v6)
		return ip_text(arena, &ip);
	buf_init(&buf, arena, 32, 64);
	buf_add_hex(&buf, ip.bytes, 8);
	buf_addz(&buf, "/64");
	return buf_str(&buf);
}
