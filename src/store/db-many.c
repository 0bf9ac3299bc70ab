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

/* Sends an unordered command of n writes: a key that exists keeps only its own from being
 * done. (In a transaction it would end that.) */
static enum rc
run_unordered(struct store *store, struct arena *arena, bson_t *command,
    enum client_how how, size_t n, bool *ret_done, struct err *err)
{
	const bson_t *reply = NULL;

	if (store->session != NULL)
		die("an unordered command in a transaction");
	BSON_APPEND_BOOL(command, "ordered", false);
	if (client_run(store, arena, command, how, &reply, err) != RC_OK)
		return err->rc;
	for (size_t i = 0; i < n; i++)
		ret_done[i] = true;
	return client_check_writes(store, reply, ret_done, n, err);
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
    const struct db_statement *statements, size_t n, bool upsert, bool *ret_done,
    struct err *err)
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
		if (upsert)
			BSON_APPEND_BOOL(&item, "upsert", true);
		bson_append_document_end(&array, &item);
	}
	bson_append_array_end(&command, &array);
	(void)!run_unordered(store, arena, &command, CLIENT_FAST, n, ret_done, err);
	bson_destroy(&command);
	return err->rc;
}

enum rc
db_insert(struct store *store, struct arena *arena, const char *collection,
    struct str doc, struct err *err)
{
	return db_insert_many(store, arena, collection, &doc, 1, err);
}
