/*
 * jws_sign.h - signs tokens for tests, with OpenSSL alone: what jws.c refuses to
 * read can be made here too.
 */
#ifndef BEZEL_T_JWS_SIGN_H
#define BEZEL_T_JWS_SIGN_H

#include <check.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include "crypt/base64url.h"
#include "crypt/hash.h"

enum { P256_HALF = 32 };

/* A number of the key, big-endian; width 0: as long as it is. */
static inline struct str
key_number(struct arena *arena, const EVP_PKEY *key, const char *name, int width)
{
	BIGNUM *number = NULL;
	unsigned char *bytes = arena_alloc(arena, 2048);
	int n;

	ck_assert_int_eq(EVP_PKEY_get_bn_param(key, name, &number), 1);
	n = width > 0 ? BN_bn2binpad(number, bytes, width)
	    : BN_bn2bin(number, bytes);
	BN_free(number);
	ck_assert_int_gt(n, 0);
	return base64url(arena, bytes, (size_t)n);
}

/* A key of a JWKS. more: further members, each with a comma in front. */
static inline struct str
rsa_jwk(struct arena *arena, const EVP_PKEY *key, const char *kid, const char *more)
{
	struct str n = key_number(arena, key, OSSL_PKEY_PARAM_RSA_N, 0);
	struct str e = key_number(arena, key, OSSL_PKEY_PARAM_RSA_E, 0);

	return arena_printf(arena, "{\"kty\":\"RSA\",\"kid\":\"%s\",\"n\":\"%.*s\","
	    "\"e\":\"%.*s\"%s}", kid, STR_FMT(n), STR_FMT(e), more);
}

static inline struct str
ec_jwk(struct arena *arena, const EVP_PKEY *key, const char *kid, const char *more)
{
	struct str x = key_number(arena, key, OSSL_PKEY_PARAM_EC_PUB_X, P256_HALF);
	struct str y = key_number(arena, key, OSSL_PKEY_PARAM_EC_PUB_Y, P256_HALF);

	return arena_printf(arena, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"%s\","
	    "\"x\":\"%.*s\",\"y\":\"%.*s\"%s}", kid, STR_FMT(x), STR_FMT(y), more);
}

static inline struct str
jwks_of(struct arena *arena, struct str keys)
{
	return arena_printf(arena, "{\"keys\":[%.*s]}", STR_FMT(keys));
}

/* "<header>.<payload>", both encoded. */
static inline struct str
signed_text(struct arena *arena, struct str header, struct str payload)
{
	struct str h = base64url(arena, header.p, header.n);
	struct str p = base64url(arena, payload.p, payload.n);

	return arena_printf(arena, "%.*s.%.*s", STR_FMT(h), STR_FMT(p));
}

static inline struct str
with_signature(struct arena *arena, struct str text, const void *p, size_t n)
{
	struct str signature = base64url(arena, p, n);

	return arena_printf(arena, "%.*s.%.*s", STR_FMT(text), STR_FMT(signature));
}

/* ECDSA of OpenSSL is DER; that of JWS both numbers, one after the other. */
static inline void
raw_ecdsa(const unsigned char *der, size_t n, unsigned char ret_raw[2 * P256_HALF])
{
	ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)n);

	ck_assert_ptr_nonnull(signature);
	(void)BN_bn2binpad(ECDSA_SIG_get0_r(signature), ret_raw, P256_HALF);
	(void)BN_bn2binpad(ECDSA_SIG_get0_s(signature), ret_raw + P256_HALF,
	    P256_HALF);
	ECDSA_SIG_free(signature);
}

/* Whatever the header says: RSASSA-PKCS1-v1_5 or ECDSA, with SHA-256. */
static inline struct str
sign_with(struct arena *arena, EVP_PKEY *key, struct str header, struct str payload)
{
	struct str text = signed_text(arena, header, payload);
	unsigned char signature[1024], raw[2 * P256_HALF];
	size_t n = sizeof signature;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	ck_assert_int_eq(EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, key,
	    NULL), 1);
	ck_assert_int_eq(EVP_DigestSign(ctx, signature, &n,
	    (const unsigned char *)text.p, text.n), 1);
	EVP_MD_CTX_free(ctx);
	if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC)
		return with_signature(arena, text, signature, n);
	raw_ecdsa(signature, n, raw);
	return with_signature(arena, text, raw, sizeof raw);
}

/* HMAC-SHA256, whatever the header says. */
static inline struct str
mac_with(struct arena *arena, struct str secret, struct str header,
    struct str payload)
{
	struct str text = signed_text(arena, header, payload);
	unsigned char mac[SHA256_BYTES];

	hmac_sha256(secret, text, mac);
	return with_signature(arena, text, mac, sizeof mac);
}

#endif
