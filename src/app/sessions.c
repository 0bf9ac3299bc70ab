#include "config.h"

#include "app/sessions.h"

#include "app/audit.h"
#include "app/claim.h"
#include "app/device.h"
#include "app/session-cache.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "crypt/base64url.h"
#include "crypt/hash.h"
#include "schema/documents.h"
#include "store/sessions.h"
#include "store/users.h"

enum {
	SECRET_BYTES = 32,
	SECRET_CHARS = BASE64URL_CHARS(SECRET_BYTES),
	HOUR_MS = 3600 * 1000,
	ALONG = 31		/* sessions that are looked up with one */
};

static const char prefix[] = "s_";

/* --- recognising --------------------------------------------------------- */

bool
app_session_is(struct str token)
{
	return str_starts(token, STR("s_"));
}

static bool
take_apart(struct str token, struct str *ret_id, unsigned char ret_hash[32])
{
	struct str rest = str_slice(token, sizeof prefix - 1, token.n);

	*ret_id = str_cut(&rest, '.');
	if (!uuid_is(*ret_id) || rest.n != SECRET_CHARS)
		return false;
	sha256(rest, ret_hash);
	return true;
}

static void
hash_text(struct arena *arena, const unsigned char hash[32], struct str *ret_text)
{
	struct buf buf;

	buf_init(&buf, arena, 72, 72);
	buf_add_hex(&buf, hash, 32);
	*ret_text = buf_str(&buf);
}

static enum rc
over(struct err *err)
{
	return err_set(err, RC_SESSION_EXPIRED,
	    "You are signed out; sign in again.");
}

/* What the cache is to know of a row. False: the secret is another, or the row is
 * damaged, which opens nothing. */
static bool
fill_entry(const struct app *app, struct arena *arena, const struct session *session,
    const unsigned char hash[32], struct session_entry *entry)
{
	struct str text;

	hash_text(arena, hash, &text);
	if (!str_eq_ct(text, session->secret_hash) || !uuid_is(session->user_id))
		return false;
	*entry = (struct session_entry){ .created_ms = session->created_at,
		.last_used_ms = session->last_used_at,
		.expires_ms = session->expires_at, .ends_ms = session->ends_at,
		.until_mono_ms = clock_mono_ms()
		+ app->conf->session_cache_s * 1000 };
	memcpy(entry->id, session->id.p, sizeof entry->id - 1);
	memcpy(entry->user_id, session->user_id.p, sizeof entry->user_id - 1);
	memcpy(entry->secret_hash, hash, sizeof entry->secret_hash);
	return true;
}

/* One session; and those of others that are in use, and would be looked up one by one
 * within half of session_cache_s, by the same command. Those that are gone end by
 * themselves. */
static enum rc
look_up(struct app *app, struct arena *arena, struct str id,
    const unsigned char hash[32], struct session_entry *ret_entry,
    struct err *err)
{
	int64_t epoch = session_cache_epoch(app->sessions);
	struct session_entry wanted[1 + ALONG], entry;
	struct session sessions[1 + ALONG];
	struct str ids[1 + ALONG] = { id };
	size_t n, found;
	bool good = false;

