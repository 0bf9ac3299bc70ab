#include "config.h"

#include "store/db.h"

#include <mongoc/mongoc.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/uuid.h"

enum {
	CONNECT_TIMEOUT_MS = 1000,
	SOCKET_MARGIN_MS = 1500,	/* over maxTimeMS, so that the server says no first */
	RETRY_LEAST_MS = 2, RETRY_MOST_MS = 60,
	CODE_DUPLICATE = 11000, CODE_MAX_TIME = 50
};

struct store {
	mongoc_client_t *client;
	mongoc_client_session_t *session;	/* not NULL: in a transaction */
	char *database;
	int command_timeout_ms;
	int64_t commands;
	int64_t fail_in;		/* tests: commands until the failure */
	enum store_fault fault;
	bool transient, unknown_commit;	/* labels of the last error */
	struct store_trace *trace;
};

/* libmongoc warns once per aborted transaction and per lost server; what counts
 * comes back as an error. */
static void
drop_log(mongoc_log_level_t level, const char *domain, const char *message,
    void *arg)
{
	(void)level;
	(void)domain;
	(void)message;
	(void)arg;
}

static void
set_options(mongoc_uri_t *uri, const struct store_options *o)
{
	(void)mongoc_uri_set_option_as_bool(uri,
	    MONGOC_URI_SERVERSELECTIONTRYONCE, false);
	(void)mongoc_uri_set_option_as_int32(uri,
	    MONGOC_URI_SERVERSELECTIONTIMEOUTMS, o->select_timeout_ms);
	(void)mongoc_uri_set_option_as_int32(uri, MONGOC_URI_CONNECTTIMEOUTMS,
	    CONNECT_TIMEOUT_MS);
	(void)mongoc_uri_set_option_as_int32(uri, MONGOC_URI_SOCKETTIMEOUTMS,
	    o->command_timeout_ms + SOCKET_MARGIN_MS);
	(void)mongoc_uri_set_option_as_bool(uri, MONGOC_URI_RETRYWRITES, true);
	(void)mongoc_uri_set_option_as_bool(uri, MONGOC_URI_RETRYREADS, true);
	(void)mongoc_uri_set_appname(uri, o->app_name);
}

static void
close_store(void *store)
{
	store_close(store);
}

enum rc
store_open(struct arena *process_arena, const struct store_options *options,
    struct store **ret_store, struct err *err)
{
	struct store *store = arena_one(process_arena, struct store);
	mongoc_write_concern_t *majority;
	bson_error_t error;
	mongoc_uri_t *uri;

	mongoc_init();
	mongoc_log_set_handler(drop_log, NULL);
	uri = mongoc_uri_new_with_error(arena_strz(process_arena, options->uri),
	    &error);
	if (uri == NULL) {
		/* The message may quote the URI, which holds a password. */
		return err_set(err, RC_INTERNAL, "The MongoDB URI is malformed.");
	}
	set_options(uri, options);
	store->client = mongoc_client_new_from_uri(uri);
	mongoc_uri_destroy(uri);
	if (store->client == NULL)
		return err_set(err, RC_INTERNAL, "The MongoDB client cannot start.");
	(void)mongoc_client_set_error_api(store->client, 2);
	majority = mongoc_write_concern_new();
	mongoc_write_concern_set_wmajority(majority, options->command_timeout_ms);
	mongoc_client_set_write_concern(store->client, majority);
	mongoc_write_concern_destroy(majority);
	store->database = arena_strz(process_arena, str_of(options->database));
	store->command_timeout_ms = options->command_timeout_ms;
	store->trace = options->trace;
	arena_defer(process_arena, close_store, store);
	*ret_store = store;
	return RC_OK;
}

void
store_close(struct store *store)
{
	if (store == NULL)
		return;
	mongoc_client_destroy(store->client);
	store->client = NULL;
}

int64_t
store_commands(const struct store *store)
{
	return store->commands;
}

