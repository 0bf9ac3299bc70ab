#include "config.h"

#include "store/designs.h"

#include "schema/documents.h"
#include "store/designs-change.h"
#include "store/designs-filter.h"

void
designs_add_deleted(bson_t *filter, bool deleted)
{
	bson_t not;

	if (deleted) {
		BSON_APPEND_BOOL(filter, "is_deleted", true);
		return;
	}
	BSON_APPEND_DOCUMENT_BEGIN(filter, "is_deleted", &not);
	BSON_APPEND_BOOL(&not, "$ne", true);
	bson_append_document_end(filter, &not);
}

static void
add_when(bson_t *filter, const struct designs_when *when)
{
	if (when->updated_at_ms != TIME_NULL)
		BSON_APPEND_DATE_TIME(filter, "updated_at", when->updated_at_ms);
	if (when->deleted >= 0)
		designs_add_deleted(filter, when->deleted == 1);
}

enum rc
designs_insert(struct store *store, struct arena *arena, struct str doc,
    struct err *err)
{
	return db_insert(store, arena, DESIGNS, doc, err);
}

enum rc
designs_insert_many(struct store *store, struct arena *arena,
    const struct str *docs, size_t n, struct err *err)
{
	return db_insert_many(store, arena, DESIGNS, docs, n, err);
}

enum rc
designs_get(struct store *store, struct arena *arena, struct store_owner owner,
    struct str id, struct str *ret_doc, struct err *err)
{
	return db_get_own(store, arena, DESIGNS, owner, id, ret_doc, err);
}

enum rc
designs_read_ahead(struct store *store, struct arena *arena, const struct str *ids,
    size_t n, struct err *err)
{
	return db_read_ahead(store, arena, DESIGNS, ids, n, err);
}

void
designs_forget_ahead(struct store *store)
{
	db_forget_ahead(store);
}

static bool
is_buried(struct str doc)
{
	struct str owner;

	return !doc_peek_str(doc, "user_id", &owner)
	    && !doc_peek_str(doc, "guest_session_id", &owner);
}

enum rc
designs_find(struct store *store, struct arena *arena, struct str id,
    struct str *ret_doc, struct err *err)
{
	struct str doc;

	if (db_get(store, arena, DESIGNS, id, &doc, err) != RC_OK)
		return err->rc;
	if (is_buried(doc))
		return err_set(err, RC_NOT_FOUND, "There is no such design.");
	*ret_doc = doc;
	return RC_OK;
}

/* --- changes ------------------------------------------------------------- */

enum rc
designs_set(struct store *store, struct arena *arena, struct store_owner owner,
    struct str id, const struct designs_when *when, struct str set,
    struct str *ret_doc, struct err *err)
{
	bson_t *filter = db_own(arena, owner, id);

	add_when(filter, when);
	return designs_change_one(store, arena, filter, db_literals(arena, set),
	    ret_doc, err);
}

static bson_t *
trash_fields(struct arena *arena, bool to_trash)
{
	/* What lies in the trash keeps the day on which it came there. */
	return db_json(arena, "{\"is_deleted\":%s,\"deleted_at\":%s}",
	    to_trash ? "true" : "false", to_trash ? "{\"$cond\":[{\"$and\":["
	    "{\"$eq\":[\"$is_deleted\",true]},{\"$eq\":[{\"$type\":"
	    "\"$deleted_at\"},\"date\"]}]},\"$deleted_at\",\"$$NOW\"]}" : "null");
}

enum rc
designs_trash(struct store *store, struct arena *arena, struct store_owner owner,
    struct str id, const struct designs_when *when, bool to_trash,
    struct str *ret_doc, struct err *err)
{
	bson_t *filter = db_own(arena, owner, id);

	add_when(filter, when);
	return designs_change_one(store, arena, filter,
	    trash_fields(arena, to_trash), ret_doc, err);
}

/* --- away ---------------------------------------------------------------- */

/* What had a link is nobody's from now on and loses what was said and made, but stays
 * until shares_forget(): other hosts must still find its token, which they may not have
 * seen in the trash yet. It is in the trash, so its link shows nothing. */
static enum rc
bury(struct store *store, struct arena *arena, const bson_t *filter,
    int64_t *ret_buried, struct err *err)
{
	bson_t *linked = db_json(arena,
	    "{\"is_deleted\":true,\"share_settings.share_token\":{\"$gt\":\"\"}}");

	*ret_buried = 0;
	(void)bson_concat(linked, filter);
	return db_update(store, arena, DESIGNS, linked, db_json(arena, "%s",
	    "[{\"$set\":{\"user_id\":null,\"guest_session_id\":null,"
	    "\"folder_id\":null,\"original_prompt\":\"-\","
	    "\"generated_images\":[],\"refinements\":[],"
	    "\"selected_image_id\":null,\"current_version\":null,"
	    "\"gem_data.uploaded_image_url\":null,"
	    "\"metadata.ip_address\":\"\",\"metadata.device_info\":\"\","
	    "\"share_settings.title\":null,\"share_settings.password_hash\":null,"
	    "\"share_settings.is_shared\":false,"
	    "\"share_settings.revoked_at\":\"$$NOW\"}}]"),
	    DB_MULTI | DB_PIPELINE, ret_buried, err);
}

enum rc
designs_remove(struct store *store, struct arena *arena,
    struct store_owner owner, struct str id, const struct designs_when *when,
    struct err *err)
{
	bson_t *filter = db_own(arena, owner, id);
	int64_t deleted, buried;

