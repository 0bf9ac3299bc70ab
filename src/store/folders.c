#include "config.h"

#include "store/folders.h"

#include "schema/documents.h"
#include "store/db.h"
#include "store/designs-change.h"

static const char collection[] = "folders";

/* One more, whatever is stored, and within what the validator takes. */
#define NEXT_MOVE "{\"$cond\":[{\"$and\":[{\"$isNumber\":\"$moves\"}," \
	"{\"$gte\":[\"$moves\",0]},{\"$lt\":[\"$moves\",900000000]}]}," \
	"{\"$toInt\":{\"$add\":[\"$moves\",1]}},1]}"

/* The owner's folders that are marked, or those that are not. */
static bson_t *
of_user(struct arena *arena, struct str user_id, bool marked)
{
	bson_t *filter = db_bson(arena);

	bson_add_str(filter, "user_id", user_id);
	bson_add_is_time(filter, "deleted_at", marked);
	return filter;
}

static bson_t *
own(struct arena *arena, struct str user_id, struct str id, int64_t if_match_ms)
{
	bson_t *filter = of_user(arena, user_id, false);

	bson_add_str(filter, "_id", id);
	if (if_match_ms != TIME_NULL)
		BSON_APPEND_DATE_TIME(filter, "updated_at", if_match_ms);
	return filter;
}

static enum rc
missing(struct err *err)
{
	return err_set(err, RC_NOT_FOUND, "There is no such folder.");
}

enum rc
folders_insert(struct store *store, struct arena *arena,
    const struct folder *folder, struct err *err)
{
	return db_insert(store, arena, collection,
	    doc_to_bson(&doc_folder, folder, arena), err);
}

enum rc
folders_get(struct store *store, struct arena *arena, struct str user_id,
    struct str id, struct str *ret_doc, struct err *err)
{
	int64_t deleted_at;
	struct str doc;
	enum rc rc = db_get_own(store, arena, collection,
	    (struct store_owner){ user_id, STR_NULL }, id, &doc, err);

	if (rc == RC_NOT_FOUND
	    || (rc == RC_OK && doc_peek_time(doc, "deleted_at", &deleted_at)))
		return missing(err);
	if (rc == RC_OK)
		*ret_doc = doc;
	return rc;
}

enum rc
folders_list(struct store *store, struct arena *arena, struct str user_id,
    struct str *ret_docs, size_t *ret_n, struct err *err)
{
	const struct db_find find = { .collection = collection,
		.filter = of_user(arena, user_id, false),
		.sort = db_json(arena, "{\"sort_order\":1,\"_id\":1}"),
		.hint = "by_user_order", .limit = FOLDERS_READ_MAX };

	return db_find(store, arena, &find, ret_docs, ret_n, err);
}

enum rc
folders_set(struct store *store, struct arena *arena, struct str user_id,
    struct str id, int64_t if_match_ms, struct str set, struct str *ret_doc,
    struct err *err)
{
	const struct db_modify modify = { .collection = collection,
		.filter = own(arena, user_id, id, if_match_ms),
		.update = db_set_pipeline(arena, set), .flags = DB_PIPELINE };
	struct str doc;

	if (db_find_and_modify(store, arena, &modify, &doc, err) != RC_OK)
		return err->rc;
	if (doc.p == NULL)
		return missing(err);
	*ret_doc = doc;
	return RC_OK;
}

/* [{$set: {sort_order: {$indexOfArray: [[ids], "$_id"]}, updated_at}}] */
static bson_t *
place_among(struct arena *arena, const struct str *ids, size_t n)
{
	bson_t *pipeline = db_bson(arena), stage, fields, place, args, list;
	const char *index;
	char room[16];

	BSON_APPEND_DOCUMENT_BEGIN(pipeline, "0", &stage);
	BSON_APPEND_DOCUMENT_BEGIN(&stage, "$set", &fields);
	BSON_APPEND_DOCUMENT_BEGIN(&fields, "sort_order", &place);
	BSON_APPEND_ARRAY_BEGIN(&place, "$indexOfArray", &args);
	BSON_APPEND_ARRAY_BEGIN(&args, "0", &list);
	for (size_t i = 0; i < n; i++) {
		(void)bson_uint32_to_string((uint32_t)i, &index, room,
		    sizeof room);
		bson_add_str(&list, index, ids[i]);
	}
	bson_append_array_end(&args, &list);
	BSON_APPEND_UTF8(&args, "1", "$_id");
	bson_append_array_end(&place, &args);
	bson_append_document_end(&fields, &place);
	BSON_APPEND_DOCUMENT(&fields, "updated_at",
	    db_json(arena, "%s", NEXT_UPDATED_AT));
	bson_append_document_end(&stage, &fields);
	bson_append_document_end(pipeline, &stage);
	return pipeline;
}

