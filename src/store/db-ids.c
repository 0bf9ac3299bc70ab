#include "config.h"

#include "store/db.h"

#include "schema/schema.h"
#include "store/client.h"

/* The document with that id, or null. */
static struct str
with_id(const struct str *docs, size_t n, struct str id)
{
	struct str other;

	for (size_t i = 0; i < n; i++)
		if (doc_peek_str(docs[i], "_id", &other) && str_eq(other, id))
			return docs[i];
	return STR_NULL;
}

enum rc
db_get_all(struct store *store, struct arena *arena, const char *collection,
    const struct str *ids, size_t n, const bson_t *projection,
    struct str *ret_docs, struct err *err)
{
	struct str *docs = arena_many(arena, n, struct str);
	bson_t *filter = db_bson(arena);
	const struct db_find find = { .collection = collection, .filter = filter,
		.projection = projection, .limit = (int)n };
	size_t found;

	bson_add_in(filter, "_id", ids, n);
	if (db_find(store, arena, &find, docs, &found, err) != RC_OK)
		return err->rc;
	for (size_t i = 0; i < n; i++) {
		ret_docs[i] = with_id(docs, found, ids[i]);
		if (ret_docs[i].p == NULL)
			return err_set(err, RC_NOT_FOUND,
			    "There is nothing here.");
	}
	return RC_OK;
}

/* --- reading ahead ---------------------------------------------------------- */

enum rc
db_read_ahead(struct store *store, struct arena *arena, const char *collection,
    const struct str *ids, size_t n, struct err *err)
{
	struct str *docs = arena_many(arena, n, struct str),
	    *of_ids = arena_many(arena, n, struct str);
	bson_t *filter = db_bson(arena);
	const struct db_find find = { .collection = collection, .filter = filter,
		.limit = (int)n };
	size_t found;

	bson_add_in(filter, "_id", ids, n);
	if (db_find(store, arena, &find, docs, &found, err) != RC_OK)
		return err->rc;
	for (size_t i = 0; i < n; i++)
		of_ids[i] = with_id(docs, found, ids[i]);
	store->ahead.collection = collection;
	store->ahead.ids = ids;
	store->ahead.docs = of_ids;
	store->ahead.n = n;
	return RC_OK;
}

void
db_forget_ahead(struct store *store)
{
	store->ahead.collection = NULL;
}

bool
db_ahead(const struct store *store, const char *collection, struct str id,
    struct str *ret_doc)
{
	if (store->ahead.collection == NULL || store->session != NULL
	    || strcmp(store->ahead.collection, collection) != 0)
		return false;
	for (size_t i = 0; i < store->ahead.n; i++)
		if (str_eq(store->ahead.ids[i], id)) {
			*ret_doc = store->ahead.docs[i];
			return true;
		}
	return false;
}

enum rc
db_exist(struct store *store, struct arena *arena, const char *collection,
    bson_t *filter, const struct str *ids, size_t n, bool *ret_exist,
    struct err *err)
{
	struct str *docs = arena_many(arena, n, struct str);
	struct db_find find = { .collection = collection, .filter = filter,
		.limit = (int)n, .projection = db_json(arena, "{\"_id\":1}") };
	size_t found;

	if (n == 0)
		return RC_OK;
	bson_add_in(filter, "_id", ids, n);
	if (db_find(store, arena, &find, docs, &found, err) != RC_OK)
		return err->rc;
	for (size_t i = 0; i < n; i++)
		ret_exist[i] = with_id(docs, found, ids[i]).p != NULL;
	return RC_OK;
}

enum rc
db_find_ids(struct store *store, struct arena *arena, const struct db_find *find,
    struct str *ret_ids, size_t *ret_n, struct err *err)
{
	struct str *docs = arena_many(arena, (size_t)find->limit, struct str);
	struct db_find ids = *find;
	size_t n;

	ids.projection = db_json(arena, "{\"_id\":1}");
	if (db_find(store, arena, &ids, docs, &n, err) != RC_OK)
		return err->rc;
	*ret_n = 0;
	for (size_t i = 0; i < n; i++)
		if (doc_peek_str(docs[i], "_id", &ret_ids[*ret_n]))
			++*ret_n;
	return RC_OK;
}

enum rc
db_find_expired(struct store *store, struct arena *arena, const char *collection,
    int64_t before_ms, int limit, struct str *ret_ids, size_t *ret_n,
    struct err *err)
{
	const struct db_find find = { .collection = collection, .limit = limit,
		.filter = db_json(arena, "{\"expires_at\":{\"$lt\":{\"$date\":"
		"{\"$numberLong\":\"%lld\"}}}}", (long long)before_ms) };

	return db_find_ids(store, arena, &find, ret_ids, ret_n, err);
}

enum rc
db_delete_id(struct store *store, struct arena *arena, const char *collection,
    struct str id, struct err *err)
{
	bson_t *filter = db_bson(arena);

	bson_add_str(filter, "_id", id);
	return db_delete(store, arena, collection, filter, 1, NULL, err);
}

enum rc
db_delete_of_user(struct store *store, struct arena *arena,
    const char *collection, struct str user_id, struct str id,
    int64_t *ret_deleted, struct err *err)
{
	bson_t *filter = db_bson(arena);

	bson_add_str(filter, "_id", id);
	bson_add_str(filter, "user_id", user_id);
	return db_delete(store, arena, collection, filter, 1, ret_deleted, err);
}
