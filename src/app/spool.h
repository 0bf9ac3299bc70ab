/*
 * spool.h - a temporary file without a name: what is too large for memory. It is gone
 * with its process, however that ends.
 */
#ifndef BEZEL_APP_SPOOL_H
#define BEZEL_APP_SPOOL_H

#include "base/err.h"

struct spool;

/* In that folder; closed with arena. */
enum rc spool_open(struct arena *arena, const char *folder,
    struct spool **ret_spool, struct err *err) must_use;

/* Appends. Its form is that of zip_write_fn. RC_STORAGE_FULL, RC_UNAVAILABLE. */
enum rc spool_write(void *spool, const void *p, size_t n, struct err *err)
    must_use;

/* All that was written, mapped for as long as arena lives: pages of the file, which the
 * kernel may drop, not memory of ours. Nothing is written behind it. */
enum rc spool_map(struct spool *spool, struct arena *arena, struct str *ret_bytes,
    struct err *err) must_use;

#endif
