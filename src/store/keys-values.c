#include "config.h"

#include "store/keys-values.h"

#include "schema/schema.h"
#include "store/db.h"

struct walk {
	struct store *store;
	struct arena *batch;
	keys_value_fn *fn;
	void *arg;
	struct keys_value value;
};

/* The projection leaves sealed values and what is around them. */
static enum rc
each_in(struct walk *w, bson_iter_t *it, struct str prefix, struct err *err)
{
	while (err->rc == RC_OK && bson_iter_next(it)) {
		struct str path = arena_printf(w->batch, "%.*s%s%s",
		    STR_FMT(prefix), prefix.n > 0 ? "." : "", bson_iter_key(it));
		bson_subtype_t subtype;
		const uint8_t *data;
		bson_iter_t inner;
		uint32_t n;

		if (BSON_ITER_HOLDS_DOCUMENT(it) || BSON_ITER_HOLDS_ARRAY(it)) {
			if (bson_iter_recurse(it, &inner))
				(void)!each_in(w, &inner, path, err);
			continue;
		}
		if (!BSON_ITER_HOLDS_BINARY(it))
			continue;
		bson_iter_binary(it, &subtype, &n, &data);
		if (subtype != BSON_SUBTYPE_ENCRYPTED)
			continue;
		w->value.path = path;
		w->value.sealed = (struct str){ (const char *)data, n };
		(void)!w->fn(w->store, w->batch, &w->value, w->arg, err);
	}
	return err->rc;
}

static enum rc
each_of_document(struct walk *w, struct str doc, bson_t *last, struct err *err)
{
	const uint8_t *data = (const uint8_t *)doc.p;
	bson_iter_t it, id;

	if (!bson_iter_init_from_data(&id, data, doc.n)
	    || !bson_iter_find(&id, "_id")
	    || !bson_iter_init_from_data(&it, data, doc.n))
		return err_set(err, RC_INTERNAL, "A document has no _id.");
	w->value.id = &id;
	if (each_in(w, &it, STR(""), err) != RC_OK)
		return err->rc;
	bson_reinit(last);
	(void)bson_append_iter(last, "$gt", -1, &id);
	return RC_OK;
}

/* Those behind *last, which moves on; *ret_more: there may be others. */
static enum rc
each_of_batch(struct walk *w, const bson_t *projection, bson_t *last,
    bool *ret_more, struct err *err)
{
	struct str *docs = arena_many(w->batch, KEYS_BATCH, struct str);
	bson_t *filter = db_bson(w->batch);
	struct db_find find = { .collection = w->value.collection,
		.filter = filter, .sort = db_json(w->batch, "{\"_id\":1}"),
		.projection = projection, .limit = KEYS_BATCH };
	size_t n = 0;

	if (!bson_empty(last))
		BSON_APPEND_DOCUMENT(filter, "_id", last);
	if (db_find(w->store, w->batch, &find, docs, &n, err) != RC_OK)
		return err->rc;
	for (size_t i = 0; i < n; i++)
		if (each_of_document(w, docs[i], last, err) != RC_OK)
			return err->rc;
	*ret_more = n == KEYS_BATCH;
	return RC_OK;
}

static enum rc
each_of_collection(struct walk *w, const bson_t *projection, struct err *err)
{
	bson_t last = BSON_INITIALIZER;
	bool more = true;

	w->batch = arena_new();
	while (more && each_of_batch(w, projection, &last, &more, err) == RC_OK)
		arena_reset(w->batch);
	arena_free(w->batch);
	bson_destroy(&last);
	return err->rc;
}

enum rc
keys_each_value(struct store *store, keys_value_fn *fn, void *arg, struct err *err)
{
	struct walk w = { .store = store, .fn = fn, .arg = arg };
	struct arena *arena = arena_new();

	for (size_t i = 0; err->rc == RC_OK && schema_docs[i] != NULL; i++) {
		struct str_list paths = { NULL, 0 };
		bson_t *projection;

		if (schema_docs[i]->collection != NULL)
			paths = doc_sealed_paths(schema_docs[i], arena);
		if (paths.n == 0)
			continue;
		projection = db_bson(arena);
		for (size_t k = 0; k < paths.n; k++)
			BSON_APPEND_INT32(projection, paths.items[k].p, 1);
		w.value.collection = schema_docs[i]->collection;
		(void)!each_of_collection(&w, projection, err);
	}
	arena_free(arena);
	return err->rc;
}
