#include "config.h"

#include "app/charge.h"

#include "app/guests.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "schema/documents.h"
#include "store/jobs.h"
#include "store/sessions.h"

enum { COUNTER_LIFE_MS = 2 * 24 * 3600 * 1000 };

void
job_init(struct job *job, struct arena *arena, const struct actor *actor,
    const char *kind, struct str id, struct str design_id, int slots,
    int first_variation)
{
	int64_t now_ms = clock_now_ms();

	doc_init(&doc_job, job);
	job->id = id;
	job->kind = str_of(kind);
	job->design_id = design_id;
	job->user_id = actor->owner.user_id;
	job->guest_session_id = actor->owner.guest_session_id;
	job->priority = JOB_PRIORITY;
	job->rank = now_ms;
	job->run_at = job->created_at = job->updated_at = now_ms;
	job->ip_address = actor->address.p != NULL ? actor->address : STR("");
	job->slots.n = (size_t)slots;
	job->slots.items = arena_many(arena, job->slots.n, struct slot);
	for (int i = 0; i < slots; i++) {
		struct slot *slot = &job->slots.items[i];
		uint32_t seed;

		doc_init(&doc_slot, slot);
		random_bytes(&seed, sizeof seed);
		slot->image_id = uuid_new(arena);
		slot->variation = first_variation + i;
		slot->seed = seed;
	}
}

enum rc
charge_principal(struct app *app, struct arena *arena, const struct actor *actor,
    struct str design_id, struct quota *ret_quota, struct err *err)
{
	struct guest_session session;

	if (actor->kind != ACTOR_GUEST)
		return err_set(err, RC_NO_SESSION, "Start a session first.");
	if (guest_charge(app->store, arena, actor->owner.guest_session_id,
	    clock_now_ms(), (int32_t)app->conf->guest_daily, design_id, &session,
	    err) != RC_OK)
		return err->rc;
	*ret_quota = app_guest_quota(app, &session);
	return RC_OK;
}

static struct str
address_counter(struct arena *arena, const struct actor *actor, const char *day)
{
	return arena_printf(arena, "address:%.*s|generation|%s",
	    STR_FMT(app_address_key(arena, actor->address)), day);
}

enum rc
owner_transaction(struct app *app, struct arena *arena,
    const struct actor *actor, struct job *job, store_transaction_fn *fn,
    void *arg, struct err *err)
{
	if (!gate_enter(app->shared, actor->principal, actor->deadline_ms))
		return err_set(err, RC_UNAVAILABLE,
		    "Too many requests of yours are waiting for each other.");
	if (job != NULL)
		job->rank = gate_rank(app->shared, actor->principal,
		    clock_now_ms());
	(void)!store_transaction(app->store, arena, actor->deadline_ms, fn, arg,
	    err);
	gate_leave(app->shared, actor->principal);
	return err->rc;
}

static enum rc
quota_refused(struct app *app, struct err *err)
{
	char day[11];

	metric_add(app->shared, METRIC_quota_refusals_total, 1);
	err->retry_after_s = (int)app_day(day);
	return err->rc;
}

enum rc
charge_and_run(struct app *app, struct arena *arena, const struct actor *actor,
    struct job *job, store_transaction_fn *fn, void *arg, struct err *err)
{
	struct charge *charge = arena_one(arena, struct charge);
	struct err ignored;
	char day[11];
	enum rc rc;

	(void)app_day(day);
	doc_init(&doc_charge, charge);
	charge->principal = actor->principal;
	charge->day = arena_str(arena, str_of(day));
	charge->address = address_counter(arena, actor, day);
	job->charge = charge;
	rc = counter_take(app->store, arena, charge->address,
	    app->conf->guest_address_daily, clock_now_ms() + COUNTER_LIFE_MS,
	    err);
	if (rc == RC_OK) {
		rc = owner_transaction(app, arena, actor, job, fn, arg, err);
		err_init(&ignored);
		/* Not when it may be committed: this counter may say too much,
		 * never too little. */
		if (rc != RC_OK && !store_commit_unknown(app->store))
			(void)!counter_give_back(app->store, arena,
			    charge->address, &ignored);
	}
	if (rc == RC_QUOTA)
		return quota_refused(app, err);
	if (rc == RC_OK)
		metric_add(app->shared, METRIC_generations_created_total, 1);
	return rc;
}

enum rc
charge_return(struct app *app, struct arena *arena, const struct job *job,
    struct err *err)
{
	const struct charge *charge = job->charge;

	if (charge == NULL || charge->returned)
		return RC_OK;
	if (counter_give_back(app->store, arena, charge->address, err) != RC_OK)
		return err->rc;
	if (job->guest_session_id.p == NULL)
		return RC_OK;
	return guest_give_back(app->store, arena, job->guest_session_id,
	    arena_strz(arena, charge->day), err);
}
