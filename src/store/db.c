#include "config.h"

#include "store/db.h"

#include "schema/schema.h"
#include "store/client.h"

static enum rc
write_how(struct store *store, struct arena *arena, const bson_t *command,
    enum client_how how, const bson_t **ret_reply, struct err *err)
{
	const bson_t *reply = NULL;

	if (client_run(store, arena, command, how, &reply, err) != RC_OK
	    || client_check_writes(store, reply, NULL, 0, err) != RC_OK)
		return err->rc;
	if (ret_reply != NULL)
		*ret_reply = reply;
	return RC_OK;
}

enum rc
db_write(struct store *store, struct arena *arena, const bson_t *command,
    const bson_t **ret_reply, struct err *err)
{
	return write_how(store, arena, command, CLIENT_WRITE, ret_reply, err);
}

enum rc
db_read(struct store *store, struct arena *arena, const bson_t *command,
    const bson_t **ret_reply, struct err *err)
{
	return client_run(store, arena, command, CLIENT_READ, ret_reply, err);
}

enum rc
db_find(struct store *store, struct arena *arena, const struct db_find *find,
    struct str *ret_docs, size_t *ret_n, struct err *err)
{
	bson_t command = BSON_INITIALIZER;
	const bson_t *reply = NULL;
	bson_iter_t it, batch;
	size_t n = 0;
	enum rc rc;

	BSON_APPEND_UTF8(&command, "find", find->collection);
	BSON_APPEND_DOCUMENT(&command, "filter", find->filter);
	if (find->sort != NULL)
		BSON_APPEND_DOCUMENT(&command, "sort", find->sort);
	if (find->projection != NULL)
		BSON_APPEND_DOCUMENT(&command, "projection", find->projection);
	if (find->hint != NULL)
		BSON_APPEND_UTF8(&command, "hint", find->hint);
	if (find->skip > 0)
		BSON_APPEND_INT32(&command, "skip", find->skip);
	BSON_APPEND_INT32(&command, "limit", find->limit);
	BSON_APPEND_INT32(&command, "batchSize", find->limit);
	BSON_APPEND_BOOL(&command, "singleBatch", true);
	BSON_APPEND_INT32(&command, "maxTimeMS", find->max_time_ms != 0
	    ? find->max_time_ms : store->command_timeout_ms);
	rc = client_run(store, arena, &command, CLIENT_READ, &reply, err);
	bson_destroy(&command);
	if (rc != RC_OK)
		return rc;
	if (bson_iter_init(&it, reply)
	    && bson_iter_find_descendant(&it, "cursor.firstBatch", &batch)
	    && bson_iter_recurse(&batch, &it))
		while (n < (size_t)find->limit && bson_iter_next(&it)) {
			const uint8_t *data;
			uint32_t length;

			if (!BSON_ITER_HOLDS_DOCUMENT(&it))
				continue;
			/* The reply lives as long as the arena: a slice. */
			bson_iter_document(&it, &length, &data);
			ret_docs[n++] = (struct str){ (const char *)data, length };
		}
	*ret_n = n;
	return RC_OK;
}

enum rc
db_find_one(struct store *store, struct arena *arena, const char *collection,
    const bson_t *filter, struct str *ret_doc, struct err *err)
{
	struct db_find find = { .collection = collection, .filter = filter,
		.limit = 1 };
	size_t n;

	if (db_find(store, arena, &find, ret_doc, &n, err) != RC_OK)
		return err->rc;
	return n == 1 ? RC_OK
	    : err_set(err, RC_NOT_FOUND, "There is nothing here.");
}

enum rc
db_get(struct store *store, struct arena *arena, const char *collection,
    struct str id, struct str *ret_doc, struct err *err)
{
	bson_t filter = BSON_INITIALIZER;
	struct str ahead;
	enum rc rc;

