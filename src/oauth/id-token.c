#include "config.h"

#include "oauth/id-token.h"

#include "base/utf8.h"
#include "crypt/hash.h"
#include "oauth/oauth-http.h"

struct claims {
	const struct json_value *json;
	const struct id_token_wants *wants;
};

static struct str
text(const struct claims *claims, const char *name)
{
	return oauth_get_str(claims->json, name);
}

static bool
iss_is_good(const struct claims *claims)
{
	struct str iss = text(claims, "iss");

	return iss.p != NULL && (str_eq(iss, claims->wants->issuer)
	    || (claims->wants->issuer_also.p != NULL
	    && str_eq(iss, claims->wants->issuer_also)));
}

/* Ours alone, or ours among others. */
static bool
aud_is_good(const struct claims *claims)
{
	const struct json_value *aud = json_get(claims->json, "aud");

	if (aud == NULL || aud->type != JSON_T_ARRAY)
		return text(claims, "aud").p != NULL
		    && str_eq(text(claims, "aud"), claims->wants->client_id);
	for (const struct json_value *v = aud->first; v != NULL; v = v->next)
		if (v->type == JSON_T_STRING
		    && str_eq(v->string, claims->wants->client_id))
			return true;
	return false;
}

/* Whom it was made for: must be told when there are others. */
static bool
azp_is_good(const struct claims *claims)
{
	const struct json_value *aud = json_get(claims->json, "aud");
	const struct json_value *azp = json_get(claims->json, "azp");

	if (azp == NULL)
		return aud->type != JSON_T_ARRAY || aud->count == 1;
	return azp->type == JSON_T_STRING
	    && str_eq(azp->string, claims->wants->client_id);
}

static bool
exp_is_good(const struct claims *claims)
{
	int64_t exp;

	return oauth_get_int(claims->json, "exp", &exp)
	    && exp > claims->wants->now_s - ID_TOKEN_LEEWAY_S;
}

static bool
is_not_ahead(const struct claims *claims, const char *name)
{
	int64_t at;

	return oauth_get_int(claims->json, name, &at)
	    && at <= claims->wants->now_s + ID_TOKEN_LEEWAY_S;
}

static bool
nbf_is_good(const struct claims *claims)
{
	return json_get(claims->json, "nbf") == NULL || is_not_ahead(claims, "nbf");
}

static bool
iat_is_good(const struct claims *claims)
{
	return is_not_ahead(claims, "iat");
}

static bool
nonce_is_good(const struct claims *claims)
{
	struct str nonce = text(claims, "nonce");

	return nonce.p != NULL && str_eq_ct(nonce, claims->wants->nonce);
}

static bool
sub_is_good(const struct claims *claims)
{
	struct str sub = text(claims, "sub");

	return sub.n > 0 && sub.n <= OAUTH_SUBJECT_MAX
	    && !utf8_has_controls(sub, false);
}

static const struct {
	const char *word;
	bool (*is_good)(const struct claims *claims);
} checks[] = {
	{ "iss", iss_is_good }, { "aud", aud_is_good }, { "azp", azp_is_good },
	{ "exp", exp_is_good }, { "nbf", nbf_is_good }, { "iat", iat_is_good },
	{ "nonce", nonce_is_good }, { "sub", sub_is_good },
};

/* --- who it is ---------------------------------------------------------- */

/* A boolean; some providers write it as a string. */
static bool
is_true(const struct json_value *value)
{
	return value != NULL && ((value->type == JSON_T_BOOL && value->boolean)
	    || (value->type == JSON_T_STRING && str_eqz(value->string, "true")));
}

static bool
ends_with_nocase(struct str s, struct str tail)
{
	return s.n > tail.n && str_eq_nocase(str_slice(s, s.n - tail.n, s.n), tail);
}

static void
fill_identity(struct arena *arena, const struct claims *claims,
    struct oauth_identity *identity)
{
	*identity = (struct oauth_identity){
		.issuer = arena_str(arena, claims->wants->issuer),
		.subject = arena_str(arena, text(claims, "sub")),
		.email = oauth_email(arena, text(claims, "email")),
		.name = oauth_name(arena, text(claims, "name")),
		.picture_url = oauth_picture(arena, text(claims, "picture")),
	};
	identity->email_verified = identity->email.p != NULL
	    && is_true(json_get(claims->json, "email_verified"));
	identity->email_authoritative = identity->email_verified
	    && (text(claims, "hd").n > 0
	    || ends_with_nocase(identity->email, STR("@gmail.com")));
}

const char *
id_token_check(struct arena *arena, struct str token, struct str jwks,
    const struct id_token_wants *wants, struct oauth_identity *ret_identity,
    enum jws_fault *ret_fault)
{
	struct claims claims = { .wants = wants };
	struct arena *scratch = arena_new_wiped();
	const char *failed = NULL;
	struct str payload;
	struct err err;

	err_init(&err);
	*ret_fault = jws_verify(scratch, token, jwks, &payload);
	if (*ret_fault != JWS_GOOD)
		failed = jws_fault_word(*ret_fault);
	else if (json_parse(scratch, payload, &claims.json, &err) != RC_OK
	    || claims.json->type != JSON_T_OBJECT)
		failed = "payload";
	for (size_t i = 0; failed == NULL && i < sizeof checks / sizeof checks[0]; i++)
		if (!checks[i].is_good(&claims))
			failed = checks[i].word;
	if (failed == NULL)
		fill_identity(arena, &claims, ret_identity);
	arena_free(scratch);
	return failed;
}
