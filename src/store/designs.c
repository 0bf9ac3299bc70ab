#include "config.h"

#include "store/designs.h"

#include "schema/documents.h"
#include "store/db.h"

enum { SEARCH_MS = 500 };

static const char collection[] = "designs";

/* The next updated_at: later than the last, and not behind the server's clock. A
 * poisoned value of another type must not keep a document from the trash. */
#define NEXT_UPDATED_AT \
	"{\"$cond\":[{\"$eq\":[{\"$type\":\"$updated_at\"},\"date\"]}," \
	"{\"$max\":[\"$$NOW\",{\"$add\":[\"$updated_at\",1]}]},\"$$NOW\"]}"

static bson_t *
own(struct arena *arena, struct store_owner owner, struct str id)
{
	bson_t *filter = db_bson(arena);

	bson_add_str(filter, "_id", id);
	bson_add_owner(filter, owner);
	return filter;
}

/* What is not surely in the trash is outside: nothing is in neither. */
static void
add_deleted(bson_t *filter, bool deleted)
{
	bson_t not;

	if (deleted) {
		BSON_APPEND_BOOL(filter, "is_deleted", true);
		return;
	}
	BSON_APPEND_DOCUMENT_BEGIN(filter, "is_deleted", &not);
	BSON_APPEND_BOOL(&not, "$ne", true);
	bson_append_document_end(filter, &not);
}

static void
add_when(bson_t *filter, const struct designs_when *when)
{
	if (when->updated_at_ms != TIME_NULL)
		BSON_APPEND_DATE_TIME(filter, "updated_at", when->updated_at_ms);
	if (when->deleted >= 0)
		add_deleted(filter, when->deleted == 1);
}

static enum rc
modify(struct store *store, struct arena *arena, const bson_t *filter,
    const bson_t *pipeline, struct str *ret_doc, struct err *err)
{
	if (db_find_and_modify(store, arena, collection, filter, NULL, pipeline,
	    DB_PIPELINE, ret_doc, err) != RC_OK)
		return err->rc;
	return ret_doc->p != NULL ? RC_OK
	    : err_set(err, RC_NOT_FOUND, "There is no such design.");
}

enum rc
designs_insert(struct store *store, struct arena *arena, struct str doc,
    struct err *err)
{
	return db_insert(store, arena, collection, doc, err);
}

enum rc
designs_get(struct store *store, struct arena *arena, struct store_owner owner,
    struct str id, struct str *ret_doc, struct err *err)
{
	return db_get_own(store, arena, collection, owner, id, ret_doc, err);
}

enum rc
designs_find(struct store *store, struct arena *arena, struct str id,
    struct str *ret_doc, struct err *err)
{
	return db_get(store, arena, collection, id, ret_doc, err);
}

/* --- lists --------------------------------------------------------------- */

static const struct {
	const char *key;
	int direction;
} sorts[] = {
	[BY_CREATED_DESC] = { "created_at", -1 },
	[BY_CREATED_ASC] = { "created_at", 1 },
	[BY_UPDATED_DESC] = { "updated_at", -1 },
};

/* {$or: [{key: {$lt: v}}, {key: v, _id: {$lt: id}}]}, and key <= v as a bound
 * for the index. */
static void
add_after(bson_t *filter, const struct designs_query *query)
{
	const char *key = sorts[query->sort].key;
	bool down = sorts[query->sort].direction < 0;
	bson_t range, list, item, inner;

	BSON_APPEND_DOCUMENT_BEGIN(filter, key, &range);
	BSON_APPEND_DATE_TIME(&range, down ? "$lte" : "$gte", query->after_ms);
	bson_append_document_end(filter, &range);
	BSON_APPEND_ARRAY_BEGIN(filter, "$or", &list);
	BSON_APPEND_DOCUMENT_BEGIN(&list, "0", &item);
	BSON_APPEND_DOCUMENT_BEGIN(&item, key, &inner);
	BSON_APPEND_DATE_TIME(&inner, down ? "$lt" : "$gt", query->after_ms);
	bson_append_document_end(&item, &inner);
	bson_append_document_end(&list, &item);
	BSON_APPEND_DOCUMENT_BEGIN(&list, "1", &item);
	BSON_APPEND_DATE_TIME(&item, key, query->after_ms);
	BSON_APPEND_DOCUMENT_BEGIN(&item, "_id", &inner);
	bson_add_str(&inner, down ? "$lt" : "$gt", query->after_id);
	bson_append_document_end(&item, &inner);
	bson_append_document_end(&list, &item);
	bson_append_array_end(filter, &list);
}

