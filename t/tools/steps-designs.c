/* steps-designs.c - scenarios of steps: a guest's design from its making to its removal. */
#include "config.h"

#include "steps.h"

#include "app/designs.h"
#include "app/generations.h"
#include "app/guests.h"
#include "app/idem.h"
#include "app/retention.h"

static const char body_refinement[] = "{\"prompt\":\"thinner\"}";

/* --- what is asked for ----------------------------------------------------- */

static enum rc
post_design(struct app *app, struct arena *arena, struct run *run,
    struct err *err)
{
	struct actor actor = actor_of(arena, run);
	struct app_design made;
	struct design body;
	struct idem idem;

	decode_design(arena, &body);
	if (take_key(app, arena, &actor, STR("/v1/designs"), run->make_key, &idem,
	    err) != RC_OK)
		return err->rc;
	if (app_design_create(app, arena, &actor, &body, &idem, &made, err)
	    != RC_OK) {
		(void)app_idem_release(app, arena, &idem);
		return err->rc;
	}
	copy(run->design, sizeof run->design, made.id);
	return RC_OK;
}

/* Both keys, as api/together.c takes them: together those that nobody has, the others one
 * by one. */
static void
take_both(struct app *app, struct arena *arena, const struct actor *actors,
    const char *const *keys, struct idem *ret_idems, struct err *errs)
{
	struct idem_ask asks[2];
	bool taken[2];

	for (size_t i = 0; i < 2; i++) {
		err_init(&errs[i]);
		asks[i] = ask_of(&actors[i], STR("/v1/designs"), keys[i]);
	}
	(void)!app_idem_take_new(app, arena, asks, 2, ret_idems, taken, &errs[0]);
	errs[1] = errs[0];
	if (errs[0].rc == RC_UNAVAILABLE)
		return;
	for (size_t i = 0; i < 2; i++) {
		if (errs[i].rc == RC_OK && taken[i])
			continue;
		err_init(&errs[i]);
		(void)!app_idem_take(app, arena, &asks[i], &ret_idems[i], &errs[i]);
	}
}

/* Two guests at once, as api/designs.c does it. The other one's session is run->user, its
 * key run->refine_key, its design run->folder. */
static enum rc
post_two(struct app *app, struct arena *arena, struct run *run, struct err *err)
{
	const char *keys[] = { run->make_key, run->refine_key };
	struct actor actors[] = { actor_of(arena, run), actor_of(arena, run) };
	struct app_creation all[2];
	struct design bodies[2];
	struct idem idems[2];
	struct err errs[2], group;
	size_t who[2], n = 0;

	actors[1].owner.guest_session_id = str_of(run->user);
	actors[1].principal = arena_printf(arena, "guest:%s", run->user);
	take_both(app, arena, actors, keys, idems, errs);
	for (size_t i = 0; i < 2; i++) {
		decode_design(arena, &bodies[i]);
		if (errs[i].rc != RC_OK)
			continue;
		who[n] = i;
		all[n++] = (struct app_creation){ .arena = arena,
			.actor = &actors[i], .body = &bodies[i],
			.idem = &idems[i] };
	}
	err_init(&group);
	app_designs_create_together(app, arena, all, n, &group);
	for (size_t k = 0; k < n; k++) {
		size_t i = who[k];

		if (all[k].state == CREATION_UNKNOWN)
			errs[i] = group;
		else if (all[k].state == CREATION_ALONE)
			(void)!app_design_create(app, arena, &actors[i], &bodies[i],
			    &idems[i], &all[k].design, &errs[i]);
		if (errs[i].rc != RC_OK)
			(void)app_idem_release(app, arena, &idems[i]);
		else
			copy(i == 0 ? run->design : run->folder,
			    sizeof run->design, all[k].design.id);
	}
	app_idem_end(app);
	*err = errs[errs[0].rc != RC_OK ? 0 : 1];
	return err->rc;
}

static enum rc
post_refinement(struct app *app, struct arena *arena, struct run *run,
    struct err *err)
{
	struct actor actor = actor_of(arena, run);
	struct app_generation made;
	struct body_refinement body;
	struct idem idem;

