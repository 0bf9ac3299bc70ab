#include "config.h"

#include "cmd/worker.h"

#include <errno.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/api.h"
#include "base/log.h"
#include "cmd/open.h"
#include "jobs/jobs.h"
#include "store/migrate.h"

enum {
	DRAIN_MS = 5000,
	/* A reply of a list is some 60 KB: freed memory of that size stays with
	 * the process instead of being mapped and cleared for each request. */
	KEEP_BYTES = 4 * 1024 * 1024
};

static volatile sig_atomic_t stop;
static volatile bool stop_job;

static void
on_term(int signal)
{
	(void)signal;
	stop = 1;
	stop_job = true;
}

/* Called after libfcgi has set its own handlers. No SA_RESTART: a wait ends. */
static void
take_signals(void)
{
	struct sigaction action = { .sa_handler = on_term };
	sigset_t none;

	(void)sigaction(SIGTERM, &action, NULL);
	action.sa_handler = SIG_IGN;
	(void)sigaction(SIGINT, &action, NULL);	/* the supervisor says when */
	(void)sigaction(SIGHUP, &action, NULL);
	(void)sigaction(SIGPIPE, &action, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* A request wakes three processes in turn, each on a core that another one uses.
 * Of batch policy, the woken does not interrupt: the waker first ends what it has
 * begun, and finds more to do together. See sched(7); docs/speed.md has the figures.
 * Where it is forbidden, all works as well, only slower. */
static void
wait_for_turn(void)
{
	struct sched_param param = { .sched_priority = 0 };

	(void)sched_setscheduler(0, SCHED_BATCH, &param);
}

static int
run_web(const struct worker_context *c, struct app *app, bool slow,
    struct fcgi_pulse *pulse, struct err *err)
{
	struct fcgi_options options = {
		.listen_fd = slow ? c->listen_slow_fd : c->listen_fd,
		.mode = slow ? FCGI_CLOSE : FCGI_KEEP,
		.stop = &stop, .drain_ms = DRAIN_MS, .pulse = pulse,
		.kind = api_kind, .together = api_together };

	wait_for_turn();
	return fcgi_serve(&options, api_handle, app, take_signals, err) == RC_OK
	    ? 0 : 1;
}

/* Jobs end with a reason then; an operator should know before the first does. */
static void
look_at_renderer(struct app *app)
{
	bool missing;

	if (app->conf->provider != CONF_PROVIDER_RENDER)
		return;
	missing = access(app->conf->povray, X_OK) != 0;
	metric_set(app->shared, METRIC_provider_failing, missing);
	if (missing)
		log_event(LOG_ERROR, "provider.missing", LOG_Z("program",
		    app->conf->povray), LOG_END);
}

static int
run_job(struct app *app, int wake_fd)
{
	look_at_renderer(app);
	take_signals();
	jobs_run(app, wake_fd, &stop_job);
	return 0;
}

/* A new version without its "db apply" works, but for what its rows have changed;
 * an operator should hear of it before a guest does. */
static void
look_at_schema(struct app *app)
{
	struct arena *arena = arena_new();
	bool current = true;
	struct err err;

	err_init(&err);
	if (store_migrated(app->store, arena, &current, &err) == RC_OK && !current)
		log_event(LOG_WARN, "database.outdated", LOG_Z("message",
		    "Collections are not as this version wants them; run bezel db apply."),
		    LOG_END);
	arena_free(arena);
}

static int
run_scheduler(struct app *app)
{
	look_at_schema(app);
	take_signals();
	jobs_schedule(app, &stop_job);
	return 0;
}

static int
run_sweeper(struct app *app)
{
	take_signals();
	jobs_sweep(app, &stop_job);
	return 0;
}

static int
run_shares(struct app *app)
{
	take_signals();
	jobs_watch(app, &stop_job);
	return 0;
}

static const struct {
	const char *name;
	enum open_parts parts;
} roles[WORKER_ROLE_COUNT] = {
	[WORKER_WEB] = { "web", OPEN_STORE },
	[WORKER_SLOW] = { "slow", OPEN_STORE | OPEN_BLOB | OPEN_IMAGE | OPEN_OAUTH },
	[WORKER_JOB] = { "job",
	    OPEN_STORE | OPEN_BLOB | OPEN_IMAGE | OPEN_PROVIDER | OPEN_MAIL
	    | OPEN_CDN },
	[WORKER_SCHEDULER] = { "scheduler", OPEN_STORE | OPEN_GEO },
	[WORKER_SWEEPER] = { "sweeper", OPEN_STORE | OPEN_BLOB },
	[WORKER_SHARES] = { "shares", OPEN_STORE },
};

const char *
worker_role_name(enum worker_role role)
{
	return roles[role].name;
}

static void
close_foreign(const struct worker_context *c, enum worker_role role)
{
	if (role != WORKER_WEB)
		(void)close(c->listen_fd);
	if (role != WORKER_SLOW)
		(void)close(c->listen_slow_fd);
	if (role != WORKER_JOB)
		(void)close(c->wake_receive_fd);
}

/* What the process before us left when it was killed. */
static void
take_over(struct app *app, struct arena *arena)
{
	struct err err;

	err_init(&err);
	if (app_take_over(app, arena, &err) != RC_OK)
		log_event(LOG_WARN, "worker.take_over", LOG_Z("message",
		    err.message), LOG_Z("detail", err.detail), LOG_END);
}

enum rc
worker_probe(const struct conf *conf, struct err *err)
{
	struct arena *arena = arena_new();
	struct app app = { .wake_fd = -1 };

	return open_app(arena, conf, OPEN_STORE | OPEN_BLOB | OPEN_IMAGE
	    | OPEN_PROVIDER | OPEN_MAIL | OPEN_CDN | OPEN_OAUTH, "bezel", &app, err);
}

/* It holds no socket of ours, and ends at once when it is told to. */
int
worker_check(const struct worker_context *c)
{
	sigset_t none;

	log_init(c->conf->log_level, "check");
	(void)prctl(PR_SET_NAME, "bezel-check");
	close_foreign(c, WORKER_SCHEDULER);
	(void)close(c->wake_send_fd);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	check_and_log(c->conf, c->shared);
	return 0;
}

int
worker_run(const struct worker_context *context, enum worker_role role,
    int number)
{
	struct arena *arena = arena_new();
	struct app app = { .shared = context->shared,
		.sessions = context->sessions,
		.trace = &context->traces[number],
		.wake_fd = context->wake_send_fd };
	struct err err;
	char name[16];
	int status = 1;

	err_init(&err);
	(void)mallopt(M_TRIM_THRESHOLD, KEEP_BYTES);
	(void)mallopt(M_MMAP_THRESHOLD, KEEP_BYTES);
	log_init(context->conf->log_level, roles[role].name);
	(void)snprintf(name, sizeof name, "bezel-%s", roles[role].name);
	(void)prctl(PR_SET_NAME, name);		/* for ps, top and the database */
	close_foreign(context, role);
	if (open_app(arena, context->conf, roles[role].parts, name, &app, &err)
	    == RC_OK) {
		take_over(&app, arena);
		status = role == WORKER_JOB
		    ? run_job(&app, context->wake_receive_fd)
		    : role == WORKER_SCHEDULER ? run_scheduler(&app)
		    : role == WORKER_SWEEPER ? run_sweeper(&app)
		    : role == WORKER_SHARES ? run_shares(&app)
		    : run_web(context, &app, role == WORKER_SLOW,
		    &context->pulses[number], &err);
	}
	if (err.rc != RC_OK)
		log_event(LOG_ERROR, "worker.failed", LOG_Z("message",
		    err.message), LOG_Z("detail", err.detail), LOG_END);
	store_close(app.store);
	return status;
}
