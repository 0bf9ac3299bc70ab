#include "config.h"

#include "store/users.h"

#include "schema/documents.h"
#include "store/db.h"

static const char collection[] = "users";

enum rc
users_administer(struct store *store, struct arena *arena, struct str id,
    struct str set, struct err *err)
{
	bson_t *filter = db_bson(arena);
	int64_t matched;

	bson_add_str(filter, "_id", id);
	if (db_update(store, arena, collection, filter,
	    db_set_pipeline(arena, set), DB_PIPELINE, &matched, err) != RC_OK)
		return err->rc;
	return matched == 1 ? RC_OK
	    : err_set(err, RC_NOT_FOUND, "There is no such account.");
}

/* --- lists --------------------------------------------------------------- */

/* A range of the index, where a pattern would be read against each key. */
static void
add_prefix(bson_t *filter, struct arena *arena, struct str prefix)
{
	bson_t range;

	BSON_APPEND_DOCUMENT_BEGIN(filter, "email", &range);
	bson_add_str(&range, "$gte", prefix);
	bson_add_str(&range, "$lt", arena_printf(arena, "%.*s\xf4\x8f\xbf\xbf",
	    STR_FMT(prefix)));
	bson_append_document_end(filter, &range);
}

/* What holds now: premium that has ended is free. */
static void
add_tier(bson_t *filter, struct arena *arena, const char *tier, int64_t now_ms)
{
	static const char premium[] = "{\"subscription.tier\":\"premium\",\"$or\":["
	    "{\"subscription.expires_at\":null},{\"subscription.expires_at\":"
	    "{\"$gt\":{\"$date\":{\"$numberLong\":\"%lld\"}}}}]}";
	bson_t *holds = db_json(arena, premium, (long long)now_ms), list;

	if (strcmp(tier, "premium") == 0) {
		(void)bson_concat(filter, holds);
		return;
	}
	BSON_APPEND_ARRAY_BEGIN(filter, "$nor", &list);
	BSON_APPEND_DOCUMENT(&list, "0", holds);
	bson_append_array_end(filter, &list);
}

enum rc
users_list(struct store *store, struct arena *arena,
    const struct users_query *query, int64_t now_ms, struct str *ret_docs,
    size_t *ret_n, struct err *err)
{
	bson_t *filter = db_bson(arena), not;
	bool by_email = query->email_prefix.p != NULL;
	const struct db_find find = { .collection = collection, .filter = filter,
		.sort = db_json(arena, by_email ? "{\"email\":1}" : "{\"_id\":-1}"),
		.limit = query->limit };

	if (by_email)
		add_prefix(filter, arena, query->email_prefix);
	if (query->tier != NULL)
		add_tier(filter, arena, query->tier, now_ms);
	if (query->disabled) {
		BSON_APPEND_DOCUMENT_BEGIN(filter, "disabled_at", &not);
		BSON_APPEND_NULL(&not, "$ne");
		bson_append_document_end(filter, &not);
	}
	return db_find(store, arena, &find, ret_docs, ret_n, err);
}

enum rc
users_wanting(struct store *store, struct arena *arena, const char *list,
    struct str after_id, int limit, struct user *ret_users, size_t *ret_n,
    struct err *err)
{
	bson_t *filter = db_json(arena, "{\"preferences.email_notifications.%s\":"
	    "true,\"email_verified\":true,\"disabled_at\":null}", list), after;
	const struct db_find find = { .collection = collection, .filter = filter,
		.sort = db_json(arena, "{\"_id\":1}"), .hint = "_id_",
		.limit = limit };
	struct str *docs = arena_many(arena, (size_t)limit, struct str);

	if (after_id.p != NULL) {
		BSON_APPEND_DOCUMENT_BEGIN(filter, "_id", &after);
		bson_add_str(&after, "$gt", after_id);
		bson_append_document_end(filter, &after);
	}
	if (db_find(store, arena, &find, docs, ret_n, err) != RC_OK)
		return err->rc;
	for (size_t i = 0; i < *ret_n; i++) {
		doc_init(&doc_user, &ret_users[i]);
		(void)doc_from_bson(&doc_user, docs[i], &ret_users[i], arena,
		    NULL);
	}
	return RC_OK;
}
