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

/* --- what the server has ------------------------------------------------- */

static bool
is_word(const bson_t *reply, const char *path, const char *word)
{
	bson_iter_t it, at;

	return bson_iter_init(&it, reply)
	    && bson_iter_find_descendant(&it, path, &at)
	    && BSON_ITER_HOLDS_UTF8(&at)
	    && strcmp(bson_iter_utf8(&at, NULL), word) == 0;
}

/* Whether the collection is there, and has our validator. */
static enum rc
has_validator(struct store *store, struct arena *arena, const struct doc *doc,
    bool *ret_exists, bool *ret_has, struct err *err)
{
	struct str ours = schema_validator(doc, arena);
	const uint8_t *data = NULL;
	const bson_t *reply;
	bson_iter_t it, at;
	uint32_t n = 0;

	if (db_read(store, arena, db_json(arena, "{\"listCollections\":1,"
	    "\"filter\":{\"name\":\"%s\"}}", doc->collection), &reply, err)
	    != RC_OK)
		return err->rc;
	*ret_exists = is_word(reply, "cursor.firstBatch.0.name", doc->collection);
	if (bson_iter_init(&it, reply) && bson_iter_find_descendant(&it,
	    "cursor.firstBatch.0.options.validator", &at)
	    && BSON_ITER_HOLDS_DOCUMENT(&at))
		bson_iter_document(&at, &n, &data);
	*ret_has = data != NULL && n == ours.n && memcmp(data, ours.p, n) == 0
	    && is_word(reply, "cursor.firstBatch.0.options.validationLevel",
	    "moderate")
	    && is_word(reply, "cursor.firstBatch.0.options.validationAction",
	    "error");
	return RC_OK;
}

/* One member of two index specifications. */
static bool
same_member(const bson_t *a, const bson_t *b, const char *key)
{
	bson_iter_t x, y;
	bool in_a = bson_iter_init_find(&x, a, key);
	bool in_b = bson_iter_init_find(&y, b, key);
	const uint8_t *p, *q;
	uint32_t n, m;

	if (!in_a || !in_b)
		return in_a == in_b;
	if (!BSON_ITER_HOLDS_DOCUMENT(&x) || !BSON_ITER_HOLDS_DOCUMENT(&y))
		return bson_iter_as_int64(&x) == bson_iter_as_int64(&y);
	bson_iter_document(&x, &n, &p);
	bson_iter_document(&y, &m, &q);
	return n == m && memcmp(p, q, n) == 0;
}

static bool
same_index(const bson_t *a, const bson_t *b)
{
	static const char *const members[] = { "key", "unique", "sparse",
		"partialFilterExpression", "expireAfterSeconds", "collation",
		"hidden" };

	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
		if (!same_member(a, b, members[i]))
			return false;
	return true;
}

static bool
next_spec(bson_iter_t *list, bson_t *ret_spec)
{
	const uint8_t *data;
	uint32_t n;

	while (bson_iter_next(list)) {
		if (!BSON_ITER_HOLDS_DOCUMENT(list))
			continue;
		bson_iter_document(list, &n, &data);
		return bson_init_static(ret_spec, data, n);
	}
	return false;
}

/* Indexes of ours that are there in another form, by name, and how many are not
 * there at all. */
static enum rc
differing_indexes(struct store *store, struct arena *arena,
    const struct doc *doc, const char **ret_wrong, size_t *ret_n,
    size_t *ret_missing, struct err *err)
{
	bson_t *ours = db_json(arena, "%.*s", STR_FMT(schema_indexes(doc, arena)));
	bson_iter_t it, list, there, at;
	const bson_t *reply;
	bson_t spec, other;

	*ret_n = *ret_missing = 0;
	if (db_read(store, arena, db_json(arena, "{\"listIndexes\":\"%s\","
	    "\"cursor\":{\"batchSize\":1000}}", doc->collection), &reply, err)
	    != RC_OK)
		return err->rc;
	if (!bson_iter_init(&it, reply)
	    || !bson_iter_find_descendant(&it, "cursor.firstBatch", &there)
	    || !bson_iter_init(&list, ours))
		return err_set(err, RC_INTERNAL, "listIndexes has no answer.");
	while (next_spec(&list, &spec)) {
		const char *name = bson_iter_init_find(&at, &spec, "name")
		    ? bson_iter_utf8(&at, NULL) : "";
		bson_iter_t rest;
		bool found = false;

		(void)bson_iter_recurse(&there, &rest);
		while (!found && next_spec(&rest, &other))
			found = is_word(&other, "name", name);
		*ret_missing += !found;
		if (found && !same_index(&spec, &other))
			ret_wrong[(*ret_n)++] = arena_strz(arena, str_of(name));
	}
	return RC_OK;
}

