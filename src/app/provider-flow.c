#include "config.h"

#include "app/provider-flow.h"

#include <string.h>

#include "app/accounts.h"
#include "app/guests.h"
#include "app/identities.h"
#include "app/limit.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "crypt/token.h"
#include "oauth/oauth.h"
#include "store/identities.h"

enum { STATE_KEPT_S = 2 * FLOW_LIFE_S };

struct flow {
	struct str id;
	enum oauth_provider provider;
	int64_t expires_s;
	struct str link_user_id;	/* null: not to link */
	struct str return_to;
};

/* A path, a query and a fragment of harmless characters: what neither a header, a cookie
 * nor a browser reads as anything else. "//", "/." and "/\" lead elsewhere; /v1/ shows
 * nothing to people. */
bool
flow_path_is(struct str path)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-_.~?&=%#+";

	if (path.n == 0 || path.n > FLOW_PATH_MAX || path.p[0] != '/'
	    || str_starts(path, STR("/v1/")) || str_eqz(path, "/v1"))
		return false;
	for (size_t i = 0; i < path.n; i++)
		if (memchr(allowed, path.p[i], sizeof allowed - 1) == NULL
		    || (i > 0 && path.p[i - 1] == '/'
		    && (path.p[i] == '/' || path.p[i] == '.')))
			return false;
	return true;
}

void
app_flow_providers_print(const struct app *app, struct buf *buf)
{
	const char *comma = "";

	buf_add_char(buf, '[');
	for (int i = 0; i < OAUTH_PROVIDERS; i++)
		if (app_provider_on(app->conf, (enum oauth_provider)i)) {
			buf_printf(buf, "%s\"%s\"", comma,
			    oauth_word((enum oauth_provider)i));
			comma = ",";
		}
	buf_add_char(buf, ']');
}

/* --- what is kept -------------------------------------------------------- */

/* 256 bits for one use of one sign-in. */
static struct str
derive(const struct app *app, struct arena *arena, const char *use, struct str id)
{
	unsigned char mac[SHA256_BYTES];

	hmac_sha256(keyring_key(&app->keyring, KEY_OAUTH), arena_printf(arena,
	    "%s|%.*s", use, STR_FMT(id)), mac);
	return base64url(arena, mac, sizeof mac);
}

static struct oauth_flow
oauth_flow_of(const struct app *app, struct arena *arena, const struct flow *flow,
    const struct actor *actor)
{
	return (struct oauth_flow){ .redirect_uri = arena_printf(arena,
	    "%.*s/v1/auth/%s/callback", STR_FMT(app->conf->base_url),
	    oauth_word(flow->provider)),
	    .state = derive(app, arena, "state", flow->id),
	    .nonce = derive(app, arena, "nonce", flow->id),
	    .code_verifier = derive(app, arena, "verifier", flow->id),
	    .deadline_ms = actor->deadline_ms };
}

static struct str
flow_cookie(const struct app *app, struct arena *arena, const struct flow *flow)
{
	struct str user = flow->link_user_id;

	return token_sign(arena, keyring_key(&app->keyring, KEY_OAUTH),
	    arena_printf(arena, "o.%.*s.%s.%lld.%.*s.%.*s", STR_FMT(flow->id),
	    oauth_word(flow->provider), (long long)flow->expires_s,
	    STR_FMT(user.p != NULL ? user : STR("-")),
	    STR_FMT(flow->return_to)));
}

/* The reverse, of one that is live. Paths hold no quotes, but dots: they stand last. */
static bool
read_flow_cookie(const struct app *app, struct str cookie, struct flow *ret_flow)
{
	struct flow flow;
	struct str rest;

	if (cookie.p == NULL || !token_verify(keyring_key(&app->keyring,
	    KEY_OAUTH), cookie, &rest) || !str_eqz(str_cut(&rest, '.'), "o"))
		return false;
	flow.id = str_cut(&rest, '.');
	if (!oauth_provider_of(str_cut(&rest, '.'), &flow.provider)
	    || !str_to_i64(str_cut(&rest, '.'), &flow.expires_s))
		return false;
	flow.link_user_id = str_cut(&rest, '.');
	if (str_eqz(flow.link_user_id, "-"))
		flow.link_user_id = STR_NULL;
	flow.return_to = rest;
	if (!uuid_is(flow.id) || !flow_path_is(flow.return_to)
	    || flow.expires_s * 1000 <= clock_now_ms())
		return false;
	*ret_flow = flow;
	return true;
}

static enum rc
offered(const struct app *app, const char *word, enum oauth_provider *ret_provider,
    struct err *err)
{
	if (oauth_provider_of(str_of(word), ret_provider)
	    && app_provider_on(app->conf, *ret_provider))
		return RC_OK;
	return err_set(err, RC_NOT_FOUND, "Sign-in with %s is not offered here.",
	    word);
}

/* --- away ---------------------------------------------------------------- */

enum rc
app_flow_begin(struct app *app, struct arena *arena, const struct actor *actor,
    const char *provider, struct str return_to, bool link, struct str *ret_url,
    struct str *ret_cookie, struct err *err)
{
	struct flow flow = { .id = uuid_new(arena), .return_to = return_to,
		.expires_s = clock_now_ms() / 1000 + FLOW_LIFE_S };
	struct oauth_flow oauth_flow;

