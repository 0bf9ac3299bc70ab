/*
 * Sealed fields and their keys, against a mongod. The text that is sealed here,
 * "plain-text-...", is looked for in the raw database by t/func/51-seal.py.
 */
#include "config.h"

#include "store_test.h"

#include "crypt/keyring.h"
#include "store/client.h"
#include "store/keys.h"
#include "store/seal.h"
#include "store/vault.h"

#define OWNER_A STR(ID_OF(a))
#define OWNER_B STR(ID_OF(b))
#define SECRET STR("plain-text-$argon2id$v=19$m=65536")

/* 0 is the installation's; others are those of another master key. */
static struct str
seal_key(unsigned char master)
{
	unsigned char bytes[KEY_BYTES] = { 1, 2, 3, master };
	static struct keyring rings[3];

	keyring_init(&rings[master], bytes);
	return keyring_key(&rings[master], KEY_SEAL);
}

static struct store *
open_with(unsigned char master)
{
	struct store_options options = { .uri = str_of(getenv(
	    "BEZEL_TEST_MONGODB_URI")), .database = getenv("BEZEL_TEST_DATABASE"),
	    .app_name = "seal-test", .select_timeout_ms = 10000,
	    .command_timeout_ms = 10000, .seal_key = seal_key(master) };
	struct store *opened;

	err_init(&err);
	OK(store_open(process_arena, &options, &opened, &err));
	return opened;
}

/* Another process of the same installation, or the same one later. */
static void
open_again(void)
{
	store_close(store);
	store = open_with(0);
}

static void
setup(void)
{
	store_setup();
	open_again();
}

static struct str
sealed(enum seal_use use, struct str owner, struct str plain)
{
	struct str value = STR_NULL;

	err_init(&err);
	OK(seal_text(store, arena, use, owner, plain, &value, &err));
	return value;
}

static void
assert_opens(enum seal_use use, struct str owner, struct str value,
    struct str want)
{
	struct str got = STR_NULL;

	err_init(&err);
	OK(unseal_text(store, arena, use, owner, value, &got, &err));
	ck_assert(str_eq(got, want));
}

/* why: of err->message or err->detail. */
static void
assert_refused(enum seal_use use, struct str owner, struct str value,
    const char *why)
{
	struct str got = STR("untouched");

	err_init(&err);
	ck_assert_int_eq(unseal_text(store, arena, use, owner, value, &got, &err),
	    RC_INTERNAL);
	ck_assert_msg(strstr(err.message, why) != NULL
	    || strstr(err.detail, why) != NULL, "%s (%s), not %s", err.message,
	    err.detail, why);
	ck_assert_ptr_null(strstr(err.detail, "plain-text"));
	ck_assert_str(got, "untouched");
	err_init(&err);
}

static int
key_count(void)
{
	return count_of("key_vault", "{}");
}

/* --- one value ------------------------------------------------------------ */

START_TEST(what_is_sealed_unseals)
{
	char *every = arena_alloc(arena, SEAL_TEXT_MAX);

	for (int use = 0; use < SEAL_USE_COUNT; use++) {
		struct str a = sealed(use, OWNER_A, SECRET);
		struct str b = sealed(use, OWNER_A, SECRET);

		ck_assert(!str_eq(a, b));
		assert_opens(use, OWNER_A, a, SECRET);
		assert_opens(use, OWNER_A, b, SECRET);
	}
	for (size_t i = 0; i < SEAL_TEXT_MAX; i++)
		every[i] = (char)i;
	for (size_t n = 0; n < SEAL_TEXT_MAX; n += n < 70 ? 1 : 1777) {
		struct str plain = { every, n };

		assert_opens(SEAL_PASSWORD, OWNER_A, sealed(SEAL_PASSWORD, OWNER_A,
		    plain), plain);
	}
	assert_opens(SEAL_PASSWORD, OWNER_A, sealed(SEAL_PASSWORD, OWNER_A,
	    STR("|a|b|")), STR("|a|b|"));
	ck_assert_int_eq(key_count(), 1);
}
END_TEST