/* Users' words become an escaped literal of a regular expression. */
static struct str
escape_regex(struct arena *arena, struct str words)
{
	struct buf buf;

	buf_init(&buf, arena, words.n * 2, words.n * 2 + 1);
	for (size_t i = 0; i < words.n; i++) {
		if (strchr("\\^$.|?*+()[]{}-/#", words.p[i]) != NULL)
			buf_add_char(&buf, '\\');
		buf_add_char(&buf, words.p[i]);
	}
	buf_add_char(&buf, '\0');
	return (struct str){ buf.p, buf.n - 1 };
}

static void
add_words(bson_t *filter, struct arena *arena, struct str words)
{
	static const char *const fields[] = { "original_prompt", "gem_data.type",
		"gem_data.color" };
	struct str regex = escape_regex(arena, words);
	bson_t all, part, list, item;
	char index[2] = "0";

	/* Under $and, because $or may be taken by the cursor. */
	BSON_APPEND_ARRAY_BEGIN(filter, "$and", &all);
	BSON_APPEND_DOCUMENT_BEGIN(&all, "0", &part);
	BSON_APPEND_ARRAY_BEGIN(&part, "$or", &list);
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		index[0] = (char)('0' + i);
		BSON_APPEND_DOCUMENT_BEGIN(&list, index, &item);
		BSON_APPEND_REGEX(&item, fields[i], regex.p, "i");
		bson_append_document_end(&list, &item);
	}
	bson_append_array_end(&part, &list);
	bson_append_document_end(&all, &part);
	bson_append_array_end(filter, &all);
}

static bson_t *
list_filter(struct arena *arena, struct store_owner owner,
    const struct designs_query *query)
{
	bson_t *filter = db_bson(arena);

	bson_add_owner(filter, owner);
	add_deleted(filter, query->deleted);
	if (query->is_favorite >= 0)
		BSON_APPEND_BOOL(filter, "is_favorite", query->is_favorite == 1);
	if (query->folder_id.p != NULL)
		bson_add_str(filter, "folder_id", query->folder_id);
	if (query->gem_type.p != NULL)
		bson_add_str(filter, "gem_data.type", query->gem_type);
	if (query->metal.p != NULL)
		bson_add_str(filter, "material_preferences.metals", query->metal);
	if (query->words.p != NULL)
		add_words(filter, arena, query->words);
	return filter;
}

/* The owner's own range, whatever a list filters: left to itself the server now and
 * then takes an index over all owners (the trash, a folder) and sorts. */
static const char *
list_index(const bson_t *filter, const struct designs_query *query)
{
	if (bson_has_field(filter, "guest_session_id"))
		return "by_guest_time";
	/* Stars are few: theirs is the shorter range, if not in this order. */
	if (query->sort == BY_UPDATED_DESC && query->is_favorite != 1)
		return "by_user_updated";
	return query->is_favorite >= 0 ? "by_user_favorite" : "by_user_time";
}

/* Sorted by key and _id, or by _id alone. */
static enum rc
find(struct store *store, struct arena *arena, const bson_t *filter,
    const struct designs_query *query, const char *key, int limit,
    struct str *ret_docs, size_t *ret_n, struct err *err)
{
	bson_t *sort = db_bson(arena);
	struct db_find find = { .collection = collection, .filter = filter,
		.sort = sort, .limit = limit, .hint = list_index(filter, query),
		.max_time_ms = query->words.p != NULL ? SEARCH_MS : 0 };

	if (strcmp(key, "_id") != 0)
		BSON_APPEND_INT32(sort, key, sorts[query->sort].direction);
	BSON_APPEND_INT32(sort, "_id", sorts[query->sort].direction);
	return db_find(store, arena, &find, ret_docs, ret_n, err);
}

