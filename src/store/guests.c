#include "config.h"

#include "store/guests.h"

#include "schema/documents.h"
#include "store/db.h"

/* Where it is, there is no room for another. */
#define LAST_DESIGN "designs.999"
_Static_assert(GUEST_DESIGNS_MAX == 1000, "LAST_DESIGN is its last index");

static const char collection[] = "guest_sessions";

/* usage_count counts the day of last_design_at; on a later day it is 0. A poisoned
 * value must not lock its owner out, nor give uses without end. */
#define USED_TODAY \
	"{\"$cond\":[{\"$and\":[{\"$isNumber\":\"$usage_count\"}," \
	"{\"$gte\":[\"$usage_count\",0]}," \
	"{\"$gte\":[\"$last_design_at\",{\"$dateTrunc\":" \
	"{\"date\":\"$$NOW\",\"unit\":\"day\"}}]}]},\"$usage_count\",0]}"
#define IS_DATE(field) "{\"$eq\":[{\"$type\":\"$" field "\"},\"date\"]}"

enum rc
guest_insert(struct store *store, struct arena *arena,
    const struct guest_session *session, struct err *err)
{
	return db_insert(store, arena, collection,
	    doc_to_bson(&doc_guest_session, session, arena), err);
}

static bson_t *
live(struct arena *arena, struct str id, int64_t now_ms)
{
	bson_t *filter = db_bson(arena), after;

	bson_add_str(filter, "_id", id);
	BSON_APPEND_DOCUMENT_BEGIN(filter, "expires_at", &after);
	BSON_APPEND_DATE_TIME(&after, "$gt", now_ms);
	bson_append_document_end(filter, &after);
	return filter;
}

static void
read_session(struct arena *arena, struct str doc, struct guest_session *session)
{
	doc_read(&doc_guest_session, doc, session, arena);
}

static enum rc
expired(struct err *err)
{
	return err_set(err, RC_SESSION_EXPIRED,
	    "The guest session has ended; start a new one.");
}

enum rc
guest_get(struct store *store, struct arena *arena, struct str id,
    int64_t now_ms, struct guest_session *ret_session, struct str *ret_doc,
    struct err *err)
{
	struct str doc;
	enum rc rc = db_find_one(store, arena, collection,
	    live(arena, id, now_ms), &doc, err);

	if (rc == RC_NOT_FOUND)
		return expired(err);
	if (rc == RC_OK) {
		read_session(arena, doc, ret_session);
		*ret_doc = doc;
	}
	return rc;
}

enum rc
guest_renew(struct store *store, struct arena *arena, struct str id,
    int64_t now_ms, int64_t life_ms, int64_t life_max_ms,
    struct guest_session *ret_session, struct str *ret_doc, struct err *err)
{
	const struct db_modify modify = { .collection = collection,
	    .filter = live(arena, id, now_ms), .flags = DB_PIPELINE,
	    .update = db_json(arena, "[{\"$set\":{\"expires_at\":{\"$min\":["
	    "{\"$date\":{\"$numberLong\":\"%lld\"}},"
	    "{\"$cond\":[" IS_DATE("created_at") ",{\"$add\":"
	    "[\"$created_at\",%lld]},\"$expires_at\"]}]}}}]",
	    (long long)(now_ms + life_ms), (long long)life_max_ms) };
	struct str doc;

	if (db_find_and_modify(store, arena, &modify, &doc, err) != RC_OK)
		return err->rc;
	if (doc.p == NULL)
		return expired(err);
	read_session(arena, doc, ret_session);
	*ret_doc = doc;
	return RC_OK;
}

/* Nothing matched: say why. */
static enum rc
explain_charge(struct store *store, struct arena *arena, struct str id,
    int64_t now_ms, int32_t limit, bool adds, struct err *err)
{
	struct guest_session session;
	struct str doc;

	if (guest_get(store, arena, id, now_ms, &session, &doc, err) != RC_OK)
		return err->rc;
	if (adds && session.designs.n >= GUEST_DESIGNS_MAX)
		return err_set(err, RC_LIMIT_REACHED, "A guest session holds at "
		    "most %d designs; start another one.", GUEST_DESIGNS_MAX);
	return err_set(err, RC_QUOTA, "A guest makes at most %d designs and "
	    "refinements a day; with an account there are more.", (int)limit);
}

/* There is room, or it is there: a request that is repeated. */
static void
add_room_for(bson_t *filter, struct arena *arena, struct str design_id)
{
	(void)bson_concat(filter, db_json(arena, "{\"$or\":[{\"" LAST_DESIGN
	    "\":{\"$exists\":false}},{\"designs\":\"%.*s\"}]}",
	    STR_FMT(design_id)));
}

/* A pipeline for every use. Plain operators, which do for all but a day's first,
 * cost the server a fifth less, but then the first one takes two commands, and most
 * guests make few designs a day: measured, it was slower. $setUnion would put the
 * designs into another order each time, and so all of them into the oplog. */
#define DESIGNS "{\"$cond\":[{\"$isArray\":[\"$designs\"]},\"$designs\",[]]}"
static const char charge_if[] =
    "{\"$expr\":{\"$lt\":[" USED_TODAY ",\"$$limit\"]}}";