	if (offered(app, provider, &flow.provider, err) != RC_OK)
		return err->rc;
	if (link && actor->kind != ACTOR_MEMBER)
		return err_set(err, RC_NO_SESSION, "Sign in first.");
	if (link && app_fresh(app, actor, err) != RC_OK)
		return err->rc;
	if (link)
		flow.link_user_id = actor->owner.user_id;
	oauth_flow = oauth_flow_of(app, arena, &flow, actor);
	if (oauth_begin(app->oauth, arena, flow.provider, &oauth_flow, ret_url,
	    err) != RC_OK)
		return err->rc;
	*ret_cookie = flow_cookie(app, arena, &flow);
	return RC_OK;
}

/* --- and back ------------------------------------------------------------ */

static enum rc
not_ours(struct err *err)
{
	return err_set(err, RC_SIGN_IN_STATE, "This sign-in was not begun in this "
	    "browser, or too long ago, or is over. Please begin again.");
}

/* The state is that of this browser's sign-in, which has not come back before. */
static enum rc
take_state(struct app *app, struct arena *arena, enum oauth_provider provider,
    const struct flow_back *back, struct flow *flow, struct flow_end *end,
    struct err *err)
{
	enum rc rc;

	if (!read_flow_cookie(app, back->cookie, flow)
	    || flow->provider != provider || back->state.p == NULL
	    || !str_eq_ct(derive(app, arena, "state", flow->id), back->state))
		return not_ours(err);
	end->ours = true;
	end->link = flow->link_user_id.p != NULL;
	end->return_to = flow->return_to;
	rc = oauth_states_use(app->store, arena, flow->id,
	    (flow->expires_s + STATE_KEPT_S) * 1000, err);
	return rc == RC_CONFLICT ? not_ours(err) : rc;
}

static enum rc
read_error(struct str error, enum oauth_provider provider, struct err *err)
{
	const char *title = oauth_title(provider), *word = oauth_word(provider);

	switch (oauth_return_of(error)) {
	case OAUTH_CANCELLED:
		return err_set(err, RC_SIGN_IN_CANCELLED, "You have not signed in "
		    "with %s.", title);
	case OAUTH_LATER:
		(void)err_set(err, RC_SIGN_IN_UNAVAILABLE, "%s cannot sign you in "
		    "at the moment.", title);
		return err_detail(err, "%s callback: temporarily_unavailable", word);
	case OAUTH_SETUP:
		(void)err_set(err, RC_INTERNAL, "Sign-in with %s is not set up "
		    "correctly here.", title);
		return err_detail(err, "%s callback: set_up", word);
	default:
		(void)err_set(err, RC_SIGN_IN_INVALID, "%s gave no answer that is "
		    "understood.", title);
		return err_detail(err, "%s callback: unknown_error", word);
	}
}

static enum rc
no_code(enum oauth_provider provider, struct err *err)
{
	(void)err_set(err, RC_SIGN_IN_INVALID, "%s gave no answer that is "
	    "understood.", oauth_title(provider));
	return err_detail(err, "%s callback: no_code", oauth_word(provider));
}

static bool
is_linker(const struct actor *actor, const struct flow *flow)
{
	return actor->kind == ACTOR_MEMBER
	    && str_eq(actor->owner.user_id, flow->link_user_id);
}

/* Anybody can come back with a code of his own making: each asks the provider, and holds
 * a slow worker that long. */
static enum rc
ask_provider(struct app *app, struct arena *arena, const struct actor *actor,
    const struct flow *flow, const struct flow_back *back,
    struct oauth_identity *ret_who, struct err *err)
{
	const struct limit limit = { "provider",
		app_address_key(arena, actor->address),
		app->conf->login_address_failures, app->conf->login_window_s, 1 };
	struct oauth_flow oauth_flow = oauth_flow_of(app, arena, flow, actor);

	if (limit_take(app, arena, &limit, err) != RC_OK)
		return err->rc;
	if (oauth_finish(app->oauth, arena, flow->provider, &oauth_flow,
	    back->code, back->iss, ret_who, err) == RC_OK)
		limit_give_back(app, arena, &limit);
	return err->rc;
}

enum rc
app_flow_finish(struct app *app, struct arena *arena, const struct actor *actor,
    const char *provider, const struct flow_back *back, struct flow_end *ret_end,
    struct err *err)
{
	struct flow flow;
	struct oauth_identity who;
	enum oauth_provider which;

	*ret_end = (struct flow_end){ .return_to = STR_NULL };
	if (offered(app, provider, &which, err) != RC_OK
	    || take_state(app, arena, which, back, &flow, ret_end, err) != RC_OK)
		return err->rc;
	if (back->error.p != NULL)
		return read_error(back->error, which, err);
	if (back->code.p == NULL)
		return no_code(which, err);
	if (ret_end->link && !is_linker(actor, &flow))
		return not_ours(err);
	if (ask_provider(app, arena, actor, &flow, back, &who, err) != RC_OK)
		return err->rc;
	if (ret_end->link)
		return app_identity_link(app, arena, actor, which, &who, err);
	return app_identity_sign_in(app, arena, actor, which, &who, back->device,
	    &ret_end->in, &ret_end->pending, err);
}