/* How the server differs from the rows. */
struct difference {
	bool validator;
	const char **wrong;	/* indexes to drop, by name */
	size_t wrong_n, missing_n;
};

static enum rc
server_differs(struct store *store, struct arena *arena, const struct doc *doc,
    struct difference *ret, struct err *err)
{
	bool exists = false, has = false;

	*ret = (struct difference){ .validator = true,
		.wrong = arena_many(arena, doc->index_count + 1, const char *) };
	if (has_validator(store, arena, doc, &exists, &has, err) != RC_OK
	    || !exists)
		return err->rc;
	ret->validator = !has;
	return differing_indexes(store, arena, doc, ret->wrong, &ret->wrong_n,
	    &ret->missing_n, err);
}

/* --- changing it --------------------------------------------------------- */

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

/* An index of another form is dropped in the last moment: who names it in a hint
 * fails until the new one is there. */
static enum rc
create_indexes(struct store *store, struct arena *arena, const struct doc *doc,
    const struct difference *difference, struct err *err)
{
	bson_t *command;

	for (size_t i = 0; i < difference->wrong_n; i++)
		if (db_write(store, arena, db_json(arena, "{\"dropIndexes\":\"%s\","
		    "\"index\":\"%s\"}", doc->collection, difference->wrong[i]),
		    NULL, err) != RC_OK)
			return err->rc;
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
    struct str hash, const struct difference *difference, struct err *err)
{
	enum rc rc = set_validator(store, arena, doc, "create", err);

	if (rc != RC_OK && rc != RC_UNAVAILABLE) {
		/* It exists: NamespaceExists (48). Any other reason shows again. */
		err_init(err);
		rc = set_validator(store, arena, doc, "collMod", err);
	}
	if (rc != RC_OK || create_indexes(store, arena, doc, difference,
	    err) != RC_OK)
		return err->rc;
	return remember(store, arena, doc, hash, err);
}

/* One collection. To count what would be refused reads all of it, so apply, which runs
 * at each start, does so only when it changes something. */
static enum rc
migrate_one(struct store *store, struct arena *arena, const struct doc *doc,
    enum migrate_mode mode, struct buf *report, int *changes, struct err *err)
{
	struct str hash = rows_hash(doc, arena), applied;
	struct difference difference;
	int64_t refused = 0;
	bool differs;

	if (applied_hash(store, arena, doc, &applied, err) != RC_OK
	    || server_differs(store, arena, doc, &difference, err) != RC_OK)
		return err->rc;
	differs = !str_eq(hash, applied) || difference.validator
	    || difference.wrong_n + difference.missing_n > 0;
	if ((differs || mode != MIGRATE_APPLY)
	    && count_refused(store, arena, doc, &refused, err) != RC_OK)
		return err->rc;
	if (refused > 0)
		buf_printf(report, "%s: %lld stored documents do not fit "
		    "the rows\n", doc->collection, (long long)refused);
	if (!differs)
		return RC_OK;
	++*changes;
	buf_printf(report, "%s: %s validator and %zu indexes\n",
	    doc->collection, mode == MIGRATE_APPLY ? "applied"
	    : applied.n == 0 ? "would create" : "would change",
	    doc->index_count);
	for (size_t k = 0; k < difference.wrong_n; k++)
		buf_printf(report, "%s: %s index %s, which has another form\n",
		    doc->collection, mode == MIGRATE_APPLY ? "replaced"
		    : "would replace", difference.wrong[k]);
	return mode == MIGRATE_APPLY
	    ? apply(store, arena, doc, hash, &difference, err) : RC_OK;
}

enum rc
store_migrate(struct store *store, struct arena *arena, enum migrate_mode mode,
    struct buf *report, int *ret_changes, struct err *err)
{
	*ret_changes = 0;
	for (size_t i = 0; schema_docs[i] != NULL; i++)
		if (schema_docs[i]->collection != NULL && migrate_one(store,
		    arena, schema_docs[i], mode, report, ret_changes, err)
		    != RC_OK)
			return err->rc;
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
