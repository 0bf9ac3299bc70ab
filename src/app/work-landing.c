#include "config.h"

#include "app/work-slot.h"

#include "app/share-gate.h"
#include "base/clock.h"
#include "base/log.h"
#include "blob/blob.h"
#include "image/image.h"
#include "store/designs.h"
#include "store/jobs.h"

enum { TRANSACTION_MS = 20000, RETRY_NAP_MS = 500 };

static enum rc
land_version(struct store *store, struct arena *arena, struct landing *l,
    struct err *err)
{
	const struct job *job = l->w->job;
	struct generated_image image;
	struct refinement refinement;

	if (!l->w->request.is_refinement) {
		doc_init(&doc_generated_image, &image);
		image.image_id = l->slot.image_id;
		image.image_url = l->key;
		image.thumbnail_url = l->thumbnail_key;
		image.generation_parameters = l->parameters;
		image.generated_at = l->slot.ended_at;
		return designs_land_image(store, arena, job->design_id, &image,
		    l->cost_usd, l->seconds, &l->landed, err);
	}
	doc_init(&doc_refinement, &refinement);
	refinement.refinement_id = l->slot.image_id;
	refinement.prompt = job->prompt;
	refinement.base_image_id = job->base_image_id;
	refinement.refined_image_url = l->key;
	refinement.refined_thumbnail_url = l->thumbnail_key;
	refinement.refinement_strength = job->refinement_strength;
	refinement.preserve_elements = job->preserve_elements;
	refinement.refined_at = l->slot.ended_at;
	return designs_land_refinement(store, arena, job->design_id, &refinement,
	    l->cost_usd, l->seconds, &l->landed, err);
}

/* A refinement becomes what a link shows. If its gate cannot be closed, a picture that
 * was paid for is not lost over it. */
static enum rc
close_gate(struct store *store, struct arena *arena, const struct landing *l,
    struct err *err)
{
	struct str doc;
	enum rc rc;

	if (!l->w->request.is_refinement)
		return RC_OK;
	rc = designs_find(store, arena, l->w->job->design_id, &doc, err);
	if (rc == RC_NOT_FOUND) {	/* the landing will tell */
		err_init(err);
		return RC_OK;
	}
	if (rc == RC_OK)
		share_gate_close_design_or_later(l->w->app, doc);
	return rc;
}

static enum rc
land_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct landing *l = arg;

	if (jobs_set_slot(store, arena, l->w->job->id, l->w->token, &l->slot,
	    "running", err) != RC_OK
	    || close_gate(store, arena, l, err) != RC_OK
	    || land_version(store, arena, l, err) != RC_OK)
		return err->rc;
	if (!l->landed)
		return err_set(err, RC_NOT_FOUND, "The design is gone.");
	return usage_end(store, arena, &l->call->usage, err);
}

/* Whether the picture will never be in the design: that is gone, or nobody is at
 * work on the picture any more and the design does not name it. In this order,
 * for a landing that comes between the two reads is seen by the second. */
static bool
is_discarded(const struct landing *l, struct err *err)
{
	struct store *store = l->w->app->store;
	struct arena *arena = l->w->arena;
	struct str doc;
	bool open;

	if (jobs_slot_open(store, arena, l->w->job->id, l->slot.image_id, &open,
	    err) != RC_OK)
		return false;
	if (designs_find(store, arena, l->w->job->design_id, &doc, err)
	    == RC_NOT_FOUND)
		return true;
	return err->rc == RC_OK && !open
	    && memmem(doc.p, doc.n, l->key.p, l->key.n) == NULL;
}

/* After a landing that did not happen the objects go. The same picture has the
 * same key: they stay while another worker may be about to land it, or has, or a
 * commit whose answer was lost did. What nobody lands the sweep for orphans
 * finds. */
static void
remove_objects(struct landing *l)
{
	struct str keys[2] = { l->key, l->thumbnail_key };
	struct err err;

	err_init(&err);
	if (!is_discarded(l, &err))
		return;
	err_init(&err);
	(void)!blob_delete(l->w->app->blob, keys, 2, &err);
}

enum rc
landing_commit(struct landing *l, struct err *err)
{
	struct work *w = l->w;
	enum rc rc;

	/* A database that is away for a while costs no picture. */
	while ((rc = store_transaction(w->app->store, w->arena,
	    clock_mono_ms() + TRANSACTION_MS, land_in_transaction, l, err))
	    == RC_UNAVAILABLE && !err->unknown
	    && !*w->stop && clock_mono_ms() < w->lease_ends_ms) {
		err_init(err);
		clock_sleep_ms(RETRY_NAP_MS);
	}

	if (rc == RC_NOT_FOUND) {	/* no design any more */
		remove_objects(l);
		err_init(err);
		w->cancelled = true;
		return RC_OK;
	}
	if (rc == RC_CONFLICT)
		remove_objects(l);
	if (rc != RC_OK)
		return rc;
	metric_add(w->app->shared, METRIC_images_landed_total, 1);
	return RC_OK;
}

enum rc
landing_store(struct landing *l, const struct image_result *image,
    struct err *err)
{
	struct work *w = l->w;
	struct str folder = w->job->design_id, id = l->slot.image_id;

	l->key = app_object_key(w->app, w->arena, folder, id, image->full, "webp");
	l->thumbnail_key = app_object_key(w->app, w->arena, folder, id,
	    image->thumbnail, "webp");
	if (blob_put(w->app->blob, l->key, image->full, err) != RC_OK)
		return err->rc;
	return blob_put(w->app->blob, l->thumbnail_key, image->thumbnail, err);
}
