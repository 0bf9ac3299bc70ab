#include "config.h"

#include "unit.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/roff.h"
#include "base/uuid.h"

START_TEST(strings_compare_and_cut)
{
	struct str s = STR("a,b,,c");

	ck_assert_str(str_cut(&s, ','), "a");
	ck_assert_str(str_cut(&s, ','), "b");
	ck_assert_str(str_cut(&s, ','), "");
	ck_assert_str(str_cut(&s, ','), "c");
	ck_assert_ptr_null(s.p);
	ck_assert(str_eq_nocase(STR("Ruby"), STR("rUBY")));
	ck_assert(!str_eq_nocase(STR("Ruby"), STR("Rub")));
	ck_assert(str_contains_nocase(STR("a Rose ring"), STR("rose")));
	ck_assert(!str_contains_nocase(STR("ros"), STR("rose")));
	ck_assert_int_lt(str_cmp(STR("a"), STR("ab")), 0);
	ck_assert_int_eq(str_cmp(STR("ab"), STR("ab")), 0);
	ck_assert_str(str_trim(STR(" \tx y ")), "x y");
	ck_assert(str_starts(STR("abc"), STR("ab")));
	ck_assert(!str_starts(STR("a"), STR("ab")));
}
END_TEST

START_TEST(decimal_numbers_are_strict)
{
	static const char *const bad[] = { "", "-", "+1", "01", "1x", " 1", "-0",
		"9223372036854775808", "-9223372036854775809", "1.0" };
	int64_t v = 7;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(!str_to_i64(str_of(bad[i]), &v), "%s", bad[i]);
	ck_assert_int_eq(v, 7);
	ck_assert(str_to_i64(STR("9223372036854775807"), &v) && v == INT64_MAX);
	ck_assert(str_to_i64(STR("-9223372036854775808"), &v) && v == INT64_MIN);
	ck_assert(str_to_i64(STR("0"), &v) && v == 0);
}
END_TEST

static void
count_up(void *object)
{
	int **at = object;

	*(*at)++ = 1;
}

START_TEST(arenas_keep_large_and_small_and_run_defers)
{
	struct arena *arena = arena_new_wiped();
	int calls[3] = { 0 }, *at = calls;
	char *large = arena_alloc(arena, 100000);

	large[99999] = 'x';
	for (int i = 0; i < 10000; i++)
		ck_assert_int_eq(*(char *)arena_alloc(arena, 17), 0);
	ck_assert_str(arena_printf(arena, "%s-%d", "a", 5), "a-5");
	ck_assert_str(ARENA_JOIN(arena, STR("a"), STR_NULL, STR(""), STR("bc")),
	    "abc");
	ck_assert_str(ARENA_JOIN(arena, STR_NULL), "");
	ck_assert_ptr_null(arena_str(arena, STR_NULL).p);
	arena_defer(arena, count_up, &at);
	arena_defer(arena, count_up, &at);
	arena_reset(arena);
	ck_assert_ptr_eq(at, calls + 2);
	ck_assert_int_eq(*(char *)arena_alloc(arena, 1), 0);
	arena_free(arena);
	arena_free(NULL);
}
END_TEST

START_TEST(buffers_remember_that_they_were_too_small)
{
	struct arena *arena = arena_new();
	struct buf buf;

	buf_init(&buf, arena, 0, 10);
	buf_addz(&buf, "12345");
	buf_add_i64(&buf, -12);
	ck_assert_str(buf_str(&buf), "12345-12");
	buf_addz(&buf, "abc");
	ck_assert(buf.failed);
	buf_add_char(&buf, 'x');
	ck_assert_str(buf_str(&buf), "12345-12");
	buf_init(&buf, arena, 4, 1000);
	buf_add_i64(&buf, INT64_MIN);
	buf_add_hex(&buf, "\xff\x01", 2);
	buf_printf(&buf, "%d%s", 3, "x");
	ck_assert_str(buf_str(&buf), "-9223372036854775808ff013x");
	arena_free(arena);
}
END_TEST

