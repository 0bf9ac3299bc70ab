/*
 * id-token.h - the checks of an ID token (OpenID Connect Core 1.0, 3.1.3.7).
 *
 * The signature comes first, then what the token says, in the order of the words
 * below. Times have ID_TOKEN_LEEWAY_S on our side.
 */
#ifndef BEZEL_OAUTH_ID_TOKEN_H
#define BEZEL_OAUTH_ID_TOKEN_H

#include "crypt/jws.h"
#include "oauth/oauth.h"

enum { ID_TOKEN_LEEWAY_S = 60 };

struct id_token_wants {
	struct str issuer;
	struct str issuer_also;		/* another spelling, or null */
	struct str client_id;
	struct str nonce;
	int64_t now_s;
};

/* NULL: all checks are passed, and ret_identity is filled (issuer with
 * wants->issuer, whichever spelling came). Otherwise the word of the check that
 * failed: one of jws_fault_word(), "payload", "iss", "aud", "azp", "exp", "nbf",
 * "iat", "nonce", "sub". ret_fault is JWS_GOOD when the signature is. */
const char *id_token_check(struct arena *arena, struct str token, struct str jwks,
    const struct id_token_wants *wants, struct oauth_identity *ret_identity,
    enum jws_fault *ret_fault) must_use;

#endif
