/*
 * token.h - text that only we can have written.
 *
 * A token is "<payload>.<base64url(HMAC-SHA256(key, payload))>". The payload
 * may hold dots; the MAC is always the last 43 characters. A token says
 * nothing about its time: callers put an expiry into the payload.
 */
#ifndef BEZEL_CRYPT_TOKEN_H
#define BEZEL_CRYPT_TOKEN_H

#include "base/err.h"
#include "crypt/base64url.h"
#include "crypt/hash.h"

enum {
	TOKEN_MAC_CHARS = BASE64URL_CHARS(SHA256_BYTES),
	TOKEN_MAX = 4096	/* bytes; longer ones are refused unread */
};

/* payload is at most TOKEN_MAX - 44 bytes of what its carrier allows. */
struct str token_sign(struct arena *arena, struct str key, struct str payload);

/* The payload, a slice of token, when the MAC is right. The text of the MAC is
 * compared, in constant time and before anything is parsed, so each payload
 * has exactly one token. */
must_use bool token_verify(struct str key, struct str token,
    struct str *ret_payload);

/* The signature that nginx checks: base64url(md5(text)), where text is what
 * secure_link_md5 says, the secret last (ngx_http_secure_link_module; it has no
 * other digest, which is why MD5 is here at all). A secret that stands last
 * rules out length extension; a collision would pass, but needs two signed
 * texts of the attacker's choice. So text must hold nothing but what we make:
 * an expiry, ids, the secret. */
struct str token_secure_link(struct arena *arena, struct str text);

#endif