START_TEST(errors_carry_all_faults_and_a_bound)
{
	struct arena *arena = arena_new();
	struct err err;

	err_init(&err);
	for (int i = 0; i < FAULTS_MAX + 5; i++)
		err_fault(&err, arena, STR("/a"), "too_long", "at most %d", i);
	ck_assert_int_eq(err.rc, RC_INVALID);
	ck_assert_int_eq(err.fault_count, FAULTS_MAX + 5);
	ck_assert_str(err.faults->next->detail, "at most 1");
	ck_assert_int_eq(err_set(&err, RC_NOT_FOUND, "no %s", "x"), RC_NOT_FOUND);
	ck_assert_int_eq(err_detail(&err, "d"), RC_NOT_FOUND);
	ck_assert_int_eq(error_rows[RC_NOT_FOUND].status, 404);
	for (int i = 0; i < RC_COUNT; i++)
		ck_assert(error_rows[i].code != NULL && error_rows[i].title != NULL);
	arena_free(arena);
}
END_TEST

START_TEST(times_go_to_text_and_back)
{
	static const struct { const char *text; int64_t ms; } good[] = {
		{ "1970-01-01T00:00:00.000Z", 0 },
		{ "2000-02-29T23:59:59.999Z", 951868799999 },
		{ "1969-12-31T23:59:59.999Z", -1 },
		{ "0000-01-01T00:00:00.000Z", -62167219200000 },
		{ "9999-12-31T23:59:59.999Z", 253402300799999 },
	};
	static const char *const bad[] = { "", "2026-02-29T00:00:00Z",
		"2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01 00:00:00Z",
		"2026-01-01T00:00:00", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00.0000Z",
		"2026-01-01T00:00:00Zx", "26-01-01T00:00:00Z", "2026-01-01T00:00:00+1:00" };
	char text[CLOCK_TEXT_BYTES], day[11];
	int64_t ms = 5;

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		clock_text(good[i].ms, text);
		ck_assert_str(((struct str){ text, sizeof text }), good[i].text);
		ck_assert(clock_parse(str_of(good[i].text), &ms));
		ck_assert_int_eq(ms, good[i].ms);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(!clock_parse(str_of(bad[i]), &ms), "%s", bad[i]);
	ck_assert(clock_parse(STR("1970-01-01T01:00:00.5+01:00"), &ms) && ms == 500);
	ck_assert(clock_parse(STR("1970-01-01T00:00:00-00:30"), &ms) && ms == 1800000);
	{
		struct arena *arena = arena_new();
		struct buf buf;

		buf_init(&buf, arena, 32, 64);
		buf_add_json_time(&buf, 0);
		buf_add_json_time(&buf, INT64_MIN);
		ck_assert_str(buf_str(&buf), "\"1970-01-01T00:00:00.000Z\"null");
		arena_free(arena);
	}
	clock_text(INT64_MAX, text);
	ck_assert_str(((struct str){ text, 4 }), "9999");
	clock_day(951868799999, day);
	ck_assert_str_eq(day, "2000-02-29");
	clock_set_skew_ms(3600000);
	ms = clock_now_ms();
	clock_set_skew_ms(0);
	ck_assert_int_ge(ms - clock_now_ms(), 3599000);
	ms = clock_mono_ms();
	clock_sleep_ms(5);
	ck_assert_int_ge(clock_mono_ms() - ms, 4);
}
END_TEST

START_TEST(uuids_are_version_7_in_time_order)
{
	struct arena *arena = arena_new();
	struct str a = uuid_new(arena), b;

	clock_sleep_ms(2);
	b = uuid_new(arena);
	ck_assert(uuid_is(a) && uuid_is(b) && !str_eq(a, b));
	ck_assert_int_eq(a.p[14], '7');
	ck_assert_int_lt(str_cmp(a, b), 0);
	ck_assert(!uuid_is(STR("0190A5B0-0000-7000-8000-000000000000")));
	ck_assert(!uuid_is(STR("0190a5b0-0000-7000-8000-00000000000")));
	ck_assert(!uuid_is(STR("0190a5b0x0000-7000-8000-000000000000")));
	arena_free(arena);
}
END_TEST

