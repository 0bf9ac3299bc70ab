#include "config.h"

#include "store/idempotency.h"

#include "schema/documents.h"
#include "store/db.h"

enum { TRIES = 3 };

static const char collection[] = "idempotency_keys";

static enum rc
running(struct err *err)
{
	err->retry_after_s = 1;
	return err_set(err, RC_IDEM_RUNNING,
	    "Another request with this Idempotency-Key is still running.");
}

/* Someone has the key: done, running, of another body, or left behind. */
static enum rc
meet(struct store *store, struct arena *arena, struct idempotency_key *key,
    int64_t now_ms, int64_t lease_ms, struct err *err)
{
	struct idempotency_key other;
	bson_t *filter = db_bson(arena), until;
	struct db_modify modify = { .collection = collection, .filter = filter };
	struct str doc;

	bson_add_str(filter, "_id", key->id);
	if (db_find_one(store, arena, collection, filter, &doc, err) != RC_OK)
		return err->rc;
	doc_read(&doc_idempotency_key, doc, &other, arena);
	if (!str_eq(other.body_hash, key->body_hash))
		return err_set(err, RC_IDEM_MISMATCH, "This Idempotency-Key came "
		    "with another body before; use a new key for a new request.");
	if (other.done) {
		*key = other;
		return RC_OK;
	}
	if (other.lease_until > now_ms)
		return running(err);
	/* Left behind: one of those who see it takes it over. */
	BSON_APPEND_DOCUMENT_BEGIN(filter, "lease_until", &until);
	BSON_APPEND_DATE_TIME(&until, "$lte", now_ms);
	bson_append_document_end(filter, &until);
	BSON_APPEND_BOOL(filter, "done", false);
	modify.update = db_json(arena, "{\"$set\":{\"lease_until\":{\"$date\":"
	    "{\"$numberLong\":\"%lld\"}}}}", (long long)(now_ms + lease_ms));
	if (db_find_and_modify(store, arena, &modify, &doc, err) != RC_OK)
		return err->rc;
	if (doc.p == NULL)
		return running(err);
	*key = other;
	return RC_OK;
}

enum rc
idempotency_take(struct store *store, struct arena *arena,
    struct idempotency_key *key, int64_t now_ms, int64_t lease_ms,
    struct err *err)
{
	enum rc rc;

	key->lease_until = now_ms + lease_ms;
	for (int i = 0; i < TRIES; i++) {
		rc = db_insert(store, arena, collection,
		    doc_to_bson(&doc_idempotency_key, key, arena), err);
		if (rc != RC_CONFLICT)
			return rc;
		err_init(err);
		rc = meet(store, arena, key, now_ms, lease_ms, err);
		if (rc != RC_NOT_FOUND)
			return rc;
		err_init(err);	/* released between the two: free again */
	}
	return running(err);
}

enum rc
idempotency_take_new(struct store *store, struct arena *arena,
    struct idempotency_key *keys, size_t n, int64_t now_ms, int64_t lease_ms,
    bool *ret_taken, struct err *err)
{
	struct str *docs = arena_many(arena, n, struct str);

	for (size_t i = 0; i < n; i++) {
		keys[i].lease_until = now_ms + lease_ms;
		docs[i] = doc_to_bson(&doc_idempotency_key, &keys[i], arena);
	}
	return db_insert_new(store, arena, collection, docs, n, ret_taken, err);
}

enum rc
idempotency_done(struct store *store, struct arena *arena, struct str id,
    int status, struct err *err)
{
	bson_t *filter = db_bson(arena);

	bson_add_str(filter, "_id", id);
	return db_update(store, arena, collection, filter, db_json(arena,
	    "{\"$set\":{\"done\":true,\"status\":%d}}", status), 0, NULL, err);
}

enum rc
idempotency_done_all(struct store *store, struct arena *arena,
    const struct str *ids, size_t n, int status, struct err *err)
{
	bson_t *filter = db_bson(arena);

	bson_add_in(filter, "_id", ids, n);
	return db_update(store, arena, collection, filter, db_json(arena,
	    "{\"$set\":{\"done\":true,\"status\":%d}}", status), DB_MULTI,
	    NULL, err);
}

enum rc
idempotency_done_many(struct store *store, struct arena *arena, struct str id,
    int status, struct str outcome, struct err *err)
{
	bson_t *filter = db_bson(arena), *update = db_bson(arena), set;

	bson_add_str(filter, "_id", id);
	BSON_APPEND_DOCUMENT_BEGIN(update, "$set", &set);
	BSON_APPEND_BOOL(&set, "done", true);
	BSON_APPEND_INT32(&set, "status", status);
	bson_add_str(&set, "outcome", outcome);
	bson_append_document_end(update, &set);
	return db_update(store, arena, collection, filter, update, 0, NULL, err);
}

enum rc
idempotency_release(struct store *store, struct arena *arena, struct str id,
    struct str resource_id, struct err *err)
{
	bson_t *filter = db_bson(arena);

	bson_add_str(filter, "_id", id);
	bson_add_str(filter, "resource_id", resource_id);
	BSON_APPEND_BOOL(filter, "done", false);
	return db_delete(store, arena, collection, filter, 1, NULL, err);
}

enum rc
idempotency_release_all(struct store *store, struct arena *arena,
    const struct idempotency_key *keys, size_t n, struct err *err)
{
	struct str *ids = arena_many(arena, n, struct str),
	    *resources = arena_many(arena, n, struct str);
	bson_t *filter = db_bson(arena);

	for (size_t i = 0; i < n; i++) {
		ids[i] = keys[i].id;
		resources[i] = keys[i].resource_id;
	}
	/* A resource is of one key alone, so that no other pair can match. */
	bson_add_in(filter, "_id", ids, n);
	bson_add_in(filter, "resource_id", resources, n);
	BSON_APPEND_BOOL(filter, "done", false);
	return db_delete(store, arena, collection, filter, 0, NULL, err);
}
