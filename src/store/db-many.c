#include "config.h"

#include "store/db.h"

#include "schema/schema.h"
#include "store/client.h"

static void
append_insert(const struct store *store, bson_t *command, const char *collection,
    const struct str *docs, size_t n)
{
	bson_t array, item;
	const char *index;
	char room[16];

	BSON_APPEND_UTF8(command, "insert", collection);
	BSON_APPEND_INT32(command, "maxTimeMS", store->command_timeout_ms);
	BSON_APPEND_ARRAY_BEGIN(command, "documents", &array);
	for (size_t i = 0; i < n; i++) {
		if (!bson_init_static(&item, (const uint8_t *)docs[i].p,
		    docs[i].n))
			die("db_insert: not BSON");
		(void)bson_uint32_to_string((uint32_t)i, &index, room,
		    sizeof room);
		BSON_APPEND_DOCUMENT(&array, index, &item);
	}
	bson_append_array_end(command, &array);
}

enum rc
db_insert_many(struct store *store, struct arena *arena, const char *collection,
    const struct str *docs, size_t n, struct err *err)
{
	bson_t command = BSON_INITIALIZER;
	enum rc rc;

	append_insert(store, &command, collection, docs, n);
	rc = db_write(store, arena, &command, NULL, err);
	bson_destroy(&command);
	return rc;
}

/* A write error of the reply; false: it is none of a key that exists. */
static bool
take_duplicate(bson_iter_t *at, bool *done, size_t n)
{
	bson_iter_t inner;
	int64_t index = -1, code = 0;

	if (!bson_iter_recurse(at, &inner))
		return false;
	while (bson_iter_next(&inner))
		if (strcmp(bson_iter_key(&inner), "index") == 0)
			index = bson_iter_as_int64(&inner);
		else if (strcmp(bson_iter_key(&inner), "code") == 0)
			code = bson_iter_as_int64(&inner);
	if (code != CODE_DUPLICATE || index < 0 || (size_t)index >= n)
		return false;
	done[index] = false;
	return true;
}

/* Sends an unordered command of n writes: a key that exists keeps only its own from being
 * done. */
static enum rc
run_unordered(struct store *store, struct arena *arena, bson_t *command,
    enum client_how how, size_t n, bool *ret_done, struct err *err)
{
	const bson_t *reply = NULL;
	bson_iter_t it, list;

	BSON_APPEND_BOOL(command, "ordered", false);
	if (client_run(store, arena, command, how, &reply, err) != RC_OK)
		return err->rc;
	for (size_t i = 0; i < n; i++)
		ret_done[i] = true;
	if (!bson_iter_init_find(&it, reply, "writeErrors")
	    || !bson_iter_recurse(&it, &list))
		return RC_OK;
	while (bson_iter_next(&list))
		if (!take_duplicate(&list, ret_done, n))
			return client_check_writes(store, reply, err);
	return RC_OK;
}

enum rc
db_insert_new(struct store *store, struct arena *arena, const char *collection,
    const struct str *docs, size_t n, bool *ret_inserted, struct err *err)
{
	bson_t command = BSON_INITIALIZER;

	append_insert(store, &command, collection, docs, n);
	(void)!run_unordered(store, arena, &command, CLIENT_WRITE, n, ret_inserted,
	    err);
	bson_destroy(&command);
	return err->rc;
}

enum rc
db_update_each(struct store *store, struct arena *arena, const char *collection,
    const struct db_statement *statements, size_t n, enum db_update_flags flags,
    bool *ret_done, struct err *err)
{
	bson_t command = BSON_INITIALIZER, array, item;
	const char *index;
	char room[16];

	BSON_APPEND_UTF8(&command, "update", collection);
	BSON_APPEND_INT32(&command, "maxTimeMS", store->command_timeout_ms);
	BSON_APPEND_ARRAY_BEGIN(&command, "updates", &array);
	for (size_t i = 0; i < n; i++) {
		(void)bson_uint32_to_string((uint32_t)i, &index, room, sizeof room);
		BSON_APPEND_DOCUMENT_BEGIN(&array, index, &item);
		BSON_APPEND_DOCUMENT(&item, "q", statements[i].filter);
		BSON_APPEND_DOCUMENT(&item, "u", statements[i].update);
		if (flags & DB_UPSERT)
			BSON_APPEND_BOOL(&item, "upsert", true);
		bson_append_document_end(&array, &item);
	}
	bson_append_array_end(&command, &array);
	(void)!run_unordered(store, arena, &command, flags & DB_FAST ? CLIENT_FAST
	    : CLIENT_WRITE, n, ret_done, err);
	bson_destroy(&command);
	return err->rc;
}

enum rc
db_insert(struct store *store, struct arena *arena, const char *collection,
    struct str doc, struct err *err)
{
	return db_insert_many(store, arena, collection, &doc, 1, err);
}
