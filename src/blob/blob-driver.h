/*
 * blob-driver.h - for drivers only: what stands behind blob.h.
 *
 * A driver embeds struct blob as its first member. blob.c has checked keys and
 * counts before it calls a driver, and leaves outputs untouched on failure.
 */
#ifndef BEZEL_BLOB_BLOB_DRIVER_H
#define BEZEL_BLOB_BLOB_DRIVER_H

#include "blob/blob.h"

struct blob_driver {
	enum rc (*put)(struct blob *blob, struct str key, struct str bytes,
	    struct err *err);
	enum rc (*get)(struct blob *blob, struct arena *arena, struct str key,
	    size_t max, struct str *ret_bytes, struct err *err);
	enum rc (*delete)(struct blob *blob, const struct str *keys, size_t n,
	    struct err *err);
	enum rc (*list)(struct blob *blob, struct arena *arena,
	    struct str after, struct blob_entry *entries, size_t max_entries,
	    size_t *ret_n, struct err *err);
	enum rc (*tidy)(struct blob *blob, int64_t before_ms, size_t *ret_n,
	    struct err *err);
	void (*close)(struct blob *blob);
};

struct blob {
	const struct blob_driver *driver;
};

/* The parts of a good key. */
struct blob_key {
	struct str shard;	/* the last two bytes of the folder */
	struct str folder;
	struct str name;
};

struct blob_key blob_key_split(struct str key);
/* The order of blob_list(). */
int blob_key_cmp(const struct blob_key *a, const struct blob_key *b);

/* The errors that every driver says alike. */
enum rc blob_err_absent(struct err *err);
enum rc blob_err_too_large(struct err *err, size_t max);

#endif