void
store_fail_at(struct store *store, int64_t n, enum store_fault fault)
{
	store->fail_in = n;
	store->fault = fault;
}

int64_t
store_fail_left(const struct store *store)
{
	return store->fail_in;
}

bool
store_commit_unknown(const struct store *store)
{
	return store->unknown_commit;
}

static void
destroy_bson(void *object)
{
	bson_destroy(object);
}

bson_t *
db_bson(struct arena *arena)
{
	bson_t *bson = arena_one(arena, bson_t);

	bson_init(bson);
	arena_defer(arena, destroy_bson, bson);
	return bson;
}

bson_t *
db_json(struct arena *arena, const char *fmt, ...)
{
	bson_error_t error;
	va_list ap;
	char *text;
	bson_t *bson;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		die("db_json: out of memory");
	va_end(ap);
	bson = bson_new_from_json((const uint8_t *)text, -1, &error);
	if (bson == NULL)
		die(error.message);
	free(text);
	arena_defer(arena, destroy_bson, bson);
	return bson;
}

void
bson_add_owner(bson_t *bson, struct store_owner owner)
{
	bson_add_str(bson, "user_id", owner.user_id);
	if (owner.user_id.p == NULL)
		bson_add_str(bson, "guest_session_id", owner.guest_session_id);
}

void
bson_add_in(bson_t *bson, const char *key, const struct str *values, size_t n)
{
	bson_t in, list;
	const char *index;
	char room[16];

	BSON_APPEND_DOCUMENT_BEGIN(bson, key, &in);
	BSON_APPEND_ARRAY_BEGIN(&in, "$in", &list);
	for (size_t i = 0; i < n; i++) {
		(void)bson_uint32_to_string((uint32_t)i, &index, room,
		    sizeof room);
		bson_add_str(&list, index, values[i]);
	}
	bson_append_array_end(&in, &list);
	bson_append_document_end(bson, &in);
}

/* --- failures ------------------------------------------------------------ */

static enum rc
fail(struct store *store, const bson_t *reply, const bson_error_t *error,
    struct err *err)
{
	enum rc rc = RC_INTERNAL;

	store->transient = reply != NULL
	    && mongoc_error_has_label(reply, "TransientTransactionError");
	store->unknown_commit = reply != NULL
	    && mongoc_error_has_label(reply, "UnknownTransactionCommitResult");
	if (error->code == CODE_DUPLICATE)
		rc = RC_CONFLICT;
	else if (store->transient || store->unknown_commit
	    || error->domain == MONGOC_ERROR_STREAM
	    || error->domain == MONGOC_ERROR_SERVER_SELECTION
	    || error->code == CODE_MAX_TIME
	    || (reply != NULL
	    && (mongoc_error_has_label(reply, "RetryableWriteError")
	    || mongoc_error_has_label(reply, "RetryableError")))
	    || error->domain == MONGOC_ERROR_WRITE_CONCERN)
		rc = RC_UNAVAILABLE;
	(void)err_set(err, rc, rc == RC_CONFLICT ? "This exists already."
	    : rc == RC_UNAVAILABLE ? "The database cannot answer now."
	    : "The database refused.");
	if (rc == RC_UNAVAILABLE)
		err->retry_after_s = 2;
	return err_detail(err, "mongodb %u/%u: %s", error->domain, error->code,
	    error->message);
}

/* Tests: whether the command in hand is the one to fail. */
static bool
must_fail(struct store *store, bool after, struct err *err)
{
	static const bson_error_t cut = { MONGOC_ERROR_STREAM,
		MONGOC_ERROR_STREAM_SOCKET, "failed on demand" };

	if (store->fail_in != 1 || after == (store->fault == STORE_CUT_BEFORE
	    || store->fault == STORE_EXIT_BEFORE))
		return false;
	store->fail_in = 0;
	if (store->fault == STORE_EXIT_BEFORE || store->fault == STORE_EXIT_AFTER)
		_exit(STORE_FAULT_STATUS);
	(void)fail(store, NULL, &cut, err);
	/* A transaction's are labelled so, whether they had an effect or not. */
	store->transient = store->session != NULL;
	return true;
}

