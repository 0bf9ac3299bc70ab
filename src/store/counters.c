#include "config.h"

#include "store/counters.h"

#include "schema/documents.h"
#include "store/db.h"

static const char counters[] = "rate_counters";

static enum rc
too_much(struct err *err)
{
	return err_set(err, RC_QUOTA, "Too much came from this address today.");
}

static enum rc
count(struct store *store, struct arena *arena, struct str key,
    int64_t amount, int64_t limit, int64_t expires_ms, enum db_update_flags flags,
    int64_t *ret_matched, struct err *err)
{
	bson_t *filter = db_bson(arena), *update = db_bson(arena), part;

	bson_add_str(filter, "_id", key);
	BSON_APPEND_DOCUMENT_BEGIN(filter, "count", &part);
	BSON_APPEND_INT64(&part, "$lte", limit - amount);
	bson_append_document_end(filter, &part);
	BSON_APPEND_DOCUMENT_BEGIN(update, "$inc", &part);
	BSON_APPEND_INT64(&part, "count", amount);
	bson_append_document_end(update, &part);
	if (flags & DB_UPSERT) {
		BSON_APPEND_DOCUMENT_BEGIN(update, "$setOnInsert", &part);
		BSON_APPEND_DATE_TIME(&part, "expires_at", expires_ms);
		bson_append_document_end(update, &part);
	}
	return db_update(store, arena, counters, filter, update, flags | DB_FAST,
	    ret_matched, err);
}

/* Mostly the counter is there and under its limit. */
enum rc
counter_take(struct store *store, struct arena *arena, struct str key,
    int64_t amount, int64_t limit, int64_t expires_ms, struct err *err)
{
	int64_t matched;

	if (limit < amount)
		return too_much(err);
	if (count(store, arena, key, amount, limit, expires_ms, 0, &matched, err)
	    != RC_OK || matched == 1)
		return err->rc;
	if (count(store, arena, key, amount, limit, expires_ms, DB_UPSERT, &matched,
	    err) != RC_CONFLICT)
		return err->rc;
	/* Over the limit the filter misses, and the upsert meets the key; or
	 * another made the counter at the same moment. */
	err_init(err);
	if (count(store, arena, key, amount, limit, expires_ms, 0, &matched, err)
	    == RC_OK && matched == 0)
		return too_much(err);
	return err->rc;
}

enum rc
counter_get(struct store *store, struct arena *arena, struct str key,
    int64_t *ret_count, struct err *err)
{
	struct rate_counter counter;
	struct str doc;
	enum rc rc = db_get(store, arena, counters, key, &doc, err);

	doc_init(&doc_rate_counter, &counter);
	if (rc == RC_OK)
		(void)doc_from_bson(&doc_rate_counter, doc, &counter, arena, NULL);
	else if (rc != RC_NOT_FOUND)
		return rc;
	err_init(err);
	*ret_count = counter.count;
	return RC_OK;
}

enum rc
counter_give_back(struct store *store, struct arena *arena, struct str key,
    int64_t amount, struct err *err)
{
	bson_t *filter = db_bson(arena), more;

	bson_add_str(filter, "_id", key);
	BSON_APPEND_DOCUMENT_BEGIN(filter, "count", &more);
	BSON_APPEND_INT64(&more, "$gte", amount);
	bson_append_document_end(filter, &more);
	return db_update(store, arena, counters, filter,
	    db_json(arena, "{\"$inc\":{\"count\":{\"$numberLong\":\"%lld\"}}}",
	    (long long)-amount), 0, NULL, err);
}
