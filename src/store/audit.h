/*
 * audit.h - the collection `audit_log`. The application may add to it and read it,
 * and no more (role.c).
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

#endif
