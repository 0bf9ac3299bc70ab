#include "config.h"

#include "store_test.h"

#include "store/idempotency.h"
#include "store/counters.h"
#include "store/guests.h"

enum { HOUR = 3600 * 1000, DAY = 24 * HOUR };

static struct guest_session session;
static struct str stored;

static void
insert(struct str id)
{
	make_session(&session, id);
	OK(guest_insert(store, arena, &session, &err));
}

static enum rc
charge(struct str id, int limit, struct str design_id)
{
	err_init(&err);
	return guest_charge(store, arena, id, clock_now_ms(), limit, design_id,
	    &session, &err);
}

START_TEST(a_session_lives_until_it_expires)
{
	struct str id = STR(ID_OF(1));
	int64_t end;

	insert(id);
	end = session.expires_at;
	IS(guest_insert(store, arena, &session, &err), RC_CONFLICT);
	OK(guest_get(store, arena, id, end - 1, &session, &stored, &err));
	ck_assert_str(session.id, ID_OF(1));
	IS(guest_get(store, arena, id, end, &session, &stored, &err),
	    RC_SESSION_EXPIRED);
	IS(guest_get(store, arena, STR(ID_OF(9)), 0, &session, &stored, &err),
	    RC_SESSION_EXPIRED);
}
END_TEST

START_TEST(a_session_is_renewed_up_to_its_most)
{
	struct str id = STR(ID_OF(1));
	int64_t born;

	insert(id);
	born = session.created_at;
	OK(guest_renew(store, arena, id, born + 1000, DAY, 2 * DAY, &session, &stored,
	    &err));
	ck_assert_int_eq(session.expires_at, born + 1000 + DAY);
	OK(guest_renew(store, arena, id, born + DAY, 2 * DAY, 2 * DAY, &session,
	    &stored, &err));
	ck_assert_int_eq(session.expires_at, born + 2 * DAY);
	IS(guest_renew(store, arena, id, born + 2 * DAY, DAY, 2 * DAY, &session,
	    &stored, &err), RC_SESSION_EXPIRED);
}
END_TEST

START_TEST(a_charge_counts_up_to_the_limit)
{
	struct str id = STR(ID_OF(1));

	insert(id);
	ck_assert_int_eq(charge(id, 3, STR(ID_OF(5))), RC_OK);
	ck_assert_int_eq(session.usage_count, 1);
	ck_assert(session.last_design_at != TIME_NULL);
	OK(guest_get(store, arena, id, 0, &session, &stored, &err));
	ck_assert_uint_eq(session.designs.n, 1);
	ck_assert_int_eq(charge(id, 3, STR_NULL), RC_OK);
	ck_assert_int_eq(charge(id, 3, STR(ID_OF(5))), RC_OK);	/* a repeat */
	ck_assert_int_eq(session.usage_count, 3);
	ck_assert_int_eq(charge(id, 3, STR(ID_OF(6))), RC_QUOTA);
	ck_assert_int_eq(charge(id, 0, STR_NULL), RC_QUOTA);
	OK(guest_get(store, arena, id, 0, &session, &stored, &err));
	ck_assert_int_eq(session.usage_count, 3);
	ck_assert_uint_eq(session.designs.n, 1);
	ck_assert_int_eq(charge(STR(ID_OF(9)), 3, STR_NULL), RC_SESSION_EXPIRED);
	IS(guest_charge(store, arena, id, session.expires_at, 9, STR_NULL, &session,
	    &err), RC_SESSION_EXPIRED);
}
END_TEST

