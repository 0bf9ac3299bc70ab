/*
 * owned.h - what belongs to an account, in whatever collection: for its export and its
 * deletion.
 */
#ifndef BEZEL_STORE_OWNED_H
#define BEZEL_STORE_OWNED_H

#include "store/store.h"

struct doc;

/* Documents of a collection whose `key` is `value`, in the order of their ids behind
 * after_id ("" at first; null: any of them, in no order): at most limit. */
struct owned {
	const char *collection, *key;
	struct str value;
};
enum rc owned_page(struct store *store, struct arena *arena,
    const struct owned *owned, struct str after_id, int limit,
    struct str *ret_docs, size_t *ret_n, struct err *err) must_use;

enum rc owned_count(struct store *store, struct arena *arena,
    const struct owned *owned, int64_t *ret_count, struct err *err) must_use;

/* Removes them all. */
enum rc owned_remove(struct store *store, struct arena *arena,
    const struct owned *owned, struct err *err) must_use;

/* How many designs a user has, and how many pictures and thumbnails those name. */
enum rc owned_count_files(struct store *store, struct arena *arena,
    struct str user_id, int64_t *ret_designs, int64_t *ret_files,
    struct err *err) must_use;

/* --- a user who leaves --------------------------------------------------- */

/* One design, who has looked at it, and what was asked of providers for it. user_id is
 * null for one of test mode. */
enum rc owned_remove_design(struct store *store, struct arena *arena,
    struct str user_id, struct str design_id, struct err *err) must_use;

/* Generations, also those of test mode, and exports are to stop, and wait for nothing. */
enum rc owned_stop_jobs(struct store *store, struct arena *arena,
    struct str user_id, struct err *err) must_use;
/* Whether any of those, or a claim of a guest's designs, has not ended. */
enum rc owned_jobs_open(struct store *store, struct arena *arena,
    struct str user_id, bool *ret_open, struct err *err) must_use;
/* Jobs that have ended: they hold words and addresses. */
enum rc owned_remove_jobs(struct store *store, struct arena *arena,
    struct str user_id, struct err *err) must_use;

/* The usage log stays for billing, without a person. */
enum rc owned_forget_usage(struct store *store, struct arena *arena,
    struct str user_id, struct err *err) must_use;
/* The same of those who never were one, for calls that began before before_ms: at most
 * limit rows, so many. */
enum rc owned_forget_strangers(struct store *store, struct arena *arena,
    int64_t before_ms, int limit, int64_t *ret_rows, struct err *err) must_use;

/* Mail to that address that has been sent or given up. */
enum rc owned_forget_mail(struct store *store, struct arena *arena,
    struct str email, struct err *err) must_use;

#endif