	n = 1 + session_cache_take_due(app->sessions, id, clock_mono_ms(),
	    app->conf->session_cache_s * 1000 / 2, wanted + 1, ALONG);
	memcpy(wanted[0].secret_hash, hash, sizeof wanted[0].secret_hash);
	for (size_t i = 1; i < n; i++)
		ids[i] = str_of(wanted[i].id);
	if (sessions_get_some(app->store, arena, ids, n, sessions, &found, err) != RC_OK)
		return err->rc;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < found; k++) {
			if (!str_eq(sessions[k].id, ids[i]) || !fill_entry(app, arena,
			    &sessions[k], wanted[i].secret_hash, &entry))
				continue;
			session_cache_put(app->sessions, &entry, epoch);
			if (i == 0) {
				*ret_entry = entry;
				good = true;
			}
		}
	return good ? RC_OK : over(err);
}

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Once an hour: the session lives on, and the account was used. */
static enum rc
note_use(struct app *app, struct arena *arena, struct session_entry *entry,
    int64_t now_ms, struct err *err)
{
	int64_t epoch = session_cache_epoch(app->sessions);

	entry->last_used_ms = now_ms;
	entry->expires_ms = least(now_ms + app->conf->session_idle_s * 1000,
	    entry->ends_ms);
	if (sessions_touch(app->store, arena, str_of(entry->id), now_ms,
	    entry->expires_ms, err) != RC_OK
	    || users_logged_in(app->store, arena, str_of(entry->user_id), now_ms,
	    err) != RC_OK)
		return err->rc;
	session_cache_put(app->sessions, entry, epoch);
	return RC_OK;
}

enum rc
app_session_recognise(struct app *app, struct arena *arena, struct str token,
    struct actor *actor, struct err *err)
{
	int64_t now_ms = clock_now_ms();
	struct session_entry entry;
	unsigned char hash[32];
	struct str id;

	if (!take_apart(token, &id, hash))
		return over(err);
	if (!session_cache_get(app->sessions, id, clock_mono_ms(), &entry)) {
		if (look_up(app, arena, id, hash, &entry, err) != RC_OK)
			return err->rc;
	} else if (entry.is_key || !str_eq_ct((struct str){ (const char *)hash, sizeof hash },
	    (struct str){ (const char *)entry.secret_hash, sizeof hash })) {
		return over(err);
	}
	if (entry.expires_ms <= now_ms || entry.ends_ms <= now_ms)
		return over(err);
	if (now_ms - entry.last_used_ms > HOUR_MS
	    && note_use(app, arena, &entry, now_ms, err) != RC_OK)
		return err->rc;
	actor->kind = ACTOR_MEMBER;
	actor->owner = (struct store_owner){
		arena_str(arena, str_of(entry.user_id)), STR_NULL };
	actor->principal = arena_printf(arena, "user:%s", entry.user_id);
	actor->account = actor->owner.user_id;
	actor->session_id = arena_str(arena, str_of(entry.id));
	actor->signed_in_ms = entry.created_ms;
	actor->expires_ms = entry.expires_ms;
	return RC_OK;
}

/* --- beginning ----------------------------------------------------------- */

struct begin {
	struct app *app;
	const struct actor *actor;
	const struct user *user;
	const char *how;
	struct session session;
	int64_t cut;			/* older ones that had to go */
};

static enum rc
begin_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct begin *b = arg;
	int64_t removed;

	if (b->actor->session_id.p != NULL && sessions_remove(store, arena,
	    b->actor->owner.user_id, b->actor->session_id, &removed, err)
	    != RC_OK)
		return err->rc;
	if (sessions_insert(store, arena, &b->session, err) != RC_OK
	    || sessions_cut(store, arena, b->user->id, &b->cut, err) != RC_OK
	    || users_signed_in(store, arena, b->user, b->session.created_at, err)
	    != RC_OK)
		return err->rc;
	return audit_write(b->app, arena, b->actor, "signed_in", b->user->id,
	    b->how, err);
}

static void
make_session(struct app *app, struct arena *arena, const struct actor *actor,
    const struct user *user, struct session *session, struct str *ret_token)
{
	unsigned char secret[SECRET_BYTES];
	int64_t now_ms = clock_now_ms();
	struct str text;

	random_bytes(secret, sizeof secret);
	text = base64url(arena, secret, sizeof secret);
	explicit_bzero(secret, sizeof secret);
	doc_init(&doc_session, session);
	session->id = uuid_new(arena);
	session->user_id = user->id;
	session->secret_hash = sha256_hex(arena, text);
	session->device = actor->device;
	session->ip_address = actor->address.p != NULL ? actor->address : STR("");
	session->created_at = session->last_used_at = now_ms;
	session->ends_at = now_ms + app->conf->session_max_s * 1000;
	session->expires_at = least(now_ms + app->conf->session_idle_s * 1000,
	    session->ends_at);
	*ret_token = arena_printf(arena, "%s%.*s.%.*s", prefix,
	    STR_FMT(session->id), STR_FMT(text));
}

