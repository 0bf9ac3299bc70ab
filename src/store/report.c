#include "config.h"

#include "store/report.h"

#include "store/db.h"

#define RANGE "{\"created_at\":{\"$gte\":{\"$date\":{\"$numberLong\":\"%lld\"}}," \
	"\"$lt\":{\"$date\":{\"$numberLong\":\"%lld\"}}}}"

static enum rc
count(struct store *store, struct arena *arena, const char *collection,
    const bson_t *filter, const char *hint, int64_t *ret_count, struct err *err)
{
	bson_t *command = db_bson(arena);
	const bson_t *reply;
	bson_iter_t it;

	BSON_APPEND_UTF8(command, "count", collection);
	BSON_APPEND_DOCUMENT(command, "query", filter);
	BSON_APPEND_UTF8(command, "hint", hint);
	if (db_read(store, arena, command, &reply, err) != RC_OK)
		return err->rc;
	*ret_count = bson_iter_init_find(&it, reply, "n")
	    ? bson_iter_as_int64(&it) : 0;
	return RC_OK;
}

/* A member of the only document that an aggregate gave; 0 when it gave none. */
static double
number(const bson_t *reply, const char *path)
{
	bson_iter_t it, at;

	return bson_iter_init(&it, reply)
	    && bson_iter_find_descendant(&it, path, &at)
	    ? bson_iter_as_double(&at) : 0;
}

static enum rc
add_up_calls(struct store *store, struct arena *arena, int64_t from_ms,
    int64_t to_ms, struct report_figures *figures, struct err *err)
{
	const bson_t *reply;

	if (db_read(store, arena, db_json(arena, "{\"aggregate\":\"api_usage_log\","
	    "\"pipeline\":[{\"$match\":" RANGE "},{\"$group\":{\"_id\":null,"
	    "\"calls\":{\"$sum\":1},"
	    "\"pictures\":{\"$sum\":\"$response.num_images_returned\"},"
	    "\"failures\":{\"$sum\":{\"$cond\":[\"$response.success\",0,1]}},"
	    "\"cost\":{\"$sum\":\"$cost_usd\"}}}],"
	    "\"cursor\":{},\"hint\":\"created_at\"}", (long long)from_ms,
	    (long long)to_ms), &reply, err) != RC_OK)
		return err->rc;
	figures->calls = (int64_t)number(reply, "cursor.firstBatch.0.calls");
	figures->pictures = (int64_t)number(reply,
	    "cursor.firstBatch.0.pictures");
	figures->failures = (int64_t)number(reply,
	    "cursor.firstBatch.0.failures");
	figures->cost_usd = number(reply, "cursor.firstBatch.0.cost");
	return RC_OK;
}

enum rc
report_figures(struct store *store, struct arena *arena, int64_t from_ms,
    int64_t to_ms, struct report_figures *ret_figures, struct err *err)
{
	const bson_t *range = db_json(arena, RANGE, (long long)from_ms,
	    (long long)to_ms);
	struct report_figures figures;

	if (count(store, arena, "users", range, "created_at", &figures.sign_ups,
	    err) != RC_OK
	    || count(store, arena, "designs", range, "created_at",
	    &figures.designs, err) != RC_OK
	    || add_up_calls(store, arena, from_ms, to_ms, &figures, err) != RC_OK)
		return err->rc;
	*ret_figures = figures;
	return RC_OK;
}

enum rc
report_designs(struct store *store, struct arena *arena, struct str user_id,
    int64_t *ret_all, int64_t *ret_trashed, struct err *err)
{
	bson_t *filter = db_bson(arena);

	bson_add_str(filter, "user_id", user_id);
	if (count(store, arena, "designs", filter, "by_user_time", ret_all, err)
	    != RC_OK)
		return err->rc;
	BSON_APPEND_BOOL(filter, "is_deleted", true);
	return count(store, arena, "designs", filter, "by_user_time",
	    ret_trashed, err);
}
