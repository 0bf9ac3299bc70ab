/*
 * counters.h - the collection `rate_counters`: how much of something there was by a
 * key that names its period too ("login|...|2026-11-22T10:20"). Each goes by itself
 * once its period is over.
 */
#ifndef BEZEL_STORE_COUNTERS_H
#define BEZEL_STORE_COUNTERS_H

#include "store/store.h"

/* Counts amount (mostly 1) when that does not go beyond limit, else RC_QUOTA. */
enum rc counter_take(struct store *store, struct arena *arena, struct str key,
    int64_t amount, int64_t limit, int64_t expires_ms, struct err *err) must_use;
/* The same of several keys by one command, each with its amount: all of them, or none with
 * RC_QUOTA. With another error they may say too much. */
struct counter_amount {
	struct str key;
	int64_t amount;
};
enum rc counter_take_all(struct store *store, struct arena *arena,
    const struct counter_amount *amounts, size_t n, int64_t limit,
    int64_t expires_ms, struct err *err) must_use;
/* What it says, 0 when there is none. */
enum rc counter_get(struct store *store, struct arena *arena, struct str key,
    int64_t *ret_count, struct err *err) must_use;
enum rc counter_give_back(struct store *store, struct arena *arena,
    struct str key, int64_t amount, struct err *err) must_use;
enum rc counter_give_back_all(struct store *store, struct arena *arena,
    const struct counter_amount *amounts, size_t n, struct err *err) must_use;

#endif
