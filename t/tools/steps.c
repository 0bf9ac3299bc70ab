/*
 * steps - carries out what a user and the workers do, and fails the N-th step.
 *
 *	steps --uri-file=FILE --database=NAME --objects=DIR --image=PROGRAM
 *	    --state=DIR
 *
 * reads lines "SCENARIO KIND HOW [FROM]" and for N = FROM (1), FROM + 1, ...
 * carries the scenario out once with its N-th step failing, until a run did not
 * get so far. Each run is a line of JSON; what it left behind is for the caller
 * to look at. SCENARIO is a row of a table in steps-*.c.
 *
 * KIND is take (HOW: a number K): at the N-th point between two commands of a
 * worker its lease is lost to another one, who is done at the (N + K)-th; of look:
 * another host counts there. Or it is db (HOW: before, after, commit, exit_before,
 * exit_after: store.h), put, get, delete or list (of objects; HOW: blob/flaky.h), or provider (HOW: WHAT of
 * provider/flaky.h). Between the tries of a worker time passes: what waits is
 * due, what is leased has run out.
 */
#include "config.h"

#include "steps.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/guests.h"
#include "app/session-cache.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/uuid.h"
#include "blob/flaky.h"
#include "blob/fs.h"
#include "codec/json.h"
#include "crypt/secret.h"
#include "image/image.h"
#include "mail/outbox.h"
#include "provider/flaky.h"

enum { STEPS_MAX = 400, EXITED_PROVIDER = 70 };

/* A new file of scenarios is a line here. */
static const struct scenario *const tables[] = {
	scenarios_designs, scenarios_joining, scenarios_folders,
	scenarios_leaving, scenarios_sharing, scenarios_email,
};

static struct options {
	struct str uri;
	const char *database, *objects, *image, *state;
} options;
static struct conf conf;

/* --- the parts ----------------------------------------------------------- */

static void
open_store(struct arena *arena, struct app *app, struct store_trace *trace)
{
	struct store_options o = { .uri = options.uri,
		.database = options.database, .app_name = "steps",
		.select_timeout_ms = 3000, .command_timeout_ms = 5000,
		.trace = trace };
	struct err err;

	err_init(&err);
	if (store_open(arena, &o, &app->store, &err) != RC_OK)
		complain("store", &err);
}

static void
open_parts(struct arena *arena, struct app *app, struct store_trace *trace)
{
	struct image_options image = { .program = options.image };
	struct mail_mailbox from = { STR("Steps"),
		STR("steps@example.org") };
	struct blob *inner;
	struct err err;

	err_init(&err);
	open_store(arena, app, trace);
	if (blob_fs_open(arena, options.objects, &inner, &err) != RC_OK
	    || blob_flaky_open(arena, inner, "", &app->blob, &err) != RC_OK)
		complain("blob", &err);
	if (mail_outbox_open(arena, arena_printf(arena, "%s/outbox",
	    conf.state_dir).p, &from, &app->mail, &err) != RC_OK)
		complain("mail", &err);
	app->image = image_open(arena, &image);
}

/* --- faults -------------------------------------------------------------- */

static const struct {
	const char *name;
	enum store_fault fault;
	bool exits;
} db_faults[] = {
	{ "before", STORE_CUT_BEFORE, false },
	{ "after", STORE_CUT_AFTER, false },
	{ "commit", STORE_CUT_COMMIT, false },
	{ "exit_before", STORE_EXIT_BEFORE, true },
	{ "exit_after", STORE_EXIT_AFTER, true },
};

struct planned {
	const char *kind, *how;
	enum store_fault store;
	bool db, provider, take, exits;
};

static struct planned
planned_of(const char *kind, const char *how)
{
	struct planned fault = { .kind = kind, .how = how,
		.db = strcmp(kind, "db") == 0,
		.provider = strcmp(kind, "provider") == 0,
		.take = strcmp(kind, "take") == 0 };

	fault.exits = fault.provider && strcmp(how, "exit") == 0;
	for (size_t i = 0; fault.db && i
	    < sizeof db_faults / sizeof db_faults[0]; i++)
		if (strcmp(db_faults[i].name, how) == 0) {
			fault.store = db_faults[i].fault;
			fault.exits = db_faults[i].exits;
			return fault;
		}
	if (fault.db) {
		(void)fprintf(stderr, "steps: db %s?\n", how);
		exit(2);
	}
	return fault;
}

/* --- another worker ------------------------------------------------------ */

struct taker {
	struct app *app;		/* of the other worker */
	struct run *run;
	int points, at, done_at;
};

/* As if the lease had run out and the other one had claimed the job. */
static void
take_lease(struct taker *t, struct arena *arena)
{
	set_all(t->app, arena, "jobs", jobs_of(arena, t->run, "\"running\""),
	    db_json(arena, "{\"$set\":{\"lease_token\":\"%.*s\"},"
	    "\"$inc\":{\"attempts\":1,\"revision\":1}}",
	    STR_FMT(uuid_new(arena))));
}

