/*
 * share-token.h - the text in a share's link, which only we can have written.
 *
 * Base64url of 42 bytes: version (1), id of the key (1), random id (16), the first
 * 24 bytes of HMAC-SHA256 over those 18 (RFC 2104, section 5: at least half of it).
 * 42 is a multiple of 3, so there are no padding bits, and each token has one
 * spelling. The first 24 characters are version, key and id alone: the handle, a
 * name of the share for caches (the tag h-<handle>) that does not open it.
 *
 * Two keys are valid and one of them signs (keyring.h), derived as "share/v1/<id>" from
 * the master key. What is checked costs one MAC and no allocation.
 *
 * Tests: each wrong bit of the text, other lengths, versions, keys and master keys
 * are refused (t/unit/check_share_token.c).
 */
#ifndef BEZEL_CRYPT_SHARE_TOKEN_H
#define BEZEL_CRYPT_SHARE_TOKEN_H

#include "base/err.h"
#include "crypt/keyring.h"

enum { SHARE_TOKEN_CHARS = 56, SHARE_HANDLE_CHARS = 24 };

/* A new one, by the key that signs. */
struct str share_token_new(const struct keyring *keyring, struct arena *arena);

/* Whether it is one of ours under one of both keys: length, alphabet of the handle,
 * version, key, then the whole text in constant time. Needs no database. */
must_use bool share_token_ok(const struct keyring *keyring, struct str token);

/* The first characters of a token that is ok, or of anything as long. */
struct str share_token_handle(struct str token);

#endif
