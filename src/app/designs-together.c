#include "config.h"

#include "app/designs-new.h"

#include "app/charge.h"
#include "base/log.h"
#include "store/jobs.h"

/* Those that take part: each is in the gate of its owner, so no owner is there twice. */
struct together {
	struct app *app;
	size_t n;
	struct app_creation **creations;
	struct new_design *designs;
	struct charged *charged;
};

/* What asks the database about each by itself stays alone: pictures, and a member's habit. */
static bool
may_join(const struct app_creation *c)
{
	return (c->actor->kind == ACTOR_GUEST || (c->actor->kind == ACTOR_MEMBER
	    && doc_present(&doc_design, c->body, "num_variations_requested")))
	    && !c->idem->replay
	    && c->body->gem_data.uploaded_image_url.p == NULL;
}

static void
join(struct together *t, struct app_creation *c)
{
	struct new_design *d = &t->designs[t->n];
	struct charge *charge = charge_new(c->arena, c->actor, CHARGE_DESIGN);
	struct err ignored;

	if (charge_refused_lately(t->app, charge)
	    || !gate_try(t->app->shared, c->actor->principal))
		return;
	err_init(&ignored);
	*d = (struct new_design){ .app = t->app, .actor = c->actor,
		.idem = c->idem, .quota = &c->design.quota };
	if (new_design_prepare(d, c->arena, c->body, &ignored) != RC_OK) {
		gate_leave(t->app->shared, c->actor->principal);
		return;
	}
	d->job.charge = charge;
	t->creations[t->n] = c;
	t->charged[t->n++] = (struct charged){ .arena = c->arena,
		.actor = c->actor, .job = &d->job, .design_id = c->body->id,
		.quota = d->quota };
}

static enum rc
create_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct together *t = arg;
	struct str *docs = arena_many(arena, t->n, struct str);
	struct job *jobs = arena_many(arena, t->n, struct job);
	const struct idem **idems = arena_many(arena, t->n, const struct idem *);

	for (size_t i = 0; i < t->n; i++) {
		docs[i] = t->designs[i].doc;
		jobs[i] = t->designs[i].job;
		idems[i] = t->designs[i].idem;
	}
	if (charge_principals(t->app, arena, t->charged, t->n, CHARGE_DESIGN,
	    err) != RC_OK
	    || designs_insert_many(store, arena, docs, t->n, err) != RC_OK
	    || jobs_insert_many(store, arena, jobs, t->n, err) != RC_OK
	    || app_idem_done_all(t->app, arena, idems, t->n, 202, err) != RC_OK)
		return err->rc;
	return RC_OK;
}

static void
made(struct together *t)
{
	for (size_t i = 0; i < t->n; i++) {
		struct app_creation *c = t->creations[i];

		new_design_made(&t->designs[i], c->arena, c->body, &c->design);
		c->state = CREATION_MADE;
	}
	metric_add(t->app->shared, METRIC_designs_together_total, (int64_t)t->n);
}

static void
failed(struct together *t, const struct err *err)
{
	for (size_t i = 0; i < t->n; i++)
		if (err->unknown)
			t->creations[i]->state = CREATION_UNKNOWN;
	metric_add(t->app->shared, METRIC_design_groups_failed_total, 1);
	log_event(LOG_DEBUG, "designs.together.failed",
	    LOG_INT("designs", (int64_t)t->n),
	    LOG_Z("code", error_rows[err->rc].code),
	    LOG_Z("message", err->message), LOG_Z("detail", err->detail), LOG_END);
}

void
app_designs_create_together(struct app *app, struct arena *arena,
    struct app_creation *creations, size_t n, struct err *err)
{
	struct together t = { .app = app,
		.creations = arena_many(arena, n, struct app_creation *),
		.designs = arena_many(arena, n, struct new_design),
		.charged = arena_many(arena, n, struct charged) };

	for (size_t i = 0; i < n; i++) {
		creations[i].state = CREATION_ALONE;
		if (may_join(&creations[i]))
			join(&t, &creations[i]);
	}
	if (t.n > 1 && charge_and_run_together(app, arena, t.charged, t.n,
	    create_in_transaction, &t, err) == RC_OK)
		made(&t);
	else if (t.n > 1)
		failed(&t, err);
	for (size_t i = 0; i < t.n; i++)
		gate_leave(app->shared, t.charged[i].actor->principal);
}
