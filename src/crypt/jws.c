#include "config.h"

#include "crypt/jws.h"

#include <cjose/cjose.h>

#include "codec/json.h"
#include "crypt/base64url.h"

/* What an algorithm needs of its key (RFC 7518, 6.2 and 6.3). */
static const struct algorithm {
	const char *name, *type, *curve;
	size_t signature_bytes;		/* 0: as many as the modulus, OpenSSL sees to it */
} algorithms[] = {
	{ "RS256", "RSA", NULL, 0 },
	{ "ES256", "EC", "P-256", 64 },
};

enum { P256_BYTES = 32, EXPONENT_BYTES_MAX = 4 };

struct parts {
	struct str header, payload, signature;	/* decoded */
};

const char *
jws_fault_word(enum jws_fault fault)
{
	static const char *const words[JWS_FAULTS] = {
		[JWS_GOOD] = "good", [JWS_TOO_LARGE] = "too_large",
		[JWS_MALFORMED] = "malformed", [JWS_ALGORITHM] = "algorithm",
		[JWS_UNKNOWN_KID] = "unknown_kid", [JWS_BAD_KEY] = "bad_key",
		[JWS_SIGNATURE] = "signature",
	};

	return words[fault];
}

static struct str
get_str(const struct json_value *object, const char *name)
{
	const struct json_value *value = json_get(object, name);

	return value != NULL && value->type == JSON_T_STRING ? value->string
	    : STR_NULL;
}

static const struct json_value *
parse(struct arena *arena, struct str text)
{
	const struct json_value *value;
	struct err err;

	err_init(&err);
	return json_parse(arena, text, &value, &err) == RC_OK ? value : NULL;
}

/* --- the token ---------------------------------------------------------- */

/* Our own decoder goes first: cjose's lets other alphabets and trailing bits pass. */
static bool
split(struct arena *arena, struct str token, struct parts *ret_parts)
{
	struct str rest = token, header = str_cut(&rest, '.'), payload;

	if (rest.p == NULL || header.n > JWS_HEADER_MAX)
		return false;
	payload = str_cut(&rest, '.');
	return rest.p != NULL && rest.n > 0
	    && base64url_decode(arena, header, &ret_parts->header)
	    && base64url_decode(arena, payload, &ret_parts->payload)
	    && base64url_decode(arena, rest, &ret_parts->signature);
}

/* RFC 7515, 4.1.11: what "crit" names must be understood, and we know none. */
static enum jws_fault
read_header(struct arena *arena, struct str text, struct str *ret_kid,
    const struct algorithm **ret_algorithm)
{
	const struct json_value *header = parse(arena, text);
	struct str name = get_str(header, "alg"), kid = get_str(header, "kid");

	if (header == NULL || header->type != JSON_T_OBJECT || name.p == NULL
	    || json_get(header, "crit") != NULL)
		return JWS_MALFORMED;
	*ret_algorithm = NULL;
	for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++)
		if (str_eqz(name, algorithms[i].name))
			*ret_algorithm = &algorithms[i];
	if (*ret_algorithm == NULL)
		return JWS_ALGORITHM;
	if (kid.n == 0)
		return JWS_MALFORMED;
	*ret_kid = kid;
	return JWS_GOOD;
}

/* --- the key ------------------------------------------------------------ */

static const struct json_value *
keys_of(const struct json_value *jwks)
{
	const struct json_value *keys = json_get(jwks, "keys");

	return keys != NULL && keys->type == JSON_T_ARRAY ? keys->first : NULL;
}

bool
jws_keys_readable(struct str jwks)
{
	struct arena *arena = arena_new();
	bool good = jwks.n <= JWS_KEYS_MAX && keys_of(parse(arena, jwks)) != NULL;

	arena_free(arena);
	return good;
}

static enum jws_fault
find_key(const struct json_value *jwks, struct str kid,
    const struct algorithm *algorithm, const struct json_value **ret_key)
{
	for (const struct json_value *key = keys_of(jwks); key != NULL;
	    key = key->next) {
		struct str use = get_str(key, "use"), name = get_str(key, "alg");

		if (!str_eq(get_str(key, "kid"), kid)
		    || (use.p != NULL && !str_eqz(use, "sig")))
			continue;
		if (!str_eqz(get_str(key, "kty"), algorithm->type)
		    || (name.p != NULL && !str_eqz(name, algorithm->name)))
			return JWS_ALGORITHM;
		*ret_key = key;
		return JWS_GOOD;
	}
	return JWS_UNKNOWN_KID;
}

/* A member of the key as bytes, without zeros in front of a number. */
static bool
get_bytes(struct arena *arena, const struct json_value *key, const char *name,
    struct str *ret_bytes)
{
	struct str text = get_str(key, name);

