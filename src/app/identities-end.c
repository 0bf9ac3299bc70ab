#include "config.h"

#include "app/identities.h"

#include "app/audit.h"
#include "base/clock.h"
#include "crypt/hash.h"
#include "schema/documents.h"
#include "store/identities.h"
#include "store/tokens.h"
#include "store/users.h"

enum { CODE_BYTES = 16 };

static const int64_t deletion_kept_ms = 365 * 24 * 3600 * 1000LL;

enum rc
app_identities_list(struct app *app, struct arena *arena,
    const struct actor *actor, struct str *ret_docs, size_t *ret_n,
    bool *ret_has_password, struct err *err)
{
	struct user user;
	enum rc rc = users_get(app->store, arena, actor->owner.user_id, &user, NULL,
	    err);

	_Static_assert((int)APP_IDENTITIES_MAX == (int)IDENTITIES_SHOWN_MAX,
	    "room for all");
	if (rc == RC_NOT_FOUND) {
		err_init(err);
		return err_set(err, RC_NO_SESSION, "The account is no longer there.");
	}
	if (rc != RC_OK || identities_of_user(app->store, arena,
	    actor->owner.user_id, ret_docs, ret_n, err) != RC_OK)
		return err->rc;
	*ret_has_password = user.password_hash.p != NULL;
	return RC_OK;
}

/* --- unlinking ----------------------------------------------------------- */

struct removal {
	struct app *app;
	const struct actor *actor;
	struct str id;			/* of the identity */
	enum oauth_provider provider;
	struct user user;
	bool found, others;		/* an account's other identities open it too */
};

/* Looks at all identities of the account: the one to be removed, and whether another
 * still opens it. */
static enum rc
look_at_identities(struct removal *r, struct store *store, struct arena *arena,
    struct err *err)
{
	struct str docs[IDENTITIES_SHOWN_MAX];
	struct identity identity;
	enum oauth_provider provider;
	size_t n;

	r->found = r->others = false;
	if (identities_of_user(store, arena, r->user.id, docs, &n, err) != RC_OK)
		return err->rc;
	for (size_t i = 0; i < n; i++) {
		doc_read(&doc_identity, docs[i], &identity, arena);
		if (!oauth_provider_of(identity.provider, &provider))
			continue;
		if (str_eq(identity.id, r->id)) {
			r->found = true;
			r->provider = provider;
		} else {
			r->others |= app_provider_on(r->app->conf, provider);
		}
	}
	return RC_OK;
}

/* The account is read and written in here: of two identities that are unlinked at the
 * same moment the second sees that it is the last. */
static enum rc
unlink_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct removal *r = arg;
	int64_t removed;

	if (users_note(store, arena, r->actor->owner.user_id, false, err) != RC_OK
	    || users_get(store, arena, r->actor->owner.user_id, &r->user, NULL,
	    err) != RC_OK
	    || look_at_identities(r, store, arena, err) != RC_OK)
		return err->rc;
	if (!r->found)
		return err_set(err, RC_NOT_FOUND, "There is no such identity.");
	if (r->user.password_hash.p == NULL && !r->others)
		return err_set(err, RC_LAST_WAY_IN, "Without it nobody could sign "
		    "in to your account. Choose a password first.");
	if (identities_remove(store, arena, r->user.id, r->id, &removed, err)
	    != RC_OK || identity_mail(r->app, arena, "provider_unlinked",
	    &r->user, r->provider, err) != RC_OK)
		return err->rc;
	return audit_write(r->app, arena, r->actor, "provider_unlinked",
	    r->user.id, oauth_word(r->provider), err);
}

enum rc
app_identity_unlink(struct app *app, struct arena *arena,
    const struct actor *actor, struct str id, struct err *err)
{
	struct removal r = { .app = app, .actor = actor, .id = id };

	if (store_transaction(app->store, arena, actor->deadline_ms,
	    unlink_in_transaction, &r, err) == RC_OK)
		app_wake(app);
	return err->rc;
}

/* --- a person wants to be forgotten -------------------------------------- */

struct forgetting {
	struct removal removal;
	struct oauth_signed who;
	struct data_deletion deletion;
	bool known, ended;
};

