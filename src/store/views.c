#include "config.h"

#include "store/views.h"

#include "schema/documents.h"
#include "store/db.h"

static const char dedupe[] = "view_dedupe", collection[] = "shared_designs_access";

#define SOME_TIME "{\"$gt\":{\"$date\":{\"$numberLong\":\"0\"}}"

enum rc
views_take(struct store *store, struct arena *arena,
    const struct view_dedupe *view, struct err *err)
{
	return db_insert(store, arena, dedupe,
	    doc_to_bson(&doc_view_dedupe, view, arena), err);
}

/* --- counting -------------------------------------------------------------- */

/* An id of another type than ours could never be marked as counted. */
static struct db_find
uncounted(struct arena *arena, int limit)
{
	return (struct db_find){ .collection = dedupe, .limit = limit,
		.filter = db_json(arena, "{\"viewed_at\":" SOME_TIME "},"
		"\"_id\":{\"$gt\":\"\"}}"),
		.sort = db_json(arena, "{\"viewed_at\":1}"),
		.hint = "uncounted" };
}

enum rc
views_waiting(struct store *store, struct arena *arena, bool *ret_any,
    struct err *err)
{
	struct db_find find = uncounted(arena, 1);
	struct str doc;
	size_t n;

	find.projection = db_json(arena, "{\"_id\":1}");
	if (db_find(store, arena, &find, &doc, &n, err) != RC_OK)
		return err->rc;
	*ret_any = n > 0;
	return RC_OK;
}

enum rc
views_uncounted(struct store *store, struct arena *arena, int limit,
    struct view_dedupe *ret_views, size_t *ret_n, struct err *err)
{
	struct str *docs = arena_many(arena, (size_t)limit, struct str);
	const struct db_find find = uncounted(arena, limit);

	if (db_find(store, arena, &find, docs, ret_n, err) != RC_OK)
		return err->rc;
	for (size_t i = 0; i < *ret_n; i++) {
		struct view_dedupe *view = &ret_views[i];

		doc_init(&doc_view_dedupe, view);
		if (doc_from_bson(&doc_view_dedupe, docs[i], view, arena, NULL) > 0
		    || view->design_id.p == NULL || view->share_token.p == NULL)
			view->view_id = STR_NULL;
		/* However damaged, it is to be marked. */
		(void)doc_peek_str(docs[i], "_id", &view->id);
	}
	return RC_OK;
}

enum rc
views_links(struct store *store, struct arena *arena, struct view_count *counts,
    size_t n, struct err *err)
{
	struct str *ids = arena_many(arena, n, struct str), id, token;
	struct str *docs = arena_many(arena, n, struct str);
	bson_t *filter = db_bson(arena);
	const struct db_find find = { .collection = "designs", .filter = filter,
		.projection = db_json(arena, "{\"share_settings.share_token\":1}"),
		.limit = (int)n };
	size_t found;

	for (size_t i = 0; i < n; i++)
		ids[i] = counts[i].design_id;
	/* Of what was removed nothing is counted, though its token may still be there. */
	(void)bson_concat(filter, db_json(arena, "{\"user_id\":{\"$gt\":\"\"}}"));
	bson_add_in(filter, "_id", ids, n);
	if (db_find(store, arena, &find, docs, &found, err) != RC_OK)
		return err->rc;
	for (size_t d = 0; d < found; d++) {
		if (!doc_peek_str(docs[d], "_id", &id)
		    || !doc_peek_str(docs[d], "share_settings.share_token",
		    &token))
			continue;
		for (size_t i = 0; i < n; i++)
			counts[i].live |= str_eq(counts[i].design_id, id)
			    && str_eq(counts[i].share_token, token);
	}
	return RC_OK;
}

/* A number that somebody has damaged begins anew, and none is greater than its row
 * allows: one design must not keep the others from being counted. */
static const char add_people[] = "[{\"$set\":{\"share_settings.view_count\":"
    "{\"$min\":[{\"$numberLong\":\"9007199254740991\"},{\"$add\":[{\"$cond\":["
    "{\"$isNumber\":\"$share_settings.view_count\"},"
    "\"$share_settings.view_count\",0]},{\"$numberLong\":\"%lld\"}]}]}}}]";

enum rc
views_add(struct store *store, struct arena *arena,
    const struct view_count *counts, size_t n, struct err *err)
{
	bson_t *command = db_bson(arena), updates, update, filter;
	size_t added = 0;

	BSON_APPEND_UTF8(command, "update", "designs");
	BSON_APPEND_ARRAY_BEGIN(command, "updates", &updates);
	for (size_t i = 0; i < n; i++) {
		const char *key = arena_printf(arena, "%zu", added).p;

		if (!counts[i].live || counts[i].people == 0)
			continue;
		added++;
		BSON_APPEND_DOCUMENT_BEGIN(&updates, key, &update);
		BSON_APPEND_DOCUMENT_BEGIN(&update, "q", &filter);
		bson_add_str(&filter, "_id", counts[i].design_id);
		bson_add_str(&filter, "share_settings.share_token",
		    counts[i].share_token);
		bson_append_document_end(&update, &filter);
		BSON_APPEND_ARRAY(&update, "u", db_json(arena, add_people,
		    (long long)counts[i].people));
		bson_append_document_end(&updates, &update);
	}
	bson_append_array_end(command, &updates);
	return added == 0 ? RC_OK : db_write(store, arena, command, NULL, err);
}

