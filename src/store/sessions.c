#include "config.h"

#include "store/sessions.h"

#include "schema/documents.h"
#include "store/db.h"

static const char collection[] = "sessions";

enum rc
sessions_insert(struct store *store, struct arena *arena,
    const struct session *session, struct err *err)
{
	return db_insert(store, arena, collection,
	    doc_to_bson(&doc_session, session, arena), err);
}

/* One alone by _id, which the server answers without planning. */
enum rc
sessions_get_some(struct store *store, struct arena *arena, const struct str *ids,
    size_t n, struct session *ret_sessions, size_t *ret_n, struct err *err)
{
	struct db_find find = { .collection = collection, .limit = (int)n };
	struct str *docs = arena_array(arena, n, sizeof *docs);
	bson_t *filter = db_bson(arena);
	enum rc rc;

	bson_add_in(filter, "_id", ids, n);
	find.filter = filter;
	if (n == 1) {
		rc = db_get(store, arena, collection, ids[0], docs, err);
		*ret_n = rc == RC_OK;
		if (rc == RC_NOT_FOUND)
			err_init(err);
	} else {
		rc = db_find(store, arena, &find, docs, ret_n, err);
	}
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return rc;
	for (size_t i = 0; i < *ret_n; i++)
		doc_read(&doc_session, docs[i], &ret_sessions[i], arena);
	return RC_OK;
}

enum rc
sessions_touch(struct store *store, struct arena *arena, struct str id,
    int64_t now_ms, int64_t expires_ms, struct err *err)
{
	bson_t *filter = db_bson(arena), *update = db_bson(arena), set;

	bson_add_str(filter, "_id", id);
	BSON_APPEND_DOCUMENT_BEGIN(update, "$max", &set);
	BSON_APPEND_DATE_TIME(&set, "last_used_at", now_ms);
	BSON_APPEND_DATE_TIME(&set, "expires_at", expires_ms);
	bson_append_document_end(update, &set);
	return db_update(store, arena, collection, filter, update, 0, NULL, err);
}

enum rc
sessions_of_user(struct store *store, struct arena *arena, struct str user_id,
    int64_t now_ms, struct str *ret_docs, size_t *ret_n, struct err *err)
{
	bson_t *filter = db_bson(arena), after;
	const struct db_find find = { .collection = collection, .filter = filter,
		.sort = db_json(arena, "{\"_id\":-1}"), .hint = "by_user",
		.limit = SESSIONS_MAX };

	bson_add_str(filter, "user_id", user_id);
	BSON_APPEND_DOCUMENT_BEGIN(filter, "expires_at", &after);
	BSON_APPEND_DATE_TIME(&after, "$gt", now_ms);
	bson_append_document_end(filter, &after);
	return db_find(store, arena, &find, ret_docs, ret_n, err);
}

enum rc
sessions_remove(struct store *store, struct arena *arena, struct str user_id,
    struct str id, int64_t *ret_removed, struct err *err)
{
	return db_delete_of_user(store, arena, collection, user_id, id,
	    ret_removed, err);
}

/* A look into the index, at keys alone. */
enum rc
sessions_cut(struct store *store, struct arena *arena, struct str user_id,
    int64_t *ret_removed, struct err *err)
{
	bson_t *filter = db_bson(arena), *old = db_bson(arena), part;
	const struct db_find find = { .collection = collection, .filter = filter,
		.sort = db_json(arena, "{\"_id\":-1}"), .hint = "by_user",
		.projection = db_json(arena, "{\"_id\":1}"), .limit = 1,
		.skip = SESSIONS_MAX };
	struct str doc, newest;
	size_t n;

	bson_add_str(filter, "user_id", user_id);
	if (db_find(store, arena, &find, &doc, &n, err) != RC_OK)
		return err->rc;
	if (n == 0 || !doc_peek_str(doc, "_id", &newest)) {
		*ret_removed = 0;
		return RC_OK;
	}
	bson_add_str(old, "user_id", user_id);
	BSON_APPEND_DOCUMENT_BEGIN(old, "_id", &part);
	bson_add_str(&part, "$lte", newest);
	bson_append_document_end(old, &part);
	return db_delete(store, arena, collection, old, 0, ret_removed, err);
}

enum rc
sessions_remove_all(struct store *store, struct arena *arena, struct str user_id,
    struct str except, int64_t *ret_removed, struct err *err)
{
	bson_t *filter = db_bson(arena), not;

	bson_add_str(filter, "user_id", user_id);
	if (except.p != NULL) {
		BSON_APPEND_DOCUMENT_BEGIN(filter, "_id", &not);
		bson_add_str(&not, "$ne", except);
		bson_append_document_end(filter, &not);
	}
	return db_delete(store, arena, collection, filter, 0, ret_removed, err);
}
