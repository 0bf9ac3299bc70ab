#include "config.h"

#include "app/accounts.h"

#include "app/audit.h"
#include "app/device.h"
#include "app/guests.h"
#include "app/limit.h"
#include "app/links.h"
#include "app/password.h"
#include "app/post.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "codec/email.h"
#include "schema/documents.h"
#include "store/api-keys.h"
#include "store/tokens.h"
#include "store/users.h"

enum {
	DAY_S = 24 * 3600, HOUR_S = 3600,
	ASK_MS = 10000
};

enum rc
app_address(struct arena *arena, struct str text, struct str *ret_email,
    struct err *err)
{
	if (!email_normalize(arena, text, ret_email))
		err_fault(err, arena, STR("/email"), "not_an_address",
		    "This is no e-mail address.");
	return err->rc;
}

/* --- registering --------------------------------------------------------- */

struct registration {
	struct app *app;
	const struct actor *actor;
	struct user user;
	struct one_time_token token;
	struct mail_order order;
};

static enum rc
register_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct registration *r = arg;

	if (users_insert(store, arena, &r->user, err) != RC_OK
	    || tokens_insert(store, arena, &r->token, err) != RC_OK
	    || post_enqueue(r->app, arena, &r->order, r->user.id, err) != RC_OK)
		return err->rc;
	return audit_write(r->app, arena, r->actor, "registered", r->user.id,
	    NULL, err);
}

static void
fill_registration(struct registration *r, struct arena *arena, struct str email,
    struct str full_name, struct str browser)
{
	struct user *user = &r->user;

	user->email = email;
	user->full_name = full_name;
	user->auth_provider = STR("email");
	user->created_at = user->updated_at = clock_now_ms();
	link_one_time(&r->token, uuid_new(arena), "verify_email", user->id, email,
	    user->created_at, VERIFY_LIFE_S);
	r->token.browser = browser;
	post_address(&r->order, "verify_email", user);
	r->order.token_id = r->token.id;
}

/* The address has an account already: its owner is told, nobody else. One that nobody
 * has confirmed may be a stranger's, who waits for the owner to confirm it: its password
 * and its links are void from now on, and the mail leads to a new one. */
static enum rc
taken_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct registration *r = arg;
	struct user there;
	bool confirmed = true;
	enum rc rc = users_by_email(store, arena, r->user.email, &there, err);

	if (rc == RC_NOT_FOUND)		/* it has just gone */
		err_init(err);
	else if (rc != RC_OK)
		return rc;
	else
		confirmed = there.email_verified
		    || there.last_login_at != TIME_NULL;
	if (!confirmed && (users_void_password(store, arena, there.id, err)
	    != RC_OK || tokens_remove(store, arena, there.id, "verify_email", err)
	    != RC_OK))
		return err->rc;
	post_address(&r->order, confirmed ? "email_taken" : "password_reset", &r->user);
	r->order.name = STR_NULL;	/* of whoever asks, not the owner's */
	return post_enqueue(r->app, arena, &r->order, STR_NULL, err);
}

static enum rc
take_limits(struct app *app, struct arena *arena, const struct actor *actor,
    struct str email, struct err *err)
{
	const struct limit limits[] = {
		{ "register", app_address_key(arena, actor->address),
		    app->conf->register_address_daily, DAY_S, 1 },
		{ "mail-register", email, app->conf->mail_address_hourly, HOUR_S,
		    1 },
	};

	return limits_take(app, arena, limits, 2, err);
}

enum rc
app_register(struct app *app, struct arena *arena, const struct actor *actor,
    const struct body_register *body, struct str *ret_browser, struct err *err)
{
	struct registration r = { .app = app, .actor = actor };
	struct str email = STR_NULL, browser = uuid_new(arena);
	enum rc rc;

	(void)!app_address(arena, body->email, &email, err);
	app_password_faults(arena, STR("/password"), body->password, email,
	    body->full_name, err);
	if (err->rc != RC_OK
	    || take_limits(app, arena, actor, email, err) != RC_OK)
		return err->rc;
	doc_init(&doc_user, &r.user);
	r.user.id = uuid_new(arena);
	if (app_password_seal(app, arena, r.user.id, body->password,
	    &r.user.password_hash, err) != RC_OK)
		return err->rc;
	fill_registration(&r, arena, email, body->full_name, browser);
	rc = store_transaction(app->store, arena, actor->deadline_ms,
	    register_in_transaction, &r, err);
	if (rc == RC_CONFLICT) {
		err_init(err);
		rc = store_transaction(app->store, arena, actor->deadline_ms,
		    taken_in_transaction, &r, err);
	}
	if (rc != RC_OK)
		return rc;
	app_wake(app);
	*ret_browser = browser_token(app, arena, browser);
	return RC_OK;
}

