#include "config.h"

#include "store/jobs.h"

#include "schema/documents.h"
#include "store/db.h"

static const char collection[] = "jobs";
static const char usage_log[] = "api_usage_log";

/* One more, whatever is stored: a poisoned counter, or one that has reached what
 * the validator takes, must not stop the queue. */
#define NEXT(field, most, else) "{\"$cond\":[{\"$and\":[{\"$isNumber\":\"$" field \
	"\"},{\"$gte\":[\"$" field "\",0]},{\"$lt\":[\"$" field "\"," most "]}]}," \
	"{\"$add\":[\"$" field "\",1]}," else "]}"
/* The time has come; what is no time has come too. */
#define PAST(field) "{\"$or\":[{\"$lte\":[\"$" field "\",\"$$NOW\"]}," \
	"{\"$ne\":[{\"$type\":\"$" field "\"},\"date\"]}]}"
#define TOUCH "\"revision\":" NEXT("revision", "900000000", "1") \
	",\"updated_at\":\"$$NOW\""

enum rc
jobs_insert(struct store *store, struct arena *arena, const struct job *job,
    struct err *err)
{
	return db_insert(store, arena, collection,
	    doc_to_bson(&doc_job, job, arena), err);
}

enum rc
jobs_insert_many(struct store *store, struct arena *arena,
    const struct job *jobs, size_t n, struct err *err)
{
	struct str *docs = arena_many(arena, n, struct str);

	for (size_t i = 0; i < n; i++)
		docs[i] = doc_to_bson(&doc_job, &jobs[i], arena);
	return n == 0 ? RC_OK
	    : db_insert_many(store, arena, collection, docs, n, err);
}

static bson_t *
held(struct arena *arena, struct str id, struct str token)
{
	bson_t *filter = db_bson(arena);

	bson_add_str(filter, "_id", id);
	bson_add_str(filter, "lease_token", token);
	return filter;
}

static enum rc
lost(struct err *err)
{
	return err_set(err, RC_CONFLICT, "The lease is lost.");
}

enum rc
jobs_get(struct store *store, struct arena *arena, struct store_owner owner,
    struct str id, struct str *ret_doc, struct err *err)
{
	return db_get_own(store, arena, collection, owner, id, ret_doc, err);
}

enum rc
jobs_of_design(struct store *store, struct arena *arena, struct store_owner owner,
    struct str design_id, struct str after_id, int limit, struct str *ret_docs,
    size_t *ret_n, struct err *err)
{
	bson_t *filter = db_json(arena,
	    "{\"kind\":{\"$in\":[\"generation\",\"refinement\"]}}"), before;
	struct db_find find = { .collection = collection, .filter = filter,
		.sort = db_json(arena, "{\"_id\":-1}"), .hint = "by_design",
		.limit = limit };

	bson_add_str(filter, "design_id", design_id);
	bson_add_owner(filter, owner);
	if (after_id.p != NULL) {
		BSON_APPEND_DOCUMENT_BEGIN(filter, "_id", &before);
		bson_add_str(&before, "$lt", after_id);
		bson_append_document_end(filter, &before);
	}
	return db_find(store, arena, &find, ret_docs, ret_n, err);
}

static enum rc
count(struct store *store, struct arena *arena, const bson_t *filter, int limit,
    int64_t *ret_count, struct err *err)
{
	bson_t *command = db_bson(arena);
	const bson_t *reply;
	bson_iter_t it;

	BSON_APPEND_UTF8(command, "count", collection);
	BSON_APPEND_DOCUMENT(command, "query", filter);
	if (limit > 0)
		BSON_APPEND_INT32(command, "limit", limit);
	if (db_read(store, arena, command, &reply, err) != RC_OK)
		return err->rc;
	*ret_count = bson_iter_init_find(&it, reply, "n")
	    ? bson_iter_as_int64(&it) : 0;
	return RC_OK;
}

enum rc
jobs_position(struct store *store, struct arena *arena, int32_t priority,
    int64_t rank, int64_t *ret_position, struct err *err)
{
	return count(store, arena, db_json(arena, "{\"status\":\"queued\","
	    "\"$or\":[{\"priority\":{\"$lt\":%d}},{\"priority\":%d,\"rank\":"
	    "{\"$lt\":{\"$numberLong\":\"%lld\"}}}]}", (int)priority,
	    (int)priority, (long long)rank), JOB_POSITION_MAX, ret_position, err);
}

enum rc
jobs_count(struct store *store, struct arena *arena, const char *status,
    int64_t *ret_count, struct err *err)
{
	return count(store, arena, db_json(arena, "{\"status\":\"%s\"}", status),
	    0, ret_count, err);
}