START_TEST(uuids_are_sixteen_bytes)
{
	static const unsigned char expected[16] = { 0x01, 0x9a, 0, 0, 0x01, 0x23,
		0x7a, 0xbc, 0x8d, 0xef, 0, 0xff, 0x10, 0x20, 0x30, 0x40 };
	struct str text = STR("019a0000-0123-7abc-8def-00ff10203040");
	unsigned char bytes[16];
	char back[UUID_TEXT];

	uuid_bytes(text, bytes);
	ck_assert_mem_eq(bytes, expected, sizeof bytes);
	uuid_text(bytes, back);
	ck_assert_mem_eq(back, text.p, UUID_TEXT);
}
END_TEST

START_TEST(uuids_of_a_time_and_a_tail_are_the_same)
{
	static const unsigned char ones[16] = {
		[6] = 0xff, [8] = 0xff, [15] = 0x01 };
	static const int64_t times[] = { 0, 1, 0x0190a5b01234, 0xffffffffffff };
	struct arena *arena = arena_new();

	ck_assert(str_eqz(uuid_of(arena, 0x0190a5b01234, ones),
	    "0190a5b0-1234-7f00-bf00-000000000001"));
	for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
		ck_assert_int_eq(uuid_ms(uuid_of(arena, times[i], ones)), times[i]);
	ck_assert_int_le(clock_now_ms() - uuid_ms(uuid_new(arena)), 1000);
	arena_free(arena);
}
END_TEST

START_TEST(log_text_is_always_json)
{
	char out[64];
	size_t n = log_json_text(out, sizeof out,
	    STR("a\"\\\n\x7f\xff\xc3\xa4\xed\xa0\x80\xf0\x9f\x92\x8e"));

	ck_assert_str(((struct str){ out, n }), "\"a\\\"\\\\\\u000a\\u007f\xef\xbf\xbd\xc3\xa4"
	    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xf0\x9f\x92\x8e\"");
	n = log_json_text(out, 20, STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
	ck_assert(n <= 20 && out[n - 1] == '"');
	ck_assert_uint_eq(log_json_text(out, 3, STR("a")), 0);
}
END_TEST

START_TEST(nothing_in_a_text_is_roffs)
{
	static const struct { struct str text; const char *roff; } rows[] = {
		{ STR_INIT(".TH"), "\\&.TH" },
		{ STR_INIT("a\\fB 'b' `c`"), "a\\efB \\(aqb\\(aq \\(gac\\(ga" },
		{ STR_INIT("re-used --name -1"), "re-used \\-\\-name \\-1" },
		{ STR_INIT("One. Two? Three.x 4. five"),
		    "One.\nTwo?\nThree.x 4. five" },
		{ STR_INIT(""), "" },
	};
	struct arena *arena = arena_new();

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct buf buf;

		buf_init(&buf, arena, 0, 100);
		roff_add_text(&buf, rows[i].text);
		ck_assert_str(buf_str(&buf), rows[i].roff);
	}
	arena_free(arena);
}
END_TEST

UNIT_MAIN("base", strings_compare_and_cut, decimal_numbers_are_strict,
    arenas_keep_large_and_small_and_run_defers,
    buffers_remember_that_they_were_too_small,
    errors_carry_all_faults_and_a_bound, times_go_to_text_and_back,
    uuids_are_version_7_in_time_order,
    uuids_are_sixteen_bytes, uuids_of_a_time_and_a_tail_are_the_same, log_text_is_always_json,
    nothing_in_a_text_is_roffs)