enum rc
app_session_begin(struct app *app, struct arena *arena, const struct actor *actor,
    const struct user *user, const char *how, struct signed_in *ret_signed_in,
    struct err *err)
{
	struct begin b = { .app = app, .actor = actor, .user = user, .how = how };
	struct signed_in in = { .max_age_s = app->conf->session_max_s };
	struct user ignored;

	make_session(app, arena, actor, user, &b.session, &in.token);
	if (store_transaction(app->store, arena, actor->deadline_ms,
	    begin_in_transaction, &b, err) != RC_OK)
		return err->rc;
	if (actor->session_id.p != NULL)
		session_cache_forget(app->sessions, actor->session_id);
	if (b.cut > 0)
		app_sessions_forget(app, user->id);
	in.device = device_token(app, arena, user->id);
	in.device_max_age_s = DEVICE_LIFE_S;
	if (actor->kind == ACTOR_GUEST && app_claim(app, arena, actor, user->id,
	    err) != RC_OK)
		return err->rc;
	if (users_get(app->store, arena, user->id, &ignored, &in.user, err)
	    != RC_OK)
		return err->rc;
	metric_add(app->shared, METRIC_sign_ins_total, 1);
	*ret_signed_in = in;
	return RC_OK;
}

/* --- ending -------------------------------------------------------------- */

enum rc
app_session_revoke(struct app *app, struct arena *arena, const struct actor *actor,
    struct str id, struct err *err)
{
	int64_t removed;

	if (sessions_remove(app->store, arena, actor->owner.user_id, id, &removed,
	    err) != RC_OK)
		return err->rc;
	session_cache_forget(app->sessions, id);
	if (removed == 0)
		return err_set(err, RC_NOT_FOUND, "There is no such session.");
	return audit_write(app, arena, actor, str_eq(id, actor->session_id)
	    ? "signed_out" : "session_revoked", actor->owner.user_id, NULL, err);
}

/* Signed out already is signed out. */
enum rc
app_logout(struct app *app, struct arena *arena, const struct actor *actor,
    struct err *err)
{
	enum rc rc = app_session_revoke(app, arena, actor, actor->session_id, err);

	if (rc == RC_NOT_FOUND) {
		err_init(err);
		return RC_OK;
	}
	return rc;
}

enum rc
app_sessions_list(struct app *app, struct arena *arena, const struct actor *actor,
    struct str *ret_docs, size_t *ret_n, struct err *err)
{
	_Static_assert((int)APP_SESSIONS_MAX == (int)SESSIONS_MAX,
	    "room for all");
	return sessions_of_user(app->store, arena, actor->owner.user_id,
	    clock_now_ms(), ret_docs, ret_n, err);
}

enum rc
app_sessions_revoke_others(struct app *app, struct arena *arena,
    const struct actor *actor, struct err *err)
{
	int64_t removed;

	if (sessions_remove_all(app->store, arena, actor->owner.user_id,
	    actor->session_id, &removed, err) != RC_OK)
		return err->rc;
	app_sessions_forget(app, actor->owner.user_id);
	return removed == 0 ? RC_OK : audit_write(app, arena, actor,
	    "sessions_revoked", actor->owner.user_id, NULL, err);
}

enum rc
app_sessions_end(struct app *app, struct arena *arena, struct str user_id,
    struct err *err)
{
	return sessions_remove_all(app->store, arena, user_id, STR_NULL, NULL,
	    err);
}

void
app_sessions_forget(struct app *app, struct str user_id)
{
	session_cache_forget_user(app->sessions, user_id);
}
