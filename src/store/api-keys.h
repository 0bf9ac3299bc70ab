/*
 * api-keys.h - the collection `api_keys`: what partners' programs sign in with.
 */
#ifndef BEZEL_STORE_API_KEYS_H
#define BEZEL_STORE_API_KEYS_H

#include "store/store.h"

/* How long a key stands in the list after its end. */
#define API_KEYS_KEPT_MS (30LL * 24 * 3600 * 1000)

struct api_key;

/* RC_CONFLICT: this id is there already. */
enum rc api_keys_insert(struct store *store, struct arena *arena,
    const struct api_key *key, struct err *err) must_use;

/* By id, live or not; RC_NOT_FOUND. */
enum rc api_keys_get(struct store *store, struct arena *arena, struct str id,
    struct api_key *ret_key, struct err *err) must_use;

/* Those of a user, live or not, newest first, older than after_id (null: from the
 * newest), at most limit. */
enum rc api_keys_of_user(struct store *store, struct arena *arena,
    struct str user_id, struct str after_id, int limit, struct str *ret_docs,
    size_t *ret_n, struct err *err) must_use;

/* Whether a user has `most` keys or more that are neither revoked nor expired. */
enum rc api_keys_full(struct store *store, struct arena *arena,
    struct str user_id, int64_t now_ms, int most, bool *ret_full,
    struct err *err) must_use;

/* It was used in the hour that begins at hour_ms. */
enum rc api_keys_touch(struct store *store, struct arena *arena, struct str id,
    int64_t hour_ms, struct err *err) must_use;

/* One of this user, if it is not revoked yet: *ret_changed. The row goes at
 * forget_ms. */
enum rc api_keys_revoke(struct store *store, struct arena *arena,
    struct str user_id, struct str id, int64_t now_ms, int64_t forget_ms,
    bool *ret_changed, struct err *err) must_use;

/* All of a user. */
enum rc api_keys_revoke_all(struct store *store, struct arena *arena,
    struct str user_id, int64_t now_ms, int64_t forget_ms,
    struct err *err) must_use;

#endif
