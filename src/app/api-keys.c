#include "config.h"

#include "app/api-keys.h"

#include "app/accounts.h"
#include "app/audit.h"
#include "app/charge.h"
#include "app/post.h"
#include "app/session-cache.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "crypt/base64url.h"
#include "crypt/hash.h"
#include "schema/documents.h"
#include "store/api-keys.h"
#include "store/users.h"

enum {
	SECRET_BYTES = 32, ID_CHARS = 32, TAIL_CHARS = 12,
	PREFIX_CHARS = 9, SHOWN_CHARS = 4,	/* "bzl_live_" and of the id */
	HOUR_MS = 3600 * 1000
};


static const char *const prefixes[] = { "bzl_live_", "bzl_test_" };

/* --- the text ------------------------------------------------------------ */

/* An id begins with the time, which is much the same in all keys of a year. So its
 * random tail comes first: a glance at the first characters tells keys apart. */
static struct str
id_part(struct arena *arena, struct str id)
{
	struct buf hex, part;

	buf_init(&hex, arena, ID_CHARS, ID_CHARS);
	for (size_t i = 0; i < id.n; i++)
		if (id.p[i] != '-')
			buf_add_char(&hex, id.p[i]);
	buf_init(&part, arena, ID_CHARS, ID_CHARS);
	buf_add(&part, hex.p + ID_CHARS - TAIL_CHARS, TAIL_CHARS);
	buf_add(&part, hex.p, ID_CHARS - TAIL_CHARS);
	return buf_str(&part);
}

bool
app_api_key_parse(struct arena *arena, struct str text, struct str *ret_id)
{
	const char *head, *tail;
	struct str id;

	if (text.n != API_KEY_TEXT || (!str_starts(text, str_of(prefixes[0]))
	    && !str_starts(text, str_of(prefixes[1]))))
		return false;
	tail = text.p + PREFIX_CHARS;
	head = tail + TAIL_CHARS;
	id = arena_printf(arena, "%.8s-%.4s-%.4s-%.4s-%.12s", head, head + 8,
	    head + 12, head + 16, tail);
	if (!uuid_is(id))
		return false;
	*ret_id = id;
	return true;
}

/* --- recognising --------------------------------------------------------- */

static enum rc
refused(const char *sentence, struct err *err)
{
	err_init(err);
	return err_set(err, RC_API_KEY, "%s", sentence);
}

static enum rc
unknown(struct err *err)
{
	return refused("There is no such API key.", err);
}

static uint32_t
scope_bits(const struct str_list *words)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < words->n; i++)
		for (int scope = 0; scope < SCOPE_COUNT; scope++)
			if (str_eqz(words->items[i], enum_scope.values[scope]))
				bits |= 1u << scope;
	return bits;
}

/* The mode is that of the text, which the hash covers. */
static void
fill_entry(const struct app *app, const struct api_key *key, bool is_test,
    const unsigned char hash[SHA256_BYTES], struct session_entry *entry)
{
	*entry = (struct session_entry){ .created_ms = key->created_at,
		.last_used_ms = key->last_used_at, .is_key = true,
		.is_test = is_test,
		.scopes = scope_bits(&key->scopes), .ends_ms = INT64_MAX,
		.expires_ms = key->expires_at == TIME_NULL ? INT64_MAX
		: key->expires_at, .until_mono_ms = clock_mono_ms()
		+ app->conf->session_cache_s * 1000 };
	memcpy(entry->id, key->id.p, sizeof entry->id - 1);
	memcpy(entry->user_id, key->user_id.p, sizeof entry->user_id - 1);
	memcpy(entry->secret_hash, hash, sizeof entry->secret_hash);
}

/* Keys need no session, so nothing else would tell that the account has ended. */
static enum rc
check_account(struct app *app, struct arena *arena, struct str user_id,
    struct err *err)
{
	struct user user;
	enum rc rc = users_get(app->store, arena, user_id, &user, NULL, err);

	if (rc == RC_NOT_FOUND || (rc == RC_OK && user.disabled_at != TIME_NULL))
		return refused("The account of this API key is closed.", err);
	return rc;
}

static enum rc
look_up(struct app *app, struct arena *arena, struct str id, bool is_test,
    const unsigned char hash[SHA256_BYTES], struct session_entry *ret_entry,
    struct err *err)
{
	int64_t epoch = session_cache_epoch(app->sessions);
	struct api_key key;
	struct buf text;
	enum rc rc = api_keys_get(app->store, arena, id, &key, err);

