#include "config.h"

#include "app/identities.h"

#include "app/audit.h"
#include "app/device.h"
#include "app/guests.h"
#include "app/limit.h"
#include "app/post.h"
#include "app/provider-email.h"
#include "app/signin.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "codec/email.h"
#include "schema/documents.h"
#include "store/identities.h"
#include "store/tokens.h"
#include "store/users.h"

enum { TRIES = 3, DAY_S = 24 * 3600 };

bool
app_provider_on(const struct conf *conf, enum oauth_provider provider)
{
	return provider == OAUTH_GOOGLE ? conf->google_client_id.p != NULL
	    : conf->facebook_app_id.p != NULL;
}

enum rc
identity_mail(struct app *app, struct arena *arena, const char *template,
    const struct user *user, enum oauth_provider provider, struct err *err)
{
	struct mail_order order;

	post_address(&order, template, user);
	order.detail = str_of(oauth_title(provider));
	return post_enqueue(app, arena, &order, user->id, err);
}

/* --- somebody new -------------------------------------------------------- */

void
newcomer_fill(struct newcomer *n, struct arena *arena,
    const struct oauth_identity *who, struct str email)
{
	struct user *user = arena_one(arena, struct user);
	struct identity *identity = arena_one(arena, struct identity);
	struct str word = str_of(oauth_word(n->provider));

	doc_init(&doc_user, user);
	user->id = uuid_new(arena);
	user->email = email;
	user->email_verified = true;
	user->full_name = who->name;
	user->auth_provider = word;
	user->created_at = user->updated_at = clock_now_ms();
	doc_init(&doc_identity, identity);
	identity->id = uuid_new(arena);
	identity->user_id = user->id;
	identity->provider = word;
	identity->issuer = who->issuer;
	identity->subject = who->subject;
	identity->email = email;
	identity->created_at = identity->last_used_at = user->created_at;
	n->user = user;
	n->identity = identity;
}

/* An account that was typed in and never confirmed nor used is not taken over but
 * replaced: whoever made it knows its password, and may have chosen its name. */
enum rc
newcomer_look(struct app *app, struct arena *arena, struct str email,
    struct user **ret_replaces, struct err *err)
{
	struct user *other = arena_one(arena, struct user);
	enum rc rc = users_by_email(app->store, arena, email, other, err);

	*ret_replaces = NULL;
	if (rc == RC_NOT_FOUND) {
		err_init(err);
		return RC_OK;
	}
	if (rc != RC_OK)
		return rc;
	if (other->email_verified || other->last_login_at != TIME_NULL
	    || other->disabled_at != TIME_NULL)
		return err_set(err, RC_ACCOUNT_EXISTS, "There is an account with "
		    "this address already. Sign in to it as usual; then you can "
		    "link the other way to sign in.");
	*ret_replaces = other;
	return RC_OK;
}

static enum rc
remove_unconfirmed(struct newcomer *n, struct store *store, struct arena *arena,
    struct err *err)
{
	struct str id = n->replaces->id;
	int64_t removed;

	if (users_remove_unconfirmed(store, arena, id, n->user->email, &removed,
	    err) != RC_OK)
		return err->rc;
	if (removed == 0)
		return err_set(err, RC_CONFLICT, "The account has changed.");
	if (tokens_remove(store, arena, id, NULL, err) != RC_OK
	    || app_sessions_end(n->app, arena, id, err) != RC_OK)
		return err->rc;
	return audit_write(n->app, arena, n->actor, "registration_replaced", id,
	    oauth_word(n->provider), err);
}

enum rc
newcomer_insert(struct newcomer *n, struct store *store, struct arena *arena,
    struct err *err)
{
	if ((n->replaces != NULL
	    && remove_unconfirmed(n, store, arena, err) != RC_OK)
	    || users_insert(store, arena, n->user, err) != RC_OK
	    || identities_insert(store, arena, n->identity, err) != RC_OK)
		return err->rc;
	return audit_write(n->app, arena, n->actor, "registered", n->user->id,
	    oauth_word(n->provider), err);
}

/* --- signing in ---------------------------------------------------------- */

struct arrival {
	struct app *app;
	const struct actor *actor;
	enum oauth_provider provider;
	const struct oauth_identity *who;
	struct str device;
	struct newcomer newcomer;
};

static enum rc
insert_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct arrival *a = arg;

	return newcomer_insert(&a->newcomer, store, arena, err);
}

static enum rc
count_account(const struct arrival *a, struct arena *arena, struct err *err)
{
	const struct limit limit = { "register",
		app_address_key(arena, a->actor->address),
		a->app->conf->register_address_daily, DAY_S, 1 };

	return limit_take(a->app, arena, &limit, err);
}

/* Whom nobody knows yet. An address that the provider has only verified once may be
 * another person's by now: that is enough for an account of one's own, not to replace
 * what somebody has just typed in. */
static enum rc
welcome(struct arrival *a, struct arena *arena, struct signed_in *ret_signed_in,
    struct str *ret_pending, struct err *err)
{
	const struct oauth_identity *who = a->who;
	struct newcomer *n = &a->newcomer;
	struct str email;

