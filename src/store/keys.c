#include "config.h"

#include "store/keys.h"

#include "base/clock.h"
#include "crypt/wrap.h"
#include "store/client.h"
#include "store/db.h"
#include "store/keys-values.h"
#include "store/vault.h"

/* A walk over all values: what it knows of keys, and what it has done. */
struct census {
	struct vault_key *keys;
	size_t n;
	int64_t *used;			/* by the key's place; [n]: keys not there */
	struct arena *arena, *wiped;
	uint8_t target[VAULT_ID_BYTES];	/* seal with this one */
	struct keys_done *done;
};

static size_t
place_of(const struct census *c, const uint8_t id[VAULT_ID_BYTES])
{
	size_t i = 0;

	while (i < c->n && memcmp(c->keys[i].id, id, VAULT_ID_BYTES) != 0)
		i++;
	return i;
}

static void
count_use(struct census *c, struct str sealed)
{
	uint8_t id[VAULT_ID_BYTES];

	c->used[vault_key_of(sealed, id) ? place_of(c, id) : c->n]++;
}

static enum rc
census_begin(struct census *c, struct store *store, struct err *err)
{
	c->arena = arena_new();
	c->wiped = arena_new_wiped();
	if (vault_keys(store, c->arena, &c->keys, &c->n, err) == RC_OK)
		c->used = arena_many(c->arena, c->n + 1, int64_t);
	return err->rc;
}

static void
census_end(struct census *c)
{
	arena_free(c->wiped);
	arena_free(c->arena);
}

static void
append_key(bson_t *filter, const struct vault_key *key)
{
	BSON_APPEND_BINARY(filter, "_id", BSON_SUBTYPE_UUID, key->id,
	    VAULT_ID_BYTES);
}

/* --- list ---------------------------------------------------------------- */

static enum rc
count_value(struct store *store, struct arena *arena,
    const struct keys_value *value, void *arg, struct err *err)
{
	(void)store;
	(void)arena;
	count_use(arg, value->sealed);
	return err->rc;
}

enum rc
keys_list(struct store *store, struct arena *arena, struct keys_row **ret_rows,
    size_t *ret_n, int64_t *ret_lost, struct err *err)
{
	struct census c = { .n = 0 };
	struct keys_row *rows;

	if (census_begin(&c, store, err) != RC_OK
	    || keys_each_value(store, count_value, &c, err) != RC_OK) {
		census_end(&c);
		return err->rc;
	}
	rows = arena_many(arena, c.n + 1, struct keys_row);
	for (size_t i = 0; i < c.n; i++)
		rows[i] = (struct keys_row){
			.id = vault_id_text(arena, c.keys[i].id),
			.number = c.keys[i].number, .values = c.used[i],
			.created_ms = c.keys[i].created_ms,
			.current = i == c.n - 1 && c.keys[i].number > 0,
			.rotating = c.keys[i].rotating, .opens = c.keys[i].opens };
	*ret_rows = rows;
	*ret_n = c.n;
	*ret_lost = c.used[c.n];
	census_end(&c);
	return RC_OK;
}

/* --- sealing anew -------------------------------------------------------- */

/* Only if it is still what was read: who changed it meanwhile has sealed it. */
static enum rc
replace(struct store *store, struct arena *arena, const struct keys_value *value,
    struct str sealed, int64_t *ret_matched, struct err *err)
{
	bson_t *filter = db_bson(arena), *update = db_bson(arena), set;

	(void)bson_append_iter(filter, "_id", -1, value->id);
	BSON_APPEND_BINARY(filter, value->path.p, BSON_SUBTYPE_ENCRYPTED,
	    (const uint8_t *)value->sealed.p, (uint32_t)value->sealed.n);
	BSON_APPEND_DOCUMENT_BEGIN(update, "$set", &set);
	BSON_APPEND_BINARY(&set, value->path.p, BSON_SUBTYPE_ENCRYPTED,
	    (const uint8_t *)sealed.p, (uint32_t)sealed.n);
	bson_append_document_end(update, &set);
	return db_update(store, arena, value->collection, filter, update, 0,
	    ret_matched, err);
}

/* As every process that seals, it looks once a minute whether its key is the current
 * one: keys_prune() relies on that. */
