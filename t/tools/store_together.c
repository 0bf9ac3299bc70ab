/*
 * What goes over several collections: opening, migration, transactions, and what
 * happens when the connection is cut at each command of one.
 */
#include "config.h"

#include "store_test.h"

#include "store/designs.h"
#include "store/idempotency.h"
#include "store/jobs.h"
#include "store/guests.h"

/* --- opening -------------------------------------------------------------- */

START_TEST(a_broken_uri_is_said_without_its_password)
{
	struct store_options options = { .uri = STR("mongodb://u:hush@@/%%"),
	    .database = "x", .app_name = "x", .select_timeout_ms = 1,
	    .command_timeout_ms = 1 };
	struct store *other = NULL;

	IS(store_open(process_arena, &options, &other, &err), RC_INTERNAL);
	ck_assert_ptr_null(other);
	(void)!store_open(process_arena, &options, &other, &err);
	ck_assert_ptr_null(strstr(err.message, "hush"));
	ck_assert_ptr_null(strstr(err.detail, "hush"));
	store_close(NULL);
}
END_TEST

START_TEST(a_server_that_is_away_is_unavailable)
{
	struct store_options options = { .uri = STR("mongodb://127.0.0.1:1/"),
	    .database = "x", .app_name = "x", .select_timeout_ms = 200,
	    .command_timeout_ms = 200 };
	int64_t began = clock_mono_ms();
	struct store *other;

	OK(store_open(process_arena, &options, &other, &err));
	err_init(&err);
	ck_assert_int_eq(store_ping(other, arena, &err), RC_UNAVAILABLE);
	ck_assert_int_eq(err.retry_after_s, 2);
	ck_assert_int_lt(clock_mono_ms() - began, 5000);
	store_close(other);
	err_init(&err);
	OK(store_ping(store, arena, &err));
	ck_assert_int_gt(store_commands(store), 0);
}
END_TEST

START_TEST(errors_have_their_codes)
{
	struct str doc = STR("\5\0\0\0\0");

	/* refused by the validator: our mistake */
	IS(db_insert(store, arena, "designs", doc, &err), RC_INTERNAL);
	IS(db_read(store, arena, db_json(arena, "{\"noSuchCommand\":1}"), NULL, &err),
	    RC_INTERNAL);
	/* out of time: try later */
	OK(db_insert(store, arena, "rate_counters", doc_to_bson(&doc_rate_counter,
	    &(struct rate_counter){ .id = STR("x"), .expires_at = 1 }, arena), &err));
	IS(db_read(store, arena, db_json(arena, "{\"count\":\"rate_counters\","
	    "\"query\":{\"$where\":\"sleep(2000)||true\"},\"maxTimeMS\":50}"), NULL,
	    &err), RC_UNAVAILABLE);
}
END_TEST

/* --- migration ------------------------------------------------------------ */

static int
migrate(enum migrate_mode mode, struct str *ret_report)
{
	struct buf report;
	int changes = -1;

	buf_init(&report, arena, 0, 1 << 16);
	OK(store_migrate(store, arena, mode, &report, &changes, &err));
	*ret_report = buf_str(&report);
	return changes;
}

static bool
migrated(void)
{
	bool current;

	OK(store_migrated(store, arena, &current, &err));
	return current;
}

START_TEST(an_empty_database_is_planned_then_applied_once)
{
	struct str report;
	char line[64];
	int wanted = 0, n;

	for (size_t i = 0; schema_docs[i] != NULL; i++)
		wanted += schema_docs[i]->collection != NULL;
	OK(db_write(store, arena, db_json(arena, "{\"dropDatabase\":1}"), NULL, &err));
	ck_assert(!migrated());
	n = migrate(MIGRATE_PLAN, &report);
	ck_assert_int_eq(n, wanted);
	ck_assert(str_contains_nocase(report, STR("designs: would create validator")));
	ck_assert(!migrated());
	ck_assert_int_eq(migrate(MIGRATE_CHECK, &report), wanted);
	ck_assert_int_eq(migrate(MIGRATE_APPLY, &report), wanted);
	(void)snprintf(line, sizeof line, "designs: applied validator and %zu "
	    "indexes", doc_design.index_count);
	ck_assert(str_contains_nocase(report, str_of(line)));
	ck_assert(migrated());
	for (int mode = MIGRATE_PLAN; mode <= MIGRATE_CHECK; mode++) {
		ck_assert_int_eq(migrate((enum migrate_mode)mode, &report), 0);
		ck_assert_uint_eq(report.n, 0);
	}
	/* And it is in force. */
	IS(db_insert(store, arena, "designs", STR("\5\0\0\0\0"), &err), RC_INTERNAL);
}
END_TEST

