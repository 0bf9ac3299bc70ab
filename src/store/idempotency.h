/*
 * idempotency.h - the collection `idempotency_keys`.
 *
 * A key is inserted before the work, outside of its transaction, with the ids
 * that the new resource will get; "done" is set inside the transaction. So a
 * take-over after a crash does the same work with the same ids.
 */
#ifndef BEZEL_STORE_IDEMPOTENCY_H
#define BEZEL_STORE_IDEMPOTENCY_H

#include "store/store.h"

struct idempotency_key;

/* Takes the key or finds who has it. RC_OK and !key->done: ours to do, with the
 * ids in *key (a new one, or one whose lease ran out). RC_OK and key->done: the
 * answer is known. RC_IDEM_RUNNING, RC_IDEM_MISMATCH. */
enum rc idempotency_take(struct store *store, struct arena *arena,
    struct idempotency_key *key, int64_t now_ms, int64_t lease_ms,
    struct err *err) must_use;

/* Takes by one command those of these keys that nobody has. */
enum rc idempotency_take_new(struct store *store, struct arena *arena,
    struct idempotency_key *keys, size_t n, int64_t now_ms, int64_t lease_ms,
    bool *ret_taken, struct err *err) must_use;

/* Inside the transaction that has the effect. */
enum rc idempotency_done(struct store *store, struct arena *arena,
    struct str id, int status, struct err *err) must_use;
/* The same for several requests. */
enum rc idempotency_done_all(struct store *store, struct arena *arena,
    const struct str *ids, size_t n, int status, struct err *err) must_use;
/* The same for one that makes many things: outcome is a letter for each. */
enum rc idempotency_done_many(struct store *store, struct arena *arena,
    struct str id, int status, struct str outcome, struct err *err) must_use;

/* The work was refused: the key is free again, if it is that of this resource
 * and not done. */
enum rc idempotency_release(struct store *store, struct arena *arena,
    struct str id, struct str resource_id, struct err *err) must_use;

/* Of several by one command. */
enum rc idempotency_release_all(struct store *store, struct arena *arena,
    const struct idempotency_key *keys, size_t n, struct err *err) must_use;

#endif
