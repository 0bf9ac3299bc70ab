#include "config.h"

#include "store/exports.h"

#include "schema/documents.h"
#include "store/db.h"

static const char collection[] = "exports";

enum rc
exports_insert(struct store *store, struct arena *arena,
    const struct export *export, struct err *err)
{
	return db_insert(store, arena, collection,
	    doc_to_bson(&doc_export, export, arena), err);
}

static void
read_export(struct arena *arena, struct str doc, struct export *export)
{
	doc_read(&doc_export, doc, export, arena);
}

enum rc
exports_latest(struct store *store, struct arena *arena, struct str user_id,
    struct export *ret_export, struct str *ret_doc, struct err *err)
{
	bson_t *filter = db_bson(arena);
	const struct db_find find = { .collection = collection, .filter = filter,
		.sort = db_json(arena, "{\"_id\":-1}"), .hint = "by_user",
		.limit = 1 };
	size_t n;

	bson_add_str(filter, "user_id", user_id);
	if (db_find(store, arena, &find, ret_doc, &n, err) != RC_OK)
		return err->rc;
	if (n == 0)
		return err_set(err, RC_NOT_FOUND,
		    "No export has been asked for, or it has been removed.");
	read_export(arena, *ret_doc, ret_export);
	return RC_OK;
}

enum rc
exports_of_job(struct store *store, struct arena *arena, struct str user_id,
    struct str job_id, struct export *ret_export, struct err *err)
{
	bson_t *filter = db_bson(arena);
	struct str doc;

	bson_add_str(filter, "user_id", user_id);
	bson_add_str(filter, "job_id", job_id);
	if (db_find_one(store, arena, collection, filter, &doc, err) != RC_OK)
		return err->rc;
	read_export(arena, doc, ret_export);
	return RC_OK;
}

/* $set on what that job makes. */
static enum rc
set_of_job(struct store *store, struct arena *arena, struct str id,
    struct str job_id, const bson_t *set, struct err *err)
{
	bson_t *filter = db_bson(arena), *update = db_bson(arena);
	int64_t matched;

	bson_add_str(filter, "_id", id);
	bson_add_str(filter, "job_id", job_id);
	BSON_APPEND_DOCUMENT(update, "$set", set);
	if (db_update(store, arena, collection, filter, update, 0, &matched, err)
	    != RC_OK)
		return err->rc;
	return matched == 1 ? RC_OK
	    : err_set(err, RC_NOT_FOUND, "The export is not wanted any more.");
}

enum rc
exports_progress(struct store *store, struct arena *arena, struct str id,
    struct str job_id, int32_t done, int32_t total, struct err *err)
{
	bson_t *set = db_bson(arena);

	BSON_APPEND_UTF8(set, "status", "running");
	BSON_APPEND_INT32(set, "files_done", done);
	BSON_APPEND_INT32(set, "files_total", total);
	return set_of_job(store, arena, id, job_id, set, err);
}

enum rc
exports_end(struct store *store, struct arena *arena,
    const struct export *export, struct err *err)
{
	bson_t *set = db_bson(arena);

	BSON_APPEND_NULL(set, "job_id");
	bson_add_str(set, "status", export->status);
	bson_add_str(set, "key", export->key);
	BSON_APPEND_INT64(set, "bytes", export->bytes);
	BSON_APPEND_INT32(set, "files_done", export->files_done);
	BSON_APPEND_INT32(set, "files_total", export->files_total);
	BSON_APPEND_DATE_TIME(set, "expires_at", export->expires_at);
	return set_of_job(store, arena, export->id, export->job_id, set, err);
}

enum rc
exports_supersede(struct store *store, struct arena *arena, struct str user_id,
    struct str id, int64_t now_ms, struct err *err)
{
	bson_t *filter = db_bson(arena), *update = db_bson(arena), part;

	bson_add_str(filter, "user_id", user_id);
	BSON_APPEND_DOCUMENT_BEGIN(filter, "_id", &part);
	bson_add_str(&part, "$lt", id);
	bson_append_document_end(filter, &part);
	BSON_APPEND_DOCUMENT_BEGIN(update, "$min", &part);
	BSON_APPEND_DATE_TIME(&part, "expires_at", now_ms);
	bson_append_document_end(update, &part);
	return db_update(store, arena, collection, filter, update, DB_MULTI, NULL,
	    err);
}

enum rc
exports_due(struct store *store, struct arena *arena, int64_t before_ms,
    int limit, struct str *ret_ids, size_t *ret_n, struct err *err)
{
	return db_find_expired(store, arena, collection, before_ms, limit, ret_ids,
	    ret_n, err);
}

enum rc
exports_remove(struct store *store, struct arena *arena, struct str id,
    struct err *err)
{
	return db_delete_id(store, arena, collection, id, err);
}

enum rc
exports_get(struct store *store, struct arena *arena, struct str id,
    struct str *ret_doc, struct err *err)
{
	return db_get(store, arena, collection, id, ret_doc, err);
}