/* READ; WRITE with a majority; FAST with one node's word, for counters that may
 * lose their last moments with a primary. */
enum how { READ, WRITE, FAST };

static bool
make_opts(struct store *store, enum how how, bson_t *opts, bson_error_t *error)
{
	bson_t concern;

	if (store->session != NULL)
		return mongoc_client_session_append(store->session, opts, error);
	if (how == FAST) {
		BSON_APPEND_DOCUMENT_BEGIN(opts, "writeConcern", &concern);
		BSON_APPEND_INT32(&concern, "w", 1);
		bson_append_document_end(opts, &concern);
	}
	return true;
}

static enum rc
run(struct store *store, struct arena *arena, const bson_t *command,
    enum how how, const bson_t **ret_reply, struct err *err)
{
	bson_t *reply = arena_one(arena, bson_t), opts = BSON_INITIALIZER;
	bson_error_t error;
	bool good;

	store->commands++;
	if (must_fail(store, false, err))
		return err->rc;
	if (!make_opts(store, how, &opts, &error)) {
		bson_destroy(&opts);
		return fail(store, NULL, &error, err);
	}
	good = how != READ
	    ? mongoc_client_write_command_with_opts(store->client,
	    store->database, command, bson_empty(&opts) ? NULL : &opts, reply,
	    &error)
	    : mongoc_client_read_command_with_opts(store->client,
	    store->database, command, NULL, bson_empty(&opts) ? NULL : &opts,
	    reply, &error);
	bson_destroy(&opts);
	arena_defer(arena, destroy_bson, reply);
	if (!good)
		return fail(store, reply, &error, err);
	if (must_fail(store, true, err))
		return err->rc;
	if (store->fail_in > 1)
		store->fail_in--;
	if (ret_reply != NULL)
		*ret_reply = reply;
	return RC_OK;
}

/* Write errors of insert, update and delete come in a reply that is "ok". */
static enum rc
check_write_errors(struct store *store, const bson_t *reply, struct err *err)
{
	bson_iter_t it, list, inner;
	bson_error_t error = { MONGOC_ERROR_SERVER, 0, "write error" };

	if (!bson_iter_init_find(&it, reply, "writeErrors")
	    || !bson_iter_recurse(&it, &list) || !bson_iter_next(&list))
		return RC_OK;
	if (bson_iter_recurse(&list, &inner))
		while (bson_iter_next(&inner)) {
			if (strcmp(bson_iter_key(&inner), "code") == 0)
				error.code = (uint32_t)bson_iter_as_int64(&inner);
			else if (strcmp(bson_iter_key(&inner), "errmsg") == 0
			    && BSON_ITER_HOLDS_UTF8(&inner))
				(void)snprintf(error.message,
				    sizeof error.message, "%s",
				    bson_iter_utf8(&inner, NULL));
		}
	return fail(store, reply, &error, err);
}

static enum rc
write_how(struct store *store, struct arena *arena, const bson_t *command,
    enum how how, const bson_t **ret_reply, struct err *err)
{
	const bson_t *reply = NULL;

	if (run(store, arena, command, how, &reply, err) != RC_OK
	    || check_write_errors(store, reply, err) != RC_OK)
		return err->rc;
	if (ret_reply != NULL)
		*ret_reply = reply;
	return RC_OK;
}

enum rc
db_write(struct store *store, struct arena *arena, const bson_t *command,
    const bson_t **ret_reply, struct err *err)
{
	return write_how(store, arena, command, WRITE, ret_reply, err);
}

enum rc
db_read(struct store *store, struct arena *arena, const bson_t *command,
    const bson_t **ret_reply, struct err *err)
{
	return run(store, arena, command, READ, ret_reply, err);
}

enum rc
store_ping(struct store *store, struct arena *arena, struct err *err)
{
	bson_t *command = db_bson(arena);

	BSON_APPEND_INT32(command, "ping", 1);
	return db_read(store, arena, command, NULL, err);
}

