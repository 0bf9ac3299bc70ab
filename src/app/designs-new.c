#include "config.h"

#include "app/designs-new.h"

#include "app/charge.h"
#include "app/me.h"
#include "app/uploads.h"
#include "base/clock.h"
#include "schema/documents.h"
#include "store/jobs.h"

static enum rc
create_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct new_design *d = arg;

	if (charge_principal(d->app, arena, d->actor, CHARGE_DESIGN, d->job.design_id,
	    d->quota, err) != RC_OK
	    || app_upload_use(store, arena, d->actor, d->upload_id,
	    d->job.design_id, err) != RC_OK
	    || designs_insert(store, arena, d->doc, err) != RC_OK
	    || jobs_insert(store, arena, &d->job, err) != RC_OK
	    || app_idem_done(d->app, arena, d->idem, 202, err) != RC_OK)
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
new_design_prepare(struct new_design *d, struct arena *arena,
    struct design *body, struct err *err)
{
	if (app_upload_take(d->app, arena, d->actor,
	    &body->gem_data.uploaded_image_url, &d->upload_id, err) != RC_OK
	    || usual_variations(d->app, arena, d->actor, body, err) != RC_OK)
		return err->rc;
	complete_design(body, d->actor, d->idem);
	d->doc = doc_to_bson(&doc_design, body, arena);
	job_init(&d->job, arena, d->actor, "generation", d->idem->second_id,
	    body->id, body->num_variations_requested, 0);
	return RC_OK;
}

void
new_design_made(struct new_design *d, struct arena *arena,
    const struct design *body, struct app_design *ret_design)
{
	metric_add(d->app->shared, METRIC_designs_created_total, 1);
	app_wake(d->app);
	*ret_design = (struct app_design){ .id = body->id, .doc = d->doc,
		.generation = doc_to_bson(&doc_job, &d->job, arena),
		.position = -1, .updated_at_ms = body->updated_at,
		.quota = *d->quota };
}

enum rc
app_design_create(struct app *app, struct arena *arena,
    const struct actor *actor, struct design *body, const struct idem *idem,
    struct app_design *ret_design, struct err *err)
{
	struct new_design d = { .app = app, .actor = actor, .idem = idem,
		.quota = &ret_design->quota };
	enum rc rc;

	ret_design->quota = (struct quota){ 0 };
	if (idem->replay)
		return replay(app, arena, actor, idem, ret_design, err);
	if (new_design_prepare(&d, arena, body, err) != RC_OK)
		return err->rc;
	rc = charge_and_run(app, arena, actor, CHARGE_DESIGN, &d.job,
	    create_in_transaction, &d, d.quota, err);
	if (rc == RC_CONFLICT) {	/* committed by a request that took over */
		err_init(err);
		return replay(app, arena, actor, idem, ret_design, err);
	}
	if (rc == RC_OK)
		new_design_made(&d, arena, body, ret_design);
	return rc;
}
