#include "config.h"

#include "unit.h"

#include <openssl/pem.h>

#include "base/clock.h"
#include "jws_sign.h"
#include "unit_arena.h"	/* last: its arena is no parameter of the others */
#include "net/net.h"
#include "oauth/facebook.h"
#include "oauth/google.h"
#include "oauth/id-token.h"
#include "oauth/oauth-http.h"

static EVP_PKEY *key, *other;		/* made once, before the cases are forked */

#define ISSUER "https://issuer.example"
#define RS256 "{\"alg\":\"RS256\",\"kid\":\"k1\"}"
#define SECRET "test-app-secret"
#define SIGNED_REQUEST "Ykr8DwkH_gfQZbPzE_a_RaJHYEeDi-Vl0zAT6b1HtCE." \
	"eyJ1c2VyX2lkIjoiMjE4NDcxIiwiYWxnb3JpdGhtIjoiSE1BQy1TSEEyNTYiLCJpc3N1ZWR" \
	"fYXQiOjEyOTE4MzY4MDAsImV4cGlyZXMiOjEyOTE4NDA0MDB9"

enum { NOW_S = 1700000000, SIGNED_S = 1291836800 };

/* --- the ID token ------------------------------------------------------- */

static const struct id_token_wants wants = { .issuer = STR_INIT(ISSUER),
	.client_id = STR_INIT("rp"), .nonce = STR_INIT("n-0S6_WzA2Mj"), .now_s = NOW_S };

static struct str
jwks(void)
{
	return jwks_of(arena, rsa_jwk(arena, key, "k1", ",\"use\":\"sig\""));
}

static const char *
check_with(struct str token, const struct id_token_wants *with,
    struct oauth_identity *ret_identity)
{
	enum jws_fault fault = JWS_FAULTS;
	struct oauth_identity identity = { .subject = STR("untouched") };
	const char *failed = id_token_check(arena, token, jwks(), with, &identity,
	    &fault);

	ck_assert_int_ne(fault, JWS_FAULTS);
	if (failed != NULL)
		ck_assert_str(identity.subject, "untouched");
	*ret_identity = identity;
	return failed == NULL ? "good" : failed;
}

static const char *
check_token(struct str token)
{
	struct oauth_identity identity;

	return check_with(token, &wants, &identity);
}

static struct str
signed_claims(const char *claims)
{
	return sign_with(arena, key, STR(RS256), str_of(claims));
}

/* The claims of a good token, but for one that is put in the place of another; NULL
 * leaves it out. */
static const char *
claims_with(const char *name, const char *value)
{
	static const struct {
		const char *name, *value;
	} good[] = {
		{ "iss", "\"" ISSUER "\"" }, { "aud", "\"rp\"" },
		{ "exp", "1700003600" }, { "iat", "1700000000" },
		{ "nonce", "\"n-0S6_WzA2Mj\"" }, { "sub", "\"alice\"" },
	};
	struct buf buf;
	bool known = false;

	buf_init(&buf, arena, 256, 64 * 1024);
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		bool this = strcmp(good[i].name, name) == 0;

		known = known || this;
		if (this && value == NULL)
			continue;
		buf_printf(&buf, "%s\"%s\":%s", buf.n == 0 ? "{" : ",", good[i].name,
		    this ? value : good[i].value);
	}
	if (!known && value != NULL)
		buf_printf(&buf, ",\"%s\":%s", name, value);
	buf_addz(&buf, "}");
	return arena_strz(arena, buf_str(&buf));
}