START_TEST(what_cannot_be_sealed_is_refused)
{
	char *large = arena_alloc(arena, SEAL_TEXT_MAX + 1);
	struct str value = STR("untouched");

	IS(seal_text(store, arena, SEAL_PASSWORD, STR(""), SECRET, &value, &err),
	    RC_INTERNAL);
	IS(seal_text(store, arena, SEAL_PASSWORD, STR_NULL, SECRET, &value, &err),
	    RC_INTERNAL);
	IS(seal_text(store, arena, SEAL_PASSWORD, STR("a|b"), SECRET, &value, &err),
	    RC_INTERNAL);
	IS(seal_text(store, arena, SEAL_PASSWORD, OWNER_A, STR_NULL, &value, &err),
	    RC_INTERNAL);
	IS(seal_text(store, arena, SEAL_PASSWORD, OWNER_A, (struct str){ large,
	    SEAL_TEXT_MAX + 1 }, &value, &err), RC_INTERNAL);
	ck_assert_str(value, "untouched");
	ck_assert_int_eq(key_count(), 0);
}
END_TEST

/* A value that was copied elsewhere is of no use there. */
START_TEST(another_place_is_refused)
{
	struct str value = sealed(SEAL_PASSWORD, OWNER_A, SECRET);

	assert_refused(SEAL_PASSWORD, OWNER_B, value, "another place");
	for (int use = 0; use < SEAL_USE_COUNT; use++)
		if (use != SEAL_PASSWORD)
			assert_refused(use, OWNER_A, value, "another place");
	assert_refused(SEAL_PASSWORD, str_slice(OWNER_A, 0, 35), value, "another");
	assert_refused(SEAL_PASSWORD, STR(""), value, "no owner");
	assert_refused(SEAL_PASSWORD, OWNER_A, STR_NULL, "no value");
	/* The end of one id and the begin of a text cannot be moved. */
	value = sealed(SEAL_PASSWORD, STR("a"), STR("b|c"));
	assert_refused(SEAL_PASSWORD, STR("a|b"), value, "no owner");
	assert_opens(SEAL_PASSWORD, STR("a"), value, STR("b|c"));
}
END_TEST

START_TEST(each_changed_bit_is_refused)
{
	struct str value = sealed(SEAL_PASSWORD, OWNER_A, SECRET);
	char *p = arena_alloc(arena, value.n);

	for (size_t bit = 0; bit < 8 * value.n; bit++) {
		/* the key's id has its own test */
		if (bit / 8 >= 2 && bit / 8 <= VAULT_ID_BYTES)
			continue;
		memcpy(p, value.p, value.n);
		p[bit / 8] ^= (char)(1 << bit % 8);
		assert_refused(SEAL_PASSWORD, OWNER_A, (struct str){ p, value.n },
		    bit / 8 == 0 ? "no sealed value"
		    : bit / 8 == 1 ? "not in key_vault" : "changed");
	}
	assert_opens(SEAL_PASSWORD, OWNER_A, value, SECRET);
}
END_TEST

START_TEST(what_was_cut_is_refused)
{
	struct str value = sealed(SEAL_PASSWORD, OWNER_A, SECRET);
	char *p = arena_alloc(arena, value.n + 1);

	for (size_t n = 0; n < value.n; n++)
		assert_refused(SEAL_PASSWORD, OWNER_A, str_slice(value, 0, n),
		    n < VAULT_SEALED_LEAST ? "was cut" : "changed");
	memcpy(p, value.p, value.n);
	assert_refused(SEAL_PASSWORD, OWNER_A, (struct str){ p, value.n + 1 },
	    "changed");
	assert_refused(SEAL_PASSWORD, OWNER_A, SECRET, "no sealed value");
}
END_TEST

START_TEST(a_store_without_a_key_seals_nothing)
{
	struct str value = sealed(SEAL_PASSWORD, OWNER_A, SECRET), got;

	store_close(store);
	store = open_store();
	IS(unseal_text(store, arena, SEAL_PASSWORD, OWNER_A, value, &got, &err),
	    RC_INTERNAL);
	IS(seal_text(store, arena, SEAL_PASSWORD, OWNER_A, SECRET, &got, &err),
	    RC_INTERNAL);
	open_again();
	assert_opens(SEAL_PASSWORD, OWNER_A, value, SECRET);
}
END_TEST

