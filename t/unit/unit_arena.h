/*
 * unit_arena.h - an arena of its own for each case, and nothing else: give setup
 * and teardown to UNIT_MAIN_FIXTURE or to the test case. Include it last: functions of
 * other headers have parameters of that name.
 */
#ifndef BEZEL_T_UNIT_ARENA_H
#define BEZEL_T_UNIT_ARENA_H

#include "base/arena.h"

static struct arena *arena;

static void
setup(void)
{
	arena = arena_new();
}

static void
teardown(void)
{
	arena_free(arena);
}

#endif
