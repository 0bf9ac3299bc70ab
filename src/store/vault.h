/*
 * vault.h - the data keys of sealed fields, and libmongocrypt with a database client
 * of its own, opened at first use. Nobody outside of store/ includes it.
 *
 * A data key is 96 random bytes in the collection key_vault, wrapped by the KEY_SEAL
 * of crypt/keys.def ("local" provider). Its name (keyAltNames) is "fields/<number>";
 * the highest number is the current one, with which all processes seal at the latest
 * VAULT_REFRESH_MS after it was made. libmongocrypt keeps opened keys for a minute.
 */
#ifndef BEZEL_STORE_VAULT_H
#define BEZEL_STORE_VAULT_H

#include "store/store.h"

enum { VAULT_ID_BYTES = 16, VAULT_KEYS_MAX = 1000, VAULT_REFRESH_MS = 60000,
	/* of a payload: its kind, the key's id, the BSON type, IV, a block, MAC */
	VAULT_SEALED_LEAST = 1 + VAULT_ID_BYTES + 1 + 16 + 16 + 32 };

#define VAULT_COLLECTION "key_vault"
#define VAULT_ROTATING "rotating"	/* a second name of a key, see keys.h */

struct vault_key {
	uint8_t id[VAULT_ID_BYTES];
	int64_t number;			/* 0: not one of ours */
	int64_t created_ms;
	struct str wrapped;
	bool rotating;
	bool opens;			/* with the master key that we have */
};

/* All, the lowest number first. They belong to arena. */
enum rc vault_keys(struct store *store, struct arena *arena,
    struct vault_key **ret_keys, size_t *ret_n, struct err *err) must_use;

/* RC_CONFLICT: there is one of that number, or one that is rotating, already. */
enum rc vault_make(struct store *store, int64_t number, bool rotating,
    struct err *err) must_use;

/* The id of the current key. Makes the first one. */
enum rc vault_current(struct store *store, uint8_t ret_id[VAULT_ID_BYTES],
    struct err *err) must_use;

/* Fills err: the master key has not wrapped this data key. */
enum rc vault_wrong_master(const uint8_t id[VAULT_ID_BYTES], struct err *err);

enum rc vault_encrypt(struct store *store, struct arena *arena,
    const uint8_t key[VAULT_ID_BYTES], struct str plain, struct str *ret_sealed,
    struct err *err) must_use;
enum rc vault_decrypt(struct store *store, struct arena *arena, struct str sealed,
    struct str *ret_plain, struct err *err) must_use;

/* The id of the key that a value was sealed with; false when it is none of ours. */
bool vault_key_of(struct str sealed, uint8_t ret_id[VAULT_ID_BYTES]);

/* As the server's shell shows it: 36 characters. */
struct str vault_id_text(struct arena *arena, const uint8_t id[VAULT_ID_BYTES]);

/* Of store_close(). */
void vault_close(struct store *store);

#endif