/* --- keys ----------------------------------------------------------------- */

/* What seals and unseals is no command of the store's, in a transaction neither. */
static enum rc
seal_in_transaction(struct store *s, struct arena *a, void *arg, struct err *e)
{
	struct str value;
	bson_t *filter = db_bson(a);

	(void)arg;
	if (seal_text(s, a, SEAL_PASSWORD, OWNER_A, SECRET, &value, e) != RC_OK)
		return e->rc;
	BSON_APPEND_UTF8(filter, "_id", "x");
	return db_delete(s, a, "uploads", filter, 1, NULL, e);
}

START_TEST(the_vault_is_opened_late_and_not_counted)
{
	int64_t before;

	OK(store_ping(store, arena, &err));
	ck_assert_ptr_null(store->vault);
	before = store_commands(store);
	assert_opens(SEAL_PASSWORD, OWNER_A, sealed(SEAL_PASSWORD, OWNER_A, SECRET),
	    SECRET);
	ck_assert_ptr_nonnull(store->vault);
	ck_assert_int_eq(store_commands(store), before);
	OK(store_transaction(store, arena, clock_mono_ms() + 5000,
	    seal_in_transaction, NULL, &err));
	ck_assert_int_eq(store_commands(store), before + 2);
}
END_TEST

static int
seal_first(int i)
{
	struct str value, got;

	(void)i;
	open_again();
	if (seal_text(store, arena, SEAL_PASSWORD, OWNER_A, SECRET, &value, &err)
	    != RC_OK || unseal_text(store, arena, SEAL_PASSWORD, OWNER_A, value,
	    &got, &err) != RC_OK)
		return 1;
	return 0;
}

START_TEST(many_at_once_make_one_first_key)
{
	for (int round = 0; round < 3; round++) {
		OK(db_delete(store, arena, "key_vault", db_bson(arena), 0, NULL,
		    &err));
		ck_assert_int_eq(in_processes(8, seal_first), 0);
		ck_assert_int_eq(key_count(), 1);
		ck_assert_int_eq(count_of("key_vault",
		    "{\"keyAltNames\":[\"fields/1\"]}"), 1);
	}
}
END_TEST

START_TEST(a_key_that_is_gone_is_said)
{
	struct str value = sealed(SEAL_PASSWORD, OWNER_A, SECRET);

	OK(db_delete(store, arena, "key_vault", db_bson(arena), 0, NULL, &err));
	open_again();
	assert_refused(SEAL_PASSWORD, OWNER_A, value, "is not in key_vault");
	/* New ones can be sealed; the old one stays lost. */
	assert_opens(SEAL_PASSWORD, OWNER_A, sealed(SEAL_PASSWORD, OWNER_A, SECRET),
	    SECRET);
	assert_refused(SEAL_PASSWORD, OWNER_A, value, "is not in key_vault");
}
END_TEST

START_TEST(another_master_key_is_said)
{
	struct str value = sealed(SEAL_PASSWORD, OWNER_A, SECRET), got;
	struct keys_done done;
	struct keys_row *rows;
	int64_t lost;
	size_t n;

	store_close(store);
	store = open_with(1);
	assert_refused(SEAL_PASSWORD, OWNER_A, value, "master key does not open");
	IS(seal_text(store, arena, SEAL_PASSWORD, OWNER_A, SECRET, &got, &err),
	    RC_INTERNAL);
	IS(keys_rotate(store, &done, &err), RC_INTERNAL);
	IS(keys_prune(store, 0, &done, &err), RC_INTERNAL);
	ck_assert_int_eq(key_count(), 1);
	OK(keys_list(store, arena, &rows, &n, &lost, &err));
	ck_assert_uint_eq(n, 1);
	ck_assert(!rows[0].opens && rows[0].current);
	open_again();
	assert_opens(SEAL_PASSWORD, OWNER_A, value, SECRET);
}
END_TEST

