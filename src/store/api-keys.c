#include "config.h"

#include "store/api-keys.h"

#include "schema/documents.h"
#include "store/db.h"

static const char collection[] = "api_keys";

enum rc
api_keys_insert(struct store *store, struct arena *arena,
    const struct api_key *key, struct err *err)
{
	return db_insert(store, arena, collection,
	    doc_to_bson(&doc_api_key, key, arena), err);
}

enum rc
api_keys_get(struct store *store, struct arena *arena, struct str id,
    struct api_key *ret_key, struct err *err)
{
	struct str doc;

	if (db_get(store, arena, collection, id, &doc, err) != RC_OK)
		return err->rc;
	doc_read(&doc_api_key, doc, ret_key, arena);
	return RC_OK;
}

enum rc
api_keys_of_user(struct store *store, struct arena *arena, struct str user_id,
    struct str after_id, int limit, struct str *ret_docs, size_t *ret_n,
    struct err *err)
{
	bson_t *filter = db_bson(arena), before;
	const struct db_find find = { .collection = collection, .filter = filter,
		.sort = db_json(arena, "{\"_id\":-1}"), .hint = "by_user",
		.limit = limit };

	bson_add_str(filter, "user_id", user_id);
	if (after_id.p != NULL) {
		BSON_APPEND_DOCUMENT_BEGIN(filter, "_id", &before);
		bson_add_str(&before, "$lt", after_id);
		bson_append_document_end(filter, &before);
	}
	return db_find(store, arena, &find, ret_docs, ret_n, err);
}

enum rc
api_keys_full(struct store *store, struct arena *arena, struct str user_id,
    int64_t now_ms, int most, bool *ret_full, struct err *err)
{
	bson_t *filter = db_json(arena, "{\"revoked_at\":null,\"$or\":["
	    "{\"expires_at\":null},{\"expires_at\":{\"$gt\":{\"$date\":"
	    "{\"$numberLong\":\"%lld\"}}}}]}", (long long)now_ms);
	const struct db_find find = { .collection = collection, .filter = filter,
		.projection = db_json(arena, "{\"_id\":1}"), .hint = "by_user",
		.limit = most };
	struct str *docs = arena_many(arena, (size_t)most, struct str);
	size_t n;

	bson_add_str(filter, "user_id", user_id);
	if (db_find(store, arena, &find, docs, &n, err) != RC_OK)
		return err->rc;
	*ret_full = n >= (size_t)most;
	return RC_OK;
}

enum rc
api_keys_touch(struct store *store, struct arena *arena, struct str id,
    int64_t hour_ms, struct err *err)
{
	return db_raise_time(store, arena, collection, id, "last_used_at", hour_ms,
	    err);
}

static bson_t *
unrevoked(struct arena *arena, struct str user_id)
{
	bson_t *filter = db_bson(arena);

	bson_add_str(filter, "user_id", user_id);
	BSON_APPEND_NULL(filter, "revoked_at");
	return filter;
}

static bson_t *
revocation(struct arena *arena, int64_t now_ms, int64_t forget_ms)
{
	bson_t *update = db_bson(arena), set;

	BSON_APPEND_DOCUMENT_BEGIN(update, "$set", &set);
	BSON_APPEND_DATE_TIME(&set, "revoked_at", now_ms);
	BSON_APPEND_DATE_TIME(&set, "forget_at", forget_ms);
	bson_append_document_end(update, &set);
	return update;
}

enum rc
api_keys_revoke(struct store *store, struct arena *arena, struct str user_id,
    struct str id, int64_t now_ms, int64_t forget_ms, bool *ret_changed,
    struct err *err)
{
	bson_t *filter = unrevoked(arena, user_id);
	int64_t matched;

	bson_add_str(filter, "_id", id);
	if (db_update(store, arena, collection, filter, revocation(arena, now_ms,
	    forget_ms), 0, &matched, err) != RC_OK)
		return err->rc;
	*ret_changed = matched == 1;
	return RC_OK;
}

enum rc
api_keys_revoke_all(struct store *store, struct arena *arena, struct str user_id,
    int64_t now_ms, int64_t forget_ms, struct err *err)
{
	return db_update(store, arena, collection, unrevoked(arena, user_id),
	    revocation(arena, now_ms, forget_ms), DB_MULTI, NULL, err);
}
