#include "config.h"

#include "app/share-purge.h"

#include <stdlib.h>

#include "app/charge.h"
#include "app/shares.h"
#include "app/work-slot.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "cdn/cdn.h"
#include "crypt/share-token.h"
#include "store/jobs.h"

enum {
	TAGS_MAX = 12,			/* of a job; its row has the same */
	COMPANIONS = 100,
	LEAVE_MS = 10000,
	LAST_ERROR_MAX = 400,
	/* Of waits, the base times 1, 2, 4 ... at most so many; and a day, after which
	 * pictures (s-maxage) and stale pages (stale-if-error) are over. */
	WAIT_MOST_TIMES = 128,
	GIVE_UP_S = 25 * 3600
};

/* When a change is purged, from its job's making. */
static const int64_t waits_ms[] = { 0, 5000 };

/* --- making ------------------------------------------------------------------- */

static enum rc
enqueue(struct app *app, struct arena *arena, struct str words, int64_t at_ms,
    int64_t wait_ms, struct str design_id, const struct str *tags, size_t n,
    struct err *err)
{
	const struct actor nobody = { .kind = ACTOR_NONE };
	unsigned char digest[SHA256_BYTES];
	struct job job;

	sha256(words, digest);
	job_init(&job, arena, &nobody, "purge", uuid_of(arena, at_ms, digest),
	    design_id, 0, 0);
	job.priority = JOB_PRIORITY_PURGE;
	job.run_at += wait_ms;
	job.purge_tags.n = n;
	job.purge_tags.items = arena_many(arena, n, struct str);
	for (size_t i = 0; i < n; i++)
		job.purge_tags.items[i] = tags[i];
	if (jobs_insert(app->store, arena, &job, err) == RC_CONFLICT)
		err_init(err);	/* another host or look has made it */
	return err->rc;
}

/* Of pictures that nginx serves alone: it knows no more than the address. */
static struct str
handle_tag(struct arena *arena, struct str token)
{
	return arena_printf(arena, "h-%.*s", STR_FMT(share_token_handle(token)));
}

enum rc
share_purge_enqueue(struct app *app, struct arena *arena, struct str design_id,
    const struct str *tokens, size_t n, int64_t at_ms, struct err *err)
{
	struct str tags[TAGS_MAX] = { STR_NULL };
	size_t tag_count = 0;

	if (app->conf->cdn == CONF_CDN_NONE)
		return RC_OK;
	tags[tag_count++] = app_design_tag(app, arena, design_id);
	for (size_t i = 0; i < n && tag_count < TAGS_MAX; i++)
		if (tokens[i].n == SHARE_TOKEN_CHARS)
			tags[tag_count++] = handle_tag(arena, tokens[i]);
	for (size_t i = 0; i < sizeof waits_ms / sizeof waits_ms[0]; i++)
		if (enqueue(app, arena, arena_printf(arena, "purge %.*s %zu",
		    STR_FMT(design_id), i), at_ms, waits_ms[i], design_id, tags,
		    tag_count, err) != RC_OK)
			return err->rc;
	app_wake(app);
	return RC_OK;
}

enum rc
share_purge_enqueue_token(struct app *app, struct arena *arena, struct str token,
    int64_t closed_ms, struct err *err)
{
	struct str tags[2];

	if (app->conf->cdn == CONF_CDN_NONE)
		return RC_OK;
	tags[0] = app_share_tag(app, arena, token);
	tags[1] = handle_tag(arena, token);
	if (enqueue(app, arena, arena_printf(arena, "purge %.*s", STR_FMT(token)),
	    closed_ms, 0, STR_NULL, tags, 2, err) == RC_OK)
		app_wake(app);
	return err->rc;
}

/* --- doing --------------------------------------------------------------------- */

struct batch {
	struct str *tags;
	size_t tag_count, most;
	struct str ids[COMPANIONS];	/* of the others */
	size_t n;
};

static bool
has_tag(const struct batch *batch, struct str tag)
{
	for (size_t i = 0; i < batch->tag_count; i++)
		if (str_eq(batch->tags[i], tag))
			return true;
	return false;
}

/* False when not all of them fit. */
static bool
add_tags(struct batch *batch, const struct job *job)
{
	size_t before = batch->tag_count;

	for (size_t i = 0; i < job->purge_tags.n; i++) {
		if (has_tag(batch, job->purge_tags.items[i]))
			continue;
		if (batch->tag_count == batch->most) {
			batch->tag_count = before;
			return false;
		}
		batch->tags[batch->tag_count++] = job->purge_tags.items[i];
	}
	return true;
}

/* Others that are due come along; nobody holds them, so another worker may purge them
 * as well, which harms nobody. */