static enum rc
check_target(struct store *store, const struct census *c, struct err *err)
{
	uint8_t id[VAULT_ID_BYTES];

	if (vault_current(store, id, err) == RC_OK
	    && memcmp(id, c->target, VAULT_ID_BYTES) != 0)
		return err_set(err, RC_CONFLICT, "Meanwhile another rotation has "
		    "made a newer data key; run this again.");
	return err->rc;
}

/* The text keeps its use and owner, whatever they are. */
static enum rc
reseal_value(struct store *store, struct arena *arena,
    const struct keys_value *value, void *arg, struct err *err)
{
	struct census *c = arg;
	uint8_t id[VAULT_ID_BYTES];
	struct str text, sealed;
	int64_t matched = 0;

	c->done->values++;
	if (vault_key_of(value->sealed, id)
	    && memcmp(id, c->target, VAULT_ID_BYTES) == 0)
		return RC_OK;
	if (check_target(store, c, err) != RC_OK)
		return err->rc;
	if (vault_decrypt(store, c->wiped, value->sealed, &text, err) != RC_OK) {
		if (err->rc == RC_UNAVAILABLE)
			return err->rc;
		err_init(err);
		c->done->unreadable++;
		count_use(c, value->sealed);
		return RC_OK;
	}
	(void)!vault_encrypt(store, arena, c->target, text, &sealed, err);
	arena_reset(c->wiped);
	if (err->rc != RC_OK
	    || replace(store, arena, value, sealed, &matched, err) != RC_OK)
		return err->rc;
	c->done->resealed += matched;
	if (matched == 0)
		count_use(c, value->sealed);	/* it may be in use again */
	return RC_OK;
}

static enum rc
unmark(struct store *store, const struct vault_key *key, struct err *err)
{
	struct arena *arena = arena_new();
	bson_t *filter = db_bson(arena);

	append_key(filter, key);
	(void)!db_update(store, arena, VAULT_COLLECTION, filter, db_json(arena,
	    "{\"$pull\":{\"keyAltNames\":\"" VAULT_ROTATING "\"}}"), 0, NULL, err);
	arena_free(arena);
	return err->rc;
}

/* The newest key, if it is ours and the master key is its own. */
static enum rc
newest(const struct census *c, const struct vault_key **ret_key, struct err *err)
{
	const struct vault_key *key = c->n == 0 ? NULL : &c->keys[c->n - 1];

	if (key != NULL && key->number == 0)
		key = NULL;
	if (key != NULL && !key->opens)
		return vault_wrong_master(key->id, err);
	*ret_key = key;
	return RC_OK;
}

/* With the new key, or the one that an interrupted rotation had made. */
static enum rc
begin_rotation(struct census *c, struct store *store,
    const struct vault_key **ret_key, struct err *err)
{
	const struct vault_key *key = NULL;
	enum rc rc;

	if (census_begin(c, store, err) != RC_OK || newest(c, &key, err) != RC_OK)
		return err->rc;
	c->done->resumed = key != NULL && key->rotating;
	if (!c->done->resumed) {
		rc = vault_make(store, key == NULL ? 1 : key->number + 1, true,
		    err);
		if (rc == RC_CONFLICT) {	/* another one rotates too */
			err_init(err);
			c->done->resumed = true;
		}
		if (err->rc != RC_OK)
			return err->rc;
		census_end(c);
		if (census_begin(c, store, err) != RC_OK
		    || newest(c, &key, err) != RC_OK)
			return err->rc;
	}
	if (key == NULL)
		return err_set(err, RC_INTERNAL,
		    "The data key that was made is not there.");
	*ret_key = key;
	return RC_OK;
}

enum rc
keys_rotate(struct store *store, struct keys_done *ret_done, struct err *err)
{
	struct keys_done done = { 0 };
	struct census c = { .done = &done };
	const struct vault_key *key = NULL;

	if (begin_rotation(&c, store, &key, err) == RC_OK) {
		memcpy(c.target, key->id, VAULT_ID_BYTES);
		done.number = key->number;
		if (keys_each_value(store, reseal_value, &c, err) == RC_OK
		    && unmark(store, key, err) == RC_OK)
			*ret_done = done;
	}
	census_end(&c);
	return err->rc;
}

/* --- prune --------------------------------------------------------------- */

static enum rc
remove_unused(struct census *c, struct store *store, int64_t prune_age_ms,
    struct err *err)
{
	int64_t now = clock_now_ms();

