/*
 * jws.h - signed tokens of others: compact JWS (RFC 7515) by the keys that their
 * issuer publishes as a JWKS (RFC 7517).
 *
 * RS256 and ES256 (RFC 7518) and nothing else: the header's algorithm is looked up
 * in a table before any key is read, and a key is used only for the algorithm of
 * its own type. So a token without a signature ("none"), or one whose MAC was made
 * with a public key as the secret (HS256), meets no key at all. Keys within the
 * token (jwk, jku, x5u) are not looked at. cjose does the signatures.
 *
 * The payload is what was signed: nothing of it is judged here.
 */
#ifndef BEZEL_CRYPT_JWS_H
#define BEZEL_CRYPT_JWS_H

#include "base/arena.h"
#include "base/err.h"

enum {
	JWS_MAX = 16 * 1024,		/* bytes of a token */
	JWS_HEADER_MAX = 2048,		/* characters of its header */
	JWS_KEYS_MAX = 64 * 1024,	/* bytes of a JWKS */
	JWS_RSA_LEAST_BITS = 2048, JWS_RSA_MOST_BITS = 8192
};

enum jws_fault {
	JWS_GOOD,
	JWS_TOO_LARGE,
	JWS_MALFORMED,		/* not three canonical parts, or a header with faults */
	JWS_ALGORITHM,		/* not ours, or not the one of the key */
	JWS_UNKNOWN_KID,	/* the JWKS has no such key: it may be newer */
	JWS_BAD_KEY,		/* the JWKS or that key of it cannot be used */
	JWS_SIGNATURE,
	JWS_FAULTS
};

/* The stable word: "signature", "unknown_kid" ... */
const char *jws_fault_word(enum jws_fault fault);

/* Whether the text is JSON with an array "keys" that is not empty. */
must_use bool jws_keys_readable(struct str jwks);

/* The payload belongs to arena; it is untouched unless the token is good. */
must_use enum jws_fault jws_verify(struct arena *arena, struct str token,
    struct str jwks, struct str *ret_payload);

#endif
