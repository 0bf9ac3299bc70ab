#include "config.h"

#include "app/generations.h"

#include "app/charge.h"
#include "app/ending.h"
#include "app/me.h"
#include "app/uploads.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "schema/documents.h"
#include "store/designs.h"
#include "store/jobs.h"

static enum rc
show(struct app *app, struct arena *arena, struct str doc,
    struct app_generation *ret_generation, struct err *err)
{
	struct app_generation generation = { .doc = doc, .position = -1 };
	struct job job;

	doc_read(&doc_job, doc, &job, arena);
	if (str_eqz(job.kind, "mail"))	/* a member's, but no generation */
		return err_set(err, RC_NOT_FOUND, "There is nothing here.");
	generation.id = job.id;
	generation.revision = job.revision;
	generation.updated_at_ms = job.updated_at;
	if (str_eqz(job.status, "queued") && jobs_position(app->store, arena,
	    job.priority, job.rank, &generation.position, err) != RC_OK)
		return err->rc;
	*ret_generation = generation;
	return RC_OK;
}

enum rc
app_generation_get(struct app *app, struct arena *arena,
    const struct actor *actor, struct str id,
    struct app_generation *ret_generation, struct err *err)
{
	struct str doc;

	if (jobs_get(app->store, arena, actor->owner, id, &doc, err) != RC_OK)
		return err->rc;
	return show(app, arena, doc, ret_generation, err);
}

enum rc
app_generation_list(struct app *app, struct arena *arena,
    const struct actor *actor, struct str design_id, struct str after_id,
    int limit, struct str *ret_docs, size_t *ret_n, struct err *err)
{
	struct str ignored;

	/* Without any the list is empty, not missing; of a stranger's, missing. */
	if (designs_get(app->store, arena, actor->owner, design_id, &ignored, err)
	    != RC_OK)
		return err->rc;
	return jobs_of_design(app->store, arena, actor->owner, design_id, after_id,
	    limit, ret_docs, ret_n, err);
}

/* --- making -------------------------------------------------------------- */

struct begin {
	struct app *app;
	const struct actor *actor;
	const struct idem *idem;
	enum users_charge_kind kind;
	struct job job;
	struct str upload_id;		/* of an override, or null */
	struct quota *quota;
};

static enum rc
begin_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct begin *b = arg;
	struct str doc;

	if (charge_principal(b->app, arena, b->actor, b->kind, STR_NULL, b->quota, err)
	    != RC_OK
	    || app_upload_use(store, arena, b->actor, b->upload_id,
	    b->job.design_id, err) != RC_OK
	    || designs_begin_generation(store, arena, b->actor->owner,
	    b->job.design_id, b->job.id, &doc, err) != RC_OK
	    || jobs_insert(store, arena, &b->job, err) != RC_OK
	    || app_idem_done(b->app, arena, b->idem, 202, err) != RC_OK)
		return err->rc;
	return RC_OK;
}

static enum rc
begin(struct begin *b, struct arena *arena,
    struct app_generation *ret_generation, struct err *err)
{
	enum rc rc;

	b->quota = &ret_generation->quota;
	*b->quota = (struct quota){ 0 };
	rc = charge_and_run(b->app, arena, b->actor, b->kind, &b->job,
	    begin_in_transaction, b, b->quota, err);

	if (rc == RC_CONFLICT) {	/* committed by a request that took over */
		err_init(err);
		return app_generation_get(b->app, arena, b->actor, b->job.id,
		    ret_generation, err);
	}
	if (rc != RC_OK)
		return rc;
	app_wake(b->app);
	*ret_generation = (struct app_generation){ .id = b->job.id,
		.doc = doc_to_bson(&doc_job, &b->job, arena), .position = -1,
		.updated_at_ms = b->job.updated_at, .quota = *b->quota };
	return RC_OK;
}

/* The design that more is asked of: there, not in the trash, with room. */
static enum rc
read_design(struct app *app, struct arena *arena, const struct actor *actor,
    struct str id, struct design *design, struct err *err)
{
	struct str doc;

