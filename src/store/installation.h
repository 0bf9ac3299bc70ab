/*
 * installation.h - what holds for all hosts of an installation: one document.
 */
#ifndef BEZEL_STORE_INSTALLATION_H
#define BEZEL_STORE_INSTALLATION_H

#include "crypt/keyring.h"
#include "store/store.h"

/* The numbers of the keys of links (crypt/share-keys.h), the signing one first.
 * RC_NOT_FOUND when none are recorded (err is left to the caller). */
enum rc installation_share_keys(struct store *store, struct arena *arena,
    unsigned char ret_ids[KEYRING_SHARE_KEYS], struct err *err) must_use;

/* Records ids in the place of was (NULL: of nothing). RC_CONFLICT when something else
 * is recorded. */
enum rc installation_record_share_keys(struct store *store, struct arena *arena,
    const unsigned char *was, const unsigned char ids[KEYRING_SHARE_KEYS],
    struct err *err) must_use;

#endif
