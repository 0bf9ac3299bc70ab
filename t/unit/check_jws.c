#include "config.h"

#include "unit.h"

#include <openssl/pem.h>

#include "crypt/jws.h"
#include "jws_sign.h"
#include "rfc7520.h"
#include "unit_arena.h"	/* last: its arena is no parameter of the others */

static EVP_PKEY *rsa, *other_rsa, *ec;	/* made once, before the cases are forked */

#define RS256 "{\"alg\":\"RS256\",\"kid\":\"k1\"}"
#define ES256 "{\"alg\":\"ES256\",\"kid\":\"e1\"}"
#define PAYLOAD "{\"sub\":\"alice\"}"

static struct str
both_keys(void)
{
	struct str r = rsa_jwk(arena, rsa, "k1", ",\"use\":\"sig\",\"alg\":\"RS256\"");
	struct str e = ec_jwk(arena, ec, "e1", "");

	return arena_printf(arena, "{\"keys\":[%.*s,%.*s]}", STR_FMT(r), STR_FMT(e));
}

static enum jws_fault
verify(struct str token, struct str jwks)
{
	struct str payload = STR("untouched");
	enum jws_fault fault = jws_verify(arena, token, jwks, &payload);

	if (fault != JWS_GOOD)
		ck_assert_str(payload, "untouched");
	return fault;
}

/* RFC 7520, 4.1, as its key in the header. */
static const char rfc7520_token[] =
	"eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbX"
	"BsZSJ9.SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V"
	"0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb"
	"24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW9"
	"1IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4.MRjdkly7_-oTPTS3AXP41iQIGKa80A0Zm"
	"TuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII7PNDi"
	"84wnB-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BN"
	"t1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is9UzpERV0ePPQdLuW3IS"
	"_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZ"
	"WJushZ41Axf_fcIe8u9ipH84ogoree7vjbU5y18kDquDg";

START_TEST(the_example_of_rfc_7520_is_good)
{
	struct str payload;

	ck_assert_int_eq(jws_verify(arena, str_of(rfc7520_token),
	    str_of(rfc7520_jwks), &payload), JWS_GOOD);
	ck_assert(str_starts(payload, STR("It\xe2\x80\x99s a dangerous business,")));
	ck_assert_uint_eq(payload.n, 167);
}
END_TEST

/* Signed by another program: the library jose of npm, with node's own OpenSSL. */
START_TEST(es256_of_another_program_is_good)
{
	static const char jwks[] =
	    "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"e1\","
	    "\"x\":\"PObH2__3irRl4y7itslYKH1kThiRHkIji_VqLxj4Xsk\","
	    "\"y\":\"Dr2BVE0YIX3NOQHQxdbp2xhoH4Nll4pJI19_Wv0OHeA\"}]}";
	static const char token[] =
	    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImUxIn0.eyJzdWIiOiJlcyJ9.BB7Z54hVxYcTn"
	    "NPYnHd8ZIC5fPYqJezkJzflezqYVyXoD2B5H0GzlGT6Gc1H6jjvvxZvlwonVp6jDLh"
	    "rT42Mjg";
	struct str payload;

	ck_assert_int_eq(jws_verify(arena, str_of(token), str_of(jwks), &payload),
	    JWS_GOOD);
	ck_assert_str(payload, "{\"sub\":\"es\"}");
}
END_TEST

