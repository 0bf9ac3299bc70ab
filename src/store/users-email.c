/* users-email.c - users.h: another e-mail address. */
#include "config.h"

#include "store/users.h"

#include "schema/documents.h"
#include "store/db.h"

static const char collection[] = "users";

static void
add_no_pending(bson_t *set)
{
	BSON_APPEND_NULL(set, "pending_email");
	BSON_APPEND_NULL(set, "pending_email_until");
}

static enum rc
update_one(struct store *store, struct arena *arena, const bson_t *filter,
    const bson_t *set, bool *ret_found, struct err *err)
{
	int64_t matched = 0;
	enum rc rc = db_update(store, arena, collection, filter,
	    db_set_pipeline(arena, bson_bytes(set)), DB_PIPELINE, &matched, err);

	if (rc == RC_OK)
		*ret_found = matched == 1;
	return rc;
}

enum rc
users_set_pending_email(struct store *store, struct arena *arena, struct str id,
    struct str email, int64_t until_ms, struct err *err)
{
	bson_t *filter = db_bson(arena), *set = db_bson(arena);
	bool found;

	bson_add_str(filter, "_id", id);
	BSON_APPEND_NULL(filter, "disabled_at");
	bson_add_str(set, "pending_email", email);
	BSON_APPEND_DATE_TIME(set, "pending_email_until", until_ms);
	if (update_one(store, arena, filter, set, &found, err) != RC_OK)
		return err->rc;
	return found ? RC_OK
	    : err_set(err, RC_NOT_FOUND, "There is no such account.");
}

enum rc
users_drop_pending_email(struct store *store, struct arena *arena,
    struct str id, bool *ret_dropped, struct err *err)
{
	bson_t *filter = db_json(arena, "{\"pending_email\":{\"$gt\":\"\"}}");
	bson_t *set = db_bson(arena);

	bson_add_str(filter, "_id", id);
	add_no_pending(set);
	return update_one(store, arena, filter, set, ret_dropped, err);
}

enum rc
users_put_email(struct store *store, struct arena *arena,
    const struct user *user, struct str email, enum users_email_how how,
    struct err *err)
{
	bson_t *filter = db_bson(arena), *set = db_bson(arena);
	bool found;

	bson_add_str(filter, "_id", user->id);
	bson_add_str(filter, "email", user->email);
	if (how != USERS_EMAIL_SET)
		BSON_APPEND_NULL(filter, "disabled_at");
	if (how == USERS_EMAIL_CONFIRMED)
		bson_add_str(filter, "pending_email", email);
	bson_add_str(set, "email", email);
	BSON_APPEND_BOOL(set, "email_verified", how != USERS_EMAIL_SET);
	if (how == USERS_EMAIL_RESTORED)
		BSON_APPEND_NULL(set, "password_hash");
	add_no_pending(set);
	if (update_one(store, arena, filter, set, &found, err) != RC_OK)
		return err->rc;
	return found ? RC_OK
	    : err_set(err, RC_NOT_FOUND, "There is no such account.");
}

enum rc
users_forget_pending(struct store *store, struct arena *arena, int64_t now_ms,
    int64_t *ret_changed, struct err *err)
{
	bson_t *set = db_bson(arena);

	add_no_pending(set);
	return db_update(store, arena, collection, db_json(arena,
	    "{\"pending_email_until\":{\"$gt\":{\"$date\":{\"$numberLong\":\"0\"}},"
	    "\"$lte\":{\"$date\":{\"$numberLong\":\"%lld\"}}}}", (long long)now_ms),
	    db_set_pipeline(arena, bson_bytes(set)), DB_MULTI | DB_PIPELINE,
	    ret_changed, err);
}
