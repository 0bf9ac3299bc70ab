#include "config.h"

#include "store/tokens.h"

#include "schema/documents.h"
#include "store/db.h"

static const char collection[] = "one_time_tokens";

enum rc
tokens_insert(struct store *store, struct arena *arena,
    const struct one_time_token *token, struct err *err)
{
	return db_insert(store, arena, collection,
	    doc_to_bson(&doc_one_time_token, token, arena), err);
}

enum rc
tokens_get(struct store *store, struct arena *arena, struct str id,
    struct one_time_token *ret_token, struct err *err)
{
	struct str doc;

	if (db_get(store, arena, collection, id, &doc, err) != RC_OK)
		return err->rc;
	doc_read(&doc_one_time_token, doc, ret_token, arena);
	return RC_OK;
}

bool
token_holds(const struct one_time_token *token, int64_t now_ms)
{
	return token->used_at == TIME_NULL && token->expires_at > now_ms;
}

enum rc
tokens_over(struct err *err)
{
	return err_set(err, RC_LINK_EXPIRED,
	    "This link was used already or has expired; ask for another.");
}

enum rc
tokens_use(struct store *store, struct arena *arena, struct str id,
    const char *purpose, int64_t now_ms, struct one_time_token *ret_token,
    struct err *err)
{
	bson_t *filter = db_bson(arena), *update = db_bson(arena), part;
	const struct db_modify modify = { .collection = collection,
		.filter = filter, .update = update };
	struct str doc;

	bson_add_str(filter, "_id", id);
	BSON_APPEND_UTF8(filter, "purpose", purpose);
	BSON_APPEND_NULL(filter, "used_at");
	BSON_APPEND_DOCUMENT_BEGIN(filter, "expires_at", &part);
	BSON_APPEND_DATE_TIME(&part, "$gt", now_ms);
	bson_append_document_end(filter, &part);
	BSON_APPEND_DOCUMENT_BEGIN(update, "$set", &part);
	BSON_APPEND_DATE_TIME(&part, "used_at", now_ms);
	bson_append_document_end(update, &part);
	if (db_find_and_modify(store, arena, &modify, &doc, err) != RC_OK)
		return err->rc;
	if (doc.p == NULL)
		return tokens_over(err);
	doc_read(&doc_one_time_token, doc, ret_token, arena);
	return RC_OK;
}

enum rc
tokens_live(struct store *store, struct arena *arena, struct str user_id,
    int64_t now_ms, bool *ret_live, struct err *err)
{
	bson_t *filter = db_json(arena, "{\"used_at\":null,\"expires_at\":{\"$gt\":"
	    "{\"$date\":{\"$numberLong\":\"%lld\"}}}}", (long long)now_ms);
	struct str doc;
	enum rc rc;

	bson_add_str(filter, "user_id", user_id);
	rc = db_find_one(store, arena, collection, filter, &doc, err);
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return rc;
	err_init(err);
	*ret_live = rc == RC_OK;
	return RC_OK;
}

enum rc
tokens_remove(struct store *store, struct arena *arena, struct str user_id,
    const char *purpose, struct err *err)
{
	bson_t *filter = db_bson(arena);
	int64_t removed;

	bson_add_str(filter, "user_id", user_id);
	if (purpose != NULL)
		BSON_APPEND_UTF8(filter, "purpose", purpose);
	return db_delete(store, arena, collection, filter, 0, &removed, err);
}

enum rc
tokens_remove_since(struct store *store, struct arena *arena, struct str user_id,
    const char *purpose, int64_t since_ms, struct err *err)
{
	bson_t *filter = db_bson(arena), since;

	bson_add_str(filter, "user_id", user_id);
	BSON_APPEND_UTF8(filter, "purpose", purpose);
	BSON_APPEND_DOCUMENT_BEGIN(filter, "created_at", &since);
	BSON_APPEND_DATE_TIME(&since, "$gte", since_ms);
	bson_append_document_end(filter, &since);
	return db_delete(store, arena, collection, filter, 0, NULL, err);
}

enum rc
tokens_remove_subject(struct store *store, struct arena *arena, struct str issuer,
    struct str subject, struct err *err)
{
	bson_t *filter = db_bson(arena);
	int64_t removed;

	bson_add_str(filter, "subject", subject);
	bson_add_str(filter, "issuer", issuer);
	return db_delete(store, arena, collection, filter, 0, &removed, err);
}