START_TEST(a_database_that_is_away_is_unavailable)
{
	struct str value = sealed(SEAL_PASSWORD, OWNER_A, SECRET), got;
	struct store_options options = { .uri = STR("mongodb://127.0.0.1:1/"),
	    .database = "x", .app_name = "x", .select_timeout_ms = 200,
	    .command_timeout_ms = 200, .seal_key = seal_key(0) };
	struct keys_done done;
	struct keys_row *rows;
	int64_t number;
	size_t n;

	store_close(store);
	OK(store_open(process_arena, &options, &store, &err));
	IS(seal_text(store, arena, SEAL_PASSWORD, OWNER_A, SECRET, &got, &err),
	    RC_UNAVAILABLE);
	ck_assert_int_eq(seal_text(store, arena, SEAL_PASSWORD, OWNER_A, SECRET,
	    &got, &err), RC_UNAVAILABLE);
	ck_assert_int_eq(err.retry_after_s, 2);
	IS(unseal_text(store, arena, SEAL_PASSWORD, OWNER_A, value, &got, &err),
	    RC_UNAVAILABLE);
	IS(keys_list(store, arena, &rows, &n, &number, &err), RC_UNAVAILABLE);
	IS(keys_rotate(store, &done, &err), RC_UNAVAILABLE);
	IS(keys_prune(store, 0, &done, &err), RC_UNAVAILABLE);
	IS(keys_rewrap(store, seal_key(1), &number, &number, &err), RC_UNAVAILABLE);
	open_again();
	assert_opens(SEAL_PASSWORD, OWNER_A, value, SECRET);
}
END_TEST

/* --- rotation ------------------------------------------------------------- */

enum { USERS = 6, DESIGNS = 4, SHARED = 3 };

static struct str
user_id(int i)
{
	return arena_printf(arena, "0190a5b0-0000-7000-8000-0000000000%02d", i);
}

static struct str
plain_of(int i)
{
	return arena_printf(arena, "plain-text-%d", i);
}

/* Users with a password, one without; designs of which some have a share's. Confirmed
 * addresses, for a service on the same database sweeps old accounts without. */
static void
make_values(void)
{
	for (int i = 0; i < USERS; i++) {
		struct user u;

		doc_init(&doc_user, &u);
		u.id = user_id(i);
		u.email = arena_printf(arena, "u%d@example.org", i);
		u.auth_provider = STR("email");
		u.email_verified = true;
		u.created_at = u.updated_at = 1000;
		if (i < USERS - 1)
			u.password_hash = sealed(SEAL_PASSWORD, u.id, plain_of(i));
		OK(db_insert(store, arena, "users", bson_of(&doc_user, &u), &err));
	}
	for (int i = 0; i < DESIGNS; i++) {
		struct design d;

		make_design(&d, USER_A, user_id(i));
		if (i < SHARED)
			d.share_settings.password_hash = sealed(SEAL_SHARE_PASSWORD,
			    d.id, plain_of(10 + i));
		OK(db_insert(store, arena, "designs", bson_of(&doc_design, &d), &err));
	}
}

enum { VALUES = USERS - 1 + SHARED };

static void
empty_values(void)
{
	static const char *const names[] = { "users", "designs", "key_vault" };

	for (size_t i = 0; i < 3; i++)
		OK(db_delete(store, arena, names[i], db_bson(arena), 0, NULL, &err));
}

static void
assert_all_readable(void)
{
	struct str doc;

	open_again();
	for (int i = 0; i < USERS - 1; i++) {
		struct user u;

		doc_init(&doc_user, &u);
		OK(db_get(store, arena, "users", user_id(i), &doc, &err));
		ck_assert_int_eq(doc_from_bson(&doc_user, doc, &u, arena, NULL), 0);
		assert_opens(SEAL_PASSWORD, u.id, u.password_hash, plain_of(i));
	}
	for (int i = 0; i < SHARED; i++) {
		struct design d;

		doc_init(&doc_design, &d);
		OK(db_get(store, arena, "designs", user_id(i), &doc, &err));
		ck_assert_int_eq(doc_from_bson(&doc_design, doc, &d, arena, NULL), 0);
		assert_opens(SEAL_SHARE_PASSWORD, d.id,
		    d.share_settings.password_hash, plain_of(10 + i));
		ck_assert_int_eq(d.updated_at, 1000);
	}
}

