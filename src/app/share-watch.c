#include "config.h"

#include "app/share-watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/share-gate.h"
#include "app/share-kept.h"
#include "app/share-purge.h"
#include "base/clock.h"
#include "crypt/share-token.h"
#include "store/shares-watch.h"

enum {
	AT_ONCE = 200,
	SETS = 512,			/* a power of two */
	WAYS = 8,
	OPEN_MAX = 256,			/* gates in one run; the rest comes next */
	AUDIT_AT_ONCE = 500,
	EXPIRY_OVERLAP_MS = 5000,
	DAY_MS = 24 * 3600 * 1000,
	KEYS_MAX = 16			/* "v2 255 254\n" */
};

/* Changes that have their gate: a hash of design and time each, and the look that saw it
 * last. It may stand in a few places, so that two changes do not push each other out at
 * each look and get their gate again and again; of more than a set holds some do. */
struct share_watch {
	struct seen {
		uint64_t hash;
		int64_t look;
	} seen[SETS][WAYS];
	int64_t looks;
	int64_t expired_until_ms;	/* clock_now_ms(); 0: not looked yet */
	int64_t began_ms;		/* clock_mono_ms() */
};

struct share_watch *
share_watch_new(struct arena *process_arena)
{
	struct share_watch *watch = arena_one(process_arena, struct share_watch);

	watch->began_ms = clock_mono_ms();
	return watch;
}

/* --- when we looked last ------------------------------------------------------ */

static const char *
mark_path(const struct app *app, struct arena *arena)
{
	return arena_printf(arena, "%s/share-look", app->conf->state_dir).p;
}

/* Outlives this process: a mark of the time of the last look, which holds how changes
 * were found then (v2: by link_changed_at), and the numbers of the keys of links that
 * were valid. What was looked for in another way may have been missed, as when blind. */