enum rc
views_insert(struct store *store, struct arena *arena,
    const struct shared_design_access *rows, size_t n, struct err *err)
{
	struct str *docs = arena_many(arena, n, struct str);

	for (size_t i = 0; i < n; i++)
		docs[i] = doc_to_bson(&doc_shared_design_access, &rows[i], arena);
	return n == 0 ? RC_OK
	    : db_insert_many(store, arena, collection, docs, n, err);
}

enum rc
views_counted(struct store *store, struct arena *arena, const struct str *ids,
    size_t n, int64_t kept_ms, struct err *err)
{
	bson_t *filter = db_bson(arena);

	bson_add_in(filter, "_id", ids, n);
	return db_update(store, arena, dedupe, filter, db_json(arena,
	    "[{\"$set\":{\"expires_at\":{\"$add\":[\"$viewed_at\","
	    "{\"$numberLong\":\"%lld\"}]},\"viewed_at\":null,\"view_id\":null,"
	    "\"design_id\":null,\"share_token\":null,\"viewer_ip\":null,"
	    "\"viewer_device\":null}}]", (long long)kept_ms),
	    DB_MULTI | DB_PIPELINE, NULL, err);
}

/* --- retention --------------------------------------------------------------- */

static bson_t *
before(struct arena *arena, const char *key, int64_t ms)
{
	return db_json(arena, "{\"%s\":" SOME_TIME ",\"$lt\":{\"$date\":"
	    "{\"$numberLong\":\"%lld\"}}}}", key, (long long)ms);
}

enum rc
views_due(struct store *store, struct arena *arena, int64_t now_ms, int limit,
    struct shared_design_access *ret_rows, size_t *ret_n, struct err *err)
{
	struct str *docs = arena_many(arena, (size_t)limit, struct str);
	bson_t *filter = before(arena, "cut_at", now_ms);
	const struct db_find find = { .collection = collection, .filter = filter,
		.sort = db_json(arena, "{\"cut_at\":1}"), .hint = "by_cut",
		.limit = limit };

	BSON_APPEND_DOCUMENT(filter, "_id", db_json(arena, "{\"$gt\":\"\"}"));
	if (db_find(store, arena, &find, docs, ret_n, err) != RC_OK)
		return err->rc;
	for (size_t i = 0; i < *ret_n; i++) {
		doc_init(&doc_shared_design_access, &ret_rows[i]);
		(void)doc_from_bson(&doc_shared_design_access, docs[i],
		    &ret_rows[i], arena, NULL);
		(void)doc_peek_str(docs[i], "_id", &ret_rows[i].id);
	}
	return RC_OK;
}

enum rc
views_cut(struct store *store, struct arena *arena,
    const struct shared_design_access *rows, size_t n, struct err *err)
{
	bson_t *command = db_bson(arena), updates, update, part, set;

	BSON_APPEND_UTF8(command, "update", collection);
	BSON_APPEND_ARRAY_BEGIN(command, "updates", &updates);
	for (size_t i = 0; i < n; i++) {
		const char *key = arena_printf(arena, "%zu", i).p;

		BSON_APPEND_DOCUMENT_BEGIN(&updates, key, &update);
		BSON_APPEND_DOCUMENT_BEGIN(&update, "q", &part);
		bson_add_str(&part, "_id", rows[i].id);
		bson_append_document_end(&update, &part);
		BSON_APPEND_DOCUMENT_BEGIN(&update, "u", &part);
		BSON_APPEND_DOCUMENT_BEGIN(&part, "$set", &set);
		bson_add_str(&set, "viewer_ip", rows[i].viewer_ip);
		BSON_APPEND_NULL(&set, "cut_at");
		bson_append_document_end(&part, &set);
		bson_append_document_end(&update, &part);
		bson_append_document_end(&updates, &update);
	}
	bson_append_array_end(command, &updates);
	return n == 0 ? RC_OK : db_write(store, arena, command, NULL, err);
}

/* In steps, for there may be many when the time was made shorter. */
enum rc
views_remove_old(struct store *store, struct arena *arena, int64_t before_ms,
    int limit, int64_t *ret_removed, struct err *err)
{
	struct str *docs = arena_many(arena, (size_t)limit, struct str);
	const struct db_find find = { .collection = collection,
		.filter = before(arena, "viewed_at", before_ms),
		.projection = db_json(arena, "{\"viewed_at\":1}"),
		.sort = db_json(arena, "{\"viewed_at\":1}"),
		.hint = "viewed_at", .limit = limit };
	bson_t *filter;
	int64_t last_ms;
	size_t n;

	*ret_removed = 0;
	if (db_find(store, arena, &find, docs, &n, err) != RC_OK || n == 0)
		return err->rc;
	if (!doc_peek_time(docs[n - 1], "viewed_at", &last_ms))
		return err_set(err, RC_INTERNAL, "viewed_at is no time.");
	filter = before(arena, "viewed_at", last_ms + 1);
	return db_delete(store, arena, collection, filter, 0, ret_removed, err);
}

enum rc
views_remove_of_design(struct store *store, struct arena *arena,
    struct str design_id, struct err *err)
{
	bson_t *filter = db_bson(arena);

	bson_add_str(filter, "design_id", design_id);
	return db_delete(store, arena, collection, filter, 0, NULL, err);
}
