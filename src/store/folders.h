/*
 * folders.h - the collection `folders`.
 *
 * The owner stands in the filter of every read and write. A folder whose deletion is
 * on its way is there for nobody but those that carry it out.
 */
#ifndef BEZEL_STORE_FOLDERS_H
#define BEZEL_STORE_FOLDERS_H

#include "store/store.h"

struct folder;

enum {
	FOLDERS_MAX = 200,		/* of a user */
	FOLDERS_READ_MAX = 1000,	/* more than there can be */
	FOLDER_EMPTY_AT_ONCE = 1000	/* designs, in one transaction */
};

/* RC_CONFLICT: there is one with this id. */
enum rc folders_insert(struct store *store, struct arena *arena,
    const struct folder *folder, struct err *err) must_use;

enum rc folders_get(struct store *store, struct arena *arena, struct str user_id,
    struct str id, struct str *ret_doc, struct err *err) must_use;

/* All, in their order: room for FOLDERS_READ_MAX. */
enum rc folders_list(struct store *store, struct arena *arena,
    struct str user_id, struct str *ret_docs, size_t *ret_n,
    struct err *err) must_use;

/* Sets the members of `set` (BSON of a document with top-level keys) when the stored
 * updated_at is if_match_ms (TIME_NULL: whatever it is); else RC_NOT_FOUND. */
enum rc folders_set(struct store *store, struct arena *arena,
    struct str user_id, struct str id, int64_t if_match_ms, struct str set,
    struct str *ret_doc, struct err *err) must_use;

/* sort_order of each of these ids becomes its place among them, of those in
 * `changed` only. */
enum rc folders_reorder(struct store *store, struct arena *arena,
    struct str user_id, const struct str *ids, size_t n,
    const struct str *changed, size_t changed_n, struct err *err) must_use;

/* Inside a transaction: whether there is that folder, and there will be when the
 * transaction is committed: it meets a deletion in the folder's document. */
enum rc folders_enter(struct store *store, struct arena *arena,
    struct str user_id, struct str id, bool *ret_there,
    struct err *err) must_use;

/* Which of these n are there. */
enum rc folders_exist(struct store *store, struct arena *arena,
    struct str user_id, const struct str *ids, size_t n, bool *ret_exist,
    struct err *err) must_use;

/* --- deletion, inside a transaction --------------------------------------- */

/* Takes at most FOLDER_EMPTY_AT_ONCE designs out of it, those in the trash too. */
enum rc folders_empty(struct store *store, struct arena *arena,
    struct str user_id, struct str id, int64_t *ret_designs,
    struct err *err) must_use;

/* It is gone for its owner, with more designs to be taken out. RC_NOT_FOUND like
 * folders_set(). */
enum rc folders_mark(struct store *store, struct arena *arena,
    struct str user_id, struct str id, int64_t if_match_ms,
    struct err *err) must_use;

/* The empty one goes: one that is not marked, RC_NOT_FOUND like folders_set(); or one
 * that is, which another may have removed before. */
enum rc folders_remove(struct store *store, struct arena *arena,
    struct str user_id, struct str id, int64_t if_match_ms,
    struct err *err) must_use;
enum rc folders_remove_marked(struct store *store, struct arena *arena,
    struct str user_id, struct str id, struct err *err) must_use;

/* One that is marked, or null. */
enum rc folders_find_marked(struct store *store, struct arena *arena,
    struct str user_id, struct str *ret_id, struct err *err) must_use;

#endif