START_TEST(documents_that_do_not_fit_are_counted_and_can_be_trashed)
{
	struct designs_when any = { TIME_NULL, -1 };
	struct str report, doc;
	struct design d;

	make_design(&d, USER_A, STR(ID_OF(1)));
	OK(designs_insert(store, arena, bson_of(&doc_design, &d), &err));
	set_raw("designs", "{}", "{\"$set\":{\"gem_data\":5}}");
	ck_assert_int_eq(migrate(MIGRATE_CHECK, &report), 0);
	ck_assert(str_contains_nocase(report, STR("designs: 1 stored documents do not "
	    "fit the rows")));
	OK(designs_trash(store, arena, USER_A, STR(ID_OF(1)), &any, true, &doc, &err));
}
END_TEST

START_TEST(rows_that_changed_are_applied_again)
{
	struct str report;

	set_raw("schema_versions", "{\"_id\":\"jobs\"}",
	    "{\"$set\":{\"rows_hash\":\"0\"}}");
	OK(db_write(store, arena, db_json(arena, "{\"collMod\":\"jobs\","
	    "\"validator\":{}}"), NULL, &err));
	ck_assert(!migrated());
	ck_assert_int_eq(migrate(MIGRATE_PLAN, &report), 1);
	ck_assert(str_contains_nocase(report, STR("jobs: would change validator")));
	ck_assert_int_eq(migrate(MIGRATE_APPLY, &report), 1);
	ck_assert(migrated());
	IS(db_insert(store, arena, "jobs", STR("\5\0\0\0\0"), &err), RC_INTERNAL);
}
END_TEST

/* A migration cut anywhere is finished by the next. */
START_TEST(a_migration_that_was_cut_goes_on)
{
	struct buf report;
	int changes;
	struct str text;

	for (int n = 1; n < 40; n += 3) {
		OK(db_write(store, arena, db_json(arena, "{\"dropDatabase\":1}"), NULL,
		    &err));
		buf_init(&report, arena, 0, 1 << 16);
		store_fail_at(store, n, n % 2 == 0 ? STORE_CUT_AFTER
		    : STORE_CUT_BEFORE);
		IS(store_migrate(store, arena, MIGRATE_APPLY, &report, &changes, &err),
		    RC_UNAVAILABLE);
		ck_assert(!migrated());
		ck_assert_int_gt(migrate(MIGRATE_APPLY, &text), 0);
		ck_assert(migrated());
	}
}
END_TEST

/* --- transactions --------------------------------------------------------- */

/* As a design is made: charge, design, job, key. */
struct making {
	struct design design;
	struct job job;
	struct idempotency_key key;
	int runs;
};

static struct making making;

