/*
 * client.h - the process's one MongoDB client, as the files of this folder share
 * it: its state, the one way that a command goes out, and what a failure means.
 * Nobody outside of store/ includes it.
 */
#ifndef BEZEL_STORE_CLIENT_H
#define BEZEL_STORE_CLIENT_H

#include <mongoc/mongoc.h>

#include "store/store.h"

struct store {
	mongoc_client_t *client;
	mongoc_client_session_t *session;	/* not NULL: in a transaction */
	char *database;
	int command_timeout_ms;
	int64_t commands;
	int64_t fail_in;		/* tests: commands until the failure */
	enum store_fault fault;
	void (*watch)(void *arg);	/* tests */
	void *watch_arg;
	int64_t transaction_commands;
	int64_t deadline_ms;		/* of the transaction, mono */
	bool transient, unknown_commit;	/* labels of the last error */
	bool out_of_time;		/* the last error was that of maxTimeMS */
	bool cut;			/* the connection broke in a transaction */
	struct store_trace *trace;
	struct vault *vault;		/* NULL until something is sealed or unsealed */
	unsigned char seal_key[STORE_SEAL_KEY_BYTES];
	bool may_seal;			/* there is a seal_key */
	struct {
		const char *collection;	/* NULL: nothing */
		const struct str *ids, *docs;	/* null: not there */
		size_t n;
	} ahead;			/* db_read_ahead() */
};

enum { CODE_DUPLICATE = 11000 };	/* of MongoDB: a key exists already */

/* CLIENT_WRITE waits for a majority; CLIENT_FAST for one node's word: counters
 * that may lose their last moments with a primary. */
enum client_how { CLIENT_READ, CLIENT_WRITE, CLIENT_FAST };

/* Sends command, in the open transaction if there is one. *ret_reply lives as long
 * as arena; NULL when it is not wanted. A write error in a reply that is "ok" is
 * not looked at. */
enum rc client_run(struct store *store, struct arena *arena,
    const bson_t *command, enum client_how how, const bson_t **ret_reply,
    struct err *err) must_use;

/* What the driver's error means to us; remembers its labels. reply may be NULL. */
enum rc client_fail(struct store *store, const bson_t *reply,
    const bson_error_t *error, struct err *err);

/* Write errors of insert, update and delete come in a reply that is "ok": the first of
 * them. Of a key that exists it is none for a command of n writes: done of that one
 * becomes false. */
enum rc client_check_writes(struct store *store, const bson_t *reply, bool *done,
    size_t n, struct err *err) must_use;

/* RC_UNAVAILABLE, because the transaction's deadline is over. */
enum rc client_too_late(struct err *err);

/* Tests: whether the command in hand is the one to fail, before or after the
 * server saw it. */
bool client_must_fail(struct store *store, bool after, struct err *err);

#endif
