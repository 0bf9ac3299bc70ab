#include "config.h"

#include "store/migrate.h"

#include "crypt/hash.h"
#include "schema/documents.h"
#include "store/db.h"

static const char versions[] = "schema_versions";

static struct str
rows_hash(const struct doc *doc, struct arena *arena)
{
	struct buf buf;

	buf_init(&buf, arena, 8192, 1 << 20);
	buf_add_str(&buf, schema_validator(doc, arena));
	buf_add_str(&buf, schema_indexes(doc, arena));
	return sha256_hex(arena, buf_str(&buf));
}

/* What was applied last, "" when nothing was. */
static enum rc
applied_hash(struct store *store, struct arena *arena, const struct doc *doc,
    struct str *ret_hash, struct err *err)
{
	bson_t *filter = db_bson(arena);
	struct str row;
	enum rc rc;

	*ret_hash = STR("");
	BSON_APPEND_UTF8(filter, "_id", doc->collection);
	rc = db_find_one(store, arena, versions, filter, &row, err);
	if (rc == RC_NOT_FOUND) {
		err_init(err);
		return RC_OK;
	}
	if (rc == RC_OK)
		(void)doc_peek_str(row, "rows_hash", ret_hash);
	return rc;
}

/* How many stored documents the validator would refuse. */
static enum rc
count_refused(struct store *store, struct arena *arena, const struct doc *doc,
    int64_t *ret_count, struct err *err)
{
	bson_t *command = db_bson(arena), query, list, validator;
	struct str text = schema_validator(doc, arena);
	const bson_t *reply;
	bson_iter_t it;

	if (!bson_init_static(&validator, (const uint8_t *)text.p, text.n))
		die("migrate: not BSON");
	BSON_APPEND_UTF8(command, "count", doc->collection);
	BSON_APPEND_DOCUMENT_BEGIN(command, "query", &query);
	BSON_APPEND_ARRAY_BEGIN(&query, "$nor", &list);
	BSON_APPEND_DOCUMENT(&list, "0", &validator);
	bson_append_array_end(&query, &list);
	bson_append_document_end(command, &query);
	if (db_read(store, arena, command, &reply, err) != RC_OK)
		return err->rc;
	*ret_count = bson_iter_init_find(&it, reply, "n")
	    ? bson_iter_as_int64(&it) : 0;
	return RC_OK;
}

static enum rc
set_validator(struct store *store, struct arena *arena, const struct doc *doc,
    const char *verb, struct err *err)
{
	bson_t *command = db_bson(arena), validator;
	struct str text = schema_validator(doc, arena);

	if (!bson_init_static(&validator, (const uint8_t *)text.p, text.n))
		die("migrate: not BSON");
	BSON_APPEND_UTF8(command, verb, doc->collection);
	BSON_APPEND_DOCUMENT(command, "validator", &validator);
	BSON_APPEND_UTF8(command, "validationLevel", "moderate");
	BSON_APPEND_UTF8(command, "validationAction", "error");
	return db_write(store, arena, command, NULL, err);
}

static enum rc
create_indexes(struct store *store, struct arena *arena, const struct doc *doc,
    struct err *err)
{
	bson_t *command;

	if (doc->index_count == 0)
		return RC_OK;
	/* An open transaction would block it, and it everything: a limit. */
	command = db_json(arena, "{\"createIndexes\":\"%s\",\"indexes\":%.*s,"
	    "\"maxTimeMS\":600000}", doc->collection,
	    STR_FMT(schema_indexes(doc, arena)));
	return db_write(store, arena, command, NULL, err);
}

static enum rc
remember(struct store *store, struct arena *arena, const struct doc *doc,
    struct str hash, struct err *err)
{
	bson_t *filter = db_bson(arena);

	BSON_APPEND_UTF8(filter, "_id", doc->collection);
	return db_update(store, arena, versions, filter, db_json(arena,
	    "{\"$set\":{\"rows_hash\":\"%.*s\"},\"$currentDate\":"
	    "{\"applied_at\":true}}", STR_FMT(hash)), DB_UPSERT, NULL, err);
}

static enum rc
apply(struct store *store, struct arena *arena, const struct doc *doc,
    struct str hash, struct err *err)
{
	enum rc rc = set_validator(store, arena, doc, "create", err);

	if (rc != RC_OK && rc != RC_UNAVAILABLE) {
		/* It exists: NamespaceExists (48). Any other reason shows again. */
		err_init(err);
		rc = set_validator(store, arena, doc, "collMod", err);
	}
	if (rc != RC_OK || create_indexes(store, arena, doc, err) != RC_OK)
		return err->rc;
	return remember(store, arena, doc, hash, err);
}

enum rc
store_migrate(struct store *store, struct arena *arena, enum migrate_mode mode,
    struct buf *report, int *ret_changes, struct err *err)
{
	int changes = 0;

	for (size_t i = 0; schema_docs[i] != NULL; i++) {
		const struct doc *doc = schema_docs[i];
		struct str hash, applied;
		int64_t refused;

		if (doc->collection == NULL)
			continue;
		hash = rows_hash(doc, arena);
		if (applied_hash(store, arena, doc, &applied, err) != RC_OK
		    || count_refused(store, arena, doc, &refused, err) != RC_OK)
			return err->rc;
		if (refused > 0)
			buf_printf(report, "%s: %lld stored documents do not fit "
			    "the rows\n", doc->collection, (long long)refused);
		if (str_eq(hash, applied))
			continue;
		changes++;
		buf_printf(report, "%s: %s validator and %zu indexes\n",
		    doc->collection, mode == MIGRATE_APPLY ? "applied"
		    : applied.n == 0 ? "would create" : "would change",
		    doc->index_count);
		if (mode == MIGRATE_APPLY
		    && apply(store, arena, doc, hash, err) != RC_OK)
			return err->rc;
	}
	*ret_changes = changes;
	return RC_OK;
}

enum rc
store_migrated(struct store *store, struct arena *arena, bool *ret_current,
    struct err *err)
{
	struct str rows[64];
	bson_t *filter = db_bson(arena);
	struct db_find find = { .collection = versions, .filter = filter,
		.limit = 64 };
	size_t n, wanted = 0, found = 0;

	if (db_find(store, arena, &find, rows, &n, err) != RC_OK)
		return err->rc;
	for (size_t i = 0; schema_docs[i] != NULL; i++) {
		struct str hash, id, applied;

		if (schema_docs[i]->collection == NULL)
			continue;
		wanted++;
		hash = rows_hash(schema_docs[i], arena);
		for (size_t k = 0; k < n; k++)
			if (doc_peek_str(rows[k], "_id", &id)
			    && str_eqz(id, schema_docs[i]->collection)
			    && doc_peek_str(rows[k], "rows_hash", &applied)
			    && str_eq(hash, applied))
				found++;
	}
	*ret_current = found == wanted;
	return RC_OK;
}