/* The day is the server's: yesterday's count is none, whatever it was. */
START_TEST(a_new_day_begins_at_nought)
{
	struct str id = STR(ID_OF(1));
	char day[11];

	insert(id);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(charge(id, 2, STR_NULL), RC_OK);
	ck_assert_int_eq(charge(id, 2, STR_NULL), RC_QUOTA);
	/* The last moment of yesterday, and the first of today */
	set_raw("guest_sessions", "{}", "[{\"$set\":{\"last_design_at\":{\"$add\":["
	    "{\"$dateTrunc\":{\"date\":\"$$NOW\",\"unit\":\"day\"}},-1]}}}]");
	ck_assert_int_eq(charge(id, 2, STR_NULL), RC_OK);
	ck_assert_int_eq(session.usage_count, 1);
	ck_assert_int_eq(charge(id, 2, STR_NULL), RC_OK);
	set_raw("guest_sessions", "{}", "[{\"$set\":{\"last_design_at\":"
	    "{\"$dateTrunc\":{\"date\":\"$$NOW\",\"unit\":\"day\"}}}}]");
	ck_assert_int_eq(charge(id, 2, STR_NULL), RC_QUOTA);
	/* What was charged yesterday is not given back today. */
	clock_day(clock_now_ms() - DAY, day);
	OK(guest_give_back(store, arena, id, day, &err));
	ck_assert_int_eq(charge(id, 2, STR_NULL), RC_QUOTA);
	clock_day(clock_now_ms(), day);
	OK(guest_give_back(store, arena, id, day, &err));
	ck_assert_int_eq(charge(id, 2, STR_NULL), RC_OK);
}
END_TEST

START_TEST(no_more_is_given_back_than_was_taken)
{
	struct str id = STR(ID_OF(1));
	char day[11];

	insert(id);
	clock_day(clock_now_ms(), day);
	OK(guest_give_back(store, arena, id, day, &err));
	ck_assert_int_eq(charge(id, 9, STR_NULL), RC_OK);
	for (int i = 0; i < 3; i++)
		OK(guest_give_back(store, arena, id, day, &err));
	OK(guest_get(store, arena, id, 0, &session, &stored, &err));
	ck_assert_int_eq(session.usage_count, 0);
	OK(guest_give_back(store, arena, STR(ID_OF(9)), day, &err));
}
END_TEST

/* --- several at once --- */

static struct guest_session all[3];
static const struct str everybody[] = { STR_INIT(ID_OF(1)), STR_INIT(ID_OF(2)),
	STR_INIT(ID_OF(3)) }, new_designs[] = { STR_INIT(ID_OF(5)),
	STR_INIT(ID_OF(6)), STR_INIT(ID_OF(7)) };

static enum rc
charge_all(struct store *s, struct arena *a, void *limit, struct err *error)
{
	return guest_charge_all(s, a, everybody, new_designs, 3, clock_now_ms(),
	    *(int32_t *)limit, all, error);
}

static enum rc
charge_together(int32_t limit)
{
	err_init(&err);
	return store_transaction_once(store, arena, clock_mono_ms() + 10000,
	    charge_all, &limit, &err);
}

static void
has(struct str id, int uses, struct str design)
{
	OK(guest_get(store, arena, id, 0, &session, &stored, &err));
	ck_assert_int_eq(session.usage_count, uses);
	ck_assert_uint_eq(session.designs.n, design.p == NULL ? 0 : 1);
	if (design.p != NULL)
		ck_assert(str_eq(session.designs.items[0], design));
}

START_TEST(several_are_charged_at_once_or_none_is)
{
	for (int i = 0; i < 3; i++)
		insert(everybody[i]);
	ck_assert_int_eq(charge(everybody[1], 9, STR_NULL), RC_OK);
	ck_assert_int_eq(charge_together(1), RC_QUOTA);
	has(everybody[0], 0, STR_NULL);
	has(everybody[1], 1, STR_NULL);
	ck_assert_int_eq(charge_together(2), RC_OK);
	for (int i = 0; i < 3; i++) {
		ck_assert(str_eq(all[i].id, everybody[i]));
		ck_assert_int_eq(all[i].usage_count, i == 1 ? 2 : 1);
		ck_assert(all[i].last_design_at != TIME_NULL);
		has(everybody[i], i == 1 ? 2 : 1, new_designs[i]);
	}
	/* One that is not live, or has no room: nobody is charged. */
	set_raw("guest_sessions", "{\"_id\":\"" ID_OF(3) "\"}",
	    "[{\"$set\":{\"expires_at\":\"$$NOW\"}}]");
	clock_sleep_ms(2);
	ck_assert_int_eq(charge_together(9), RC_QUOTA);
	has(everybody[0], 1, new_designs[0]);
	set_raw("guest_sessions", "{\"_id\":\"" ID_OF(3) "\"}",
	    "[{\"$set\":{\"expires_at\":{\"$add\":[\"$$NOW\",3600000]},"
	    "\"designs\":{\"$map\":{\"input\":{\"$range\":[0,1000]},\"in\":\""
	    ID_OF(5) "\"}}}}]");
	ck_assert_int_eq(charge_together(9), RC_QUOTA);
	has(everybody[0], 1, new_designs[0]);
}
END_TEST