	if (who->email.p == NULL || !who->email_verified
	    || !email_normalize(arena, who->email, &email))
		return app_pending_begin(a->app, arena, a->actor, a->provider, who,
		    ret_pending, err);
	*n = (struct newcomer){ .app = a->app, .actor = a->actor,
		.provider = a->provider };
	newcomer_fill(n, arena, who, email);
	if (newcomer_look(a->app, arena, email, &n->replaces, err) != RC_OK)
		return err->rc;
	if (n->replaces != NULL && !who->email_authoritative)
		return app_pending_begin(a->app, arena, a->actor, a->provider, who,
		    ret_pending, err);
	if (count_account(a, arena, err) != RC_OK
	    || store_transaction(a->app->store, arena, a->actor->deadline_ms,
	    insert_in_transaction, a, err) != RC_OK)
		return err->rc;
	return app_session_begin(a->app, arena, a->actor, n->user,
	    oauth_word(a->provider), ret_signed_in, err);
}

static enum rc
closed(const struct arrival *a, struct arena *arena, struct str user_id,
    struct err *err)
{
	if (audit_write(a->app, arena, a->actor, "sign_in_failed", user_id,
	    oauth_word(a->provider), err) != RC_OK)
		return err->rc;
	return err_set(err, RC_ACCOUNT_DISABLED, "This account is closed.");
}

static enum rc
welcome_back(const struct arrival *a, struct arena *arena,
    const struct identity *identity, struct signed_in *ret_signed_in,
    struct err *err)
{
	struct app *app = a->app;
	struct user user;
	struct str device;
	enum rc rc = users_get(app->store, arena, identity->user_id, &user, NULL,
	    err);

	if (rc == RC_NOT_FOUND || (rc == RC_OK && user.disabled_at != TIME_NULL)) {
		err_init(err);
		return closed(a, arena, identity->user_id, err);
	}
	if (rc != RC_OK)
		return rc;
	device = device_of_user(app, a->device, user.id);
	if (identities_used(app->store, arena, identity->id, clock_now_ms(), err)
	    != RC_OK || app_session_begin(app, arena, a->actor, &user,
	    oauth_word(a->provider), ret_signed_in, err) != RC_OK)
		return err->rc;
	return app_tell_owner(app, arena, a->actor, &user, device, err);
}

enum rc
app_identity_sign_in(struct app *app, struct arena *arena,
    const struct actor *actor, enum oauth_provider provider,
    const struct oauth_identity *who, struct str device,
    struct signed_in *ret_signed_in, struct str *ret_pending, struct err *err)
{
	struct arrival a = { .app = app, .actor = actor, .provider = provider,
		.who = who, .device = device };
	struct identity identity;
	enum rc rc = RC_OK;

	*ret_signed_in = (struct signed_in){ 0 };
	*ret_pending = STR_NULL;
	/* Twice at the same moment: who comes second is known by then, and the
	 * account in the way their own. */
	for (int i = 0; i < TRIES; i++) {
		err_init(err);
		rc = identities_find(app->store, arena, who->issuer, who->subject,
		    &identity, err);
		if (rc == RC_OK)
			return welcome_back(&a, arena, &identity, ret_signed_in,
			    err);
		if (rc != RC_NOT_FOUND)
			return rc;
		err_init(err);
		rc = welcome(&a, arena, ret_signed_in, ret_pending, err);
		if (rc != RC_CONFLICT && (rc != RC_ACCOUNT_EXISTS || i > 0))
			return rc;
	}
	return rc;
}

/* --- linking ------------------------------------------------------------- */

struct link {
	struct app *app;
	const struct actor *actor;
	enum oauth_provider provider;
	struct identity identity;
	struct user user;
	bool already;
};

static enum rc
taken(struct err *err)
{
	return err_set(err, RC_IDENTITY_TAKEN, "This sign-in opens another account "
	    "already, or yours has another one of this provider.");
}

static enum rc
link_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct link *l = arg;
	struct identity found;
	enum rc rc = identities_find(store, arena, l->identity.issuer,
	    l->identity.subject, &found, err);

	l->already = rc == RC_OK;
	if (l->already)
		return str_eq(found.user_id, l->user.id) ? RC_OK : taken(err);
	if (rc != RC_NOT_FOUND)
		return rc;
	err_init(err);
	if (users_note(store, arena, l->user.id, false, err) != RC_OK
	    || users_get(store, arena, l->user.id, &l->user, NULL, err) != RC_OK)
		return err->rc;
	if (l->user.disabled_at != TIME_NULL)
		return err_set(err, RC_ACCOUNT_DISABLED, "This account is closed.");
	if (identities_insert(store, arena, &l->identity, err) != RC_OK
	    || identity_mail(l->app, arena, "provider_linked", &l->user,
	    l->provider, err) != RC_OK)
		return err->rc;
	return audit_write(l->app, arena, l->actor, "provider_linked", l->user.id,
	    oauth_word(l->provider), err);
}

enum rc
app_identity_link(struct app *app, struct arena *arena, const struct actor *actor,
    enum oauth_provider provider, const struct oauth_identity *who,
    struct err *err)
{
	struct link l = { .app = app, .actor = actor, .provider = provider };
	struct str email = STR_NULL;
	enum rc rc;

	l.user.id = actor->owner.user_id;
	if (who->email.p != NULL)
		(void)email_normalize(arena, who->email, &email);
	doc_init(&doc_identity, &l.identity);
	l.identity.id = uuid_new(arena);
	l.identity.user_id = l.user.id;
	l.identity.provider = str_of(oauth_word(provider));
	l.identity.issuer = who->issuer;
	l.identity.subject = who->subject;
	l.identity.email = email;
	l.identity.created_at = clock_now_ms();
	rc = store_transaction(app->store, arena, actor->deadline_ms,
	    link_in_transaction, &l, err);
	if (rc == RC_CONFLICT)
		return taken(err);
	if (rc == RC_OK && !l.already)
		app_wake(app);
	return rc;
}
