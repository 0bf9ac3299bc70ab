/*
 * identities.h - the collection `identities`: who somebody is at a provider, and whose
 * account that opens; and beside it `oauth_states` (which sign-ins have come back) and
 * `data_deletions` (what a provider asked us to forget).
 */
#ifndef BEZEL_STORE_IDENTITIES_H
#define BEZEL_STORE_IDENTITIES_H

#include "store/store.h"

struct data_deletion;
struct identity;

enum { IDENTITIES_SHOWN_MAX = 10 };	/* of an account; there is one a provider */

/* RC_CONFLICT: this person is known already, or the account has one of the provider. */
enum rc identities_insert(struct store *store, struct arena *arena,
    const struct identity *identity, struct err *err) must_use;

/* RC_NOT_FOUND. */
enum rc identities_find(struct store *store, struct arena *arena,
    struct str issuer, struct str subject, struct identity *ret_identity,
    struct err *err) must_use;

/* Of an account, oldest first. ret_docs has room for IDENTITIES_SHOWN_MAX. */
enum rc identities_of_user(struct store *store, struct arena *arena,
    struct str user_id, struct str *ret_docs, size_t *ret_n,
    struct err *err) must_use;

/* It has opened the account at now_ms. */
enum rc identities_used(struct store *store, struct arena *arena, struct str id,
    int64_t now_ms, struct err *err) must_use;

/* One of this account; *ret_removed is 0 when there was none. */
enum rc identities_remove(struct store *store, struct arena *arena,
    struct str user_id, struct str id, int64_t *ret_removed,
    struct err *err) must_use;

/* Those of this account that were linked then or later. */
enum rc identities_remove_since(struct store *store, struct arena *arena,
    struct str user_id, int64_t since_ms, struct err *err) must_use;

/* The sign-in comes back now, once: RC_CONFLICT when it did before. Kept until
 * expires_ms, when its cookie is not taken any more. */
enum rc oauth_states_use(struct store *store, struct arena *arena, struct str id,
    int64_t expires_ms, struct err *err) must_use;

/* In the place of an earlier one with this code. */
enum rc data_deletions_put(struct store *store, struct arena *arena,
    const struct data_deletion *deletion, struct err *err) must_use;
/* RC_NOT_FOUND. */
enum rc data_deletions_get(struct store *store, struct arena *arena,
    struct str code, struct data_deletion *ret_deletion,
    struct err *err) must_use;

#endif