/* As with a charge by itself: neither locked out, nor uses without end. */
START_TEST(several_are_charged_whatever_is_stored)
{
	for (int i = 0; i < 3; i++)
		insert(everybody[i]);
	set_raw("guest_sessions", "{\"_id\":\"" ID_OF(1) "\"}",
	    "[{\"$set\":{\"usage_count\":\"many\",\"last_design_at\":\"$$NOW\"}}]");
	set_raw("guest_sessions", "{\"_id\":\"" ID_OF(2) "\"}",
	    "[{\"$set\":{\"usage_count\":-5,\"last_design_at\":\"$$NOW\","
	    "\"designs\":null}}]");
	ck_assert_int_eq(charge_together(1), RC_OK);
	for (int i = 0; i < 3; i++)
		has(everybody[i], 1, new_designs[i]);
	ck_assert_int_eq(charge_together(1), RC_QUOTA);
}
END_TEST

START_TEST(live_ones_are_told_from_the_others)
{
	struct str ids[3] = { STR(ID_OF(1)), STR(ID_OF(9)), STR(ID_OF(2)) };
	bool live[3];

	insert(ids[0]);
	insert(ids[2]);
	set_raw("guest_sessions", "{\"_id\":\"" ID_OF(1) "\"}",
	    "{\"$set\":{\"expires_at\":{\"$date\":{\"$numberLong\":\"1000\"}}}}");
	OK(guest_live(store, arena, ids, 3, clock_now_ms(), live, &err));
	ck_assert(!live[0] && !live[1] && live[2]);
	OK(guest_live(store, arena, ids, 0, clock_now_ms(), live, &err));
}
END_TEST

static int
charge_often(int i)
{
	int taken = 0;

	(void)i;
	for (int k = 0; k < 10; k++)
		taken += charge(STR(ID_OF(1)), 25, STR_NULL) == RC_OK;
	return taken;
}

START_TEST(processes_share_one_quota)
{
	insert(STR(ID_OF(1)));
	ck_assert_int_eq(in_processes(4, charge_often), 25);
}
END_TEST

/* --- counters ------------------------------------------------------------- */

static enum rc
take(struct str key, int64_t limit)
{
	err_init(&err);
	return counter_take(store, arena, key, 1, limit, clock_now_ms() + DAY,
	    &err);
}

/* What the counter says; it must be there. */
static int
counted(struct str key)
{
	int n = 0;

	while (count_of("rate_counters", arena_strz(arena, arena_printf(arena,
	    "{\"_id\":\"%.*s\",\"count\":{\"$gt\":%d}}", STR_FMT(key), n))) == 1)
		n++;
	return n;
}

START_TEST(a_counter_stops_at_its_limit)
{
	struct str key = STR("address:x|generation|2026-11-22");

	ck_assert_int_eq(take(key, 2), RC_OK);
	ck_assert_int_eq(counted(key), 1);
	ck_assert_int_eq(take(key, 2), RC_OK);
	ck_assert_int_eq(counted(key), 2);
	ck_assert_int_eq(take(key, 2), RC_QUOTA);
	ck_assert_int_eq(take(key, 3), RC_OK);
	ck_assert_int_eq(take(STR("other"), 2), RC_OK);
	ck_assert_int_eq(counted(STR("other")), 1);
	for (int i = 0; i < 5; i++)
		OK(counter_give_back(store, arena, key, 1, &err));
	ck_assert_int_eq(take(key, 1), RC_OK);
	ck_assert_int_eq(counted(key), 1);
	OK(counter_give_back(store, arena, STR("none"), 1, &err));
	/* A limit of nought gives nothing, to the first one either. */
	ck_assert_int_eq(take(STR("new"), 0), RC_QUOTA);
	ck_assert_int_eq(count_of("rate_counters", "{\"_id\":\"new\"}"), 0);
}
END_TEST

