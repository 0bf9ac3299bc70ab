/*
 * claim.h - a guest's things become a member's.
 *
 * In steps of one transaction each, so that a guest with many designs does not make one
 * that is too long: what a step has moved is the member's, the rest is the guest's
 * until the next step.
 */
#ifndef BEZEL_STORE_CLAIM_H
#define BEZEL_STORE_CLAIM_H

#include "store/store.h"

enum { CLAIM_AT_ONCE = 200 };

/* Inside a transaction: at most CLAIM_AT_ONCE designs with their jobs and uploads.
 * *ret_moved is fewer when these were the last: then unused uploads follow and the guest
 * session ends too. */
enum rc claim_step(struct store *store, struct arena *arena,
    struct str guest_session_id, struct str user_id, int64_t *ret_moved,
    struct err *err) must_use;

#endif
