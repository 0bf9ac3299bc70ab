/* steps-run.c - what every scenario of steps does: asks, waits, lets workers work. */
#include "config.h"

#include "steps.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

#include "app/work.h"
#include "base/clock.h"
#include "codec/json.h"
#include "provider/flaky.h"
#include "provider/mem.h"

enum { HANG_MS = 300 };

const char long_ago[] = "{\"$date\":{\"$numberLong\":\"1000\"}}";

static const char body_design[] = "{\"original_prompt\":\"a ring\",\"gem_data\":"
    "{\"type\":\"Ruby\",\"cut\":\"Oval\",\"size\":{\"simple\":\"Medium\"},"
    "\"color\":\"Red\",\"transparency\":\"Transparent\"},"
    "\"material_preferences\":{\"metals\":[\"Gold\"],\"finish\":\"Polished\"},"
    "\"num_variations_requested\":2}";

static volatile bool stop;

void
complain(const char *what, const struct err *err)
{
	(void)fprintf(stderr, "steps: %s: %s (%s)\n", what, err->message,
	    err->detail);
	exit(1);
}

void
copy(char *to, size_t room, struct str s)
{
	(void)snprintf(to, room, "%.*s", STR_FMT(s));
}

void
open_provider(struct arena *arena, struct app *app, const char *script)
{
	struct provider_mem_options mem = { .cost_microusd = 40000 };
	struct err err;

	err_init(&err);
	if (provider_flaky_open(arena, provider_mem_open(arena, &mem),
	    str_of(script), &app->provider, &err) != RC_OK)
		complain("provider", &err);
}

struct actor
actor_of(struct arena *arena, const struct run *run)
{
	return (struct actor){ .kind = ACTOR_GUEST,
		.owner = { STR_NULL, str_of(run->session) },
		.principal = arena_printf(arena, "guest:%s", run->session),
		.expires_ms = clock_now_ms() + 3600000,
		.address = str_of(run->address), .device = STR("steps"),
		.deadline_ms = clock_mono_ms() + 10000 };
}

struct actor
member_of(struct arena *arena, const struct run *run)
{
	struct actor actor = actor_of(arena, run);

	actor.kind = ACTOR_MEMBER;
	actor.owner = (struct store_owner){ str_of(run->user), STR_NULL };
	actor.principal = arena_printf(arena, "user:%s", run->user);
	actor.signed_in_ms = clock_now_ms();
	return actor;
}

void
set_all(struct app *clean, struct arena *arena, const char *collection,
    const bson_t *filter, const bson_t *update)
{
	struct err err;

	err_init(&err);
	if (db_update(clean->store, arena, collection, filter, update, DB_MULTI,
	    NULL, &err) != RC_OK)
		complain(collection, &err);
}

bool
any(struct app *clean, struct arena *arena, const char *collection,
    const bson_t *filter)
{
	struct str doc;
	struct err err;
	enum rc rc;

	err_init(&err);
	rc = db_find_one(clean->store, arena, collection, filter, &doc, &err);
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		complain(collection, &err);
	return rc == RC_OK;
}

bson_t *
jobs_of(struct arena *arena, const struct run *run, const char *status)
{
	return db_json(arena, "{\"$or\":[{\"design_id\":\"%s\"},"
	    "{\"user_id\":\"%s\"}],\"status\":%s}",
	    run->design, run->user[0] != '\0' ? run->user : "-", status);
}

void
pass_time(struct app *clean, struct arena *arena, const struct run *run)
{
	set_all(clean, arena, "jobs", jobs_of(arena, run, "\"queued\""),
	    db_json(arena, "{\"$set\":{\"run_at\":%s,"
	    "\"slots.$[].retry_at\":null}}", long_ago));
	set_all(clean, arena, "jobs", jobs_of(arena, run, "\"running\""),
	    db_json(arena, "{\"$set\":{\"lease_until\":%s}}", long_ago));
	set_all(clean, arena, "idempotency_keys", db_bson(arena),
	    db_json(arena, "{\"$set\":{\"lease_until\":%s}}", long_ago));
}

void
decode(struct arena *arena, const struct doc *table, const char *text,
    void *body)
{
	const struct json_value *json;
	struct err err;

	err_init(&err);
	doc_init(table, body);
	if (json_parse(arena, str_of(text), &json, &err) != RC_OK
	    || doc_decode(table, json, DECODE_NEW, body, arena, &err) != RC_OK)
		complain("body", &err);
}

struct idem_ask
ask_of(const struct actor *actor, struct str path, const char *key)
{
	return (struct idem_ask){ actor, "POST", path, str_of(key), STR("{}") };
}

enum rc
take_key(struct app *app, struct arena *arena, const struct actor *actor,
    struct str path, const char *key, struct idem *ret_idem, struct err *err)
{
	const struct idem_ask ask = ask_of(actor, path, key);

	return app_idem_take(app, arena, &ask, ret_idem, err);
}

void
decode_design(struct arena *arena, struct design *design)
{
	decode(arena, &doc_design, body_design, design);
}

void
until_done(struct app *app, struct app *clean, struct run *run, step_fn *step,
    const char *name)
{
	struct arena *arena = arena_new();
	enum rc rc = RC_INTERNAL;

	for (int i = 0; i < TRIES_MAX && rc != RC_OK && !run->stuck; i++) {
		struct err err;

		err_init(&err);
		run->tries++;
		rc = step(app, arena, run, &err);
		if (rc != RC_OK) {
			pass_time(clean, arena, run);
			(void)snprintf(run->where, sizeof run->where, "%s: %s (%s)",
			    name, err.message, err.detail);
		}
		arena_reset(arena);
	}
	run->stuck |= rc != RC_OK;
	arena_free(arena);
}

static void
on_alarm(int signal)
{
	(void)signal;
	stop = true;
}

static void
set_alarm(int ms)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval timer = { .it_value = { ms / 1000, ms % 1000 * 1000 } };

	(void)sigaction(SIGALRM, &action, NULL);
	(void)setitimer(ITIMER_REAL, &timer, NULL);
}

void
work_until_ended(struct app *app, struct app *clean, struct run *run, bool hangs)
{
	struct arena *arena = arena_new();
	bool open = true, worked;

	for (int i = 0; i < TRIES_MAX && open && !run->stuck; i++) {
		struct err err;

		err_init(&err);
		stop = false;
		if (hangs)
			set_alarm(HANG_MS);
		(void)!app_work_once(app, arena, &stop, &worked, &err);
		set_alarm(0);
		pass_time(clean, arena, run);
		open = any(clean, arena, "jobs", jobs_of(arena, run,
		    "{\"$in\":[\"queued\",\"running\"]}"));
		if (open)
			(void)snprintf(run->where, sizeof run->where,
			    "work: %s (%s)", err.message, err.detail);
		arena_reset(arena);
	}
	run->stuck |= open;
	arena_free(arena);
}