	if (db_ahead(store, collection, id, &ahead)) {
		if (ahead.p == NULL)
			return err_set(err, RC_NOT_FOUND,
			    "There is nothing here.");
		*ret_doc = arena_str(arena, ahead);
		return RC_OK;
	}
	bson_add_str(&filter, "_id", id);
	rc = db_find_one(store, arena, collection, &filter, ret_doc, err);
	bson_destroy(&filter);
	return rc;
}

static bool
is_str(const bson_iter_t *it, struct str want)
{
	uint32_t n;
	const char *p;

	if (!BSON_ITER_HOLDS_UTF8(it) || want.p == NULL)
		return false;
	p = bson_iter_utf8(it, &n);
	return str_eq((struct str){ p, n }, want);
}

/* What bson_add_owner() filters. */
static bool
is_own(struct str doc, struct store_owner owner)
{
	bool user = false, guest = false, no_user = true;
	bson_iter_t it;

	if (!bson_iter_init_from_data(&it, (const uint8_t *)doc.p, doc.n))
		return false;
	while (bson_iter_next(&it)) {
		const char *key = bson_iter_key(&it);

		if (strcmp(key, "user_id") == 0) {
			user = is_str(&it, owner.user_id);
			no_user = BSON_ITER_HOLDS_NULL(&it);
		} else if (strcmp(key, "guest_session_id") == 0)
			guest = is_str(&it, owner.guest_session_id);
	}
	return owner.user_id.p != NULL ? user : guest && no_user;
}

enum rc
db_get_own(struct store *store, struct arena *arena, const char *collection,
    struct store_owner owner, struct str id, struct str *ret_doc,
    struct err *err)
{
	struct str doc;

	if (db_get(store, arena, collection, id, &doc, err) != RC_OK)
		return err->rc;
	if (!is_own(doc, owner))	/* and nobody gets to see it */
		return err_set(err, RC_NOT_FOUND, "There is nothing here.");
	*ret_doc = doc;
	return RC_OK;
}

/* --- writes -------------------------------------------------------------- */

static void
append_update(bson_t *to, const char *key, const bson_t *update,
    enum db_update_flags flags)
{
	if (flags & DB_PIPELINE)
		BSON_APPEND_ARRAY(to, key, update);
	else
		BSON_APPEND_DOCUMENT(to, key, update);
}

static int64_t
reply_count(const bson_t *reply, const char *key)
{
	bson_iter_t it;

	return bson_iter_init_find(&it, reply, key) ? bson_iter_as_int64(&it) : 0;
}

static enum rc
update(struct store *store, struct arena *arena, const char *collection,
    const bson_t *filter, const bson_t *change, const bson_t *variables,
    enum db_update_flags flags, int64_t *ret_matched, struct err *err)
{
	bson_t command = BSON_INITIALIZER, array, item;
	const bson_t *reply = NULL;
	enum rc rc;

	BSON_APPEND_UTF8(&command, "update", collection);
	BSON_APPEND_INT32(&command, "maxTimeMS", store->command_timeout_ms);
	BSON_APPEND_ARRAY_BEGIN(&command, "updates", &array);
	BSON_APPEND_DOCUMENT_BEGIN(&array, "0", &item);
	BSON_APPEND_DOCUMENT(&item, "q", filter);
	append_update(&item, "u", change, flags);
	if (flags & DB_UPSERT)
		BSON_APPEND_BOOL(&item, "upsert", true);
	if (flags & DB_MULTI)
		BSON_APPEND_BOOL(&item, "multi", true);
	bson_append_document_end(&array, &item);
	bson_append_array_end(&command, &array);
	if (variables != NULL)
		BSON_APPEND_DOCUMENT(&command, "let", variables);
	rc = write_how(store, arena, &command, flags & DB_FAST ? CLIENT_FAST : CLIENT_WRITE,
	    &reply, err);
	bson_destroy(&command);
	if (rc == RC_OK && ret_matched != NULL)
		*ret_matched = reply_count(reply, "n");
	return rc;
}

