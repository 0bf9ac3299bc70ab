#include "config.h"

#include "app/work-slot.h"

#include "app/ending.h"
#include "app/ready.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "blob/blob.h"
#include "crypt/hash.h"
#include "image/image.h"
#include "store/designs.h"
#include "store/jobs.h"

enum {
	TRANSACTION_MS = 20000,
	RETRY_NAP_MS = 500,
	RETRY_MOST_MS = 120000,
	MESSAGE_MAX = 300, LAST_ERROR_MAX = 500
};

bool
slot_open(const struct slot *slot)
{
	return str_eqz(slot->status, "queued") || str_eqz(slot->status, "running");
}

/* --- what is asked of the provider --------------------------------------- */

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

/* --- a call -------------------------------------------------------------- */

/* The row of a call: the same for the same job, slot and moment of the job. (Its
 * attempts begin anew when the user tries again; the revision never does.) */
static struct str
usage_id(struct arena *arena, const struct job *job, const struct slot *slot)
{
	struct str h = sha256_hex(arena, arena_printf(arena, "%.*s|%.*s|%d|%d",
	    STR_FMT(job->id), STR_FMT(slot->image_id), (int)job->revision,
	    (int)slot->attempts));

	/* RFC 9562, version 8: bits of our own making */
	return arena_printf(arena, "%.8s-%.4s-8%.3s-8%.3s-%.12s", h.p, h.p + 8,
	    h.p + 13, h.p + 17, h.p + 20);
}

static void
init_usage(struct work *w, const struct slot *slot, struct api_usage *usage)
{
	doc_init(&doc_api_usage, usage);
	usage->id = usage_id(w->arena, w->job, slot);
	usage->user_id = w->job->user_id;
	usage->design_id = w->job->design_id;
	usage->api_type = w->job->kind;
	usage->model_used = str_of(provider_name(w->app->provider));
	usage->request.prompt = w->request.is_refinement
	    ? w->request.change.prompt : w->request.prompt;
	usage->request.num_images = 1;
	usage->request.parameters = work_parameters(w, arena_printf(w->arena,
	    "{\"seed\":%lld,\"variation\":%d}", (long long)slot->seed,
	    (int)slot->variation));
	usage->response.error_message = STR("the call has not ended");
	usage->ip_address = w->job->ip_address;
	usage->created_at = clock_now_ms();
}

enum rc
slot_start(struct work *w, size_t i, struct err *err)
{
	struct slot *slot = &w->job->slots.items[i];
	struct work_call *call = &w->calls[i];
	const char *from = arena_strz(w->arena, slot->status);

	if (slot->attempts >= w->app->conf->job_attempts)
		return slot_end(w, slot, "failed", STR("attempts_exhausted"),
		    STR("It was tried several times without success."), err);
	slot->status = STR("running");
	slot->attempts++;
	slot->retry_at = TIME_NULL;
	slot->started_at = clock_now_ms();
	if (jobs_set_slot(w->app->store, w->arena, w->job->id, w->token, slot,
	    from, err) != RC_OK)
		return err->rc;
	init_usage(w, slot, &call->usage);
	if (usage_begin(w->app->store, w->arena, &call->usage, err) != RC_OK)
		return err->rc;
	call->request = w->request;
	call->request.variation = slot->variation;
	call->request.seed = (uint32_t)slot->seed;
	call->call = provider_start(w->app->provider, w->arena, &call->request);
	w->running++;
	metric_add(w->app->shared, METRIC_provider_calls_total, 1);
	return RC_OK;
}

enum rc
slot_end(struct work *w, struct slot *slot, const char *status,
    struct str reason, struct str message, struct err *err)
{
	const char *from = arena_strz(w->arena, slot->status);

	slot->status = str_of(status);
	slot->reason = reason;
	slot->message = utf8_head(message, MESSAGE_MAX);
	slot->ended_at = clock_now_ms();
	metric_add(w->app->shared, METRIC_images_failed_total, 1);
	return jobs_set_slot(w->app->store, w->arena, w->job->id, w->token, slot,
	    from, err);
}

/* --- landing ------------------------------------------------------------- */

struct landing {
	struct work *w;
	struct slot slot;	/* as it will be */
	struct work_call *call;
	struct str key, thumbnail_key, parameters;
	double cost_usd, seconds;
	bool landed;
};

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