static enum rc
claim(struct store *store, struct arena *arena, const bson_t *filter,
    struct str token, int64_t lease_ms, struct str *ret_doc, struct err *err)
{
	const struct db_modify modify = { .collection = collection,
	    .filter = filter, .flags = DB_PIPELINE,
	    .sort = db_json(arena, "{\"priority\":1,\"rank\":1}"),
	    .update = db_json(arena, "[{\"$set\":{\"status\":\"running\",\"lease_token\":\"%.*s\","
	    "\"lease_until\":{\"$add\":[\"$$NOW\",%lld]},"
	    "\"attempts\":" NEXT("attempts", "1000", "1000") ",%s}}]", STR_FMT(token),
	    (long long)lease_ms, TOUCH) };

	return db_find_and_modify(store, arena, &modify, ret_doc, err);
}

/* Whether there is one; then it is in *ret_job. */
static bool
read_found(struct arena *arena, struct str doc, struct job *ret_job)
{
	if (doc.p == NULL)
		return false;
	doc_init(&doc_job, ret_job);
	(void)doc_from_bson(&doc_job, doc, ret_job, arena, NULL);
	return true;
}

enum rc
jobs_claim(struct store *store, struct arena *arena, struct str token,
    int64_t lease_ms, struct job *ret_job, bool *ret_found, struct err *err)
{
	struct str doc;

	if (claim(store, arena, db_json(arena, "{\"status\":\"queued\","
	    "\"$expr\":" PAST("run_at") "}"), token, lease_ms,
	    &doc, err) != RC_OK)
		return err->rc;
	if (doc.p == NULL && claim(store, arena, db_json(arena,
	    "{\"status\":\"running\",\"$expr\":" PAST("lease_until") "}"), token,
	    lease_ms, &doc, err) != RC_OK)
		return err->rc;
	*ret_found = read_found(arena, doc, ret_job);
	return RC_OK;
}

enum rc
jobs_heartbeat(struct store *store, struct arena *arena, struct str id,
    struct str token, int64_t lease_ms, bool *ret_cancel, struct err *err)
{
	const struct db_modify modify = { .collection = collection,
	    .filter = held(arena, id, token), .flags = DB_PIPELINE,
	    .update = db_json(arena, "[{\"$set\":{\"lease_until\":{\"$add\":"
	    "[\"$$NOW\",%lld]}}}]", (long long)lease_ms) };
	struct str doc;

	if (db_find_and_modify(store, arena, &modify, &doc, err) != RC_OK)
		return err->rc;
	if (doc.p == NULL)
		return lost(err);
	*ret_cancel = false;
	(void)doc_peek_bool(doc, "cancel_requested", ret_cancel);
	return RC_OK;
}

enum rc
jobs_set_slot(struct store *store, struct arena *arena, struct str id,
    struct str token, const struct slot *slot, const char *from,
    struct err *err)
{
	bson_t *filter = held(arena, id, token), *update = db_bson(arena);
	bson_t set, inc, date, bson;
	struct str doc = doc_to_bson(&doc_slot, slot, arena);
	int64_t matched;

	(void)bson_concat(filter, db_json(arena, "{\"slots\":{\"$elemMatch\":"
	    "{\"image_id\":\"%.*s\",\"status\":\"%s\"}}}",
	    STR_FMT(slot->image_id), from));
	if (!bson_init_static(&bson, (const uint8_t *)doc.p, doc.n))
		die("jobs_set_slot: not BSON");
	BSON_APPEND_DOCUMENT_BEGIN(update, "$set", &set);
	BSON_APPEND_DOCUMENT(&set, "slots.$", &bson);
	bson_append_document_end(update, &set);
	BSON_APPEND_DOCUMENT_BEGIN(update, "$inc", &inc);
	BSON_APPEND_INT32(&inc, "revision", 1);
	bson_append_document_end(update, &inc);
	BSON_APPEND_DOCUMENT_BEGIN(update, "$currentDate", &date);
	BSON_APPEND_BOOL(&date, "updated_at", true);
	bson_append_document_end(update, &date);
	if (db_update(store, arena, collection, filter, update, 0, &matched, err)
	    != RC_OK)
		return err->rc;
	return matched == 1 ? RC_OK : lost(err);
}

enum rc
jobs_slot_open(struct store *store, struct arena *arena, struct str id,
    struct str image_id, bool *ret_open, struct err *err)
{
	struct str doc;

	(void)!db_find_one(store, arena, collection, db_json(arena,
	    "{\"_id\":\"%.*s\",\"slots\":{\"$elemMatch\":{\"image_id\":\"%.*s\","
	    "\"status\":{\"$in\":[\"queued\",\"running\"]}}}}", STR_FMT(id),
	    STR_FMT(image_id)), &doc, err);
	if (err->rc != RC_OK && err->rc != RC_NOT_FOUND)
		return err->rc;
	*ret_open = err->rc == RC_OK;
	err_init(err);
	return RC_OK;
}

