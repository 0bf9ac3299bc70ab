#include "config.h"

#include "app/email-change.h"

#include "app/accounts.h"
#include "app/audit.h"
#include "app/guests.h"
#include "app/limit.h"
#include "app/links.h"
#include "app/post.h"
#include "app/sessions.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "schema/documents.h"
#include "store/sessions.h"
#include "store/tokens.h"
#include "store/users.h"

enum { DAY_S = 24 * 3600, HOUR_S = 3600 };

void
email_order(struct mail_order *order, const char *template,
    const struct user *user, struct str to)
{
	doc_init(&doc_mail_order, order);
	order->template = str_of(template);
	order->to = to;
	if (user->email_verified && str_eq(user->email, to))
		order->name = user->full_name;
}

static bool
is_in_use(const struct user *user)
{
	return user->email_verified || user->last_login_at != TIME_NULL
	    || user->disabled_at != TIME_NULL;
}

static enum rc
no_longer(struct err *err)
{
	return err_set(err, RC_LINK_EXPIRED,
	    "This link was used already or has expired; ask for another.");
}

static enum rc
closed(struct err *err)
{
	return err_set(err, RC_NO_SESSION, "This account is closed.");
}

/* --- asking -------------------------------------------------------------- */

struct asked {
	struct app *app;
	const struct actor *actor;
	struct user user;
	struct one_time_token token;
	struct mail_order order;
};

static enum rc
ask_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct asked *a = arg;
	struct str id = a->user.id;
	enum rc rc = users_set_pending_email(store, arena, id, a->token.email,
	    a->token.expires_at, err);

	if (rc == RC_NOT_FOUND)
		return closed(err);
	if (rc != RC_OK
	    || tokens_remove(store, arena, id, "email_change", err) != RC_OK
	    || tokens_insert(store, arena, &a->token, err) != RC_OK
	    || post_enqueue(a->app, arena, &a->order, id, err) != RC_OK)
		return err->rc;
	return audit_write(a->app, arena, a->actor, "email_change_asked", id,
	    NULL, err);
}

static enum rc
take_limits(struct app *app, struct arena *arena, const struct actor *actor,
    struct str email, struct err *err)
{
	const struct limit limits[] = {
		{ "email-change", actor->account, app->conf->email_change_daily,
		    DAY_S, 1 },
		{ "mail-from", app_address_key(arena, actor->address),
		    app->conf->register_address_daily, DAY_S, 1 },
		{ "mail-email_change", email, app->conf->mail_address_hourly,
		    HOUR_S, 1 },
	};

	return limits_take(app, arena, limits, 3, err);
}

static enum rc
read_member(struct app *app, struct arena *arena, const struct actor *actor,
    struct user *ret_user, struct err *err)
{
	enum rc rc = users_get(app->store, arena, actor->account, ret_user, NULL,
	    err);

	if (rc == RC_NOT_FOUND
	    || (rc == RC_OK && ret_user->disabled_at != TIME_NULL))
		return closed(err);
	return rc;
}

enum rc
app_email_change_ask(struct app *app, struct arena *arena,
    const struct actor *actor, struct str email, bool *ret_present,
    struct err *err)
{
	struct asked a = { .app = app, .actor = actor };
	struct str address;

	if (app_fresh(app, actor, err) != RC_OK
	    || app_address(arena, email, &address, err) != RC_OK)
		return err->rc;
	if (read_member(app, arena, actor, &a.user, err) != RC_OK)
		return err->rc;
	if (str_eq(address, a.user.email)) {
		*ret_present = true;
		return app_email_change_cancel(app, arena, actor, err);
	}
	if (take_limits(app, arena, actor, address, err) != RC_OK)
		return err->rc;
	link_one_time(&a.token, uuid_new(arena), "email_change",
	    a.user.id, address, clock_now_ms(), EMAIL_CHANGE_LIFE_S);
	email_order(&a.order, "email_change", &a.user, address);
	a.order.token_id = a.token.id;
	if (store_transaction(app->store, arena, actor->deadline_ms,
	    ask_in_transaction, &a, err) != RC_OK)
		return err->rc;
	app_wake(app);
	*ret_present = false;
	return RC_OK;
}

enum rc
app_email_change_prepare(struct app *app, struct arena *arena,
    struct mail_order *order, bool *ret_wanted, struct err *err)
{
	struct one_time_token token;
	struct user other;
	enum rc rc = tokens_get(app->store, arena, order->token_id, &token, err);

	*ret_wanted = rc == RC_OK && token_holds(&token, clock_now_ms());
	if (rc == RC_OK && *ret_wanted)
		rc = users_by_email(app->store, arena, order->to, &other, err);
	if (rc == RC_NOT_FOUND) {
		err_init(err);
		return RC_OK;
	}
	if (rc != RC_OK)
		return rc;
	if (*ret_wanted && is_in_use(&other)) {
		order->template = STR("email_change_taken");
		order->token_id = STR_NULL;
	}
	return RC_OK;
}

/* --- taking it back ------------------------------------------------------ */

enum rc
email_drop_pending(struct app *app, struct store *store, struct arena *arena,
    const struct actor *actor, struct str user_id, struct err *err)
{
	bool dropped;

	if (users_drop_pending_email(store, arena, user_id, &dropped, err) != RC_OK
	    || !dropped)
		return err->rc;
	if (tokens_remove(store, arena, user_id, "email_change", err) != RC_OK)
		return err->rc;
	return audit_write(app, arena, actor, "email_change_cancelled", user_id,
	    NULL, err);
}

static enum rc
cancel_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct asked *a = arg;

	return email_drop_pending(a->app, store, arena, a->actor,
	    a->actor->account, err);
}

