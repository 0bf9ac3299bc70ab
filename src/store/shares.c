#include "config.h"

#include "store/shares.h"

#include "schema/documents.h"
#include "store/designs-change.h"
#include "store/designs-filter.h"

#define TOKEN "share_settings.share_token"

/* --- changes ------------------------------------------------------------- */

/* The owner's design with the link that was read. A token that is no text is none. */
static bson_t *
when_filter(struct arena *arena, struct store_owner owner, struct str design_id,
    const struct shares_when *when)
{
	bson_t *filter = db_bson(arena), part;

	bson_add_str(filter, "_id", design_id);
	bson_add_owner(filter, owner);
	if (when->updated_at_ms != TIME_NULL)
		BSON_APPEND_DATE_TIME(filter, "updated_at", when->updated_at_ms);
	if (when->token.p != NULL)
		bson_add_str(filter, TOKEN, when->token);
	else
		(void)bson_concat(filter, db_json(arena,
		    "{\"" TOKEN "\":{\"$not\":{\"$type\":\"string\"}}}"));
	if (when->is_shared) {
		BSON_APPEND_BOOL(filter, "share_settings.is_shared", true);
		return filter;
	}
	BSON_APPEND_DOCUMENT_BEGIN(filter, "share_settings.is_shared", &part);
	BSON_APPEND_BOOL(&part, "$ne", true);
	bson_append_document_end(filter, &part);
	return filter;
}

/* Text stays text: "$x" would be a field. */
static void
add_text(bson_t *fields, const char *key, struct str text)
{
	bson_t literal;

	BSON_APPEND_DOCUMENT_BEGIN(fields, key, &literal);
	bson_add_str(&literal, "$literal", text);
	bson_append_document_end(fields, &literal);
}

static void
add_time(bson_t *fields, const char *key, int64_t ms)
{
	if (ms == TIME_NULL)
		BSON_APPEND_NULL(fields, key);
	else
		BSON_APPEND_DATE_TIME(fields, key, ms);
}

#define FORMER "$share_settings.former_tokens"
#define HAD_ONE "{\"$eq\":[{\"$type\":\"$" TOKEN "\"},\"string\"]}"

/* A link that goes is remembered for a while: hosts that have not seen its end yet must
 * learn of it, or would go on showing what they keep. */
static void
add_new(bson_t *fields, struct arena *arena, const struct shares_change *change)
{
	BSON_APPEND_BOOL(fields, "share_settings.is_shared", true);
	add_text(fields, TOKEN, change->token);
	BSON_APPEND_INT64(fields, "share_settings.view_count", 0);
	(void)bson_concat(fields, db_json(arena, "{"
	    "\"share_settings.former_tokens\":{\"$slice\":[{\"$concatArrays\":["
	    "{\"$cond\":[{\"$isArray\":[\"" FORMER "\"]},\"" FORMER "\",[]]},"
	    "{\"$cond\":[" HAD_ONE ",[\"$" TOKEN "\"],[]]}]},%d]},"
	    "\"share_settings.revoked_at\":{\"$cond\":[" HAD_ONE ",{\"$date\":"
	    "{\"$numberLong\":\"%lld\"}},null]}}", -SHARES_FORMER_MAX,
	    (long long)change->now_ms));
}

static void
add_password(bson_t *fields, struct str sealed)
{
	BSON_APPEND_BOOL(fields, "share_settings.password_protected",
	    sealed.p != NULL);
	if (sealed.p == NULL)
		BSON_APPEND_NULL(fields, "share_settings.password_hash");
	else
		BSON_APPEND_BINARY(fields, "share_settings.password_hash",
		    BSON_SUBTYPE_ENCRYPTED, (const uint8_t *)sealed.p,
		    (uint32_t)sealed.n);
}

enum rc
shares_put(struct store *store, struct arena *arena, struct store_owner owner,
    struct str design_id, const struct shares_when *when,
    const struct shares_change *change, struct str *ret_doc, struct err *err)
{
	bson_t *filter = when_filter(arena, owner, design_id, when);
	bson_t *fields = db_bson(arena);

	designs_add_deleted(filter, false);
	(void)bson_concat(filter, db_json(arena,
	    "{\"current_version.image_id\":{\"$type\":\"string\"}}"));
	if (change->what & SHARES_NEW)
		add_new(fields, arena, change);
	if (change->what & SHARES_TITLE)
		add_text(fields, "share_settings.title", change->title);
	if (change->what & SHARES_SHOW_PROMPT)
		BSON_APPEND_BOOL(fields, "share_settings.show_prompt",
		    change->show_prompt);
	if (change->what & SHARES_EXPIRES_AT)
		add_time(fields, "share_settings.expires_at",
		    change->expires_at_ms);
	if (change->what & SHARES_PASSWORD)
		add_password(fields, change->password_hash);
	return designs_change_one(store, arena, filter, fields, ret_doc, err);
}

enum rc
shares_revoke(struct store *store, struct arena *arena, struct store_owner owner,
    struct str design_id, const struct shares_when *when, int64_t now_ms,
    struct str *ret_doc, struct err *err)
{
	bson_t *fields = db_bson(arena);

	BSON_APPEND_BOOL(fields, "share_settings.is_shared", false);
	BSON_APPEND_DATE_TIME(fields, "share_settings.revoked_at", now_ms);
	return designs_change_one(store, arena, when_filter(arena, owner, design_id, when),
	    fields, ret_doc, err);
}

/* revoked_at stays: shares_forget() takes it away, with what else is kept. */
enum rc
shares_restore(struct store *store, struct arena *arena,
    struct store_owner owner, struct str design_id,
    const struct shares_when *when, struct str *ret_doc, struct err *err)
{
	bson_t *filter = when_filter(arena, owner, design_id, when);
	bson_t *fields = db_bson(arena);

	designs_add_deleted(filter, false);
	BSON_APPEND_BOOL(fields, "share_settings.is_shared", true);
	return designs_change_one(store, arena, filter, fields, ret_doc, err);
}

/* --- the end of a link --------------------------------------------------- */

/* The lower bound makes the server take the partial index. */
enum rc
shares_forget(struct store *store, struct arena *arena, int64_t before_ms,
    int64_t *ret_changed, struct err *err)
{
	bson_t *filter = db_json(arena, "{\"share_settings.revoked_at\":{"
	    "\"$gt\":{\"$date\":{\"$numberLong\":\"0\"}},"
	    "\"$lt\":{\"$date\":{\"$numberLong\":\"%lld\"}}}}",
	    (long long)before_ms), *buried = db_json(arena,
	    "{\"user_id\":null,\"guest_session_id\":null,\"is_deleted\":true}");

	(void)bson_concat(buried, filter);
	if (db_delete(store, arena, DESIGNS, buried, 0, NULL, err) != RC_OK)
		return err->rc;
	return db_update(store, arena, DESIGNS, filter, db_json(arena, "%s",
	    "[{\"$set\":{\"" TOKEN "\":{\"$cond\":[{\"$eq\":["
	    "\"$share_settings.is_shared\",true]},\"$" TOKEN "\",null]},"
	    "\"share_settings.revoked_at\":null,"
	    "\"share_settings.former_tokens\":[]}}]"), DB_MULTI | DB_PIPELINE,
	    ret_changed, err);
}
