#include "config.h"

#include "app/charge.h"

#include "app/guests.h"
#include "app/me.h"
#include "base/clock.h"
#include "schema/documents.h"
#include "store/counters.h"
#include "store/guests.h"

/* The members of a group that are of one kind. */
struct part {
	size_t n;
	struct charged **charged;
	struct str *ids, *design_ids;
};

static struct part
part_of(struct arena *arena, struct charged *all, size_t n, enum actor_kind kind)
{
	struct part part = { 0, arena_many(arena, n, struct charged *),
		arena_many(arena, n, struct str), arena_many(arena, n, struct str) };

	for (size_t i = 0; i < n; i++) {
		const struct store_owner *owner = &all[i].actor->owner;

		if (all[i].actor->kind != kind)
			continue;
		part.charged[part.n] = &all[i];
		part.ids[part.n] = kind == ACTOR_MEMBER ? owner->user_id
		    : owner->guest_session_id;
		part.design_ids[part.n++] = all[i].design_id;
	}
	return part;
}

static enum rc
charge_guests(struct app *app, struct arena *arena, const struct part *part,
    struct err *err)
{
	struct guest_session *sessions = arena_many(arena, part->n,
	    struct guest_session);

	if (part->n == 0)
		return RC_OK;
	if (guest_charge_all(app->store, arena, part->ids, part->design_ids,
	    part->n, clock_now_ms(), (int32_t)app->conf->guest_daily, sessions,
	    err) != RC_OK)
		return err->rc;
	for (size_t i = 0; i < part->n; i++)
		*part->charged[i]->quota = app_guest_quota(app, &sessions[i]);
	return RC_OK;
}

static enum rc
charge_members(struct app *app, struct arena *arena, const struct part *part,
    enum users_charge_kind kind, struct err *err)
{
	const struct users_limits free = app_limits_free(app->conf),
	    premium = app_limits_premium(app->conf);
	struct user *users = arena_many(arena, part->n, struct user);

	if (part->n == 0)
		return RC_OK;
	if (users_charge_all(app->store, arena, part->ids, part->n, kind, &free,
	    &premium, users, err) != RC_OK)
		return err->rc;
	for (size_t i = 0; i < part->n; i++)
		*part->charged[i]->quota = app_me_quota(app, &users[i],
		    kind == CHARGE_REFINEMENT);
	return RC_OK;
}

enum rc
charge_principals(struct app *app, struct arena *arena, struct charged *all,
    size_t n, enum users_charge_kind kind, struct err *err)
{
	const struct part guests = part_of(arena, all, n, ACTOR_GUEST),
	    members = part_of(arena, all, n, ACTOR_MEMBER);

	if (charge_guests(app, arena, &guests, err) != RC_OK)
		return err->rc;
	return charge_members(app, arena, &members, kind, err);
}

/* Of guests: how many of them each address has. Returns how many addresses. */
static size_t
addresses_of(const struct charged *all, size_t n, struct counter_amount *ret)
{
	size_t count = 0, k;

	for (size_t i = 0; i < n; i++) {
		struct str address = all[i].job->charge->address;

		if (address.n == 0)
			continue;
		for (k = 0; k < count && !str_eq(ret[k].key, address); k++)
			;
		if (k == count)
			ret[count++] = (struct counter_amount){ .key = address };
		ret[k].amount++;
	}
	return count;
}

/* The earliest of all. */
static int64_t
deadline_of(const struct charged *all, size_t n)
{
	int64_t deadline_ms = all[0].actor->deadline_ms;

	for (size_t i = 1; i < n; i++)
		if (all[i].actor->deadline_ms < deadline_ms)
			deadline_ms = all[i].actor->deadline_ms;
	return deadline_ms;
}

static void
keep_ranks(struct app *app, const struct charged *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		gate_ranked(app->shared, all[i].actor->principal,
		    all[i].job->rank);
}

enum rc
charge_and_run_together(struct app *app, struct arena *arena,
    struct charged *all, size_t n, store_transaction_fn *fn, void *arg,
    struct err *err)
{
	struct counter_amount *addresses = arena_many(arena, n,
	    struct counter_amount);
	struct err ignored;
	size_t count;

	for (size_t i = 0; i < n; i++) {
		all[i].job->rank = gate_rank(app->shared, all[i].actor->principal,
		    clock_now_ms());
	}
	count = addresses_of(all, n, addresses);
	if (charge_addresses_take(app, arena, addresses, count, err) != RC_OK)
		return err->rc;
	if (store_transaction_once(app->store, arena, deadline_of(all, n), fn, arg,
	    err) != RC_OK) {
		/* What cannot be given back stays: this counter may say too much,
		 * never too little. */
		err_init(&ignored);
		if (err->unknown)
			keep_ranks(app, all, n);
		else
			(void)!counter_give_back_all(app->store, arena, addresses,
			    count, &ignored);
		return err->rc;
	}
	keep_ranks(app, all, n);
	metric_add(app->shared, METRIC_generations_created_total, (int64_t)n);
	return RC_OK;
}
