/*
 * uploads.h - the collection `uploads`: reference pictures of users.
 *
 * An upload expires unless a design uses it; the sweep removes the files first,
 * then the document, so no file is forgotten.
 */
#ifndef BEZEL_STORE_UPLOADS_H
#define BEZEL_STORE_UPLOADS_H

#include "store/store.h"

struct upload;

enum rc uploads_insert(struct store *store, struct arena *arena,
    const struct upload *upload, struct err *err) must_use;

enum rc uploads_get(struct store *store, struct arena *arena, struct str owner,
    struct str id, struct upload *ret_upload, struct err *err) must_use;

/* Ties it to a design: it no longer expires by itself. */
enum rc uploads_use(struct store *store, struct arena *arena, struct str owner,
    struct str id, struct str design_id, struct err *err) must_use;

/* Unused ones that have expired, and those of a design: their ids. */
enum rc uploads_due(struct store *store, struct arena *arena, int64_t before_ms,
    int limit, struct str *ret_ids, size_t *ret_n, struct err *err) must_use;
enum rc uploads_of_design(struct store *store, struct arena *arena,
    struct str design_id, int limit, struct str *ret_ids, size_t *ret_n,
    struct err *err) must_use;
enum rc uploads_remove(struct store *store, struct arena *arena, struct str id,
    struct err *err) must_use;
enum rc uploads_exist(struct store *store, struct arena *arena,
    const struct str *ids, size_t n, bool *ret_exist, struct err *err) must_use;

#endif