	if (designs_get(app->store, arena, actor->owner, id, &doc, err) != RC_OK)
		return err->rc;
	doc_read(&doc_design, doc, design, arena);
	if (design->is_deleted)
		return err_set(err, RC_CONFLICT, "The design is in the trash.");
	return RC_OK;
}

enum rc
app_generation_create(struct app *app, struct arena *arena,
    const struct actor *actor, struct str design_id,
    const struct body_generation *body, const struct idem *idem,
    struct app_generation *ret_generation, struct err *err)
{
	struct begin b = { .app = app, .actor = actor, .idem = idem,
		.kind = CHARGE_GENERATION };
	struct design design;
	int count = body->num_variations;

	if (idem->replay)
		return app_generation_get(app, arena, actor, idem->id,
		    ret_generation, err);
	if (read_design(app, arena, actor, design_id, &design, err) != RC_OK)
		return err->rc;
	if (count == 0)
		count = design.num_variations_requested;
	if (design.generated_images.n + (size_t)count > DESIGN_IMAGES_MAX)
		return err_set(err, RC_LIMIT_REACHED,
		    "A design holds at most %d pictures.", DESIGN_IMAGES_MAX);
	job_init(&b.job, arena, actor, "generation", idem->id, design_id, count,
	    (int)design.generated_images.n);
	b.job.prompt = body->prompt.p != NULL ? body->prompt : STR("");
	b.job.gem_data = body->gem_data;
	if (body->gem_data != NULL && app_upload_take(app, arena, actor,
	    &b.job.gem_data->uploaded_image_url, &b.upload_id, err) != RC_OK)
		return err->rc;
	b.job.material_preferences = body->material_preferences;
	return begin(&b, arena, ret_generation, err);
}

static bool
has_version(const struct design *design, struct str id)
{
	for (size_t i = 0; i < design->generated_images.n; i++)
		if (str_eq(design->generated_images.items[i].image_id, id))
			return true;
	for (size_t i = 0; i < design->refinements.n; i++)
		if (str_eq(design->refinements.items[i].refinement_id, id))
			return true;
	return false;
}

/* Where nothing is said a member's own habit holds. */
static enum rc
usual_strength(struct app *app, struct arena *arena, const struct actor *actor,
    double *ret_strength, struct err *err)
{
	struct app_me me;

	*ret_strength = 0.5;
	if (actor->account.p == NULL)
		return RC_OK;
	if (app_me_get(app, arena, actor, &me, err) == RC_OK)
		*ret_strength =
		    me.user->preferences.default_refinement_strength;
	return err->rc;
}

enum rc
app_refinement_create(struct app *app, struct arena *arena,
    const struct actor *actor, struct str design_id,
    const struct body_refinement *body, const struct idem *idem,
    struct app_generation *ret_generation, struct err *err)
{
	struct begin b = { .app = app, .actor = actor, .idem = idem,
		.kind = CHARGE_REFINEMENT };
	struct design design;
	struct str base = body->base_image_id;

	if (idem->replay)
		return app_generation_get(app, arena, actor, idem->id,
		    ret_generation, err);
	if (read_design(app, arena, actor, design_id, &design, err) != RC_OK)
		return err->rc;
	if (base.p == NULL && design.current_version != NULL)
		base = design.current_version->image_id;
	if (base.p == NULL)
		return err_set(err, RC_CONFLICT,
		    "There is no picture to refine yet.");
	if (!has_version(&design, base)) {
		err_fault(err, arena, STR("/base_image_id"), "not_found",
		    "This design has no such version.");
		return err->rc;
	}
	if (design.refinements.n >= DESIGN_REFINEMENTS_MAX)
		return err_set(err, RC_LIMIT_REACHED,
		    "A design holds at most %d refinements.",
		    DESIGN_REFINEMENTS_MAX);
	job_init(&b.job, arena, actor, "refinement", idem->id, design_id, 1, 0);
	b.job.prompt = body->prompt;
	b.job.base_image_id = base;
	b.job.refinement_strength = body->refinement_strength;
	if (isnan(body->refinement_strength) && usual_strength(app, arena, actor,
	    &b.job.refinement_strength, err) != RC_OK)
		return err->rc;
	b.job.preserve_elements = body->preserve_elements;
	return begin(&b, arena, ret_generation, err);
}

