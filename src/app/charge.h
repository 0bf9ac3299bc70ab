/*
 * charge.h - jobs that cost quota: taken in one conditional update, given back
 * once if no picture landed.
 *
 * The unit is one design, one further generation or one refinement, whatever the
 * number of pictures. The counter by address is an abuse limit, kept outside of
 * the transaction, because all guests of one address share it.
 */
#ifndef BEZEL_APP_CHARGE_H
#define BEZEL_APP_CHARGE_H

#include "app/app.h"
#include "store/users.h"

struct job;

/* A queued job of this actor with `slots` slots, whose pictures are variations
 * from first_variation on. */
void job_init(struct job *job, struct arena *arena, const struct actor *actor,
    const char *kind, struct str id, struct str design_id, int slots,
    int first_variation);

/* In the transaction: the guest's session or the member's account is live and has quota
 * left; test mode takes nothing here. A new design is noted in a guest's session.
 * RC_QUOTA sets *ret_quota too. */
enum rc charge_principal(struct app *app, struct arena *arena,
    const struct actor *actor, enum users_charge_kind kind,
    struct str design_id, struct quota *ret_quota, struct err *err) must_use;

/* One transaction inside the owner's gate, so that those of one owner do not
 * collide. A job that is enqueued by it gets its rank; else NULL. */
enum rc owner_transaction(struct app *app, struct arena *arena,
    const struct actor *actor, struct job *job, store_transaction_fn *fn,
    void *arg, struct err *err) must_use;

/* Takes from a guest's address or from what test mode has a day, enters the owner's gate, gives the job its rank and
 * charge, and runs fn as one transaction, which is to call charge_principal() with
 * `quota`. What was taken outside is given back when it fails. With RC_QUOTA quota says
 * what there is in all. */
enum rc charge_and_run(struct app *app, struct arena *arena,
    const struct actor *actor, enum users_charge_kind kind, struct job *job,
    store_transaction_fn *fn, void *arg, struct quota *quota,
    struct err *err) must_use;

/* --- several at once (charge-together.c) ------------------------------------- */

/* One of them, whose job has its charge (charge_new()); its owner's gate has been entered,
 * so no owner is there twice. */
struct charged {
	struct arena *arena;		/* of its request */
	const struct actor *actor;	/* a guest or a member */
	struct job *job;
	struct str design_id;
	struct quota *quota;
};

/* charge_principal() of all. RC_QUOTA when not all of them may: who it is has to be asked
 * one by one. */
enum rc charge_principals(struct app *app, struct arena *arena,
    struct charged *all, size_t n, enum users_charge_kind kind,
    struct err *err) must_use;

/* charge_and_run() of all, for a fn that calls charge_principals(). Not redone: with any
 * error nothing has happened, unless err->unknown. */
enum rc charge_and_run_together(struct app *app, struct arena *arena,
    struct charged *all, size_t n, store_transaction_fn *fn, void *arg, struct err *err) must_use;

struct charge;
struct charge *charge_new(struct arena *arena, const struct actor *actor,
    enum users_charge_kind kind);
/* Whether one like it was refused within the last minute: it would be again, and have all
 * others done one by one with it. */
bool charge_refused_lately(const struct app *app, const struct charge *charge);

/* Guests are counted by address too: they cost nothing to make. */
struct counter_amount;
enum rc charge_addresses_take(struct app *app, struct arena *arena,
    const struct counter_amount *addresses, size_t n, struct err *err) must_use;

/* In the transaction that ends the job: gives back what its charge says. */
enum rc charge_return(struct app *app, struct arena *arena,
    const struct job *job, struct err *err) must_use;

#endif
