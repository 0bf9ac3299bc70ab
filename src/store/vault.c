#include "config.h"

#include "store/vault.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "crypt/wrap.h"
#include "store/client.h"

enum { SEALED_AT_RANDOM = 2 };	/* the first byte of such a payload */

static const char algorithm[] = MONGOC_AEAD_AES_256_CBC_HMAC_SHA_512_RANDOM;
static const char name_prefix[] = "fields/";

struct vault {
	mongoc_client_t *client;
	mongoc_client_encryption_t *encryption;
	uint8_t current[VAULT_ID_BYTES];
	int64_t current_until_ms;	/* mono */
};

/* --- errors -------------------------------------------------------------- */

static enum rc
refuse(struct err *err, const char *why)
{
	(void)err_set(err, RC_INTERNAL, "A sealed value cannot be opened.");
	return err_detail(err, "%s", why);
}

/* What went wrong on the way to key_vault must not be taken for an error of the
 * transaction that may be open on the other client. */
static enum rc
vault_fail(struct store *store, const bson_error_t *error, struct err *err)
{
	bool cut = store->cut, transient = store->transient;
	bool unknown = store->unknown_commit;

	(void)client_fail(store, NULL, error, err);
	store->cut = cut;
	store->transient = transient;
	store->unknown_commit = unknown;
	return err->rc;
}

struct str
vault_id_text(struct arena *arena, const uint8_t id[VAULT_ID_BYTES])
{
	struct buf buf;

	buf_init(&buf, arena, 40, 40);
	for (int i = 0; i < VAULT_ID_BYTES; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			buf_add_char(&buf, '-');
		buf_add_hex(&buf, id + i, 1);
	}
	return buf_str(&buf);
}

enum rc
vault_wrong_master(const uint8_t id[VAULT_ID_BYTES], struct err *err)
{
	struct arena *arena = arena_new();

	(void)err_set(err, RC_INTERNAL, "The master key does not open the data keys "
	    "of sealed fields. Was master_key_file replaced? See bezel keys rewrap.");
	(void)err_detail(err, "data key %.*s", STR_FMT(vault_id_text(arena, id)));
	arena_free(arena);
	return err->rc;
}

/* --- opening ------------------------------------------------------------- */

void
vault_close(struct store *store)
{
	if (store->vault == NULL)
		return;
	mongoc_client_encryption_destroy(store->vault->encryption);
	mongoc_client_destroy(store->vault->client);
	free(store->vault);
	store->vault = NULL;
}

static mongoc_client_encryption_t *
new_encryption(const struct store *store, mongoc_client_t *client,
    bson_error_t *error)
{
	mongoc_client_encryption_opts_t *opts = mongoc_client_encryption_opts_new();
	mongoc_client_encryption_t *encryption;
	bson_t providers = BSON_INITIALIZER, local;

	BSON_APPEND_DOCUMENT_BEGIN(&providers, "local", &local);
	BSON_APPEND_BINARY(&local, "key", BSON_SUBTYPE_BINARY, store->seal_key,
	    sizeof store->seal_key);
	bson_append_document_end(&providers, &local);
	mongoc_client_encryption_opts_set_keyvault_client(opts, client);
	mongoc_client_encryption_opts_set_keyvault_namespace(opts,
	    store->database, VAULT_COLLECTION);
	mongoc_client_encryption_opts_set_kms_providers(opts, &providers);
	encryption = mongoc_client_encryption_new(opts, error);
	mongoc_client_encryption_opts_destroy(opts);
	explicit_bzero((void *)(uintptr_t)bson_get_data(&providers), providers.len);
	bson_destroy(&providers);
	return encryption;
}

