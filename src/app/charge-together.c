#include "config.h"

#include "app/charge.h"

#include "app/guests.h"
#include "app/me.h"
#include "base/clock.h"
#include "schema/documents.h"
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

/* How many of all are of the address of the i-th; 0 when an earlier one is, too. */
static int64_t
amount_of(const struct charged *all, size_t n, size_t i)
{
	int64_t amount = 0;

	for (size_t k = 0; k < n; k++) {
		if (!str_eq(all[k].job->charge->address,
		    all[i].job->charge->address))
			continue;
		if (k < i)
			return 0;
		amount++;
	}
	return amount;
}

/* The first `upto` of n; what cannot be given back stays: this counter may say too much,
 * never too little. */
static void
return_addresses(struct app *app, struct arena *arena, const struct charged *all,
    size_t n, size_t upto)
{
	struct err ignored;

	for (size_t i = 0; i < upto; i++) {
		int64_t amount = amount_of(all, n, i);

		err_init(&ignored);
		if (amount > 0)
			(void)!charge_address_return(app, arena,
			    all[i].job->charge->address, amount, &ignored);
	}
}

/* Once for each address. */
static enum rc
take_addresses(struct app *app, struct arena *arena, const struct charged *all,
    size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		int64_t amount = amount_of(all, n, i);

		if (amount > 0 && charge_address_take(app, arena,
		    all[i].job->charge->address, amount, err) != RC_OK) {
			return_addresses(app, arena, all, n, i);
			return err->rc;
		}
	}
	return RC_OK;
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

enum rc
charge_and_run_together(struct app *app, struct arena *arena,
    struct charged *all, size_t n, enum users_charge_kind kind,
    store_transaction_fn *fn, void *arg, bool *ret_unknown, struct err *err)
{
	*ret_unknown = false;
	for (size_t i = 0; i < n; i++) {
		all[i].job->charge = charge_new(all[i].arena, all[i].actor, kind);
		all[i].job->rank = gate_rank(app->shared, all[i].actor->principal,
		    clock_now_ms());
	}
	if (take_addresses(app, arena, all, n, err) != RC_OK)
		return err->rc;
	if (store_transaction_once(app->store, arena, deadline_of(all, n), fn, arg,
	    err) != RC_OK) {
		*ret_unknown = store_commit_unknown(app->store);
		if (!*ret_unknown)
			return_addresses(app, arena, all, n, n);
		return err->rc;
	}
	metric_add(app->shared, METRIC_generations_created_total, (int64_t)n);
	return RC_OK;
}
