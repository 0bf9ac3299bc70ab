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

/* The latest one was not taken. */
static void
drop_trace(struct app *app)
{
	if (app->trace != NULL && app->trace->idem_count > 0)
		app->trace->idem_count--;
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

enum rc
app_idem_take(struct app *app, struct arena *arena, const struct actor *actor,
    const char *method, struct str path, struct str key, struct str body,
    struct idem *ret_idem, struct err *err)
{
	struct idempotency_key row;

	*ret_idem = (struct idem){ .id = uuid_new(arena),
		.second_id = uuid_new(arena) };
	if (key.p == NULL || actor->kind == ACTOR_NONE)
		return RC_OK;
	if (!key_ok(key))
		return err_set(err, RC_MALFORMED, "An Idempotency-Key has 1 to %d "
		    "printable ASCII characters.", KEY_LENGTH_MAX);
	doc_init(&doc_idempotency_key, &row);
	row.id = sha256_hex(arena, arena_printf(arena, "%.*s|%s|%.*s|%.*s",
	    STR_FMT(actor->principal), method, STR_FMT(path), STR_FMT(key)));
	row.body_hash = sha256_hex(arena, body);
	row.resource_id = ret_idem->id;
	row.second_id = ret_idem->second_id;
	row.expires_at = clock_now_ms() + KEPT_MS;
	leave_trace(app, &row);
	if (idempotency_take(app->store, arena, &row, clock_now_ms(), LEASE_MS,
	    err) != RC_OK) {
		drop_trace(app);
		return err->rc;
	}
	*ret_idem = (struct idem){ row.id, row.resource_id, row.second_id,
		row.done, row.http_status, row.outcome };
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

void
app_idem_release(struct app *app, struct arena *arena, const struct idem *idem)
{
	struct err ignored;

	if (idem->key.p == NULL || idem->replay)
		return;
	/* If it stays, its lease ends in a minute. */
	err_init(&ignored);
	(void)!idempotency_release(app->store, arena, idem->key, idem->id,
	    &ignored);
}