static int64_t
last_look_ms(const struct app *app, struct arena *arena)
{
	struct stat st;

	if (stat(mark_path(app, arena), &st) != 0)
		return 0;
	return (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
}

static struct str
keys_of(const struct app *app, struct arena *arena)
{
	return arena_printf(arena, "v2 %u %u\n", app->keyring.share[0].id,
	    app->keyring.share[1].id);
}

/* Whether others were valid then. False when it is not known. */
static bool
had_other_keys(const struct app *app, struct arena *arena)
{
	int fd = open(mark_path(app, arena), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char text[KEYS_MAX];
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, sizeof text);
	(void)close(fd);
	return n > 0 && !str_eq((struct str){ text, (size_t)n },
	    keys_of(app, arena));
}

/* Not before workers with other keys have left, whose answers were kept meanwhile. */
static void
note_keys(const struct share_watch *watch, const struct app *app,
    struct arena *arena, int fd)
{
	struct str text = keys_of(app, arena);

	if (had_other_keys(app, arena) && clock_mono_ms() - watch->began_ms
	    < app->conf->share_gate_s * 1000)
		return;
	(void)!pwrite(fd, text.p, text.n, 0);
	(void)!ftruncate(fd, (off_t)text.n);
}

/* If it fails, we are taken to be blind sooner. */
static void
note_look(const struct share_watch *watch, const struct app *app,
    struct arena *arena, int64_t now_ms)
{
	struct timespec times[2] = { { .tv_sec = now_ms / 1000,
		.tv_nsec = now_ms % 1000 * 1000000 } };
	int fd = open(mark_path(app, arena), O_WRONLY | O_CREAT | O_NOFOLLOW
	    | O_CLOEXEC, 0600);

	times[1] = times[0];
	if (fd < 0)
		return;
	note_keys(watch, app, arena, fd);
	(void)futimens(fd, times);
	(void)close(fd);
}

/* After a long time without a look, for gates are about what changed lately; and when
 * keys of links have been retired, for their links are in no look. */
static enum rc
forget_if_blind(struct app *app, struct arena *arena, int64_t now_ms,
    int64_t *ret_forgotten, struct err *err)
{
	int64_t ago_ms = now_ms - last_look_ms(app, arena);

	if (ago_ms >= 0 && ago_ms <= SHARE_BLIND_MS
	    && !had_other_keys(app, arena))
		return RC_OK;
	return share_kept_forget_all(app, arena, ret_forgotten, err);
}

/* --- closing ------------------------------------------------------------------ */

static uint64_t
hash_of(struct arena *arena, const struct share_change *change)
{
	unsigned char digest[SHA256_BYTES];
	uint64_t hash;

	sha256(arena_printf(arena, "%.*s %lld", STR_FMT(change->design_id),
	    (long long)change->at_ms), digest);
	memcpy(&hash, digest, sizeof hash);
	return hash;
}

/* *ret_place is where it stands, else the place of what was not seen for the longest. */
static bool
is_new(struct share_watch *watch, uint64_t hash, struct seen **ret_place)
{
	struct seen *set = watch->seen[hash & (SETS - 1)], *place = set;

	for (struct seen *each = set; each < set + WAYS; each++) {
		if (each->hash == hash) {
			*ret_place = each;
			return false;
		}
		if (each->look < place->look)
			place = each;
	}
	*ret_place = place;
	return true;
}

/* It is known once it has its gate and its purges. */
static enum rc
take(struct share_watch *watch, struct app *app, struct arena *arena,
    const struct share_change *change, int64_t *closed, struct err *err)
{
	uint64_t hash = hash_of(arena, change);
	struct seen *place;

	if (!is_new(watch, hash, &place)) {
		place->look = watch->looks;
		return RC_OK;
	}
	if (share_gate_close_many(app, change->tokens, change->token_count, err)
	    != RC_OK || share_purge_enqueue(app, arena, change->design_id,
	    change->tokens, change->token_count, change->at_ms, err) != RC_OK)
		return err->rc;
	*place = (struct seen){ hash, watch->looks };
	++*closed;
	return RC_OK;
}

typedef enum rc page_fn(const struct share_watch *watch, struct app *app,
    struct arena *arena, int64_t now_ms, const struct share_change *after,
    struct share_change *ret_changes, size_t *ret_n, struct err *err);

static enum rc
changed_page(const struct share_watch *watch, struct app *app,
    struct arena *arena, int64_t now_ms, const struct share_change *after,
    struct share_change *ret_changes, size_t *ret_n, struct err *err)
{
	(void)watch, (void)now_ms;
	return shares_changed(app->store, arena, SHARE_LATE_MS + SHARE_BLIND_MS,
	    after, AT_ONCE, ret_changes, ret_n, err);
}

static enum rc
expired_page(const struct share_watch *watch, struct app *app,
    struct arena *arena, int64_t now_ms, const struct share_change *after,
    struct share_change *ret_changes, size_t *ret_n, struct err *err)
{
	int64_t from_ms = watch->expired_until_ms - EXPIRY_OVERLAP_MS;

	if (watch->expired_until_ms == 0)
		from_ms = now_ms - SHARE_LATE_MS - SHARE_BLIND_MS;
	if (after != NULL && after->at_ms > from_ms)
		from_ms = after->at_ms - 1;
	return shares_expired(app->store, arena, from_ms, now_ms, after, AT_ONCE,
	    ret_changes, ret_n, err);
}

static enum rc
take_pages(struct share_watch *watch, struct app *app, struct arena *arena,
    int64_t now_ms, page_fn *page, int64_t *closed, struct err *err)
{
	struct share_change *changes = arena_many(arena, AT_ONCE,
	    struct share_change);
	struct share_change last;
	const struct share_change *after = NULL;
	size_t n;

	do {
		if (page(watch, app, arena, now_ms, after, changes, &n, err)
		    != RC_OK)
			return err->rc;
		for (size_t i = 0; i < n; i++)
			if (take(watch, app, arena, &changes[i], closed, err)
			    != RC_OK)
				return err->rc;
		if (n > 0) {
			last = changes[n - 1];
			after = &last;
		}
	} while (n == AT_ONCE);
	return RC_OK;
}

static enum rc
look(struct share_watch *watch, struct app *app, struct arena *arena,
    struct share_watched *done, struct err *err)
{
	int64_t now_ms = clock_now_ms();

	if (take_pages(watch, app, arena, now_ms, changed_page, &done->closed, err)
	    != RC_OK || take_pages(watch, app, arena, now_ms, expired_page,
	    &done->closed, err) != RC_OK
	    || forget_if_blind(app, arena, now_ms, &done->forgotten, err) != RC_OK)
		return err->rc;
	watch->expired_until_ms = now_ms;
	note_look(watch, app, arena, now_ms);
	return RC_OK;
}

/* --- opening ------------------------------------------------------------------ */

/* The last purge comes first: nothing older than the gate is on its way any more, to a
 * CDN neither. One that cannot be opened keeps none of the others closed; it is tried
 * again, and told. */
static enum rc
open_due(struct app *app, struct arena *arena, int64_t *opened, struct err *err)
{
	struct share_gate *gates = arena_many(arena, OPEN_MAX, struct share_gate);
	size_t n;

	if (share_gate_due(app, arena, gates, OPEN_MAX, &n, err) != RC_OK)
		return err->rc;
	for (size_t i = 0; i < n; i++) {
		bool open = false;
		struct err own;

		err_init(&own);
		if (share_purge_enqueue_token(app, arena, gates[i].token,
		    gates[i].closed_ms, &own) != RC_OK) {
			*err = own;	/* the database: it would be the same for all */
			break;
		}
		if (share_gate_open(app, arena, gates[i].token, &open, &own)
		    != RC_OK)
			*err = own;
		*opened += open;
	}
	return err->rc;
}

enum rc
share_watch_run(struct share_watch *watch, struct app *app, struct arena *arena,
    struct share_watched *ret_done, struct err *err)
{
	*ret_done = (struct share_watched){ 0 };
	watch->looks++;
	if (look(watch, app, arena, ret_done, err) != RC_OK)
		return err->rc;
	metric_add(app->shared, METRIC_share_changes_total, ret_done->closed);
	return open_due(app, arena, &ret_done->opened, err);
}

/* --- what should not be there --------------------------------------------------- */

static enum rc
audit_page(struct app *app, struct arena *arena, const struct str *tokens,
    size_t n, int64_t *closed, struct err *err)
{
	bool *open = arena_many(arena, n, bool);

	if (shares_open(app->store, arena, tokens, n, clock_now_ms() + DAY_MS, open,
	    err)
	    != RC_OK)
		return err->rc;
	for (size_t i = 0; i < n; i++) {
		if ((open[i] && share_token_ok(&app->keyring, tokens[i]))
		    || share_gate_is_closed(app, tokens[i]))
			continue;
		if (share_gate_close(app, tokens[i], err) != RC_OK)
			return err->rc;
		++*closed;
	}
	return RC_OK;
}

enum rc
share_watch_audit(struct app *app, struct arena *arena, int64_t *ret_closed,
    struct err *err)
{
	enum { MOST = 100000 };
	struct str *tokens = arena_many(arena, MOST, struct str);
	size_t n;

	*ret_closed = 0;
	if (share_kept_list(app, arena, tokens, MOST, &n, err) != RC_OK)
		return err->rc;
	for (size_t at = 0; at < n; at += AUDIT_AT_ONCE)
		if (audit_page(app, arena, tokens + at, n - at < AUDIT_AT_ONCE
		    ? n - at : AUDIT_AT_ONCE, ret_closed, err) != RC_OK)
			return err->rc;
	return RC_OK;
}
