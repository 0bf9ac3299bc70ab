#include "config.h"

#include "oauth/facebook.h"

#include "base/clock.h"
#include "codec/url.h"
#include "crypt/hash.h"
#include "oauth/oauth-http.h"

enum { ACCESS_TOKEN_MAX = 1024, LEEWAY_S = 60 };

struct facebook {
	struct oauth_client client;
	struct facebook_options options;
};

/* --- the first half ----------------------------------------------------- */

/* Scopes stand with commas here. */
static enum rc
begin(struct oauth_client *client, struct oauth_call *call, struct str *ret_url,
    struct err *err)
{
	const struct facebook_options *options = &((struct facebook *)client)->options;
	struct buf url;

	(void)err;
	buf_init(&url, call->scratch, 1024, 16 * 1024);
	buf_printf(&url, "%.*s/%.*s/dialog/oauth", STR_FMT(options->dialog_url),
	    STR_FMT(options->version));
	buf_add_param(&url, "client_id", options->app_id);
	buf_add_param(&url, "redirect_uri", call->flow->redirect_uri);
	buf_add_param(&url, "state", call->flow->state);
	buf_add_param(&url, "response_type", STR("code"));
	buf_add_param(&url, "scope", STR("public_profile,email"));
	*ret_url = buf_str(&url);
	return RC_OK;
}

/* --- answers ------------------------------------------------------------ */

/* The codes of the Graph API: of the app, of limits, of a token or code. A secret
 * that is wrong has the code of "unknown error" and is known by its words. */
static const struct graph_error {
	int64_t code;
	const char *words;		/* within the message, or NULL */
	enum rc rc;
	const char *word;
} errors[] = {
	{ 1, "client secret", RC_INTERNAL, "client_secret" },
	{ 1, NULL, RC_SIGN_IN_UNAVAILABLE, "unknown_error" },
	{ 2, NULL, RC_SIGN_IN_UNAVAILABLE, "service" },
	{ 4, NULL, RC_SIGN_IN_UNAVAILABLE, "rate_limited" },
	{ 17, NULL, RC_SIGN_IN_UNAVAILABLE, "rate_limited" },
	{ 32, NULL, RC_SIGN_IN_UNAVAILABLE, "rate_limited" },
	{ 613, NULL, RC_SIGN_IN_UNAVAILABLE, "rate_limited" },
	{ 10, NULL, RC_SIGN_IN_REFUSED, "permission" },
	{ 101, NULL, RC_INTERNAL, "app_id" },
	{ 191, NULL, RC_INTERNAL, "redirect_uri" },
	{ 100, "redirect_uri", RC_INTERNAL, "redirect_uri" },
	{ 100, "appsecret_proof", RC_INTERNAL, "client_secret" },
	{ 100, "client_secret", RC_INTERNAL, "client_secret" },
	{ 100, NULL, RC_SIGN_IN_REFUSED, "code" },
	{ 102, NULL, RC_SIGN_IN_REFUSED, "token" },
	{ 190, NULL, RC_SIGN_IN_REFUSED, "token" },
	{ 200, NULL, RC_SIGN_IN_REFUSED, "permission" },
};

static enum rc
read_error(struct oauth_call *call, const char *step,
    const struct oauth_reply *reply, struct err *err)
{
	const struct json_value *error = json_get(reply->json, "error");
	struct str message = oauth_get_str(error, "message");
	int64_t code;

	if (reply->status < 500 && oauth_get_int(error, "code", &code))
		for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
			if (errors[i].code == code && (errors[i].words == NULL
			    || str_contains_nocase(message, str_of(errors[i].words))))
				return oauth_fail(err, call, errors[i].rc, step,
				    errors[i].word);
	return oauth_fail(err, call, RC_SIGN_IN_UNAVAILABLE, step, "bad_reply");
}

static enum rc
ask(struct oauth_call *call, const char *step, struct str url, struct str form,
    const struct json_value **ret_json, struct err *err)
{
	struct oauth_request request = { .step = step, .url = url, .form = form,
		.configured = true };
	struct oauth_reply reply;

	if (oauth_exchange(call, &request, &reply, err) != RC_OK)
		return err->rc;
	if (reply.status != 200 || reply.json == NULL
	    || json_get(reply.json, "error") != NULL)
		return read_error(call, step, &reply, err);
	*ret_json = reply.json;
	return RC_OK;
}

/* --- the second half ---------------------------------------------------- */

/* As a form: a secret in an address ends up in logs on the way. */
static enum rc
get_token(const struct facebook_options *options, struct oauth_call *call,
    struct str code, struct str *ret_token, struct err *err)
{
	const struct json_value *json;
	struct str token;
	struct buf form;

	buf_init(&form, call->scratch, 1024, 16 * 1024);
	buf_add_param(&form, "client_id", options->app_id);
	buf_add_param(&form, "redirect_uri", call->flow->redirect_uri);
	buf_add_param(&form, "client_secret", options->app_secret);
	buf_add_param(&form, "code", code);
	if (ask(call, "token", arena_printf(call->scratch,
	    "%.*s/%.*s/oauth/access_token", STR_FMT(options->graph_url),
	    STR_FMT(options->version)), oauth_form(&form), &json, err) != RC_OK)
		return err->rc;
	token = oauth_get_str(json, "access_token");
	if (token.n == 0 || token.n > ACCESS_TOKEN_MAX)
		return oauth_fail(err, call, RC_SIGN_IN_INVALID, "token",
		    "no_access_token");
	*ret_token = token;
	return RC_OK;
}

/* 0: it does not end. */
static bool
has_ended(const struct json_value *data, const char *name)
{
	int64_t at;

	return oauth_get_int(data, name, &at) && at != 0
	    && at <= clock_now_ms() / 1000 - LEEWAY_S;
}

