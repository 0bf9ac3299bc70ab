#include "config.h"

#include "store/owned.h"

#include "schema/schema.h"
#include "store/db.h"

static bson_t *
one(struct arena *arena, const char *key, struct str value)
{
	bson_t *filter = db_bson(arena);

	bson_add_str(filter, key, value);
	return filter;
}

enum rc
owned_page(struct store *store, struct arena *arena, const struct owned *owned,
    struct str after_id, int limit, struct str *ret_docs, size_t *ret_n,
    struct err *err)
{
	bson_t *filter = one(arena, owned->key, owned->value), after;
	struct db_find find = { .collection = owned->collection,
		.filter = filter, .limit = limit };

	if (after_id.p != NULL) {
		find.sort = db_json(arena, "{\"_id\":1}");
		BSON_APPEND_DOCUMENT_BEGIN(filter, "_id", &after);
		bson_add_str(&after, "$gt", after_id);
		bson_append_document_end(filter, &after);
	}
	return db_find(store, arena, &find, ret_docs, ret_n, err);
}

enum rc
owned_remove(struct store *store, struct arena *arena, const struct owned *owned,
    struct err *err)
{
	return db_delete(store, arena, owned->collection,
	    one(arena, owned->key, owned->value), 0, NULL, err);
}

/* --- counting ------------------------------------------------------------ */

/* Two files each; what is no array holds none. */
#define TWICE(list) "{\"$multiply\":[2,{\"$cond\":[{\"$isArray\":[\"$" list "\"]}," \
	"{\"$size\":\"$" list "\"},0]}]}"

/* A number of the only document of an aggregate's reply; 0 without one. */
static int64_t
number_of(const bson_t *reply, const char *path)
{
	bson_iter_t it, found;

	return bson_iter_init(&it, reply)
	    && bson_iter_find_descendant(&it, path, &found)
	    ? bson_iter_as_int64(&found) : 0;
}

enum rc
owned_count(struct store *store, struct arena *arena, const struct owned *owned,
    int64_t *ret_count, struct err *err)
{
	bson_t *command = db_bson(arena);
	const bson_t *reply;

	BSON_APPEND_UTF8(command, "count", owned->collection);
	BSON_APPEND_DOCUMENT(command, "query",
	    one(arena, owned->key, owned->value));
	if (db_read(store, arena, command, &reply, err) != RC_OK)
		return err->rc;
	*ret_count = number_of(reply, "n");
	return RC_OK;
}

enum rc
owned_count_files(struct store *store, struct arena *arena, struct str user_id,
    int64_t *ret_designs, int64_t *ret_files, struct err *err)
{
	bson_t *command = db_bson(arena), stages, stage;
	const bson_t *reply;

	BSON_APPEND_UTF8(command, "aggregate", "designs");
	BSON_APPEND_ARRAY_BEGIN(command, "pipeline", &stages);
	BSON_APPEND_DOCUMENT_BEGIN(&stages, "0", &stage);
	BSON_APPEND_DOCUMENT(&stage, "$match", one(arena, "user_id", user_id));
	bson_append_document_end(&stages, &stage);
	BSON_APPEND_DOCUMENT(&stages, "1", db_json(arena,
	    "{\"$group\":{\"_id\":null,\"designs\":{\"$sum\":1},\"files\":{\"$sum\":"
	    "{\"$add\":[" TWICE("generated_images") "," TWICE("refinements")
	    "]}}}}"));
	bson_append_array_end(command, &stages);
	BSON_APPEND_DOCUMENT(command, "cursor", db_bson(arena));
	if (db_read(store, arena, command, &reply, err) != RC_OK)
		return err->rc;
	*ret_designs = number_of(reply, "cursor.firstBatch.0.designs");
	*ret_files = number_of(reply, "cursor.firstBatch.0.files");
	return RC_OK;
}

/* --- a user who leaves --------------------------------------------------- */

/* A pipeline, because a poisoned row must not stop it: whatever `request` is, it has
 * these members then. */
static enum rc
forget(struct store *store, struct arena *arena, const bson_t *filter,
    struct err *err)
{
	return db_update(store, arena, "api_usage_log", filter,
	    db_json(arena, "[{\"$set\":{\"user_id\":null,\"ip_address\":\"\","
	    "\"request.prompt\":\"\",\"request.parameters\":{\"$literal\":{}}}}]"),
	    DB_MULTI | DB_PIPELINE, NULL, err);
}

static enum rc
forget_usage(struct store *store, struct arena *arena, const char *key,
    struct str value, struct err *err)
{
	return forget(store, arena, one(arena, key, value), err);
}

