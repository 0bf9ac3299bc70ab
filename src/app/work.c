#include "config.h"

#include "app/work.h"

#include <stdlib.h>

#include "app/claim.h"
#include "app/ending.h"
#include "app/exports.h"
#include "app/folders.h"
#include "app/leaving.h"
#include "app/post.h"
#include "app/share-purge.h"
#include "app/work-slot.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/uuid.h"
#include "blob/blob.h"
#include "schema/documents.h"
#include "store/designs.h"
#include "store/jobs.h"
#include "store/views.h"

enum {
	WAIT_MS = 250,			/* between looks at stop and the lease */
	LEAVE_MS = 20000,		/* the supervisor waits for 30 s */
	TRANSACTION_MS = 20000,
	RETRY_LEAST_MS = 2000, RETRY_MOST_MS = 120000,
	CLAIMS_MAX = 60			/* then a job is dead: hours of back-off */
};

static int64_t
lease_ms(const struct work *w)
{
	return w->app->conf->job_lease_s * 1000;
}

/* --- the end of a job ---------------------------------------------------- */

static enum rc
finish_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct work *w = arg;

	(void)store;
	return ending_write(w->app, arena, w->job, w->token, err);
}

static enum rc
finish(struct work *w, struct err *err)
{
	if (store_transaction(w->app->store, w->arena,
	    clock_mono_ms() + TRANSACTION_MS, finish_in_transaction, w, err)
	    != RC_OK)
		return err->rc;
	ending_log(w->job);
	return RC_OK;
}

/* --- a generation -------------------------------------------------------- */

/* Slots of a job that the user does not want, or whose design is gone. */
static enum rc
cancel_rest(struct work *w, const char *reason, const char *message,
    struct err *err)
{
	for (size_t i = 0; i < w->job->slots.n; i++) {
		struct slot *slot = &w->job->slots.items[i];

		if (!slot_open(slot))
			continue;
		if (slot_end(w, slot, "cancelled", str_of(reason),
		    str_of(message), err) != RC_OK)
			return err->rc;
	}
	return RC_OK;
}

/* Begins calls for the slots that are due, as many as may run at once. */
static enum rc
start_due(struct work *w, struct err *err)
{
	for (size_t i = 0; i < w->job->slots.n
	    && w->running < w->app->conf->job_slots; i++) {
		struct slot *slot = &w->job->slots.items[i];

		if (w->calls[i].call != NULL || !slot_open(slot)
		    || w->calls[i].waiting
		    || (slot->retry_at != TIME_NULL
		    && slot->retry_at > clock_now_ms()))
			continue;
		if (slot_start(w, i, err) != RC_OK)
			return err->rc;
	}
	return RC_OK;
}

static enum rc
take_ended(struct work *w, struct err *err)
{
	for (size_t i = 0; i < w->job->slots.n; i++) {
		const struct provider_result *result;

		if (w->calls[i].call == NULL)
			continue;
		result = provider_result(w->calls[i].call);
		if (result->outcome == PROVIDER_RUNNING)
			continue;
		w->calls[i].call = NULL;
		w->running--;
		if (slot_take(w, i, result, err) != RC_OK)
			return err->rc;
	}
	return RC_OK;
}

static void
cancel_calls(struct work *w)
{
	for (size_t i = 0; i < w->job->slots.n; i++)
		if (w->calls[i].call != NULL)
			provider_cancel(w->calls[i].call);
}

enum rc
work_heartbeat(struct work *w, struct err *err)
{
	int64_t now_ms = clock_mono_ms();
	bool cancel = false;

	if (now_ms < w->next_heartbeat_ms)
		return RC_OK;
	w->next_heartbeat_ms = now_ms
	    + (lease_ms(w) / 3 < 1000 ? lease_ms(w) / 3 : 1000);
	(void)!jobs_heartbeat(w->app->store, w->arena, w->job->id, w->token,
	    lease_ms(w), &cancel, err);
	if (err->rc == RC_OK)
		w->lease_ends_ms = now_ms + lease_ms(w);
	else if (err->rc == RC_UNAVAILABLE
	    && clock_mono_ms() < w->lease_ends_ms)
		err_init(err);	/* the job is still ours, and calls cost money */
	else
		return err->rc;
	if (cancel && !w->cancelled) {
		w->cancelled = true;
		cancel_calls(w);
	}
	return RC_OK;
}