	if (rc == RC_NOT_FOUND)
		return unknown(err);
	if (rc != RC_OK)
		return rc;
	buf_init(&text, arena, 2 * SHA256_BYTES, 2 * SHA256_BYTES);
	buf_add_hex(&text, hash, SHA256_BYTES);
	if (!str_eq_ct(buf_str(&text), key.secret_hash)
	    || !uuid_is(key.user_id))	/* a damaged row opens nothing */
		return unknown(err);
	if (key.revoked_at != TIME_NULL)
		return refused("This API key was revoked.", err);
	if (check_account(app, arena, key.user_id, err) != RC_OK)
		return err->rc;
	fill_entry(app, &key, is_test, hash, ret_entry);
	session_cache_put(app->sessions, ret_entry, epoch);
	return RC_OK;
}

static enum rc
note_use(struct app *app, struct arena *arena, struct session_entry *entry,
    int64_t hour_ms, struct err *err)
{
	int64_t epoch = session_cache_epoch(app->sessions);

	entry->last_used_ms = hour_ms;
	if (api_keys_touch(app->store, arena, str_of(entry->id), hour_ms, err)
	    == RC_OK)
		session_cache_put(app->sessions, entry, epoch);
	return err->rc;
}

static void
fill_actor(struct arena *arena, const struct session_entry *entry,
    struct actor *actor)
{
	struct str user_id = arena_str(arena, str_of(entry->user_id));

	actor->kind = entry->is_test ? ACTOR_TEST : ACTOR_MEMBER;
	actor->owner = entry->is_test
	    ? (struct store_owner){ STR_NULL, user_id }
	    : (struct store_owner){ user_id, STR_NULL };
	actor->principal = arena_printf(arena, "%s:%s",
	    entry->is_test ? "test" : "user", entry->user_id);
	actor->account = user_id;
	actor->expires_ms = entry->expires_ms;
	actor->key_id = arena_str(arena, str_of(entry->id));
	actor->key_scopes = entry->scopes;
}

enum rc
app_api_key_recognise(struct app *app, struct arena *arena, struct str text,
    struct actor *actor, struct err *err)
{
	int64_t now_ms = clock_now_ms(), hour_ms = now_ms - now_ms % HOUR_MS;
	unsigned char hash[SHA256_BYTES];
	struct session_entry entry;
	struct str id;

	if (!app_api_key_parse(arena, text, &id))
		return unknown(err);
	sha256(text, hash);
	if (!session_cache_get(app->sessions, id, clock_mono_ms(), &entry)) {
		if (look_up(app, arena, id, str_starts(text, str_of(prefixes[1])),
		    hash, &entry, err) != RC_OK)
			return err->rc;
	} else if (!entry.is_key || !str_eq_ct((struct str){ (const char *)hash,
	    sizeof hash }, (struct str){ (const char *)entry.secret_hash,
	    sizeof hash })) {
		return unknown(err);
	}
	if (entry.expires_ms <= now_ms)
		return refused("This API key has expired.", err);
	if (entry.last_used_ms < hour_ms
	    && note_use(app, arena, &entry, hour_ms, err) != RC_OK)
		return err->rc;
	fill_actor(arena, &entry, actor);
	return RC_OK;
}

/* --- making -------------------------------------------------------------- */

struct create {
	struct app *app;
	const struct actor *actor;
	const struct idem *idem;
	struct api_key *key;
	struct mail_order order;
};

/* Counted inside the owner's gate, so that requests of this host do not pass each
 * other; two hosts at the very same moment may make one key too many. */
static enum rc
create_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct create *c = arg;
	bool full;

	if (api_keys_full(store, arena, c->key->user_id, clock_now_ms(),
	    API_KEYS_LIVE_MAX, &full, err) != RC_OK)
		return err->rc;
	if (full)
		return err_set(err, RC_LIMIT_REACHED, "An account has at most %d "
		    "API keys; revoke one that is not used.", API_KEYS_LIVE_MAX);
	if (api_keys_insert(store, arena, c->key, err) != RC_OK
	    || app_idem_done(c->app, arena, c->idem, 201, err) != RC_OK
	    || post_enqueue(c->app, arena, &c->order, c->key->user_id, err)
	    != RC_OK)
		return err->rc;
	return audit_write(c->app, arena, c->actor, "api_key_made",
	    c->key->user_id, arena_strz(arena, c->key->prefix), err);
}