static enum rc
land_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct landing *l = arg;

	if (jobs_set_slot(store, arena, l->w->job->id, l->w->token, &l->slot,
	    "running", err) != RC_OK
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

static enum rc
land(struct landing *l, struct err *err)
{
	struct work *w = l->w;
	enum rc rc;

	/* A database that is away for a while costs no picture. */
	while ((rc = store_transaction(w->app->store, w->arena,
	    clock_mono_ms() + TRANSACTION_MS, land_in_transaction, l, err))
	    == RC_UNAVAILABLE && !store_commit_unknown(w->app->store)
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

/* The object first, then the documents. */
static enum rc
store_picture(struct landing *l, const struct image_result *image,
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

/* --- what came of a call ------------------------------------------------- */

static int64_t
back_off(const struct work *w, const struct slot *slot, int64_t asked_ms)
{
	int64_t wait = w->app->conf->job_retry_ms
	    << (slot->attempts < 6 ? slot->attempts - 1 : 5);

	if (asked_ms > 0)
		wait = asked_ms;
	return wait < RETRY_MOST_MS ? wait : RETRY_MOST_MS;
}

static enum rc
retry_later(struct work *w, size_t i, const struct provider_result *result,
    struct err *err)
{
	struct slot *slot = &w->job->slots.items[i];

	if (slot->attempts >= w->app->conf->job_attempts
	    || (result->attempts_left_at_most >= 0
	    && slot->attempts > result->attempts_left_at_most))
		return slot_end(w, slot, "failed", result->reason,
		    result->message, err);
	slot->status = STR("queued");
	slot->reason = result->reason;
	slot->message = utf8_head(arena_printf(w->arena,
	    "%.*s It will be tried again.", STR_FMT(result->message)),
	    MESSAGE_MAX);
	slot->retry_at = clock_now_ms()
	    + back_off(w, slot, result->retry_after_ms);
	w->calls[i].waiting = true;
	w->last_error = utf8_head(result->detail.p != NULL ? result->detail
	    : result->reason, LAST_ERROR_MAX);
	return jobs_set_slot(w->app->store, w->arena, w->job->id, w->token, slot,
	    "running", err);
}

/* Not our provider's fault, nor the user's: the same picture again, later. */
static enum rc
retry_own_fault(struct work *w, size_t i, const char *reason,
    const struct err *why, struct err *err)
{
	struct provider_result result = { .outcome = PROVIDER_RETRY,
		.reason = str_of(reason), .attempts_left_at_most = -1,
		.message = arena_str(w->arena, str_of(why->message)),
		.detail = arena_str(w->arena, str_of(why->detail)) };

	/* The row of the call: a picture was paid for, but none is there. */
	w->calls[i].usage.response.success = false;
	w->calls[i].usage.response.num_images_returned = 0;
	w->calls[i].usage.response.error_message = result.reason;
	log_event(LOG_ERROR, "slot.retry", LOG_Z("reason", reason),
	    LOG_Z("detail", why->detail), LOG_END);
	return retry_later(w, i, &result, err);
}

static enum rc
take_picture(struct work *w, size_t i, const struct provider_result *result,
    struct landing *l, struct err *err)
{
	struct slot *slot = &w->job->slots.items[i];
	struct image_result image;
	struct err why;

	err_init(&why);
	if (app_image_normalize(w->app, w->arena, result->image, 0, &image,
	    &why) != RC_OK)
		return retry_own_fault(w, i, "bad_image", &why, err);
	if (store_picture(l, &image, &why) != RC_OK)
		return retry_own_fault(w, i, "storage", &why, err);
	l->parameters = work_parameters(w, result->parameters);
	if (l->parameters.p != NULL)
		l->call->usage.request.parameters = l->parameters;
	l->slot = *slot;
	l->slot.status = STR("succeeded");
	l->slot.reason = l->slot.message = STR_NULL;
	l->slot.ended_at = clock_now_ms();
	if (land(l, err) != RC_OK)
		return err->rc;
	if (l->landed)
		*slot = l->slot;
	return RC_OK;
}

static void
complete_usage(struct work_call *call, const struct provider_result *result)
{
	bool ok = result->outcome == PROVIDER_OK;

	if (result->model.p != NULL)
		call->usage.model_used = result->model;
	call->usage.response.success = ok;
	call->usage.response.num_images_returned = ok ? 1 : 0;
	call->usage.response.error_message = ok ? STR_NULL : result->reason;
	call->usage.cost_usd = (double)result->cost_microusd / 1e6;
	call->usage.generation_time_seconds = (double)result->took_ms / 1e3;
}

/* A call without a picture: its row, its cost. */
static enum rc
close_call(struct work *w, struct work_call *call, struct err *err)
{
	if (usage_end(w->app->store, w->arena, &call->usage, err) != RC_OK)
		return err->rc;
	return designs_add_cost(w->app->store, w->arena, w->job->design_id,
	    call->usage.cost_usd, call->usage.generation_time_seconds, err);
}

enum rc
slot_take(struct work *w, size_t i, const struct provider_result *result,
    struct err *err)
{
	struct work_call *call = &w->calls[i];
	struct slot *slot = &w->job->slots.items[i];
	struct landing l = { .w = w, .call = call,
		.slot = { .image_id = slot->image_id },
		.cost_usd = (double)result->cost_microusd / 1e6,
		.seconds = (double)result->took_ms / 1e3 };

	complete_usage(call, result);
	metric_add(w->app->shared, METRIC_provider_microdollars_total,
	    result->cost_microusd);
	if (result->outcome == PROVIDER_OK)
		metric_set(w->app->shared, METRIC_provider_failing, 0);
	else if (result->alarm)
		metric_set(w->app->shared, METRIC_provider_failing, 1);
	if (result->alarm) {
		metric_add(w->app->shared, METRIC_provider_alarms_total, 1);
		log_event(LOG_ERROR, "provider.alarm",
		    LOG_STR("reason", result->reason),
		    LOG_STR("detail", result->detail), LOG_END);
	}
	if (result->outcome == PROVIDER_OK) {
		if (take_picture(w, i, result, &l, err) != RC_OK)
			return err->rc;
		return l.landed ? RC_OK : close_call(w, call, err);
	}
	if (close_call(w, call, err) != RC_OK)
		return err->rc;
	switch (result->outcome) {
	case PROVIDER_REFUSED:
		return slot_end(w, slot, "refused", result->reason,
		    result->message, err);
	case PROVIDER_RETRY:
		return retry_later(w, i, result, err);
	case PROVIDER_CANCELLED:
		if (*w->stop && !w->cancelled) {
			/* We are leaving: another worker begins it anew. */
			slot->attempts--;
			slot->status = STR("queued");
			return jobs_set_slot(w->app->store, w->arena, w->job->id,
			    w->token, slot, "running", err);
		}
		return slot_end(w, slot, "cancelled", STR(ENDING_STOPPED),
		    STR(ENDING_STOPPED_MESSAGE), err);
	default:
		return slot_end(w, slot, "failed", result->reason,
		    result->message, err);
	}
}