/* key: {$type: "date"}, or the contrary. */
static void
add_is_time(bson_t *filter, const char *key, bool is_time)
{
	bson_t range, not;

	BSON_APPEND_DOCUMENT_BEGIN(filter, key, &range);
	if (is_time) {
		BSON_APPEND_UTF8(&range, "$type", "date");
	} else {
		BSON_APPEND_DOCUMENT_BEGIN(&range, "$not", &not);
		BSON_APPEND_UTF8(&not, "$type", "date");
		bson_append_document_end(&range, &not);
	}
	bson_append_document_end(filter, &range);
}

/* Damaged documents whose sort value is no time have no place among times; they
 * follow at the end of the last page, by _id. */
static enum rc
find_strays(struct store *store, struct arena *arena, struct store_owner owner,
    const struct designs_query *query, int limit, struct str *ret_docs,
    size_t *ret_n, struct err *err)
{
	bson_t *filter = list_filter(arena, owner, query), after;
	bool down = sorts[query->sort].direction < 0;

	add_is_time(filter, sorts[query->sort].key, false);
	if (query->after_id.p != NULL && query->after_ms == TIME_NULL) {
		BSON_APPEND_DOCUMENT_BEGIN(filter, "_id", &after);
		bson_add_str(&after, down ? "$lt" : "$gt", query->after_id);
		bson_append_document_end(filter, &after);
	}
	return find(store, arena, filter, query, "_id", limit, ret_docs, ret_n, err);
}

static bool
has_strays(const struct designs_query *query, const struct str *docs, size_t n)
{
	int64_t ms;

	for (size_t i = 0; i < n; i++)
		if (!doc_peek_time(docs[i], sorts[query->sort].key, &ms))
			return true;
	return false;
}

/* One command for the first page, unless a stray turns up: then, as for all
 * pages behind, first times, then strays. */
enum rc
designs_list(struct store *store, struct arena *arena, struct store_owner owner,
    const struct designs_query *query, struct str *ret_docs, size_t *ret_n,
    struct err *err)
{
	bson_t *filter = list_filter(arena, owner, query);
	const char *key = sorts[query->sort].key;
	bool first = query->after_id.p == NULL;
	size_t strays = 0;

	if (first && (find(store, arena, filter, query, key, query->limit,
	    ret_docs, ret_n, err) != RC_OK
	    || !has_strays(query, ret_docs, *ret_n)))
		return err->rc;
	*ret_n = 0;
	if (first || query->after_ms != TIME_NULL) {
		if (first)
			add_is_time(filter, key, true);
		else
			add_after(filter, query);
		if (find(store, arena, filter, query, key, query->limit, ret_docs,
		    ret_n, err) != RC_OK || *ret_n == (size_t)query->limit)
			return err->rc;
	}
	if (find_strays(store, arena, owner, query,
	    query->limit - (int)*ret_n, ret_docs + *ret_n, &strays, err) != RC_OK)
		return err->rc;
	*ret_n += strays;
	return RC_OK;
}

/* --- changes ------------------------------------------------------------- */

/* Users' values go into a pipeline under $literal: "$x" stays text. */
enum rc
designs_set(struct store *store, struct arena *arena, struct store_owner owner,
    struct str id, const struct designs_when *when, struct str set,
    struct str *ret_doc, struct err *err)
{
	bson_t *filter = own(arena, owner, id), *pipeline = db_bson(arena);
	bson_t stage, fields, literal, values;
	bson_iter_t it;

	add_when(filter, when);
	if (!bson_init_static(&values, (const uint8_t *)set.p, set.n)
	    || !bson_iter_init(&it, &values))
		die("designs_set: not BSON");
	BSON_APPEND_DOCUMENT_BEGIN(pipeline, "0", &stage);
	BSON_APPEND_DOCUMENT_BEGIN(&stage, "$set", &fields);
	while (bson_iter_next(&it)) {
		BSON_APPEND_DOCUMENT_BEGIN(&fields, bson_iter_key(&it), &literal);
		bson_append_iter(&literal, "$literal", -1, &it);
		bson_append_document_end(&fields, &literal);
	}
	BSON_APPEND_DOCUMENT(&fields, "updated_at",
	    db_json(arena, "%s", NEXT_UPDATED_AT));
	bson_append_document_end(&stage, &fields);
	bson_append_document_end(pipeline, &stage);
	return modify(store, arena, filter, pipeline, ret_doc, err);
}