/* The current key is this one, and all values are under it. */
static void
assert_all_under(int64_t number, size_t keys)
{
	struct keys_row *rows;
	int64_t lost;
	size_t n;

	OK(keys_list(store, arena, &rows, &n, &lost, &err));
	ck_assert_uint_eq(n, keys);
	ck_assert_int_eq(lost, 0);
	ck_assert_int_eq(rows[n - 1].number, number);
	ck_assert_int_eq(rows[n - 1].values, VALUES);
	for (size_t i = 0; i < n; i++) {
		ck_assert(rows[i].opens && !rows[i].rotating);
		ck_assert_int_eq(rows[i].current, i == n - 1);
		ck_assert_uint_eq(rows[i].id.n, 36);
		ck_assert_int_gt(rows[i].created_ms, 1600000000000);
	}
}

START_TEST(a_rotation_seals_all_anew)
{
	struct keys_done done = { 0 };

	make_values();
	assert_all_under(1, 1);
	OK(keys_rotate(store, &done, &err));
	ck_assert_int_eq(done.number, 2);
	ck_assert_int_eq(done.values, VALUES);
	ck_assert_int_eq(done.resealed, VALUES);
	ck_assert_int_eq(done.unreadable, 0);
	ck_assert(!done.resumed);
	assert_all_under(2, 2);
	assert_all_readable();
	/* too young to go: somebody may seal with it still */
	OK(keys_prune(store, KEYS_PRUNE_AGE_MS, &done, &err));
	ck_assert_int_eq(done.removed, 0);
	OK(keys_prune(store, 0, &done, &err));
	ck_assert_int_eq(done.removed, 1);
	ck_assert_int_eq(done.resealed, 0);
	assert_all_under(2, 1);
	assert_all_readable();
	OK(keys_prune(store, 0, &done, &err));
	ck_assert_int_eq(done.removed, 0);
}
END_TEST

START_TEST(without_any_key_there_is_nothing_to_do)
{
	struct keys_done done = { 0 };
	struct keys_row *rows;
	int64_t lost;
	size_t n;

	OK(keys_list(store, arena, &rows, &n, &lost, &err));
	ck_assert_uint_eq(n, 0);
	OK(keys_prune(store, 0, &done, &err));
	ck_assert_int_eq(done.number, 0);
	ck_assert_int_eq(key_count(), 0);
	OK(keys_rotate(store, &done, &err));
	ck_assert_int_eq(done.number, 1);
	ck_assert_int_eq(done.values, 0);
}
END_TEST

/* More than a batch. */
START_TEST(a_rotation_goes_over_many_documents)
{
	enum { MANY = 1203 };
	struct keys_done done = { 0 };
	struct str value = sealed(SEAL_PASSWORD, OWNER_A, SECRET);

	for (int i = 0; i < MANY; i++) {
		struct arena *one = arena_new();
		struct user u;

		doc_init(&doc_user, &u);
		u.id = uuid_new(one);
		u.email = arena_printf(one, "u%d@example.org", i);
		u.auth_provider = STR("email");
		u.email_verified = true;
		u.created_at = u.updated_at = 1000;
		if (i % 3 != 0)
			u.password_hash = value;
		OK(db_insert(store, one, "users", doc_to_bson(&doc_user, &u, one),
		    &err));
		arena_free(one);
	}
	OK(keys_rotate(store, &done, &err));
	ck_assert_int_eq(done.resealed, MANY - MANY / 3);
	OK(keys_prune(store, 0, &done, &err));
	ck_assert_int_eq(done.values, MANY - MANY / 3);
	ck_assert_int_eq(done.removed, 1);
}
END_TEST