static enum rc
gather(struct work *w, struct batch *batch, struct err *err)
{
	struct job *others = arena_many(w->arena, COMPANIONS, struct job);
	size_t n;

	batch->most = cdn_batch(w->app->cdn);
	batch->tags = arena_many(w->arena, batch->most, struct str);
	(void)add_tags(batch, w->job);
	if (jobs_due_purges(w->app->store, w->arena, COMPANIONS, others, &n, err)
	    != RC_OK)
		return err->rc;
	for (size_t i = 0; i < n; i++)
		if (add_tags(batch, &others[i]))
			batch->ids[batch->n++] = others[i].id;
	return RC_OK;
}

int64_t
share_purge_wait_s(int64_t base_s, int tries, int64_t retry_after_s)
{
	int64_t times = tries < 1 ? 1 : tries > 20 ? WAIT_MOST_TIMES
	    : INT64_C(1) << (tries - 1);
	int64_t wait_s = base_s * (times < WAIT_MOST_TIMES ? times
	    : WAIT_MOST_TIMES);

	return wait_s > retry_after_s ? wait_s : retry_after_s;
}

static void
log_result(const struct work *w, enum log_level level, const char *event,
    const struct batch *batch, const struct cdn_result *result)
{
	log_event(level, event, LOG_STR("job", w->job->id),
	    LOG_Z("cdn", cdn_name(w->app->cdn)), LOG_Z("reason", result->reason),
	    LOG_INT("status", result->status),
	    LOG_INT("tags", batch->tag_count),
	    LOG_INT("attempts", w->job->attempts),
	    LOG_STR("detail", result->detail), LOG_END);
}

static enum rc
end_purged(struct work *w, const struct batch *batch,
    const struct cdn_result *result, struct err *err)
{
	metric_add(w->app->shared, METRIC_cdn_purges_total, 1);
	metric_add(w->app->shared, METRIC_cdn_purged_tags_total,
	    (int64_t)batch->tag_count);
	metric_set(w->app->shared, METRIC_cdn_failing, 0);
	log_result(w, LOG_INFO, "cdn.purged", batch, result);
	if (jobs_end_queued(w->app->store, w->arena, batch->ids, batch->n, err)
	    != RC_OK)
		return err->rc;
	return jobs_end(w->app->store, w->arena, w->job->id, w->token,
	    "succeeded", false, err);
}

static struct str
last_error(const struct work *w, const struct cdn_result *result)
{
	return utf8_head(utf8_repair(w->arena, arena_printf(w->arena,
	    "%s %d: %.*s", result->reason, result->status,
	    STR_FMT(result->detail))), LAST_ERROR_MAX);
}

static enum rc
try_later(struct work *w, const struct batch *batch,
    const struct cdn_result *result, struct err *err)
{
	bool alarm = result->outcome == CDN_MISCONFIGURED;
	int64_t age_s = (clock_now_ms() - w->job->created_at) / 1000;
	int64_t wait_s = share_purge_wait_s(w->app->conf->cdn_retry_s,
	    w->job->attempts, result->retry_after_s);

	metric_add(w->app->shared, METRIC_cdn_failures_total, 1);
	metric_set(w->app->shared, METRIC_cdn_failing, 1);
	if (age_s >= GIVE_UP_S) {
		metric_add(w->app->shared, METRIC_cdn_given_up_total, 1);
		log_result(w, LOG_ERROR, "cdn.given_up", batch, result);
		return jobs_give_up(w->app->store, w->arena, w->job->id, w->token,
		    last_error(w, result), err);
	}
	log_result(w, alarm ? LOG_ERROR : LOG_WARN,
	    alarm ? "cdn.alarm" : "cdn.later", batch, result);
	/* What would have come along would fail likewise; but how long it waits is not for
	 * the many tries of this one to say. */
	if (jobs_delay_queued(w->app->store, w->arena, batch->ids, batch->n,
	    share_purge_wait_s(w->app->conf->cdn_retry_s, 1,
	    result->retry_after_s) * 1000, err) != RC_OK)
		return err->rc;
	return jobs_requeue(w->app->store, w->arena, w->job->id, w->token,
	    wait_s * 1000, last_error(w, result), err);
}

enum rc
share_purge_run(struct work *w, struct err *err)
{
	struct batch *batch = arena_one(w->arena, struct batch);
	struct work_pulse pulse = { w, LEAVE_MS, err };
	struct cdn_result result;

	if (w->app->cdn == NULL || w->job->purge_tags.n == 0)	/* none any more */
		return jobs_end(w->app->store, w->arena, w->job->id, w->token,
		    "succeeded", false, err);
	if (gather(w, batch, err) != RC_OK)
		return err->rc;
	cdn_purge(w->app->cdn, w->arena, batch->tags, batch->tag_count, work_beat,
	    &pulse, &result);
	if (err->rc != RC_OK)		/* the lease is lost, or the database is away */
		return err->rc;
	return result.outcome == CDN_PURGED ? end_purged(w, batch, &result, err)
	    : try_later(w, batch, &result, err);
}
