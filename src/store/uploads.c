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
	doc_read(&doc_upload, doc, ret_upload, arena);
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

enum rc
uploads_due(struct store *store, struct arena *arena, int64_t before_ms,
    int limit, struct str *ret_ids, size_t *ret_n, struct err *err)
{
	return db_find_expired(store, arena, collection, before_ms, limit, ret_ids,
	    ret_n, err);
}

enum rc
uploads_of_design(struct store *store, struct arena *arena,
    struct str design_id, int limit, struct str *ret_ids, size_t *ret_n,
    struct err *err)
{
	bson_t *filter = db_bson(arena);
	const struct db_find find = { .collection = collection, .filter = filter,
		.limit = limit };

	bson_add_str(filter, "design_id", design_id);
	return db_find_ids(store, arena, &find, ret_ids, ret_n, err);
}

enum rc
uploads_remove(struct store *store, struct arena *arena, struct str id,
    struct err *err)
{
	return db_delete_id(store, arena, collection, id, err);
}

enum rc
uploads_exist(struct store *store, struct arena *arena, const struct str *ids,
    size_t n, bool *ret_exist, struct err *err)
{
	return db_exist(store, arena, collection, db_bson(arena), ids, n,
	    ret_exist, err);
}
