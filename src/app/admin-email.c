/* admin-email.c - admin.h: another address for a member who cannot get at the old one. */
#include "config.h"

#include "app/admin.h"

#include "app/audit.h"
#include "app/email-change.h"
#include "app/links.h"
#include "app/post.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "codec/email.h"
#include "store/sessions.h"
#include "store/tokens.h"
#include "store/users.h"

enum { ACT_MS = 10000 };

struct act {
	struct app *app;
	const struct actor *actor;
	struct str id, email;
	struct admin_done done;
};

/* The new one is to be proven, the old one hears of it: without a way back, for
 * whoever reads its mail may be why the member has asked. */
static enum rc
send_mails(const struct act *act, struct store *store, struct arena *arena,
    struct err *err)
{
	const struct user *user = &act->done.user;
	struct one_time_token token;
	struct mail_order order;

	link_one_time(&token, uuid_new(arena), "verify_email",
	    act->id, act->email, clock_now_ms(), VERIFY_LIFE_S);
	email_order(&order, "verify_email", user, act->email);
	order.token_id = token.id;
	if (tokens_insert(store, arena, &token, err) != RC_OK
	    || post_enqueue(act->app, arena, &order, act->id, err) != RC_OK)
		return err->rc;
	email_order(&order, "email_moved", user, user->email);
	return post_enqueue(act->app, arena, &order, act->id, err);
}

static enum rc
put_email(const struct act *act, struct store *store, struct arena *arena,
    struct err *err)
{
	const struct user *user = &act->done.user;

	if (str_eq(user->email, users_freed_email(arena, act->id)))
		return err_set(err, RC_CONFLICT, "This account is being deleted, "
		    "which cannot be undone.");
	if (users_put_email(store, arena, user, act->email, USERS_EMAIL_SET, err)
	    != RC_OK)
		return err->rc;
	if (email_void_links(store, arena, act->id, err) != RC_OK)
		return err->rc;
	return tokens_remove(store, arena, act->id, "email_changed", err);
}

static enum rc
set_email(struct store *store, struct arena *arena, void *arg, struct err *err)
{
	struct act *act = arg;

	act->done = (struct admin_done){ 0 };
	if (users_get(store, arena, act->id, &act->done.user, NULL, err) != RC_OK
	    || str_eq(act->done.user.email, act->email))
		return err->rc;
	act->done.changed = true;
	if (put_email(act, store, arena, err) != RC_OK
	    || sessions_remove_all(store, arena, act->id, STR_NULL,
	    &act->done.sessions, err) != RC_OK
	    || send_mails(act, store, arena, err) != RC_OK)
		return err->rc;
	return audit_write(act->app, arena, act->actor, "email_changed", act->id,
	    NULL, err);
}

/* Said outside of the transaction: a duplicate key has ended that. */
static enum rc
taken(struct app *app, struct arena *arena, struct str email, struct err *err)
{
	struct err ignored;
	struct user other;

	err_init(&ignored);
	return users_by_email(app->store, arena, email, &other, &ignored)
	    == RC_OK ? err_set(err, RC_CONFLICT,
	    "Another account has this address: %.*s.", STR_FMT(other.id))
	    : err->rc;
}

enum rc
admin_set_email(struct app *app, struct arena *arena, const struct actor *actor,
    struct str who, struct str email, struct admin_done *ret_done,
    struct err *err)
{
	struct act act = { .app = app, .actor = actor };
	struct user user;
	enum rc rc;

	if (!email_normalize(arena, email, &act.email))
		return err_set(err, RC_INVALID, "%.*s is no e-mail address.",
		    STR_FMT(email));
	if (admin_find(app, arena, who, &user, NULL, err) != RC_OK)
		return err->rc;
	act.id = user.id;
	rc = store_transaction(app->store, arena, clock_mono_ms() + ACT_MS,
	    set_email, &act, err);
	if (rc == RC_CONFLICT)
		return taken(app, arena, act.email, err);
	if (rc != RC_OK)
		return rc;
	app_wake(app);
	*ret_done = act.done;
	return RC_OK;
}