/* Words that the server must not take for a path or an operator: a stage of their
 * own. */
static void
add_last_error(bson_t *pipeline, struct str last_error)
{
	bson_t stage, set, literal;

	if (last_error.p == NULL)
		return;
	BSON_APPEND_DOCUMENT_BEGIN(pipeline, "1", &stage);
	BSON_APPEND_DOCUMENT_BEGIN(&stage, "$set", &set);
	BSON_APPEND_DOCUMENT_BEGIN(&set, "last_error", &literal);
	bson_add_str(&literal, "$literal", last_error);
	bson_append_document_end(&set, &literal);
	bson_append_document_end(&stage, &set);
	bson_append_document_end(pipeline, &stage);
}

static enum rc
update_held(struct store *store, struct arena *arena, struct str id,
    struct str token, bson_t *pipeline, struct str last_error, struct err *err)
{
	int64_t matched;

	add_last_error(pipeline, last_error);
	if (db_update(store, arena, collection, held(arena, id, token), pipeline,
	    DB_PIPELINE, &matched, err) != RC_OK)
		return err->rc;
	return matched == 1 ? RC_OK : lost(err);
}

enum rc
jobs_requeue(struct store *store, struct arena *arena, struct str id,
    struct str token, int64_t wait_ms, struct str last_error, struct err *err)
{
	/* A worker that has not seen the user's wish leaves it to the next one. */
	return update_held(store, arena, id, token, db_json(arena,
	    "[{\"$set\":{\"status\":\"queued\","
	    "\"lease_token\":null,\"lease_until\":null,\"run_at\":{\"$cond\":["
	    "{\"$eq\":[\"$cancel_requested\",true]},\"$$NOW\",{\"$add\":"
	    "[\"$$NOW\",%lld]}]},%s}}]", (long long)wait_ms, TOUCH), last_error,
	    err);
}

enum rc
jobs_postpone(struct store *store, struct arena *arena, struct str id,
    struct str token, int64_t wait_ms, struct str last_error, struct err *err)
{
	return update_held(store, arena, id, token, db_json(arena,
	    "[{\"$set\":{\"status\":\"queued\","
	    "\"lease_token\":null,\"lease_until\":null,"
	    "\"priority\":{\"$max\":[\"$priority\",%d]},"
	    "\"rank\":{\"$add\":[{\"$toLong\":\"$$NOW\"},%lld]},"
	    "\"run_at\":{\"$add\":[\"$$NOW\",%lld]},%s}}]", JOB_PRIORITY,
	    (long long)wait_ms, (long long)wait_ms, TOUCH), last_error, err);
}

/* The sets of all endings. */
#define ENDED(more) "[{\"$set\":{\"status\":\"%s\",\"lease_token\":null," \
	"\"lease_until\":null,\"ended_at\":\"$$NOW\"" more ",%s}}]"

enum rc
jobs_end(struct store *store, struct arena *arena, struct str id,
    struct str token, const char *status, bool charge_returned, struct err *err)
{
	return update_held(store, arena, id, token, charge_returned
	    ? db_json(arena, ENDED(",\"charge.returned\":true"), status, TOUCH)
	    : db_json(arena, ENDED(""), status, TOUCH), STR_NULL, err);
}

enum rc
jobs_give_up(struct store *store, struct arena *arena, struct str id,
    struct str token, struct str last_error, struct err *err)
{
	return update_held(store, arena, id, token, db_json(arena, ENDED(""),
	    "failed", TOUCH), last_error, err);
}

/* What is no array holds no slot. */
enum rc
jobs_cancel_queued(struct store *store, struct arena *arena,
    struct store_owner owner, struct str id, struct str token,
    const char *reason, const char *message, struct job *ret_job,
    bool *ret_found, struct err *err)
{
	bson_t *filter = db_own(arena, owner, id);
	const struct db_modify modify = { .collection = collection,
	    .filter = filter, .flags = DB_PIPELINE,
	    .update = db_json(arena, "[{\"$set\":{\"status\":\"running\","
	    "\"cancel_requested\":true,\"lease_token\":\"%.*s\","
	    "\"lease_until\":\"$$NOW\",%s,\"slots\":{\"$cond\":["
	    "{\"$isArray\":[\"$slots\"]},{\"$map\":{\"input\":\"$slots\","
	    "\"in\":{\"$cond\":[{\"$in\":[\"$$this.status\",[\"queued\","
	    "\"running\"]]},{\"$mergeObjects\":[\"$$this\",{\"status\":"
	    "\"cancelled\",\"reason\":\"%s\",\"message\":\"%s\","
	    "\"ended_at\":\"$$NOW\"}]},\"$$this\"]}}},[]]}}}]", STR_FMT(token),
	    TOUCH, reason, message) };
	struct str doc;

	BSON_APPEND_UTF8(filter, "status", "queued");
	if (db_find_and_modify(store, arena, &modify, &doc, err) != RC_OK)
		return err->rc;
	*ret_found = read_found(arena, doc, ret_job);
	return RC_OK;
}

