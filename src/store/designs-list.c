#include "config.h"

#include "store/designs.h"

#include "schema/documents.h"
#include "store/client.h"
#include "store/designs-filter.h"

enum { SEARCH_MS = 500 };

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
	designs_add_deleted(filter, query->deleted);
	if (query->is_favorite >= 0)
		BSON_APPEND_BOOL(filter, "is_favorite", query->is_favorite == 1);
	if (query->shared == 1)
		BSON_APPEND_BOOL(filter, "share_settings.is_shared", true);
	else if (query->shared == 0)
		(void)bson_concat(filter, db_json(arena,
		    "{\"share_settings.is_shared\":{\"$ne\":true}}"));
	if (query->folder_id.p != NULL)
		bson_add_str(filter, "folder_id", query->folder_id);
	else if (query->no_folder)
		BSON_APPEND_NULL(filter, "folder_id");
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
	/* In its order even where stars are few: a list of pages is read in the order of
	 * an index, so that no page sorts all that are behind it. */
	if (query->sort == BY_UPDATED_DESC)
		return "by_user_updated";
	if (query->shared == 1)
		return "by_user_shared";	/* partial: it holds no others */
	return query->is_favorite >= 0 ? "by_user_favorite" : "by_user_time";
}

/* Sorted by key and _id, or by _id alone. */
static enum rc
find(struct store *store, struct arena *arena, const bson_t *filter,
    const struct designs_query *query, const char *key, int limit,
    struct str *ret_docs, size_t *ret_n, struct err *err)
{
	bson_t *sort = db_bson(arena);
	struct db_find find = { .collection = DESIGNS, .filter = filter,
		.sort = sort, .limit = limit, .hint = list_index(filter, query),
		.max_time_ms = query->words.p != NULL ? SEARCH_MS : 0 };

	if (strcmp(key, "_id") != 0)
		BSON_APPEND_INT32(sort, key, sorts[query->sort].direction);
	BSON_APPEND_INT32(sort, "_id", sorts[query->sort].direction);
	if (db_find(store, arena, &find, ret_docs, ret_n, err) == RC_OK)
		return RC_OK;
	return query->words.p != NULL && store->out_of_time
	    ? err_set(err, RC_SEARCH_TIMEOUT, "The search took longer than %d ms; "
	    "try other words.", SEARCH_MS) : err->rc;
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

	bson_add_is_time(filter, sorts[query->sort].key, false);
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
			bson_add_is_time(filter, key, true);
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