static enum rc
vault_open(struct store *store, struct err *err)
{
	mongoc_client_encryption_t *encryption;
	mongoc_client_t *client;
	bson_error_t error;

	if (store->vault != NULL)
		return RC_OK;
	if (!store->may_seal)
		return err_set(err, RC_INTERNAL, "This process has no key to seal with.");
	client = mongoc_client_new_from_uri(mongoc_client_get_uri(store->client));
	if (client == NULL)
		return err_set(err, RC_INTERNAL, "The MongoDB client cannot start.");
	(void)mongoc_client_set_error_api(client, MONGOC_ERROR_API_VERSION_2);
	encryption = new_encryption(store, client, &error);
	if (encryption == NULL) {
		mongoc_client_destroy(client);
		return vault_fail(store, &error, err);
	}
	store->vault = calloc(1, sizeof *store->vault);
	if (store->vault == NULL)
		die("vault_open: out of memory");
	store->vault->client = client;
	store->vault->encryption = encryption;
	return RC_OK;
}

/* --- the keys ------------------------------------------------------------ */

static struct str
binary_at(const bson_t *doc, const char *key, bson_subtype_t want)
{
	bson_subtype_t subtype;
	const uint8_t *data;
	bson_iter_t it;
	uint32_t n;

	if (!bson_iter_init_find(&it, doc, key) || !BSON_ITER_HOLDS_BINARY(&it))
		return STR_NULL;
	bson_iter_binary(&it, &subtype, &n, &data);
	return subtype == want ? (struct str){ (const char *)data, n } : STR_NULL;
}

static void
read_names(const bson_t *doc, struct vault_key *key)
{
	struct str prefix = str_of(name_prefix);
	bson_iter_t it, list;

	if (!bson_iter_init_find(&it, doc, "keyAltNames")
	    || !BSON_ITER_HOLDS_ARRAY(&it) || !bson_iter_recurse(&it, &list))
		return;
	while (bson_iter_next(&list)) {
		struct str name;
		uint32_t n;

		if (!BSON_ITER_HOLDS_UTF8(&list))
			continue;
		name.p = bson_iter_utf8(&list, &n);
		name.n = n;
		if (str_eqz(name, VAULT_ROTATING))
			key->rotating = true;
		else if (str_starts(name, prefix))
			(void)str_to_i64(str_slice(name, prefix.n, name.n),
			    &key->number);
	}
}

static bool
opens(const struct store *store, struct str wrapped)
{
	struct arena *wiped = arena_new_wiped();
	struct str key = { (const char *)store->seal_key, sizeof store->seal_key };
	struct str plain;
	bool good = wrap_open(wiped, key, STR_NULL, wrapped, &plain);

	arena_free(wiped);
	return good;
}

static bool
read_key(const struct store *store, struct arena *arena, const bson_t *doc,
    struct vault_key *ret_key)
{
	struct str id = binary_at(doc, "_id", BSON_SUBTYPE_UUID);
	bson_iter_t it;

	if (id.n != VAULT_ID_BYTES)
		return false;
	*ret_key = (struct vault_key){ .wrapped = arena_str(arena,
	    binary_at(doc, "keyMaterial", BSON_SUBTYPE_BINARY)) };
	memcpy(ret_key->id, id.p, id.n);
	if (bson_iter_init_find(&it, doc, "creationDate")
	    && BSON_ITER_HOLDS_DATE_TIME(&it))
		ret_key->created_ms = bson_iter_date_time(&it);
	read_names(doc, ret_key);
	if (ret_key->number < 0)
		ret_key->number = 0;
	ret_key->opens = opens(store, ret_key->wrapped);
	return true;
}

/* Of two with one number, which only a missing index lets happen, the order of
 * their ids says which is the later one: the same for all processes. */
static int
compare_keys(const void *a, const void *b)
{
	const struct vault_key *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return memcmp(x->id, y->id, sizeof x->id);
}

enum rc
vault_keys(struct store *store, struct arena *arena, struct vault_key **ret_keys,
    size_t *ret_n, struct err *err)
{
	struct vault_key *keys;
	mongoc_cursor_t *cursor;
	bson_error_t error;
	const bson_t *doc;
	size_t n = 0;
	bool failed;

	if (vault_open(store, err) != RC_OK)
		return err->rc;
	cursor = mongoc_client_encryption_get_keys(store->vault->encryption,
	    &error);
	if (cursor == NULL)
		return vault_fail(store, &error, err);
	keys = arena_many(arena, VAULT_KEYS_MAX, struct vault_key);
	while (n < VAULT_KEYS_MAX && mongoc_cursor_next(cursor, &doc))
		n += read_key(store, arena, doc, &keys[n]);
	failed = mongoc_cursor_error(cursor, &error);
	mongoc_cursor_destroy(cursor);
	if (failed)
		return vault_fail(store, &error, err);
	qsort(keys, n, sizeof *keys, compare_keys);
	store->vault->current_until_ms = 0;	/* it may be another one by now */
	*ret_keys = keys;
	*ret_n = n;
	return RC_OK;
}