enum rc
folders_reorder(struct store *store, struct arena *arena, struct str user_id,
    const struct str *ids, size_t n, const struct str *changed,
    size_t changed_n, struct err *err)
{
	bson_t *filter = of_user(arena, user_id, false);

	if (changed_n == 0)
		return RC_OK;
	bson_add_in(filter, "_id", changed, changed_n);
	return db_update(store, arena, collection, filter,
	    place_among(arena, ids, n), DB_MULTI | DB_PIPELINE, NULL, err);
}

enum rc
folders_enter(struct store *store, struct arena *arena, struct str user_id,
    struct str id, bool *ret_there, struct err *err)
{
	int64_t matched = 0;

	if (db_update(store, arena, collection, own(arena, user_id, id,
	    TIME_NULL), db_json(arena, "[{\"$set\":{\"moves\":" NEXT_MOVE "}}]"),
	    DB_PIPELINE, &matched, err) != RC_OK)
		return err->rc;
	*ret_there = matched == 1;
	return RC_OK;
}

enum rc
folders_exist(struct store *store, struct arena *arena, struct str user_id,
    const struct str *ids, size_t n, bool *ret_exist, struct err *err)
{
	return db_exist(store, arena, collection, of_user(arena, user_id, false),
	    ids, n, ret_exist, err);
}

/* --- deletion ------------------------------------------------------------ */

static bson_t *
inside(struct arena *arena, struct str user_id, struct str id)
{
	bson_t *filter = db_bson(arena), type;

	BSON_APPEND_DOCUMENT_BEGIN(filter, "_id", &type);
	BSON_APPEND_UTF8(&type, "$type", "string");
	bson_append_document_end(filter, &type);
	bson_add_str(filter, "user_id", user_id);
	bson_add_str(filter, "folder_id", id);
	return filter;
}

enum rc
folders_empty(struct store *store, struct arena *arena, struct str user_id,
    struct str id, int64_t *ret_designs, struct err *err)
{
	const struct db_find find = { .collection = "designs",
		.filter = inside(arena, user_id, id), .hint = "folder_id",
		.projection = db_json(arena, "{\"_id\":1}"),
		.limit = FOLDER_EMPTY_AT_ONCE };
	struct str *docs = arena_many(arena, FOLDER_EMPTY_AT_ONCE, struct str);
	bson_t *filter = db_bson(arena);
	size_t n = 0;

	if (db_find(store, arena, &find, docs, &n, err) != RC_OK)
		return err->rc;
	for (size_t i = 0; i < n; i++)
		if (!doc_peek_str(docs[i], "_id", &docs[i]))
			die("folders_empty: an id that is not the text that was asked for");
	*ret_designs = (int64_t)n;
	if (n == 0)
		return RC_OK;
	bson_add_in(filter, "_id", docs, n);
	bson_add_str(filter, "user_id", user_id);
	bson_add_str(filter, "folder_id", id);
	return designs_change(store, arena, filter,
	    db_json(arena, "{\"folder_id\":null}"), DB_MULTI, NULL, err);
}

enum rc
folders_mark(struct store *store, struct arena *arena, struct str user_id,
    struct str id, int64_t if_match_ms, struct err *err)
{
	int64_t matched = 0;

	if (db_update(store, arena, collection, own(arena, user_id, id,
	    if_match_ms), db_json(arena,
	    "[{\"$set\":{\"deleted_at\":\"$$NOW\"}}]"), DB_PIPELINE, &matched,
	    err) != RC_OK)
		return err->rc;
	return matched == 1 ? RC_OK : missing(err);
}

enum rc
folders_remove(struct store *store, struct arena *arena, struct str user_id,
    struct str id, int64_t if_match_ms, struct err *err)
{
	int64_t deleted = 0;

	if (db_delete(store, arena, collection, own(arena, user_id, id,
	    if_match_ms), 1, &deleted, err) != RC_OK)
		return err->rc;
	return deleted == 1 ? RC_OK : missing(err);
}

enum rc
folders_remove_marked(struct store *store, struct arena *arena,
    struct str user_id, struct str id, struct err *err)
{
	bson_t *filter = of_user(arena, user_id, true);

	bson_add_str(filter, "_id", id);
	return db_delete(store, arena, collection, filter, 1, NULL, err);
}

enum rc
folders_find_marked(struct store *store, struct arena *arena,
    struct str user_id, struct str *ret_id, struct err *err)
{
	const struct db_find find = { .collection = collection,
		.filter = of_user(arena, user_id, true), .limit = 1,
		.hint = "by_user_order" };
	struct str doc;
	size_t n = 0;

	*ret_id = STR_NULL;
	if (db_find(store, arena, &find, &doc, &n, err) == RC_OK && n == 1)
		(void)doc_peek_str(doc, "_id", ret_id);
	return err->rc;
}
