#include "config.h"

#include "unit.h"

#include <stdio.h>

#include "base/utf8.h"
#include "codec/url.h"
#include "unit_arena.h"

START_TEST(text_is_decoded_once)
{
	static const struct { const char *in, *out; } rows[] = {
		{ "", "" }, { "abc", "abc" }, { "a%20b", "a b" }, { "%41%7a", "Az" },
		{ "%c3%A4", "\xc3\xa4" }, { "%2525", "%25" }, { "%252e%252e%252f",
		"%2e%2e%2f" }, { "a+b", "a+b" }, { "%F0%9F%92%8E", "\xf0\x9f\x92\x8e" },
		{ "%01%7f", "\x01\x7f" }, { "!~;&=", "!~;&=" },
	};
	struct str out;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		ck_assert(url_decode(arena, str_of(rows[i].in), 0, &out));
		ck_assert_str(out, rows[i].out);
	}
	ck_assert(url_decode(arena, STR("a+b%2B"), URL_PLUS_IS_SPACE, &out));
	ck_assert_str(out, "a b+");
	ck_assert(url_decode(arena, STR_NULL, 0, &out) && out.p != NULL);
}
END_TEST

START_TEST(bad_encodings_are_refused)
{
	static const char *const bad[] = { "%", "%4", "a%", "%g0", "%0g", "%%41",
		"%00", "a%00b", "%u0041", "% 41", "%+1", "%-1", "%ff", "%c0%80", "%c0%ae",
		"%e0%80%af", "%ed%a0%80", "%f4%90%80%80", "%c3", "%c3%28", "%80",
		"a b", "a\tb", "a\nb", "\x7f", "\xc3\xa4", "\xff" };
	struct str out = STR("untouched");

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(!url_decode(arena, str_of(bad[i]), 0, &out), "%s", bad[i]);
	ck_assert(!url_decode(arena, STR("a\0b"), 0, &out));
	ck_assert_str(out, "untouched");
}
END_TEST

START_TEST(each_byte_is_encoded_and_comes_back)
{
	char all[255];
	struct str text, back;

	for (int c = 1; c < 256; c++)
		all[c - 1] = (char)c;
	ck_assert_str(url_encode(arena, STR("aZ09-._~")), "aZ09-._~");
	ck_assert_str(url_encode(arena, STR("/?#[]@!$&'()*+,;=%\" \xc3\xa4")),
	    "%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D%25%22%20%C3%A4");
	ck_assert_str(url_encode(arena, STR("")), "");
	text = url_encode(arena, (struct str){ all, 127 });
	ck_assert(url_decode(arena, text, URL_PLUS_IS_SPACE, &back));
	ck_assert(str_eq(back, (struct str){ all, 127 }));
	/* The upper half alone is not UTF-8. */
	ck_assert(!url_decode(arena, url_encode(arena, (struct str){ all, 255 }), 0,
	    &back));
}
END_TEST

START_TEST(links_are_built)
{
	struct buf buf;

	buf_init(&buf, arena, 0, 1000);
	buf_addz(&buf, "/v1/designs");
	buf_add_param(&buf, "limit", STR("20"));
	buf_add_param(&buf, "q", STR("a & b"));
	ck_assert_str(buf_str(&buf), "/v1/designs?limit=20&q=a%20%26%20b");
}
END_TEST

START_TEST(queries_become_pairs)
{
	struct pairs params;
	struct err err;

	err_init(&err);
	ck_assert_int_eq(url_query(arena, STR("a=1&b=x+y%2B%26&&c&d=&%65=f=g&h;i=1&"),
	    &params, &err), RC_OK);
	ck_assert_uint_eq(params.n, 6);
	ck_assert_str(pairs_get(&params, STR("a")), "1");
	ck_assert_str(pairs_get(&params, STR("b")), "x y+&");
	ck_assert(pairs_get(&params, STR("c")).p != NULL);
	ck_assert_str(pairs_get(&params, STR("c")), "");
	ck_assert_str(pairs_get(&params, STR("d")), "");
	ck_assert_str(pairs_get(&params, STR("e")), "f=g");
	ck_assert_str(pairs_get(&params, STR("h;i")), "1");
	ck_assert_ptr_null(pairs_get(&params, STR("f")).p);
	ck_assert_uint_eq(pairs_count(&params, STR("a")), 1);
	ck_assert_int_eq(url_query(arena, STR(""), &params, &err), RC_OK);
	ck_assert_uint_eq(params.n, 0);
	ck_assert_int_eq(url_query(arena, STR_NULL, &params, &err), RC_OK);
	ck_assert_int_eq(err.rc, RC_OK);
}
END_TEST