static void
complete_key(struct arena *arena, const struct actor *actor,
    const struct idem *idem, struct api_key *key, struct str *ret_text)
{
	unsigned char secret[SECRET_BYTES];

	key->id = idem->id;
	key->user_id = actor->owner.user_id;
	key->created_at = clock_now_ms();
	if (key->expires_at != TIME_NULL)
		key->forget_at = key->expires_at + API_KEYS_KEPT_MS;
	random_bytes(secret, sizeof secret);
	*ret_text = arena_printf(arena, "%s%.*s%.*s",
	    prefixes[str_eqz(key->mode, "test")],
	    STR_FMT(id_part(arena, key->id)),
	    STR_FMT(base64url(arena, secret, sizeof secret)));
	explicit_bzero(secret, sizeof secret);
	key->prefix = str_slice(*ret_text, 0, PREFIX_CHARS + SHOWN_CHARS);
	key->secret_hash = sha256_hex(arena, *ret_text);
}

/* To the account's address as it is now: whoever has the mailbox hears of it. */
static enum rc
tell_owner(struct app *app, struct arena *arena, struct create *c, struct err *err)
{
	struct user user;
	enum rc rc = users_get(app->store, arena, c->key->user_id, &user, NULL,
	    err);

	if (rc == RC_NOT_FOUND || (rc == RC_OK && user.disabled_at != TIME_NULL))
		return err_set(err, RC_NO_SESSION, "This account is closed.");
	post_address(&c->order, "api_key_made", &user);
	c->order.detail = c->key->prefix;
	return rc;
}

static enum rc
made_before(struct err *err)
{
	err_init(err);
	return err_set(err, RC_ALREADY_CREATED, "This key was made by an earlier "
	    "request, whose answer had the key. If that is lost, revoke it and make "
	    "another one.");
}

enum rc
app_api_key_create(struct app *app, struct arena *arena,
    const struct actor *actor, struct api_key *body, const struct idem *idem,
    struct str *ret_text, struct err *err)
{
	struct create c = { .app = app, .actor = actor, .idem = idem,
		.key = body };
	struct str text;
	enum rc rc;

	if (idem->replay)
		return made_before(err);
	if (body->expires_at != TIME_NULL && body->expires_at <= clock_now_ms()) {
		err_fault(err, arena, STR("/expires_at"), "past",
		    "This must be in the future.");
		return err->rc;
	}
	if (app_fresh(app, actor, err) != RC_OK)
		return err->rc;
	complete_key(arena, actor, idem, body, &text);
	if (tell_owner(app, arena, &c, err) != RC_OK)
		return err->rc;
	rc = owner_transaction(app, arena, actor, NULL, create_in_transaction, &c,
	    err);
	if (rc == RC_CONFLICT)		/* by a request that took over */
		return made_before(err);
	if (rc == RC_OK) {
		*ret_text = text;
		app_wake(app);
	}
	return rc;
}

/* --- looking and ending -------------------------------------------------- */

enum rc
app_api_key_list(struct app *app, struct arena *arena, const struct actor *actor,
    struct str after_id, int limit, struct str *ret_docs, size_t *ret_n,
    struct err *err)
{
	return api_keys_of_user(app->store, arena, actor->owner.user_id, after_id,
	    limit, ret_docs, ret_n, err);
}

struct revoke {
	struct app *app;
	const struct actor *actor;
	struct str id;
	bool changed;
};

static enum rc
revoke_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct revoke *r = arg;
	struct str user_id = r->actor->owner.user_id;
	int64_t now_ms = clock_now_ms();

	if (api_keys_revoke(store, arena, user_id, r->id, now_ms,
	    now_ms + API_KEYS_KEPT_MS, &r->changed, err) != RC_OK || !r->changed)
		return err->rc;
	return audit_write(r->app, arena, r->actor, "api_key_revoked", user_id,
	    NULL, err);
}

enum rc
app_api_key_revoke(struct app *app, struct arena *arena, const struct actor *actor,
    struct str id, struct err *err)
{
	struct revoke r = { .app = app, .actor = actor, .id = id };
	struct api_key key;
	enum rc rc;

	(void)!store_transaction(app->store, arena, actor->deadline_ms,
	    revoke_in_transaction, &r, err);
	/* Whosever it is, and also when it is not known whether it was revoked: what
	 * is forgotten is looked up again. */
	session_cache_forget(app->sessions, id);
	if (err->rc != RC_OK || r.changed)
		return err->rc;
	rc = api_keys_get(app->store, arena, id, &key, err);
	if (rc == RC_OK && str_eq(key.user_id, actor->owner.user_id))
		return RC_OK;
	return rc == RC_OK || rc == RC_NOT_FOUND ? err_set(err, RC_NOT_FOUND,
	    "There is no such key.") : rc;
}
