/*
 * store.h - the open database of a process, and who owns what in it.
 *
 * Repositories (designs.h, sessions.h, jobs.h ...) have one header a collection.
 * Documents come back as BSON in a struct str; schema reads them. Users' text
 * reaches a filter only as a value of a fixed key.
 */
#ifndef BEZEL_STORE_STORE_H
#define BEZEL_STORE_STORE_H

#include "base/err.h"

struct store;

enum { STORE_SEAL_KEY_BYTES = 96 };	/* of libmongocrypt's local provider */

struct store_options {
	struct str uri;
	const char *database;
	const char *app_name;		/* shown in the server's log */
	int select_timeout_ms;		/* how long to look for a primary */
	int command_timeout_ms;		/* maxTimeMS, and of the socket (plus a little) */
	struct store_trace *trace;	/* or NULL */
	struct str seal_key;		/* KEY_SEAL, copied; null: nothing is sealed here */
};

/* In shared memory: the transaction that a process is in. A server keeps the
 * locks of a transaction whose client was killed for a minute and more (88 s
 * measured), and all who want the same documents wait. So the successor of a
 * killed process ends it with its first command, as does a process whose
 * connection broke. */
struct store_trace {
	unsigned char session[16];
	volatile bool open;
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

/* Ends the transaction that a killed process has left in trace, if any. */
enum rc store_abort_left(struct store *store, struct arena *arena,
    struct store_trace *trace, struct err *err) must_use;

/* Tests: the n-th database command from now fails as if the connection had been
 * cut. n = 0: none. */
enum store_fault {
	STORE_CUT_BEFORE,	/* its effect */
	STORE_CUT_AFTER,	/* its effect: the answer is lost */
	STORE_CUT_COMMIT,	/* the same, and a commit is not asked for again, as
				 * when the deadline is over by then */
	STORE_EXIT_BEFORE,	/* the process ends, status STORE_FAULT_STATUS */
	STORE_EXIT_AFTER
};
enum { STORE_FAULT_STATUS = 71 };
void store_fail_at(struct store *store, int64_t n, enum store_fault fault);
/* Commands until it happens; 0: it has happened, or none was asked for. */
int64_t store_fail_left(const struct store *store);

/* Tests: fn is called before and behind each command outside of transactions,
 * and before the first one of a transaction: what others do meanwhile. */
void store_watch(struct store *store, void (*fn)(void *arg), void *arg);

/* Who owns: exactly one of both is not null. */
struct store_owner {
	struct str user_id, guest_session_id;
};

/* Runs fn in one transaction: majority commit, redone on transient errors with
 * jitter until deadline_ms (clock_mono_ms()), behind which it is not committed either.
 * fn may run several times: it must have no effect but through the store and its own
 * results. */
typedef enum rc store_transaction_fn(struct store *store, struct arena *arena,
    void *arg, struct err *err);
enum rc store_transaction(struct store *store, struct arena *arena,
    int64_t deadline_ms, store_transaction_fn *fn, void *arg,
    struct err *err) must_use;

/* The same, but not redone: who has another way takes it. A commit that nobody knows of
 * is still asked for again until deadline_ms; if it stays so, err->unknown. */
enum rc store_transaction_once(struct store *store, struct arena *arena,
    int64_t deadline_ms, store_transaction_fn *fn, void *arg,
    struct err *err) must_use;

#endif
