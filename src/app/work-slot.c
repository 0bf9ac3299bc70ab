#include "config.h"

#include "app/work-slot.h"

#include "app/ending.h"
#include "app/ready.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "crypt/hash.h"
#include "image/image.h"
#include "store/designs.h"
#include "store/jobs.h"

enum {
	RETRY_MOST_MS = 120000,
	MESSAGE_MAX = 300, LAST_ERROR_MAX = 500
};

bool
slot_open(const struct slot *slot)
{
	return str_eqz(slot->status, "queued") || str_eqz(slot->status, "running");
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
	usage->model_used = str_of(provider_name(w->provider));
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
	call->call = provider_start(w->provider, w->arena, &call->request);
	w->running++;
	metric_add(w->app->shared, w->job->test ? METRIC_test_calls_total
	    : METRIC_provider_calls_total, 1);
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
	if (landing_store(l, &image, &why) != RC_OK)
		return retry_own_fault(w, i, "storage", &why, err);
	l->parameters = work_parameters(w, result->parameters);
	if (l->parameters.p != NULL)
		l->call->usage.request.parameters = l->parameters;
	l->slot = *slot;
	l->slot.status = STR("succeeded");
	l->slot.reason = l->slot.message = STR_NULL;
	l->slot.ended_at = clock_now_ms();
	if (landing_commit(l, err) != RC_OK)
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
	if (result->outcome == PROVIDER_OK && !w->job->test)
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