START_TEST(each_claim_is_checked)
{
	static const struct {
		const char *name, *value, *want;
	} rows[] = {
		{ "none", NULL, "good" },
		{ "iss", NULL, "iss" }, { "iss", "null", "iss" }, { "iss", "\"\"", "iss" },
		{ "iss", "[\"" ISSUER "\"]", "iss" },
		{ "iss", "\"" ISSUER "/\"", "iss" },
		{ "iss", "\"https://ISSUER.example\"", "iss" },
		{ "iss", "\"http://issuer.example\"", "iss" },
		{ "iss", "\"issuer.example\"", "iss" },
		{ "iss", "\"https://issuer.example.evil.example\"", "iss" },
		{ "aud", NULL, "aud" }, { "aud", "\"\"", "aud" }, { "aud", "\"RP\"", "aud" },
		{ "aud", "\"rp2\"", "aud" }, { "aud", "\"r\"", "aud" }, { "aud", "1", "aud" },
		{ "aud", "null", "aud" }, { "aud", "{}", "aud" }, { "aud", "[]", "aud" },
		{ "aud", "[\"other\"]", "aud" }, { "aud", "[[\"rp\"]]", "aud" },
		{ "aud", "[\"rp\"]", "good" },
		{ "aud", "[\"rp\",\"other\"]", "azp" },
		{ "aud", "[\"rp\",\"other\"],\"azp\":\"rp\"", "good" },
		{ "aud", "[\"rp\",\"other\"],\"azp\":\"other\"", "azp" },
		{ "azp", "\"rp\"", "good" }, { "azp", "\"other\"", "azp" },
		{ "azp", "null", "azp" }, { "azp", "[\"rp\"]", "azp" },
		{ "exp", NULL, "exp" }, { "exp", "\"1700003600\"", "exp" },
		{ "exp", "null", "exp" }, { "exp", "1.7000036e9", "exp" },
		{ "exp", "0", "exp" }, { "exp", "-1", "exp" },
		{ "exp", "1699999940", "exp" }, { "exp", "1699999941", "good" },
		{ "exp", "9223372036854775807", "good" },
		{ "nbf", "1700000060", "good" }, { "nbf", "1700000061", "nbf" },
		{ "nbf", "null", "nbf" }, { "nbf", "\"0\"", "nbf" },
		{ "iat", NULL, "iat" }, { "iat", "1700000060", "good" },
		{ "iat", "1700000061", "iat" }, { "iat", "\"1700000000\"", "iat" },
		{ "nonce", NULL, "nonce" }, { "nonce", "null", "nonce" },
		{ "nonce", "\"\"", "nonce" }, { "nonce", "\"n-0S6_WzA2Mk\"", "nonce" },
		{ "nonce", "\"n-0S6_WzA2M\"", "nonce" },
		{ "nonce", "\"n-0S6_WzA2Mjx\"", "nonce" },
		{ "nonce", "[\"n-0S6_WzA2Mj\"]", "nonce" },
		{ "sub", NULL, "sub" }, { "sub", "\"\"", "sub" }, { "sub", "null", "sub" },
		{ "sub", "12", "sub" }, { "sub", "\"a\\nb\"", "sub" },
		/* A name twice: whichever a reader takes, it is not the same one. */
		{ "sub", "\"alice\",\"sub\":\"bob\"", "payload" },
		{ "aud", "\"rp\",\"aud\":\"other\"", "payload" },
		{ "exp", "1,\"exp\":1700003600", "payload" },
		{ "sub", "\"\\u0000\"", "payload" },
		{ "sub", "\"\xff\"", "payload" },
		{ "sub", "\"alice\"}{", "payload" },
		{ "exp", "99999999999999999999", "payload" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *claims = claims_with(rows[i].name, rows[i].value);

		ck_assert_msg(strcmp(check_token(signed_claims(claims)), rows[i].want)
		    == 0, "%s: %s", claims, check_token(signed_claims(claims)));
	}
}
END_TEST

START_TEST(a_payload_that_is_no_object_is_refused)
{
	static const char *const payloads[] = { "", "[]", "\"x\"", "null", "1", "{",
		"{}x" };

	for (size_t i = 0; i < sizeof payloads / sizeof payloads[0]; i++)
		ck_assert_str_eq(check_token(signed_claims(payloads[i])), "payload");
	ck_assert_str_eq(check_token(signed_claims("{}")), "iss");
}
END_TEST

START_TEST(a_subject_has_a_limit)
{
	char sub[OAUTH_SUBJECT_MAX + 4];

	memset(sub, 'a', sizeof sub);
	sub[0] = sub[OAUTH_SUBJECT_MAX + 1] = '"';
	sub[OAUTH_SUBJECT_MAX + 2] = '\0';
	ck_assert_str_eq(check_token(signed_claims(claims_with("sub", sub))), "good");
	sub[OAUTH_SUBJECT_MAX + 1] = 'a';
	sub[OAUTH_SUBJECT_MAX + 2] = '"';
	sub[OAUTH_SUBJECT_MAX + 3] = '\0';
	ck_assert_str_eq(check_token(signed_claims(claims_with("sub", sub))), "sub");
}
END_TEST

/* What an attacker can do to a good token, and the word for each. */
START_TEST(forged_tokens_are_refused)
{
	const char *claims = claims_with("none", NULL);
	struct str good = signed_claims(claims), text;
	BIO *bio = BIO_new(BIO_s_mem());
	char *p = arena_strz(arena, good), *pem;
	size_t first = str_find(good, '.'), second;
	long n;

	ck_assert_str_eq(check_token(good), "good");
	second = first + 1 + str_find(str_slice(good, first + 1, good.n), '.');
	ck_assert_int_eq(PEM_write_bio_PUBKEY(bio, key), 1);
	n = BIO_get_mem_data(bio, &pem);
	ck_assert_str_eq(check_token(mac_with(arena, (struct str){ pem, (size_t)n },
	    STR("{\"alg\":\"HS256\",\"kid\":\"k1\"}"), str_of(claims))), "algorithm");
	ck_assert_int_eq(BIO_free(bio), 1);
	text = signed_text(arena, STR("{\"alg\":\"none\",\"kid\":\"k1\"}"), str_of(claims));
	ck_assert_str_eq(check_token(with_signature(arena, text, "x", 1)), "algorithm");
	ck_assert_str_eq(check_token(arena_printf(arena, "%.*s.", STR_FMT(text))),
	    "malformed");
	ck_assert_str_eq(check_token(sign_with(arena, key,
	    STR("{\"alg\":\"RS256\",\"kid\":\"k9\"}"), str_of(claims))), "unknown_kid");
	ck_assert_str_eq(check_token(sign_with(arena, other, STR(RS256),
	    str_of(claims))), "signature");
	ck_assert_str_eq(check_token(str_slice(good, 0, second)), "malformed");
	ck_assert_str_eq(check_token(str_slice(good, 0, good.n - 2)), "signature");
	ck_assert_str_eq(check_token(STR("")), "malformed");
	/* Each character of the payload, as another of each class. */
	for (size_t at = first + 1; at < second; at++)
		for (const char *c = "Aa0-_=.+ \n\xff"; *c != '\0'; c++) {
			char was = p[at];
			const char *failed;

			if (was == *c)
				continue;
			p[at] = *c;
			failed = check_token((struct str){ p, good.n });
			ck_assert_msg(strcmp(failed, "signature") == 0
			    || strcmp(failed, "malformed") == 0, "%zu as %c: %s", at, *c,
			    failed);
			p[at] = was;
		}
	ck_assert_str_eq(check_token((struct str){ p, good.n }), "good");
}
END_TEST

START_TEST(an_oversized_token_is_refused)
{
	char *name = arena_alloc(arena, JWS_MAX + 3);

	memset(name, 'x', JWS_MAX + 2);
	name[0] = name[JWS_MAX + 1] = '"';
	ck_assert_str_eq(check_token(signed_claims(claims_with("name", name))),
	    "too_large");
}
END_TEST

START_TEST(google_has_two_spellings)
{
	struct id_token_wants google = wants;
	struct oauth_identity identity;
	struct str shorter = signed_claims(claims_with("iss",
	    "\"accounts.google.com\""));

	google.issuer = STR("https://accounts.google.com");
	ck_assert_str_eq(check_with(shorter, &google, &identity), "iss");
	google.issuer_also = STR("accounts.google.com");
	ck_assert_str_eq(check_with(shorter, &google, &identity), "good");
	ck_assert_str(identity.issuer, "https://accounts.google.com");
	ck_assert_str_eq(check_with(signed_claims(claims_with("iss",
	    "\"https://accounts.google.com\"")), &google, &identity), "good");
	ck_assert_str_eq(check_with(signed_claims(claims_with("iss", "\"\"")), &google,
	    &identity), "iss");
}
END_TEST

START_TEST(an_identity_is_what_was_told)
{
	static const struct {
		const char *claims, *email, *name, *picture;
		bool verified, authoritative;
	} rows[] = {
		{ "\"x\"", NULL, NULL, NULL, false, false },
		{ "1,\"email\":\"alice@example.com\",\"email_verified\":true,"
		    "\"name\":\"Alice Example\",\"picture\":\"https://img.example/a.png\"",
		    "alice@example.com", "Alice Example", "https://img.example/a.png",
		    true, false },
		{ "1,\"email\":\"alice@example.com\",\"email_verified\":\"true\"",
		    "alice@example.com", NULL, NULL, true, false },
		{ "1,\"email\":\"a@b.example\",\"email_verified\":\"false\"",
		    "a@b.example", NULL, NULL, false, false },
		{ "1,\"email\":\"a@b.example\",\"email_verified\":1",
		    "a@b.example", NULL, NULL, false, false },
		{ "1,\"email\":\"a@b.example\"", "a@b.example", NULL, NULL, false, false },
		{ "1,\"email_verified\":true", NULL, NULL, NULL, false, false },
		{ "1,\"email\":\"A@Gmail.com\",\"email_verified\":true",
		    "A@Gmail.com", NULL, NULL, true, true },
		{ "1,\"email\":\"a@gmail.com\",\"email_verified\":false",
		    "a@gmail.com", NULL, NULL, false, false },
		{ "1,\"email\":\"a@gmail.com.evil.example\",\"email_verified\":true",
		    "a@gmail.com.evil.example", NULL, NULL, true, false },
		{ "1,\"email\":\"a@notgmail.com\",\"email_verified\":true",
		    "a@notgmail.com", NULL, NULL, true, false },
		{ "1,\"email\":\"b@corp.example\",\"email_verified\":true,"
		    "\"hd\":\"corp.example\"", "b@corp.example", NULL, NULL, true, true },
		{ "1,\"email\":\"b@corp.example\",\"hd\":\"corp.example\"",
		    "b@corp.example", NULL, NULL, false, false },
		{ "1,\"email\":[\"a@b.example\"],\"name\":{},\"picture\":1",
		    NULL, NULL, NULL, false, false },
		{ "1,\"email\":\"no at sign\",\"email_verified\":true",
		    NULL, NULL, NULL, false, false },
		{ "1,\"name\":\"a\\u202eb\"", NULL, NULL, NULL, false, false },
		{ "1,\"picture\":\"http://img.example/a.png\"", NULL, NULL, NULL, false,
		    false },
		{ "1,\"picture\":\"javascript:alert(1)\"", NULL, NULL, NULL, false, false },
		{ "1,\"picture\":\"https://img.example/\\\"onload=\"", NULL, NULL, NULL,
		    false, false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct oauth_identity identity;

		ck_assert_str_eq(check_with(signed_claims(claims_with("x",
		    rows[i].claims)), &wants, &identity), "good");
		ck_assert_str(identity.issuer, ISSUER);
		ck_assert_str(identity.subject, "alice");
		ck_assert_msg(str_eqz(identity.email, rows[i].email)
		    && (identity.email.p == NULL) == (rows[i].email == NULL), "%zu", i);
		ck_assert_msg(str_eqz(identity.name, rows[i].name), "%zu", i);
		ck_assert_msg(str_eqz(identity.picture_url, rows[i].picture), "%zu", i);
		ck_assert_msg(identity.email_verified == rows[i].verified, "%zu", i);
		ck_assert_msg(identity.email_authoritative == rows[i].authoritative,
		    "%zu", i);
	}
}
END_TEST

/* --- small things ------------------------------------------------------- */

START_TEST(personal_things_are_bounded)
{
	char text[OAUTH_PICTURE_MAX + 2];

	memset(text, 'a', sizeof text);
	text[1] = '@';
	ck_assert_uint_eq(oauth_email(arena, (struct str){ text, OAUTH_EMAIL_MAX }).n,
	    OAUTH_EMAIL_MAX);
	ck_assert_ptr_null(oauth_email(arena,
	    (struct str){ text, OAUTH_EMAIL_MAX + 1 }).p);
	ck_assert_ptr_null(oauth_email(arena, STR("@b")).p);
	ck_assert_ptr_null(oauth_email(arena, STR("a@")).p);
	ck_assert_ptr_null(oauth_email(arena, STR("a b@c")).p);
	ck_assert_ptr_null(oauth_email(arena, STR("a@b\r\nBcc: c")).p);
	ck_assert_ptr_null(oauth_email(arena, STR_NULL).p);
	ck_assert_uint_eq(oauth_name(arena, (struct str){ text, sizeof text }).n,
	    OAUTH_NAME_MAX);
	ck_assert_str(oauth_name(arena, STR("  Alice\t")), "Alice");
	ck_assert_ptr_null(oauth_name(arena, STR("   ")).p);
	ck_assert_ptr_null(oauth_name(arena, STR("a\nb")).p);
	ck_assert_ptr_null(oauth_name(arena, STR_NULL).p);
	memcpy(text, "https://", 8);
	ck_assert_uint_eq(oauth_picture(arena, (struct str){ text, OAUTH_PICTURE_MAX }).n,
	    OAUTH_PICTURE_MAX);
	ck_assert_ptr_null(oauth_picture(arena,
	    (struct str){ text, OAUTH_PICTURE_MAX + 1 }).p);
	ck_assert_ptr_null(oauth_picture(arena, STR("https://a b")).p);
	ck_assert_ptr_null(oauth_picture(arena, STR_NULL).p);
}
END_TEST

START_TEST(freshness_follows_the_headers)
{
	static const struct {
		struct str control, age;
		int64_t want_ms;
	} rows[] = {
		{ STR_INIT("public, max-age=19800, must-revalidate"), STR_INIT("800"),
		    19000000 },
		{ STR_INIT("max-age=60"), { NULL, 0 }, 60000 },
		{ STR_INIT("MAX-AGE=60"), STR_INIT(" 10 "), 50000 },
		{ STR_INIT("max-age=60"), STR_INIT("100"), 0 },
		{ STR_INIT("max-age=60"), STR_INIT("-5"), 60000 },
		{ STR_INIT("max-age=60"), STR_INIT("soon"), 60000 },
		{ STR_INIT("max-age=60, max-age=900"), { NULL, 0 }, 60000 },
		{ STR_INIT("max-age=60, no-store"), { NULL, 0 }, 0 },
		{ STR_INIT("No-Cache"), { NULL, 0 }, 0 },
		{ STR_INIT("s-maxage=60"), { NULL, 0 }, -1 },
		{ STR_INIT("max-age=-1"), { NULL, 0 }, -1 },
		{ STR_INIT("max-age="), { NULL, 0 }, -1 },
		{ STR_INIT("max-age=9000000000000000000"), { NULL, 0 }, 1000000000000 },
		{ STR_INIT("max-age=90000000000000000000"), { NULL, 0 }, -1 },
		{ STR_INIT(""), { NULL, 0 }, -1 },
		{ { NULL, 0 }, STR_INIT("5"), -1 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		ck_assert_msg(oauth_fresh_ms(rows[i].control, rows[i].age)
		    == rows[i].want_ms, "%.*s", STR_FMT(rows[i].control));
}
END_TEST

START_TEST(errors_of_callbacks_are_understood)
{
	static const struct {
		const char *word;
		enum oauth_return want;
	} rows[] = {
		{ "access_denied", OAUTH_CANCELLED }, { "consent_required", OAUTH_CANCELLED },
		{ "login_required", OAUTH_CANCELLED },
		{ "temporarily_unavailable", OAUTH_LATER }, { "server_error", OAUTH_LATER },
		{ "invalid_request", OAUTH_SETUP }, { "invalid_scope", OAUTH_SETUP },
		{ "unauthorized_client", OAUTH_SETUP }, { "", OAUTH_UNKNOWN },
		{ "ACCESS_DENIED", OAUTH_UNKNOWN }, { "<script>", OAUTH_UNKNOWN },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		ck_assert_int_eq(oauth_return_of(str_of(rows[i].word)), rows[i].want);
	ck_assert_int_eq(oauth_return_of(STR_NULL), OAUTH_UNKNOWN);
}
END_TEST

START_TEST(words_of_logs_are_plain)
{
	ck_assert_str_eq(oauth_plain_word(arena, STR("slow_down")), "slow_down");
	ck_assert_str_eq(oauth_plain_word(arena, STR("a b")), "other");
	ck_assert_str_eq(oauth_plain_word(arena, STR("4/0AX4XfWi")), "other");
	ck_assert_str_eq(oauth_plain_word(arena, STR("")), "other");
	ck_assert_str_eq(oauth_plain_word(arena,
	    STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")), "other");
}
END_TEST

START_TEST(providers_have_words)
{
	enum oauth_provider provider = OAUTH_PROVIDERS;

	ck_assert(oauth_provider_of(STR("google"), &provider));
	ck_assert_int_eq(provider, OAUTH_GOOGLE);
	ck_assert(oauth_provider_of(STR("facebook"), &provider));
	ck_assert_int_eq(provider, OAUTH_FACEBOOK);
	ck_assert_str_eq(oauth_word(OAUTH_FACEBOOK), "facebook");
	ck_assert_str_eq(oauth_title(OAUTH_GOOGLE), "Google");
	ck_assert(!oauth_provider_of(STR("Google"), &provider));
	ck_assert(!oauth_provider_of(STR("google/"), &provider));
	ck_assert(!oauth_provider_of(STR_NULL, &provider));
}
END_TEST

/* RFC 7636, appendix B. */
START_TEST(the_challenge_is_that_of_the_standard)
{
	ck_assert_str(oauth_challenge(arena,
	    STR("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")),
	    "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}
END_TEST

/* --- Facebook ----------------------------------------------------------- */

static const struct oauth_flow flow = {
	.redirect_uri = STR_INIT("https://studio.example/v1/auth/facebook/callback"),
	.state = STR_INIT("s&t=a/te"), .nonce = STR_INIT("n"),
	.code_verifier = STR_INIT("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
};

static struct oauth *
open_facebook(void)
{
	static const struct facebook_options options = { .app_id = STR_INIT("1234567"),
		.app_secret = STR_INIT(SECRET),
		.graph_url = STR_INIT("https://graph.example"),
		.dialog_url = STR_INIT("https://www.example"),
		.version = STR_INIT("v25.0") };
	struct oauth *oauth = oauth_new(arena);

	facebook_open(arena, NULL, &options, oauth);
	return oauth;
}

START_TEST(the_dialogs_address_has_all_it_needs)
{
	struct oauth *oauth = open_facebook();
	struct str url;
	struct err err;

	err_init(&err);
	ck_assert_int_eq(oauth_begin(oauth, arena, OAUTH_FACEBOOK, &flow, &url, &err),
	    RC_OK);
	ck_assert_str(url, "https://www.example/v25.0/dialog/oauth?client_id=1234567"
	    "&redirect_uri=https%3A%2F%2Fstudio.example%2Fv1%2Fauth%2Ffacebook%2Fcallback"
	    "&state=s%26t%3Da%2Fte&response_type=code&scope=public_profile%2Cemail");
}
END_TEST

START_TEST(what_is_off_is_not_found)
{
	struct oauth *oauth = open_facebook();
	struct oauth_identity identity;
	struct oauth_signed told;
	struct str url = STR("untouched");
	struct err err;

	err_init(&err);
	ck_assert_int_eq(oauth_begin(oauth, arena, OAUTH_GOOGLE, &flow, &url, &err),
	    RC_NOT_FOUND);
	ck_assert_str(url, "untouched");
	ck_assert_int_eq(oauth_begin(NULL, arena, OAUTH_FACEBOOK, &flow, &url, &err),
	    RC_NOT_FOUND);
	ck_assert_int_eq(oauth_finish(oauth, arena, OAUTH_GOOGLE, &flow, STR("c"),
	    STR_NULL, &identity, &err), RC_NOT_FOUND);
	ck_assert_int_eq(oauth_read_signed(oauth, arena, OAUTH_GOOGLE,
	    STR(SIGNED_REQUEST), &told, &err), RC_NOT_FOUND);
}
END_TEST

START_TEST(a_code_of_odd_size_is_refused_unsent)
{
	struct oauth *oauth = open_facebook();
	char *code = arena_alloc(arena, OAUTH_CODE_MAX + 1);
	struct oauth_identity identity;
	struct err err;

	err_init(&err);
	memset(code, 'c', OAUTH_CODE_MAX + 1);
	ck_assert_int_eq(oauth_finish(oauth, arena, OAUTH_FACEBOOK, &flow, STR(""),
	    STR_NULL, &identity, &err), RC_SIGN_IN_REFUSED);
	ck_assert_int_eq(oauth_finish(oauth, arena, OAUTH_FACEBOOK, &flow,
	    (struct str){ code, OAUTH_CODE_MAX + 1 }, STR_NULL, &identity, &err),
	    RC_SIGN_IN_REFUSED);
	ck_assert_str_eq(err.detail, "facebook code: size");
}
END_TEST

/* A deadline that is over: nothing is sent, and it takes no time. */
START_TEST(without_time_nothing_is_asked)
{
	struct oauth *oauth = open_facebook();
	struct oauth_flow late = flow;
	struct oauth_identity identity;
	struct err err;

	err_init(&err);
	late.deadline_ms = clock_mono_ms();
	ck_assert_int_eq(oauth_finish(oauth, arena, OAUTH_FACEBOOK, &late, STR("c"),
	    STR_NULL, &identity, &err), RC_SIGN_IN_UNAVAILABLE);
	ck_assert_str_eq(err.detail, "facebook token: timeout");
}
END_TEST

START_TEST(the_proof_is_that_of_the_contract)
{
	ck_assert_str(facebook_proof(arena, STR(SECRET), STR("EAAtesttoken")),
	    "62f73cbe7b318721f6695dcd7ce46d9a60b2134d6e69eb38057c6db0608019a8");
}
END_TEST

static const char *
read_signed(struct str text, int64_t now_s)
{
	struct oauth_signed told = { .subject = STR("untouched") };
	const char *failed = facebook_read_signed(arena, STR(SECRET), text, now_s,
	    &told);

	if (failed == NULL) {
		ck_assert_str(told.issuer, FACEBOOK_ISSUER);
		return arena_strz(arena, told.subject);
	}
	ck_assert_str(told.subject, "untouched");
	return failed;
}

static struct str
sign_request(const char *payload)
{
	unsigned char mac[SHA256_BYTES];
	struct str text = base64url(arena, payload, strlen(payload));
	struct str signature;

	hmac_sha256(STR(SECRET), text, mac);
	signature = base64url(arena, mac, sizeof mac);
	return arena_printf(arena, "%.*s.%.*s", STR_FMT(signature), STR_FMT(text));
}

START_TEST(the_signed_request_of_the_contract_is_good)
{
	struct oauth *oauth = open_facebook();
	struct oauth_signed told;
	struct err err;

	ck_assert_str_eq(read_signed(STR(SIGNED_REQUEST), SIGNED_S), "218471");
	ck_assert_str_eq(read_signed(STR(SIGNED_REQUEST), SIGNED_S - 60), "218471");
	ck_assert_str_eq(read_signed(STR(SIGNED_REQUEST), SIGNED_S - 61), "issued_at");
	ck_assert_str_eq(read_signed(STR(SIGNED_REQUEST), 1291840459), "218471");
	ck_assert_str_eq(read_signed(STR(SIGNED_REQUEST), 1291840460), "expires");
	err_init(&err);
	ck_assert_int_eq(oauth_read_signed(oauth, arena, OAUTH_FACEBOOK,
	    STR(SIGNED_REQUEST), &told, &err), RC_FORBIDDEN);
	ck_assert_str_eq(err.detail, "facebook signed_request: expires");
	ck_assert_int_eq(oauth_read_signed(oauth, arena, OAUTH_FACEBOOK, STR("x"),
	    &told, &err), RC_MALFORMED);
	clock_set_skew_ms(SIGNED_S * INT64_C(1000) - clock_now_ms());
	ck_assert_int_eq(oauth_read_signed(oauth, arena, OAUTH_FACEBOOK,
	    STR(SIGNED_REQUEST), &told, &err), RC_OK);
	ck_assert_str(told.subject, "218471");
	ck_assert_int_eq(told.issued_at_s, SIGNED_S);
}
END_TEST

START_TEST(what_was_signed_is_checked_too)
{
#define REST ",\"algorithm\":\"HMAC-SHA256\",\"issued_at\":1700000000}"
	static const struct {
		const char *payload, *want;
	} rows[] = {
		{ "{\"user_id\":\"1\"" REST, "1" },
		{ "{\"user_id\":1021" REST, "1021" },
		{ "{\"expires\":0,\"user_id\":\"1\"" REST, "1" },
		{ "{\"expires\":1700003600,\"user_id\":\"1\"" REST, "1" },
		{ "{\"expires\":1600000000,\"user_id\":\"1\"" REST, "expires" },
		{ "{\"expires\":\"0\",\"user_id\":\"1\"" REST, "expires" },
		{ "{\"user_id\":\"\"" REST, "user_id" },
		{ "{\"user_id\":\"1 or 2\"" REST, "user_id" },
		{ "{\"user_id\":-1" REST, "user_id" },
		{ "{\"user_id\":[\"1\"]" REST, "user_id" },
		{ "{\"x\":1" REST, "user_id" },
		{ "{\"user_id\":\"1\",\"issued_at\":1700000000}", "algorithm" },
		{ "{\"user_id\":\"1\",\"algorithm\":\"hmac-sha256\",\"issued_at\":1700000000}",
		    "algorithm" },
		{ "{\"user_id\":\"1\",\"algorithm\":\"none\",\"issued_at\":1700000000}",
		    "algorithm" },
		{ "{\"user_id\":\"1\",\"algorithm\":\"HMAC-SHA256\"}", "issued_at" },
		{ "{\"user_id\":\"1\",\"user_id\":\"2\"" REST, "payload" },
		{ "[]", "payload" }, { "x", "payload" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		ck_assert_msg(strcmp(read_signed(sign_request(rows[i].payload), NOW_S),
		    rows[i].want) == 0, "%s: %s", rows[i].payload,
		    read_signed(sign_request(rows[i].payload), NOW_S));
}
END_TEST

START_TEST(every_changed_signed_request_is_refused)
{
	static const struct str text = STR_INIT(SIGNED_REQUEST);
	char *p = arena_strz(arena, text);

	for (size_t bit = 0; bit < text.n * 8; bit++) {
		const char *failed;

		p[bit / 8] = (char)(p[bit / 8] ^ 1 << bit % 8);
		failed = read_signed((struct str){ p, text.n }, SIGNED_S);
		ck_assert_msg(strcmp(failed, "signature") == 0
		    || strcmp(failed, "form") == 0, "bit %zu: %s", bit, failed);
		p[bit / 8] = (char)(p[bit / 8] ^ 1 << bit % 8);
	}
	for (size_t n = 0; n < text.n; n++)
		ck_assert_str_ne(read_signed(str_slice(text, 0, n), SIGNED_S), "218471");
	ck_assert_str_eq(read_signed(STR(SIGNED_REQUEST "A"), SIGNED_S), "signature");
	ck_assert_str_eq(read_signed(STR(SIGNED_REQUEST "="), SIGNED_S), "signature");
	ck_assert_str_eq(read_signed(STR(SIGNED_REQUEST ".x"), SIGNED_S), "signature");
	ck_assert_str_eq(read_signed(STR("." SIGNED_REQUEST), SIGNED_S), "signature");
	ck_assert_str_eq(read_signed(STR(""), SIGNED_S), "form");
	ck_assert_str_eq(read_signed((struct str){ arena_alloc(arena, 5000), 5000 },
	    SIGNED_S), "size");
}
END_TEST

int
main(void)
{
	const TTest *const cases[] = { each_claim_is_checked,
		a_payload_that_is_no_object_is_refused, a_subject_has_a_limit,
		forged_tokens_are_refused, an_oversized_token_is_refused,
		google_has_two_spellings, an_identity_is_what_was_told,
		personal_things_are_bounded, freshness_follows_the_headers,
		errors_of_callbacks_are_understood, words_of_logs_are_plain,
		providers_have_words, the_challenge_is_that_of_the_standard,
		the_dialogs_address_has_all_it_needs, what_is_off_is_not_found,
		a_code_of_odd_size_is_refused_unsent, without_time_nothing_is_asked,
		the_proof_is_that_of_the_contract,
		the_signed_request_of_the_contract_is_good,
		what_was_signed_is_checked_too, every_changed_signed_request_is_refused };
	Suite *suite = suite_create("oauth");
	TCase *tcase = tcase_create("oauth");
	int status;

	key = EVP_RSA_gen(2048);
	other = EVP_RSA_gen(2048);
	if (key == NULL || other == NULL)
		return 99;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		tcase_add_test(tcase, cases[i]);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 120);
	suite_add_tcase(suite, tcase);
	status = unit_run(suite);
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
	return status;
}
