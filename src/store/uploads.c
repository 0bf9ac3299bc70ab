#include "config.h"

#include "store/uploads.h"

#include "schema/documents.h"
#include "store/db.h"

static const char collection[] = "uploads";

static bson_t *
own(struct arena *arena, struct str owner, struct str id)
{
	bson_t *filter = db_bson(arena);

	bson_add_str(filter, "_id", id);
	bson_add_str(filter, "owner", owner);
	return filter;
}

enum rc
uploads_insert(struct store *store, struct arena *arena,
    const struct upload *upload, struct err *err)
{
	return db_insert(store, arena, collection,
	    doc_to_bson(&doc_upload, upload, arena), err);
}

enum rc
uploads_get(struct store *store, struct arena *arena, struct str owner,
    struct str id, struct upload *ret_upload, struct err *err)
{
	struct str doc;

	if (db_find_one(store, arena, collection, own(arena, owner, id), &doc,
	    err) != RC_OK)
		return err->rc;
	doc_init(&doc_upload, ret_upload);
	(void)doc_from_bson(&doc_upload, doc, ret_upload, arena, NULL);
	return RC_OK;
}

enum rc
uploads_use(struct store *store, struct arena *arena, struct str owner,
    struct str id, struct str design_id, struct err *err)
{
	bson_t *filter = own(arena, owner, id);
	int64_t matched;

	(void)bson_concat(filter, db_json(arena,
	    "{\"design_id\":{\"$in\":[null,\"%.*s\"]}}", STR_FMT(design_id)));
	if (db_update(store, arena, collection, filter, db_json(arena,
	    "{\"$set\":{\"design_id\":\"%.*s\",\"expires_at\":null}}",
	    STR_FMT(design_id)), 0, &matched, err) != RC_OK)
		return err->rc;
	return matched == 1 ? RC_OK : err_set(err, RC_CONFLICT,
	    "This upload is used by another design.");
}

static enum rc
find_ids(struct store *store, struct arena *arena, const bson_t *filter,
    int limit, struct str *ret_ids, size_t *ret_n, struct err *err)
{
	struct str *docs = arena_many(arena, (size_t)limit, struct str);
	struct db_find find = { .collection = collection, .filter = filter,
		.limit = limit, .projection = db_json(arena, "{\"_id\":1}") };
	size_t n;

	if (db_find(store, arena, &find, docs, &n, err) != RC_OK)
		return err->rc;
	*ret_n = 0;
	for (size_t i = 0; i < n; i++)
		if (doc_peek_str(docs[i], "_id", &ret_ids[*ret_n]))
			++*ret_n;
	return RC_OK;
}

enum rc
uploads_due(struct store *store, struct arena *arena, int64_t before_ms,
    int limit, struct str *ret_ids, size_t *ret_n, struct err *err)
{
	return find_ids(store, arena, db_json(arena, "{\"expires_at\":{\"$lt\":"
	    "{\"$date\":{\"$numberLong\":\"%lld\"}}}}", (long long)before_ms),
	    limit, ret_ids, ret_n, err);
}

enum rc
uploads_of_design(struct store *store, struct arena *arena,
    struct str design_id, int limit, struct str *ret_ids, size_t *ret_n,
    struct err *err)
{
	bson_t *filter = db_bson(arena);

	bson_add_str(filter, "design_id", design_id);
	return find_ids(store, arena, filter, limit, ret_ids, ret_n, err);
}

enum rc
uploads_remove(struct store *store, struct arena *arena, struct str id,
    struct err *err)
{
	bson_t *filter = db_bson(arena);

	bson_add_str(filter, "_id", id);
	return db_delete(store, arena, collection, filter, 1, NULL, err);
}

enum rc
uploads_exist(struct store *store, struct arena *arena, const struct str *ids,
    size_t n, bool *ret_exist, struct err *err)
{
	return db_exist(store, arena, collection, db_bson(arena), ids, n,
	    ret_exist, err);
}
