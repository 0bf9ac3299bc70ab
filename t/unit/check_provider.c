#include "config.h"

#include "unit.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "provider/flaky.h"
#include "provider/mem.h"
#include "provider/png.h"

static struct provider *
flaky(struct arena *arena, const char *script)
{
	static const struct provider_mem_options plain;
	struct provider *provider = NULL;
	struct err err;

	err_init(&err);
	ck_assert_msg(provider_flaky_open(arena, provider_mem_open(arena, &plain),
	    str_of(script), &provider, &err) == RC_OK, "%s", err.message);
	return provider;
}

START_TEST(mem_makes_pictures_that_follow_the_seed)
{
	static const struct provider_mem_options options = { .side_px = 16,
		.cost_microusd = 39000 };
	struct arena *arena = arena_new();
	struct provider *mem = provider_mem_open(arena, &options);
	struct provider_request request = { .prompt = STR("a ring"), .seed = 7 };
	const struct provider_result *a, *b, *c;

	a = provider_result(provider_start(mem, arena, &request));
	b = provider_result(provider_start(mem, arena, &request));
	request.variation = 1;
	c = provider_result(provider_start(mem, arena, &request));
	ck_assert_str_eq(provider_name(mem), "mem");
	ck_assert_int_eq(a->outcome, PROVIDER_OK);
	ck_assert_int_eq(a->cost_microusd, 39000);
	ck_assert_int_eq(a->attempts_left_at_most, -1);
	ck_assert_str(a->mime, "image/png");
	ck_assert(str_eq(a->image, b->image));
	ck_assert(!str_eq(a->image, c->image));
	ck_assert(str_eq(png_strip(arena, a->image), a->image));
	provider_wait(mem, 10000);
	request.prompt = STR("refuse me");
	ck_assert_int_eq(provider_result(provider_start(mem, arena, &request))->outcome,
	    PROVIDER_REFUSED);
	request.is_refinement = true;
	request.prompt = STR("a ring");
	request.change.prompt = STR("smaller");
	ck_assert_int_eq(provider_result(provider_start(mem, arena, &request))->outcome,
	    PROVIDER_OK);
	request.change.prompt = STR("refuse me");
	ck_assert_int_eq(provider_result(provider_start(mem, arena, &request))->outcome,
	    PROVIDER_REFUSED);
	ck_assert(!str_contains_nocase(a->parameters, STR("test_mode")));
	provider_close(mem);
	arena_free(arena);
}
END_TEST

START_TEST(pictures_of_test_mode_say_so_and_cost_nothing)
{
	static const struct provider_mem_options options = { .test_mode = true };
	struct arena *arena = arena_new();
	struct provider_request request = { .prompt = STR("a ring") };
	const struct provider_result *result = provider_result(provider_start(
	    provider_mem_open(arena, &options), arena, &request));

	ck_assert_int_eq(result->outcome, PROVIDER_OK);
	ck_assert_int_eq(result->cost_microusd, 0);
	ck_assert(str_contains_nocase(result->parameters,
	    STR("\"test_mode\":true")));
	arena_free(arena);
}
END_TEST

START_TEST(without_a_service_there_is_nothing_to_ask)
{
	struct arena *arena = arena_new();
	struct provider_check check;

	provider_check(flaky(arena, "*:hang"), arena, &check);
	ck_assert_int_eq(check.outcome, PROVIDER_OK);
	ck_assert_str(check.reason, "ok");
	ck_assert_ptr_null(check.models.p);
	ck_assert_ptr_null(check.missing.p);
	arena_free(arena);
}
END_TEST

