/*
 * store.h - the open database of a process, and who owns what in it.
 *
 * Repositories (designs.h, sessions.h, jobs.h ...) have one file a collection.
 * Documents come back as BSON in a struct str; schema reads them. Users' text
 * reaches a filter only as a value of a fixed key.
 */
#ifndef BEZEL_STORE_STORE_H
#define BEZEL_STORE_STORE_H

#include "base/err.h"

struct store;

struct store_options {
	struct str uri;
	const char *database;
	const char *app_name;		/* shown in the server's log */
	int select_timeout_ms;		/* how long to look for a primary */
	int command_timeout_ms;		/* maxTimeMS, and of the socket (plus a little) */
};

/* Once per process, after fork. Nothing is connected yet. */
enum rc store_open(struct arena *process_arena,
    const struct store_options *options, struct store **ret_store,
    struct err *err) must_use;
void store_close(struct store *store);

/* A cheap command to the primary. */
enum rc store_ping(struct store *store, struct arena *arena, struct err *err)
    must_use;

/* Commands sent by this process since it was opened. */
int64_t store_commands(const struct store *store);

/* Tests: the n-th database command from now fails as if the connection had been
 * cut before (or, with after, behind) its effect. 0: none. */
void store_fail_at(struct store *store, int64_t n, bool after);

/* Who owns: exactly one of both is not null. */
struct store_owner {
	struct str user_id, guest_session_id;
};

/* Runs fn in one transaction: majority commit, redone on transient errors with
 * jitter until deadline_ms from now (mono). fn may run several times: it must
 * have no effect but through the store and its own results. */
typedef enum rc store_transaction_fn(struct store *store, struct arena *arena,
    void *arg, struct err *err);
enum rc store_transaction(struct store *store, struct arena *arena,
    int64_t deadline_ms, store_transaction_fn *fn, void *arg,
    struct err *err) must_use;

#endif