static void
make_all(void)
{
	struct guest_session session;

	memset(&making, 0, sizeof making);
	make_session(&session, STR(ID_OF(c)));
	OK(guest_insert(store, arena, &session, &err));
	make_design(&making.design, GUEST, STR(ID_OF(1)));
	make_job(&making.job, GUEST, STR(ID_OF(2)), 2);
	doc_init(&doc_idempotency_key, &making.key);
	making.key.id = making.key.body_hash = STR(
	    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
	making.key.resource_id = STR(ID_OF(1));
	making.key.second_id = STR(ID_OF(2));
	making.key.expires_at = clock_now_ms() + 1000;
	OK(idempotency_take(store, arena, &making.key, clock_now_ms(), 60000, &err));
}

static enum rc
make_in_transaction(struct store *s, struct arena *a, void *arg,
    struct err *error)
{
	struct making *m = arg;
	struct guest_session session;

	m->runs++;
	if (guest_charge(s, a, STR(ID_OF(c)), clock_now_ms(), 3, m->design.id,
	    &session, error) != RC_OK
	    || designs_insert(s, a, bson_of(&doc_design, &m->design), error) != RC_OK
	    || jobs_insert(s, a, &m->job, error) != RC_OK)
		return error->rc;
	return idempotency_done(s, a, m->key.id, 202, error);
}

static enum rc
run(store_transaction_fn *fn, void *arg, int64_t ms)
{
	err_init(&err);
	return store_transaction(store, arena, clock_mono_ms() + ms, fn, arg, &err);
}

/* Each of the four did what it does, so many times. */
static void
check_effect(int times)
{
	ck_assert_int_eq(count_of("guest_sessions", arena_printf(arena,
	    "{\"usage_count\":%d}", times).p), 1);
	ck_assert_int_eq(count_of("designs", "{}"), times);
	ck_assert_int_eq(count_of("jobs", "{}"), times);
	ck_assert_int_eq(count_of("idempotency_keys", "{\"done\":true}"), times);
}

static void
clear(void)
{
	static const char *const names[] = { "guest_sessions", "designs", "jobs",
		"idempotency_keys" };

	for (size_t i = 0; i < 4; i++)
		OK(db_delete(store, arena, names[i], db_bson(arena), 0, NULL, &err));
}

START_TEST(a_transaction_is_whole)
{
	make_all();
	ck_assert_int_eq(run(make_in_transaction, &making, 5000), RC_OK);
	ck_assert_int_eq(making.runs, 1);
	check_effect(1);
}
END_TEST

/* How many commands it takes, the commit with them. */
static int
commands_of_making(void)
{
	int64_t before;

	make_all();
	before = store_commands(store);
	ck_assert_int_eq(run(make_in_transaction, &making, 5000), RC_OK);
	before = store_commands(store) - before;
	clear();
	return (int)before;
}

/* Cut before and after each command: once, whatever is cut. */
START_TEST(a_cut_at_any_command_leaves_the_effect_once)
{
	int commands = commands_of_making();

	ck_assert_int_ge(commands, 5);
	for (int n = 1; n <= commands; n++)
		for (int fault = STORE_CUT_BEFORE; fault <= STORE_CUT_AFTER; fault++) {
			make_all();
			store_fail_at(store, n, (enum store_fault)fault);
			ck_assert_msg(run(make_in_transaction, &making, 5000) == RC_OK,
			    "command %d: %s", n, err.detail);
			ck_assert_int_eq(store_fail_left(store), 0);
			/* Only a commit whose answer is lost is not done anew. */
			ck_assert_int_eq(making.runs,
			    n == commands && fault == STORE_CUT_AFTER ? 1 : 2);
			check_effect(1);
			clear();
		}
	/* One more is not reached. */
	make_all();
	store_fail_at(store, commands + 1, STORE_CUT_BEFORE);
	ck_assert_int_eq(run(make_in_transaction, &making, 5000), RC_OK);
	ck_assert_int_eq(store_fail_left(store), 1);
	store_fail_at(store, 0, STORE_CUT_BEFORE);
	check_effect(1);
}
END_TEST

START_TEST(a_commit_that_nobody_confirmed_is_said_to_be_unknown)
{
	int commands = commands_of_making();

	make_all();
	store_fail_at(store, commands, STORE_CUT_COMMIT);
	ck_assert_int_eq(run(make_in_transaction, &making, 5000), RC_UNAVAILABLE);
	ck_assert(err.unknown);
	check_effect(1);
	/* The repeat by the same key finds it done. */
	{
		struct idempotency_key key = making.key;

		OK(idempotency_take(store, arena, &key, clock_now_ms(), 1000, &err));
		ck_assert(key.done);
		ck_assert_str(key.resource_id, ID_OF(1));
	}
}
END_TEST

static enum rc
refuse_late(struct store *s, struct arena *a, void *arg, struct err *error)
{
	if (make_in_transaction(s, a, arg, error) != RC_OK)
		return error->rc;
	return err_set(error, RC_QUOTA, "no");
}

START_TEST(a_refusal_undoes_all_and_is_not_repeated)
{
	make_all();
	ck_assert_int_eq(run(refuse_late, &making, 5000), RC_QUOTA);
	ck_assert_int_eq(making.runs, 1);
	check_effect(0);
	/* The client is fit for the next. */
	ck_assert_int_eq(run(make_in_transaction, &making, 5000), RC_OK);
	check_effect(1);
}
END_TEST

static enum rc
fail_again(struct store *s, struct arena *a, void *arg, struct err *error)
{
	store_fail_at(s, 2, STORE_CUT_BEFORE);
	return make_in_transaction(s, a, arg, error);
}

START_TEST(what_fails_for_ever_ends_at_the_deadline)
{
	int64_t began = clock_mono_ms();

	make_all();
	ck_assert_int_eq(run(fail_again, &making, 300), RC_UNAVAILABLE);
	ck_assert_int_gt(making.runs, 3);
	ck_assert_int_ge(clock_mono_ms() - began, 300);
	ck_assert_int_lt(clock_mono_ms() - began, 3000);
	store_fail_at(store, 0, STORE_CUT_BEFORE);
	check_effect(0);
}
END_TEST

/* Outside of a transaction the caller learns it, and the effect is there or not. */
START_TEST(a_cut_single_command_is_unavailable)
{
	struct design d;

	make_design(&d, USER_A, STR(ID_OF(1)));
	store_fail_at(store, 1, STORE_CUT_BEFORE);
	IS(designs_insert(store, arena, bson_of(&doc_design, &d), &err),
	    RC_UNAVAILABLE);
	ck_assert_int_eq(count_of("designs", "{}"), 0);
	store_fail_at(store, 1, STORE_CUT_AFTER);
	IS(designs_insert(store, arena, bson_of(&doc_design, &d), &err),
	    RC_UNAVAILABLE);
	ck_assert_int_eq(count_of("designs", "{}"), 1);
}
END_TEST

static enum rc
charge_in_transaction(struct store *s, struct arena *a, void *arg,
    struct err *error)
{
	struct guest_session session;

	(void)arg;
	return guest_charge(s, a, STR(ID_OF(c)), clock_now_ms(), 1000, STR_NULL,
	    &session, error);
}

static int
charge_ten(int i)
{
	int done = 0;

	(void)i;
	for (int k = 0; k < 10; k++)
		done += run(charge_in_transaction, NULL, 20000) == RC_OK;
	return done;
}

START_TEST(transactions_that_meet_are_all_done)
{
	make_all();
	ck_assert_int_eq(in_processes(4, charge_ten), 40);
	ck_assert_int_eq(count_of("guest_sessions", "{\"usage_count\":40}"), 1);
}
END_TEST

/* A worker that dies in a transaction, and the one after it. */
static struct store_trace *trace;

static int
die_at_the_job(int i)
{
	struct store_options options = { .uri = str_of(getenv(
	    "BEZEL_TEST_MONGODB_URI")), .database = getenv("BEZEL_TEST_DATABASE"),
	    .app_name = "dies", .select_timeout_ms = 10000,
	    .command_timeout_ms = 10000, .trace = trace };

	(void)i;
	OK(store_open(process_arena, &options, &store, &err));
	store_fail_at(store, 4, STORE_EXIT_BEFORE);
	(void)run(make_in_transaction, &making, 5000);
	return 0;
}

START_TEST(what_a_dead_worker_left_is_ended_by_the_next)
{
	int64_t began;

	trace = mmap(NULL, sizeof *trace, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(trace, MAP_FAILED);
	make_all();
	ck_assert_int_eq(in_processes(1, die_at_the_job), STORE_FAULT_STATUS);
	ck_assert(trace->open);
	check_effect(0);
	OK(store_abort_left(store, arena, trace, &err));
	ck_assert(!trace->open);
	OK(store_abort_left(store, arena, trace, &err));
	/* Nobody waits for its locks. */
	began = clock_mono_ms();
	ck_assert_int_eq(run(make_in_transaction, &making, 5000), RC_OK);
	ck_assert_int_lt(clock_mono_ms() - began, 4000);
	check_effect(1);
}
END_TEST

UNIT_MAIN_FIXTURE("store_together", store_setup, store_teardown,
    a_broken_uri_is_said_without_its_password,
    a_server_that_is_away_is_unavailable, errors_have_their_codes,
    an_empty_database_is_planned_then_applied_once,
    documents_that_do_not_fit_are_counted_and_can_be_trashed,
    rows_that_changed_are_applied_again, a_migration_that_was_cut_goes_on,
    a_transaction_is_whole, a_cut_at_any_command_leaves_the_effect_once,
    a_commit_that_nobody_confirmed_is_said_to_be_unknown,
    a_refusal_undoes_all_and_is_not_repeated,
    what_fails_for_ever_ends_at_the_deadline,
    a_cut_single_command_is_unavailable, transactions_that_meet_are_all_done,
    what_a_dead_worker_left_is_ended_by_the_next)
