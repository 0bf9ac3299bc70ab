/*
 * seal.h - sealed fields: text that the database never sees.
 *
 * MongoDB's client-side field level encryption, explicit (libmongocrypt),
 * AEAD_AES_256_CBC_HMAC_SHA_512-Random. What is stored is the payload of a BSON
 * binary of subtype 6, as a row FIELD(SEALED, ...) has it. The key is the newest of
 * the collection key_vault (vault.h, keys.h); the payload names it.
 *
 * A sealed value is bound to its place: libmongocrypt takes no further data under
 * its MAC, so the text that is encrypted begins with "<use>|<owner id>|". A value
 * that was copied into another document, or another field, does not unseal.
 *
 * The first call opens a database client of its own (its log-in and a read of
 * key_vault, 30 ms); later ones need no round trip but one a minute. Not for paths of quick requests.
 * None of it is part of a transaction, nor of store_commands().
 */
#ifndef BEZEL_STORE_SEAL_H
#define BEZEL_STORE_SEAL_H

#include "store/store.h"

enum seal_use {
#define SEAL_USE(name, word, text) SEAL_##name,
#include "store/seal-uses.def"
#undef SEAL_USE
	SEAL_USE_COUNT
};

enum { SEAL_TEXT_MAX = 8192 };	/* bytes */

/* owner_id: the _id of the document that will hold it; neither empty nor with a '|'.
 * The first call of an installation makes its first data key. *ret_sealed belongs to
 * arena. RC_UNAVAILABLE: the database is away. RC_INTERNAL: the master key is
 * another one, or there is none. */
enum rc seal_text(struct store *store, struct arena *arena, enum seal_use use,
    struct str owner_id, struct str plain, struct str *ret_sealed,
    struct err *err) must_use;

/* The reverse; *ret_plain belongs to arena, which should be a wiped one (what
 * libmongocrypt copied on the way is only freed). RC_INTERNAL, and err->detail says
 * why: the value is another owner's or use's, was changed, is no sealed value, its
 * data key is gone, or the master key is another one. The caller logs that: it does
 * not happen by itself. RC_UNAVAILABLE: the database is away. */
enum rc unseal_text(struct store *store, struct arena *arena, enum seal_use use,
    struct str owner_id, struct str sealed, struct str *ret_plain,
    struct err *err) must_use;

#endif