START_TEST(each_key_signs_with_its_own_algorithm)
{
	struct str jwks = both_keys();
	static const struct {
		bool with_ec;
		struct str header;
		enum jws_fault want;
	} rows[] = {
		{ false, STR_INIT(RS256), JWS_GOOD },
		{ true, STR_INIT(ES256), JWS_GOOD },
		{ true, STR_INIT("{\"alg\":\"ES256\",\"kid\":\"k1\"}"), JWS_ALGORITHM },
		{ false, STR_INIT("{\"alg\":\"RS256\",\"kid\":\"e1\"}"), JWS_ALGORITHM },
		{ false, STR_INIT("{\"alg\":\"RS384\",\"kid\":\"k1\"}"), JWS_ALGORITHM },
		{ false, STR_INIT("{\"alg\":\"PS256\",\"kid\":\"k1\"}"), JWS_ALGORITHM },
		{ false, STR_INIT("{\"alg\":\"rs256\",\"kid\":\"k1\"}"), JWS_ALGORITHM },
		{ false, STR_INIT("{\"alg\":\"\",\"kid\":\"k1\"}"), JWS_ALGORITHM },
		{ false, STR_INIT("{\"alg\":\"RS256\",\"kid\":\"k2\"}"), JWS_UNKNOWN_KID },
		{ false, STR_INIT("{\"alg\":\"RS256\",\"kid\":\"K1\"}"), JWS_UNKNOWN_KID },
		{ false, STR_INIT("{\"alg\":\"RS256\",\"kid\":\"../../k1\"}"), JWS_UNKNOWN_KID },
		{ false, STR_INIT("{\"alg\":\"RS256\"}"), JWS_MALFORMED },
		{ false, STR_INIT("{\"alg\":\"RS256\",\"kid\":\"\"}"), JWS_MALFORMED },
		{ false, STR_INIT("{\"alg\":\"RS256\",\"kid\":1}"), JWS_MALFORMED },
		{ false, STR_INIT("{\"kid\":\"k1\"}"), JWS_MALFORMED },
		{ false, STR_INIT("{\"alg\":[\"RS256\"],\"kid\":\"k1\"}"), JWS_MALFORMED },
		{ false, STR_INIT("{\"alg\":\"RS256\",\"kid\":\"k1\",\"crit\":[\"exp\"]}"),
		    JWS_MALFORMED },
		{ false, STR_INIT("{\"alg\":\"HS256\",\"alg\":\"RS256\",\"kid\":\"k1\"}"),
		    JWS_MALFORMED },
		{ false, STR_INIT("[\"RS256\"]"), JWS_MALFORMED },
		{ false, STR_INIT("RS256"), JWS_MALFORMED },
		{ false, STR_INIT(""), JWS_MALFORMED },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct str token = sign_with(arena, rows[i].with_ec ? ec : rsa,
		    rows[i].header, STR(PAYLOAD));

		ck_assert_msg(verify(token, jwks) == rows[i].want, "%.*s: %s",
		    STR_FMT(rows[i].header), jws_fault_word(verify(token, jwks)));
	}
}
END_TEST

START_TEST(no_algorithm_meets_no_key)
{
	static const struct str headers[] = {
		STR_INIT("{\"alg\":\"none\",\"kid\":\"k1\"}"),
		STR_INIT("{\"alg\":\"None\",\"kid\":\"k1\"}"),
		STR_INIT("{\"alg\":\"NONE\",\"kid\":\"k1\"}"),
		STR_INIT("{\"alg\":\"none\"}"),
	};

	for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
		struct str text = signed_text(arena, headers[i], STR(PAYLOAD));

		/* Without keys too: none is looked for. */
		ck_assert_int_eq(verify(with_signature(arena, text, "x", 1),
		    both_keys()), JWS_ALGORITHM);
		ck_assert_int_eq(verify(with_signature(arena, text, "x", 1),
		    STR("nonsense")), JWS_ALGORITHM);
		ck_assert_int_eq(verify(arena_printf(arena, "%.*s.", STR_FMT(text)),
		    both_keys()), JWS_MALFORMED);
		ck_assert_int_eq(verify(text, both_keys()), JWS_MALFORMED);
	}
}
END_TEST

/* The public key, which everybody has, as the secret of a MAC. */
START_TEST(a_public_key_is_no_secret)
{
	BIO *bio = BIO_new(BIO_s_mem());
	struct str header = STR("{\"alg\":\"HS256\",\"kid\":\"k1\"}");
	struct str secrets[4];
	char *pem;
	long n;

	ck_assert_int_eq(PEM_write_bio_PUBKEY(bio, rsa), 1);
	n = BIO_get_mem_data(bio, &pem);
	secrets[0] = (struct str){ pem, (size_t)n };
	secrets[1] = (struct str){ pem, (size_t)n - 1 };
	secrets[2] = key_number(arena, rsa, OSSL_PKEY_PARAM_RSA_N, 0);
	ck_assert(base64url_decode(arena, secrets[2], &secrets[3]));
	for (size_t i = 0; i < 4; i++) {
		ck_assert_int_eq(verify(mac_with(arena, secrets[i], header,
		    STR(PAYLOAD)), both_keys()), JWS_ALGORITHM);
		ck_assert_int_eq(verify(mac_with(arena, secrets[i], STR(RS256),
		    STR(PAYLOAD)), both_keys()), JWS_SIGNATURE);
	}
	ck_assert_int_eq(BIO_free(bio), 1);
}
END_TEST

START_TEST(a_symmetric_key_in_the_jwks_is_not_used)
{
	struct str jwks = STR("{\"keys\":[{\"kty\":\"oct\",\"kid\":\"k1\",\"k\":\"c2VjcmV0\"}]}");

	ck_assert_int_eq(verify(mac_with(arena, STR("secret"),
	    STR("{\"alg\":\"HS256\",\"kid\":\"k1\"}"), STR(PAYLOAD)), jwks),
	    JWS_ALGORITHM);
	ck_assert_int_eq(verify(sign_with(arena, rsa, STR(RS256), STR(PAYLOAD)), jwks),
	    JWS_ALGORITHM);
}
END_TEST