/* --- stopping and trying again ------------------------------------------- */

struct cancel {
	struct app *app;
	const struct actor *actor;
	const struct idem *idem;
	struct str id, token;
	struct job job;		/* as it ended, if it was queued */
	bool was_queued;
};

static enum rc
cancel_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct cancel *c = arg;

	if (jobs_cancel_queued(store, arena, c->actor->owner, c->id, c->token,
	    ENDING_STOPPED, ENDING_STOPPED_MESSAGE, &c->job, &c->was_queued, err)
	    != RC_OK)
		return err->rc;
	if (c->was_queued)
		(void)!ending_write(c->app, arena, &c->job, c->token, err);
	else
		(void)!jobs_cancel_running(store, arena, c->actor->owner, c->id,
		    err);
	return err->rc == RC_OK ? app_idem_done(c->app, arena, c->idem, 202, err)
	    : err->rc;
}

enum rc
app_generation_cancel(struct app *app, struct arena *arena,
    const struct actor *actor, struct str id, const struct idem *idem,
    struct app_generation *ret_generation, struct err *err)
{
	struct cancel c = { .app = app, .actor = actor, .idem = idem, .id = id,
		.token = uuid_new(arena) };

	if (app_generation_get(app, arena, actor, id, ret_generation, err) != RC_OK
	    || owner_transaction(app, arena, actor, NULL, cancel_in_transaction,
	    &c, err) != RC_OK)
		return err->rc;
	if (c.was_queued) {
		for (size_t i = 0; i < c.job.slots.n; i++)
			metric_add(app->shared, METRIC_images_failed_total,
			    str_eqz(c.job.slots.items[i].status, "cancelled"));
		ending_log(&c.job);
	}
	return app_generation_get(app, arena, actor, id, ret_generation, err);
}

struct retry {
	struct app *app;
	const struct actor *actor;
	const struct idem *idem;
	struct job job;		/* as it was; charged anew when recharge */
	bool recharge;
	enum users_charge_kind kind;
	struct str doc;
	struct quota *quota;
};

static enum rc
retry_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct retry *r = arg;
	struct str ignored;

	if (r->recharge && charge_principal(r->app, arena, r->actor, r->kind,
	    STR_NULL, r->quota, err) != RC_OK)
		return err->rc;
	if (jobs_retry(store, arena, r->actor->owner, r->job.id, r->job.rank,
	    r->recharge ? r->job.charge : NULL, &r->doc, err) != RC_OK)
		return err->rc;
	if (designs_begin_generation(store, arena, r->actor->owner,
	    r->job.design_id, r->job.id, &ignored, err) != RC_OK)
		return err->rc;
	return app_idem_done(r->app, arena, r->idem, 202, err);
}

enum rc
app_generation_retry(struct app *app, struct arena *arena,
    const struct actor *actor, struct str id, const struct idem *idem,
    struct app_generation *ret_generation, struct err *err)
{
	struct quota quota = { 0 };
	struct retry r = { .app = app, .actor = actor, .idem = idem,
		.quota = &quota };
	struct app_generation there;

	if (app_generation_get(app, arena, actor, id, &there, err) != RC_OK)
		return err->rc;
	doc_read(&doc_job, there.doc, &r.job, arena);
	/* In test mode each try counts: pictures that never come can be asked for. */
	r.recharge = actor->kind == ACTOR_TEST || (r.job.charge != NULL
	    && r.job.charge->returned);
	r.kind = str_eqz(r.job.kind, "refinement") ? CHARGE_REFINEMENT
	    : CHARGE_GENERATION;
	r.job.rank = clock_now_ms();
	if (r.recharge)
		(void)!charge_and_run(app, arena, actor, r.kind, &r.job,
		    retry_in_transaction, &r, r.quota, err);
	else
		(void)!store_transaction(app->store, arena, actor->deadline_ms,
		    retry_in_transaction, &r, err);
	ret_generation->quota = quota;
	if (err->rc != RC_OK)
		return err->rc;
	app_wake(app);
	if (show(app, arena, r.doc, ret_generation, err) != RC_OK)
		return err->rc;
	ret_generation->quota = quota;
	return RC_OK;
}