enum rc
app_email_change_cancel(struct app *app, struct arena *arena,
    const struct actor *actor, struct err *err)
{
	struct asked a = { .app = app, .actor = actor };

	return store_transaction(app->store, arena, actor->deadline_ms,
	    cancel_in_transaction, &a, err);
}

/* --- the link ------------------------------------------------------------ */

enum rc
email_make_room(struct app *app, struct store *store, struct arena *arena,
    const struct actor *actor, const struct user *user, struct str email,
    struct err *err)
{
	struct user other;
	int64_t removed;
	enum rc rc = users_by_email(store, arena, email, &other, err);

	if (rc == RC_NOT_FOUND) {
		err_init(err);
		return RC_OK;
	}
	if (rc != RC_OK || str_eq(other.id, user->id))
		return rc;
	if (is_in_use(&other))
		return err_set(err, RC_ACCOUNT_EXISTS, "Another account has this "
		    "address by now, and keeps it.");
	if (users_remove_unconfirmed(store, arena, other.id, email, &removed, err)
	    != RC_OK)
		return err->rc;
	if (removed == 0)
		return err_set(err, RC_CONFLICT, "The account has changed.");
	if (tokens_remove(store, arena, other.id, NULL, err) != RC_OK
	    || app_sessions_end(app, arena, other.id, err) != RC_OK)
		return err->rc;
	return audit_write(app, arena, actor, "registration_replaced", other.id,
	    "email_change", err);
}

enum rc
email_void_links(struct store *store, struct arena *arena, struct str user_id,
    struct err *err)
{
	static const char *const purposes[] = { "password_reset", "verify_email",
		"email_change" };

	for (size_t i = 0; i < sizeof purposes / sizeof purposes[0]; i++)
		if (tokens_remove(store, arena, user_id, purposes[i], err)
		    != RC_OK)
			return err->rc;
	return RC_OK;
}

struct confirm {
	struct app *app;
	const struct actor *actor;
	struct str id;			/* of the token */
	struct one_time_token token;
	struct user user;		/* as it was before */
};

/* A way back for the old address; one that nobody has proven gets none. */
static enum rc
tell_old(const struct confirm *c, struct store *store, struct arena *arena,
    struct err *err)
{
	struct one_time_token undo;
	struct mail_order order;

	link_one_time(&undo, uuid_new(arena), "email_changed",
	    c->user.id, c->user.email, clock_now_ms(), EMAIL_UNDO_LIFE_S);
	email_order(&order, "email_moved", &c->user, c->user.email);
	if (c->user.email_verified) {
		order.template = STR("email_changed");
		order.token_id = undo.id;
		if (tokens_insert(store, arena, &undo, err) != RC_OK)
			return err->rc;
	}
	return post_enqueue(c->app, arena, &order, c->user.id, err);
}

static enum rc
put_email(const struct confirm *c, struct store *store, struct arena *arena,
    struct err *err)
{
	enum rc rc;

	if (email_make_room(c->app, store, arena, c->actor, &c->user,
	    c->token.email, err) != RC_OK)
		return err->rc;
	rc = users_put_email(store, arena, &c->user, c->token.email,
	    USERS_EMAIL_CONFIRMED, err);
	return rc == RC_NOT_FOUND ? no_longer(err) : rc;
}

static enum rc
confirm_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct confirm *c = arg;
	enum rc rc;

	if (tokens_use(store, arena, c->id, "email_change", clock_now_ms(),
	    &c->token, err) != RC_OK)
		return err->rc;
	rc = users_get(store, arena, c->token.user_id, &c->user, NULL, err);
	if (rc == RC_NOT_FOUND
	    || (rc == RC_OK && c->user.disabled_at != TIME_NULL))
		return closed(err);
	if (rc != RC_OK || put_email(c, store, arena, err) != RC_OK
	    || email_void_links(store, arena, c->user.id, err) != RC_OK
	    || tell_old(c, store, arena, err) != RC_OK
	    || sessions_remove_all(store, arena, c->user.id,
	    c->actor->session_id, NULL, err) != RC_OK)
		return err->rc;
	return audit_write(c->app, arena, c->actor, "email_changed", c->user.id,
	    NULL, err);
}

/* As with everything that is another one's: it is not there. */
static enum rc
check_owner(struct confirm *c, struct arena *arena, struct err *err)
{
	enum rc rc = tokens_get(c->app->store, arena, c->id, &c->token, err);

	if (rc == RC_NOT_FOUND)
		return no_longer(err);
	if (rc != RC_OK || str_eq(c->token.user_id, c->actor->account))
		return rc;
	return err_set(err, RC_NOT_FOUND, "This link belongs to another account; "
	    "sign in to the one that asked for it.");
}

enum rc
app_email_change_confirm(struct app *app, struct arena *arena,
    const struct actor *actor, struct str token, struct err *err)
{
	struct confirm c = { .app = app, .actor = actor };
	enum rc rc;

	if (!link_token_verify(&app->keyring, "email_change", token, &c.id))
		return no_longer(err);
	if (check_owner(&c, arena, err) != RC_OK)
		return err->rc;
	rc = store_transaction(app->store, arena, actor->deadline_ms,
	    confirm_in_transaction, &c, err);
	if (rc == RC_CONFLICT)		/* somebody was quicker */
		return err_set(err, RC_ACCOUNT_EXISTS, "Another account has this "
		    "address by now, and keeps it.");
	if (rc != RC_OK)
		return rc;
	app_sessions_forget(app, c.user.id);
	app_wake(app);
	return RC_OK;
}
