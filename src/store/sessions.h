/*
 * sessions.h - the collection `sessions`: who is signed in where.
 */
#ifndef BEZEL_STORE_SESSIONS_H
#define BEZEL_STORE_SESSIONS_H

#include "store/store.h"

struct session;

enum { SESSIONS_MAX = 100 };		/* of a user */

enum rc sessions_insert(struct store *store, struct arena *arena,
    const struct session *session, struct err *err) must_use;

/* Those of these n ids that are there, ended or not, in any order; ret_sessions has room
 * for n. */
enum rc sessions_get_some(struct store *store, struct arena *arena,
    const struct str *ids, size_t n, struct session *ret_sessions, size_t *ret_n,
    struct err *err) must_use;

/* It is used at now_ms, which lets it live until expires_ms. */
enum rc sessions_touch(struct store *store, struct arena *arena, struct str id,
    int64_t now_ms, int64_t expires_ms, struct err *err) must_use;

/* Live ones of a user, newest first. */
enum rc sessions_of_user(struct store *store, struct arena *arena,
    struct str user_id, int64_t now_ms, struct str *ret_docs, size_t *ret_n,
    struct err *err) must_use;

/* One of this user; *ret_removed is 0 when there was none. */
enum rc sessions_remove(struct store *store, struct arena *arena,
    struct str user_id, struct str id, int64_t *ret_removed,
    struct err *err) must_use;
/* The newest SESSIONS_MAX of a user stay. */
enum rc sessions_cut(struct store *store, struct arena *arena,
    struct str user_id, int64_t *ret_removed, struct err *err) must_use;
/* All of a user but `except` (null: none is spared). */
enum rc sessions_remove_all(struct store *store, struct arena *arena,
    struct str user_id, struct str except, int64_t *ret_removed,
    struct err *err) must_use;

#endif