/* --- find ---------------------------------------------------------------- */

enum rc
db_find(struct store *store, struct arena *arena, const struct db_find *find,
    struct str *ret_docs, size_t *ret_n, struct err *err)
{
	bson_t command = BSON_INITIALIZER;
	const bson_t *reply = NULL;
	bson_iter_t it, batch;
	size_t n = 0;
	enum rc rc;

	BSON_APPEND_UTF8(&command, "find", find->collection);
	BSON_APPEND_DOCUMENT(&command, "filter", find->filter);
	if (find->sort != NULL)
		BSON_APPEND_DOCUMENT(&command, "sort", find->sort);
	if (find->projection != NULL)
		BSON_APPEND_DOCUMENT(&command, "projection", find->projection);
	if (find->hint != NULL)
		BSON_APPEND_UTF8(&command, "hint", find->hint);
	BSON_APPEND_INT32(&command, "limit", find->limit);
	BSON_APPEND_INT32(&command, "batchSize", find->limit);
	BSON_APPEND_BOOL(&command, "singleBatch", true);
	BSON_APPEND_INT32(&command, "maxTimeMS", find->max_time_ms != 0
	    ? find->max_time_ms : store->command_timeout_ms);
	rc = run(store, arena, &command, READ, &reply, err);
	bson_destroy(&command);
	if (rc != RC_OK)
		return rc;
	if (bson_iter_init(&it, reply)
	    && bson_iter_find_descendant(&it, "cursor.firstBatch", &batch)
	    && bson_iter_recurse(&batch, &it))
		while (n < (size_t)find->limit && bson_iter_next(&it)) {
			const uint8_t *data;
			uint32_t length;

			if (!BSON_ITER_HOLDS_DOCUMENT(&it))
				continue;
			/* The reply lives as long as the arena: a slice. */
			bson_iter_document(&it, &length, &data);
			ret_docs[n++] = (struct str){ (const char *)data, length };
		}
	*ret_n = n;
	return RC_OK;
}

enum rc
db_find_one(struct store *store, struct arena *arena, const char *collection,
    const bson_t *filter, struct str *ret_doc, struct err *err)
{
	struct db_find find = { .collection = collection, .filter = filter,
		.limit = 1 };
	size_t n;

	if (db_find(store, arena, &find, ret_doc, &n, err) != RC_OK)
		return err->rc;
	return n == 1 ? RC_OK
	    : err_set(err, RC_NOT_FOUND, "There is nothing here.");
}

/* --- writes -------------------------------------------------------------- */

enum rc
db_insert(struct store *store, struct arena *arena, const char *collection,
    struct str doc, struct err *err)
{
	bson_t command = BSON_INITIALIZER, array, item;
	enum rc rc;

	if (!bson_init_static(&item, (const uint8_t *)doc.p, doc.n))
		die("db_insert: not BSON");
	BSON_APPEND_UTF8(&command, "insert", collection);
	BSON_APPEND_INT32(&command, "maxTimeMS", store->command_timeout_ms);
	BSON_APPEND_ARRAY_BEGIN(&command, "documents", &array);
	BSON_APPEND_DOCUMENT(&array, "0", &item);
	bson_append_array_end(&command, &array);
	rc = db_write(store, arena, &command, NULL, err);
	bson_destroy(&command);
	return rc;
}

static void
append_update(bson_t *to, const char *key, const bson_t *update,
    enum db_update_flags flags)
{
	if (flags & DB_PIPELINE)
		BSON_APPEND_ARRAY(to, key, update);
	else
		BSON_APPEND_DOCUMENT(to, key, update);
}

static int64_t
reply_count(const bson_t *reply, const char *key)
{
	bson_iter_t it;

	return bson_iter_init_find(&it, reply, key) ? bson_iter_as_int64(&it) : 0;
}