enum rc
designs_trash(struct store *store, struct arena *arena, struct store_owner owner,
    struct str id, const struct designs_when *when, bool to_trash,
    struct str *ret_doc, struct err *err)
{
	bson_t *filter = own(arena, owner, id);

	add_when(filter, when);
	/* What lies in the trash keeps the day on which it came there. */
	return modify(store, arena, filter, db_json(arena,
	    "[{\"$set\":{\"is_deleted\":%s,\"deleted_at\":%s,\"updated_at\":%s}}]",
	    to_trash ? "true" : "false", to_trash ? "{\"$cond\":[{\"$and\":["
	    "{\"$eq\":[\"$is_deleted\",true]},{\"$eq\":[{\"$type\":"
	    "\"$deleted_at\"},\"date\"]}]},\"$deleted_at\",\"$$NOW\"]}" : "null",
	    NEXT_UPDATED_AT), ret_doc, err);
}

enum rc
designs_remove(struct store *store, struct arena *arena,
    struct store_owner owner, struct str id, const struct designs_when *when,
    struct err *err)
{
	bson_t *filter = own(arena, owner, id);
	int64_t deleted;

	add_when(filter, when);
	if (db_delete(store, arena, collection, filter, 1, &deleted, err) != RC_OK)
		return err->rc;
	return deleted == 1 ? RC_OK
	    : err_set(err, RC_NOT_FOUND, "There is no such design in the trash.");
}

/* Our ids are checked UUIDs, so they may stand in JSON text. */
enum rc
designs_select(struct store *store, struct arena *arena,
    struct store_owner owner, struct str id, const struct designs_when *when,
    struct str image_id, struct str *ret_doc, struct err *err)
{
	bson_t *filter = own(arena, owner, id);

	add_when(filter, when);
	(void)bson_concat(filter, db_json(arena,
	    "{\"$or\":[{\"generated_images.image_id\":\"%.*s\"},"
	    "{\"refinements.refinement_id\":\"%.*s\"}]}", STR_FMT(image_id),
	    STR_FMT(image_id)));
	return modify(store, arena, filter, db_json(arena,
	    "[{\"$set\":{\"updated_at\":%s,"
	    "\"selected_image_id\":{\"$cond\":[{\"$in\":[\"%.*s\","
	    "\"$generated_images.image_id\"]},\"%.*s\",\"$selected_image_id\"]},"
	    "\"current_version\":{\"type\":{\"$cond\":[{\"$in\":[\"%.*s\","
	    "\"$generated_images.image_id\"]},\"original\",\"refinement\"]},"
	    "\"image_id\":\"%.*s\"}}}]", NEXT_UPDATED_AT, STR_FMT(image_id),
	    STR_FMT(image_id), STR_FMT(image_id), STR_FMT(image_id)), ret_doc, err);
}

enum rc
designs_begin_generation(struct store *store, struct arena *arena,
    struct store_owner owner, struct str id, struct str generation_id,
    struct str *ret_doc, struct err *err)
{
	bson_t *filter = own(arena, owner, id);

	add_deleted(filter, false);
	return modify(store, arena, filter, db_json(arena,
	    "[{\"$set\":{\"generation_id\":\"%.*s\",\"updated_at\":%s}}]",
	    STR_FMT(generation_id), NEXT_UPDATED_AT), ret_doc, err);
}

enum rc
designs_end_generation(struct store *store, struct arena *arena, struct str id,
    struct str generation_id, struct err *err)
{
	bson_t *filter = db_bson(arena);

	bson_add_str(filter, "_id", id);
	bson_add_str(filter, "generation_id", generation_id);
	return db_update(store, arena, collection, filter, db_json(arena,
	    "[{\"$set\":{\"generation_id\":null,\"updated_at\":%s}}]",
	    NEXT_UPDATED_AT), DB_PIPELINE, NULL, err);
}

#define SUM(field, add) "\"metadata." field "\":{\"$add\":[{\"$cond\":[" \
	"{\"$isNumber\":\"$metadata." field "\"},\"$metadata." field "\",0]}," add "]}"
#define ADD_COST SUM("total_generation_cost", "%.9f") "," \
	SUM("total_generation_time", "%.3f")

/* --- landing ------------------------------------------------------------- */

/* One picture into its array of at most `most`: [$set: {array: concat,
 * current_version, metadata, updated_at}]. current_version becomes the first
 * picture, then follows each refinement. */
