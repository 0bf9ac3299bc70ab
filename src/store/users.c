#include "config.h"

#include "store/users.h"

#include "schema/documents.h"
#include "store/db.h"

static const char collection[] = "users";

enum rc
users_insert(struct store *store, struct arena *arena, const struct user *user,
    struct err *err)
{
	return db_insert(store, arena, collection,
	    doc_to_bson(&doc_user, user, arena), err);
}

static void
read_user(struct arena *arena, struct str doc, struct user *user)
{
	doc_read(&doc_user, doc, user, arena);
}

enum rc
users_get(struct store *store, struct arena *arena, struct str id,
    struct user *ret_user, struct str *ret_doc, struct err *err)
{
	struct str doc;

	if (db_get(store, arena, collection, id, &doc, err) != RC_OK)
		return err->rc;
	read_user(arena, doc, ret_user);
	if (ret_doc != NULL)
		*ret_doc = doc;
	return RC_OK;
}

enum rc
users_by_email(struct store *store, struct arena *arena, struct str email,
    struct user *ret_user, struct err *err)
{
	bson_t *filter = db_bson(arena);
	struct str doc;

	bson_add_str(filter, "email", email);
	if (db_find_one(store, arena, collection, filter, &doc, err) != RC_OK)
		return err->rc;
	read_user(arena, doc, ret_user);
	return RC_OK;
}

enum rc
users_set(struct store *store, struct arena *arena, struct str id,
    int64_t if_match_ms, struct str set, struct str *ret_doc, struct err *err)
{
	bson_t *filter = db_bson(arena);
	const struct db_modify modify = { .collection = collection,
		.filter = filter, .update = db_set_pipeline(arena, set),
		.flags = DB_PIPELINE };

	bson_add_str(filter, "_id", id);
	BSON_APPEND_NULL(filter, "disabled_at");
	if (if_match_ms != TIME_NULL)
		BSON_APPEND_DATE_TIME(filter, "updated_at", if_match_ms);
	if (db_find_and_modify(store, arena, &modify, ret_doc, err) != RC_OK)
		return err->rc;
	return ret_doc->p != NULL ? RC_OK
	    : err_set(err, RC_NOT_FOUND, "There is no such account.");
}

static void
add_password(bson_t *to, struct str sealed)
{
	if (sealed.p == NULL)
		BSON_APPEND_NULL(to, "password_hash");
	else
		BSON_APPEND_BINARY(to, "password_hash", BSON_SUBTYPE_ENCRYPTED,
		    (const uint8_t *)sealed.p, (uint32_t)sealed.n);
}

static bson_t *
of_address(struct arena *arena, struct str id, struct str email)
{
	bson_t *filter = db_bson(arena);

	bson_add_str(filter, "_id", id);
	bson_add_str(filter, "email", email);
	BSON_APPEND_NULL(filter, "disabled_at");
	return filter;
}

/* Fields of the account that the filter finds, if it does. */
static enum rc
set_of(struct store *store, struct arena *arena, const bson_t *filter,
    const bson_t *set, struct err *err)
{
	int64_t matched;

	if (db_update(store, arena, collection, filter, db_set_pipeline(arena,
	    bson_bytes(set)),
	    DB_PIPELINE, &matched, err) != RC_OK)
		return err->rc;
	return matched == 1 ? RC_OK
	    : err_set(err, RC_NOT_FOUND, "There is no such account.");
}

enum rc
users_set_password(struct store *store, struct arena *arena, struct str id,
    struct str email, struct str sealed, struct err *err)
{
	bson_t *set = db_bson(arena);

	add_password(set, sealed);
	BSON_APPEND_BOOL(set, "email_verified", true);
	return set_of(store, arena, of_address(arena, id, email), set, err);
}