enum rc
db_update(struct store *store, struct arena *arena, const char *collection,
    const bson_t *filter, const bson_t *update, enum db_update_flags flags,
    int64_t *ret_matched, struct err *err)
{
	bson_t command = BSON_INITIALIZER, array, item;
	const bson_t *reply = NULL;
	enum rc rc;

	BSON_APPEND_UTF8(&command, "update", collection);
	BSON_APPEND_INT32(&command, "maxTimeMS", store->command_timeout_ms);
	BSON_APPEND_ARRAY_BEGIN(&command, "updates", &array);
	BSON_APPEND_DOCUMENT_BEGIN(&array, "0", &item);
	BSON_APPEND_DOCUMENT(&item, "q", filter);
	append_update(&item, "u", update, flags);
	if (flags & DB_UPSERT)
		BSON_APPEND_BOOL(&item, "upsert", true);
	if (flags & DB_MULTI)
		BSON_APPEND_BOOL(&item, "multi", true);
	bson_append_document_end(&array, &item);
	bson_append_array_end(&command, &array);
	rc = write_how(store, arena, &command, flags & DB_FAST ? FAST : WRITE,
	    &reply, err);
	bson_destroy(&command);
	if (rc == RC_OK && ret_matched != NULL)
		*ret_matched = reply_count(reply, "n");
	return rc;
}

enum rc
db_delete(struct store *store, struct arena *arena, const char *collection,
    const bson_t *filter, int limit, int64_t *ret_deleted, struct err *err)
{
	bson_t command = BSON_INITIALIZER, array, item;
	const bson_t *reply = NULL;
	enum rc rc;

	BSON_APPEND_UTF8(&command, "delete", collection);
	BSON_APPEND_INT32(&command, "maxTimeMS", store->command_timeout_ms);
	BSON_APPEND_ARRAY_BEGIN(&command, "deletes", &array);
	BSON_APPEND_DOCUMENT_BEGIN(&array, "0", &item);
	BSON_APPEND_DOCUMENT(&item, "q", filter);
	BSON_APPEND_INT32(&item, "limit", limit);
	bson_append_document_end(&array, &item);
	bson_append_array_end(&command, &array);
	rc = db_write(store, arena, &command, &reply, err);
	bson_destroy(&command);
	if (rc == RC_OK && ret_deleted != NULL)
		*ret_deleted = reply_count(reply, "n");
	return rc;
}

enum rc
db_find_and_modify(struct store *store, struct arena *arena,
    const char *collection, const bson_t *filter, const bson_t *sort,
    const bson_t *update, enum db_update_flags flags, struct str *ret_doc,
    struct err *err)
{
	bson_t command = BSON_INITIALIZER;
	const bson_t *reply = NULL;
	bson_iter_t it;
	enum rc rc;

	BSON_APPEND_UTF8(&command, "findAndModify", collection);
	BSON_APPEND_INT32(&command, "maxTimeMS", store->command_timeout_ms);
	BSON_APPEND_DOCUMENT(&command, "query", filter);
	if (sort != NULL)
		BSON_APPEND_DOCUMENT(&command, "sort", sort);
	append_update(&command, "update", update, flags);
	BSON_APPEND_BOOL(&command, "new", true);
	if (flags & DB_UPSERT)
		BSON_APPEND_BOOL(&command, "upsert", true);
	rc = write_how(store, arena, &command, flags & DB_FAST ? FAST : WRITE,
	    &reply, err);
	bson_destroy(&command);
	if (rc != RC_OK)
		return rc;
	*ret_doc = STR_NULL;
	if (bson_iter_init_find(&it, reply, "value")
	    && BSON_ITER_HOLDS_DOCUMENT(&it)) {
		const uint8_t *data;
		uint32_t n;

		bson_iter_document(&it, &n, &data);
		*ret_doc = (struct str){ (const char *)data, n };
	}
	return RC_OK;
}

/* --- transactions -------------------------------------------------------- */

