#include "config.h"

#include "app/claim.h"

#include "app/audit.h"
#include "app/charge.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "schema/documents.h"
#include "store/claim.h"
#include "store/jobs.h"
#include "store/users.h"

enum { STEP_MS = 20000 };

struct claim {
	struct app *app;
	const struct actor *actor;	/* NULL: a job goes on */
	struct str guest_session_id, user_id;
	struct job job;			/* for the rest */
	int64_t moved;
};

static enum rc
step_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct claim *c = arg;

	if (claim_step(store, arena, c->guest_session_id, c->user_id, &c->moved,
	    err) != RC_OK
	    || (c->moved > 0 && users_add_designs(store, arena, c->user_id,
	    c->moved, err) != RC_OK))
		return err->rc;
	if (c->actor == NULL)
		return RC_OK;
	if (c->moved == CLAIM_AT_ONCE && jobs_insert(store, arena, &c->job, err)
	    != RC_OK)
		return err->rc;
	return c->moved == 0 ? RC_OK : audit_write(c->app, arena, c->actor,
	    "guest_claimed", c->user_id, NULL, err);
}

enum rc
app_claim(struct app *app, struct arena *arena, const struct actor *actor,
    struct str user_id, struct err *err)
{
	struct claim c = { .app = app, .actor = actor, .user_id = user_id,
		.guest_session_id = actor->owner.guest_session_id };

	job_init(&c.job, arena, actor, "claim", uuid_new(arena), STR_NULL, 0, 0);
	c.job.user_id = user_id;
	if (store_transaction(app->store, arena, actor->deadline_ms,
	    step_in_transaction, &c, err) != RC_OK)
		return err->rc;
	if (c.moved == CLAIM_AT_ONCE)
		app_wake(app);
	return RC_OK;
}

enum rc
app_claim_rest(struct app *app, struct arena *arena, struct str guest_session_id,
    struct str user_id, struct err *err)
{
	struct claim c = { .app = app, .user_id = user_id,
		.guest_session_id = guest_session_id };

	do {
		if (store_transaction(app->store, arena, clock_mono_ms()
		    + STEP_MS, step_in_transaction, &c, err) != RC_OK)
			return err->rc;
	} while (c.moved == CLAIM_AT_ONCE);
	return RC_OK;
}
