#include "config.h"

#include "app/charge.h"

#include "app/guests.h"
#include "app/me.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "schema/documents.h"
#include "store/counters.h"
#include "store/guests.h"
#include "store/jobs.h"

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
	job->test = actor->kind == ACTOR_TEST;
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

static const char *const kind_words[] = { "design", "generation", "refinement" };

static enum rc
charge_member(struct app *app, struct arena *arena, const struct actor *actor,
    enum users_charge_kind kind, struct quota *ret_quota, struct err *err)
{
	const struct users_limits free = app_limits_free(app->conf),
	    premium = app_limits_premium(app->conf);
	struct user user;
	enum rc rc = users_charge(app->store, arena, actor->owner.user_id, kind,
	    &free, &premium, &user, err);

	if (rc == RC_OK || rc == RC_QUOTA)
		*ret_quota = app_me_quota(app, &user, kind == CHARGE_REFINEMENT);
	if (rc == RC_QUOTA)
		ret_quota->left = 0;
	return rc;
}

static enum rc
charge_guest(struct app *app, struct arena *arena, const struct actor *actor,
    struct str design_id, struct quota *ret_quota, struct err *err)
{
	struct guest_session session;
	enum rc rc = guest_charge(app->store, arena,
	    actor->owner.guest_session_id, clock_now_ms(),
	    (int32_t)app->conf->guest_daily, design_id, &session, err);

	if (rc == RC_OK)
		*ret_quota = app_guest_quota(app, &session);
	return rc;
}

enum rc
charge_principal(struct app *app, struct arena *arena, const struct actor *actor,
    enum users_charge_kind kind, struct str design_id, struct quota *ret_quota,
    struct err *err)
{
	if (actor->kind == ACTOR_MEMBER)
		return charge_member(app, arena, actor, kind, ret_quota, err);
	if (actor->kind == ACTOR_TEST)
		return RC_OK;
	if (actor->kind == ACTOR_GUEST)
		return charge_guest(app, arena, actor, kind == CHARGE_DESIGN
		    ? design_id : STR_NULL, ret_quota, err);
	return err_set(err, RC_NO_SESSION, "Start a session first.");
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
	if (job != NULL && (err->rc == RC_OK || err->unknown))
		gate_ranked(app->shared, actor->principal, job->rank);
	gate_leave(app->shared, actor->principal);
	return err->rc;
}

/* The refusal says how much there is in all, and when to come again. */
static enum rc
quota_refused(struct app *app, const struct actor *actor, struct quota *quota,
    struct err *err)
{
	char day[11];

	metric_add(app->shared, METRIC_quota_refusals_total, 1);
	if (quota->limit == 0)
		*quota = (struct quota){ actor->kind == ACTOR_GUEST
		    ? app->conf->guest_daily : 0, 0, app_day(day) };
	err->retry_after_s = (int)quota->reset_s;
	return err->rc;
}

struct charge *
charge_new(struct arena *arena, const struct actor *actor,
    enum users_charge_kind kind)
{
	struct charge *charge = arena_one(arena, struct charge);
	char day[11];

	(void)app_day(day);
	doc_init(&doc_charge, charge);
	charge->principal = actor->principal;
	charge->day = arena_str(arena, str_of(day));
	charge->address = STR("");
	if (actor->kind == ACTOR_MEMBER)
		charge->kind = str_of(kind_words[kind]);
	else
		charge->address = address_counter(arena, actor, day);
	return charge;
}

bool
charge_refused_lately(const struct app *app, const struct charge *charge)
{
	return gate_refused_lately(app->shared, charge->principal)
	    || (charge->address.n > 0
	    && gate_refused_lately(app->shared, charge->address));
}

static enum rc
address_take(struct app *app, struct arena *arena, struct str address,
    struct err *err)
{
	return address.n == 0 ? RC_OK : counter_take(app->store, arena, address, 1,
	    app->conf->guest_address_daily, clock_now_ms() + COUNTER_LIFE_MS, err);
}

static enum rc
address_return(struct app *app, struct arena *arena, struct str address,
    struct err *err)
{
	return address.n == 0 ? RC_OK
	    : counter_give_back(app->store, arena, address, 1, err);
}