enum rc
app_mail_ask(struct app *app, struct arena *arena, const struct actor *actor,
    const char *template, struct str email, struct err *err)
{
	struct mail_order order;
	struct limit limits[2];

	doc_init(&doc_mail_order, &order);
	order.template = str_of(template);
	if (app_address(arena, email, &order.to, err) != RC_OK)
		return err->rc;
	limits[0] = (struct limit){ "mail-from", app_address_key(arena,
	    actor->address), app->conf->register_address_daily, DAY_S, 1 };
	/* By kind, so that nobody's registering keeps the owner from a reset. */
	limits[1] = (struct limit){ arena_strz(arena, arena_printf(arena,
	    "mail-%s", template)), order.to,
	    app->conf->mail_address_hourly, HOUR_S, 1 };
	if (limits_take(app, arena, limits, 2, err) != RC_OK)
		return err->rc;
	/* Who it is for is looked up when it is sent: here all look the same. */
	if (post_enqueue(app, arena, &order, STR_NULL, err) == RC_OK)
		app_wake(app);
	return err->rc;
}

/* A link that somebody has asked for, of an account that there is. */
struct asked {
	struct app *app;
	struct one_time_token token;
	bool reset;
};

static enum rc
ask_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	static const struct actor nobody = { .kind = ACTOR_NONE };
	struct asked *asked = arg;

	if (tokens_insert(store, arena, &asked->token, err) != RC_OK)
		return err->rc;
	return !asked->reset ? RC_OK : audit_write(asked->app, arena, &nobody,
	    "password_reset_asked", asked->token.user_id, NULL, err);
}

enum rc
app_mail_prepare(struct app *app, struct arena *arena, struct mail_order *order,
    struct str token_id, int64_t asked_ms, bool *ret_wanted, struct err *err)
{
	bool reset = str_eqz(order->template, "password_reset");
	struct asked asked = { .app = app, .reset = reset };
	struct user user;
	enum rc rc = users_by_email(app->store, arena, order->to, &user, err);

	*ret_wanted = false;
	if (rc == RC_NOT_FOUND) {
		err_init(err);
		return RC_OK;
	}
	if (rc != RC_OK || user.disabled_at != TIME_NULL
	    || (!reset && user.email_verified))
		return rc;
	link_one_time(&asked.token, token_id, reset ? "password_reset"
	    : "verify_email", user.id, user.email, asked_ms,
	    reset ? RESET_LIFE_S : VERIFY_LIFE_S);
	rc = store_transaction(app->store, arena, clock_mono_ms() + ASK_MS,
	    ask_in_transaction, &asked, err);
	if (rc == RC_CONFLICT)		/* of an earlier try */
		err_init(err);
	else if (rc != RC_OK)
		return rc;
	order->token_id = token_id;
	order->name = user.full_name;
	*ret_wanted = true;
	return RC_OK;
}

/* --- an address is proven ------------------------------------------------ */

struct proof {
	struct app *app;
	const struct actor *actor;
	struct str id;			/* of the token */
	struct one_time_token token;
};

static enum rc
verify_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct proof *p = arg;
	enum rc rc;

	if (tokens_use(store, arena, p->id, "verify_email", clock_now_ms(),
	    &p->token, err) != RC_OK)
		return err->rc;
	rc = users_verify_email(store, arena, p->token.user_id, p->token.email,
	    err);
	if (rc == RC_NOT_FOUND)
		return tokens_over(err);
	if (rc != RC_OK)
		return rc;
	return audit_write(p->app, arena, p->actor, "email_verified",
	    p->token.user_id, NULL, err);
}

enum rc
app_email_verify(struct app *app, struct arena *arena, const struct actor *actor,
    struct str token, struct str browser, struct signed_in *ret_signed_in,
    struct err *err)
{
	struct proof p = { .app = app, .actor = actor };
	struct user user;
	struct str here = browser_of(app, browser);

	*ret_signed_in = (struct signed_in){ 0 };
	if (!link_token_verify(&app->keyring, "verify_email", token, &p.id))
		return tokens_over(err);
	if (store_transaction(app->store, arena, actor->deadline_ms,
	    verify_in_transaction, &p, err) != RC_OK)
		return err->rc;
	if (here.p == NULL || p.token.browser.p == NULL
	    || !str_eq(here, p.token.browser))
		return RC_OK;
	if (users_get(app->store, arena, p.token.user_id, &user, NULL, err)
	    != RC_OK)
		return err->rc;
	return app_session_begin(app, arena, actor, &user, "link",
	    ret_signed_in, err);
}