/* Names nobody to those without the key, and is the same each time. */
static struct str
code_of(const struct app *app, struct arena *arena, const struct oauth_signed *who)
{
	unsigned char mac[SHA256_BYTES];
	struct buf buf;

	hmac_sha256(keyring_key(&app->keyring, KEY_OAUTH), arena_printf(arena,
	    "deletion|%.*s|%.*s", STR_FMT(who->issuer), STR_FMT(who->subject)),
	    mac);
	buf_init(&buf, arena, 2 * CODE_BYTES, 2 * CODE_BYTES);
	buf_add_hex(&buf, mac, CODE_BYTES);
	return buf_str(&buf);
}

/* The account that the identity has opened. */
static enum rc
forget_in_account(struct forgetting *f, struct store *store, struct arena *arena,
    struct err *err)
{
	struct removal *r = &f->removal;
	bool unname = str_eqz(r->user.auth_provider, oauth_word(r->provider));

	if (look_at_identities(r, store, arena, err) != RC_OK)
		return err->rc;
	if (users_note(store, arena, r->user.id, unname, err) != RC_OK)
		return err->rc;
	if (unname)
		r->user.full_name = STR_NULL;
	if (r->user.disabled_at == TIME_NULL && identity_mail(r->app, arena,
	    "provider_unlinked", &r->user, r->provider, err) != RC_OK)
		return err->rc;
	f->ended = r->user.password_hash.p == NULL && !r->others;
	return f->ended ? app_sessions_end(r->app, arena, r->user.id, err) : RC_OK;
}

static enum rc
forget_identity(struct forgetting *f, struct store *store, struct arena *arena,
    struct err *err)
{
	struct removal *r = &f->removal;
	struct identity identity;
	int64_t removed;
	enum rc rc = identities_find(store, arena, f->who.issuer, f->who.subject,
	    &identity, err);

	f->known = rc == RC_OK;
	if (rc == RC_NOT_FOUND) {
		err_init(err);
		return RC_OK;
	}
	if (rc != RC_OK)
		return rc;
	r->id = identity.id;
	rc = users_get(store, arena, identity.user_id, &r->user, NULL, err);
	if (rc == RC_OK)
		rc = forget_in_account(f, store, arena, err);
	else if (rc == RC_NOT_FOUND)
		err_init(err);
	if (err->rc != RC_OK || identities_remove(store, arena, identity.user_id,
	    identity.id, &removed, err) != RC_OK)
		return err->rc;
	return audit_write(r->app, arena, r->actor, "provider_data_deleted",
	    identity.user_id, oauth_word(r->provider), err);
}

static enum rc
forget_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct forgetting *f = arg;

	f->known = f->ended = false;
	if (forget_identity(f, store, arena, err) != RC_OK
	    || tokens_remove_subject(store, arena, f->who.issuer, f->who.subject,
	    err) != RC_OK)
		return err->rc;
	return data_deletions_put(store, arena, &f->deletion, err);
}

enum rc
app_provider_forget(struct app *app, struct arena *arena,
    const struct actor *actor, const char *provider, struct str signed_request,
    struct str *ret_code, struct err *err)
{
	struct forgetting f = { .removal = { .app = app, .actor = actor } };
	enum oauth_provider which;

	if (!oauth_provider_of(str_of(provider), &which))
		return err_set(err, RC_NOT_FOUND, "There is nothing here.");
	f.removal.provider = which;
	if (oauth_read_signed(app->oauth, arena, which, signed_request, &f.who,
	    err) != RC_OK)
		return err->rc;
	doc_init(&doc_data_deletion, &f.deletion);
	f.deletion.id = code_of(app, arena, &f.who);
	f.deletion.provider = str_of(oauth_word(which));
	f.deletion.done_at = clock_now_ms();
	f.deletion.expires_at = f.deletion.done_at + deletion_kept_ms;
	if (store_transaction(app->store, arena, actor->deadline_ms,
	    forget_in_transaction, &f, err) != RC_OK)
		return err->rc;
	if (f.ended)
		app_sessions_forget(app, f.removal.user.id);
	if (f.known)
		app_wake(app);
	*ret_code = f.deletion.id;
	return RC_OK;
}

enum rc
app_provider_forgotten(struct app *app, struct arena *arena, struct str code,
    int64_t *ret_done_ms, const char **ret_title, struct err *err)
{
	struct data_deletion deletion;
	enum oauth_provider provider;

	if (data_deletions_get(app->store, arena, code, &deletion, err) != RC_OK)
		return err->rc;
	if (!oauth_provider_of(deletion.provider, &provider))
		return err_set(err, RC_NOT_FOUND, "There is nothing here.");
	*ret_done_ms = deletion.done_at;
	*ret_title = oauth_title(provider);
	return RC_OK;
}