enum rc
jobs_cancel_running(struct store *store, struct arena *arena,
    struct store_owner owner, struct str id, struct err *err)
{
	bson_t *filter = db_own(arena, owner, id);
	int64_t matched;

	BSON_APPEND_UTF8(filter, "status", "running");
	if (db_update(store, arena, collection, filter, db_json(arena,
	    "[{\"$set\":{\"cancel_requested\":true,\"priority\":0,%s}}]", TOUCH),
	    DB_PIPELINE, &matched, err) != RC_OK)
		return err->rc;
	return matched == 1 ? RC_OK
	    : err_set(err, RC_CONFLICT, "This generation has ended already.");
}

enum rc
jobs_retry(struct store *store, struct arena *arena, struct store_owner owner,
    struct str id, int64_t rank, const struct charge *charge,
    struct str *ret_doc, struct err *err)
{
	bson_t *filter = db_own(arena, owner, id);
	struct db_modify modify = { .collection = collection, .filter = filter,
		.flags = DB_PIPELINE };
	struct str set = STR("");

	if (charge != NULL)
		set = arena_printf(arena, ",\"charge.returned\":false,"
		    "\"charge.day\":\"%.*s\",\"charge.address\":\"%.*s\"",
		    STR_FMT(charge->day), STR_FMT(charge->address));
	(void)bson_concat(filter, db_json(arena, "{\"status\":{\"$in\":"
	    "[\"partially_succeeded\",\"failed\",\"cancelled\"]},"
	    "\"slots.status\":{\"$in\":[\"failed\",\"refused\",\"cancelled\"]}%s}",
	    charge != NULL ? ",\"charge.returned\":true"
	    : ",\"charge.returned\":{\"$ne\":true}"));
	modify.update = db_json(arena,
	    "[{\"$set\":{\"status\":\"queued\",\"run_at\":\"$$NOW\","
	    "\"rank\":{\"$numberLong\":\"%lld\"},\"priority\":10,"
	    "\"cancel_requested\":false,\"ended_at\":null%.*s,%s,"
	    "\"slots\":{\"$map\":{\"input\":\"$slots\",\"in\":{\"$cond\":["
	    "{\"$eq\":[\"$$this.status\",\"succeeded\"]},\"$$this\","
	    "{\"$mergeObjects\":[\"$$this\",{\"status\":\"queued\","
	    "\"attempts\":0,\"retry_at\":null,\"reason\":null,\"message\":null,"
	    "\"ended_at\":null}]}]}}}}}]", (long long)rank, STR_FMT(set),
	    TOUCH);
	if (db_find_and_modify(store, arena, &modify, ret_doc, err) != RC_OK)
		return err->rc;
	return ret_doc->p != NULL ? RC_OK : err_set(err, RC_CONFLICT,
	    "Only a generation that has ended without all its pictures can be "
	    "tried again.");
}

enum rc
jobs_remove_ended(struct store *store, struct arena *arena, struct str id,
    struct err *err)
{
	bson_t *filter = db_json(arena, "{\"ended_at\":{\"$ne\":null}}");

	bson_add_str(filter, "_id", id);
	return db_delete(store, arena, collection, filter, 1, NULL, err);
}

enum rc
jobs_tidy(struct store *store, struct arena *arena, int64_t before_ms,
    int64_t *ret_deleted, struct err *err)
{
	return db_delete(store, arena, collection, db_json(arena,
	    "{\"ended_at\":{\"$lt\":{\"$date\":{\"$numberLong\":\"%lld\"}}}}",
	    (long long)before_ms), 0, ret_deleted, err);
}

/* --- api_usage_log ------------------------------------------------------- */

enum rc
usage_begin(struct store *store, struct arena *arena,
    const struct api_usage *usage, struct err *err)
{
	enum rc rc = db_insert(store, arena, usage_log,
	    doc_to_bson(&doc_api_usage, usage, arena), err);

	if (rc != RC_CONFLICT)
		return rc;
	err_init(err);	/* begun before: the same row */
	return RC_OK;
}

enum rc
usage_end(struct store *store, struct arena *arena,
    const struct api_usage *usage, struct err *err)
{
	bson_t *filter = db_bson(arena), *update = db_bson(arena), bson;
	struct str doc = doc_to_bson(&doc_api_usage, usage, arena);

	bson_add_str(filter, "_id", usage->id);
	if (!bson_init_static(&bson, (const uint8_t *)doc.p, doc.n))
		die("usage_end: not BSON");
	(void)bson_concat(update, &bson);	/* a replacement, by _id */
	return db_update(store, arena, usage_log, filter, update, DB_UPSERT,
	    NULL, err);
}