enum rc
charge_addresses_take(struct app *app, struct arena *arena,
    const struct counter_amount *addresses, size_t n, struct err *err)
{
	return n == 0 ? RC_OK : counter_take_all(app->store, arena, addresses, n,
	    app->conf->guest_address_daily, clock_now_ms() + COUNTER_LIFE_MS, err);
}

/* Test keys cost nothing, but work and room: so many a day and account. */
static enum rc
test_and_run(struct app *app, struct arena *arena, const struct actor *actor,
    struct job *job, store_transaction_fn *fn, void *arg, struct quota *quota,
    struct err *err)
{
	struct quota all = { app->conf->test_daily, 0, 0 };
	struct err ignored;
	struct str key;
	int64_t count;
	char day[11];

	all.reset_s = app_day(day);
	key = arena_printf(arena, "%.*s|generation|%s", STR_FMT(actor->principal),
	    day);
	if (counter_take(app->store, arena, key, 1, all.limit, clock_now_ms()
	    + COUNTER_LIFE_MS, err) == RC_QUOTA) {
		*quota = all;
		(void)err_set(err, RC_QUOTA, "Test mode makes at most %lld designs, "
		    "generations and refinements a day.", (long long)all.limit);
		return quota_refused(app, actor, quota, err);
	}
	if (err->rc != RC_OK)
		return err->rc;
	(void)!owner_transaction(app, arena, actor, job, fn, arg, err);
	err_init(&ignored);
	if (err->rc != RC_OK) {
		if (!err->unknown)
			(void)!counter_give_back(app->store, arena, key, 1,
			    &ignored);
		return err->rc;
	}
	if (counter_get(app->store, arena, key, &count, &ignored) == RC_OK) {
		all.left = all.limit - count;
		*quota = all;	/* without it the answer lacks two headers */
	}
	return RC_OK;
}

enum rc
charge_and_run(struct app *app, struct arena *arena, const struct actor *actor,
    enum users_charge_kind kind, struct job *job, store_transaction_fn *fn,
    void *arg, struct quota *quota, struct err *err)
{
	struct err ignored;
	bool of_address;
	enum rc rc;

	if (actor->kind == ACTOR_TEST)
		return test_and_run(app, arena, actor, job, fn, arg, quota, err);
	job->charge = charge_new(arena, actor, kind);
	rc = address_take(app, arena, job->charge->address, err);
	of_address = rc != RC_OK;
	if (rc == RC_OK) {
		rc = owner_transaction(app, arena, actor, job, fn, arg, err);
		err_init(&ignored);
		/* Not when it may be committed: this counter may say too much,
		 * never too little. */
		if (rc != RC_OK && !err->unknown)
			(void)!address_return(app, arena, job->charge->address,
			    &ignored);
	}
	if (rc == RC_OK)
		metric_add(app->shared, METRIC_generations_created_total, 1);
	else if (rc != RC_CONFLICT && error_rows[rc].status < 500)
		gate_note_refusal(app->shared, of_address ? job->charge->address
		    : actor->principal);
	return rc == RC_QUOTA ? quota_refused(app, actor, quota, err) : rc;
}

/* Who was charged stands in the charge: the job may have become a member's since. */
enum rc
charge_return(struct app *app, struct arena *arena, const struct job *job,
    struct err *err)
{
	const struct charge *charge = job->charge;
	struct str id;
	const char *day;

	if (charge == NULL || charge->returned)
		return RC_OK;
	if (address_return(app, arena, charge->address, err) != RC_OK)
		return err->rc;
	id = charge->principal;
	day = arena_strz(arena, charge->day);
	if (str_eqz(str_cut(&id, ':'), "guest"))
		return guest_give_back(app->store, arena, id, day, err);
	for (int kind = CHARGE_DESIGN; kind <= CHARGE_REFINEMENT; kind++)
		if (str_eqz(charge->kind, kind_words[kind]))
			return users_give_back(app->store, arena, id,
			    (enum users_charge_kind)kind, day, err);
	return RC_OK;
}
