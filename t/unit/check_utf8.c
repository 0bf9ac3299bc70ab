#include "config.h"

#include "unit.h"

#include "base/utf8.h"

/* The edges of each row of Unicode's table 3-7. */
START_TEST(each_row_of_the_table_has_its_edges)
{
	static const struct { const char *z; size_t len; } chars[] = {
		{ "\x01", 1 }, { "\x7f", 1 }, { "\x80", 0 }, { "\xbf", 0 },
		{ "\xc0\x80", 0 }, { "\xc1\xbf", 0 }, { "\xc2\x80", 2 },
		{ "\xdf\xbf", 2 }, { "\xc2\x7f", 0 }, { "\xc2\xc0", 0 },
		{ "\xe0\x9f\xbf", 0 }, { "\xe0\xa0\x80", 3 }, { "\xe1\x80\x80", 3 },
		{ "\xec\xbf\xbf", 3 }, { "\xed\x9f\xbf", 3 }, { "\xed\xa0\x80", 0 },
		{ "\xee\x80\x80", 3 }, { "\xef\xbf\xbf", 3 }, { "\xef\xbf\xc0", 0 },
		{ "\xf0\x8f\xbf\xbf", 0 }, { "\xf0\x90\x80\x80", 4 },
		{ "\xf4\x8f\xbf\xbf", 4 }, { "\xf4\x90\x80\x80", 0 },
		{ "\xf5\x80\x80\x80", 0 }, { "\xff", 0 }, { "\xf0\x90\x80", 0 },
		{ "\xf0\x90\x80x", 0 }, { "\xe1\x80", 0 }, { "\xc2", 0 },
	};

	for (size_t i = 0; i < sizeof chars / sizeof chars[0]; i++) {
		struct str s = str_of(chars[i].z);

		ck_assert_msg(utf8_char(s.p, s.n) == chars[i].len, "row %zu", i);
		ck_assert_int_eq(utf8_valid(s), chars[i].len > 0);
		ck_assert_int_eq(utf8_bad(s.p, s.n) == 0, chars[i].len > 0);
	}
	ck_assert_uint_eq(utf8_char("", 0), 0);
	ck_assert_uint_eq(utf8_bad("", 0), 0);
	ck_assert_uint_eq(utf8_char("\0", 1), 1);
	ck_assert(utf8_valid(STR("")) && utf8_valid(STR_NULL));
}
END_TEST

/* Every code point, encoded by the formula of RFC 3629. */
START_TEST(every_code_point_is_one_character)
{
	for (unsigned long c = 0; c < 0x110000; c++) {
		char p[4];
		size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
		static const unsigned char first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
		bool surrogate = c >= 0xd800 && c < 0xe000;

		p[0] = (char)(first[n] | c >> 6 * (n - 1));
		for (size_t i = 1; i < n; i++)
			p[i] = (char)(0x80 | (c >> 6 * (n - 1 - i) & 63));
		if (utf8_char(p, n) != (surrogate ? 0 : n))
			ck_abort_msg("U+%04lX", c);
		if (n > 1 && utf8_char(p, n - 1) != 0)
			ck_abort_msg("U+%04lX, cut", c);
	}
}
END_TEST

START_TEST(code_points_are_counted)
{
	ck_assert_uint_eq(utf8_count(STR("")), 0);
	ck_assert_uint_eq(utf8_count(STR("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x92\x8e")), 4);
	ck_assert_uint_eq(utf8_count(STR("a\xff\xf0\x9f\x92z")), 4);
}
END_TEST

START_TEST(a_head_ends_between_two_characters)
{
	struct str s = STR("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x92\x8e");
	static const size_t heads[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10 };

	for (size_t n = 0; n < sizeof heads / sizeof heads[0]; n++) {
		ck_assert_uint_eq(utf8_head(s, n).n, heads[n]);
		ck_assert_ptr_eq(utf8_head(s, n).p, s.p);
	}
	ck_assert_uint_eq(utf8_head(STR("\x80\x80\x80\x80\x80\x80"), 5).n, 5);
	ck_assert_uint_eq(utf8_head(STR("\x80\x80"), 1).n, 1);
	ck_assert_uint_eq(utf8_head(STR(""), 0).n, 0);
	ck_assert_ptr_null(utf8_head(STR_NULL, 5).p);
}
END_TEST

START_TEST(controls_and_bidi_overrides_are_found)
{
	static const char *const bad[] = { "a\x01", "\x1f", "\r", "\x7f", "\xc2\x80",
		"\xc2\x9f", "x\xe2\x80\xaa", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa9",
		"\xff", "\xe2\x80" };
	static const char *const good[] = { "", "a b", "\xc2\xa0", "\xe2\x80\xa9",
		"\xe2\x80\xaf", "\xe2\x81\xa5", "\xe2\x81\xaa", "\xe3\x80\xaa",
		"\xe2\x82\xaa", "\xf0\x9f\x92\x8e", "\xc3\x80" };

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		ck_assert_msg(utf8_has_controls(str_of(bad[i]), true), "bad %zu", i);
		ck_assert_msg(utf8_has_controls(str_of(bad[i]), false), "bad %zu", i);
	}
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		ck_assert_msg(!utf8_has_controls(str_of(good[i]), false), "good %zu", i);
	ck_assert(!utf8_has_controls(STR("a\n\tb"), true));
	ck_assert(utf8_has_controls(STR("a\nb"), false));
	ck_assert(utf8_has_controls(STR("a\tb"), false));
	ck_assert(utf8_has_controls(STR("a\0b"), true));
}
END_TEST

/* The examples of Unicode 15, tables 3-8 to 3-11. */
START_TEST(each_maximal_subpart_becomes_one_replacement)
{
#define R "\xef\xbf\xbd"
	static const struct { const char *in, *out; } rows[] = {
		{ "\xc0\xaf\xe0\x80\xbf\xf0\x81\x82" "A", R R R R R R R R "A" },
		{ "\xed\xa0\x80\xed\xbf\xbf\xed\xaf" "A", R R R R R R R R "A" },
		{ "\xf4\x91\x92\x93\xff" "A\x80\xbf" "B", R R R R R "A" R R "B" },
		{ "\xe1\x80\xe2\xf0\x91\x92\xf1\xbf" "A", R R R R "A" },
		{ "ok \xf0\x9f\x92", "ok " R },
		{ "\xf0\x9f\x92\x8e\xc3", "\xf0\x9f\x92\x8e" R },
	};
	struct arena *arena = arena_new();
	struct str good = STR("r\xc3\xb6" "ck");

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		ck_assert_str(utf8_repair(arena, str_of(rows[i].in)), rows[i].out);
	ck_assert_ptr_eq(utf8_repair(arena, good).p, good.p);
	ck_assert_ptr_null(utf8_repair(arena, STR_NULL).p);
	arena_free(arena);
}
END_TEST

UNIT_MAIN("utf8", each_row_of_the_table_has_its_edges,
    every_code_point_is_one_character, code_points_are_counted,
    a_head_ends_between_two_characters,
    controls_and_bidi_overrides_are_found,
    each_maximal_subpart_becomes_one_replacement)