static const char charge_all_if[] = "{\"" LAST_DESIGN "\":{\"$exists\":false},"
    "\"$expr\":{\"$lt\":[" USED_TODAY ",\"$$limit\"]}}";
static const char charged_fields[] = "{\"usage_count\":1,\"last_design_at\":1}";
static const char charge_update[] =
    "[{\"$set\":{\"usage_count\":{\"$add\":[" USED_TODAY ",1]},"
    "\"last_design_at\":\"$$NOW\",\"designs\":{\"$switch\":{\"branches\":["
    "{\"case\":{\"$eq\":[\"$$design\",null]},\"then\":\"$designs\"},"
    "{\"case\":{\"$in\":[\"$$design\"," DESIGNS "]},\"then\":\"$designs\"}],"
    "\"default\":{\"$concatArrays\":[" DESIGNS ",[\"$$design\"]]}}}}}]";

enum rc
guest_charge(struct store *store, struct arena *arena, struct str id,
    int64_t now_ms, int32_t limit, struct str design_id,
    struct guest_session *ret_session, struct err *err)
{
	static bson_t *parsed_if, *parsed_update, *parsed_fields;
	bson_t *filter = live(arena, id, now_ms), *variables = db_bson(arena);
	const struct db_modify modify = { .collection = collection,
		.filter = filter, .variables = variables, .flags = DB_PIPELINE,
		.update = db_json_once(&parsed_update, charge_update),
		.fields = db_json_once(&parsed_fields, charged_fields) };
	struct str doc;

	if (design_id.p != NULL)
		add_room_for(filter, arena, design_id);
	(void)bson_concat(filter, db_json_once(&parsed_if, charge_if));
	BSON_APPEND_INT32(variables, "limit", limit);
	bson_add_str(variables, "design", design_id);
	if (db_find_and_modify(store, arena, &modify, &doc, err) != RC_OK)
		return err->rc;
	if (doc.p == NULL)
		return explain_charge(store, arena, id, now_ms, limit,
		    design_id.p != NULL, err);
	read_session(arena, doc, ret_session);
	return RC_OK;
}

/* The design of this session among those of the command: $$ids and $$design_ids are in
 * the same order. */
static const char charge_all_update[] =
    "[{\"$set\":{\"usage_count\":{\"$add\":[" USED_TODAY ",1]},"
    "\"last_design_at\":\"$$NOW\",\"designs\":{\"$concatArrays\":[" DESIGNS ","
    "[{\"$arrayElemAt\":[\"$$design_ids\","
    "{\"$indexOfArray\":[\"$$ids\",\"$_id\"]}]}]]}}}]";

enum rc
guest_charge_all(struct store *store, struct arena *arena, const struct str *ids,
    const struct str *design_ids, size_t n, int64_t now_ms, int32_t limit,
    struct guest_session *ret_sessions, struct err *err)
{
	static bson_t *parsed_if, *parsed_update, *parsed_fields;
	bson_t *filter = db_bson(arena), *variables = db_bson(arena), part;
	struct str *docs = arena_many(arena, n, struct str);
	int64_t matched;

	bson_add_in(filter, "_id", ids, n);
	BSON_APPEND_DOCUMENT_BEGIN(filter, "expires_at", &part);
	BSON_APPEND_DATE_TIME(&part, "$gt", now_ms);
	bson_append_document_end(filter, &part);
	(void)bson_concat(filter, db_json_once(&parsed_if, charge_all_if));
	BSON_APPEND_INT32(variables, "limit", limit);
	bson_add_list(variables, "ids", ids, n);
	bson_add_list(variables, "design_ids", design_ids, n);
	if (db_update_all(store, arena, collection, filter,
	    db_json_once(&parsed_update, charge_all_update), variables, &matched,
	    err) != RC_OK)
		return err->rc;
	if (matched != (int64_t)n)
		return err_set(err, RC_QUOTA, "Not all of these have one left.");
	if (db_get_all(store, arena, collection, ids, n,
	    db_json_once(&parsed_fields, charged_fields), docs, err) != RC_OK)
		return err->rc;
	for (size_t i = 0; i < n; i++)
		read_session(arena, docs[i], &ret_sessions[i]);
	return RC_OK;
}

enum rc
guest_give_back(struct store *store, struct arena *arena, struct str id,
    const char *day, struct err *err)
{
	bson_t *filter = db_json(arena, "{\"_id\":\"%.*s\",\"usage_count\":"
	    "{\"$gt\":0},\"$expr\":{\"$cond\":[" IS_DATE("last_design_at")
	    ",{\"$eq\":[\"%s\",{\"$dateToString\":{\"date\":"
	    "\"$last_design_at\",\"format\":\"%%Y-%%m-%%d\"}}]},false]}}",
	    STR_FMT(id), day);

	return db_update(store, arena, collection, filter,
	    db_json(arena, "{\"$inc\":{\"usage_count\":-1}}"), 0, NULL, err);
}

enum rc
guest_live(struct store *store, struct arena *arena, const struct str *ids,
    size_t n, int64_t now_ms, bool *ret_live, struct err *err)
{
	return db_exist(store, arena, collection, db_json(arena,
	    "{\"expires_at\":{\"$gt\":{\"$date\":{\"$numberLong\":\"%lld\"}}}}",
	    (long long)now_ms), ids, n, ret_live, err);
}
