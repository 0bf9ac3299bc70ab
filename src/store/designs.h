/*
 * designs.h - the collection `designs`.
 *
 * Ownership stands in the filter of every write and list; one's own is read by _id and
 * its owner compared (db_get_own()). Writes answer with the document as it is
 * afterwards, and RC_NOT_FOUND when nothing matched.
 */
#ifndef BEZEL_STORE_DESIGNS_H
#define BEZEL_STORE_DESIGNS_H

#include "store/store.h"

struct design;
struct generated_image;
struct refinement;

enum { DESIGN_REFINEMENTS_MAX = 50, DESIGN_IMAGES_MAX = 64 };

enum rc designs_insert(struct store *store, struct arena *arena, struct str doc,
    struct err *err) must_use;

/* In one command. */
enum rc designs_insert_many(struct store *store, struct arena *arena,
    const struct str *docs, size_t n, struct err *err) must_use;

enum rc designs_get(struct store *store, struct arena *arena,
    struct store_owner owner, struct str id, struct str *ret_doc,
    struct err *err) must_use;

/* Without an owner: for jobs. What was removed is not found, though it may lie there
 * for a while (designs_remove()). */
enum rc designs_find(struct store *store, struct arena *arena, struct str id,
    struct str *ret_doc, struct err *err) must_use;

/* Reads several by one command: those who ask for one of them then, by designs_get() or
 * designs_find(), have it from there, until designs_forget_ahead(), which comes before
 * arena's end. */
enum rc designs_read_ahead(struct store *store, struct arena *arena,
    const struct str *ids, size_t n, struct err *err) must_use;
void designs_forget_ahead(struct store *store);

enum designs_sort { BY_CREATED_DESC, BY_CREATED_ASC, BY_UPDATED_DESC };

struct designs_query {
	bool deleted;
	int is_favorite;		/* -1: either */
	int shared;			/* the same */
	struct str folder_id;		/* null: any */
	bool no_folder;			/* those in none */
	struct str gem_type, metal;	/* null: any */
	struct str words;		/* null: any; in prompt, stone and colour */
	enum designs_sort sort;
	int64_t after_ms;		/* the last item's value and id, or id null */
	struct str after_id;
	int limit;
};

/* RC_SEARCH_TIMEOUT when the server gave the words up. */
enum rc designs_list(struct store *store, struct arena *arena,
    struct store_owner owner, const struct designs_query *query,
    struct str *ret_docs, size_t *ret_n, struct err *err) must_use;

/* What a write asks for besides the owner; nothing matched is RC_NOT_FOUND. */
struct designs_when {
	int64_t updated_at_ms;	/* If-Match, or TIME_NULL */
	int deleted;		/* 0, 1; -1: either */
};

/* Sets the members of `set` (BSON of a document with top-level keys). */
enum rc designs_set(struct store *store, struct arena *arena,
    struct store_owner owner, struct str id, const struct designs_when *when,
    struct str set, struct str *ret_doc, struct err *err) must_use;

/* Whether a link may show something else after that: else no cache need be told. */
bool designs_shows(struct str set);

/* Its folder_id becomes null. */
enum rc designs_leave_folder(struct store *store, struct arena *arena,
    struct store_owner owner, struct str id, struct str *ret_doc,
    struct err *err) must_use;

/* To the trash and back. */
enum rc designs_trash(struct store *store, struct arena *arena,
    struct store_owner owner, struct str id, const struct designs_when *when,
    bool to_trash, struct str *ret_doc, struct err *err) must_use;

/* A design that has or had a link becomes nobody's, until shares_forget(). */
enum rc designs_remove(struct store *store, struct arena *arena,
    struct store_owner owner, struct str id, const struct designs_when *when,
    struct err *err) must_use;

/* --- many at once: those of these ids that are the owner's ----------------- */

/* _id, is_deleted, folder_id and the link's token of each that is there, in no order. */
enum rc designs_peek_many(struct store *store, struct arena *arena,
    struct store_owner owner, const struct str *ids, size_t n,
    struct str *ret_docs, size_t *ret_n, struct err *err) must_use;

/* Like designs_set(), designs_trash() and designs_remove(), of none too. A null
 * folder_id is out of any. */
enum rc designs_star_many(struct store *store, struct arena *arena,
    struct store_owner owner, const struct str *ids, size_t n,
    bool is_favorite, struct err *err) must_use;
enum rc designs_move_many(struct store *store, struct arena *arena,
    struct store_owner owner, const struct str *ids, size_t n,
    struct str folder_id, struct err *err) must_use;
enum rc designs_trash_many(struct store *store, struct arena *arena,
    struct store_owner owner, const struct str *ids, size_t n, bool to_trash,
    struct err *err) must_use;
enum rc designs_remove_many(struct store *store, struct arena *arena,
    struct store_owner owner, const struct str *ids, size_t n,
    struct err *err) must_use;

/* Makes image_id, one of this design's, what the design shows. */
enum rc designs_select(struct store *store, struct arena *arena,
    struct store_owner owner, struct str id, const struct designs_when *when,
    struct str image_id, struct str *ret_doc, struct err *err) must_use;

/* The generation that is on its way; the second clears it if it is still that. */
enum rc designs_begin_generation(struct store *store, struct arena *arena,
    struct store_owner owner, struct str id, struct str generation_id,
    struct str *ret_doc, struct err *err) must_use;
enum rc designs_end_generation(struct store *store, struct arena *arena,
    struct str id, struct str generation_id, struct err *err) must_use;

/* Land a picture: pushed once, whatever is repeated. *ret_landed is false when
 * the design is gone, is full, or has it already. */
enum rc designs_land_image(struct store *store, struct arena *arena,
    struct str id, const struct generated_image *image, double cost_usd,
    double seconds, bool *ret_landed, struct err *err) must_use;
enum rc designs_land_refinement(struct store *store, struct arena *arena,
    struct str id, const struct refinement *refinement, double cost_usd,
    double seconds, bool *ret_landed, struct err *err) must_use;

/* Adds the cost and time of a call that gave no picture. */
enum rc designs_add_cost(struct store *store, struct arena *arena,
    struct str id, double cost_usd, double seconds, struct err *err) must_use;

/* --- retention: ids that are due, at most limit -------------------------- */

/* In the trash since before_ms. */
enum rc designs_due_trash(struct store *store, struct arena *arena,
    int64_t before_ms, int limit, struct str *ret_ids, size_t *ret_n,
    struct err *err) must_use;
/* Guests' designs older than before_ms, in the order of their sessions, after
 * after_session ("" at first). A session's rest comes with the next sweep. */
struct designs_guest_due {
	struct str id, guest_session_id;
};
enum rc designs_due_guests(struct store *store, struct arena *arena,
    int64_t before_ms, struct str after_session, int limit,
    struct designs_guest_due *ret_due, size_t *ret_n,
    struct err *err) must_use;
/* Which of these ids exist (for the sweep of orphaned objects). */
enum rc designs_exist(struct store *store, struct arena *arena,
    const struct str *ids, size_t n, bool *ret_exist, struct err *err) must_use;
/* Removes by id whatever the owner: the filter says that it is still due. */
enum rc designs_remove_due(struct store *store, struct arena *arena,
    struct str id, struct str guest_session_id, int64_t trash_before_ms,
    int64_t *ret_deleted, struct err *err) must_use;

#endif