START_TEST(a_counter_takes_more_than_one)
{
	struct str key = STR("upload-bytes|x|1");

	err_init(&err);
	OK(counter_take(store, arena, key, 60, 100, clock_now_ms() + DAY, &err));
	IS(counter_take(store, arena, key, 41, 100, clock_now_ms() + DAY, &err),
	    RC_QUOTA);
	OK(counter_take(store, arena, key, 40, 100, clock_now_ms() + DAY, &err));
	ck_assert_int_eq(counted(key), 100);
	/* As the first one it may be too much already. */
	IS(counter_take(store, arena, STR("upload-bytes|y|1"), 101, 100,
	    clock_now_ms() + DAY, &err), RC_QUOTA);
	OK(counter_give_back(store, arena, key, 40, &err));
	ck_assert_int_eq(counted(key), 60);
	OK(counter_give_back(store, arena, key, 61, &err));
	ck_assert_int_eq(counted(key), 60);
}
END_TEST

START_TEST(several_counters_are_taken_at_once_or_none)
{
	const struct counter_amount some[] = { { STR("a|1"), 2 }, { STR("b|1"), 1 },
	    { STR("c|1"), 5 } };
	int64_t until_ms = clock_now_ms() + DAY;

	err_init(&err);
	OK(counter_take_all(store, arena, some, 3, 6, until_ms, &err));
	OK(counter_take_all(store, arena, some, 2, 6, until_ms, &err));
	ck_assert_int_eq(counted(STR("a|1")), 4);
	ck_assert_int_eq(counted(STR("b|1")), 2);
	ck_assert_int_eq(counted(STR("c|1")), 5);
	ck_assert_int_eq(count_of("rate_counters",
	    "{\"expires_at\":{\"$gt\":{\"$date\":{\"$numberLong\":\"0\"}}}}"), 3);
	/* One of them has not enough left: none is taken, whichever it is. */
	for (int i = 0; i < 3; i++) {
		const struct counter_amount turned[] = { some[i],
		    some[(i + 1) % 3], some[(i + 2) % 3] };

		IS(counter_take_all(store, arena, turned, 3, 6, until_ms, &err),
		    RC_QUOTA);
		err_init(&err);
		ck_assert_int_eq(counted(STR("a|1")), 4);
		ck_assert_int_eq(counted(STR("b|1")), 2);
		ck_assert_int_eq(counted(STR("c|1")), 5);
	}
	IS(counter_take_all(store, arena, some, 3, 4, until_ms, &err), RC_QUOTA);
	err_init(&err);
	OK(counter_give_back_all(store, arena, some, 3, &err));
	OK(counter_give_back_all(store, arena, some, 0, &err));
	ck_assert_int_eq(counted(STR("a|1")), 2);
	ck_assert_int_eq(counted(STR("b|1")), 1);
	ck_assert_int_eq(counted(STR("c|1")), 0);
	OK(counter_give_back_all(store, arena, some, 3, &err));
	ck_assert_int_eq(counted(STR("c|1")), 0);	/* not below */
}
END_TEST

static int round_number;

static int
take_often(int i)
{
	int taken = 0;

	(void)i;
	for (int k = 0; k < 10; k++)
		taken += take(arena_printf(arena, "round%d|%d", round_number, k), 3)
		    == RC_OK;
	return taken;
}

/* Who loses the race for a new counter is still under its limit. */
START_TEST(a_new_counter_is_shared_at_once)
{
	for (round_number = 0; round_number < 10; round_number++)
		ck_assert_int_eq(in_processes(4, take_often), 30);
}
END_TEST

/* --- idempotency ---------------------------------------------------------- */

