#include "config.h"

#include "store/claim.h"

#include "schema/schema.h"
#include "store/db.h"

static enum rc
find_designs(struct store *store, struct arena *arena, struct str guest_session_id,
    struct str *ret_ids, size_t *ret_n, struct err *err)
{
	bson_t *filter = db_bson(arena);
	const struct db_find find = { .collection = "designs", .filter = filter,
		.sort = db_json(arena, "{\"created_at\":1,\"_id\":1}"),
		.hint = "by_guest_time", .limit = CLAIM_AT_ONCE };

	bson_add_owner(filter, (struct store_owner){ STR_NULL, guest_session_id });
	return db_find_ids(store, arena, &find, ret_ids, ret_n, err);
}

/* {$set: {user_id, guest_session_id: null}}, and with updated_at where it counts. */
static enum rc
give(struct store *store, struct arena *arena, const char *collection,
    const char *key, struct str guest_session_id, struct str user_id,
    const struct str *ids, size_t n, struct err *err)
{
	bson_t *filter = db_bson(arena), *set = db_bson(arena);

	bson_add_owner(filter, (struct store_owner){ STR_NULL, guest_session_id });
	bson_add_in(filter, key, ids, n);
	bson_add_str(set, "user_id", user_id);
	BSON_APPEND_NULL(set, "guest_session_id");
	return db_update(store, arena, collection, filter, db_set_pipeline(arena,
	    bson_bytes(set)),
	    DB_MULTI | DB_PIPELINE, NULL, err);
}

/* ids NULL: all that are left, those of no design too. */
static enum rc
give_uploads(struct store *store, struct arena *arena,
    struct str guest_session_id, struct str user_id, const struct str *ids,
    size_t n, struct err *err)
{
	bson_t *filter = db_bson(arena), *update = db_bson(arena), set;

	bson_add_str(filter, "owner", arena_printf(arena, "guest:%.*s",
	    STR_FMT(guest_session_id)));
	if (ids != NULL)
		bson_add_in(filter, "design_id", ids, n);
	BSON_APPEND_DOCUMENT_BEGIN(update, "$set", &set);
	bson_add_str(&set, "owner", arena_printf(arena, "user:%.*s",
	    STR_FMT(user_id)));
	bson_append_document_end(update, &set);
	return db_update(store, arena, "uploads", filter, update, DB_MULTI, NULL,
	    err);
}

static enum rc
end_session(struct store *store, struct arena *arena, struct str guest_session_id,
    struct err *err)
{
	bson_t *filter = db_bson(arena);

	bson_add_str(filter, "_id", guest_session_id);
	return db_delete(store, arena, "guest_sessions", filter, 1, NULL, err);
}

enum rc
claim_step(struct store *store, struct arena *arena, struct str guest_session_id,
    struct str user_id, int64_t *ret_moved, struct err *err)
{
	struct str ids[CLAIM_AT_ONCE];
	size_t n = 0;
	bool last;

	if (find_designs(store, arena, guest_session_id, ids, &n, err) != RC_OK)
		return err->rc;
	*ret_moved = (int64_t)n;
	last = n < CLAIM_AT_ONCE;
	if (n > 0 && (give(store, arena, "designs", "_id", guest_session_id,
	    user_id, ids, n, err) != RC_OK
	    || give(store, arena, "jobs", "design_id", guest_session_id, user_id,
	    ids, n, err) != RC_OK))
		return err->rc;
	if (give_uploads(store, arena, guest_session_id, user_id,
	    last ? NULL : ids, n, err) != RC_OK)
		return err->rc;
	return last ? end_session(store, arena, guest_session_id, err) : RC_OK;
}
