#include "config.h"

#include "base/clock.h"
#include "base/uuid.h"
#include "store/client.h"
#include "store/db.h"

enum { RETRY_LEAST_MS = 2, RETRY_MOST_MS = 60 };

enum rc
store_abort_left(struct store *store, struct arena *arena,
    struct store_trace *trace, struct err *err)
{
	bson_t *command, list, session;
	bson_error_t error;

	if (!trace->open)
		return RC_OK;
	command = db_bson(arena);
	BSON_APPEND_ARRAY_BEGIN(command, "killSessions", &list);
	BSON_APPEND_DOCUMENT_BEGIN(&list, "0", &session);
	BSON_APPEND_BINARY(&session, "id", BSON_SUBTYPE_UUID, trace->session,
	    sizeof trace->session);
	bson_append_document_end(&list, &session);
	bson_append_array_end(command, &list);
	if (!mongoc_client_command_simple(store->client, store->database,
	    command, NULL, NULL, &error))
		return client_fail(store, NULL, &error, err);
	trace->open = false;
	return RC_OK;
}

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
		if (client_must_fail(store, false, err))
			return err->rc;
		good = mongoc_client_session_commit_transaction(store->session,
		    &reply, &error);
		if (good) {
			bson_destroy(&reply);
			if (client_must_fail(store, true, err)) {
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
		(void)client_fail(store, &reply, &error, err);
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

	if (!bson_iter_init_find(&it, lsid, "id")
	    || !BSON_ITER_HOLDS_BINARY(&it))
		return;
	bson_iter_binary(&it, &subtype, &n, &data);
	if (n != sizeof store->trace->session)
		return;
	memcpy(store->trace->session, data, n);
	store->trace->open = true;
}

static enum rc
attempt(struct store *store, struct arena *arena, int64_t deadline_ms,
    store_transaction_fn *fn, void *arg, struct err *err)
{
	bson_error_t error;

	err->unknown = false;
	store->transient = store->unknown_commit = store->cut = false;
	store->deadline_ms = deadline_ms;
	if (store_abort_left(store, arena, store->trace, err) != RC_OK)
		return err->rc;
	store->session = mongoc_client_start_session(store->client, NULL, &error);
	if (store->session == NULL)
		return client_fail(store, NULL, &error, err);
	leave_trace(store);
	store->transaction_commands = 0;
	if (!mongoc_client_session_start_transaction(store->session, NULL, &error))
		(void)client_fail(store, NULL, &error, err);
	else if (fn(store, arena, arg, err) == RC_OK
	    && clock_mono_ms() >= deadline_ms)
		(void)!client_too_late(err);
	else if (err->rc == RC_OK)
		(void)commit(store, deadline_ms, err);
	/* Destroying an open one aborts it. */
	mongoc_client_session_destroy(store->session);
	store->session = NULL;
	/* The abort may not have arrived: then the next command begins with it. */
	store->trace->open = store->cut;
	err->unknown = err->rc != RC_OK && store->unknown_commit;
	return err->rc;
}

enum rc
store_transaction_once(struct store *store, struct arena *arena,
    int64_t deadline_ms, store_transaction_fn *fn, void *arg, struct err *err)
{
	return attempt(store, arena, deadline_ms, fn, arg, err);
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