bool
work_beat(void *arg)
{
	const struct work_pulse *pulse = arg;
	struct work *w = pulse->w;

	if (work_heartbeat(w, pulse->err) != RC_OK)
		return false;
	if (!*w->stop)
		return true;
	if (w->leave_by_ms == 0)
		w->leave_by_ms = clock_mono_ms() + pulse->leave_ms;
	return clock_mono_ms() < w->leave_by_ms;
}

/* Told to stop, we begin no call. Those on their way are broken off, for another
 * worker to begin anew; what is paid for is waited for. */
static bool
must_break_off(struct work *w)
{
	int64_t now_ms = clock_mono_ms();

	if (!*w->stop)
		return false;
	if (w->leave_by_ms == 0)
		w->leave_by_ms = now_ms
		    + (provider_paid(w->provider) ? LEAVE_MS : 0);
	return now_ms >= w->leave_by_ms;
}

/* The loop over calls. RC_OK: nothing runs any more. */
static enum rc
drive(struct work *w, struct err *err)
{
	for (;;) {
		if (!w->cancelled && !*w->stop && start_due(w, err) != RC_OK)
			return err->rc;
		if (w->running == 0)
			return RC_OK;
		provider_wait(w->provider, WAIT_MS);
		if (must_break_off(w))
			cancel_calls(w);
		if (work_heartbeat(w, err) != RC_OK || take_ended(w, err) != RC_OK)
			return err->rc;
	}
}

/* Until the next slot may be tried, or -1 when none is open. */
static int64_t
wait_of_open(const struct work *w)
{
	int64_t least = -1, now_ms = clock_now_ms();

	for (size_t i = 0; i < w->job->slots.n; i++) {
		const struct slot *slot = &w->job->slots.items[i];
		int64_t wait;

		if (!slot_open(slot))
			continue;
		wait = slot->retry_at == TIME_NULL || slot->retry_at < now_ms ? 0
		    : slot->retry_at - now_ms;
		if (least < 0 || wait < least)
			least = wait;
	}
	return least;
}

static enum rc
run_generation(struct work *w, struct err *err)
{
	struct str doc;
	enum rc rc;

	w->cancelled = w->job->cancel_requested;
	w->provider = w->job->test ? w->app->test_provider : w->app->provider;
	rc = designs_find(w->app->store, w->arena, w->job->design_id, &doc, err);
	if (rc == RC_NOT_FOUND) {
		err_init(err);
		if (cancel_rest(w, "design_deleted", "The design was deleted.",
		    err) != RC_OK)
			return err->rc;
		return finish(w, err);
	}
	if (rc != RC_OK)
		return rc;
	doc_read(&doc_design, doc, &w->design, w->arena);
	if (slot_prepare(w, err) != RC_OK || drive(w, err) != RC_OK)
		return err->rc;
	if (w->cancelled && cancel_rest(w, ENDING_STOPPED,
	    ENDING_STOPPED_MESSAGE, err) != RC_OK)
		return err->rc;
	if (wait_of_open(w) >= 0)
		return jobs_requeue(w->app->store, w->arena, w->job->id,
		    w->token, wait_of_open(w), w->last_error, err);
	return finish(w, err);
}

/* --- the removal of a design's objects ----------------------------------- */

static enum rc
run_deletion(struct work *w, struct err *err)
{
	enum { MOST = 100 };
	struct str uploads[MOST];
	size_t n;

	if (views_remove_of_design(w->app->store, w->arena, w->job->design_id,
	    err) != RC_OK
	    || app_folder_delete(w->app, w->arena, w->job->design_id, err) != RC_OK
	    || uploads_of_design(w->app->store, w->arena, w->job->design_id,
	    MOST, uploads, &n, err) != RC_OK)
		return err->rc;
	for (size_t i = 0; i < n; i++)
		if (app_folder_delete(w->app, w->arena, uploads[i], err) != RC_OK
		    || uploads_remove(w->app->store, w->arena, uploads[i], err)
		    != RC_OK)
			return err->rc;
	return jobs_end(w->app->store, w->arena, w->job->id, w->token,
	    "succeeded", false, err);
}

/* --- what a guest has made becomes a member's ----------------------------- */

static enum rc
run_claim(struct work *w, struct err *err)
{
	if (app_claim_rest(w->app, w->arena, w->job->guest_session_id,
	    w->job->user_id, err) != RC_OK)
		return err->rc;
	return jobs_end(w->app->store, w->arena, w->job->id, w->token,
	    "succeeded", false, err);
}