static void
at_point(void *arg)
{
	struct taker *t = arg;
	struct arena *arena;
	int point = ++t->points;

	if ((t->run->design[0] == '\0' && t->run->user[0] == '\0') || (point != t->at && point != t->done_at))
		return;
	arena = arena_new();
	if (point == t->at)
		take_lease(t, arena);
	if (t->run->token[0] != '\0')
		until_done(t->app, t->app, t->run, count_views, "other host");
	if (point == t->done_at) {
		open_provider(arena, t->app, "");
		pass_time(t->app, arena, t->run);
		work_until_ended(t->app, t->app, t->run, false);
		t->run->calls += provider_flaky_calls(t->app->provider);
	}
	arena_free(arena);
}

/* --- runs ------------------------------------------------------------------ */

/* One run in this process, with or without a fault (n = 0). */
static void
run_with(struct app *app, struct app *clean, const struct scenario *scenario,
    const struct planned *fault, int n, struct run *run)
{
	struct arena *arena = arena_new();
	struct taker taker = { .app = clean, .run = run, .at = n,
		.done_at = n + atoi(fault->how) };
	struct err err;

	err_init(&err);
	if (fault->take)
		store_watch(app->store, at_point, &taker);
	open_provider(arena, app, fault->provider && n > 0 ? arena_printf(arena,
	    "%d:%s", n, fault->how).p : "");
	if (fault->db)
		store_fail_at(app->store, n, fault->store);
	else if (!fault->provider && !fault->take && blob_flaky_script(app->blob, n == 0 ? ""
	    : arena_printf(arena, "%s:%d:%s", fault->kind, n, fault->how).p,
	    &err) != RC_OK)
		complain("script", &err);
	scenario->run(app, clean, run, fault->provider
	    && strcmp(fault->how, "hang") == 0);
	run->calls += provider_flaky_calls(app->provider);
	run->fired |= n > 0 && (fault->take ? taker.points >= n : fault->db ? store_fail_left(app->store) == 0
	    : fault->provider ? provider_flaky_calls(app->provider) >= n
	    : blob_flaky_calls(app->blob, fault->kind) >= n);
	store_fail_at(app->store, 0, STORE_CUT_BEFORE);
	store_watch(app->store, NULL, NULL);
	(void)!blob_flaky_script(app->blob, "", &err);
	arena_free(arena);
}

