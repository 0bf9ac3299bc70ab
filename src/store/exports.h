/*
 * exports.h - the collection `exports`: archives of all that a user has.
 *
 * While a job makes one, its job_id stands in the document, and of a user at most one
 * has any: a unique index says so. The job's writes have it in their filter.
 */
#ifndef BEZEL_STORE_EXPORTS_H
#define BEZEL_STORE_EXPORTS_H

#include "store/store.h"

struct export;

/* RC_CONFLICT: one of this user is being made, or it was inserted before. */
enum rc exports_insert(struct store *store, struct arena *arena,
    const struct export *export, struct err *err) must_use;

/* The latest one; RC_NOT_FOUND. */
enum rc exports_latest(struct store *store, struct arena *arena,
    struct str user_id, struct export *ret_export, struct str *ret_doc,
    struct err *err) must_use;

/* What a job is to make; RC_NOT_FOUND when it is not wanted any more. */
enum rc exports_of_job(struct store *store, struct arena *arena,
    struct str user_id, struct str job_id, struct export *ret_export,
    struct err *err) must_use;

/* How far it is; RC_NOT_FOUND as above. */
enum rc exports_progress(struct store *store, struct arena *arena, struct str id,
    struct str job_id, int32_t done, int32_t total, struct err *err) must_use;

/* Its end: status, key, bytes, expires_at and the counts as in `export`, job_id null.
 * RC_NOT_FOUND as above. */
enum rc exports_end(struct store *store, struct arena *arena,
    const struct export *export, struct err *err) must_use;

/* Earlier ones of the user are due at once: a newer one is there. */
enum rc exports_supersede(struct store *store, struct arena *arena,
    struct str user_id, struct str id, int64_t now_ms, struct err *err) must_use;

enum rc exports_due(struct store *store, struct arena *arena, int64_t before_ms,
    int limit, struct str *ret_ids, size_t *ret_n, struct err *err) must_use;
enum rc exports_remove(struct store *store, struct arena *arena, struct str id,
    struct err *err) must_use;
/* The stored document; RC_NOT_FOUND. */
enum rc exports_get(struct store *store, struct arena *arena, struct str id,
    struct str *ret_doc, struct err *err) must_use;

#endif
