/*
 * keys.h - looking after the data keys of sealed fields: `bezel keys`.
 *
 * Each may be interrupted anywhere and run again, and may run while bezel serves.
 */
#ifndef BEZEL_STORE_KEYS_H
#define BEZEL_STORE_KEYS_H

#include "store/store.h"

/* A key that another one has followed for that long: no process seals with it any
 * more (they look once a minute, and a request does not last that long). */
enum { KEYS_PRUNE_AGE_MS = 10 * 60 * 1000 };

struct keys_row {
	struct str id;			/* as text */
	int64_t number;			/* of its name "fields/<number>"; 0: not ours */
	int64_t created_ms;
	int64_t values;			/* sealed with it */
	bool current;
	bool rotating;			/* a rotation to it has not ended */
	bool opens;			/* with the master key */
};

/* The lowest number first. *ret_lost: sealed values whose key is not there. Reads
 * every collection that has sealed fields. */
enum rc keys_list(struct store *store, struct arena *arena,
    struct keys_row **ret_rows, size_t *ret_n, int64_t *ret_lost,
    struct err *err) must_use;

struct keys_done {
	int64_t number;		/* of the current key */
	int64_t values;		/* sealed values that were seen */
	int64_t resealed;
	int64_t unreadable;	/* left as they are */
	int64_t removed;	/* keys */
	bool resumed;		/* an earlier rotation went on, no new key was made */
};

/* Makes a new current key and seals every value anew with it. The new key has a
 * second name until all is done: a run after an interrupted one goes on with it.
 * What other processes seal with the old key in the minute until they look is left
 * to keys_prune(). */
enum rc keys_rotate(struct store *store, struct keys_done *ret_done,
    struct err *err) must_use;

/* Seals with the current key what is not, then removes the keys that nothing uses and
 * that have been followed by another one for prune_age_ms. */
enum rc keys_prune(struct store *store, int64_t prune_age_ms,
    struct keys_done *ret_done, struct err *err) must_use;

/* The master key was replaced: wraps the data keys anew that old_seal_key (KEY_SEAL of
 * the old one) opens. Nothing is changed when one of them opens with neither.
 * *ret_wrapped: how many were; *ret_fine: how many the new one opened already. */
enum rc keys_rewrap(struct store *store, struct str old_seal_key,
    int64_t *ret_wrapped, int64_t *ret_fine, struct err *err) must_use;

#endif
