/*
 * share-keys.h - which keys of share tokens are valid: two numbers in a file beside the
 * master key, "<master key file>.share". The first one signs.
 *
 * All hosts of an installation have the same file, as they have the same master key; a
 * process reads it once, with that. Without a file they are 1 and 0. What they should be
 * is recorded in the database as well (app/share-numbers.h), so that a host whose file is
 * old or missing is told. The numbers are no secret, but who can write them can make
 * links void.
 *
 * A rotation has two steps, so that hosts that are reloaded one after the other always
 * know each other's links:
 *	n, n - 1  ->  n, n + 1	the next key is known; links of n - 1 are void
 *	n, n + 1  ->  n + 1, n	it signs
 */
#ifndef BEZEL_CRYPT_SHARE_KEYS_H
#define BEZEL_CRYPT_SHARE_KEYS_H

#include "base/err.h"
#include "crypt/keyring.h"

/* RC_INTERNAL for a file that is not readable or does not hold two neighbours. */
must_use enum rc share_keys_read(struct arena *arena, const char *master_key_file,
    unsigned char ret_ids[KEYRING_SHARE_KEYS], struct err *err);

/* The file is replaced whole, or not at all. */
must_use enum rc share_keys_write(struct arena *arena,
    const char *master_key_file, const unsigned char ids[KEYRING_SHARE_KEYS],
    struct err *err);

/* The next step; true when that key is about to sign, false when it is made known. */
bool share_keys_next(unsigned char ids[KEYRING_SHARE_KEYS]);

/* Two neighbours. */
bool share_keys_valid(const unsigned char ids[KEYRING_SHARE_KEYS]);

/* How many steps ids are ahead of others, negative: behind. The numbers go round, so the
 * shorter way counts. */
int share_keys_ahead(const unsigned char ids[KEYRING_SHARE_KEYS],
    const unsigned char others[KEYRING_SHARE_KEYS]);

#endif