enum { LEASE = 60000 };
#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void
make_key(struct idempotency_key *key, struct str body_hash)
{
	doc_init(&doc_idempotency_key, key);
	key->id = STR(HASH_A);
	key->body_hash = body_hash;
	key->resource_id = uuid_new(arena);
	key->second_id = uuid_new(arena);
	key->expires_at = clock_now_ms() + DAY;
}

static enum rc
take_key(struct idempotency_key *key, int64_t now_ms)
{
	err_init(&err);
	return idempotency_take(store, arena, key, now_ms, LEASE, &err);
}

START_TEST(a_key_is_taken_once_and_answered_ever_after)
{
	struct idempotency_key first, again;

	make_key(&first, STR(HASH_B));
	ck_assert_int_eq(take_key(&first, 1000), RC_OK);
	ck_assert(!first.done);
	make_key(&again, STR(HASH_B));
	ck_assert_int_eq(take_key(&again, 1000 + LEASE - 1), RC_IDEM_RUNNING);
	ck_assert_int_eq(err.retry_after_s, 1);
	make_key(&again, STR(HASH_A));
	ck_assert_int_eq(take_key(&again, 1000), RC_IDEM_MISMATCH);
	OK(idempotency_done(store, arena, first.id, 202, &err));
	make_key(&again, STR(HASH_B));
	ck_assert_int_eq(take_key(&again, 2000), RC_OK);
	ck_assert(again.done);
	ck_assert_int_eq(again.http_status, 202);
	ck_assert(str_eq(again.resource_id, first.resource_id));
	ck_assert(str_eq(again.second_id, first.second_id));
	make_key(&again, STR(HASH_A));
	ck_assert_int_eq(take_key(&again, 2000), RC_IDEM_MISMATCH);
	/* What is done is not released. */
	OK(idempotency_release(store, arena, first.id, first.resource_id, &err));
	ck_assert_int_eq(count_of("idempotency_keys", "{\"done\":true}"), 1);
}
END_TEST

START_TEST(several_keys_are_done_at_once)
{
	struct idempotency_key one, other;
	struct str ids[2];

	make_key(&one, STR(HASH_B));
	other = one;
	other.id = STR(HASH_B);
	ck_assert_int_eq(take_key(&one, 1000), RC_OK);
	ck_assert_int_eq(take_key(&other, 1000), RC_OK);
	ids[0] = one.id;
	ids[1] = STR("of nobody");
	OK(idempotency_done_all(store, arena, ids, 2, 202, &err));
	ck_assert_int_eq(count_of("idempotency_keys", "{\"done\":true,"
	    "\"status\":202}"), 1);
	ids[1] = other.id;
	OK(idempotency_done_all(store, arena, ids, 2, 202, &err));
	ck_assert_int_eq(count_of("idempotency_keys", "{\"done\":true,"
	    "\"status\":202}"), 2);
}
END_TEST

START_TEST(a_key_left_behind_is_taken_over_with_its_ids)
{
	struct idempotency_key first, again;

	make_key(&first, STR(HASH_B));
	ck_assert_int_eq(take_key(&first, 1000), RC_OK);
	make_key(&again, STR(HASH_B));
	ck_assert_int_eq(take_key(&again, 1000 + LEASE), RC_OK);
	ck_assert(!again.done);
	ck_assert(str_eq(again.resource_id, first.resource_id));
	/* The new lease holds. */
	make_key(&again, STR(HASH_B));
	ck_assert_int_eq(take_key(&again, 1000 + LEASE + 1), RC_IDEM_RUNNING);
	/* A key of another resource is somebody else's by now. */
	OK(idempotency_release(store, arena, first.id, uuid_new(arena), &err));
	make_key(&again, STR(HASH_B));
	ck_assert_int_eq(take_key(&again, 1000 + LEASE + 1), RC_IDEM_RUNNING);
	OK(idempotency_release(store, arena, first.id, first.resource_id, &err));
	make_key(&again, STR(HASH_A));	/* free for another body too */
	ck_assert_int_eq(take_key(&again, 1000), RC_OK);
	ck_assert(!str_eq(again.resource_id, first.resource_id));
}
END_TEST

