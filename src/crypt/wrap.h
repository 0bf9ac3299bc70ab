/*
 * wrap.h - a key wrapped by another one, as libmongocrypt's "local" provider does it.
 *
 * The driver can re-encrypt data keys, but not from one local key to another: both
 * would have the same name. So a change of the master key needs this.
 *
 * AEAD_AES_256_CBC_HMAC_SHA_512 of draft-mcgrew-aead-aes-cbc-hmac-sha2-05, the same
 * as A256CBC-HS512 of RFC 7518, section 5.2.5: wrapped = IV, ciphertext, MAC. The key
 * is 32 bytes for the MAC and 32 for AES; further ones are not looked at (a local
 * key has 96).
 */
#ifndef BEZEL_CRYPT_WRAP_H
#define BEZEL_CRYPT_WRAP_H

#include "base/arena.h"

enum { WRAP_KEY_BYTES = 64, WRAP_IV_BYTES = 16, WRAP_MAC_BYTES = 32,
	WRAP_PLAIN_MAX = 4096 };

/* With a random IV. aad is covered by the MAC; libmongocrypt has none. At most
 * WRAP_PLAIN_MAX bytes. */
struct str wrap_close(struct arena *arena, struct str key, struct str aad,
    struct str plain);

/* Whether this key has wrapped it. *ret_plain belongs to arena, which should be a
 * wiped one. */
bool wrap_open(struct arena *arena, struct str key, struct str aad,
    struct str wrapped, struct str *ret_plain);

#endif
