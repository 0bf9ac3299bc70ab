#include "config.h"

#include "app/session-cache.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

enum { LATER = 1000 };

static struct session_entry
entry_of(int n, int user)
{
	struct session_entry entry = { .until_mono_ms = LATER, .ends_ms = n };

	(void)snprintf(entry.id, sizeof entry.id, "id-%d", n);
	(void)snprintf(entry.user_id, sizeof entry.user_id, "user-%d", user);
	return entry;
}

static void
put(struct session_cache *cache, int n, int user)
{
	struct session_entry entry = entry_of(n, user);

	session_cache_put(cache, &entry, session_cache_epoch(cache));
}

static bool
there(struct session_cache *cache, int n)
{
	struct session_entry want = entry_of(n, 0), got;

	if (!session_cache_get(cache, str_of(want.id), 0, &got))
		return false;
	ck_assert_int_eq(got.ends_ms, n);
	return true;
}

START_TEST(an_entry_holds_for_its_time)
{
	struct session_cache *cache = session_cache_new();
	struct session_entry got;

	ck_assert(!there(cache, 1));
	put(cache, 1, 1);
	ck_assert(there(cache, 1));
	ck_assert(!there(cache, 2));
	ck_assert(session_cache_get(cache, STR("id-1"), LATER - 1, &got));
	ck_assert(!session_cache_get(cache, STR("id-1"), LATER, &got));
	ck_assert(!session_cache_get(cache, STR(""), 0, &got));
}
END_TEST

START_TEST(what_is_revoked_is_gone)
{
	struct session_cache *cache = session_cache_new();

	put(cache, 1, 1);
	put(cache, 2, 1);
	put(cache, 3, 2);
	session_cache_forget(cache, STR("id-1"));
	ck_assert(!there(cache, 1) && there(cache, 2) && there(cache, 3));
	put(cache, 1, 1);
	session_cache_forget_user(cache, STR("user-1"));
	ck_assert(!there(cache, 1) && !there(cache, 2) && there(cache, 3));
}
END_TEST

/* A look-up before the revocation, which ends behind it. */
START_TEST(a_late_look_up_brings_nothing_back)
{
	struct session_cache *cache = session_cache_new();
	struct session_entry entry = entry_of(1, 1);
	int64_t before = session_cache_epoch(cache);

	session_cache_forget(cache, STR("id-1"));
	session_cache_put(cache, &entry, before);
	ck_assert(!there(cache, 1));
	before = session_cache_epoch(cache);
	session_cache_forget_user(cache, STR("user-1"));
	session_cache_put(cache, &entry, before);
	ck_assert(!there(cache, 1));
	session_cache_put(cache, &entry, session_cache_epoch(cache));
	ck_assert(there(cache, 1));
}
END_TEST

/* How often each of these sessions is given, from whatever place one begins. */
static void
take_all(struct session_cache *cache, int64_t now_mono_ms, int ret_times[4])
{
	struct session_entry taken[2], from;
	size_t n;
	int id;

	memset(ret_times, 0, 4 * sizeof *ret_times);
	for (int i = 100; i < 400; i++) {
		from = entry_of(i, 0);
		n = session_cache_take_due(cache, str_of(from.id), now_mono_ms, LATER / 2,
		    taken, 2);
		for (size_t k = 0; k < n; k++) {
			ck_assert_int_eq(sscanf(taken[k].id, "id-%d", &id), 1);
			ret_times[id]++;
		}
	}
}

START_TEST(those_in_use_are_taken_along_once)
{
	struct session_cache *cache = session_cache_new();
	struct session_entry key = entry_of(3, 1);
	int times[4];

	key.is_key = true;
	put(cache, 0, 1);
	put(cache, 1, 1);
	put(cache, 2, 1);
	session_cache_put(cache, &key, session_cache_epoch(cache));
	ck_assert(there(cache, 1) && there(cache, 2) && there(cache, 3));
	take_all(cache, LATER / 2 - 1, times);		/* not yet */
	ck_assert_int_eq(times[0] + times[1] + times[2] + times[3], 0);
	take_all(cache, LATER * 3 / 2, times);		/* no more */
	ck_assert_int_eq(times[0] + times[1] + times[2] + times[3], 0);
	ck_assert_int_eq(session_cache_take_due(cache, STR("id-1"), LATER, 0, &key, 1), 0);
	take_all(cache, LATER / 2 + 1, times);
	ck_assert_int_eq(times[0], 0);			/* not in use */
	ck_assert_int_eq(times[1], 1);
	ck_assert_int_eq(times[2], 1);
	ck_assert_int_eq(times[3], 0);			/* a key */
	take_all(cache, LATER / 2 + 1, times);
	ck_assert_int_eq(times[1] + times[2], 0);
	ck_assert(there(cache, 1));
	take_all(cache, LATER / 2 + 1, times);
	ck_assert_int_eq(times[1], 1);
}
END_TEST

/* More than there is room for: some are looked up again, none is mistaken. */
START_TEST(a_full_one_goes_on)
{
	struct session_cache *cache = session_cache_new();
	int found = 0;

	for (int i = 0; i < 20000; i++) {
		put(cache, i, i);
		ck_assert(there(cache, i));
	}
	for (int i = 0; i < 20000; i++)
		found += there(cache, i);
	ck_assert_int_gt(found, 7000);
	ck_assert_int_le(found, 8192);
}
END_TEST

/* Processes that are killed in the midst of it leave no half entry and no lock. */
START_TEST(who_dies_inside_harms_nobody)
{
	struct session_cache *cache = session_cache_new();

	for (int round = 0; round < 30; round++) {
		pid_t child = fork();

		if (child == 0)
			for (int i = 0;; i++)
				put(cache, i % 3000, i % 7);
		ck_assert_int_eq(usleep(3000), 0);
		ck_assert_int_eq(kill(child, SIGKILL), 0);
		ck_assert_int_eq(waitpid(child, NULL, 0), child);
		for (int i = 0; i < 3000; i++)
			(void)there(cache, i);
		session_cache_forget_user(cache, STR("user-3"));
	}
	put(cache, 1, 1);
	ck_assert(there(cache, 1));
}
END_TEST

UNIT_MAIN("session_cache", an_entry_holds_for_its_time, what_is_revoked_is_gone,
    a_late_look_up_brings_nothing_back, those_in_use_are_taken_along_once,
    a_full_one_goes_on, who_dies_inside_harms_nobody)