static int
take_over(int i)
{
	struct idempotency_key key;

	(void)i;
	make_key(&key, STR(HASH_B));
	return take_key(&key, 1000 + LEASE) == RC_OK;
}

START_TEST(one_takes_over)
{
	for (int i = 0; i < 10; i++) {
		struct idempotency_key key;

		make_key(&key, STR(HASH_B));
		ck_assert_int_eq(take_key(&key, 1000), RC_OK);
		ck_assert_int_eq(in_processes(4, take_over), 1);
		OK(idempotency_release(store, arena, key.id, key.resource_id, &err));
	}
}
END_TEST

/* Takes and releases in turn: nobody hears of a document that is not there. */
/* Those that nobody has, of two that are the same one; another's is left as it is. */
START_TEST(several_new_keys_are_taken_at_once)
{
	struct idempotency_key keys[4], other;
	bool taken[4];

	for (int i = 0; i < 4; i++) {
		make_key(&keys[i], STR(HASH_B));
		keys[i].id = arena_printf(arena, "%063d%d", 0, i);
	}
	keys[3].id = keys[0].id;
	other = keys[1];
	other.resource_id = uuid_new(arena);
	ck_assert_int_eq(take_key(&other, 1000), RC_OK);
	OK(idempotency_take_new(store, arena, keys, 4, 1000, LEASE, taken, &err));
	ck_assert(taken[0] && !taken[1] && taken[2] && !taken[3]);
	ck_assert_int_eq(count_of("idempotency_keys", "{\"lease_until\":"
	    "{\"$date\":{\"$numberLong\":\"61000\"}}}"), 3);
	ck_assert_int_eq(take_key(&other, 2000), RC_IDEM_RUNNING);
	/* Each is as one that was taken alone. */
	err_init(&err);
	OK(idempotency_done(store, arena, keys[2].id, 202, &err));
	ck_assert_int_eq(take_key(&keys[2], 2000), RC_OK);
	ck_assert(keys[2].done);
	/* None is new; and one that does not fit is our mistake. */
	err_init(&err);
	OK(idempotency_take_new(store, arena, keys, 3, 1000, LEASE, taken, &err));
	ck_assert(!taken[0] && !taken[1] && !taken[2]);
	keys[2].id = STR("short");	/* behind those that exist */
	IS(idempotency_take_new(store, arena, keys, 3, 1000, LEASE, taken, &err),
	    RC_INTERNAL);
	OK(idempotency_release_all(store, arena, keys, 3, &err));
	ck_assert_int_eq(count_of("idempotency_keys", "{\"done\":false}"), 1);
	err_init(&err);
}
END_TEST

static int
take_and_release(int i)
{
	(void)i;
	for (int k = 0; k < 200; k++) {
		struct idempotency_key key;
		enum rc rc;

		make_key(&key, STR(HASH_B));
		rc = take_key(&key, clock_now_ms());
		if (rc == RC_OK)
			rc = idempotency_release(store, arena, key.id,
			    key.resource_id, &err);
		if (rc != RC_OK && rc != RC_IDEM_RUNNING)
			return 1;
		arena_reset(arena);
	}
	return 0;
}

START_TEST(a_key_released_between_two_looks_is_free)
{
	ck_assert_int_eq(in_processes(3, take_and_release), 0);
}
END_TEST

UNIT_MAIN_FIXTURE("store_sessions", store_setup, store_teardown,
    a_session_lives_until_it_expires, a_session_is_renewed_up_to_its_most,
    a_charge_counts_up_to_the_limit, a_new_day_begins_at_nought,
    no_more_is_given_back_than_was_taken,
    several_are_charged_at_once_or_none_is,
    several_are_charged_whatever_is_stored, several_keys_are_done_at_once,
    live_ones_are_told_from_the_others,
    processes_share_one_quota, a_counter_stops_at_its_limit,
    a_counter_takes_more_than_one, several_counters_are_taken_at_once_or_none,
    a_new_counter_is_shared_at_once, several_new_keys_are_taken_at_once,
    a_key_is_taken_once_and_answered_ever_after,
    a_key_left_behind_is_taken_over_with_its_ids, one_takes_over,
    a_key_released_between_two_looks_is_free)
