#include "config.h"

#include "store/shares-watch.h"

#include "schema/schema.h"
#include "store/designs-change.h"
#include "store/designs-filter.h"

#define WITH_TOKEN "\"share_settings.share_token\":{\"$gt\":\"\"}"
#define DATE "{\"$date\":{\"$numberLong\":\"%lld\"}}"

static const char projection[] = "{\"link_changed_at\":1,"
    "\"share_settings.share_token\":1,\"share_settings.former_tokens\":1,"
    "\"share_settings.expires_at\":1}";

size_t
shares_tokens(struct str design, struct str ret_tokens[SHARES_TOKENS_MAX])
{
	size_t n = 0;

	if (doc_peek_str(design, "share_settings.share_token", &ret_tokens[n]))
		n++;
	for (int i = 0; i < SHARES_FORMER_MAX; i++) {
		char key[48];

		(void)snprintf(key, sizeof key, "share_settings.former_tokens.%d", i);
		if (!doc_peek_str(design, key, &ret_tokens[n]))
			break;
		n++;
	}
	return n;
}

/* time_key is what the order is by, or NULL. */
static void
read_changes(const struct str *docs, size_t n, const char *time_key,
    struct share_change *ret_changes, size_t *ret_n)
{
	*ret_n = 0;
	for (size_t i = 0; i < n; i++) {
		struct share_change *change = &ret_changes[*ret_n];

		*change = (struct share_change){ .at_ms = TIME_NULL };
		if (!doc_peek_str(docs[i], "_id", &change->design_id)
		    || (time_key != NULL
		    && !doc_peek_time(docs[i], time_key, &change->at_ms)))
			continue;
		change->token_count = shares_tokens(docs[i], change->tokens);
		++*ret_n;
	}
}

/* Behind the last one of a page: the order is by time and id. */
static void
add_after(struct arena *arena, bson_t *filter, const char *key,
    const struct share_change *after)
{
	bson_t *either;
	bson_t list, later, same, greater;

	if (after == NULL)
		return;
	either = db_bson(arena);
	BSON_APPEND_ARRAY_BEGIN(either, "$or", &list);
	BSON_APPEND_DOCUMENT_BEGIN(&list, "0", &later);
	(void)bson_concat(&later, db_json(arena, "{\"%s\":{\"$gt\":" DATE "}}", key,
	    (long long)after->at_ms));
	bson_append_document_end(&list, &later);
	BSON_APPEND_DOCUMENT_BEGIN(&list, "1", &same);
	BSON_APPEND_DATE_TIME(&same, key, after->at_ms);
	BSON_APPEND_DOCUMENT_BEGIN(&same, "_id", &greater);
	bson_add_str(&greater, "$gt", after->design_id);
	bson_append_document_end(&same, &greater);
	bson_append_document_end(&list, &same);
	bson_append_array_end(either, &list);
	(void)bson_concat(filter, either);
}

static enum rc
find(struct store *store, struct arena *arena, bson_t *filter, const char *key,
    const char *index, int limit, struct share_change *ret_changes,
    size_t *ret_n, struct err *err)
{
	struct str *docs = arena_many(arena, (size_t)limit, struct str);
	const struct db_find find = { .collection = DESIGNS, .filter = filter,
		.sort = db_json(arena, "{\"%s\":1,\"_id\":1}", key),
		.projection = db_json(arena, projection), .hint = index,
		.limit = limit };
	size_t n;

	if (db_find(store, arena, &find, docs, &n, err) != RC_OK)
		return err->rc;
	read_changes(docs, n, key, ret_changes, ret_n);
	return RC_OK;
}

enum rc
shares_changed(struct store *store, struct arena *arena, int64_t lookback_ms,
    const struct share_change *after, int limit,
    struct share_change *ret_changes, size_t *ret_n, struct err *err)
{
	/* By the server's clock, like the time; the server takes it for a bound of the
	 * index, and what has no time is behind that. */
	bson_t *filter = after == NULL ? db_json(arena, "{" WITH_TOKEN ","
	    "\"$expr\":{\"$gte\":[\"$link_changed_at\",{\"$subtract\":[\"$$NOW\","
	    "%lld]}]}}", (long long)lookback_ms)
	    : db_json(arena, "{" WITH_TOKEN ",\"link_changed_at\":{\"$gte\":" DATE "}}",
	    (long long)after->at_ms);