static bool
create(struct vault *vault, int64_t number, bool rotating, bson_error_t *error)
{
	mongoc_client_encryption_datakey_opts_t *opts =
	    mongoc_client_encryption_datakey_opts_new();
	char name[40], mark[] = VAULT_ROTATING, *names[] = { name, mark };
	bson_value_t id = { .value_type = BSON_TYPE_EOD };
	bool good;

	(void)snprintf(name, sizeof name, "%s%lld", name_prefix,
	    (long long)number);
	mongoc_client_encryption_datakey_opts_set_keyaltnames(opts, names,
	    rotating ? 2 : 1);
	good = mongoc_client_encryption_create_datakey(vault->encryption, "local",
	    opts, &id, error);
	mongoc_client_encryption_datakey_opts_destroy(opts);
	bson_value_destroy(&id);
	return good;
}

enum rc
vault_make(struct store *store, int64_t number, bool rotating, struct err *err)
{
	bson_error_t error;

	if (vault_open(store, err) != RC_OK
	    || client_must_fail(store, false, err))
		return err->rc;
	if (!create(store->vault, number, rotating, &error))
		return vault_fail(store, &error, err);
	if (client_must_fail(store, true, err))
		return err->rc;
	if (store->fail_in > 1)
		store->fail_in--;
	store->vault->current_until_ms = 0;
	return RC_OK;
}

static enum rc
find_current(struct store *store, struct arena *arena, struct err *err)
{
	struct vault_key *keys;
	size_t n;

	if (vault_keys(store, arena, &keys, &n, err) != RC_OK)
		return err->rc;
	if (n == 0 || keys[n - 1].number == 0) {
		/* Of two processes that find none the index on names lets one
		 * make it. */
		if (vault_make(store, 1, false, err) == RC_CONFLICT)
			err_init(err);
		if (err->rc != RC_OK || vault_keys(store, arena, &keys, &n, err)
		    != RC_OK)
			return err->rc;
	}
	if (n == 0 || keys[n - 1].number == 0)
		return err_set(err, RC_INTERNAL, "The data key that was made is "
		    "not there.");
	if (!keys[n - 1].opens)
		return vault_wrong_master(keys[n - 1].id, err);
	memcpy(store->vault->current, keys[n - 1].id, VAULT_ID_BYTES);
	store->vault->current_until_ms = clock_mono_ms() + VAULT_REFRESH_MS;
	return RC_OK;
}

enum rc
vault_current(struct store *store, uint8_t ret_id[VAULT_ID_BYTES],
    struct err *err)
{
	struct arena *arena;

	if (vault_open(store, err) != RC_OK)
		return err->rc;
	if (clock_mono_ms() >= store->vault->current_until_ms) {
		arena = arena_new();
		(void)!find_current(store, arena, err);
		arena_free(arena);
		if (err->rc != RC_OK)
			return err->rc;
	}
	memcpy(ret_id, store->vault->current, VAULT_ID_BYTES);
	return RC_OK;
}

/* --- values -------------------------------------------------------------- */

static bson_value_t
binary_value(bson_subtype_t subtype, const void *p, size_t n)
{
	bson_value_t value = { .value_type = BSON_TYPE_BINARY };

	value.value.v_binary.subtype = subtype;
	value.value.v_binary.data = (uint8_t *)(uintptr_t)p;
	value.value.v_binary.data_len = (uint32_t)n;
	return value;
}

/* Copies it out, and wipes the driver's. */
static bool
take_binary(struct arena *arena, bson_value_t *value, bson_subtype_t subtype,
    struct str *ret)
{
	bool good = value->value_type == BSON_TYPE_BINARY
	    && value->value.v_binary.subtype == subtype;