enum rc
users_replace_password(struct store *store, struct arena *arena,
    const struct user *user, struct str sealed, struct err *err)
{
	bson_t *filter = of_address(arena, user->id, user->email);
	bson_t *set = db_bson(arena);
	enum rc rc;

	add_password(filter, user->password_hash);
	add_password(set, sealed);
	BSON_APPEND_BOOL(set, "email_verified", true);
	rc = set_of(store, arena, filter, set, err);
	return rc != RC_NOT_FOUND ? rc : err_set(err, RC_CREDENTIALS,
	    "The account has changed meanwhile; sign in again.");
}

enum rc
users_verify_email(struct store *store, struct arena *arena, struct str id,
    struct str email, struct err *err)
{
	bson_t *set = db_bson(arena);

	BSON_APPEND_BOOL(set, "email_verified", true);
	return set_of(store, arena, of_address(arena, id, email), set, err);
}

enum rc
users_remove_unconfirmed(struct store *store, struct arena *arena, struct str id,
    struct str email, int64_t *ret_removed, struct err *err)
{
	bson_t *filter = db_bson(arena);

	bson_add_str(filter, "_id", id);
	bson_add_str(filter, "email", email);
	BSON_APPEND_BOOL(filter, "email_verified", false);
	BSON_APPEND_NULL(filter, "last_login_at");
	BSON_APPEND_NULL(filter, "disabled_at");
	return db_delete(store, arena, collection, filter, 1, ret_removed, err);
}

enum rc
users_unconfirmed(struct store *store, struct arena *arena, int64_t before_ms,
    struct str after_id, int limit, struct user *ret_users, size_t *ret_n,
    struct err *err)
{
	bson_t *filter = db_json(arena, "{\"email_verified\":false,"
	    "\"last_login_at\":null,\"disabled_at\":null,\"created_at\":{\"$lt\":"
	    "{\"$date\":{\"$numberLong\":\"%lld\"}}}}", (long long)before_ms), after;
	const struct db_find find = { .collection = collection, .filter = filter,
		.sort = db_json(arena, "{\"_id\":1}"), .hint = "unconfirmed",
		.limit = limit };
	struct str *docs = arena_many(arena, (size_t)limit, struct str);

	BSON_APPEND_DOCUMENT_BEGIN(filter, "_id", &after);
	bson_add_str(&after, "$gt", after_id);
	bson_append_document_end(filter, &after);
	if (db_find(store, arena, &find, docs, ret_n, err) != RC_OK)
		return err->rc;
	for (size_t i = 0; i < *ret_n; i++)
		read_user(arena, docs[i], &ret_users[i]);
	return RC_OK;
}

enum rc
users_note(struct store *store, struct arena *arena, struct str id, bool unname,
    struct err *err)
{
	bson_t *filter = db_bson(arena), *set = db_bson(arena);
	int64_t matched;

	bson_add_str(filter, "_id", id);
	if (unname)
		BSON_APPEND_NULL(set, "full_name");
	if (db_update(store, arena, collection, filter, db_set_pipeline(arena,
	    (struct str){ (const char *)bson_get_data(set), set->len }),
	    DB_PIPELINE, &matched, err) != RC_OK)
		return err->rc;
	return matched == 1 ? RC_OK
	    : err_set(err, RC_NOT_FOUND, "There is no such account.");
}

enum rc
users_signed_in(struct store *store, struct arena *arena,
    const struct user *user, int64_t now_ms, struct err *err)
{
	bson_t *filter = db_bson(arena), *update = db_bson(arena), max;
	int64_t matched;

	bson_add_str(filter, "_id", user->id);
	BSON_APPEND_NULL(filter, "disabled_at");
	add_password(filter, user->password_hash);
	BSON_APPEND_DOCUMENT_BEGIN(update, "$max", &max);
	BSON_APPEND_DATE_TIME(&max, "last_login_at", now_ms);
	bson_append_document_end(update, &max);
	if (db_update(store, arena, collection, filter, update, 0, &matched, err)
	    != RC_OK)
		return err->rc;
	return matched == 1 ? RC_OK : err_set(err, RC_CREDENTIALS,
	    "The account has changed meanwhile; sign in again.");
}