	add_after(arena, filter, "link_changed_at", after);
	return find(store, arena, filter, "link_changed_at", "by_share_change",
	    limit, ret_changes, ret_n, err);
}

enum rc
shares_expired(struct store *store, struct arena *arena, int64_t from_ms,
    int64_t to_ms, const struct share_change *after, int limit,
    struct share_change *ret_changes, size_t *ret_n, struct err *err)
{
	bson_t *filter = db_json(arena, "{" WITH_TOKEN ","
	    "\"share_settings.expires_at\":{\"$gt\":" DATE ",\"$lte\":" DATE "}}",
	    (long long)from_ms, (long long)to_ms);

	add_after(arena, filter, "share_settings.expires_at", after);
	return find(store, arena, filter, "share_settings.expires_at",
	    "by_share_expiry", limit, ret_changes, ret_n, err);
}

enum rc
shares_open(struct store *store, struct arena *arena, const struct str *tokens,
    size_t n, int64_t now_ms, bool *ret_open, struct err *err)
{
	bson_t *filter = db_json(arena, "{\"share_settings.is_shared\":true,"
	    "\"share_settings.password_protected\":{\"$ne\":true},"
	    "\"is_deleted\":{\"$ne\":true},"
	    "\"share_settings.expires_at\":{\"$not\":{\"$lte\":" DATE "}}}",
	    (long long)now_ms);
	struct str *docs = arena_many(arena, n, struct str);
	struct db_find find = { .collection = DESIGNS, .filter = filter,
		.projection = db_json(arena, projection), .hint = "share_token",
		.limit = (int)n };
	size_t found;

	for (size_t i = 0; i < n; i++)
		ret_open[i] = false;
	if (n == 0)
		return RC_OK;
	bson_add_in(filter, "share_settings.share_token", tokens, n);
	if (db_find(store, arena, &find, docs, &found, err) != RC_OK)
		return err->rc;
	for (size_t i = 0; i < found; i++) {
		struct str token = STR_NULL;

		(void)doc_peek_str(docs[i], "share_settings.share_token", &token);
		for (size_t k = 0; k < n; k++)
			ret_open[k] = ret_open[k] || str_eq(token, tokens[k]);
	}
	return RC_OK;
}

static bson_t *
living(struct arena *arena, struct str user_id)
{
	bson_t *filter = db_json(arena, "{\"share_settings.is_shared\":true}");

	bson_add_str(filter, "user_id", user_id);
	return filter;
}

enum rc
shares_of_user(struct store *store, struct arena *arena, struct str user_id,
    struct str after_id, int limit, struct share_change *ret_changes,
    size_t *ret_n, struct err *err)
{
	bson_t *filter = living(arena, user_id), behind;
	struct str *docs = arena_many(arena, (size_t)limit, struct str);
	const struct db_find find = { .collection = DESIGNS, .filter = filter,
		.sort = db_json(arena, "{\"_id\":1}"), .hint = "by_user_shared",
		.projection = db_json(arena, projection), .limit = limit };
	size_t n;

	BSON_APPEND_DOCUMENT_BEGIN(filter, "_id", &behind);
	bson_add_str(&behind, "$gt", after_id);
	bson_append_document_end(filter, &behind);
	if (db_find(store, arena, &find, docs, &n, err) != RC_OK)
		return err->rc;
	read_changes(docs, n, NULL, ret_changes, ret_n);
	return RC_OK;
}

enum rc
shares_revoke_all(struct store *store, struct arena *arena, struct str user_id,
    int64_t now_ms, struct err *err)
{
	return designs_change(store, arena, living(arena, user_id),
	    db_json(arena, "{\"share_settings.is_shared\":false,"
	    "\"share_settings.revoked_at\":" DATE "}", (long long)now_ms),
	    DB_MULTI, NULL, err);
}