enum rc
owned_forget_usage(struct store *store, struct arena *arena, struct str user_id,
    struct err *err)
{
	return forget_usage(store, arena, "user_id", user_id, err);
}

enum rc
owned_forget_strangers(struct store *store, struct arena *arena,
    int64_t before_ms, int limit, int64_t *ret_rows, struct err *err)
{
	struct str *docs = arena_many(arena, (size_t)limit, struct str);
	struct str *ids = arena_many(arena, (size_t)limit, struct str);
	const struct db_find find = { .collection = "api_usage_log",
		.filter = db_json(arena, "{\"user_id\":null,\"request.prompt\":"
		"{\"$gt\":\"\"},\"created_at\":{\"$lt\":{\"$date\":"
		"{\"$numberLong\":\"%lld\"}}}}", (long long)before_ms),
		.projection = db_json(arena, "{\"_id\":1}"),
		.hint = "to_forget", .limit = limit };
	bson_t *filter = db_bson(arena);
	size_t n, known = 0;

	if (db_find(store, arena, &find, docs, &n, err) != RC_OK)
		return err->rc;
	for (size_t i = 0; i < n; i++)
		known += doc_peek_str(docs[i], "_id", &ids[known]);
	*ret_rows = (int64_t)known;
	if (known == 0)
		return RC_OK;
	bson_add_in(filter, "_id", ids, known);
	return forget(store, arena, filter, err);
}

enum rc
owned_forget_mail(struct store *store, struct arena *arena, struct str email,
    struct err *err)
{
	bson_t *filter = one(arena, "mail_order.to", email), none;

	BSON_APPEND_DOCUMENT_BEGIN(filter, "ended_at", &none);
	BSON_APPEND_NULL(&none, "$ne");
	bson_append_document_end(filter, &none);
	return db_delete(store, arena, "jobs", filter, 0, NULL, err);
}

enum rc
owned_remove_design(struct store *store, struct arena *arena, struct str user_id,
    struct str design_id, struct err *err)
{
	bson_t *filter = one(arena, "_id", design_id);

	/* The design last: it says whose the others are. Calls for one that a guest
	 * had begun name no user. */
	if (db_delete(store, arena, "shared_designs_access",
	    one(arena, "design_id", design_id), 0, NULL, err) != RC_OK
	    || forget_usage(store, arena, "design_id", design_id, err) != RC_OK)
		return err->rc;
	bson_add_str(filter, "user_id", user_id);
	return db_delete(store, arena, "designs", filter, 1, NULL, err);
}

/* A user's and those of test mode, where the user stands in the place of a guest. */
static void
add_user_or_test(bson_t *filter, struct arena *arena, struct str user_id)
{
	bson_t either, *test = db_bson(arena);

	bson_add_owner(test, (struct store_owner){ STR_NULL, user_id });
	BSON_APPEND_ARRAY_BEGIN(filter, "$or", &either);
	BSON_APPEND_DOCUMENT(&either, "0", one(arena, "user_id", user_id));
	BSON_APPEND_DOCUMENT(&either, "1", test);
	bson_append_array_end(filter, &either);
}

static bson_t *
open_jobs(struct arena *arena, struct str user_id, const char *kinds)
{
	bson_t *filter = db_json(arena, "{\"status\":{\"$in\":[\"queued\","
	    "\"running\"]},\"kind\":{\"$in\":[%s]}}", kinds);

	add_user_or_test(filter, arena, user_id);
	return filter;
}

#define STOPPABLE "\"generation\",\"refinement\",\"export\""

enum rc
owned_stop_jobs(struct store *store, struct arena *arena, struct str user_id,
    struct err *err)
{
	return db_update(store, arena, "jobs",
	    open_jobs(arena, user_id, STOPPABLE), db_json(arena,
	    "[{\"$set\":{\"cancel_requested\":true,\"priority\":0,"
	    "\"run_at\":\"$$NOW\"}}]"), DB_MULTI | DB_PIPELINE, NULL, err);
}

enum rc
owned_jobs_open(struct store *store, struct arena *arena, struct str user_id,
    bool *ret_open, struct err *err)
{
	struct str doc;
	enum rc rc = db_find_one(store, arena, "jobs",
	    open_jobs(arena, user_id, STOPPABLE ",\"claim\""), &doc, err);

	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return rc;
	*ret_open = rc == RC_OK;
	err_init(err);
	return RC_OK;
}

enum rc
owned_remove_jobs(struct store *store, struct arena *arena, struct str user_id,
    struct err *err)
{
	bson_t *filter = db_json(arena, "{\"status\":{\"$nin\":[\"queued\","
	    "\"running\"]}}");

	add_user_or_test(filter, arena, user_id);
	return db_delete(store, arena, "jobs", filter, 0, NULL, err);
}