static enum rc
land(struct store *store, struct arena *arena, struct str id, const char *array,
    int most, const char *id_key, struct str image_id, struct str item,
    const char *version, double cost_usd, double seconds, bool *ret_landed,
    struct err *err)
{
	bson_t *filter = db_json(arena, "{\"_id\":\"%.*s\",\"%s.%s\":{\"$ne\":"
	    "\"%.*s\"},\"%s.%d\":{\"$exists\":false}}", STR_FMT(id), array, id_key,
	    STR_FMT(image_id), array, most - 1);
	bson_t *pipeline = db_bson(arena), stage, fields, concat, list, literal;
	bson_t item_bson;
	char path[64];
	int64_t matched;

	if (!bson_init_static(&item_bson, (const uint8_t *)item.p, item.n))
		die("designs: not BSON");
	(void)snprintf(path, sizeof path, "$%s", array);
	BSON_APPEND_DOCUMENT_BEGIN(pipeline, "0", &stage);
	BSON_APPEND_DOCUMENT_BEGIN(&stage, "$set", &fields);
	BSON_APPEND_DOCUMENT_BEGIN(&fields, array, &concat);
	BSON_APPEND_ARRAY_BEGIN(&concat, "$concatArrays", &list);
	/* What is no array holds no picture. */
	BSON_APPEND_DOCUMENT(&list, "0", db_json(arena, "{\"$cond\":["
	    "{\"$isArray\":[\"%s\"]},\"%s\",[]]}", path, path));
	BSON_APPEND_DOCUMENT_BEGIN(&list, "1", &literal);
	{
		bson_t one = BSON_INITIALIZER;

		BSON_APPEND_DOCUMENT(&one, "0", &item_bson);
		BSON_APPEND_ARRAY(&literal, "$literal", &one);
		bson_destroy(&one);
	}
	bson_append_document_end(&list, &literal);
	bson_append_array_end(&concat, &list);
	bson_append_document_end(&fields, &concat);
	(void)bson_concat(&fields, db_json(arena,
	    "{\"updated_at\":%s,\"current_version\":%s," ADD_COST "}",
	    NEXT_UPDATED_AT, version, cost_usd, seconds));
	bson_append_document_end(&stage, &fields);
	bson_append_document_end(pipeline, &stage);
	if (db_update(store, arena, collection, filter, pipeline, DB_PIPELINE,
	    &matched, err) != RC_OK)
		return err->rc;
	*ret_landed = matched == 1;
	return RC_OK;
}

enum rc
designs_land_image(struct store *store, struct arena *arena, struct str id,
    const struct generated_image *image, double cost_usd, double seconds,
    bool *ret_landed, struct err *err)
{
	struct str version = arena_printf(arena,
	    "{\"$ifNull\":[\"$current_version\",{\"type\":\"original\","
	    "\"image_id\":\"%.*s\"}]}", STR_FMT(image->image_id));

	return land(store, arena, id, "generated_images", DESIGN_IMAGES_MAX,
	    "image_id", image->image_id,
	    doc_to_bson(&doc_generated_image, image, arena),
	    version.p, cost_usd, seconds, ret_landed, err);
}

enum rc
designs_land_refinement(struct store *store, struct arena *arena, struct str id,
    const struct refinement *refinement, double cost_usd, double seconds,
    bool *ret_landed, struct err *err)
{
	struct str version = arena_printf(arena,
	    "{\"type\":\"refinement\",\"image_id\":\"%.*s\"}",
	    STR_FMT(refinement->refinement_id));

	return land(store, arena, id, "refinements", DESIGN_REFINEMENTS_MAX,
	    "refinement_id", refinement->refinement_id,
	    doc_to_bson(&doc_refinement, refinement, arena), version.p,
	    cost_usd, seconds, ret_landed, err);
}

enum rc
designs_add_cost(struct store *store, struct arena *arena, struct str id,
    double cost_usd, double seconds, struct err *err)
{
	bson_t *filter = db_bson(arena);

	bson_add_str(filter, "_id", id);
	return db_update(store, arena, collection, filter, db_json(arena,
	    "[{\"$set\":{" ADD_COST "}}]", cost_usd, seconds), DB_PIPELINE, NULL,
	    err);
}

