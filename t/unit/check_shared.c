#include "config.h"

#include "app/shared.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "unit.h"

START_TEST(an_owner_with_many_falls_behind)
{
	struct shared *shared = shared_new();
	int64_t now = 1000000, first, second;

	ck_assert(gate_enter(shared, STR("guest:a"), clock_mono_ms() + 1000));
	first = gate_rank(shared, STR("guest:a"), now);
	ck_assert_int_eq(gate_rank(shared, STR("guest:a"), now), first);
	gate_ranked(shared, STR("guest:a"), first);	/* it was given */
	second = gate_rank(shared, STR("guest:a"), now);
	gate_leave(shared, STR("guest:a"));
	ck_assert_int_eq(first, now);
	ck_assert_int_gt(second, first);
	ck_assert(gate_enter(shared, STR("guest:b"), clock_mono_ms() + 1000));
	ck_assert_int_eq(gate_rank(shared, STR("guest:b"), now + 1), now + 1);
	gate_leave(shared, STR("guest:b"));
}
END_TEST

/* Who dies inside leaves the gate open; who is inside keeps it shut. */
START_TEST(a_gate_lets_one_in)
{
	struct shared *shared = shared_new();
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(!gate_enter(shared, STR("a"), clock_mono_ms() + 1000));
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert(gate_enter(shared, STR("a"), clock_mono_ms() + 1000));
	child = fork();
	if (child == 0)
		_exit(gate_enter(shared, STR("a"), clock_mono_ms() + 50));
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	gate_leave(shared, STR("a"));
	ck_assert(gate_enter(shared, STR("a"), clock_mono_ms()));
	gate_leave(shared, STR("a"));
}
END_TEST

/* Of several that are tried, each of another owner, none is waited for. */
START_TEST(a_gate_is_tried_without_waiting)
{
	struct shared *shared = shared_new();
	pid_t child;
	int status;

	ck_assert(gate_try(shared, STR("guest:a")));
	ck_assert(!gate_try(shared, STR("guest:a")));	/* not even we */
	ck_assert(gate_try(shared, STR("guest:b")));
	child = fork();
	if (child == 0)
		_exit(gate_try(shared, STR("guest:a"))
		    || gate_enter(shared, STR("guest:b"), clock_mono_ms())
		    || !gate_try(shared, STR("guest:c")));
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert(gate_try(shared, STR("guest:c")));	/* who was inside has died */
	gate_leave(shared, STR("guest:a"));
	ck_assert(gate_try(shared, STR("guest:a")));
	ck_assert(!gate_try(shared, STR("guest:b")));
	gate_leave(shared, STR("guest:b"));
	ck_assert(gate_enter(shared, STR("guest:b"), clock_mono_ms()));
}
END_TEST

START_TEST(a_refusal_is_remembered)
{
	struct shared *shared = shared_new();

	ck_assert(!gate_refused_lately(shared, STR("guest:a")));
	gate_note_refusal(shared, STR("guest:a"));
	ck_assert(gate_refused_lately(shared, STR("guest:a")));
	ck_assert(!gate_refused_lately(shared, STR("guest:b")));
	ck_assert(gate_try(shared, STR("guest:a")));	/* it shuts nobody out */
}
END_TEST

/* It does not wait, and another one is let in. */
START_TEST(one_at_a_time_does_not_wait)
{
	struct shared *shared = shared_new();
	pid_t child;
	int status;

	ck_assert(solo_enter(shared, STR("a")));
	child = fork();
	if (child == 0)
		_exit(solo_enter(shared, STR("a"))
		    || !solo_enter(shared, STR("b")));
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert(solo_enter(shared, STR("b")));	/* who held it has died */
	solo_leave(shared, STR("a"));
	ck_assert(solo_enter(shared, STR("a")));
}
END_TEST

UNIT_MAIN("shared", an_owner_with_many_falls_behind, a_gate_lets_one_in,
    a_gate_is_tried_without_waiting, a_refusal_is_remembered,
    one_at_a_time_does_not_wait)