START_TEST(a_key_in_the_token_is_not_used)
{
	struct str jwk = rsa_jwk(arena, other_rsa, "k1", "");
	struct str header = arena_printf(arena,
	    "{\"alg\":\"RS256\",\"kid\":\"k1\",\"jwk\":%.*s,\"jku\":\"https://evil.example\"}",
	    STR_FMT(jwk));

	ck_assert_int_eq(verify(sign_with(arena, other_rsa, header, STR(PAYLOAD)),
	    both_keys()), JWS_SIGNATURE);
}
END_TEST

/* Each bit of a token, and each byte put in or left out. */
START_TEST(every_change_is_refused)
{
	struct str jwks = both_keys();
	struct str token = sign_with(arena, ec, STR(ES256), STR(PAYLOAD));
	struct arena *scratch = arena_new();
	char *p = arena_strz(arena, token), *q = arena_alloc(arena, token.n + 2);
	struct str payload;

	ck_assert_int_eq(verify(token, jwks), JWS_GOOD);
	for (size_t bit = 0; bit < token.n * 8; bit++) {
		p[bit / 8] = (char)(p[bit / 8] ^ 1 << bit % 8);
		ck_assert_msg(jws_verify(scratch, (struct str){ p, token.n }, jwks,
		    &payload) != JWS_GOOD, "bit %zu", bit);
		p[bit / 8] = (char)(p[bit / 8] ^ 1 << bit % 8);
		arena_reset(scratch);
	}
	for (size_t at = 0; at < token.n; at++) {
		memcpy(q, token.p, at);
		memcpy(q + at, token.p + at + 1, token.n - at - 1);
		ck_assert_msg(jws_verify(scratch, (struct str){ q, token.n - 1 }, jwks,
		    &payload) != JWS_GOOD, "without byte %zu", at);
		ck_assert_msg(jws_verify(scratch, str_slice(token, 0, at), jwks,
		    &payload) != JWS_GOOD, "cut at %zu", at);
		arena_reset(scratch);
	}
	for (const char *c = "=A. \n"; *c != '\0'; c++) {
		memcpy(q, token.p, token.n);
		q[token.n] = *c;
		ck_assert_int_eq(verify((struct str){ q, token.n + 1 }, jwks),
		    *c == 'A' ? JWS_SIGNATURE : JWS_MALFORMED);
	}
	arena_free(scratch);
}
END_TEST

/* 256 bytes end with bits that say nothing: another last character with the same
 * bytes is another token. */
START_TEST(trailing_bits_are_refused)
{
	char *p = arena_strz(arena, str_of(rfc7520_token));
	size_t last = strlen(p) - 1;

	ck_assert_int_eq(p[last], 'g');
	p[last] = 'h';
	ck_assert_int_eq(verify(str_of(p), str_of(rfc7520_jwks)), JWS_MALFORMED);
}
END_TEST

START_TEST(another_key_of_the_same_name_is_refused)
{
	struct str token = sign_with(arena, other_rsa, STR(RS256), STR(PAYLOAD));

	ck_assert_int_eq(verify(token, both_keys()), JWS_SIGNATURE);
	ck_assert_int_eq(verify(token, jwks_of(arena,
	    rsa_jwk(arena, other_rsa, "k1", ""))), JWS_GOOD);
	ck_assert_int_eq(verify(token, jwks_of(arena,
	    rsa_jwk(arena, other_rsa, "k1", ",\"use\":\"enc\""))), JWS_UNKNOWN_KID);
	ck_assert_int_eq(verify(token, jwks_of(arena,
	    rsa_jwk(arena, other_rsa, "k1", ",\"alg\":\"RS512\""))), JWS_ALGORITHM);
}
END_TEST