	return text.n > 0 && base64url_decode(arena, text, ret_bytes)
	    && ret_bytes->n > 0;
}

static uint8_t *
bytes_of(struct str s)
{
	return (uint8_t *)(uintptr_t)s.p;	/* cjose reads them only */
}

static cjose_jwk_t *
make_rsa(struct arena *arena, const struct json_value *key)
{
	struct str n, e;
	cjose_jwk_rsa_keyspec spec = { .n = NULL };

	if (!get_bytes(arena, key, "n", &n) || !get_bytes(arena, key, "e", &e)
	    || n.p[0] == '\0' || n.n < JWS_RSA_LEAST_BITS / 8
	    || n.n > JWS_RSA_MOST_BITS / 8 || e.n > EXPONENT_BYTES_MAX
	    || (e.p[e.n - 1] & 1) == 0 || (e.n == 1 && e.p[0] == 1))
		return NULL;
	spec.n = bytes_of(n);
	spec.nlen = n.n;
	spec.e = bytes_of(e);
	spec.elen = e.n;
	return cjose_jwk_create_RSA_spec(&spec, NULL);
}

/* A point that is not on the curve is refused by OpenSSL. */
static cjose_jwk_t *
make_p256(struct arena *arena, const struct json_value *key)
{
	struct str x, y;
	cjose_jwk_ec_keyspec spec = { .crv = CJOSE_JWK_EC_P_256 };

	if (!get_bytes(arena, key, "x", &x) || !get_bytes(arena, key, "y", &y)
	    || x.n != P256_BYTES || y.n != P256_BYTES)
		return NULL;
	spec.x = bytes_of(x);
	spec.xlen = x.n;
	spec.y = bytes_of(y);
	spec.ylen = y.n;
	return cjose_jwk_create_EC_spec(&spec, NULL);
}

static cjose_jwk_t *
make_key(struct arena *arena, const struct json_value *key,
    const struct algorithm *algorithm)
{
	if (algorithm->curve == NULL)
		return make_rsa(arena, key);
	return str_eqz(get_str(key, "crv"), algorithm->curve)
	    ? make_p256(arena, key) : NULL;
}

/* --- both --------------------------------------------------------------- */

/* cjose reads the header once more; what it takes for the algorithm must be what
 * we have judged. */
static bool
is_signed_by(struct str token, const cjose_jwk_t *key,
    const struct algorithm *algorithm)
{
	cjose_jws_t *jws = cjose_jws_import(token.p, token.n, NULL);
	const char *name;
	bool good;

	if (jws == NULL)
		return false;
	name = cjose_header_get(cjose_jws_get_protected(jws), CJOSE_HDR_ALG, NULL);
	good = name != NULL && strcmp(name, algorithm->name) == 0
	    && cjose_jws_verify(jws, key, NULL);
	cjose_jws_release(jws);
	return good;
}

static enum jws_fault
verify(struct arena *scratch, struct str token, const struct parts *parts,
    struct str jwks)
{
	const struct algorithm *algorithm = NULL;
	const struct json_value *keys, *found = NULL;
	struct str kid = STR_NULL;
	enum jws_fault fault = read_header(scratch, parts->header, &kid,
	    &algorithm);
	cjose_jwk_t *key;
	bool good;

	if (fault != JWS_GOOD)
		return fault;
	keys = jwks.n > JWS_KEYS_MAX ? NULL : parse(scratch, jwks);
	if (keys_of(keys) == NULL)
		return JWS_BAD_KEY;
	fault = find_key(keys, kid, algorithm, &found);
	if (fault != JWS_GOOD)
		return fault;
	/* cjose halves an ECDSA signature of any length and leaves the rest unread. */
	if (algorithm->signature_bytes > 0
	    && parts->signature.n != algorithm->signature_bytes)
		return JWS_SIGNATURE;
	key = make_key(scratch, found, algorithm);
	if (key == NULL)
		return JWS_BAD_KEY;
	good = is_signed_by(token, key, algorithm);
	(void)cjose_jwk_release(key);	/* false: others hold it too, and none does */
	return good ? JWS_GOOD : JWS_SIGNATURE;
}

enum jws_fault
jws_verify(struct arena *arena, struct str token, struct str jwks,
    struct str *ret_payload)
{
	struct arena *scratch;
	struct parts parts;
	enum jws_fault fault = JWS_MALFORMED;

	if (token.n > JWS_MAX)
		return JWS_TOO_LARGE;
	scratch = arena_new();
	if (split(scratch, token, &parts))
		fault = verify(scratch, token, &parts, jwks);
	if (fault == JWS_GOOD)
		*ret_payload = arena_str(arena, parts.payload);
	arena_free(scratch);
	return fault;
}
