/*
 * keyring.h - every key of the installation, from one master key.
 *
 * The master key is 32 random bytes in a file (secret.h). Rows of keys.def are
 * derived once at start; the ring lives as long as the process and is wiped by
 * keyring_done().
 */
#ifndef BEZEL_CRYPT_KEYRING_H
#define BEZEL_CRYPT_KEYRING_H

#include "crypt/hash.h"

enum key_name {
#define KEY(name, info, text) KEY_##name,
#define LONG_KEY(name, info, bytes, text) KEY_##name,
#include "crypt/keys.def"
#undef KEY
#undef LONG_KEY
	KEY_COUNT
};

enum { KEY_BYTES = 32, KEY_MOST_BYTES = 96, KEYRING_SHARE_KEYS = 2 };

struct keyring {
	unsigned char keys[KEY_COUNT][KEY_MOST_BYTES];
	/* Of share tokens: the one that signs, and the other one that is valid. */
	struct keyring_share {
		unsigned char id, key[KEY_BYTES], id_key[KEY_BYTES];
	} share[KEYRING_SHARE_KEYS];
};

/* HKDF-SHA256 without salt: the master key is uniformly random already. */
void keyring_init(struct keyring *keyring,
    const unsigned char master[KEY_BYTES]);
void keyring_done(struct keyring *keyring);

/* The keys of share tokens that are valid from now on, the signing one first: info
 * "share/v2/<id>", and "share-id/v2/<id>" for what hides the design's id.
 * keyring_init() has taken 1 and 0. */
void keyring_share(struct keyring *keyring,
    const unsigned char master[KEY_BYTES],
    const unsigned char ids[KEYRING_SHARE_KEYS]);

/* A slice of the ring: KEY_BYTES, or what its row says. */
struct str keyring_key(const struct keyring *keyring, enum key_name name);

#endif
