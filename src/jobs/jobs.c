#include "config.h"

#include "jobs/jobs.h"

#include <poll.h>
#include <sys/socket.h>

#include "app/me.h"
#include "app/retention.h"
#include "app/views.h"
#include "app/work.h"
#include "base/clock.h"
#include "base/log.h"

enum {
	POLL_MS = 2000,
	ERROR_WAIT_MS = 1000,
	VIEWS_EVERY_S = 1,
	ORPHANS_EVERY_S = 3600,
	TIDY_EVERY_S = 24 * 3600
};

static void
complain(const char *event, const struct err *err)
{
	log_event(LOG_ERROR, event, LOG_Z("code", error_rows[err->rc].code),
	    LOG_Z("message", err->message), LOG_Z("detail", err->detail),
	    LOG_END);
}

static void
wait_for_work(int wake_fd, int ms)
{
	struct pollfd fd = { .fd = wake_fd, .events = POLLIN };
	char byte;

	/* One datagram wakes one worker; a signal ends the wait too. */
	if (poll(&fd, 1, ms) > 0)
		(void)!recv(wake_fd, &byte, 1, MSG_DONTWAIT);
}

void
jobs_run(struct app *app, int wake_fd, const volatile bool *stop)
{
	struct arena *arena = arena_new();

	while (!*stop) {
		bool worked = false;
		struct err err;

		err_init(&err);
		if (app_work_once(app, arena, stop, &worked, &err) != RC_OK) {
			complain("work.failed", &err);
			worked = false;
		}
		arena_reset(arena);
		if (!worked && !*stop)
			wait_for_work(wake_fd, err.rc == RC_OK ? POLL_MS
			    : ERROR_WAIT_MS);
	}
	arena_free(arena);
}

static void
run_retention(struct app *app, struct arena *arena)
{
	struct app_retention done;
	struct err err;

	err_init(&err);
	if (app_retention_run(app, arena, &done, &err) != RC_OK)
		complain("retention.failed", &err);
	else if (done.trashed + done.guests + done.uploads + done.exports
	    + done.addresses + done.views > 0)
		log_event(LOG_INFO, "retention", LOG_INT("trashed", done.trashed),
		    LOG_INT("guests", done.guests),
		    LOG_INT("uploads", done.uploads),
		    LOG_INT("exports", done.exports),
		    LOG_INT("addresses", done.addresses),
		    LOG_INT("views", done.views), LOG_END);
}

static void
run_views(struct app *app, struct arena *arena)
{
	int64_t counted;
	struct err err;

	err_init(&err);
	if (app_views_count(app, arena, &counted, &err) != RC_OK)
		complain("views.failed", &err);
}

static void
run_orphans(struct app *app, struct arena *arena)
{
	int64_t removed;
	struct err err;

	err_init(&err);
	if (app_orphans_run(app, arena, &removed, &err) != RC_OK)
		complain("orphans.failed", &err);
	else if (removed > 0)
		log_event(LOG_INFO, "orphans", LOG_INT("removed", removed),
		    LOG_END);
}

/* Counters of a month that is over. */
static void
run_usage(struct app *app, struct arena *arena)
{
	struct err err;
	int64_t changed;

	(void)arena;
	err_init(&err);
	if (app_usage_tidy(app, &changed, &err) != RC_OK)
		complain("usage.failed", &err);
}

/* What puts that were killed have left in the store. */
static void
run_tidy(struct app *app, struct arena *arena)
{
	struct err err;
	int64_t removed;

	(void)arena;
	err_init(&err);
	if (app_objects_tidy(app, &removed, &err) != RC_OK)
		complain("tidy.failed", &err);
}

static const struct {
	void (*run)(struct app *app, struct arena *arena);
	int64_t every_s;	/* 0: sweep_interval_s */
} schedule[] = {
	{ run_views, VIEWS_EVERY_S },
	{ run_retention, 0 },
	{ run_orphans, ORPHANS_EVERY_S },
	{ run_tidy, TIDY_EVERY_S },
	{ run_usage, TIDY_EVERY_S },
};

void
jobs_schedule(struct app *app, const volatile bool *stop)
{
	enum { COUNT = sizeof schedule / sizeof schedule[0] };
	int64_t due_ms[COUNT] = { 0 };
	struct arena *arena = arena_new();

	/* Not all hosts at the same moment, and not while all is starting. */
	for (int i = 0; i < COUNT; i++)
		due_ms[i] = clock_mono_ms() + 1000 + clock_now_ms() % 1000;
	while (!*stop) {
		for (int i = 0; i < COUNT && !*stop; i++) {
			if (clock_mono_ms() < due_ms[i])
				continue;
			schedule[i].run(app, arena);
			arena_reset(arena);
			due_ms[i] = clock_mono_ms() + 1000
			    * (schedule[i].every_s != 0 ? schedule[i].every_s
			    : app->conf->sweep_interval_s);
		}
		clock_sleep_ms(500);
	}
	arena_free(arena);
}
