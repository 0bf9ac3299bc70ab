/*
 * views.h - who has looked at links: the collections `view_dedupe` and
 * `shared_designs_access`, and share_settings.view_count.
 *
 * A view is one insert into view_dedupe, whose _id is the same for the same viewer,
 * link and day. Whoever counts takes what is not counted, adds it to the designs and
 * moves it to shared_designs_access in one transaction: so each is counted once,
 * whatever dies on the way and however many do it at once.
 */
#ifndef BEZEL_STORE_VIEWS_H
#define BEZEL_STORE_VIEWS_H

#include "store/store.h"

struct view_dedupe;
struct shared_design_access;

/* RC_CONFLICT: this one has been seen today. */
enum rc views_take(struct store *store, struct arena *arena,
    const struct view_dedupe *view, struct err *err) must_use;

/* --- counting: all but views_waiting() in one transaction ------------------ */

enum rc views_waiting(struct store *store, struct arena *arena, bool *ret_any,
    struct err *err) must_use;

/* Oldest first, at most limit. A damaged one has a null view_id. */
enum rc views_uncounted(struct store *store, struct arena *arena, int limit,
    struct view_dedupe *ret_views, size_t *ret_n, struct err *err) must_use;

/* People who have looked at one link; live is what views_links() fills: whether it is
 * (still) the design's link. */
struct view_count {
	struct str design_id, share_token;
	int64_t people;
	bool live;
};
enum rc views_links(struct store *store, struct arena *arena,
    struct view_count *counts, size_t n, struct err *err) must_use;

/* Adds those that are live and have people. updated_at stays. */
enum rc views_add(struct store *store, struct arena *arena,
    const struct view_count *counts, size_t n, struct err *err) must_use;

enum rc views_insert(struct store *store, struct arena *arena,
    const struct shared_design_access *rows, size_t n, struct err *err) must_use;

/* They stay, without what they held, until kept_ms after the view. */
enum rc views_counted(struct store *store, struct arena *arena,
    const struct str *ids, size_t n, int64_t kept_ms, struct err *err) must_use;

/* --- figures ---------------------------------------------------------------- */

/* How many people: by day ("2026-11-23", UTC), by country or device (a null name: not
 * known), the most first. They live in the arena. */
struct view_figure {
	struct str name;
	int64_t n;
};
struct view_list {
	struct view_figure *items;
	size_t n;
};
struct view_figures {
	struct view_list days, countries, devices;
	int64_t robots;
};

/* Of one link since a time: one command, by an index. */
enum rc views_figures(struct store *store, struct arena *arena,
    struct str design_id, struct str share_token, int64_t since_ms,
    struct view_figures *ret_figures, struct err *err) must_use;

/* --- retention --------------------------------------------------------------- */

/* Rows whose address is to be cut by now, at most limit. A damaged id is null. */
enum rc views_due(struct store *store, struct arena *arena, int64_t now_ms,
    int limit, struct shared_design_access *ret_rows, size_t *ret_n,
    struct err *err) must_use;
/* Sets viewer_ip, which is the network now, of each; those without an id are left. */
enum rc views_cut(struct store *store, struct arena *arena,
    const struct shared_design_access *rows, size_t n, struct err *err) must_use;

/* Rows older than that, at most limit. */
enum rc views_remove_old(struct store *store, struct arena *arena,
    int64_t before_ms, int limit, int64_t *ret_removed, struct err *err) must_use;
enum rc views_remove_of_design(struct store *store, struct arena *arena,
    struct str design_id, struct err *err) must_use;

#endif
