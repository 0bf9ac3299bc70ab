/*
 * blob.h - immutable objects addressed by key: pictures, uploads, exports.
 *
 * A store is opened once per process and lives until exit. A half-written
 * object is never visible. Deleting what is absent succeeds, so callers may
 * always retry. Keys are "<folder>/<name>", both of [a-z0-9._-], no more than
 * BLOB_KEY_MAX bytes, neither starting with a dot; the store refuses others.
 * Drivers: fs, mem (tests), flaky (wraps any, for tests).
 */
#ifndef BEZEL_BLOB_BLOB_H
#define BEZEL_BLOB_BLOB_H

#include "base/err.h"

struct blob;			/* an open store, see blob-driver.h */

enum { BLOB_KEY_MAX = 160, BLOB_BATCH = 1000 };

/* A whole object at once: pictures fit in memory (LIMIT_IMAGE of the image
 * program). Durable when it returns. Putting the same key again replaces it. */
enum rc blob_put(struct blob *blob, struct str key, struct str bytes,
    struct err *err) must_use;

/* RC_NOT_FOUND when there is no such object. At most max bytes, else RC_TOO_LARGE. */
enum rc blob_get(struct blob *blob, struct arena *arena, struct str key,
    size_t max, struct str *ret_bytes, struct err *err) must_use;

/* n <= BLOB_BATCH, one call to the store. */
enum rc blob_delete(struct blob *blob, const struct str *keys, size_t n,
    struct err *err) must_use;

struct blob_entry {
	struct str key;
	int64_t bytes;
	int64_t modified_ms;	/* when it was put */
};

/* Objects in key order, after `after` (null: from the start), at most
 * max_entries; used by the sweep for orphans. *ret_n < max_entries at the end. */
enum rc blob_list(struct blob *blob, struct arena *arena, struct str after,
    struct blob_entry *entries, size_t max_entries, size_t *ret_n,
    struct err *err) must_use;

bool blob_key_ok(struct str key);
void blob_close(struct blob *blob);

#endif