START_TEST(keys_that_cannot_be_used_are_told_apart)
{
	static const struct {
		struct str jwks;
		enum jws_fault want;
	} rows[] = {
		{ STR_INIT(""), JWS_BAD_KEY },
		{ STR_INIT("<html>"), JWS_BAD_KEY },
		{ STR_INIT("{}"), JWS_BAD_KEY },
		{ STR_INIT("{\"keys\":{}}"), JWS_BAD_KEY },
		{ STR_INIT("{\"keys\":[]}"), JWS_BAD_KEY },
		{ STR_INIT("{\"keys\":[1,\"k1\",null,[]]}"), JWS_UNKNOWN_KID },
		{ STR_INIT("{\"keys\":[{\"kid\":\"k1\"}]}"), JWS_ALGORITHM },
		{ STR_INIT("{\"keys\":[{\"kid\":\"k1\",\"kty\":\"RSA\"}]}"), JWS_BAD_KEY },
		{ STR_INIT("{\"keys\":[{\"kid\":\"k1\",\"kty\":\"RSA\",\"n\":\"AQAB\","
		    "\"e\":\"AQAB\"}]}"), JWS_BAD_KEY },
		{ STR_INIT("{\"keys\":[{\"kid\":\"k1\",\"kty\":\"RSA\",\"n\":\"!\","
		    "\"e\":\"AQAB\"}]}"), JWS_BAD_KEY },
	};
	struct str token = sign_with(arena, rsa, STR(RS256), STR(PAYLOAD));
	struct str n = key_number(arena, rsa, OSSL_PKEY_PARAM_RSA_N, 0);
	static const char *const exponents[] = { "AQ", "Ag", "", "AQABAQAB", "AQAA" };

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		ck_assert_msg(verify(token, rows[i].jwks) == rows[i].want, "%.*s: %s",
		    STR_FMT(rows[i].jwks), jws_fault_word(verify(token, rows[i].jwks)));
	for (size_t i = 0; i < sizeof exponents / sizeof exponents[0]; i++)
		ck_assert_int_eq(verify(token, arena_printf(arena, "{\"keys\":[{\"kid\":"
		    "\"k1\",\"kty\":\"RSA\",\"n\":\"%.*s\",\"e\":\"%s\"}]}", STR_FMT(n),
		    exponents[i])), JWS_BAD_KEY);
	/* (1, 1) is not on the curve. */
	ck_assert_int_eq(verify(sign_with(arena, ec, STR(ES256), STR(PAYLOAD)),
	    STR("{\"keys\":[{\"kid\":\"e1\",\"kty\":\"EC\",\"crv\":\"P-256\","
	    "\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE\","
	    "\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE\"}]}")), JWS_BAD_KEY);
	ck_assert(!jws_keys_readable(STR("{\"keys\":[]}")));
	ck_assert(!jws_keys_readable(STR("<html>")));
	ck_assert(jws_keys_readable(both_keys()));
}
END_TEST

START_TEST(sizes_are_bounded)
{
	char *long_text = arena_alloc(arena, JWS_KEYS_MAX + 1);
	struct str token;

	memset(long_text, 'A', JWS_KEYS_MAX);
	ck_assert_int_eq(verify((struct str){ long_text, JWS_MAX + 1 }, both_keys()),
	    JWS_TOO_LARGE);
	ck_assert_int_eq(verify((struct str){ long_text, JWS_MAX }, both_keys()),
	    JWS_MALFORMED);
	token = sign_with(arena, rsa, arena_printf(arena,
	    "{\"alg\":\"RS256\",\"kid\":\"k1\",\"x\":\"%.*s\"}", JWS_HEADER_MAX,
	    long_text), STR(PAYLOAD));
	ck_assert_int_eq(verify(token, both_keys()), JWS_MALFORMED);
	token = sign_with(arena, rsa, STR(RS256), STR(PAYLOAD));
	ck_assert_int_eq(verify(token, arena_printf(arena, "%.*s%*s",
	    STR_FMT(both_keys()), JWS_KEYS_MAX, "")), JWS_BAD_KEY);
}
END_TEST

START_TEST(points_in_odd_places)
{
	static const struct str tokens[] = {
		STR_INIT(""), STR_INIT("."), STR_INIT(".."), STR_INIT("..."),
		STR_INIT("e30.e30.e30.e30"), STR_INIT("e30.e30"), STR_INIT("e30..e30"),
		STR_INIT("{\"payload\":\"e30\",\"signature\":\"e30\"}"),
	};

	for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++)
		ck_assert_int_eq(verify(tokens[i], both_keys()), JWS_MALFORMED);
}
END_TEST

int
main(void)
{
	const TTest *const cases[] = { the_example_of_rfc_7520_is_good,
		es256_of_another_program_is_good, each_key_signs_with_its_own_algorithm,
		no_algorithm_meets_no_key, a_public_key_is_no_secret,
		a_symmetric_key_in_the_jwks_is_not_used, a_key_in_the_token_is_not_used,
		every_change_is_refused, trailing_bits_are_refused,
		another_key_of_the_same_name_is_refused,
		keys_that_cannot_be_used_are_told_apart, sizes_are_bounded,
		points_in_odd_places };
	Suite *suite = suite_create("jws");
	TCase *tcase = tcase_create("jws");
	int status;

	rsa = EVP_RSA_gen(2048);
	other_rsa = EVP_RSA_gen(2048);
	ec = EVP_EC_gen("P-256");
	if (rsa == NULL || other_rsa == NULL || ec == NULL)
		return 99;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		tcase_add_test(tcase, cases[i]);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	suite_add_tcase(suite, tcase);
	status = unit_run(suite);
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(other_rsa);
	EVP_PKEY_free(ec);
	return status;
}