enum rc
db_update(struct store *store, struct arena *arena, const char *collection,
    const bson_t *filter, const bson_t *change, enum db_update_flags flags,
    int64_t *ret_matched, struct err *err)
{
	return update(store, arena, collection, filter, change, NULL, flags,
	    ret_matched, err);
}

enum rc
db_update_all(struct store *store, struct arena *arena, const char *collection,
    const bson_t *filter, const bson_t *pipeline, const bson_t *variables,
    int64_t *ret_matched, struct err *err)
{
	return update(store, arena, collection, filter, pipeline, variables,
	    DB_PIPELINE | DB_MULTI, ret_matched, err);
}

enum rc
db_raise_time(struct store *store, struct arena *arena, const char *collection,
    struct str id, const char *key, int64_t ms, struct err *err)
{
	bson_t *filter = db_bson(arena), *update = db_bson(arena), max;

	bson_add_str(filter, "_id", id);
	BSON_APPEND_DOCUMENT_BEGIN(update, "$max", &max);
	BSON_APPEND_DATE_TIME(&max, key, ms);
	bson_append_document_end(update, &max);
	return db_update(store, arena, collection, filter, update, 0, NULL, err);
}

enum rc
db_delete(struct store *store, struct arena *arena, const char *collection,
    const bson_t *filter, int limit, int64_t *ret_deleted, struct err *err)
{
	bson_t command = BSON_INITIALIZER, array, item;
	const bson_t *reply = NULL;
	enum rc rc;

	BSON_APPEND_UTF8(&command, "delete", collection);
	BSON_APPEND_INT32(&command, "maxTimeMS", store->command_timeout_ms);
	BSON_APPEND_ARRAY_BEGIN(&command, "deletes", &array);
	BSON_APPEND_DOCUMENT_BEGIN(&array, "0", &item);
	BSON_APPEND_DOCUMENT(&item, "q", filter);
	BSON_APPEND_INT32(&item, "limit", limit);
	bson_append_document_end(&array, &item);
	bson_append_array_end(&command, &array);
	rc = db_write(store, arena, &command, &reply, err);
	bson_destroy(&command);
	if (rc == RC_OK && ret_deleted != NULL)
		*ret_deleted = reply_count(reply, "n");
	return rc;
}

enum rc
db_find_and_modify(struct store *store, struct arena *arena,
    const struct db_modify *modify, struct str *ret_doc, struct err *err)
{
	bson_t command = BSON_INITIALIZER;
	const bson_t *reply = NULL;
	bson_iter_t it;
	enum rc rc;

	BSON_APPEND_UTF8(&command, "findAndModify", modify->collection);
	BSON_APPEND_INT32(&command, "maxTimeMS", store->command_timeout_ms);
	BSON_APPEND_DOCUMENT(&command, "query", modify->filter);
	if (modify->sort != NULL)
		BSON_APPEND_DOCUMENT(&command, "sort", modify->sort);
	append_update(&command, "update", modify->update, modify->flags);
	BSON_APPEND_BOOL(&command, "new", true);
	if (modify->fields != NULL)
		BSON_APPEND_DOCUMENT(&command, "fields", modify->fields);
	if (modify->variables != NULL)
		BSON_APPEND_DOCUMENT(&command, "let", modify->variables);
	if (modify->flags & DB_UPSERT)
		BSON_APPEND_BOOL(&command, "upsert", true);
	rc = write_how(store, arena, &command, modify->flags & DB_FAST ? CLIENT_FAST : CLIENT_WRITE,
	    &reply, err);
	bson_destroy(&command);
	if (rc != RC_OK)
		return rc;
	*ret_doc = STR_NULL;
	if (bson_iter_init_find(&it, reply, "value")
	    && BSON_ITER_HOLDS_DOCUMENT(&it)) {
		const uint8_t *data;
		uint32_t n;

		bson_iter_document(&it, &n, &data);
		*ret_doc = (struct str){ (const char *)data, n };
	}
	return RC_OK;
}
