#include "config.h"

#include "store/designs.h"

#include "schema/documents.h"
#include "store/designs-filter.h"

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
	struct db_find find = { .collection = DESIGNS, .limit = limit,
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
	struct db_find find = { .collection = DESIGNS, .limit = limit,
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
	return db_exist(store, arena, DESIGNS, db_json(arena, "{" NOT_BURIED "}"),
	    ids, n, ret_exist, err);
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
	return db_delete(store, arena, DESIGNS, filter, 1, ret_deleted, err);
}