enum rc
users_logged_in(struct store *store, struct arena *arena, struct str id,
    int64_t now_ms, struct err *err)
{
	return db_raise_time(store, arena, collection, id, "last_login_at", now_ms,
	    err);
}

enum rc
users_add_designs(struct store *store, struct arena *arena, struct str id,
    int64_t count, struct err *err)
{
	bson_t *filter = db_bson(arena), *update = db_bson(arena), inc;

	bson_add_str(filter, "_id", id);
	BSON_APPEND_DOCUMENT_BEGIN(update, "$inc", &inc);
	BSON_APPEND_INT64(&inc, "usage_stats.total_designs_created", count);
	bson_append_document_end(update, &inc);
	return db_update(store, arena, collection, filter, update, 0, NULL, err);
}

enum rc
users_unsubscribe(struct store *store, struct arena *arena, struct str id,
    struct str list, struct err *err)
{
	bson_t *filter, *update;
	bool known = false;

	for (const char *const *word = enum_mail_list.values; *word != NULL; word++)
		known |= str_eqz(list, *word);
	if (!known)
		return RC_OK;
	filter = db_json(arena, "{\"disabled_at\":null,"
	    "\"preferences.email_notifications.%.*s\":{\"$ne\":false}}",
	    STR_FMT(list));
	bson_add_str(filter, "_id", id);
	update = db_json(arena, "[{\"$set\":{"
	    "\"preferences.email_notifications.%.*s\":false,"
	    "\"updated_at\":" NEXT_UPDATED_AT "}}]", STR_FMT(list));
	return db_update(store, arena, collection, filter, update, DB_PIPELINE,
	    NULL, err);
}

struct str
users_freed_email(struct arena *arena, struct str id)
{
	return arena_printf(arena, "%.*s@deleted.invalid", STR_FMT(id));
}

enum rc
users_close(struct store *store, struct arena *arena, struct str id,
    struct str email, struct err *err)
{
	bson_t *filter = db_bson(arena), *literal = db_bson(arena);
	bson_t *update = db_json(arena, "[{\"$set\":{\"password_hash\":null,"
	    "\"pending_email\":null,\"pending_email_until\":null,"
	    "\"full_name\":null,\"profile_photo_url\":null,"
	    "\"email_verified\":false,\"disabled_at\":\"$$NOW\","
	    "\"updated_at\":" NEXT_UPDATED_AT "}}]");
	bson_t stage, set;
	int64_t matched;

	bson_add_str(filter, "_id", id);
	BSON_APPEND_NULL(filter, "disabled_at");
	BSON_APPEND_DOCUMENT_BEGIN(update, "1", &stage);
	BSON_APPEND_DOCUMENT_BEGIN(&stage, "$set", &set);
	bson_add_str(literal, "$literal", email);
	BSON_APPEND_DOCUMENT(&set, "email", literal);
	bson_append_document_end(&stage, &set);
	bson_append_document_end(update, &stage);
	if (db_update(store, arena, collection, filter, update, DB_PIPELINE,
	    &matched, err) != RC_OK)
		return err->rc;
	return matched == 1 ? RC_OK
	    : err_set(err, RC_NOT_FOUND, "There is no such account.");
}

enum rc
users_remove(struct store *store, struct arena *arena, struct str id,
    struct err *err)
{
	return db_delete_id(store, arena, collection, id, err);
}

enum rc
users_void_password(struct store *store, struct arena *arena, struct str id,
    struct err *err)
{
	bson_t *filter = db_bson(arena);

	bson_add_str(filter, "_id", id);
	BSON_APPEND_BOOL(filter, "email_verified", false);
	return db_update(store, arena, collection, filter,
	    db_json(arena, "{\"$set\":{\"password_hash\":null}}"), 0, NULL, err);
}