/* What nobody can open stays, and its key with it. */
START_TEST(a_rotation_leaves_what_does_not_open)
{
	struct keys_done done = { 0 };

	make_values();
	/* as long as a sealed value, but of no key */
	OK(db_update(store, arena, "users", db_json(arena,
	    "{\"email\":\"u0@example.org\"}"), db_json(arena, "{\"$set\":{"
	    "\"password_hash\":{\"$binary\":{\"base64\":\"Ag%0126d\","
	    "\"subType\":\"06\"}}}}", 0), 0, NULL, &err));
	OK(keys_rotate(store, &done, &err));
	ck_assert_int_eq(done.values, VALUES);
	ck_assert_int_eq(done.resealed, VALUES - 1);
	ck_assert_int_eq(done.unreadable, 1);
}
END_TEST

/* The values of another process that has not looked yet. */
START_TEST(prune_brings_in_those_who_were_late)
{
	struct store *late = store, *rotator = open_with(0);
	struct keys_done done = { 0 };
	struct keys_row *rows;
	int64_t lost;
	size_t n;

	(void)sealed(SEAL_PASSWORD, OWNER_A, SECRET);	/* it knows the first key */
	OK(keys_rotate(rotator, &done, &err));
	make_values();
	store = rotator;
	OK(keys_list(store, arena, &rows, &n, &lost, &err));
	ck_assert_int_eq(rows[0].values, VALUES);
	OK(keys_prune(store, 0, &done, &err));
	ck_assert_int_eq(done.resealed, VALUES);
	ck_assert_int_eq(done.removed, 1);
	store_close(late);
	assert_all_under(2, 1);
	assert_all_readable();
}
END_TEST

static void
rotate_with_fault(int64_t n, enum store_fault fault, int *ret_status)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct keys_done done;

		open_again();
		store_fail_at(store, n, fault);
		_exit(keys_rotate(store, &done, &err) != RC_OK ? 1
		    : store_fail_left(store) > 0 ? 0 : 2);
	}
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitpid(pid, ret_status, 0), pid);
	ck_assert(WIFEXITED(*ret_status));
	*ret_status = WEXITSTATUS(*ret_status);
}

/* Interrupted at its N-th step, for each N, then run again. */
START_TEST(an_interrupted_rotation_goes_on)
{
	static const enum store_fault faults[] = { STORE_EXIT_BEFORE,
		STORE_EXIT_AFTER, STORE_CUT_BEFORE, STORE_CUT_AFTER };
	enum store_fault fault = faults[_i];
	int status = 1, n = 0;

	while (status != 0) {
		struct keys_done done = { 0 };
		int before;

		empty_values();
		open_again();
		make_values();
		rotate_with_fault(++n, fault, &status);
		ck_assert_int_lt(n, 100);
		if (fault == STORE_EXIT_BEFORE || fault == STORE_EXIT_AFTER)
			ck_assert(status == 0 || status == STORE_FAULT_STATUS);
		else
			ck_assert_int_le(status, 1);
		if (status == 0)
			break;
		before = key_count();
		open_again();
		assert_all_readable();
		OK(keys_rotate(store, &done, &err));
		ck_assert_int_eq(done.unreadable, 0);
		ck_assert_int_eq(done.values, VALUES);
		if (done.resumed)	/* the key that had been made is the one */
			ck_assert_int_eq(key_count(), before);
		assert_all_under(key_count(), (size_t)key_count());
		assert_all_readable();
	}
	/* the key, each collection that has sealed fields, each value, the mark */
	ck_assert_int_eq(n, 1 + 2 + VALUES + 1 + 1);
}
END_TEST

static int
rotate_together(int i)
{
	struct keys_done done;

	(void)i;
	open_again();
	return keys_rotate(store, &done, &err) != RC_OK
	    && err.rc != RC_CONFLICT;
}

START_TEST(rotations_at_once_lose_nothing)
{
	struct keys_done done = { 0 };

	make_values();
	ck_assert_int_eq(in_processes(4, rotate_together), 0);
	assert_all_readable();
	OK(keys_rotate(store, &done, &err));
	assert_all_under(key_count(), (size_t)key_count());
	assert_all_readable();
}
END_TEST

