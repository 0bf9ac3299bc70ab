#include "config.h"

#include "app/designs.h"

#include "app/charge.h"
#include "app/me.h"
#include "app/uploads.h"
#include "base/clock.h"
#include "schema/documents.h"
#include "store/jobs.h"

struct create {
	struct app *app;
	const struct actor *actor;
	const struct idem *idem;
	struct str doc;
	struct job job;
	struct str upload_id;		/* used by the design, or null */
	struct quota *quota;
};

static enum rc
create_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct create *c = arg;

	if (charge_principal(c->app, arena, c->actor, CHARGE_DESIGN, c->job.design_id,
	    c->quota, err) != RC_OK
	    || app_upload_use(store, arena, c->actor, c->upload_id,
	    c->job.design_id, err) != RC_OK
	    || designs_insert(store, arena, c->doc, err) != RC_OK
	    || jobs_insert(store, arena, &c->job, err) != RC_OK
	    || app_idem_done(c->app, arena, c->idem, 202, err) != RC_OK)
		return err->rc;
	return RC_OK;
}

static void
complete_design(struct design *design, const struct actor *actor,
    const struct idem *idem)
{
	design->id = idem->id;
	design->user_id = actor->owner.user_id;
	design->guest_session_id = actor->owner.guest_session_id;
	design->generation_id = idem->second_id;
	design->metadata.device_info = actor->device;
	design->metadata.ip_address = actor->address;
	design->created_at = design->updated_at = clock_now_ms();
}

/* Where nothing is said a member's own habit holds. */
static enum rc
usual_variations(struct app *app, struct arena *arena, const struct actor *actor,
    struct design *design, struct err *err)
{
	struct app_me me;

	if (actor->account.p == NULL || doc_present(&doc_design, design,
	    "num_variations_requested"))
		return RC_OK;
	if (app_me_get(app, arena, actor, &me, err) == RC_OK)
		design->num_variations_requested =
		    me.user->preferences.default_num_variations;
	return err->rc;
}

static enum rc
replay(struct app *app, struct arena *arena, const struct actor *actor,
    const struct idem *idem, struct app_design *ret_design, struct err *err)
{
	return app_design_get(app, arena, actor, idem->id, ret_design, err);
}

enum rc
app_design_create(struct app *app, struct arena *arena,
    const struct actor *actor, struct design *body, const struct idem *idem,
    struct app_design *ret_design, struct err *err)
{
	struct create c = { .app = app, .actor = actor, .idem = idem,
		.quota = &ret_design->quota };
	enum rc rc;

	ret_design->quota = (struct quota){ 0 };

	if (idem->replay)
		return replay(app, arena, actor, idem, ret_design, err);
	if (app_upload_take(app, arena, actor, &body->gem_data.uploaded_image_url,
	    &c.upload_id, err) != RC_OK)
		return err->rc;
	if (usual_variations(app, arena, actor, body, err) != RC_OK)
		return err->rc;
	complete_design(body, actor, idem);
	c.doc = doc_to_bson(&doc_design, body, arena);
	job_init(&c.job, arena, actor, "generation", idem->second_id, body->id,
	    body->num_variations_requested, 0);
	rc = charge_and_run(app, arena, actor, CHARGE_DESIGN, &c.job,
	    create_in_transaction, &c, &ret_design->quota, err);
	if (rc == RC_CONFLICT) {	/* committed by a request that took over */
		err_init(err);
		return replay(app, arena, actor, idem, ret_design, err);
	}
	if (rc != RC_OK)
		return rc;
	metric_add(app->shared, METRIC_designs_created_total, 1);
	app_wake(app);
	*ret_design = (struct app_design){ .id = body->id, .doc = c.doc,
		.generation = doc_to_bson(&doc_job, &c.job, arena),
		.position = -1, .updated_at_ms = body->updated_at,
		.quota = ret_design->quota };
	return RC_OK;
}
