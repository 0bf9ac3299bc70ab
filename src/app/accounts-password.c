#include "config.h"

#include "app/accounts.h"

#include "app/audit.h"
#include "app/email-change.h"
#include "app/limit.h"
#include "app/links.h"
#include "app/password.h"
#include "app/post.h"
#include "base/clock.h"
#include "schema/documents.h"
#include "store/api-keys.h"
#include "store/tokens.h"
#include "store/users.h"

/* A new password, for who has the link of a reset or knows the old one. */
struct change {
	struct app *app;
	const struct actor *actor;
	struct user user;
	struct str password, sealed;
	struct mail_order order;
	struct str id;			/* of a reset's token, with that */
	struct one_time_token token;
};

/* In the transaction, behind the new password: nothing of before holds, also no other
 * address that one of those sessions has asked for. A way back to an earlier address does:
 * it is a mailbox's, not a session's. */
static enum rc
end_all_else(struct change *c, struct store *store, struct arena *arena,
    const char *audit, struct err *err)
{
	if (app_sessions_end(c->app, arena, c->user.id, err) != RC_OK
	    || email_drop_pending(c->app, store, arena, c->actor, c->user.id, err)
	    != RC_OK || post_enqueue(c->app, arena, &c->order, c->user.id, err) != RC_OK)
		return err->rc;
	return audit_write(c->app, arena, c->actor, audit, c->user.id, NULL, err);
}

/* Seals the new one, runs fn, and signs this browser in anew. */
static enum rc
put_password(struct change *c, struct arena *arena, store_transaction_fn *fn,
    const char *how, struct signed_in *ret_signed_in, struct err *err)
{
	struct app *app = c->app;
	struct actor nobody = *c->actor;

	if (app_password_seal(app, arena, c->user.id, c->password, &c->sealed,
	    err) != RC_OK)
		return err->rc;
	post_address(&c->order, "password_changed", &c->user);
	if (store_transaction(app->store, arena, c->actor->deadline_ms, fn, c,
	    err) != RC_OK)
		return err->rc;
	app_sessions_forget(app, c->user.id);
	app_wake(app);
	c->user.password_hash = c->sealed;
	nobody.session_id = STR_NULL;	/* it has ended with the others */
	return app_session_begin(app, arena, &nobody, &c->user, how,
	    ret_signed_in, err);
}

/* --- with a link of a mail ------------------------------------------------ */

static enum rc
reset_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct change *c = arg;
	enum rc rc;

	if (tokens_use(store, arena, c->id, "password_reset", clock_now_ms(),
	    &c->token, err) != RC_OK)
		return err->rc;
	if (!str_eq(c->token.email, c->user.email))
		return tokens_over(err);
	rc = users_set_password(store, arena, c->user.id, c->user.email,
	    c->sealed, err);
	if (rc == RC_NOT_FOUND)
		return tokens_over(err);
	/* Whoever had the account until now may have left keys. */
	if (rc != RC_OK || tokens_remove(store, arena, c->user.id,
	    "password_reset", err) != RC_OK
	    || api_keys_revoke_all(store, arena, c->user.id, clock_now_ms(),
	    clock_now_ms() + API_KEYS_KEPT_MS, err) != RC_OK)
		return err->rc;
	return end_all_else(c, store, arena, "password_reset", err);
}

/* Whose link it is, before the password is looked at: the token is used up only with
 * a password that holds. */
static enum rc
find_token_user(struct change *c, struct arena *arena, struct err *err)
{
	enum rc rc = tokens_get(c->app->store, arena, c->id, &c->token, err);

	if (rc == RC_OK && c->token.user_id.p != NULL
	    && token_holds(&c->token, clock_now_ms()))
		rc = users_get(c->app->store, arena, c->token.user_id, &c->user,
		    NULL, err);
	else if (rc == RC_OK)
		rc = RC_NOT_FOUND;
	return rc == RC_NOT_FOUND ? tokens_over(err) : rc;
}

enum rc
app_password_reset(struct app *app, struct arena *arena,
    const struct actor *actor, const struct body_new_password *body,
    struct signed_in *ret_signed_in, struct err *err)
{
	struct change c = { .app = app, .actor = actor,
		.password = body->password };

	if (!link_token_verify(&app->keyring, "password_reset", body->token,
	    &c.id))
		return tokens_over(err);
	if (find_token_user(&c, arena, err) != RC_OK)
		return err->rc;
	app_password_faults(arena, STR("/password"), body->password,
	    c.user.email, c.user.full_name, err);
	return err->rc != RC_OK ? err->rc : put_password(&c, arena,
	    reset_in_transaction, "link", ret_signed_in, err);
}

/* --- a member's own password --------------------------------------------- */

enum rc
app_fresh(const struct app *app, const struct actor *actor, struct err *err)
{
	if (clock_now_ms() - actor->signed_in_ms
	    <= app->conf->fresh_login_s * 1000)
		return RC_OK;
	return err_set(err, RC_FRESH_LOGIN,
	    "Sign out and in again first, then repeat this.");
}

/* Whoever has the browser of somebody signed in may not guess either. */
enum rc
app_password_confirm(struct app *app, struct arena *arena,
    const struct actor *actor, const struct user *user, struct str password,
    struct str pointer, struct err *err)
{
	const struct limit limits[] = {
		{ "password", user->id, app->conf->login_failures,
		    app->conf->login_window_s, 1 },
		/* Not given back: each is a hash, also of the right one. */
		{ "password-any", user->id, app->conf->login_failures
		    + app->conf->login_successes, app->conf->login_window_s, 1 },
	};
	bool match, outdated;

	if (user->password_hash.p == NULL)
		return app_fresh(app, actor, err);
	if (limits_take(app, arena, limits, 2, err) != RC_OK
	    || app_password_check(app, user,
	    password.p != NULL ? password : STR(""), &match, &outdated, err)
	    != RC_OK)
		return err->rc;
	if (!match) {
		if (audit_write(app, arena, actor, "sign_in_failed",
		    user->id, "the current password, asked for again", err)
		    != RC_OK)
			return err->rc;
		err_fault(err, arena, pointer, "wrong_password",
		    "This is not your password.");
		return err->rc;
	}
	limits_give_back(app, arena, limits, 1);
	return RC_OK;
}

static enum rc
change_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct change *c = arg;

	/* Of a reset at the same moment the reset holds, and so do links that are on
	 * their way: who knows the password must not stop who has the mailbox. */
	if (users_replace_password(store, arena, &c->user, c->sealed, err)
	    != RC_OK)
		return err->rc;
	return end_all_else(c, store, arena, "password_changed", err);
}

enum rc
app_password_change(struct app *app, struct arena *arena,
    const struct actor *actor, const struct body_password *body,
    struct signed_in *ret_signed_in, struct err *err)
{
	struct change c = { .app = app, .actor = actor,
		.password = body->new_password };

	if (users_get(app->store, arena, actor->owner.user_id, &c.user, NULL, err)
	    != RC_OK)
		return err->rc;
	app_password_faults(arena, STR("/new_password"), body->new_password,
	    c.user.email, c.user.full_name, err);
	if (err->rc != RC_OK || app_password_confirm(app, arena, actor, &c.user,
	    body->current_password, STR("/current_password"), err) != RC_OK)
		return err->rc;
	return put_password(&c, arena, change_in_transaction, "password",
	    ret_signed_in, err);
}