	decode(arena, &doc_body_refinement, body_refinement, &body);
	if (take_key(app, arena, &actor, STR("/v1/refinements"), run->refine_key,
	    &idem, err) != RC_OK)
		return err->rc;
	if (app_refinement_create(app, arena, &actor, str_of(run->design), &body,
	    &idem, &made, err) != RC_OK)
		(void)app_idem_release(app, arena, &idem);
	return err->rc;
}

/* With a key, as clients that try again do: never refused for what it did. */
static enum rc
post_on_generation(struct app *app, struct arena *arena, struct run *run,
    const char *path, enum rc (*fn)(struct app *app, struct arena *arena,
    const struct actor *actor, struct str id, const struct idem *idem,
    struct app_generation *ret_generation, struct err *err), struct err *err)
{
	struct actor actor = actor_of(arena, run);
	struct app_generation made;
	struct idem idem;

	if (take_key(app, arena, &actor, str_of(path), run->make_key, &idem, err)
	    != RC_OK || idem.replay)
		return err->rc;
	if (fn(app, arena, &actor, str_of(run->refine_key), &idem, &made, err)
	    != RC_OK)
		(void)app_idem_release(app, arena, &idem);
	return err->rc;
}

static enum rc
post_retry(struct app *app, struct arena *arena, struct run *run,
    struct err *err)
{
	return post_on_generation(app, arena, run, "/v1/retry",
	    app_generation_retry, err);
}

static enum rc
post_cancel(struct app *app, struct arena *arena, struct run *run,
    struct err *err)
{
	return post_on_generation(app, arena, run, "/v1/cancel",
	    app_generation_cancel, err);
}

static enum rc
delete_design(struct app *app, struct arena *arena, struct run *run,
    struct err *err)
{
	struct actor actor = actor_of(arena, run);

	return app_design_trash(app, arena, &actor, str_of(run->design),
	    TIME_NULL, err);
}

static enum rc
purge_design(struct app *app, struct arena *arena, struct run *run,
    struct err *err)
{
	struct actor actor = actor_of(arena, run);

	if (app_design_purge(app, arena, &actor, str_of(run->design),
	    TIME_NULL, err) == RC_NOT_FOUND)
		err_init(err);		/* it is gone, as we wanted */
	return err->rc;
}

static enum rc
run_retention(struct app *app, struct arena *arena, struct run *run,
    struct err *err)
{
	struct app_retention done;

	(void)run;
	return app_retention_run(app, arena, &done, err);
}

enum rc
run_orphans(struct app *app, struct arena *arena, struct run *run,
    struct err *err)
{
	int64_t removed;

	(void)run;
	return app_orphans_run(app, arena, &removed, err);
}

/* --- what has to be there -------------------------------------------------- */

/* The design's only generation is what the client asks about. */
static void
find_generation(struct app *clean, struct run *run)
{
	struct arena *arena = arena_new();
	struct str doc, id = STR_NULL;
	struct err err;

	err_init(&err);
	if (db_find_one(clean->store, arena, "jobs", db_json(arena,
	    "{\"design_id\":\"%s\"}", run->design), &doc, &err) != RC_OK
	    || !doc_peek_str(doc, "_id", &id))
		complain("jobs", &err);
	copy(run->refine_key, sizeof run->refine_key, id);
	arena_free(arena);
}

static void
make(struct app *app, struct app *clean, struct run *run, bool hangs)
{
	until_done(app, clean, run, post_design, "create");
	work_until_ended(app, clean, run, hangs);
}

static void
prepare_other(struct app *clean, struct run *run)
{
	struct arena *arena = arena_new();
	struct actor nobody = { .kind = ACTOR_NONE, .address = STR("10.0.0.1") };
	struct guest_session session;
	struct str doc, token;
	struct err err;

	err_init(&err);
	if (app_guest_start(clean, arena, &nobody, &session, &doc, &token, &err)
	    != RC_OK)
		complain("session", &err);
	copy(run->user, sizeof run->user, session.id);
	arena_free(arena);
}

