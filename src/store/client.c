#include "config.h"

#include "store/client.h"

#include <unistd.h>

#include "base/clock.h"
#include "store/db.h"
#include "store/vault.h"

enum {
	CONNECT_TIMEOUT_MS = 1000,
	SOCKET_MARGIN_MS = 1500,	/* over maxTimeMS, so that the server says no first */
	CODE_MAX_TIME = 50
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

	mongoc_log_set_handler(drop_log, NULL);
	mongoc_init();
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
	store->trace = options->trace != NULL ? options->trace
	    : arena_one(process_arena, struct store_trace);
	store->may_seal = options->seal_key.n == sizeof store->seal_key;
	if (store->may_seal)
		memcpy(store->seal_key, options->seal_key.p, options->seal_key.n);
	arena_defer(process_arena, close_store, store);
	*ret_store = store;
	return RC_OK;
}

void
store_close(struct store *store)
{
	if (store == NULL)
		return;
	vault_close(store);
	explicit_bzero(store->seal_key, sizeof store->seal_key);
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

void
store_watch(struct store *store, void (*fn)(void *arg), void *arg)
{
	store->watch = fn;
	store->watch_arg = arg;
}

/* The server is on its way to an end or to another role, or had no time: by the
 * drivers' specification what may be asked again. libmongoc labels it for writes alone. */
static const uint32_t not_now[] = {
	6, 7, 89, 91,		/* no host, a network's timeout, a shutdown */
	134, 189, 262,		/* no snapshot yet, stepped down, out of time */
	9001, 10058, 10107,	/* a socket; not writable, before and since 4.4 */
	11600, 11602,		/* interrupted: at a shutdown, by another role */
	13435, 13436		/* not primary, recovering */
};

static bool
is_not_now(const bson_error_t *error)
{
	/* A connection that ends while it signs in is told like a wrong password. */
	if (error->domain == MONGOC_ERROR_CLIENT)
		return error->code == MONGOC_ERROR_CLIENT_AUTHENTICATE
		    || error->code == MONGOC_ERROR_CLIENT_SESSION_FAILURE;
	for (size_t i = 0; i < sizeof not_now / sizeof not_now[0]; i++)
		if (error->domain == MONGOC_ERROR_SERVER
		    && error->code == not_now[i])
			return true;
	return error->domain == MONGOC_ERROR_STREAM
	    || error->domain == MONGOC_ERROR_SERVER_SELECTION
	    || error->domain == MONGOC_ERROR_WRITE_CONCERN
	    || error->code == CODE_MAX_TIME;
}

enum rc
client_fail(struct store *store, const bson_t *reply, const bson_error_t *error,
    struct err *err)
{
	enum rc rc = RC_INTERNAL;

	store->transient = reply != NULL
	    && mongoc_error_has_label(reply, "TransientTransactionError");
	store->unknown_commit = reply != NULL
	    && mongoc_error_has_label(reply, "UnknownTransactionCommitResult");
	store->cut |= error->domain == MONGOC_ERROR_STREAM
	    || error->domain == MONGOC_ERROR_SERVER_SELECTION;
	store->out_of_time = reply != NULL && error->code == CODE_MAX_TIME;
	if (error->code == CODE_DUPLICATE)
		rc = RC_CONFLICT;
	else if (store->transient || store->unknown_commit || is_not_now(error)
	    || (reply != NULL
	    && (mongoc_error_has_label(reply, "RetryableWriteError")
	    || mongoc_error_has_label(reply, "RetryableError"))))
		rc = RC_UNAVAILABLE;
	(void)err_set(err, rc, rc == RC_CONFLICT ? "This exists already."
	    : rc == RC_UNAVAILABLE ? "The database cannot answer now."
	    : "The database refused.");
	if (rc == RC_UNAVAILABLE)
		err->retry_after_s = 2;
	return err_detail(err, "mongodb %u/%u: %s", error->domain, error->code,
	    error->message);
}

bool
client_must_fail(struct store *store, bool after, struct err *err)
{
	static const bson_error_t cut = { MONGOC_ERROR_STREAM,
		MONGOC_ERROR_STREAM_SOCKET, "failed on demand" };

	if (store->fail_in != 1 || after == (store->fault == STORE_CUT_BEFORE
	    || store->fault == STORE_EXIT_BEFORE))
		return false;
	store->fail_in = 0;
	if (store->fault == STORE_EXIT_BEFORE || store->fault == STORE_EXIT_AFTER)
		_exit(STORE_FAULT_STATUS);
	(void)client_fail(store, NULL, &cut, err);
	/* A transaction's are labelled so, whether they had an effect or not. */
	store->transient = store->session != NULL;
	return true;
}

static void
destroy_bson(void *object)
{
	bson_destroy(object);
}

static bool
make_opts(struct store *store, enum client_how how, bson_t *opts, bson_error_t *error)
{
	bson_t concern;

	if (store->session != NULL)
		return mongoc_client_session_append(store->session, opts, error);
	if (how == CLIENT_FAST) {
		BSON_APPEND_DOCUMENT_BEGIN(opts, "writeConcern", &concern);
		BSON_APPEND_INT32(&concern, "w", 1);
		bson_append_document_end(opts, &concern);
	}
	return true;
}

static void
tell_watch(struct store *store, bool before)
{
	if (store->watch != NULL && (store->session == NULL
	    || (before && store->transaction_commands == 0)))
		store->watch(store->watch_arg);
}

enum rc
client_too_late(struct err *err)
{
	err->retry_after_s = 2;
	(void)err_set(err, RC_UNAVAILABLE, "The database cannot answer now.");
	return err_detail(err, "a transaction took too long");
}

enum rc
client_run(struct store *store, struct arena *arena, const bson_t *command,
    enum client_how how, const bson_t **ret_reply, struct err *err)
{
	bson_t *reply = arena_one(arena, bson_t), opts = BSON_INITIALIZER;
	bson_error_t error;
	bool good;

	if (store->session == NULL
	    && store_abort_left(store, arena, store->trace, err) != RC_OK)
		return err->rc;
	if (store->session != NULL && clock_mono_ms() >= store->deadline_ms)
		return client_too_late(err);
	tell_watch(store, true);
	store->transaction_commands++;
	store->commands++;
	if (client_must_fail(store, false, err))
		return err->rc;
	if (!make_opts(store, how, &opts, &error)) {
		bson_destroy(&opts);
		return client_fail(store, NULL, &error, err);
	}
	good = how != CLIENT_READ
	    ? mongoc_client_write_command_with_opts(store->client,
	    store->database, command, bson_empty(&opts) ? NULL : &opts, reply,
	    &error)
	    : mongoc_client_read_command_with_opts(store->client,
	    store->database, command, NULL, bson_empty(&opts) ? NULL : &opts,
	    reply, &error);
	bson_destroy(&opts);
	arena_defer(arena, destroy_bson, reply);
	if (!good)
		return client_fail(store, reply, &error, err);
	if (client_must_fail(store, true, err))
		return err->rc;
	if (store->fail_in > 1)
		store->fail_in--;
	tell_watch(store, false);
	if (ret_reply != NULL)
		*ret_reply = reply;
	return RC_OK;
}

enum rc
store_ping(struct store *store, struct arena *arena, struct err *err)
{
	bson_t *command = db_bson(arena);

	BSON_APPEND_INT32(command, "ping", 1);
	return db_read(store, arena, command, NULL, err);
}

static bson_error_t
write_error(const bson_iter_t *at, size_t *ret_index)
{
	bson_error_t error = { MONGOC_ERROR_SERVER, 0, "write error" };
	bson_iter_t inner;

	if (!bson_iter_recurse(at, &inner))
		return error;
	while (bson_iter_next(&inner))
		if (strcmp(bson_iter_key(&inner), "code") == 0)
			error.code = (uint32_t)bson_iter_as_int64(&inner);
		else if (strcmp(bson_iter_key(&inner), "index") == 0)
			*ret_index = (size_t)bson_iter_as_int64(&inner);
		else if (strcmp(bson_iter_key(&inner), "errmsg") == 0
		    && BSON_ITER_HOLDS_UTF8(&inner))
			(void)snprintf(error.message, sizeof error.message, "%s",
			    bson_iter_utf8(&inner, NULL));
	return error;
}

enum rc
client_check_writes(struct store *store, const bson_t *reply, bool *done, size_t n,
    struct err *err)
{
	bson_iter_t it, list;

	if (!bson_iter_init_find(&it, reply, "writeErrors")
	    || !bson_iter_recurse(&it, &list))
		return RC_OK;
	while (bson_iter_next(&list)) {
		size_t index = n;
		bson_error_t error = write_error(&list, &index);

		if (error.code != CODE_DUPLICATE || index >= n)
			return client_fail(store, reply, &error, err);
		done[index] = false;
	}
	return RC_OK;
}
