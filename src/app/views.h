/*
 * views.h - who has looked at a shared design: taking it in, counting it, the figures.
 *
 * A person counts once a day (UTC) for each link: the same address (IPv6: /64) and
 * User-Agent meet a MAC whose key is of that day. Robots are recorded apart, once a
 * day for an address and link, and never counted; the owner is neither. A view that
 * was taken in waits in `view_dedupe` until the scheduler of any host has counted it.
 */
#ifndef BEZEL_APP_VIEWS_H
#define BEZEL_APP_VIEWS_H

#include "app/app.h"

/* Whether a token is one of ours: before anything else is looked at. */
bool app_view_is_link(const struct app *app, struct str token);

struct view {
	struct str token, unlock;	/* the viewer's cookie of that link, or null */
	struct str agent;		/* User-Agent as it was sent */
	struct str address;
	struct str user_id;		/* the account of whoever looks, or null */
};

/*
 * Takes one in: a read of the design, a counter by address (one node's write), an
 * insert. Nothing is an error of the viewer's: a link that is gone, locked or over, the
 * owner, a second look and too many of them are just not counted. An error is the
 * database's.
 */
enum rc app_view_take(struct app *app, struct arena *arena,
    const struct view *view, struct err *err) must_use;

/* Counts all that waits, some hundreds in a transaction. Run by the scheduler; may be
 * killed anywhere, and run on many hosts at once. */
enum rc app_views_count(struct app *app, struct arena *arena,
    int64_t *ret_counted, struct err *err) must_use;

/* Retention: cuts addresses, removes what is old. */
enum rc app_views_sweep(struct app *app, struct arena *arena, int64_t *ret_cut,
    int64_t *ret_removed, struct err *err) must_use;

/* --- figures ----------------------------------------------------------------- */

enum { VIEW_DAYS_USUAL = 30, VIEW_DAYS_MAX = 365 };

struct view_share {
	struct str name;		/* null: not known */
	int64_t visitors;
};
struct view_report {
	int64_t total;			/* of the link, ever */
	int64_t robots;			/* in these days */
	int days;
	char (*day)[11];		/* oldest first, also those without anybody */
	int64_t *visitors;		/* a number a day */
	const struct view_share *countries, *devices;	/* the most first */
	size_t country_count, device_count;
};

/* Of the design's present link. RC_NOT_FOUND: it has none. */
enum rc app_views_report(struct app *app, struct arena *arena,
    const struct actor *actor, struct str design_id, int days,
    struct view_report *ret_report, struct err *err) must_use;

#endif
