#include "config.h"

#include "store/identities.h"

#include "schema/documents.h"
#include "store/db.h"

static const char collection[] = "identities";

enum rc
identities_insert(struct store *store, struct arena *arena,
    const struct identity *identity, struct err *err)
{
	return db_insert(store, arena, collection,
	    doc_to_bson(&doc_identity, identity, arena), err);
}

enum rc
identities_find(struct store *store, struct arena *arena, struct str issuer,
    struct str subject, struct identity *ret_identity, struct err *err)
{
	bson_t *filter = db_bson(arena);
	struct str doc;

	bson_add_str(filter, "issuer", issuer);
	bson_add_str(filter, "subject", subject);
	if (db_find_one(store, arena, collection, filter, &doc, err) != RC_OK)
		return err->rc;
	doc_read(&doc_identity, doc, ret_identity, arena);
	return RC_OK;
}

enum rc
identities_of_user(struct store *store, struct arena *arena, struct str user_id,
    struct str *ret_docs, size_t *ret_n, struct err *err)
{
	bson_t *filter = db_bson(arena);
	const struct db_find find = { .collection = collection, .filter = filter,
		.sort = db_json(arena, "{\"_id\":1}"), .hint = "by_user",
		.limit = IDENTITIES_SHOWN_MAX };

	bson_add_str(filter, "user_id", user_id);
	return db_find(store, arena, &find, ret_docs, ret_n, err);
}

enum rc
identities_used(struct store *store, struct arena *arena, struct str id,
    int64_t now_ms, struct err *err)
{
	return db_raise_time(store, arena, collection, id, "last_used_at", now_ms,
	    err);
}

enum rc
identities_remove(struct store *store, struct arena *arena, struct str user_id,
    struct str id, int64_t *ret_removed, struct err *err)
{
	return db_delete_of_user(store, arena, collection, user_id, id,
	    ret_removed, err);
}

enum rc
identities_remove_since(struct store *store, struct arena *arena,
    struct str user_id, int64_t since_ms, struct err *err)
{
	bson_t *filter = db_bson(arena), since;

	bson_add_str(filter, "user_id", user_id);
	BSON_APPEND_DOCUMENT_BEGIN(filter, "created_at", &since);
	BSON_APPEND_DATE_TIME(&since, "$gte", since_ms);
	bson_append_document_end(filter, &since);
	return db_delete(store, arena, collection, filter, 0, NULL, err);
}

/* --- sign-ins on their way ----------------------------------------------- */

enum rc
oauth_states_use(struct store *store, struct arena *arena, struct str id,
    int64_t expires_ms, struct err *err)
{
	struct oauth_state state;

	doc_init(&doc_oauth_state, &state);
	state.id = id;
	state.expires_at = expires_ms;
	return db_insert(store, arena, "oauth_states",
	    doc_to_bson(&doc_oauth_state, &state, arena), err);
}

/* --- what was to be forgotten -------------------------------------------- */

enum rc
data_deletions_put(struct store *store, struct arena *arena,
    const struct data_deletion *deletion, struct err *err)
{
	bson_t *filter = db_bson(arena), *update = db_bson(arena), set;

	bson_add_str(filter, "_id", deletion->id);
	BSON_APPEND_DOCUMENT_BEGIN(update, "$set", &set);
	bson_add_str(&set, "provider", deletion->provider);
	BSON_APPEND_DATE_TIME(&set, "done_at", deletion->done_at);
	BSON_APPEND_DATE_TIME(&set, "expires_at", deletion->expires_at);
	bson_append_document_end(update, &set);
	return db_update(store, arena, "data_deletions", filter, update, DB_UPSERT,
	    NULL, err);
}

enum rc
data_deletions_get(struct store *store, struct arena *arena, struct str code,
    struct data_deletion *ret_deletion, struct err *err)
{
	struct str doc;

	if (db_get(store, arena, "data_deletions", code, &doc, err) != RC_OK)
		return err->rc;
	doc_read(&doc_data_deletion, doc, ret_deletion, arena);
	return RC_OK;
}