/* The same in a process that dies of the fault; its successor goes on. */
static void
run_dying(struct app *app, struct app *clean, const struct scenario *scenario,
    const struct planned *fault, int n, struct run *run)
{
	static struct store_trace *trace;
	struct arena *arena = arena_new();
	struct err err;
	int status;
	pid_t pid;

	if (trace == NULL)
		trace = mmap(NULL, sizeof *trace, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (trace == MAP_FAILED)
		exit(1);
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		struct app own = *app, own_clean = *clean;

		open_parts(arena, &own, trace);
		open_store(arena, &own_clean, NULL);
		own_clean.image = own.image;
		run_with(&own, &own_clean, scenario, fault, n, run);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		exit(1);
	run->fired = WIFEXITED(status) && (WEXITSTATUS(status)
	    == STORE_FAULT_STATUS || WEXITSTATUS(status) == EXITED_PROVIDER);
	if (!run->fired && status != 0) {
		(void)fprintf(stderr, "steps: a child ended with %d\n", status);
		exit(1);
	}
	err_init(&err);
	if (store_abort_left(clean->store, arena, trace, &err) != RC_OK)
		complain("abort", &err);
	pass_time(clean, arena, run);
	run_with(app, clean, scenario, fault, 0, run);
	arena_free(arena);
}

static void
begin(struct app *clean, struct run *run)
{
	struct arena *arena = arena_new();
	struct actor nobody = { .kind = ACTOR_NONE };
	struct guest_session session;
	struct str doc, token;
	struct err err;
	uint32_t r;

	err_init(&err);
	random_bytes(&r, sizeof r);
	(void)snprintf(run->address, sizeof run->address, "10.%u.%u.%u",
	    r >> 16 & 255, r >> 8 & 255, r & 255);
	nobody.address = str_of(run->address);
	if (app_guest_start(clean, arena, &nobody, &session, &doc, &token,
	    &err) != RC_OK)
		complain("session", &err);
	copy(run->session, sizeof run->session, session.id);
	copy(run->make_key, sizeof run->make_key, uuid_new(arena));
	copy(run->refine_key, sizeof run->refine_key, uuid_new(arena));
	arena_free(arena);
}

static void
say(const struct scenario *scenario, const struct planned *fault,
    const struct run *run)
{
	struct arena *arena = arena_new();
	struct buf buf;

	buf_init(&buf, arena, 512, 4096);
	buf_printf(&buf, "{\"scenario\":\"%s\",\"kind\":\"%s\",\"how\":\"%s\","
	    "\"n\":%d,\"fired\":%s,\"stuck\":%s,\"calls\":%d,\"tries\":%d,"
	    "\"session\":\"%s\",\"address\":\"%s\",\"design\":\"%s\",\"user\":\"%s\","
	    "\"folder\":\"%s\",\"where\":",
	    scenario->name, fault->kind, fault->how, run->n,
	    run->fired ? "true" : "false", run->stuck ? "true" : "false",
	    run->calls, run->tries, run->session, run->address, run->design,
	    run->user, run->folder);
	buf_add_json(&buf, str_of(run->where));
	buf_addz(&buf, "}\n");
	(void)fwrite(buf.p, 1, buf.n, stdout);
	(void)fflush(stdout);
	arena_free(arena);
}

/* N from `from` on, until a run ends before its N-th step. */
static void
series(struct app *app, struct app *clean, const struct scenario *scenario,
    const struct planned *fault, int from)
{
	struct run *run = mmap(NULL, sizeof *run, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	bool fired = true;

	if (run == MAP_FAILED)
		exit(1);
	for (int n = from; fired && n < STEPS_MAX; n++) {
		*run = (struct run){ .n = n };
		begin(clean, run);
		if (scenario->prepare != NULL)
			scenario->prepare(clean, run);
		if (fault->exits)
			run_dying(app, clean, scenario, fault, n, run);
		else
			run_with(app, clean, scenario, fault, n, run);
		say(scenario, fault, run);
		fired = run->fired;
	}
	(void)munmap(run, sizeof *run);
}

/* --- the program --------------------------------------------------------- */

static const char *
option(const char *arg, const char *name)
{
	size_t n = strlen(name);

	return strncmp(arg, name, n) == 0 ? arg + n : NULL;
}

static void
read_options(struct arena *arena, int argc, char **argv)
{
	const char *value;
	struct err err;

	err_init(&err);

	for (int i = 1; i < argc; i++)
		if ((value = option(argv[i], "--uri-file=")) != NULL)
			(void)!secret_read_file(arena, value, &options.uri, &err);
		else if ((value = option(argv[i], "--database=")) != NULL)
			options.database = value;
		else if ((value = option(argv[i], "--objects=")) != NULL)
			options.objects = value;
		else if ((value = option(argv[i], "--image=")) != NULL)
			options.image = value;
		else if ((value = option(argv[i], "--state=")) != NULL)
			options.state = value;
	if (options.uri.p == NULL || options.database == NULL
	    || options.objects == NULL || options.image == NULL
	    || options.state == NULL) {
		(void)fprintf(stderr, "steps: see the head of t/tools/steps.c\n");
		exit(2);
	}
}

static void
configure(struct arena *arena, struct app *app)
{
	unsigned char master[KEY_BYTES];

	conf_init(&conf, arena);
	conf.guest_daily = conf.guest_address_daily = 1000000;
	conf.job_lease_s = 60;
	conf.orphan_age_s = -5;		/* even what was made just now */
	conf.state_dir = options.state;
	conf.session_cache_s = conf.request_deadline_ms = 0;
	random_bytes(master, sizeof master);
	keyring_init(&app->keyring, master);
	app->conf = &conf;
	app->shared = shared_new();
	app->sessions = session_cache_new();
	app->wake_fd = -1;
}

static const struct scenario *
scenario_of(const char *name)
{
	for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
		for (const struct scenario *s = tables[i]; s->name != NULL; s++)
			if (strcmp(s->name, name) == 0)
				return s;
	(void)fprintf(stderr, "steps: scenario %s?\n", name);
	exit(2);
}

int
main(int argc, char **argv)
{
	struct arena *arena = arena_new();
	struct app app = { 0 }, clean;
	char line[200], name[32], kind[32], how[64];

	read_options(arena, argc, argv);
	log_init(LOG_ERROR + 1, "steps");
	(void)signal(SIGPIPE, SIG_IGN);
	configure(arena, &app);
	clean = app;
	open_parts(arena, &app, NULL);
	open_parts(arena, &clean, NULL);
	clean.image = app.image;
	while (fgets(line, sizeof line, stdin) != NULL) {
		struct planned fault;
		int from = 1;

		if (sscanf(line, "%31s %31s %63s %d", name, kind, how, &from) < 3)
			continue;
		fault = planned_of(kind, how);
		series(&app, &clean, scenario_of(name), &fault, from);
	}
	store_close(app.store);
	store_close(clean.store);
	image_close(app.image);
	arena_free(arena);
	return 0;
}
