#include "config.h"

#include "jobs/jobs.h"

#include <poll.h>
#include <sys/socket.h>

#include "app/me.h"
#include "app/retention.h"
#include "app/share-numbers.h"
#include "app/share-watch.h"
#include "app/views.h"
#include "app/work.h"
#include "base/clock.h"
#include "base/log.h"

enum {
	POLL_MS = 2000,
	ERROR_WAIT_MS = 1000,
	VIEWS_EVERY_S = 1,
	ORPHANS_EVERY_S = 3600,
	TIDY_EVERY_S = 24 * 3600,
	AUDIT_EVERY_S = 60,
	NUMBERS_EVERY_S = 10,
	TICK_MS = 500,
	/* Looks at links that failed one after another: from so many on an operator is
	 * told, and each so many again. */
	LOOKS_FAILED = 20
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
log_retention(const struct app_retention *done)
{
	const struct log_field fields[] = {
#define RETENTION(name, text) LOG_INT(#name, done->name),
#include "app/retention.def"
#undef RETENTION
		LOG_END };

	log_event_fields(LOG_INFO, "retention", fields);
}

static void
run_retention(struct app *app, struct arena *arena)
{
	struct app_retention done;
	struct err err;

	err_init(&err);
	if (app_retention_run(app, arena, &done, &err) != RC_OK)
		complain("retention.failed", &err);
	else if (app_retention_sum(&done) > 0)
		log_retention(&done);
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

/* --- links to designs ------------------------------------------------------ */

static void
watch_once(struct share_watch *watch, struct app *app, struct arena *arena,
    int *failed)
{
	struct share_watched done;
	struct err err;

	err_init(&err);
	if (share_watch_run(watch, app, arena, &done, &err) != RC_OK) {
		/* An outage of the database is not told each second. */
		if (++*failed % LOOKS_FAILED == 1)
			complain("shares.failed", &err);
	} else
		*failed = 0;
	metric_set(app->shared, METRIC_share_looks_failing,
	    *failed >= LOOKS_FAILED);
	if (done.closed + done.opened + done.forgotten > 0)
		log_event(LOG_INFO, "shares", LOG_INT("closed", done.closed),
		    LOG_INT("opened", done.opened),
		    LOG_INT("forgotten", done.forgotten), LOG_END);
}

void
jobs_watch(struct app *app, const volatile bool *stop)
{
	struct arena *arena = arena_new(), *ours = arena_new();
	struct share_watch *watch = share_watch_new(ours);
	int failed = 0, known = 0;
	int64_t due_ms = 0;

	while (!*stop) {
		watch_once(watch, app, arena, &failed);
		if (clock_mono_ms() >= due_ms) {
			share_numbers_watch(app, arena, &known);
			due_ms = clock_mono_ms() + NUMBERS_EVERY_S * 1000;
		}
		arena_reset(arena);
		clock_sleep_ms(SHARE_POLL_MS);
	}
	arena_free(arena);
	arena_free(ours);
}

static void
run_audit(struct app *app, struct arena *arena)
{
	struct err err;
	int64_t closed;

	err_init(&err);
	if (share_watch_audit(app, arena, &closed, &err) != RC_OK)
		complain("shares.audit", &err);
	else if (closed > 0)
		log_event(LOG_WARN, "shares.audit", LOG_INT("closed", closed),
		    LOG_END);
}

struct task {
	void (*run)(struct app *app, struct arena *arena);
	int64_t every_ms;	/* 0: sweep_interval_s */
};

static const struct task schedule[] = {
	{ run_views, VIEWS_EVERY_S * 1000 },
	{ run_audit, AUDIT_EVERY_S * 1000 },
};

static const struct task sweeps[] = {
	{ run_retention, 0 },
	{ run_orphans, ORPHANS_EVERY_S * 1000 },
	{ run_tidy, TIDY_EVERY_S * 1000 },
	{ run_usage, TIDY_EVERY_S * 1000 },
};

static void
run_tasks(struct app *app, const struct task *tasks, size_t n,
    const volatile bool *stop)
{
	struct arena *arena = arena_new(), *ours = arena_new();
	int64_t *due_ms = arena_many(ours, n, int64_t);

	/* Not all hosts at the same moment, and not while all is starting. */
	for (size_t i = 0; i < n; i++)
		due_ms[i] = clock_mono_ms() + 1000 + clock_now_ms() % 1000;
	while (!*stop) {
		for (size_t i = 0; i < n && !*stop; i++) {
			if (clock_mono_ms() < due_ms[i])
				continue;
			tasks[i].run(app, arena);
			arena_reset(arena);
			due_ms[i] = clock_mono_ms() + (tasks[i].every_ms != 0
			    ? tasks[i].every_ms
			    : app->conf->sweep_interval_s * 1000);
		}
		clock_sleep_ms(TICK_MS);
	}
	arena_free(arena);
	arena_free(ours);
}

void
jobs_schedule(struct app *app, const volatile bool *stop)
{
	run_tasks(app, schedule, sizeof schedule / sizeof schedule[0], stop);
}

void
jobs_sweep(struct app *app, const volatile bool *stop)
{
	run_tasks(app, sweeps, sizeof sweeps / sizeof sweeps[0], stop);
}
