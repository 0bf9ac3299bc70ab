#include "config.h"

#include "app/idem.h"

#include "base/clock.h"
#include "base/uuid.h"
#include "crypt/hash.h"
#include "schema/documents.h"
#include "store/idempotency.h"

enum { KEY_LENGTH_MAX = 255, LEASE_MS = 60000, KEPT_MS = 24 * 3600 * 1000 };

static bool
key_ok(struct str key)
{
	return key.n > 0 && key.n <= KEY_LENGTH_MAX && str_is_visible(key);
}

/* The resource's id is of our own making: a row with another one is not ours. Without room
 * the key is free again when its lease ends. */
static void
leave_trace(struct app *app, const struct idempotency_key *row)
{
	struct app_trace *trace = app->trace;
	int n;

	if (trace == NULL || (n = trace->idem_count) >= APP_TRACE_KEYS)
		return;
	memcpy(trace->idem[n].resource, row->resource_id.p,
	    sizeof trace->idem[n].resource - 1);
	memcpy(trace->idem[n].key, row->id.p, sizeof trace->idem[n].key - 1);
	trace->idem_count = n + 1;
}

/* It was not taken. */
static void
drop_trace(struct app *app, const struct idempotency_key *row)
{
	struct app_trace *trace = app->trace;

	for (int i = 0; trace != NULL && i < trace->idem_count; i++)
		if (str_eqz(row->resource_id, trace->idem[i].resource)) {
			trace->idem[i] = trace->idem[trace->idem_count - 1];
			trace->idem_count--;
			return;
		}
}

void
app_idem_end(struct app *app)
{
	if (app->trace != NULL)
		app->trace->idem_count = 0;
}

enum rc
app_take_over(struct app *app, struct arena *arena, struct err *err)
{
	struct app_trace *trace = app->trace;

	if (store_abort_left(app->store, arena, &trace->transaction, err)
	    != RC_OK)
		return err->rc;
	for (int i = 0; i < trace->idem_count; i++)
		if (idempotency_release(app->store, arena,
		    str_of(trace->idem[i].key), str_of(trace->idem[i].resource),
		    err) != RC_OK)
			return err->rc;
	app_idem_end(app);
	return RC_OK;
}

static struct idem
new_ids(struct arena *arena)
{
	return (struct idem){ .id = uuid_new(arena), .second_id = uuid_new(arena) };
}

static void
make_row(struct arena *arena, const struct idem_ask *ask, const struct idem *ids,
    struct idempotency_key *row)
{
	doc_init(&doc_idempotency_key, row);
	row->id = sha256_hex(arena, arena_printf(arena, "%.*s|%s|%.*s|%.*s",
	    STR_FMT(ask->actor->principal), ask->method, STR_FMT(ask->path),
	    STR_FMT(ask->key)));
	row->body_hash = sha256_hex(arena, ask->body);
	row->resource_id = ids->id;
	row->second_id = ids->second_id;
	row->expires_at = clock_now_ms() + KEPT_MS;
}

static struct idem
idem_of(const struct idempotency_key *row)
{
	return (struct idem){ row->id, row->resource_id, row->second_id, row->done,
		row->http_status, row->outcome };
}

enum rc
app_idem_take(struct app *app, struct arena *arena, const struct idem_ask *ask,
    struct idem *ret_idem, struct err *err)
{
	struct idempotency_key row;

	*ret_idem = new_ids(arena);
	if (ask->key.p == NULL || ask->actor->kind == ACTOR_NONE)
		return RC_OK;
	if (!key_ok(ask->key))
		return err_set(err, RC_MALFORMED, "An Idempotency-Key has 1 to %d "
		    "printable ASCII characters.", KEY_LENGTH_MAX);
	make_row(arena, ask, ret_idem, &row);
	leave_trace(app, &row);
	if (idempotency_take(app->store, arena, &row, clock_now_ms(), LEASE_MS,
	    err) != RC_OK) {
		drop_trace(app, &row);
		return err->rc;
	}
	*ret_idem = idem_of(&row);
	return RC_OK;
}

/* Of those that are keys. */
static enum rc
take_rows(struct app *app, struct arena *arena, struct idempotency_key *rows,
    size_t n, bool *ret_taken, struct err *err)
{
	struct err ignored;

	if (n == 0)
		return RC_OK;
	for (size_t i = 0; i < n; i++)
		leave_trace(app, &rows[i]);
	if (idempotency_take_new(app->store, arena, rows, n, clock_now_ms(),
	    LEASE_MS, ret_taken, err) != RC_OK) {
		/* Some may be there nevertheless. */
		err_init(&ignored);
		(void)!idempotency_release_all(app->store, arena, rows, n,
		    &ignored);
		app_idem_end(app);
		return err->rc;
	}
	for (size_t i = 0; i < n; i++)
		if (!ret_taken[i])
			drop_trace(app, &rows[i]);
	return RC_OK;
}

enum rc
app_idem_take_new(struct app *app, struct arena *arena,
    const struct idem_ask *asks, size_t n, struct idem *ret_idems,
    bool *ret_taken, struct err *err)
{
	struct idempotency_key *rows = arena_many(arena, n, struct idempotency_key);
	size_t *of = arena_many(arena, n, size_t), count = 0;
	bool *taken = arena_many(arena, n, bool);

	for (size_t i = 0; i < n; i++) {
		const struct idem ids = new_ids(arena);

		ret_taken[i] = false;
		if (!key_ok(asks[i].key))
			continue;
		make_row(arena, &asks[i], &ids, &rows[count]);
		of[count++] = i;
	}
	if (take_rows(app, arena, rows, count, taken, err) != RC_OK)
		return err->rc;
	for (size_t i = 0; i < count; i++)
		if (taken[i]) {
			ret_taken[of[i]] = true;
			ret_idems[of[i]] = idem_of(&rows[i]);
		}
	return RC_OK;
}

enum rc
app_idem_done(struct app *app, struct arena *arena, const struct idem *idem,
    int status, struct err *err)
{
	if (idem->key.p == NULL)
		return RC_OK;
	return idempotency_done(app->store, arena, idem->key, status, err);
}

enum rc
app_idem_done_all(struct app *app, struct arena *arena,
    const struct idem *const *idems, size_t n, int status, struct err *err)
{
	struct str *keys = arena_many(arena, n, struct str);
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		if (idems[i]->key.p != NULL)
			keys[count++] = idems[i]->key;
	return count == 0 ? RC_OK : idempotency_done_all(app->store, arena, keys,
	    count, status, err);
}

enum rc
app_idem_done_many(struct app *app, struct arena *arena, const struct idem *idem,
    int status, struct str outcome, struct err *err)
{
	if (idem->key.p == NULL)
		return RC_OK;
	return idempotency_done_many(app->store, arena, idem->key, status,
	    outcome, err);
}

bool
app_idem_release(struct app *app, struct arena *arena, const struct idem *idem)
{
	struct err err;

	if (idem->key.p == NULL || idem->replay)
		return true;
	err_init(&err);
	return idempotency_release(app->store, arena, idem->key, idem->id, &err)
	    == RC_OK;
}