/* --- retention ----------------------------------------------------------- */

static size_t
take_ids(const struct str *docs, size_t n, struct str *ret_ids)
{
	size_t ids = 0;

	for (size_t i = 0; i < n; i++)
		if (doc_peek_str(docs[i], "_id", &ret_ids[ids]))
			ids++;
	return ids;
}

enum rc
designs_due_trash(struct store *store, struct arena *arena, int64_t before_ms,
    int limit, struct str *ret_ids, size_t *ret_n, struct err *err)
{
	struct str *docs = arena_many(arena, (size_t)limit, struct str);
	struct db_find find = { .collection = collection, .limit = limit,
		.filter = db_json(arena, "{\"is_deleted\":true,\"deleted_at\":"
		"{\"$lt\":{\"$date\":{\"$numberLong\":\"%lld\"}}}}",
		(long long)before_ms),
		.projection = db_json(arena, "{\"_id\":1}") };
	size_t n;

	if (db_find(store, arena, &find, docs, &n, err) != RC_OK)
		return err->rc;
	*ret_n = take_ids(docs, n, ret_ids);
	return RC_OK;
}

enum rc
designs_due_guests(struct store *store, struct arena *arena, int64_t before_ms,
    struct str after_session, int limit, struct designs_guest_due *ret_due,
    size_t *ret_n, struct err *err)
{
	struct str *docs = arena_many(arena, (size_t)limit, struct str);
	struct db_find find = { .collection = collection, .limit = limit,
		.filter = db_json(arena, "{\"guest_session_id\":{\"$gt\":"
		"\"%.*s\"},\"user_id\":null,\"created_at\":{\"$not\":{\"$gte\":"
		"{\"$date\":{\"$numberLong\":\"%lld\"}}}}}", STR_FMT(after_session),
		(long long)before_ms),
		.sort = db_json(arena, "{\"guest_session_id\":1}"),
		.hint = "by_guest_time",
		.projection = db_json(arena, "{\"_id\":1,\"guest_session_id\":1}") };
	size_t n;

	if (db_find(store, arena, &find, docs, &n, err) != RC_OK)
		return err->rc;
	*ret_n = 0;
	for (size_t i = 0; i < n; i++)
		if (doc_peek_str(docs[i], "_id", &ret_due[*ret_n].id)
		    && doc_peek_str(docs[i], "guest_session_id",
		    &ret_due[*ret_n].guest_session_id))
			++*ret_n;
	return RC_OK;
}

enum rc
designs_exist(struct store *store, struct arena *arena, const struct str *ids,
    size_t n, bool *ret_exist, struct err *err)
{
	struct str *docs = arena_many(arena, n, struct str), id;
	bson_t *filter = db_bson(arena);
	struct db_find find = { .collection = collection, .filter = filter,
		.limit = (int)n, .projection = db_json(arena, "{\"_id\":1}") };
	size_t found;

	if (n == 0)
		return RC_OK;
	bson_add_in(filter, "_id", ids, n);
	if (db_find(store, arena, &find, docs, &found, err) != RC_OK)
		return err->rc;
	for (size_t i = 0; i < n; i++) {
		ret_exist[i] = false;
		for (size_t k = 0; k < found && !ret_exist[i]; k++)
			ret_exist[i] = doc_peek_str(docs[k], "_id", &id)
			    && str_eq(id, ids[i]);
	}
	return RC_OK;
}

enum rc
designs_remove_due(struct store *store, struct arena *arena, struct str id,
    struct str guest_session_id, int64_t trash_before_ms, int64_t *ret_deleted,
    struct err *err)
{
	bson_t *filter = db_bson(arena);

	bson_add_str(filter, "_id", id);
	if (guest_session_id.p != NULL) {
		BSON_APPEND_NULL(filter, "user_id");
		bson_add_str(filter, "guest_session_id", guest_session_id);
	} else {
		BSON_APPEND_BOOL(filter, "is_deleted", true);
		(void)bson_concat(filter, db_json(arena,
		    "{\"deleted_at\":{\"$lt\":{\"$date\":{\"$numberLong\":"
		    "\"%lld\"}}}}", (long long)trash_before_ms));
	}
	return db_delete(store, arena, collection, filter, 1, ret_deleted, err);
}
