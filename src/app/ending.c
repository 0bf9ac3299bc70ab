#include "config.h"

#include "app/ending.h"

#include "app/charge.h"
#include "base/log.h"
#include "schema/documents.h"
#include "store/designs.h"
#include "store/jobs.h"

static size_t
count_slots(const struct job *job, const char *status)
{
	size_t n = 0;

	for (size_t i = 0; i < job->slots.n; i++)
		n += str_eqz(job->slots.items[i].status, status);
	return n;
}

static const char *
status_of(const struct job *job)
{
	size_t landed = count_slots(job, "succeeded");

	if (landed > 0)
		return landed == job->slots.n ? "succeeded"
		    : "partially_succeeded";
	return job->slots.n > 0 && count_slots(job, "cancelled") == job->slots.n
	    ? "cancelled" : "failed";
}

enum rc
ending_write(struct app *app, struct arena *arena, const struct job *job,
    struct str token, struct err *err)
{
	bool give_back = count_slots(job, "succeeded") == 0
	    && job->charge != NULL && !job->charge->returned;

	if (jobs_end(app->store, arena, job->id, token, status_of(job), give_back,
	    err) != RC_OK
	    || designs_end_generation(app->store, arena, job->design_id, job->id,
	    err) != RC_OK)
		return err->rc;
	return give_back ? charge_return(app, arena, job, err) : RC_OK;
}

void
ending_log(const struct job *job)
{
	log_event(LOG_INFO, "generation.ended", LOG_STR("generation", job->id),
	    LOG_Z("status", status_of(job)),
	    LOG_INT("pictures", count_slots(job, "succeeded")), LOG_END);
}