	/* Not the last one, which is the current one. */
	for (size_t i = 0; i + 1 < c->n; i++) {
		bson_t *filter = db_bson(c->arena);
		int64_t deleted = 0;

		if (c->keys[i].number == 0 || c->used[i] > 0
		    || now - c->keys[i + 1].created_ms < prune_age_ms)
			continue;
		append_key(filter, &c->keys[i]);
		if (db_delete(store, c->arena, VAULT_COLLECTION, filter, 1,
		    &deleted, err) != RC_OK)
			return err->rc;
		c->done->removed += deleted;
	}
	return RC_OK;
}

enum rc
keys_prune(struct store *store, int64_t prune_age_ms, struct keys_done *ret_done,
    struct err *err)
{
	struct keys_done done = { 0 };
	struct census c = { .done = &done };
	const struct vault_key *key = NULL;

	if (census_begin(&c, store, err) == RC_OK
	    && newest(&c, &key, err) == RC_OK && key != NULL) {
		memcpy(c.target, key->id, VAULT_ID_BYTES);
		done.number = key->number;
		if (keys_each_value(store, reseal_value, &c, err) == RC_OK)
			(void)!remove_unused(&c, store, prune_age_ms, err);
	}
	census_end(&c);
	if (err->rc == RC_OK)
		*ret_done = done;
	return err->rc;
}

/* --- another master key -------------------------------------------------- */

static enum rc
rewrap_one(struct store *store, struct arena *wiped, struct str old_seal_key,
    const struct vault_key *key, struct err *err)
{
	struct str new_key = { (const char *)store->seal_key,
		sizeof store->seal_key };
	bson_t *filter = db_bson(wiped), *update = db_bson(wiped), set, now;
	struct str plain, wrapped;

	if (!wrap_open(wiped, old_seal_key, STR_NULL, key->wrapped, &plain))
		return vault_wrong_master(key->id, err);
	wrapped = wrap_close(wiped, new_key, STR_NULL, plain);
	append_key(filter, key);
	BSON_APPEND_BINARY(filter, "keyMaterial", BSON_SUBTYPE_BINARY,
	    (const uint8_t *)key->wrapped.p, (uint32_t)key->wrapped.n);
	BSON_APPEND_DOCUMENT_BEGIN(update, "$set", &set);
	BSON_APPEND_BINARY(&set, "keyMaterial", BSON_SUBTYPE_BINARY,
	    (const uint8_t *)wrapped.p, (uint32_t)wrapped.n);
	bson_append_document_end(update, &set);
	BSON_APPEND_DOCUMENT_BEGIN(update, "$currentDate", &now);
	BSON_APPEND_BOOL(&now, "updateDate", true);
	bson_append_document_end(update, &now);
	return db_update(store, wiped, VAULT_COLLECTION, filter, update, 0, NULL,
	    err);
}

/* Whether the old master key opens what the new one does not. */
static enum rc
check_old(const struct census *c, struct str old_seal_key, struct err *err)
{
	struct str plain;

	for (size_t i = 0; i < c->n; i++)
		if (!c->keys[i].opens && !wrap_open(c->wiped, old_seal_key,
		    STR_NULL, c->keys[i].wrapped, &plain)) {
			(void)err_set(err, RC_INTERNAL, "A data key opens with "
			    "neither of the two master keys; nothing was changed.");
			return err_detail(err, "data key %.*s", STR_FMT(
			    vault_id_text(c->arena, c->keys[i].id)));
		}
	return RC_OK;
}

enum rc
keys_rewrap(struct store *store, struct str old_seal_key, int64_t *ret_wrapped,
    int64_t *ret_fine, struct err *err)
{
	struct census c = { .n = 0 };
	int64_t wrapped = 0, fine = 0;

	if (census_begin(&c, store, err) == RC_OK)
		(void)!check_old(&c, old_seal_key, err);
	for (size_t i = 0; err->rc == RC_OK && i < c.n; i++) {
		if (c.keys[i].opens)
			fine++;
		else if (rewrap_one(store, c.wiped, old_seal_key, &c.keys[i], err)
		    == RC_OK)
			wrapped++;
	}
	census_end(&c);
	if (err->rc != RC_OK)
		return err->rc;
	*ret_wrapped = wrapped;
	*ret_fine = fine;
	return RC_OK;
}
