/* email-undo.c - email-change.h: the change is taken back by who has the old address. */
#include "config.h"

#include "app/email-change.h"

#include "app/api-keys.h"
#include "app/audit.h"
#include "app/links.h"
#include "app/post.h"
#include "app/sessions.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "schema/documents.h"
#include "store/api-keys.h"
#include "store/identities.h"
#include "store/tokens.h"
#include "store/users.h"

struct undo {
	struct app *app;
	const struct actor *actor;
	struct str id;			/* of the token */
	struct one_time_token token;
	struct user user;		/* as it was before */
};

static enum rc
no_longer(struct err *err)
{
	return err_set(err, RC_LINK_EXPIRED,
	    "This link was used already, or is older than seven days.");
}

static enum rc
read_account(struct undo *u, struct store *store, struct arena *arena,
    struct err *err)
{
	enum rc rc;

	if (tokens_use(store, arena, u->id, "email_changed", clock_now_ms(),
	    &u->token, err) != RC_OK)
		return err->rc;
	rc = users_get(store, arena, u->token.user_id, &u->user, NULL, err);
	if (rc == RC_NOT_FOUND)
		return no_longer(err);
	if (rc != RC_OK)
		return rc;
	if (u->user.disabled_at != TIME_NULL)
		return err_set(err, RC_ACCOUNT_DISABLED, "This account is closed.");
	/* Its owner has it again by another change. */
	return str_eq(u->user.email, u->token.email) ? no_longer(err) : RC_OK;
}

/* Whoever had the account may know its password, and have left keys and ways in of
 * which the old address heard nothing. A way back to an earlier address stays: of two
 * changes the first one's owner has the last word. */
static enum rc
end_all(const struct undo *u, struct store *store, struct arena *arena,
    struct err *err)
{
	struct str id = u->user.id;
	int64_t now_ms = clock_now_ms(), since_ms = u->token.created_at;

	if (email_void_links(store, arena, id, err) != RC_OK
	    || tokens_remove_since(store, arena, id, "email_changed", since_ms,
	    err) != RC_OK
	    || identities_remove_since(store, arena, id, since_ms, err) != RC_OK
	    || api_keys_revoke_all(store, arena, id, now_ms,
	    now_ms + API_KEYS_KEPT_MS, err) != RC_OK)
		return err->rc;
	return app_sessions_end(u->app, arena, id, err);
}

/* A new password for the one, word of it for the other. */
static enum rc
send_mails(const struct undo *u, struct store *store, struct arena *arena,
    struct err *err)
{
	struct one_time_token reset;
	struct mail_order order;
	struct str id = u->user.id;

	link_one_time(&reset, uuid_new(arena), "password_reset",
	    id, u->token.email, clock_now_ms(), RESET_LIFE_S);
	email_order(&order, "password_reset", &u->user, u->token.email);
	order.token_id = reset.id;
	if (tokens_insert(store, arena, &reset, err) != RC_OK
	    || post_enqueue(u->app, arena, &order, id, err) != RC_OK)
		return err->rc;
	email_order(&order, "email_moved", &u->user, u->user.email);
	return post_enqueue(u->app, arena, &order, id, err);
}

static enum rc
undo_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct undo *u = arg;
	enum rc rc;

	if (read_account(u, store, arena, err) != RC_OK
	    || email_make_room(u->app, store, arena, u->actor, &u->user,
	    u->token.email, err) != RC_OK)
		return err->rc;
	rc = users_put_email(store, arena, &u->user, u->token.email,
	    USERS_EMAIL_RESTORED, err);
	if (rc == RC_NOT_FOUND)
		return no_longer(err);
	if (rc != RC_OK || end_all(u, store, arena, err) != RC_OK
	    || send_mails(u, store, arena, err) != RC_OK)
		return err->rc;
	return audit_write(u->app, arena, u->actor, "email_restored", u->user.id,
	    NULL, err);
}

enum rc
app_email_undo(struct app *app, struct arena *arena, const struct actor *actor,
    struct str token, struct err *err)
{
	struct undo u = { .app = app, .actor = actor };
	enum rc rc;

	if (!link_token_verify(&app->keyring, "email_changed", token, &u.id))
		return no_longer(err);
	rc = store_transaction(app->store, arena, actor->deadline_ms,
	    undo_in_transaction, &u, err);
	if (rc == RC_CONFLICT)
		return err_set(err, RC_ACCOUNT_EXISTS, "Another account has this "
		    "address by now, and keeps it.");
	if (rc != RC_OK)
		return rc;
	app_sessions_forget(app, u.user.id);
	app_wake(app);
	return RC_OK;
}