/* --- designs of a folder that is removed ---------------------------------- */

static enum rc
run_folder_deletion(struct work *w, struct err *err)
{
	if (app_folders_remove_rest(w->app, w->arena, w->job->user_id, err)
	    != RC_OK)
		return err->rc;
	return jobs_end(w->app->store, w->arena, w->job->id, w->token,
	    "succeeded", false, err);
}

/* --- any job ------------------------------------------------------------- */

static const struct {
	const char *kind;
	enum rc (*run)(struct work *w, struct err *err);
	bool endless;		/* promised to a person: never given up */
} kinds[] = {
	{ "generation", run_generation, false },
	{ "refinement", run_generation, false },
	{ "object_deletion", run_deletion, false },
	{ "claim", run_claim, false },
	{ "mail", post_run, false },
	{ "export", export_run, false },
	{ "folder_deletion", run_folder_deletion, false },
	{ "account_deletion", leaving_run, true },
	{ "purge", share_purge_run, true },	/* gives up by its age */
};

static int64_t
back_off(int32_t attempts)
{
	int64_t wait = (int64_t)RETRY_LEAST_MS << (attempts < 6 ? attempts : 6);

	return wait < RETRY_MOST_MS ? wait : RETRY_MOST_MS;
}

/* A failure of database or store: given back with a growing wait. If that fails
 * too, the lease runs out. */
static void
give_back(struct work *w, const struct err *why)
{
	struct err err;

	log_event(LOG_ERROR, "job.failed", LOG_STR("job", w->job->id),
	    LOG_Z("code", error_rows[why->rc].code), LOG_Z("detail", why->detail),
	    LOG_Z("message", why->message), LOG_END);
	err_init(&err);
	(void)!jobs_requeue(w->app->store, w->arena, w->job->id, w->token,
	    back_off(w->job->attempts - 1),
	    arena_str(w->arena, str_of(why->detail[0] != '\0' ? why->detail
	    : why->message)), &err);
}

/* Dead letter: no worker can bring it to its end. Its slots fail, what was
 * charged goes back, and an operator is told. */
static enum rc
bury(struct work *w, struct err *err)
{
	struct err ignored;

	log_event(LOG_ERROR, "job.dead", LOG_STR("job", w->job->id),
	    LOG_STR("kind", w->job->kind), LOG_INT("attempts", w->job->attempts),
	    LOG_END);
	metric_add(w->app->shared, METRIC_jobs_dead_total, 1);
	if (str_eqz(w->job->kind, "mail"))	/* no slots, nothing charged */
		return jobs_give_up(w->app->store, w->arena, w->job->id, w->token,
		    STR("given up after many claims"), err);
	err_init(&ignored);
	for (size_t i = 0; i < w->job->slots.n; i++)
		if (slot_open(&w->job->slots.items[i]))
			(void)!slot_end(w, &w->job->slots.items[i], "failed",
			    STR("given_up"), STR("It could not be made."),
			    &ignored);
	return finish(w, err);
}

static enum rc
run(struct work *w, struct err *err)
{
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (str_eqz(w->job->kind, kinds[i].kind) && (kinds[i].endless
		    || w->job->attempts <= CLAIMS_MAX))
			return kinds[i].run(w, err);
	return bury(w, err);
}

enum rc
app_work_once(struct app *app, struct arena *arena, const volatile bool *stop,
    bool *ret_worked, struct err *err)
{
	struct job job;
	struct work w = { .app = app, .arena = arena, .job = &job,
		.stop = stop, .token = uuid_new(arena),
		.lease_ends_ms = clock_mono_ms() };

	if (jobs_claim(app->store, arena, w.token, lease_ms(&w), &job,
	    ret_worked, err) != RC_OK || !*ret_worked)
		return err->rc;
	w.lease_ends_ms += lease_ms(&w);
	metric_add(app->shared, METRIC_job_claims_total, 1);
	log_context(job.id);
	w.next_heartbeat_ms = clock_mono_ms() + 1000;
	(void)!run(&w, err);
	if (err->rc == RC_CONFLICT) {	/* somebody else has the job now */
		metric_add(app->shared, METRIC_job_leases_lost_total, 1);
		cancel_calls(&w);
		err_init(err);
	} else if (err->rc != RC_OK) {
		cancel_calls(&w);
		give_back(&w, err);
	}
	log_context(STR_NULL);
	return err->rc;
}
