/*
 * audit.h - the collection `audit_log`. The application may add to it and read it,
 * and no more (scripts/mongod-setup.py).
 */
#ifndef BEZEL_STORE_AUDIT_H
#define BEZEL_STORE_AUDIT_H

#include "store/store.h"

struct audit_event;

enum rc audit_insert(struct store *store, struct arena *arena,
    const struct audit_event *event, struct err *err) must_use;

/* Newest first. Ids rise with time: from_id is where to begin (audit_first_id()). */
struct audit_query {
	struct str user_id, kind, from_id;	/* each may be null */
	int limit;
};
enum rc audit_find(struct store *store, struct arena *arena,
    const struct audit_query *query, struct str *ret_docs, size_t *ret_n,
    struct err *err) must_use;

/* The least id of an event of that time or later. */
struct str audit_first_id(struct arena *arena, int64_t ms);

/* Newest first, older than before_id (null: from the newest); of a user, or of all
 * when user_id is null. At most limit. */
enum rc audit_list(struct store *store, struct arena *arena, struct str user_id,
    struct str before_id, int limit, struct str *ret_docs, size_t *ret_n,
    struct err *err) must_use;

#endif