static void
pause_with_jitter(int attempt)
{
	uint32_t random;
	int64_t most = RETRY_LEAST_MS << (attempt < 5 ? attempt : 5);

	random_bytes(&random, sizeof random);
	if (most > RETRY_MOST_MS)
		most = RETRY_MOST_MS;
	clock_sleep_ms(1 + (int64_t)(random % (uint32_t)most));
}

static enum rc
commit(struct store *store, int64_t deadline_ms, struct err *err)
{
	bson_error_t error;

	for (int attempt = 0;; attempt++) {
		bson_t reply;
		bool good;

		store->commands++;
		if (must_fail(store, false, err))
			return err->rc;
		good = mongoc_client_session_commit_transaction(store->session,
		    &reply, &error);
		if (good) {
			bson_destroy(&reply);
			if (must_fail(store, true, err)) {
				/* Committed, and nobody told us: say it again. */
				store->transient = false;
				store->unknown_commit = true;
				if (store->fault == STORE_CUT_COMMIT)
					return err->rc;
				err_init(err);
				continue;
			}
			if (store->fail_in > 1)
				store->fail_in--;
			store->unknown_commit = false;
			return RC_OK;
		}
		(void)fail(store, &reply, &error, err);
		bson_destroy(&reply);
		if (!store->unknown_commit || clock_mono_ms() >= deadline_ms)
			return err->rc;
		err_init(err);
		pause_with_jitter(attempt);
	}
}

/* {id: UUID} of the session, into the memory that outlives us. */
static void
leave_trace(struct store *store)
{
	const bson_t *lsid = mongoc_client_session_get_lsid(store->session);
	bson_subtype_t subtype;
	const uint8_t *data;
	bson_iter_t it;
	uint32_t n;

	if (store->trace == NULL || !bson_iter_init_find(&it, lsid, "id")
	    || !BSON_ITER_HOLDS_BINARY(&it))
		return;
	bson_iter_binary(&it, &subtype, &n, &data);
	if (n != sizeof store->trace->session)
		return;
	memcpy(store->trace->session, data, n);
	store->trace->open = true;
}

enum rc
store_abort_left(struct store *store, struct arena *arena,
    struct store_trace *trace, struct err *err)
{
	bson_t *command, list, session;

	if (!trace->open)
		return RC_OK;
	command = db_bson(arena);
	BSON_APPEND_ARRAY_BEGIN(command, "killSessions", &list);
	BSON_APPEND_DOCUMENT_BEGIN(&list, "0", &session);
	BSON_APPEND_BINARY(&session, "id", BSON_SUBTYPE_UUID, trace->session,
	    sizeof trace->session);
	bson_append_document_end(&list, &session);
	bson_append_array_end(command, &list);
	if (db_read(store, arena, command, NULL, err) == RC_OK)
		trace->open = false;
	return err->rc;
}

static enum rc
attempt(struct store *store, struct arena *arena, int64_t deadline_ms,
    store_transaction_fn *fn, void *arg, struct err *err)
{
	bson_error_t error;

	store->transient = store->unknown_commit = false;
	store->session = mongoc_client_start_session(store->client, NULL, &error);
	if (store->session == NULL)
		return fail(store, NULL, &error, err);
	leave_trace(store);
	if (!mongoc_client_session_start_transaction(store->session, NULL, &error))
		(void)fail(store, NULL, &error, err);
	else if (fn(store, arena, arg, err) == RC_OK)
		(void)commit(store, deadline_ms, err);
	/* Destroying an open one aborts it. */
	mongoc_client_session_destroy(store->session);
	store->session = NULL;
	if (store->trace != NULL)
		store->trace->open = false;
	return err->rc;
}

enum rc
store_transaction(struct store *store, struct arena *arena, int64_t deadline_ms,
    store_transaction_fn *fn, void *arg, struct err *err)
{
	for (int i = 0;; i++) {
		if (attempt(store, arena, deadline_ms, fn, arg, err) == RC_OK
		    || !store->transient || clock_mono_ms() >= deadline_ms)
			return err->rc;
		store->transient = false;
		err_init(err);
		pause_with_jitter(i);
	}
}
