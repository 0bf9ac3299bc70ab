#include "config.h"

#include "app/provider-email.h"

#include "app/accounts.h"
#include "app/device.h"
#include "app/guests.h"
#include "app/identities.h"
#include "app/limit.h"
#include "app/links.h"
#include "app/post.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "schema/documents.h"
#include "store/tokens.h"

enum { DAY_S = 24 * 3600, HOUR_S = 3600 };

enum rc
app_pending_begin(struct app *app, struct arena *arena, const struct actor *actor,
    enum oauth_provider provider, const struct oauth_identity *who,
    struct str *ret_cookie, struct err *err)
{
	const struct limit limit = { "register",
		app_address_key(arena, actor->address),
		app->conf->register_address_daily, DAY_S, 1 };
	struct one_time_token token;

	doc_init(&doc_one_time_token, &token);
	token.id = uuid_new(arena);
	token.purpose = STR("provider_pending");
	token.provider = str_of(oauth_word(provider));
	token.issuer = who->issuer;
	token.subject = who->subject;
	token.full_name = who->name;
	token.created_at = clock_now_ms();
	token.expires_at = token.created_at + PENDING_LIFE_S * 1000LL;
	if (limit_take(app, arena, &limit, err) != RC_OK
	    || tokens_insert(app->store, arena, &token, err) != RC_OK)
		return err->rc;
	*ret_cookie = pending_token(app, arena, token.id);
	return RC_OK;
}

/* --- the address --------------------------------------------------------- */

struct asked {
	struct app *app;
	struct one_time_token token;
	struct mail_order order;
};

static enum rc
ask_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct asked *a = arg;

	if (tokens_insert(store, arena, &a->token, err) != RC_OK)
		return err->rc;
	return post_enqueue(a->app, arena, &a->order, STR_NULL, err);
}

static enum rc
read_pending(struct app *app, struct arena *arena, struct str cookie,
    struct one_time_token *ret_token, struct err *err)
{
	struct str id = pending_of(app, cookie);
	enum rc rc = id.p == NULL ? RC_NOT_FOUND
	    : tokens_get(app->store, arena, id, ret_token, err);

	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return rc;
	if (rc == RC_OK && token_holds(ret_token, clock_now_ms())
	    && str_eqz(ret_token->purpose, "provider_pending"))
		return RC_OK;
	return err_set(err, RC_SIGN_IN_STATE, "No sign-in waits for an address in "
	    "this browser; begin again.");
}

static enum rc
take_limits(struct app *app, struct arena *arena, const struct actor *actor,
    struct str email, struct err *err)
{
	const struct limit limits[] = {
		{ "mail-from", app_address_key(arena, actor->address),
		    app->conf->register_address_daily, DAY_S, 1 },
		{ "mail-provider", email, app->conf->mail_address_hourly, HOUR_S,
		    1 },
	};

	return limits_take(app, arena, limits, 2, err);
}

/* The token is made in both cases, so that both take as long. */
static enum rc
fill_order(struct asked *a, struct arena *arena, struct err *err)
{
	const struct one_time_token *token = &a->token;
	struct user *ignored;

	(void)!newcomer_look(a->app, arena, token->email, &ignored, err);
	if (err->rc != RC_OK && err->rc != RC_ACCOUNT_EXISTS)
		return err->rc;
	doc_init(&doc_mail_order, &a->order);
	a->order.to = token->email;
	a->order.template = STR("email_taken");
	if (err->rc == RC_OK) {
		a->order.template = STR("provider_confirm");
		a->order.token_id = token->id;
	}
	err_init(err);
	return RC_OK;
}

/* Each mail has a token of its own, which proves the address that it went to: with one
 * for all, a link to one address would confirm another that was typed later. */
enum rc
app_pending_email(struct app *app, struct arena *arena, const struct actor *actor,
    struct str cookie, struct str email, struct err *err)
{
	struct asked a = { .app = app };
	struct str address, pending_id;

	if (read_pending(app, arena, cookie, &a.token, err) != RC_OK
	    || app_address(arena, email, &address, err) != RC_OK
	    || take_limits(app, arena, actor, address, err) != RC_OK)
		return err->rc;
	pending_id = a.token.id;
	a.token.id = uuid_new(arena);
	a.token.purpose = STR("provider_confirm");
	a.token.email = address;
	a.token.browser = pending_id;
	a.token.created_at = clock_now_ms();
	if (fill_order(&a, arena, err) != RC_OK
	    || store_transaction(app->store, arena, actor->deadline_ms,
	    ask_in_transaction, &a, err) != RC_OK)
		return err->rc;
	app_wake(app);
	return RC_OK;
}

/* --- the link ------------------------------------------------------------ */

struct confirm {
	struct newcomer newcomer;
	struct one_time_token token;
};

static enum rc
no_longer(struct err *err)
{
	return err_set(err, RC_LINK_EXPIRED,
	    "This link was used already or has expired; sign in anew.");
}

/* Both tokens are used: of several links for one sign-in one works. */
static enum rc
confirm_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct confirm *c = arg;
	struct one_time_token ignored;
	int64_t now_ms = clock_now_ms();

	if (tokens_use(store, arena, c->token.id, "provider_confirm", now_ms,
	    &ignored, err) != RC_OK
	    || tokens_use(store, arena, c->token.browser, "provider_pending",
	    now_ms, &ignored, err) != RC_OK)
		return err->rc;
	return newcomer_insert(&c->newcomer, store, arena, err);
}

static enum rc
read_link(struct app *app, struct arena *arena, struct str cookie,
    struct str token, struct one_time_token *ret_token, struct err *err)
{
	struct str id, here = pending_of(app, cookie);
	enum rc rc;

	if (!link_token_verify(&app->keyring, "provider_confirm", token, &id))
		return no_longer(err);
	rc = tokens_get(app->store, arena, id, ret_token, err);
	if (rc == RC_NOT_FOUND || (rc == RC_OK
	    && (!token_holds(ret_token, clock_now_ms())
	    || !str_eqz(ret_token->purpose, "provider_confirm"))))
		return no_longer(err);
	if (rc != RC_OK)
		return rc;
	if (here.p == NULL || !str_eq(here, ret_token->browser))
		return err_set(err, RC_OTHER_BROWSER, "Open this link in the "
		    "browser in which you signed in.");
	return RC_OK;
}

enum rc
app_pending_confirm(struct app *app, struct arena *arena,
    const struct actor *actor, struct str cookie, struct str token,
    struct signed_in *ret_signed_in, struct err *err)
{
	struct confirm c = { .newcomer = { .app = app, .actor = actor } };
	struct newcomer *n = &c.newcomer;
	enum rc rc;

	if (read_link(app, arena, cookie, token, &c.token, err) != RC_OK)
		return err->rc;
	if (!oauth_provider_of(c.token.provider, &n->provider))
		return no_longer(err);
	newcomer_fill(n, arena, &(struct oauth_identity){
	    .issuer = c.token.issuer, .subject = c.token.subject,
	    .name = c.token.full_name }, c.token.email);
	if (newcomer_look(app, arena, c.token.email, &n->replaces, err) != RC_OK)
		return err->rc;
	rc = store_transaction(app->store, arena, actor->deadline_ms,
	    confirm_in_transaction, &c, err);
	if (rc == RC_CONFLICT)	/* somebody was quicker: what holds now decides */
		return no_longer(err);
	if (rc != RC_OK)
		return rc;
	return app_session_begin(app, arena, actor, n->user,
	    oauth_word(n->provider), ret_signed_in, err);
}
