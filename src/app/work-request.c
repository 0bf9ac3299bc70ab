#include "config.h"

#include "app/work-slot.h"

#include "base/log.h"
#include "blob/blob.h"
#include "image/image.h"

static void
fill_stone(struct provider_request *r, const struct gem_data *gem)
{
	r->gem_type = gem->type;
	r->cut = gem->cut;
	r->color = gem->color;
	r->transparency = gem->transparency;
	r->size_simple = gem->size.simple;
	r->carat_weight = isnan(gem->size.carat_weight) ? 0
	    : gem->size.carat_weight;
	r->length_mm = r->width_mm = r->height_mm = 0;
	if (gem->size.dimensions == NULL)
		return;
	if (!isnan(gem->size.dimensions->length_mm))
		r->length_mm = gem->size.dimensions->length_mm;
	if (!isnan(gem->size.dimensions->width_mm))
		r->width_mm = gem->size.dimensions->width_mm;
	if (!isnan(gem->size.dimensions->height_mm))
		r->height_mm = gem->size.dimensions->height_mm;
}

static void
fill_metals(struct provider_request *r, const struct material_preferences *m)
{
	r->metal_count = m->metals.n < PROVIDER_METALS_MAX ? m->metals.n
	    : PROVIDER_METALS_MAX;
	for (size_t i = 0; i < r->metal_count; i++)
		r->metals[i] = m->metals.items[i];
	r->finish = m->finish;
}

static const struct refinement *
find_refinement(const struct design *design, struct str id)
{
	for (size_t i = 0; i < design->refinements.n; i++)
		if (str_eq(design->refinements.items[i].refinement_id, id))
			return &design->refinements.items[i];
	return NULL;
}

static const struct generated_image *
find_image(const struct design *design, struct str id)
{
	for (size_t i = 0; i < design->generated_images.n; i++)
		if (str_eq(design->generated_images.items[i].image_id, id))
			return &design->generated_images.items[i];
	return NULL;
}

static void
fill_change(struct provider_change *change, struct str prompt, double strength,
    const struct str_list *preserve)
{
	*change = (struct provider_change){ .prompt = prompt,
		.strength = isnan(strength) ? 0.5 : strength };
	for (size_t i = 0; i < preserve->n
	    && change->preserve_count < PROVIDER_PRESERVE_MAX; i++)
		change->preserve[change->preserve_count++] = preserve->items[i];
}

/* The base picture's bytes, the parameters of the picture that the chain of
 * refinements began with, and the steps between the two. */
static enum rc
fill_base(struct work *w, struct err *err)
{
	struct provider_request *r = &w->request;
	size_t most = w->design.refinements.n, first = most;
	struct provider_change *steps = arena_many(w->arena, most,
	    struct provider_change);
	struct str id = w->job->base_image_id, key = STR_NULL;
	const struct refinement *refinement;
	const struct generated_image *image;
	enum rc rc;

	/* From the newest back; filled from the end, so that the oldest is first.
	 * A chain that goes in a circle has no more steps than there are. */
	while (first > 0
	    && (refinement = find_refinement(&w->design, id)) != NULL) {
		if (key.p == NULL)
			key = refinement->refined_image_url;
		fill_change(&steps[--first], refinement->prompt,
		    refinement->refinement_strength,
		    &refinement->preserve_elements);
		id = refinement->base_image_id;
	}
	r->earlier = steps + first;
	r->earlier_count = most - first;
	image = find_image(&w->design, id);
	if (image != NULL) {
		r->base_parameters = doc_free_to_json(w->arena,
		    image->generation_parameters);
		if (key.p == NULL)
			key = image->image_url;
	}
	if (key.p == NULL)
		return err_set(err, RC_NOT_FOUND, "The base picture is gone.");
	rc = blob_get(w->app->blob, w->arena, key, IMAGE_MAX_BYTES,
	    &r->base_image, err);
	if (rc == RC_OK && image_sniff(r->base_image) != NULL)
		r->base_image_mime = str_of(image_sniff(r->base_image));
	return rc;
}

static enum rc
fill_reference(struct work *w, struct err *err)
{
	/* Another stone for this time has a reference of its own, or none. */
	struct str key = w->job->gem_data != NULL
	    ? w->job->gem_data->uploaded_image_url
	    : w->design.gem_data.uploaded_image_url;
	enum rc rc;

	if (key.p == NULL)
		return RC_OK;
	rc = blob_get(w->app->blob, w->arena, key, IMAGE_MAX_BYTES,
	    &w->request.reference, err);
	/* A lost file, or a damaged key, does not stop the design. */
	if (rc == RC_NOT_FOUND || rc == RC_INVALID) {
		err_init(err);
		log_event(LOG_WARN, "upload.lost", LOG_STR("key", key), LOG_END);
		return RC_OK;
	}
	if (rc == RC_OK && image_sniff(w->request.reference) != NULL)
		w->request.reference_mime =
		    str_of(image_sniff(w->request.reference));
	return rc;
}

static enum rc
fail_all(struct work *w, const char *reason, const char *message,
    struct err *err)
{
	for (size_t i = 0; i < w->job->slots.n; i++)
		if (slot_open(&w->job->slots.items[i])
		    && slot_end(w, &w->job->slots.items[i], "failed",
		    str_of(reason), str_of(message), err) != RC_OK)
			return err->rc;
	return RC_OK;
}

enum rc
slot_prepare(struct work *w, struct err *err)
{
	struct provider_request *r = &w->request;
	const struct job *job = w->job;

	*r = (struct provider_request){ .prompt = w->design.original_prompt,
		.quality = w->app->conf->render_profile == CONF_RENDER_DRAFT
		? PROVIDER_DRAFT : PROVIDER_FINAL };
	fill_stone(r, job->gem_data != NULL ? job->gem_data
	    : &w->design.gem_data);
	fill_metals(r, job->material_preferences != NULL
	    ? job->material_preferences : &w->design.material_preferences);
	if (r->prompt.p == NULL)	/* a picture of nothing would cost as much */
		return fail_all(w, "design_damaged", "The design cannot be read.",
		    err);
	if (fill_reference(w, err) != RC_OK)
		return err->rc;
	if (str_eqz(job->kind, "generation")) {
		if (job->prompt.n > 0)
			r->prompt = job->prompt;
		return RC_OK;
	}
	r->is_refinement = true;
	fill_change(&r->change, job->prompt, job->refinement_strength,
	    &job->preserve_elements);
	if (fill_base(w, err) != RC_NOT_FOUND && err->rc != RC_INVALID)
		return err->rc;
	err_init(err);
	return fail_all(w, "base_lost", "The picture to refine is gone.", err);
}