/* The picture of an independent decoder: Python's zlib, by way of its checks. */
START_TEST(mem_pictures_are_valid_for_others)
{
	static const struct provider_mem_options options = { .side_px = 300 };
	struct arena *arena = arena_new();
	struct provider_request request = { .seed = 3 };
	struct str png = provider_result(provider_start(provider_mem_open(arena, &options),
	    arena, &request))->image;
	FILE *python = popen("python3 -c \"import sys, zlib, struct\n"
	    "d = sys.stdin.buffer.read(); n = d.index(b'IDAT')\n"
	    "size = struct.unpack('>I', d[n-4:n])[0]\n"
	    "sys.exit(len(zlib.decompress(d[n+4:n+4+size])) != 300 * 901)\"", "w");

	ck_assert_ptr_nonnull(python);
	ck_assert_uint_eq(fwrite(png.p, 1, png.n, python), png.n);
	ck_assert_int_eq(pclose(python), 0);
	arena_free(arena);
}
END_TEST

START_TEST(png_strip_keeps_what_shows_and_refuses_what_is_broken)
{
	struct arena *arena = arena_new();
	const uint8_t rgb[12] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
	struct str png = png_encode(arena, rgb, 2, 2), out;
	/* a tIME chunk with its right checksum, put after IHDR */
	static const char time_chunk[] = "\0\0\0\7tIME\7\xea\1\2\3\4\5\xfa\x22\xfc\xad";
	char *with = arena_alloc(arena, png.n + sizeof time_chunk - 1);

	memcpy(with, png.p, 33);
	memcpy(with + 33, time_chunk, sizeof time_chunk - 1);
	memcpy(with + 33 + sizeof time_chunk - 1, png.p + 33, png.n - 33);
	out = png_strip(arena, (struct str){ with, png.n + sizeof time_chunk - 1 });
	ck_assert_msg(out.p != NULL, "refused");
	ck_assert(str_eq(out, png));
	for (size_t n = 0; n < png.n; n++)
		ck_assert_ptr_null(png_strip(arena, str_slice(png, 0, n)).p);
	for (size_t i = 0; i < png.n; i++) {
		char *bent = arena_strz(arena, png);

		bent[i] ^= 4;
		ck_assert_msg(png_strip(arena, (struct str){ bent, png.n }).p == NULL,
		    "byte %zu", i);
	}
	arena_free(arena);
}
END_TEST

START_TEST(flaky_follows_its_script)
{
	struct arena *arena = arena_new();
	struct provider *provider = flaky(arena,
	    "2:retry, 3:refused,4:timeout,5:rate_limited:1500,6:alarm,7:damaged,8:failed,9:killed");
	struct provider_request request = { .seed = 1 };
	static const struct { enum provider_outcome outcome; const char *reason; } expected[] = {
		{ PROVIDER_OK, "ok" }, { PROVIDER_RETRY, "unavailable" },
		{ PROVIDER_REFUSED, "image_safety" }, { PROVIDER_RETRY, "timeout" },
		{ PROVIDER_RETRY, "rate_limited" }, { PROVIDER_FAILED, "no_renderer" },
		{ PROVIDER_OK, "ok" }, { PROVIDER_FAILED, "bad_output" },
		{ PROVIDER_RETRY, "killed" }, { PROVIDER_OK, "ok" } };

	for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
		const struct provider_result *result = provider_result(
		    provider_start(provider, arena, &request));

		ck_assert_int_eq(result->outcome, expected[i].outcome);
		ck_assert_str(result->reason, expected[i].reason);
		ck_assert_int_eq(result->alarm, i == 5);
		ck_assert_int_eq(result->retry_after_ms, i == 4 ? 1500 : 0);
		if (result->outcome == PROVIDER_OK)
			ck_assert_int_eq(png_strip(arena, result->image).p == NULL, i == 6);
	}
	ck_assert_int_eq(provider_flaky_calls(provider), 10);
	ck_assert_str_eq(provider_name(provider), "flaky");
	provider_close(provider);
	arena_free(arena);
}
END_TEST