	if (good) {
		*ret = arena_str(arena, (struct str){
		    (const char *)value->value.v_binary.data,
		    value->value.v_binary.data_len });
		explicit_bzero(value->value.v_binary.data,
		    value->value.v_binary.data_len);
	}
	bson_value_destroy(value);
	return good;
}

enum rc
vault_encrypt(struct store *store, struct arena *arena,
    const uint8_t key[VAULT_ID_BYTES], struct str plain, struct str *ret_sealed,
    struct err *err)
{
	bson_value_t value = binary_value(BSON_SUBTYPE_BINARY, plain.p, plain.n);
	bson_value_t id = binary_value(BSON_SUBTYPE_UUID, key, VAULT_ID_BYTES);
	bson_value_t sealed = { .value_type = BSON_TYPE_EOD };
	mongoc_client_encryption_encrypt_opts_t *opts;
	bson_error_t error;
	bool good;

	if (vault_open(store, err) != RC_OK)
		return err->rc;
	opts = mongoc_client_encryption_encrypt_opts_new();
	mongoc_client_encryption_encrypt_opts_set_algorithm(opts, algorithm);
	mongoc_client_encryption_encrypt_opts_set_keyid(opts, &id);
	good = mongoc_client_encryption_encrypt(store->vault->encryption, &value,
	    opts, &sealed, &error);
	mongoc_client_encryption_encrypt_opts_destroy(opts);
	if (!good) {
		bson_value_destroy(&sealed);
		return vault_fail(store, &error, err);
	}
	if (!take_binary(arena, &sealed, BSON_SUBTYPE_ENCRYPTED, ret_sealed))
		return refuse(err, "libmongocrypt gave no sealed value");
	return RC_OK;
}

bool
vault_key_of(struct str sealed, uint8_t ret_id[VAULT_ID_BYTES])
{
	if (sealed.n < VAULT_SEALED_LEAST || sealed.p[0] != SEALED_AT_RANDOM)
		return false;
	memcpy(ret_id, sealed.p + 1, VAULT_ID_BYTES);
	return true;
}

/* libmongocrypt did not open it: what an operator should know. */
static enum rc
diagnose(struct store *store, const uint8_t id[VAULT_ID_BYTES],
    const bson_error_t *error, struct err *err)
{
	struct arena *arena = arena_new();
	struct vault_key *keys;
	size_t n, i = 0;

	if (vault_keys(store, arena, &keys, &n, err) == RC_OK) {
		while (i < n && memcmp(keys[i].id, id, VAULT_ID_BYTES) != 0)
			i++;
		if (i == n)
			(void)refuse(err, arena_printf(arena, "its data key %.*s is "
			    "not in " VAULT_COLLECTION,
			    STR_FMT(vault_id_text(arena, id))).p);
		else if (!keys[i].opens)
			(void)vault_wrong_master(id, err);
		else
			(void)refuse(err, arena_printf(arena, "it was changed (%s)",
			    error->message).p);
	}
	arena_free(arena);
	return err->rc;
}

enum rc
vault_decrypt(struct store *store, struct arena *arena, struct str sealed,
    struct str *ret_plain, struct err *err)
{
	bson_value_t value = binary_value(BSON_SUBTYPE_ENCRYPTED, sealed.p,
	    sealed.n);
	bson_value_t plain = { .value_type = BSON_TYPE_EOD };
	uint8_t id[VAULT_ID_BYTES];
	bson_error_t error;

	if (!vault_key_of(sealed, id))
		return refuse(err, "it is no sealed value, or was cut");
	if (vault_open(store, err) != RC_OK)
		return err->rc;
	if (!mongoc_client_encryption_decrypt(store->vault->encryption, &value,
	    &plain, &error)) {
		bson_value_destroy(&plain);
		(void)vault_fail(store, &error, err);
		if (err->rc == RC_UNAVAILABLE)
			return err->rc;
		err_init(err);
		return diagnose(store, id, &error, err);
	}
	if (!take_binary(arena, &plain, BSON_SUBTYPE_BINARY, ret_plain))
		return refuse(err, "what was sealed is no text");
	return RC_OK;
}
