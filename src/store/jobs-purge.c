#include "config.h"

#include "store/jobs.h"

#include "schema/documents.h"
#include "store/db.h"

static const char collection[] = "jobs";

enum rc
jobs_due_purges(struct store *store, struct arena *arena, int limit,
    struct job *ret_jobs, size_t *ret_n, struct err *err)
{
	struct str *docs = arena_many(arena, (size_t)limit, struct str);
	const struct db_find find = { .collection = collection, .limit = limit,
		.filter = db_json(arena, "{\"status\":\"queued\",\"priority\":%d,"
		"\"kind\":\"purge\",\"$expr\":{\"$lte\":[\"$run_at\",\"$$NOW\"]}}",
		JOB_PRIORITY_PURGE), .hint = "by_queue" };
	size_t n;

	if (db_find(store, arena, &find, docs, &n, err) != RC_OK)
		return err->rc;
	for (size_t i = 0; i < n; i++) {
		doc_read(&doc_job, docs[i], &ret_jobs[i], arena);
	}
	*ret_n = n;
	return RC_OK;
}

static bson_t *
queued(struct arena *arena, const struct str *ids, size_t n)
{
	bson_t *filter = db_json(arena, "{\"status\":\"queued\"}");

	bson_add_in(filter, "_id", ids, n);
	return filter;
}

enum rc
jobs_end_queued(struct store *store, struct arena *arena, const struct str *ids,
    size_t n, struct err *err)
{
	return n == 0 ? RC_OK : db_update(store, arena, collection,
	    queued(arena, ids, n), db_json(arena, "[{\"$set\":{\"status\":"
	    "\"succeeded\",\"ended_at\":\"$$NOW\",\"updated_at\":\"$$NOW\"}}]"),
	    DB_MULTI | DB_PIPELINE, NULL, err);
}

enum rc
jobs_delay_queued(struct store *store, struct arena *arena, const struct str *ids,
    size_t n, int64_t wait_ms, struct err *err)
{
	return n == 0 ? RC_OK : db_update(store, arena, collection,
	    queued(arena, ids, n), db_json(arena, "[{\"$set\":{\"run_at\":"
	    "{\"$add\":[\"$$NOW\",%lld]},\"updated_at\":\"$$NOW\"}}]",
	    (long long)wait_ms), DB_MULTI | DB_PIPELINE, NULL, err);
}
