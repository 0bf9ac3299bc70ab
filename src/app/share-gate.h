/*
 * share-gate.h - while a gate is closed, nothing that nginx has kept of a link is
 * shown.
 *
 * A gate is an empty file, STATE_DIR/gates/<token>. nginx looks for it at each request:
 * when it is there, page, card, JSON and pictures come from a worker, and the answer is
 * not kept. Who changes what a link shows closes the gate before the change is
 * committed, or at the latest before it is reported: from then on every request reads
 * the database, whatever is in the cache or on its way into it.
 *
 * The worker `shares` opens a gate when it has not been closed again for share_gate_s: by then
 * each answer that was read before the change has left its worker or was broken off
 * (request_deadline_ms), and nginx has stored it or given it up (CONF_NGINX_WAITS_S): conf_check() sees to that. First
 * the kept files go, then the gate. Closing and opening exclude each other by flock(2)
 * on the folder; the opener never waits for it, and those who close do so briefly.
 *
 * A gate survives a loss of power, for the folder is synced: the cache might otherwise
 * come back without it. On a full or broken disk nothing can be closed: RC_STORAGE_FULL
 * or RC_UNAVAILABLE, and the change must not be made.
 */
#ifndef BEZEL_APP_SHARE_GATE_H
#define BEZEL_APP_SHARE_GATE_H

#include "app/app.h"

/* What is not the text of a token has no page, and needs no gate: RC_OK. */
enum rc share_gate_close(const struct app *app, struct str token,
    struct err *err) must_use;
/* With one sync for them all. */
enum rc share_gate_close_many(const struct app *app, const struct str *tokens,
    size_t n, struct err *err) must_use;

/* The same for the link of a design (BSON, at least share_settings), and those before
 * it; none is fine. Of many designs only their own. */
enum rc share_gate_close_design(const struct app *app, struct str design,
    struct err *err) must_use;
enum rc share_gate_close_designs(const struct app *app, struct arena *arena,
    const struct str *designs, size_t n, struct err *err) must_use;

/* Where it is too late to refuse the change, or not worth it: what fails is logged, and
 * the look for changes closes it as soon as it can (share-watch.h). */
void share_gate_close_design_or_later(const struct app *app, struct str design);

bool share_gate_is_closed(const struct app *app, struct str token);

/* The gates that may be opened, at most max. */
struct share_gate {
	struct str token;
	int64_t closed_ms;		/* clock_now_ms() when it was closed last */
};
enum rc share_gate_due(const struct app *app, struct arena *arena,
    struct share_gate *ret_gates, size_t max, size_t *ret_n,
    struct err *err) must_use;

/* Removes what is kept of the link, then its gate. *ret_opened is false when it was
 * closed again meanwhile, or somebody is closing one just now. */
enum rc share_gate_open(const struct app *app, struct arena *arena,
    struct str token, bool *ret_opened, struct err *err) must_use;

/* Tests: the system calls that change something, to be replaced by failing ones. */
struct share_gate_calls {
	int (*mkdir)(const char *path, unsigned mode);
	int (*create)(int folder, const char *name);
	int (*touch)(int folder, const char *name, int64_t ms);
	int (*lock)(int folder, int operation);
	int (*fsync)(int folder);
	int (*unlinkat)(int folder, const char *name, int flags);
};
extern const struct share_gate_calls share_gate_real_calls;
void share_gate_use(const struct share_gate_calls *calls);

#endif
