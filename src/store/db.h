/*
 * db.h - the few commands that we send, and the BSON that they are made of.
 *
 * Each command has a time limit, writes are majority writes (but DB_FAST), and what
 * fails says whether the database is away (RC_UNAVAILABLE), a key exists already
 * (RC_CONFLICT) or we made a mistake (RC_INTERNAL). Driver text goes to err->detail only.
 */
#ifndef BEZEL_STORE_DB_H
#define BEZEL_STORE_DB_H

#include <bson/bson.h>

#include "store/store.h"

/* Documents that match, at most limit (the whole in one batch), each a slice
 * of the reply, which lives as long as arena. sort and projection may be NULL. */
struct db_find {
	const char *collection;
	const bson_t *filter, *sort, *projection;
	const char *hint;	/* an index, or NULL */
	int limit, skip;
	int max_time_ms;	/* 0: the store's own */
};
enum rc db_find(struct store *store, struct arena *arena,
    const struct db_find *find, struct str *ret_docs, size_t *ret_n,
    struct err *err) must_use;

/* Which of these n ids are among the documents that match filter, to which they are
 * added. */
enum rc db_exist(struct store *store, struct arena *arena,
    const char *collection, bson_t *filter, const struct str *ids, size_t n,
    bool *ret_exist, struct err *err) must_use;

/* The documents of these n different ids, in their order; RC_NOT_FOUND when one of them is
 * not there. */
enum rc db_get_all(struct store *store, struct arena *arena,
    const char *collection, const struct str *ids, size_t n,
    const bson_t *projection, struct str *ret_docs, struct err *err) must_use;

/* Reads the documents of these n ids by one command, for callers who are about to ask
 * for each of them: db_get() and db_get_own() outside of transactions answer from what was
 * read, also that it was not there, until db_forget_ahead(), which comes before arena's
 * end. ids must live as long. */
enum rc db_read_ahead(struct store *store, struct arena *arena,
    const char *collection, const struct str *ids, size_t n, struct err *err)
    must_use;
void db_forget_ahead(struct store *store);

/* Whether that id was read ahead; its document, or null. */
bool db_ahead(const struct store *store, const char *collection, struct str id,
    struct str *ret_doc);

/* Only the _ids of what find finds; those that are no text are left out. */
enum rc db_find_ids(struct store *store, struct arena *arena,
    const struct db_find *find, struct str *ret_ids, size_t *ret_n,
    struct err *err) must_use;

/* Those of what has expired before then. */
enum rc db_find_expired(struct store *store, struct arena *arena,
    const char *collection, int64_t before_ms, int limit, struct str *ret_ids,
    size_t *ret_n, struct err *err) must_use;

/* RC_NOT_FOUND when nothing matches (err is left to the caller). */
enum rc db_find_one(struct store *store, struct arena *arena,
    const char *collection, const bson_t *filter, struct str *ret_doc,
    struct err *err) must_use;

/* By _id alone, which the server answers without planning (its IDHACK: a sixth
 * less of its time than a filter that names the owner too). */
enum rc db_get(struct store *store, struct arena *arena, const char *collection,
    struct str id, struct str *ret_doc, struct err *err) must_use;

/* The same; RC_NOT_FOUND also for what is another's, and *ret_doc untouched. */
enum rc db_get_own(struct store *store, struct arena *arena,
    const char *collection, struct store_owner owner, struct str id,
    struct str *ret_doc, struct err *err) must_use;

/* Any write command. In a transaction it joins that. *ret_reply belongs to
 * arena; NULL when it is not wanted. A write error in the reply is an error. */
enum rc db_write(struct store *store, struct arena *arena, const bson_t *command,
    const bson_t **ret_reply, struct err *err) must_use;

/* Any read command that is not find. */
enum rc db_read(struct store *store, struct arena *arena, const bson_t *command,
    const bson_t **ret_reply, struct err *err) must_use;

/* Shapes of db_write(). update and fields may be a pipeline array or a document. */
enum rc db_insert(struct store *store, struct arena *arena,
    const char *collection, struct str doc, struct err *err) must_use;

/* All in one command, in their order until one fails. */
enum rc db_insert_many(struct store *store, struct arena *arena,
    const char *collection, const struct str *docs, size_t n,
    struct err *err) must_use;

/* Those whose _id is not there yet, in one command outside of transactions; which ones
 * were. With an error nobody knows. */
enum rc db_insert_new(struct store *store, struct arena *arena,
    const char *collection, const struct str *docs, size_t n,
    bool *ret_inserted, struct err *err) must_use;

