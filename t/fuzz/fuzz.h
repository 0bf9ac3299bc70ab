/*
 * fuzz.h - what a fuzz target of t/fuzz has in common.
 *
 * A target is t/fuzz/fuzz_<name>.c with LLVMFuzzerTestOneInput() and a line
 * `FUZZERS += t/fuzz/fuzz_<name>` in Makefile.am; its seeds are the files of
 * t/fuzz/corpus/<name>/. `make check` replays them (replay.c); a build with
 * `configure --enable-fuzz CC=clang` makes libFuzzer programs instead:
 *
 *	t/fuzz/fuzz_url -max_total_time=60 /tmp/new t/fuzz/corpus/url
 *
 * An assertion that fails, or a sanitizer, is the finding.
 */
#ifndef BEZEL_T_FUZZ_H
#define BEZEL_T_FUZZ_H

#undef NDEBUG
#include <assert.h>

#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* An arena that is empty at the begin of each input. */
static inline struct arena *
fuzz_arena(void)
{
	static struct arena *arena;

	if (arena == NULL)
		arena = arena_new();
	arena_reset(arena);
	return arena;
}

static inline struct str
fuzz_str(const uint8_t *data, size_t n)
{
	return (struct str){ n == 0 ? "" : (const char *)data, n };
}

static inline bool
fuzz_is_within(struct str part, struct str whole)
{
	return part.p >= whole.p && part.p + part.n <= whole.p + whole.n;
}

#endif
