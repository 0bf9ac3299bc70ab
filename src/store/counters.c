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

/* expires_ms 0: not for an upsert. */
static struct db_statement
counting(struct arena *arena, struct str key, int64_t amount, int64_t limit,
    int64_t expires_ms)
{
	bson_t *filter = db_bson(arena), *update = db_bson(arena), part;

	bson_add_str(filter, "_id", key);
	BSON_APPEND_DOCUMENT_BEGIN(filter, "count", &part);
	BSON_APPEND_INT64(&part, "$lte", limit - amount);
	bson_append_document_end(filter, &part);
	BSON_APPEND_DOCUMENT_BEGIN(update, "$inc", &part);
	BSON_APPEND_INT64(&part, "count", amount);
	bson_append_document_end(update, &part);
	if (expires_ms != 0) {
		BSON_APPEND_DOCUMENT_BEGIN(update, "$setOnInsert", &part);
		BSON_APPEND_DATE_TIME(&part, "expires_at", expires_ms);
		bson_append_document_end(update, &part);
	}
	return (struct db_statement){ filter, update };
}

static enum rc
count(struct store *store, struct arena *arena, struct str key, int64_t amount,
    int64_t limit, int64_t expires_ms, int64_t *ret_matched, struct err *err)
{
	const struct db_statement s = counting(arena, key, amount, limit, expires_ms);

	return db_update(store, arena, counters, s.filter, s.update, DB_FAST
	    | (expires_ms != 0 ? DB_UPSERT : 0), ret_matched, err);
}

/* Mostly the counter is there and under its limit. */
enum rc
counter_take(struct store *store, struct arena *arena, struct str key,
    int64_t amount, int64_t limit, int64_t expires_ms, struct err *err)
{
	int64_t matched;

	if (limit < amount)
		return too_much(err);
	if (count(store, arena, key, amount, limit, 0, &matched, err) != RC_OK
	    || matched == 1)
		return err->rc;
	if (count(store, arena, key, amount, limit, expires_ms, &matched, err)
	    != RC_CONFLICT)
		return err->rc;
	/* Over the limit the filter misses, and the upsert meets the key; or
	 * another made the counter at the same moment. */
	err_init(err);
	if (count(store, arena, key, amount, limit, 0, &matched, err) == RC_OK
	    && matched == 0)
		return too_much(err);
	return err->rc;
}

/* The done ones of n. */
static enum rc
give_back(struct store *store, struct arena *arena,
    const struct counter_amount *amounts, const bool *done, size_t n,
    struct err *err)
{
	struct counter_amount *taken = arena_many(arena, n, struct counter_amount);
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		if (done[i])
			taken[count++] = amounts[i];
	return counter_give_back_all(store, arena, taken, count, err);
}

enum rc
counter_take_all(struct store *store, struct arena *arena,
    const struct counter_amount *amounts, size_t n, int64_t limit,
    int64_t expires_ms, struct err *err)
{
	struct db_statement *statements = arena_many(arena, n, struct db_statement);
	bool *done = arena_many(arena, n, bool);
	struct err ignored;

	for (size_t i = 0; i < n; i++) {
		if (limit < amounts[i].amount)
			return too_much(err);
		statements[i] = counting(arena, amounts[i].key, amounts[i].amount,
		    limit, expires_ms);
	}
	if (db_update_each(store, arena, counters, statements, n, true, done, err)
	    != RC_OK)
		return err->rc;
	for (size_t i = 0; i < n; i++)
		if (!done[i]) {
			err_init(&ignored);
			(void)!give_back(store, arena, amounts, done, n, &ignored);
			return too_much(err);
		}
	return RC_OK;
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

/* It never says less than nothing. */
static struct db_statement
giving_back(struct arena *arena, struct str key, int64_t amount)
{
	bson_t *filter = db_bson(arena), more;

	bson_add_str(filter, "_id", key);
	BSON_APPEND_DOCUMENT_BEGIN(filter, "count", &more);
	BSON_APPEND_INT64(&more, "$gte", amount);
	bson_append_document_end(filter, &more);
	return (struct db_statement){ filter, db_json(arena,
	    "{\"$inc\":{\"count\":{\"$numberLong\":\"%lld\"}}}",
	    (long long)-amount) };
}

enum rc
counter_give_back(struct store *store, struct arena *arena, struct str key,
    int64_t amount, struct err *err)
{
	const struct db_statement s = giving_back(arena, key, amount);

	return db_update(store, arena, counters, s.filter, s.update, 0, NULL, err);
}

enum rc
counter_give_back_all(struct store *store, struct arena *arena,
    const struct counter_amount *amounts, size_t n, struct err *err)
{
	struct db_statement *statements = arena_many(arena, n, struct db_statement);
	bool *done = arena_many(arena, n, bool);

	if (n == 0)
		return RC_OK;
	for (size_t i = 0; i < n; i++)
		statements[i] = giving_back(arena, amounts[i].key,
		    amounts[i].amount);
	return db_update_each(store, arena, counters, statements, n, false, done,
	    err);
}
