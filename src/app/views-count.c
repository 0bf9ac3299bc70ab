#include "config.h"

#include "app/views.h"

#include "base/clock.h"
#include "base/ip.h"
#include "geo/geo.h"
#include "schema/documents.h"
#include "store/designs.h"
#include "store/views.h"

enum {
	AT_ONCE = 300,
	SWEPT_AT_ONCE = 500,
	TRANSACTION_MS = 20000,
	DAY_MS = 24 * 3600 * 1000,
	/* The MAC's key is of a day, so nobody is met again behind two. */
	DEDUPE_MS = 2 * DAY_MS
};

/* --- counting ------------------------------------------------------------------ */

struct batch {
	const struct app *app;
	struct view_dedupe views[AT_ONCE];
	struct view_count counts[AT_ONCE];
	struct shared_design_access rows[AT_ONCE];
	struct str ids[AT_ONCE];
	size_t n, count_n, row_n;
	int64_t people, robots, damaged;
};

static bool
is_robot(const struct view_dedupe *view)
{
	return str_eqz(view->viewer_device, "robot");
}

/* The link of a view among those of the batch, which gets it when it has not met it. */
static struct view_count *
count_of(struct batch *b, const struct view_dedupe *view)
{
	struct view_count *c = b->counts;

	while (c < b->counts + b->count_n
	    && (!str_eq(c->share_token, view->share_token)
	    || !str_eq(c->design_id, view->design_id)))
		c++;
	if (c == b->counts + b->count_n) {
		*c = (struct view_count){ .design_id = view->design_id,
			.share_token = view->share_token };
		b->count_n++;
	}
	return c;
}

static struct shared_design_access
row_of(const struct batch *b, struct arena *arena,
    const struct view_dedupe *view)
{
	struct shared_design_access row;

	doc_init(&doc_shared_design_access, &row);
	row.id = view->view_id;
	row.design_id = view->design_id;
	row.share_token = view->share_token;
	row.viewer_ip = view->viewer_ip.p != NULL ? view->viewer_ip : STR("");
	row.viewer_country = geo_country(b->app->geo, arena, view->viewer_ip);
	row.viewer_device = view->viewer_device;
	row.viewed_at = view->viewed_at;
	row.cut_at = view->viewed_at + b->app->conf->view_address_s * 1000;
	return row;
}

static void
add_up(struct batch *b)
{
	b->count_n = b->row_n = 0;
	b->people = b->robots = b->damaged = 0;
	for (size_t i = 0; i < b->n; i++) {
		const struct view_dedupe *view = &b->views[i];

		b->ids[i] = view->id;
		if (view->view_id.p == NULL)
			b->damaged++;
		else
			count_of(b, view)->people += !is_robot(view);
	}
}

/* A link that is none any more has no figures: its last looks go with it. */
static void
make_rows(struct batch *b, struct arena *arena)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct view_dedupe *view = &b->views[i];

		if (view->view_id.p == NULL || !count_of(b, view)->live)
			continue;
		b->rows[b->row_n++] = row_of(b, arena, view);
		b->people += !is_robot(view);
		b->robots += is_robot(view);
	}
}

static enum rc
count_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct batch *b = arg;

	/* What another host has counted meanwhile is not there any more; what it is
	 * about to count is a conflict, and we come again. */
	if (views_uncounted(store, arena, AT_ONCE, b->views, &b->n, err) != RC_OK
	    || b->n == 0)
		return err->rc;
	add_up(b);
	if (b->count_n > 0 && views_links(store, arena, b->counts, b->count_n,
	    err) != RC_OK)
		return err->rc;
	make_rows(b, arena);
	if (views_add(store, arena, b->counts, b->count_n, err) != RC_OK
	    || views_insert(store, arena, b->rows, b->row_n, err) != RC_OK)
		return err->rc;
	return views_counted(store, arena, b->ids, b->n, DEDUPE_MS, err);
}

enum rc
app_views_count(struct app *app, struct arena *arena, int64_t *ret_counted,
    struct err *err)
{
	struct batch *b = arena_one(arena, struct batch);
	bool any;

	*ret_counted = 0;
	b->app = app;
	if (views_waiting(app->store, arena, &any, err) != RC_OK || !any)
		return err->rc;
	do {
		struct arena *own = arena_new();

		b->n = 0;
		if (store_transaction(app->store, own,
		    clock_mono_ms() + TRANSACTION_MS, count_in_transaction, b, err)
		    == RC_OK && b->n > 0) {
			*ret_counted += b->people;
			metric_add(app->shared, METRIC_views_total, b->people);
			metric_add(app->shared, METRIC_views_robot_total, b->robots);
			metric_add(app->shared, METRIC_views_lost_total, b->damaged);
		}
		arena_free(own);
	} while (err->rc == RC_OK && b->n == AT_ONCE);
	return err->rc;
}

/* --- retention ------------------------------------------------------------------ */

/* "192.0.2.0/24", "2001:db8:1::/48"; "" for what is no address. */
static struct str
network_of(struct arena *arena, struct str address)
{
	struct ip ip;

	if (!ip_read(address, &ip))
		return STR("");
	ip_cut(&ip);
	return arena_printf(arena, "%.*s/%d", STR_FMT(ip_text(arena, &ip)),
	    ip.is_v6 ? 48 : 24);
}

/* Those of a design that is gone, which somebody looked at in its last moment, go. */
static enum rc
cut_page(struct app *app, struct arena *arena, struct shared_design_access *rows,
    size_t n, struct err *err)
{
	struct str *ids = arena_many(arena, n + 1, struct str);
	bool *there = arena_many(arena, n + 1, bool);

	for (size_t i = 0; i < n; i++)
		ids[i] = rows[i].design_id.p != NULL ? rows[i].design_id : STR("");
	if (designs_exist(app->store, arena, ids, n, there, err) != RC_OK)
		return err->rc;
	for (size_t i = 0; i < n; i++) {
		rows[i].viewer_ip = network_of(arena, rows[i].viewer_ip);
		if (!there[i] && views_remove_of_design(app->store, arena, ids[i],
		    err) != RC_OK)
			return err->rc;
	}
	return views_cut(app->store, arena, rows, n, err);
}

static enum rc
cut_addresses(struct app *app, struct arena *arena, int64_t *count,
    struct err *err)
{
	struct shared_design_access *rows = arena_many(arena, SWEPT_AT_ONCE,
	    struct shared_design_access);
	size_t n;

	do {
		struct arena *own = arena_new();

		n = 0;
		if (views_due(app->store, own, clock_now_ms(), SWEPT_AT_ONCE, rows,
		    &n, err) == RC_OK)
			(void)!cut_page(app, own, rows, n, err);
		*count += (int64_t)n;
		arena_free(own);
	} while (err->rc == RC_OK && n == SWEPT_AT_ONCE);
	return err->rc;
}

enum rc
app_views_sweep(struct app *app, struct arena *arena, int64_t *ret_cut,
    int64_t *ret_removed, struct err *err)
{
	int64_t before_ms = clock_now_ms() - app->conf->view_days * DAY_MS, n;

	*ret_cut = *ret_removed = 0;
	if (cut_addresses(app, arena, ret_cut, err) != RC_OK)
		return err->rc;
	do {
		if (views_remove_old(app->store, arena, before_ms, SWEPT_AT_ONCE,
		    &n, err) != RC_OK)
			return err->rc;
		*ret_removed += n;
	} while (n >= SWEPT_AT_ONCE);
	return RC_OK;
}