static const char *
judge_token(struct arena *scratch, const struct json_value *data, struct str app_id,
    struct str *ret_user_id)
{
	const struct json_value *valid = json_get(data, "is_valid");
	struct str app = oauth_get_id(scratch, data, "app_id");

	if (app.p == NULL || !str_eq(app, app_id))
		return "app_id";
	if (!str_eqz(oauth_get_str(data, "type"), "USER"))
		return "type";
	if (valid == NULL || valid->type != JSON_T_BOOL || !valid->boolean)
		return "is_valid";
	if (has_ended(data, "expires_at"))
		return "expires_at";
	*ret_user_id = oauth_get_id(scratch, data, "user_id");
	return ret_user_id->n > 0 && ret_user_id->n <= OAUTH_SUBJECT_MAX
	    ? NULL : "user_id";
}

static enum rc
inspect(const struct facebook_options *options, struct oauth_call *call,
    struct str token, struct str *ret_user_id, struct err *err)
{
	const struct json_value *json;
	const char *failed;
	struct buf url;

	buf_init(&url, call->scratch, 1024, 16 * 1024);
	buf_printf(&url, "%.*s/debug_token", STR_FMT(options->graph_url));
	buf_add_param(&url, "input_token", token);
	buf_add_param(&url, "access_token", arena_printf(call->scratch, "%.*s|%.*s",
	    STR_FMT(options->app_id), STR_FMT(options->app_secret)));
	if (ask(call, "debug_token", buf_str(&url), STR_NULL, &json, err) != RC_OK)
		return err->rc;
	failed = judge_token(call->scratch, json_get(json, "data"), options->app_id,
	    ret_user_id);
	return failed == NULL ? RC_OK
	    : oauth_fail(err, call, RC_SIGN_IN_INVALID, "debug_token", failed);
}

static struct str
picture_of(struct arena *arena, const struct json_value *me)
{
	const struct json_value *data = json_get(json_get(me, "picture"), "data");
	const struct json_value *nobody = json_get(data, "is_silhouette");

	return nobody != NULL && nobody->type == JSON_T_BOOL && nobody->boolean
	    ? STR_NULL : oauth_picture(arena, oauth_get_str(data, "url"));
}

static enum rc
get_profile(const struct facebook_options *options, struct oauth_call *call,
    struct arena *arena, struct str token, struct str user_id,
    struct oauth_identity *ret_identity, struct err *err)
{
	const struct json_value *me;
	struct str id;
	struct buf url;

	buf_init(&url, call->scratch, 1024, 16 * 1024);
	buf_printf(&url, "%.*s/%.*s/me", STR_FMT(options->graph_url),
	    STR_FMT(options->version));
	buf_add_param(&url, "fields", STR("id,name,email,picture"));
	buf_add_param(&url, "access_token", token);
	buf_add_param(&url, "appsecret_proof",
	    facebook_proof(call->scratch, options->app_secret, token));
	if (ask(call, "me", buf_str(&url), STR_NULL, &me, err) != RC_OK)
		return err->rc;
	id = oauth_get_id(call->scratch, me, "id");
	if (id.p == NULL || !str_eq(id, user_id))
		return oauth_fail(err, call, RC_SIGN_IN_INVALID, "me", "id");
	*ret_identity = (struct oauth_identity){
		.issuer = STR(FACEBOOK_ISSUER), .subject = arena_str(arena, id),
		.email = oauth_email(arena, oauth_get_str(me, "email")),
		.name = oauth_name(arena, oauth_get_str(me, "name")),
		.picture_url = picture_of(arena, me),
	};
	return RC_OK;
}

static enum rc
finish(struct oauth_client *client, struct oauth_call *call, struct arena *arena,
    struct str code, struct str iss, struct oauth_identity *ret_identity,
    struct err *err)
{
	const struct facebook_options *options = &((struct facebook *)client)->options;
	struct str token, user_id;

	(void)iss;		/* Facebook sends none */
	if (get_token(options, call, code, &token, err) != RC_OK
	    || inspect(options, call, token, &user_id, err) != RC_OK
	    || get_profile(options, call, arena, token, user_id, ret_identity, err)
	    != RC_OK)
		return err->rc;
	return RC_OK;
}

/* --- signed requests ---------------------------------------------------- */

static enum rc
read_signed(struct oauth_client *client, struct oauth_call *call,
    struct arena *arena, struct str text, struct oauth_signed *ret_signed,
    struct err *err)
{
	const struct facebook *facebook = (const struct facebook *)client;
	const char *failed = facebook_read_signed(arena,
	    facebook->options.app_secret, text, clock_now_ms() / 1000, ret_signed);

	if (failed == NULL)
		return RC_OK;
	return oauth_fail(err, call, strcmp(failed, "form") == 0
	    || strcmp(failed, "size") == 0 ? RC_MALFORMED : RC_FORBIDDEN,
	    "signed_request", failed);
}

struct str
facebook_proof(struct arena *arena, struct str app_secret, struct str access_token)
{
	unsigned char mac[SHA256_BYTES];
	struct buf hex;

	hmac_sha256(app_secret, access_token, mac);
	buf_init(&hex, arena, sizeof mac * 2, sizeof mac * 2);
	buf_add_hex(&hex, mac, sizeof mac);
	return buf_str(&hex);
}

static const struct oauth_driver driver = { begin, finish, read_signed };

void
facebook_open(struct arena *process_arena, struct net *net,
    const struct facebook_options *options, struct oauth *oauth)
{
	struct facebook *facebook = arena_one(process_arena, struct facebook);

	facebook->client = (struct oauth_client){ &driver, net };
	facebook->options = *options;
	oauth_add(oauth, OAUTH_FACEBOOK, &facebook->client);
}