START_TEST(flaky_counts_each_slot)
{
	struct arena *arena = arena_new();
	struct provider *provider = flaky(arena, "each 1:retry,each 3:failed");
	struct provider_request request = { .prompt = STR("x"), .seed = 1 };

	for (int attempt = 1; attempt <= 4; attempt++)
		for (request.variation = 0; request.variation < 4; request.variation++)
			ck_assert_int_eq(provider_result(provider_start(provider, arena,
			    &request))->outcome, attempt == 1 ? PROVIDER_RETRY :
			    attempt == 3 ? PROVIDER_FAILED : PROVIDER_OK);
	request.seed = 2;
	request.variation = 0;
	ck_assert_int_eq(provider_result(provider_start(provider, arena, &request))->outcome,
	    PROVIDER_RETRY);
	provider_close(provider);
	arena_free(arena);
}
END_TEST

START_TEST(flaky_delays_hangs_and_is_cancelled)
{
	struct arena *arena = arena_new(), *job = arena_new();
	struct provider *provider = flaky(arena, "1:hang,2:ok:60,3:timeout:20,4:hang");
	struct provider_request request = { .seed = 1 };
	struct provider_call *hanging = provider_start(provider, job, &request);
	struct provider_call *slow = provider_start(provider, job, &request);
	struct provider_call *late = provider_start(provider, job, &request);
	int64_t from = clock_mono_ms();

	provider_wait(provider, 10000);
	ck_assert_int_eq(provider_result(late)->outcome, PROVIDER_RETRY);
	ck_assert_int_eq(provider_result(slow)->outcome, PROVIDER_RUNNING);
	provider_wait(provider, 10000);
	ck_assert_int_eq(provider_result(slow)->outcome, PROVIDER_OK);
	ck_assert_int_ge(clock_mono_ms() - from, 55);
	ck_assert_int_lt(clock_mono_ms() - from, 5000);
	provider_wait(provider, 20);
	ck_assert_int_eq(provider_result(hanging)->outcome, PROVIDER_RUNNING);
	provider_cancel(hanging);
	ck_assert_int_eq(provider_result(hanging)->outcome, PROVIDER_CANCELLED);
	provider_cancel(slow);
	ck_assert_int_eq(provider_result(slow)->outcome, PROVIDER_OK);
	/* the end of a job's arena ends its calls */
	(void)provider_start(provider, job, &request);
	arena_free(job);
	from = clock_mono_ms();
	provider_wait(provider, 20000);
	ck_assert_int_lt(clock_mono_ms() - from, slower(1000));
	provider_close(provider);
	arena_free(arena);
}
END_TEST

START_TEST(flaky_ends_the_process)
{
	struct arena *arena = arena_new();
	struct provider *provider = flaky(arena, "1:exit");
	struct provider_request request = { .seed = 1 };
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		(void)provider_start(provider, arena, &request);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 70);
	arena_free(arena);
}
END_TEST

START_TEST(flaky_refuses_bad_scripts)
{
	static const struct provider_mem_options plain;
	static const char *const bad[] = { "x", "1", "1:", "1:nope", "0:retry", "-1:retry",
		"1:retry:x", "1:retry:-1", "each:retry", "each 0:retry", "1:retry,", ",",
		"1:retry:99999999999" };
	struct arena *arena = arena_new();
	struct provider *provider = NULL;
	struct err err;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		err_init(&err);
		ck_assert_msg(provider_flaky_open(arena, provider_mem_open(arena, &plain),
		    str_of(bad[i]), &provider, &err) == RC_INVALID, "%s", bad[i]);
		ck_assert_ptr_null(provider);
	}
	ck_assert_int_eq(provider_flaky_open(arena, provider_mem_open(arena, &plain),
	    STR(""), &provider, &err), RC_OK);
	arena_free(arena);
}
END_TEST

UNIT_MAIN("provider", mem_makes_pictures_that_follow_the_seed,
    pictures_of_test_mode_say_so_and_cost_nothing,
    without_a_service_there_is_nothing_to_ask, mem_pictures_are_valid_for_others,
    png_strip_keeps_what_shows_and_refuses_what_is_broken, flaky_follows_its_script,
    flaky_counts_each_slot, flaky_delays_hangs_and_is_cancelled, flaky_ends_the_process,
    flaky_refuses_bad_scripts)
