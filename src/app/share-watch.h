/*
 * share-watch.h - what a host does about links that have changed, whoever changed them.
 *
 * A worker of its own (`shares`) looks each second for designs with a link that were changed lately, by
 * any host (store/shares-watch.h), and for links that have expired; it closes their
 * gates here, and has what a CDN keeps purged (share-purge.h). So a change whose worker
 * died before it had closed the gate, and one of another host, is seen within
 * SHARE_POLL_MS and the time of one look. It also opens the gates whose time is over.
 *
 * A host that could not look for longer than SHARE_BLIND_MS may have missed tokens that
 * are forgotten by now: it forgets all that it keeps, which is made anew when it is
 * asked for. So does one that has been reloaded with other keys of links, until the
 * workers of before have left.
 */
#ifndef BEZEL_APP_SHARE_WATCH_H
#define BEZEL_APP_SHARE_WATCH_H

#include "app/app.h"

enum {
	SHARE_POLL_MS = 1000,
	/* A transaction may be committed so long after its time. */
	SHARE_LATE_MS = 30000,
	SHARE_BLIND_MS = 30000
};

struct share_watch;

/* Of that process. */
struct share_watch *share_watch_new(struct arena *process_arena);

/* One look: at the database, then at the gates. */
struct share_watched {
	int64_t closed;			/* gates, for changes that were new to us */
	int64_t opened;
	int64_t forgotten;		/* files, after a time without a look */
};
enum rc share_watch_run(struct share_watch *watch, struct app *app,
    struct arena *arena, struct share_watched *ret_done, struct err *err)
    must_use;

/* Pictures that are linked for what is open no longer, or ends within a day (caches
 * would keep them beyond that), get a gate: whatever went wrong before, this mends it. *ret_closed counts them. */
enum rc share_watch_audit(struct app *app, struct arena *arena,
    int64_t *ret_closed, struct err *err) must_use;

#endif