	add_when(filter, when);
	if (bury(store, arena, filter, &buried, err) != RC_OK || buried == 1)
		return err->rc;
	if (db_delete(store, arena, DESIGNS, filter, 1, &deleted, err) != RC_OK)
		return err->rc;
	return deleted == 1 ? RC_OK
	    : err_set(err, RC_NOT_FOUND, "There is no such design in the trash.");
}

/* --- many at once -------------------------------------------------------- */

static bson_t *
own_many(struct arena *arena, struct store_owner owner, const struct str *ids,
    size_t n)
{
	bson_t *filter = db_bson(arena);

	bson_add_in(filter, "_id", ids, n);
	bson_add_owner(filter, owner);
	return filter;
}

enum rc
designs_peek_many(struct store *store, struct arena *arena,
    struct store_owner owner, const struct str *ids, size_t n,
    struct str *ret_docs, size_t *ret_n, struct err *err)
{
	const struct db_find find = { .collection = DESIGNS, .hint = "_id_",
		.filter = own_many(arena, owner, ids, n), .limit = (int)n,
		.projection = db_json(arena, "{\"is_deleted\":1,\"folder_id\":1,"
		"\"share_settings.share_token\":1}") };

	return db_find(store, arena, &find, ret_docs, ret_n, err);
}

static enum rc
update_many(struct store *store, struct arena *arena, struct store_owner owner,
    const struct str *ids, size_t n, const bson_t *fields, struct err *err)
{
	return n == 0 ? RC_OK : designs_change(store, arena,
	    own_many(arena, owner, ids, n), fields, DB_MULTI, NULL, err);
}

enum rc
designs_star_many(struct store *store, struct arena *arena,
    struct store_owner owner, const struct str *ids, size_t n, bool is_favorite,
    struct err *err)
{
	return update_many(store, arena, owner, ids, n, db_json(arena,
	    "{\"is_favorite\":%s}", is_favorite ? "true" : "false"), err);
}

/* A folder's id is a checked UUID, so it is no "$x". */
static bson_t *
move_fields(struct arena *arena, struct str folder_id)
{
	bson_t *fields = db_bson(arena);

	bson_add_str(fields, "folder_id", folder_id);
	return fields;
}

enum rc
designs_leave_folder(struct store *store, struct arena *arena,
    struct store_owner owner, struct str id, struct str *ret_doc,
    struct err *err)
{
	return designs_change_one(store, arena, db_own(arena, owner, id),
	    move_fields(arena, STR_NULL), ret_doc, err);
}

enum rc
designs_move_many(struct store *store, struct arena *arena,
    struct store_owner owner, const struct str *ids, size_t n,
    struct str folder_id, struct err *err)
{
	return update_many(store, arena, owner, ids, n,
	    move_fields(arena, folder_id), err);
}

enum rc
designs_trash_many(struct store *store, struct arena *arena,
    struct store_owner owner, const struct str *ids, size_t n, bool to_trash,
    struct err *err)
{
	return update_many(store, arena, owner, ids, n,
	    trash_fields(arena, to_trash), err);
}

enum rc
designs_remove_many(struct store *store, struct arena *arena,
    struct store_owner owner, const struct str *ids, size_t n, struct err *err)
{
	bson_t *filter = own_many(arena, owner, ids, n);
	int64_t buried;

	if (n == 0 || bury(store, arena, filter, &buried, err) != RC_OK)
		return err->rc;
	designs_add_deleted(filter, true);
	return db_delete(store, arena, DESIGNS, filter, 0, NULL, err);
}

/* --- the version that is shown, and generations --------------------------- */

/* Our ids are checked UUIDs, so they may stand in JSON text. */
enum rc
designs_select(struct store *store, struct arena *arena,
    struct store_owner owner, struct str id, const struct designs_when *when,
    struct str image_id, struct str *ret_doc, struct err *err)
{
	bson_t *filter = db_own(arena, owner, id);

	add_when(filter, when);
	(void)bson_concat(filter, db_json(arena,
	    "{\"$or\":[{\"generated_images.image_id\":\"%.*s\"},"
	    "{\"refinements.refinement_id\":\"%.*s\"}]}", STR_FMT(image_id),
	    STR_FMT(image_id)));
	return designs_change_one(store, arena, filter, db_json(arena,
	    "{\"selected_image_id\":{\"$cond\":[{\"$in\":[\"%.*s\","
	    "\"$generated_images.image_id\"]},\"%.*s\",\"$selected_image_id\"]},"
	    "\"current_version\":{\"type\":{\"$cond\":[{\"$in\":[\"%.*s\","
	    "\"$generated_images.image_id\"]},\"original\",\"refinement\"]},"
	    "\"image_id\":\"%.*s\"}}", STR_FMT(image_id), STR_FMT(image_id),
	    STR_FMT(image_id), STR_FMT(image_id)), ret_doc, err);
}

enum rc
designs_begin_generation(struct store *store, struct arena *arena,
    struct store_owner owner, struct str id, struct str generation_id,
    struct str *ret_doc, struct err *err)
{
	bson_t *filter = db_own(arena, owner, id);

	designs_add_deleted(filter, false);
	return designs_change_one(store, arena, filter, db_json(arena,
	    "{\"generation_id\":\"%.*s\"}", STR_FMT(generation_id)), ret_doc, err);
}

enum rc
designs_end_generation(struct store *store, struct arena *arena, struct str id,
    struct str generation_id, struct err *err)
{
	bson_t *filter = db_bson(arena);

	bson_add_str(filter, "_id", id);
	bson_add_str(filter, "generation_id", generation_id);
	return designs_change(store, arena, filter,
	    db_json(arena, "{\"generation_id\":null}"), 0, NULL, err);
}