/* --- another master key --------------------------------------------------- */

START_TEST(data_keys_are_wrapped_anew_for_another_master_key)
{
	int64_t wrapped = 0, fine = 0;
	struct keys_done done;

	make_values();
	OK(keys_rotate(store, &done, &err));
	/* the old master: 0, the new: 1, and a wrong one: 2 */
	store_close(store);
	store = open_with(1);
	IS(keys_rewrap(store, seal_key(2), &wrapped, &fine, &err), RC_INTERNAL);
	ck_assert_int_eq(wrapped, 0);
	OK(keys_rewrap(store, seal_key(0), &wrapped, &fine, &err));
	ck_assert_int_eq(wrapped, 2);
	ck_assert_int_eq(fine, 0);
	/* again, and with any old one: nothing is left to do */
	OK(keys_rewrap(store, seal_key(2), &wrapped, &fine, &err));
	ck_assert_int_eq(wrapped, 0);
	ck_assert_int_eq(fine, 2);
	/* libmongocrypt takes what we have wrapped */
	store_close(store);
	store = open_with(1);
	assert_all_under(2, 2);
	assert_opens(SEAL_PASSWORD, OWNER_A, sealed(SEAL_PASSWORD, OWNER_A, SECRET),
	    SECRET);
	/* and back, so that all can be read as ever */
	store_close(store);
	store = open_with(0);
	OK(keys_rewrap(store, seal_key(1), &wrapped, &fine, &err));
	ck_assert_int_eq(wrapped, 2);
	assert_all_readable();
}
END_TEST

START_TEST(an_interrupted_rewrap_goes_on)
{
	int64_t wrapped, fine;
	struct keys_done done;

	for (int n = 1; n <= 3; n++) {
		empty_values();
		open_again();
		make_values();
		OK(keys_rotate(store, &done, &err));
		OK(keys_rotate(store, &done, &err));
		store_close(store);
		store = open_with(1);
		store_fail_at(store, n, STORE_CUT_AFTER);
		IS(keys_rewrap(store, seal_key(0), &wrapped, &fine, &err),
		    RC_UNAVAILABLE);
		OK(keys_rewrap(store, seal_key(0), &wrapped, &fine, &err));
		ck_assert_int_eq(fine, n);
		ck_assert_int_eq(wrapped, 3 - n);
		OK(keys_rewrap(open_with(0), seal_key(1), &wrapped, &fine, &err));
		ck_assert_int_eq(wrapped, 3);
		assert_all_readable();
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("store_seal");
	TCase *tcase = tcase_create("seal");

	tcase_add_checked_fixture(tcase, setup, store_teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, what_is_sealed_unseals);
	tcase_add_test(tcase, what_cannot_be_sealed_is_refused);
	tcase_add_test(tcase, another_place_is_refused);
	tcase_add_test(tcase, each_changed_bit_is_refused);
	tcase_add_test(tcase, what_was_cut_is_refused);
	tcase_add_test(tcase, a_store_without_a_key_seals_nothing);
	tcase_add_test(tcase, the_vault_is_opened_late_and_not_counted);
	tcase_add_test(tcase, many_at_once_make_one_first_key);
	tcase_add_test(tcase, a_key_that_is_gone_is_said);
	tcase_add_test(tcase, another_master_key_is_said);
	tcase_add_test(tcase, a_database_that_is_away_is_unavailable);
	tcase_add_test(tcase, a_rotation_seals_all_anew);
	tcase_add_test(tcase, without_any_key_there_is_nothing_to_do);
	tcase_add_test(tcase, a_rotation_goes_over_many_documents);
	tcase_add_test(tcase, a_rotation_leaves_what_does_not_open);
	tcase_add_test(tcase, prune_brings_in_those_who_were_late);
	tcase_add_loop_test(tcase, an_interrupted_rotation_goes_on, 0, 4);
	tcase_add_test(tcase, rotations_at_once_lose_nothing);
	tcase_add_test(tcase, data_keys_are_wrapped_anew_for_another_master_key);
	tcase_add_test(tcase, an_interrupted_rewrap_goes_on);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