/* The generation that is to be tried again has failed. */
static void
prepare_failed(struct app *clean, struct run *run)
{
	struct arena *arena = arena_new();

	open_provider(arena, clean, "*:failed");
	make(clean, clean, run, false);
	find_generation(clean, run);
	arena_free(arena);
}

static void
prepare_queued(struct app *clean, struct run *run)
{
	until_done(clean, clean, run, post_design, "create");
	find_generation(clean, run);
}

void
prepare_made(struct app *clean, struct run *run)
{
	struct arena *arena = arena_new();

	open_provider(arena, clean, "");
	make(clean, clean, run, false);
	arena_free(arena);
}

static void
prepare_trashed(struct app *clean, struct run *run)
{
	struct arena *arena = arena_new();

	prepare_made(clean, run);
	set_all(clean, arena, "designs", db_json(arena, "{\"_id\":\"%s\"}",
	    run->design), db_json(arena,
	    "{\"$set\":{\"is_deleted\":true,\"deleted_at\":%s}}",
	    long_ago));
	arena_free(arena);
}

/* --- scenarios ------------------------------------------------------------- */

static void
refine(struct app *app, struct app *clean, struct run *run, bool hangs)
{
	until_done(app, clean, run, post_refinement, "refine");
	work_until_ended(app, clean, run, hangs);
}

static void
retry(struct app *app, struct app *clean, struct run *run, bool hangs)
{
	until_done(app, clean, run, post_retry, "retry");
	work_until_ended(app, clean, run, hangs);
}

/* Nothing is left to a worker. */
static void
cancel(struct app *app, struct app *clean, struct run *run, bool hangs)
{
	struct arena *arena = arena_new();

	(void)hangs;
	until_done(app, clean, run, post_cancel, "cancel");
	run->stuck |= any(clean, arena, "jobs", db_json(arena, "{\"design_id\":"
	    "\"%s\",\"status\":{\"$ne\":\"cancelled\"}}", run->design));
	arena_free(arena);
}

static void
purge(struct app *app, struct app *clean, struct run *run, bool hangs)
{
	struct arena *arena = arena_new();

	/* A client that comes back asks what there is. */
	if (any(clean, arena, "designs", db_json(arena, "{\"_id\":\"%s\"}",
	    run->design)))
		until_done(app, clean, run, delete_design, "trash");
	until_done(app, clean, run, purge_design, "purge");
	work_until_ended(app, clean, run, hangs);
	until_done(app, clean, run, run_orphans, "orphans");
	arena_free(arena);
}

static void
retain(struct app *app, struct app *clean, struct run *run, bool hangs)
{
	until_done(app, clean, run, run_retention, "retention");
	work_until_ended(app, clean, run, hangs);
	until_done(app, clean, run, run_orphans, "orphans");
}

static void
sweep(struct app *app, struct app *clean, struct run *run, bool hangs)
{
	(void)hangs;
	until_done(app, clean, run, run_orphans, "orphans");
}

static void
crowd(struct app *app, struct app *clean, struct run *run, bool hangs)
{
	struct run other;

	until_done(app, clean, run, post_two, "create");
	work_until_ended(app, clean, run, hangs);
	other = *run;
	copy(other.design, sizeof other.design, str_of(run->folder));
	work_until_ended(app, clean, &other, hangs);
	run->stuck |= other.stuck;
}

const struct scenario scenarios_designs[] = {
	/* two guests' designs by one transaction, and their pictures */
	{ "crowd", prepare_other, crowd },
	/* a guest's design and its pictures */
	{ "make", NULL, make },
	/* a refinement of a design that is there */
	{ "refine", prepare_made, refine },
	/* a generation that failed, tried again */
	{ "retry", prepare_failed, retry },
	/* a generation that nobody has begun, stopped */
	{ "cancel", prepare_queued, cancel },
	/* a design to the trash and away */
	{ "purge", prepare_made, purge },
	/* a design long in the trash, by the scheduler */
	{ "retain", prepare_trashed, retain },
	/* nothing but the sweep for orphans */
	{ "sweep", NULL, sweep },
	{ NULL, NULL, NULL },
};