enum db_update_flags { DB_UPSERT = 1, DB_MULTI = 2, DB_PIPELINE = 4, DB_FAST = 8 };
enum rc db_update(struct store *store, struct arena *arena,
    const char *collection, const bson_t *filter, const bson_t *update,
    enum db_update_flags flags, int64_t *ret_matched, struct err *err) must_use;

/* All that match, by a pipeline with variables ("let"). */
enum rc db_update_all(struct store *store, struct arena *arena,
    const char *collection, const bson_t *filter, const bson_t *pipeline,
    const bson_t *variables, int64_t *ret_matched, struct err *err) must_use;

/* Several updates (no pipelines) of one command outside of transactions, confirmed as by
 * DB_FAST. Each is done or meets, as an upsert, a key that exists: which ones were done. */
struct db_statement {
	const bson_t *filter, *update;
};
enum rc db_update_each(struct store *store, struct arena *arena,
    const char *collection, const struct db_statement *statements, size_t n,
    bool upsert, bool *ret_done, struct err *err) must_use;

enum rc db_delete(struct store *store, struct arena *arena,
    const char *collection, const bson_t *filter, int limit,
    int64_t *ret_deleted, struct err *err) must_use;

/* Raises the time under key, which others may raise at once; the document need not be
 * there. */
enum rc db_raise_time(struct store *store, struct arena *arena,
    const char *collection, struct str id, const char *key, int64_t ms,
    struct err *err) must_use;

/* One document, or none; whoever's it is, or only when it is that user's. */
enum rc db_delete_id(struct store *store, struct arena *arena,
    const char *collection, struct str id, struct err *err) must_use;
enum rc db_delete_of_user(struct store *store, struct arena *arena,
    const char *collection, struct str user_id, struct str id,
    int64_t *ret_deleted, struct err *err) must_use;

/* findAndModify; *ret_doc is the document after the update, or null when nothing
 * matched. sort, fields (a projection) and variables ("let") may be NULL. */
struct db_modify {
	const char *collection;
	const bson_t *filter, *sort, *update, *fields, *variables;
	enum db_update_flags flags;
};
enum rc db_find_and_modify(struct store *store, struct arena *arena,
    const struct db_modify *modify, struct str *ret_doc,
    struct err *err) must_use;

/* A bson_t in arena: empty, or of JSON text with printf (numbers and our own
 * names only, never a user's words). */
bson_t *db_bson(struct arena *arena);
bson_t *db_json(struct arena *arena, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The same of a constant, parsed at its first use and kept in *cache; what varies
 * are variables of the command. For what is sent with every other request. */
const bson_t *db_json_once(bson_t **cache, const char *text);

static inline void
bson_add_str(bson_t *bson, const char *key, struct str s)
{
	if (s.p == NULL)
		(void)bson_append_null(bson, key, -1);
	else
		(void)bson_append_utf8(bson, key, -1, s.p, (int)s.n);
}

/* Its bytes. Not by bson->len: a bson_t of an arena is not aligned as its type asks. */
static inline struct str
bson_bytes(const bson_t *bson)
{
	const uint8_t *data = bson_get_data(bson);
	uint32_t n;

	memcpy(&n, data, sizeof n);
	return (struct str){ (const char *)data, BSON_UINT32_FROM_LE(n) };
}

/* The next updated_at: later than the last, and not behind the server's clock. A
 * poisoned value of another type must not keep a document from the trash. */
#define NEXT_TIME(key) \
	"{\"$cond\":[{\"$eq\":[{\"$type\":\"$" key "\"},\"date\"]}," \
	"{\"$max\":[\"$$NOW\",{\"$add\":[\"$" key "\",1]}]},\"$$NOW\"]}"
#define NEXT_UPDATED_AT NEXT_TIME("updated_at")

/* [{$set: {the members of set, updated_at: the next}}] for an update with DB_PIPELINE;
 * set is BSON of a document with top-level keys, whose values stay what they are:
 * "$x" is text. */
bson_t *db_set_pipeline(struct arena *arena, struct str set);

/* {the members of set, each as $literal}. */
bson_t *db_literals(struct arena *arena, struct str set);

/* key: {$in: [values]} */
void bson_add_in(bson_t *bson, const char *key, const struct str *values,
    size_t n);

/* key: {$literal: [values]}, for a variable. */
void bson_add_list(bson_t *bson, const char *key, const struct str *values,
    size_t n);

/* key: {$type: "date"}, or the contrary (null, absent, poisoned). */
void bson_add_is_time(bson_t *bson, const char *key, bool is_time);

/* {_id, user_id} or {_id, user_id: null, guest_session_id}: the part after _id. */
void bson_add_owner(bson_t *bson, struct store_owner owner);
/* A filter of both. */
bson_t *db_own(struct arena *arena, struct store_owner owner, struct str id);

#endif
