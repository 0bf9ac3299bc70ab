#include "config.h"

#include "oauth/google.h"

#include "base/clock.h"
#include "codec/url.h"
#include "oauth/id-token.h"
#include "oauth/kept.h"
#include "oauth/oauth-http.h"

enum { ID_TOKEN_URL_MAX = 2048 };

struct google {
	struct oauth_client client;
	struct google_options options;
	struct kept discovery, keys;
};

/* Of the discovery document; they live in the scratch of the call. */
struct endpoints {
	struct str authorization, token, jwks;
	bool says_iss;			/* RFC 9207: callbacks come with iss */
};

/* --- discovery ---------------------------------------------------------- */

static bool
is_same_scheme(struct str url, struct str issuer)
{
	struct str scheme = str_slice(issuer, 0, str_find(issuer, ':') + 3);

	return url.n > scheme.n && url.n <= ID_TOKEN_URL_MAX
	    && str_starts(url, scheme);
}

/* An address that a browser may be sent to and we may ask: of the issuer's scheme,
 * so that https stays https; without a fragment, and in plain ASCII. */
static bool
is_endpoint(struct str url, struct str issuer)
{
	for (size_t i = 0; i < url.n; i++)
		if (url.p[i] == '#' || url.p[i] == '"' || url.p[i] == '\\')
			return false;
	return str_is_visible(url) && is_same_scheme(url, issuer);
}

/* The issuer's own host may be anywhere, as the operator wanted it; what it names
 * besides must be a public address, or loopback for an issuer there. */
static bool
is_configured(struct str url, struct str issuer)
{
	return str_starts(issuer, STR("http://")) || (str_starts(url, issuer)
	    && (url.n == issuer.n || url.p[issuer.n] == '/'));
}

static const char *
read_discovery(struct arena *arena, struct str text, struct str issuer,
    struct endpoints *ret_endpoints)
{
	const struct json_value *json, *says;
	struct err err;

	err_init(&err);
	if (json_parse(arena, text, &json, &err) != RC_OK)
		return "not_json";
	if (oauth_get_str(json, "issuer").p == NULL
	    || !str_eq(oauth_get_str(json, "issuer"), issuer))
		return "issuer";
	says = json_get(json, "authorization_response_iss_parameter_supported");
	*ret_endpoints = (struct endpoints){
		.authorization = oauth_get_str(json, "authorization_endpoint"),
		.token = oauth_get_str(json, "token_endpoint"),
		.jwks = oauth_get_str(json, "jwks_uri"),
		.says_iss = says != NULL && says->type == JSON_T_BOOL && says->boolean,
	};
	return is_endpoint(ret_endpoints->authorization, issuer)
	    && is_endpoint(ret_endpoints->token, issuer)
	    && is_endpoint(ret_endpoints->jwks, issuer) ? NULL : "endpoints";
}

/* Judges an answer before it takes the place of one that is kept. */
static const char *
judge_discovery(struct arena *arena, struct str text, void *object)
{
	const struct google *google = object;
	struct endpoints endpoints;

	return read_discovery(arena, text, google->options.issuer, &endpoints);
}

static const char *
judge_keys(struct arena *arena, struct str text, void *object)
{
	(void)arena, (void)object;
	return jws_keys_readable(text) ? NULL : "not_keys";
}

static enum rc
get_endpoints(struct google *google, struct oauth_call *call,
    struct endpoints *ret_endpoints, struct err *err)
{
	struct str issuer = google->options.issuer;
	struct oauth_request request = { .step = "discovery", .configured = true,
		.url = arena_printf(call->scratch,
		    "%.*s/.well-known/openid-configuration", STR_FMT(issuer)) };
	struct str text;
	const char *fault;

	if (kept_get(&google->discovery, call, &request, judge_discovery, google, 0,
	    &text, err) != RC_OK)
		return err->rc;
	fault = read_discovery(call->scratch, text, issuer, ret_endpoints);
	return fault == NULL ? RC_OK
	    : oauth_fail(err, call, RC_SIGN_IN_INVALID, "discovery", fault);
}

static enum rc
get_keys(struct google *google, struct oauth_call *call, struct str url,
    enum kept_flags flags, struct str *ret_text, struct err *err)
{
	struct oauth_request request = { .step = "keys", .url = url,
		.configured = is_configured(url, google->options.issuer) };

	return kept_get(&google->keys, call, &request, judge_keys, google, flags,
	    ret_text, err);
}

/* --- the first half ----------------------------------------------------- */

static enum rc
begin(struct oauth_client *client, struct oauth_call *call, struct str *ret_url,
    struct err *err)
{
	struct google *google = (struct google *)client;
	const struct oauth_flow *flow = call->flow;
	struct endpoints endpoints;
	struct buf url;

	if (get_endpoints(google, call, &endpoints, err) != RC_OK)
		return err->rc;
	buf_init(&url, call->scratch, 1024, 16 * 1024);
	buf_add_str(&url, endpoints.authorization);
	buf_add_param(&url, "client_id", google->options.client_id);
	buf_add_param(&url, "redirect_uri", flow->redirect_uri);
	buf_add_param(&url, "response_type", STR("code"));
	buf_add_param(&url, "scope", STR("openid email profile"));
	buf_add_param(&url, "state", flow->state);
	buf_add_param(&url, "nonce", flow->nonce);
	buf_add_param(&url, "code_challenge",
	    oauth_challenge(call->scratch, flow->code_verifier));
	buf_add_param(&url, "code_challenge_method", STR("S256"));
	if (google->options.prompt.n > 0)
		buf_add_param(&url, "prompt", google->options.prompt);
	*ret_url = buf_str(&url);
	return RC_OK;
}

/* --- the second half ---------------------------------------------------- */