static void
assert_query_refused(struct str query, const char *word, const char *name)
{
	struct pairs params = { NULL, 99 };
	struct err err;

	err_init(&err);
	ck_assert_msg(url_query(arena, query, &params, &err) == RC_BAD_QUERY,
	    "%.*s", STR_FMT(query));
	ck_assert_uint_eq(params.n, 99);
	ck_assert_int_eq(err.rc, RC_BAD_QUERY);
	ck_assert_int_eq(err.fault_count, 1);
	ck_assert_str_eq(err.faults->code, word);
	ck_assert_str(err.faults->pointer, name);
	ck_assert(utf8_valid(err.faults->pointer));
}

START_TEST(bad_queries_are_refused)
{
	struct buf buf;
	struct pairs params;
	struct err err;

	assert_query_refused(STR("a=1&b=2&a=3"), "repeated", "a");
	assert_query_refused(STR("a=1&%61=1"), "repeated", "a");
	assert_query_refused(STR("a&a"), "repeated", "a");
	assert_query_refused(STR("=1"), "no_name", "");
	assert_query_refused(STR("="), "no_name", "");
	assert_query_refused(STR("a=%"), "bad_encoding", "a");
	assert_query_refused(STR("a=%00"), "bad_encoding", "a");
	assert_query_refused(STR("%c0%80=1"), "bad_encoding", "%c0%80");
	assert_query_refused(STR("\xff=1"), "bad_encoding", "\xef\xbf\xbd");
	assert_query_refused(STR("0123456789012345678901234567890123456789"
	    "012345678901234567890123456789=%"), "bad_encoding",
	    "0123456789012345678901234567890123456789012345678901234567890123");
	buf_init(&buf, arena, 0, 10000);
	for (int i = 0; i < URL_PARAMS_MAX; i++)
		buf_printf(&buf, "p%d=1&", i);
	err_init(&err);
	ck_assert_int_eq(url_query(arena, buf_str(&buf), &params, &err), RC_OK);
	ck_assert_uint_eq(params.n, URL_PARAMS_MAX);
	buf_addz(&buf, "last");
	assert_query_refused(buf_str(&buf), "too_many", "last");
}
END_TEST

START_TEST(paths_are_split)
{
	struct url_path path;

	ck_assert(url_path_split(arena, STR("/"), &path) && path.n == 0);
	ck_assert(url_path_split(arena, STR("/v1/designs/a%20b"), &path));
	ck_assert_uint_eq(path.n, 3);
	ck_assert_str(path.parts[0], "v1");
	ck_assert_str(path.parts[1], "designs");
	ck_assert_str(path.parts[2], "a b");
	ck_assert(url_path_split(arena, STR("/.../..a/+"), &path) && path.n == 3);
	ck_assert_str(path.parts[2], "+");
}
END_TEST

START_TEST(paths_that_name_nothing_are_refused)
{
	static const char *const bad[] = { "", "a", "//", "/a/", "/a//b", "/./a",
		"/a/..", "/%2e%2e/a", "/%2E/", "/a%2fb", "/a%5cb", "/%00", "/%ff", "/%",
		"/a b", "http://evil/", "*", "\\a" };
	char *longest = arena_alloc(arena, 3 * URL_PART_MAX + 3);
	struct url_path path;
	struct buf buf;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(!url_path_split(arena, str_of(bad[i]), &path), "%s", bad[i]);
	buf_init(&buf, arena, 0, 1000);
	for (int i = 0; i < URL_PARTS_MAX; i++)
		buf_addz(&buf, "/a");
	ck_assert(url_path_split(arena, buf_str(&buf), &path));
	buf_addz(&buf, "/a");
	ck_assert(!url_path_split(arena, buf_str(&buf), &path));
	memset(longest, 'a', 3 * URL_PART_MAX + 3);
	longest[0] = '/';
	ck_assert(url_path_split(arena, (struct str){ longest, URL_PART_MAX + 1 },
	    &path));
	ck_assert(!url_path_split(arena, (struct str){ longest, URL_PART_MAX + 2 },
	    &path));
	ck_assert(!url_path_split(arena, (struct str){ longest, 3 * URL_PART_MAX + 2 },
	    &path));
}
END_TEST

UNIT_MAIN_FIXTURE("url", setup, teardown, text_is_decoded_once,
    bad_encodings_are_refused, each_byte_is_encoded_and_comes_back,
    links_are_built, queries_become_pairs, bad_queries_are_refused,
    paths_are_split, paths_that_name_nothing_are_refused)
