/*
 * guests.h - the collection `guest_sessions`.
 */
#ifndef BEZEL_STORE_GUESTS_H
#define BEZEL_STORE_GUESTS_H

#include "store/store.h"

struct guest_session;

enum { GUEST_DESIGNS_MAX = 1000 };	/* of a session, as its row says */

enum rc guest_insert(struct store *store, struct arena *arena,
    const struct guest_session *session, struct err *err) must_use;

/* Live at now_ms, or RC_SESSION_EXPIRED. */
enum rc guest_get(struct store *store, struct arena *arena, struct str id,
    int64_t now_ms, struct guest_session *ret_session, struct str *ret_doc,
    struct err *err) must_use;

/* expires_at becomes now + life, at most created_at + life_max. */
enum rc guest_renew(struct store *store, struct arena *arena, struct str id,
    int64_t now_ms, int64_t life_ms, int64_t life_max_ms,
    struct guest_session *ret_session, struct str *ret_doc,
    struct err *err) must_use;

/* In one conditional update: the session is live, today's count is under limit;
 * counts one and, unless it is null, adds the design. RC_SESSION_EXPIRED,
 * RC_QUOTA, or RC_LIMIT_REACHED for one design too many. The day is the server's, UTC.
 * Of *ret_session only usage_count and last_design_at are set. */
enum rc guest_charge(struct store *store, struct arena *arena, struct str id,
    int64_t now_ms, int32_t limit, struct str design_id,
    struct guest_session *ret_session, struct err *err) must_use;
/* The same of n different sessions by one command, a design for each, and one that reads
 * them: RC_QUOTA when not all of them are live, under the limit and with room. The
 * transaction is to end then, for others of them have been charged. */
enum rc guest_charge_all(struct store *store, struct arena *arena,
    const struct str *ids, const struct str *design_ids, size_t n,
    int64_t now_ms, int32_t limit, struct guest_session *ret_sessions,
    struct err *err) must_use;
/* Gives one back if the count is still of that day ("2026-11-22"). */
enum rc guest_give_back(struct store *store, struct arena *arena, struct str id,
    const char *day, struct err *err) must_use;

/* Which of these sessions are live. */
enum rc guest_live(struct store *store, struct arena *arena,
    const struct str *ids, size_t n, int64_t now_ms, bool *ret_live,
    struct err *err) must_use;

#endif