/* RFC 9207: another issuer's answer, brought to our door, is not for this one. */
static enum rc
check_iss(const struct google *google, const struct oauth_call *call,
    const struct endpoints *endpoints, struct str iss, struct err *err)
{
	if (iss.p == NULL && !endpoints->says_iss)
		return RC_OK;
	if (iss.p != NULL && str_eq(iss, google->options.issuer))
		return RC_OK;
	return oauth_fail(err, call, RC_SIGN_IN_INVALID, "callback", "iss");
}

/* RFC 6749, 5.2. What is not named here is our own mistake, or theirs when the
 * status says so. */
static enum rc
read_token_error(struct oauth_call *call, const struct oauth_reply *reply,
    struct err *err)
{
	static const struct {
		const char *word;
		enum rc rc;
	} words[] = {
		{ "invalid_grant", RC_SIGN_IN_REFUSED },
		{ "temporarily_unavailable", RC_SIGN_IN_UNAVAILABLE },
		{ "server_error", RC_SIGN_IN_UNAVAILABLE },
		{ "invalid_client", RC_INTERNAL },
		{ "unauthorized_client", RC_INTERNAL },
		{ "redirect_uri_mismatch", RC_INTERNAL },
		{ "invalid_request", RC_INTERNAL },
		{ "unsupported_grant_type", RC_INTERNAL },
	};
	struct str error = oauth_get_str(reply->json, "error");

	for (size_t i = 0; error.p != NULL && i < sizeof words / sizeof words[0]; i++)
		if (str_eqz(error, words[i].word) && reply->status < 500)
			return oauth_fail(err, call, words[i].rc, "token",
			    words[i].word);
	return oauth_fail(err, call, RC_SIGN_IN_UNAVAILABLE, "token",
	    error.p == NULL ? "bad_reply"
	    : oauth_plain_word(call->scratch, error));
}

static enum rc
get_id_token(const struct google *google, struct oauth_call *call, struct str url,
    struct str code, struct str *ret_token, struct err *err)
{
	struct oauth_reply reply;
	struct oauth_request request = { .step = "token", .url = url,
		.configured = is_configured(url, google->options.issuer) };
	struct buf form;

	buf_init(&form, call->scratch, 1024, 16 * 1024);
	buf_add_param(&form, "grant_type", STR("authorization_code"));
	buf_add_param(&form, "code", code);
	buf_add_param(&form, "redirect_uri", call->flow->redirect_uri);
	buf_add_param(&form, "client_id", google->options.client_id);
	buf_add_param(&form, "client_secret", google->options.client_secret);
	buf_add_param(&form, "code_verifier", call->flow->code_verifier);
	request.form = oauth_form(&form);
	if (oauth_exchange(call, &request, &reply, err) != RC_OK)
		return err->rc;
	if (reply.status != 200 || reply.json == NULL
	    || json_get(reply.json, "error") != NULL)
		return read_token_error(call, &reply, err);
	*ret_token = oauth_get_str(reply.json, "id_token");
	return ret_token->n > 0 ? RC_OK
	    : oauth_fail(err, call, RC_SIGN_IN_INVALID, "token", "no_id_token");
}

static enum rc
check_id_token(struct google *google, struct oauth_call *call, struct arena *arena,
    struct str jwks_url, struct str token, struct oauth_identity *ret_identity,
    struct err *err)
{
	struct id_token_wants wants = { .issuer = google->options.issuer,
		.client_id = google->options.client_id, .nonce = call->flow->nonce,
		.now_s = clock_now_ms() / 1000 };
	enum jws_fault fault;
	const char *failed;
	struct str jwks;

	/* The older spelling, which Google's pages still name. */
	if (str_eqz(wants.issuer, "https://accounts.google.com"))
		wants.issuer_also = STR("accounts.google.com");
	if (get_keys(google, call, jwks_url, 0, &jwks, err) != RC_OK)
		return err->rc;
	failed = id_token_check(arena, token, jwks, &wants, ret_identity, &fault);
	if (fault == JWS_UNKNOWN_KID) {
		if (get_keys(google, call, jwks_url, KEPT_RENEW, &jwks, err) != RC_OK)
			return err->rc;
		failed = id_token_check(arena, token, jwks, &wants, ret_identity,
		    &fault);
	}
	return failed == NULL ? RC_OK
	    : oauth_fail(err, call, RC_SIGN_IN_INVALID, "id_token", failed);
}

static enum rc
finish(struct oauth_client *client, struct oauth_call *call, struct arena *arena,
    struct str code, struct str iss, struct oauth_identity *ret_identity,
    struct err *err)
{
	struct google *google = (struct google *)client;
	struct endpoints endpoints;
	struct str token;

	if (get_endpoints(google, call, &endpoints, err) != RC_OK
	    || check_iss(google, call, &endpoints, iss, err) != RC_OK
	    || get_id_token(google, call, endpoints.token, code, &token, err) != RC_OK
	    || check_id_token(google, call, arena, endpoints.jwks, token,
	    ret_identity, err) != RC_OK)
		return err->rc;
	return RC_OK;
}

static const struct oauth_driver driver = { begin, finish, NULL };

static void
close_google(void *object)
{
	struct google *google = object;

	kept_done(&google->discovery);
	kept_done(&google->keys);
}

void
google_open(struct arena *process_arena, struct net *net,
    const struct google_options *options, struct oauth *oauth)
{
	struct google *google = arena_one(process_arena, struct google);

	google->client = (struct oauth_client){ &driver, net };
	google->options = *options;
	kept_init(&google->discovery);
	kept_init(&google->keys);
	arena_defer(process_arena, close_google, google);
	oauth_add(oauth, OAUTH_GOOGLE, &google->client);
}
