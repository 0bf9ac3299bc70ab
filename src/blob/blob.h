/*
 * blob.h - immutable objects addressed by key: pictures, uploads, exports.
 *
 * A store is opened once per process and lives until exit; it may be used
 * after a fork. A half-written object is never visible. Deleting what is absent
 * succeeds, so callers may always retry. A put that failed may have stored the
 * whole object all the same (the acknowledgement was lost), never a part of it.
 *
 * Keys are "<folder>/<name>", at most BLOB_KEY_MAX bytes. A folder is two or
 * more of [a-z0-9_-], a name one or more of [a-z0-9._-]; neither begins with a
 * dot or a dash. The store refuses other keys with RC_INVALID.
 * Drivers: fs, mem (tests), flaky (wraps any, for tests), each with its own
 * header. RC_UNAVAILABLE: a retry may help; RC_STORAGE_FULL: no room.
 */
#ifndef BEZEL_BLOB_BLOB_H
#define BEZEL_BLOB_BLOB_H

#include "base/err.h"

struct blob;			/* an open store, see blob-driver.h */

enum { BLOB_KEY_MAX = 160, BLOB_BATCH = 1000 };

/* A whole object at once: pictures fit in memory (IMAGE_MAX_BYTES). Durable
 * when it returns. Putting the same key again replaces it. */
enum rc blob_put(struct blob *blob, struct str key, struct str bytes,
    struct err *err) must_use;

/* RC_NOT_FOUND when there is no such object. At most max bytes, else RC_TOO_LARGE. */
enum rc blob_get(struct blob *blob, struct arena *arena, struct str key,
    size_t max, struct str *ret_bytes, struct err *err) must_use;

/* n <= BLOB_BATCH, one call to the store. After an error some may be gone. */
enum rc blob_delete(struct blob *blob, const struct str *keys, size_t n,
    struct err *err) must_use;

struct blob_entry {
	struct str key;
	int64_t bytes;
	int64_t modified_ms;	/* when it was put */
};

/*
 * Objects after the key `after` (null: from the start; it need not exist any
 * more), at most max_entries > 0; used by the sweep for orphans. *ret_n is less
 * than max_entries at the end only. The order is the store's own and the same
 * in each driver: by the last two bytes of the folder, then the folder, then
 * the name. What is put or deleted meanwhile may be seen or not.
 */
enum rc blob_list(struct blob *blob, struct arena *arena, struct str after,
    struct blob_entry *entries, size_t max_entries, size_t *ret_n,
    struct err *err) must_use;

/* Removes what interrupted puts have left behind before that moment (a day ago
 * is safe: no put lasts so long). *ret_n counts what was removed. */
enum rc blob_tidy(struct blob *blob, int64_t before_ms, size_t *ret_n,
    struct err *err) must_use;

bool blob_key_ok(struct str key);
void blob_close(struct blob *blob);	/* blob_close(NULL) is fine */

#endif
