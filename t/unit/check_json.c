#include "config.h"

#include "unit.h"

#include <math.h>
#include <stdio.h>

#include "codec/json.h"
#include "unit_arena.h"

static enum rc
try_parse(struct str text, const struct json_value **ret_value,
    struct err *err)
{
	err_init(err);
	return json_parse(arena, text, ret_value, err);
}

static const struct json_value *
parse(const char *text)
{
	const struct json_value *value;
	struct err err;

	ck_assert_msg(try_parse(str_of(text), &value, &err) == RC_OK, "%s: %s",
	    text, err.message);
	return value;
}

/* Refused as malformed, with line and column, and the output untouched. */
static void
refused(struct str text)
{
	const struct json_value *value = NULL;
	struct err err;

	ck_assert_msg(try_parse(text, &value, &err) == RC_MALFORMED,
	    "\"%.*s\" was accepted", STR_FMT(text));
	ck_assert_ptr_null(value);
	ck_assert_ptr_nonnull(strstr(err.message, "line "));
	ck_assert_ptr_nonnull(strstr(err.message, "column "));
}

static struct str
written(const struct json_value *value)
{
	struct buf buf;

	buf_init(&buf, arena, 0, 1 << 20);
	buf_add_json_value(&buf, value);
	ck_assert(!buf.failed);
	return buf_str(&buf);
}

static struct str
quoted(struct str s)
{
	struct buf buf;

	buf_init(&buf, arena, 0, 1 << 20);
	buf_add_json(&buf, s);
	return buf_str(&buf);
}

static struct str
number(double v)
{
	struct buf buf;

	buf_init(&buf, arena, 0, 64);
	buf_add_json_number(&buf, v);
	return buf_str(&buf);
}

START_TEST(every_kind_of_value_is_read)
{
	const struct json_value *v = parse(" {\"n\":null,\"t\":true,\"f\":false,"
	    "\"i\":-12,\"r\":2.5,\"s\":\"\\u00e9\\ud83d\\ude00\\n\",\"\":1,"
	    "\"a\":[1,[],{}]}\r\n\t"), *a;

	ck_assert_int_eq(v->type, JSON_T_OBJECT);
	ck_assert_uint_eq(v->count, 8);
	ck_assert_int_eq(json_get(v, "n")->type, JSON_T_NULL);
	ck_assert_int_eq(json_get(v, "t")->type, JSON_T_BOOL);
	ck_assert(json_get(v, "t")->boolean);
	ck_assert(!json_get(v, "f")->boolean);
	ck_assert_int_eq(json_get(v, "i")->type, JSON_T_INT);
	ck_assert_int_eq(json_get(v, "i")->integer, -12);
	ck_assert_int_eq(json_get(v, "r")->type, JSON_T_REAL);
	ck_assert(json_get(v, "r")->real == 2.5);
	ck_assert_int_eq(json_get(v, "s")->type, JSON_T_STRING);
	ck_assert_str(json_get(v, "s")->string, "\xc3\xa9\xf0\x9f\x98\x80\n");
	ck_assert_int_eq(json_get(v, "")->integer, 1);
	a = json_get(v, "a");
	ck_assert_int_eq(a->type, JSON_T_ARRAY);
	ck_assert_uint_eq(a->count, 3);
	ck_assert_int_eq(a->first->integer, 1);
	ck_assert_ptr_null(a->first->name.p);
	ck_assert_uint_eq(a->first->next->count, 0);
	ck_assert_int_eq(a->first->next->next->type, JSON_T_OBJECT);
	ck_assert_ptr_null(a->first->next->next->next);
}
END_TEST

START_TEST(members_keep_the_order_of_the_text)
{
	static const char *const names[] = { "zeta", "a", "m", "B", "01", "x" };
	const struct json_value *v = parse(
	    "{\"zeta\":1,\"a\":2,\"m\":3,\"B\":4,\"01\":5,\"x\":6}")->first;

	for (size_t i = 0; i < 6; i++, v = v->next) {
		ck_assert_str(v->name, names[i]);
		ck_assert_int_eq(v->integer, (int64_t)i + 1);
	}
	ck_assert_ptr_null(v);
}
END_TEST

START_TEST(json_get_finds_members_of_objects_only)
{
	const struct json_value *v = parse("{\"a\":[1],\"ab\":2}");

	ck_assert_int_eq(json_get(v, "ab")->integer, 2);
	ck_assert_ptr_null(json_get(v, "b"));
	ck_assert_ptr_null(json_get(v, "A"));
	ck_assert_ptr_null(json_get(json_get(v, "a"), "0"));
	ck_assert_ptr_null(json_get(json_get(v, "none"), "a"));
	ck_assert_ptr_null(json_get(NULL, "a"));
}
END_TEST

/* RFC 8259 forbids it, RFC 7493 (I-JSON) forbids it, or we do. */
START_TEST(what_is_not_strict_json_is_refused)
{
	static const char *const texts[] = {
		"", " ", "{", "[", "}", "]", "{]", "[}", "[1", "{\"a\"", "{\"a\":",
		"{\"a\":1", "{\"a\":1,", "[1 2]", "[1;2]", "{\"a\" 1}", "{\"a\"::1}",
		/* one object or array, nothing after it */
		"1", "\"a\"", "null", "true", "{}{}", "[] []", "{} x", "{},", "[]]",
		"{}\f", "{}\v", "\xc2\xa0{}", "{}\xe2\x80\xa8",
		/* commas */
		"[1,]", "[,1]", "[,]", "[1,,2]", "{\"a\":1,}", "{,}", "{\"a\":1,,}",
		/* names */
		"{a:1}", "{'a':1}", "{1:1}", "{null:1}", "{\"a\":1,\"a\":1}",
		"{\"a\":1,\"\\u0061\":2}", "{\"\":1,\"\":2}",
		"[{\"b\":{\"a\":1,\"c\":2,\"a\":null}}]",
		/* comments */
		"/**/{}", "{}//", "[1/*x*/]", "#\n{}", "<!-- -->{}",
		/* numbers */
		"[NaN]", "[nan]", "[Infinity]", "[-Infinity]", "[inf]", "[+1]",
		"[01]", "[-01]", "[00]", "[1.]", "[.5]", "[-.5]", "[1e]", "[1e+]",
		"[1.e1]", "[-]", "[--1]", "[0x10]", "[1_000]", "[1e1.5]", "[\xef\xbc\x91]",
		"[1e999]", "[-1e999]", "[9223372036854775808]",
		"[-9223372036854775809]", "[100000000000000000000]",
		/* words */
		"[True]", "[TRUE]", "[tru]", "[truee]", "[nul]", "[undefined]",
		/* strings */
		"[\"]", "['a']", "[\"\\\"]", "[\"a\nb\"]", "[\"a\tb\"]", "[\"\x01\"]",
		"[\"\x1f\"]", "[\"\\x41\"]", "[\"\\a\"]", "[\"\\'\"]", "[\"\\U0041\"]",
		"[\"\\u12\"]", "[\"\\u12g4\"]", "[\"\\u\"]",
		/* NUL, also as an escape and in a name */
		"[\"\\u0000\"]", "{\"\\u0000\":1}", "{\"a\\u0000b\":1}",
		/* surrogates that are not a pair */
		"[\"\\ud800\"]", "[\"\\udc00\"]", "[\"\\ud800x\"]",
		"[\"\\ud800\\ud800\"]", "[\"\\udc00\\ud800\"]", "[\"\\ud800\\u0041\"]",
		/* bad UTF-8: cut, overlong, a surrogate, too great, stray */
		"[\"\xc3\"]", "[\"\xc0\x80\"]", "[\"\xc1\xbf\"]", "[\"\xe0\x80\x80\"]",
		"[\"\xed\xa0\x80\"]", "[\"\xf4\x90\x80\x80\"]", "[\"\xf0\x80\x80\x80\"]",
		"[\"\x80\"]", "[\"\xff\"]", "{\"\xfe\":1}", "[\xc3\xa4]",
		/* a byte order mark, and other encodings */
		"\xef\xbb\xbf{}", "\xff\xfe{}", "\xfe\xff{}",
	};

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		refused(str_of(texts[i]));
	refused(STR_NULL);
	/* jansson alone reads these as [1] and [true] */
	refused(STR("[1\0]"));
	refused(STR("[true\0]"));
	refused(STR("[]\0"));
	refused(STR("\0[]"));
	refused(STR("[\"a\0b\"]"));
	refused(STR("{\"a\0b\":1}"));
	refused(STR("[\0001]"));
	refused(STR("{\0}\0"));
}
END_TEST

START_TEST(a_fault_says_where_it_is)
{
	const struct json_value *value;
	struct err err;

	ck_assert_int_eq(try_parse(STR("{\n \"a\": 1,\n \"b\": x}"), &value, &err),
	    RC_MALFORMED);
	ck_assert_ptr_nonnull(strstr(err.message, "line 3, column 7:"));
	ck_assert_int_eq(try_parse(STR("{\"a\":1,\n\"a\":2}"), &value, &err),
	    RC_MALFORMED);
	ck_assert_ptr_nonnull(strstr(err.message, "line 2, "));
	ck_assert_ptr_nonnull(strstr(err.message, "duplicate"));
}
END_TEST

/* open, depth times; then close */
static struct str
nested(const char *open, const char *close, int depth)
{
	struct buf buf;

	buf_init(&buf, arena, 0, 4 << 20);
	for (int i = 0; i < depth; i++)
		buf_addz(&buf, open);
	for (int i = 0; i < depth; i++)
		buf_addz(&buf, close);
	return buf_str(&buf);
}

START_TEST(depth_is_bounded_before_jansson_sees_it)
{
	const struct json_value *v;
	struct err err;
	int depth = 0;

	ck_assert_int_eq(try_parse(nested("[", "]", JSON_DEPTH_MAX), &v, &err),
	    RC_OK);
	for (; v != NULL; v = v->first)
		depth++;
	ck_assert_int_eq(depth, JSON_DEPTH_MAX);
	ck_assert_int_eq(try_parse(nested("{\"a\":[", "]}", 16), &v, &err), RC_OK);
	refused(nested("[", "]", JSON_DEPTH_MAX + 1));
	refused(nested("{\"a\":[", "]}", 17));
	refused(nested("[", "", 1 << 20));
	refused(nested("{\"a\":", "", 1 << 18));
	/* Brackets in strings are not depth, and an escaped quote ends none. */
	ck_assert_int_eq(try_parse(STR("[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
	    "\\\"[[[[[{{{{{\\\\\",\"[[\"]"), &v, &err), RC_OK);
	/* Side by side is not depth either. */
	ck_assert_int_eq(try_parse(arena_printf(arena, "[%.*s0]",
	    STR_FMT(nested("[],", "{},", 100))), &v, &err), RC_OK);
}
END_TEST

START_TEST(too_deep_says_where)
{
	const struct json_value *v;
	struct err err;

	ck_assert_int_eq(try_parse(arena_printf(arena, "[\n\"\xc3\xa4\",%.*s]",
	    STR_FMT(nested("[", "]", JSON_DEPTH_MAX))), &v, &err), RC_MALFORMED);
	ck_assert_str_eq(err.message, "The JSON is malformed at line 2, column "
	    "36: nested too deep.");
}
END_TEST

START_TEST(numbers_at_their_edges)
{
	const struct json_value *v = parse("[9223372036854775807,"
	    "-9223372036854775808,0,-0,1E2,1e-999,1.7976931348623157e308,0.1,-0.0,"
	    "5e-324]")->first;

	ck_assert_int_eq(v->integer, INT64_MAX);
	v = v->next;
	ck_assert_int_eq(v->integer, INT64_MIN);
	v = v->next;
	ck_assert_int_eq(v->integer, 0);
	v = v->next;
	ck_assert_int_eq(v->integer, 0);
	v = v->next;
	ck_assert(v->type == JSON_T_REAL && v->real == 100);
	v = v->next;
	ck_assert(v->type == JSON_T_REAL && v->real == 0);
	v = v->next;
	ck_assert(v->real == 1.7976931348623157e308);
	v = v->next;
	ck_assert(v->real == 0.1);
	v = v->next;
	ck_assert(v->real == 0);
	v = v->next;
	ck_assert(v->real == 5e-324);
}
END_TEST

START_TEST(a_long_string_is_read_whole)
{
	size_t n = 1 << 20;
	char *text = arena_alloc(arena, n + 5);
	const struct json_value *v;
	struct err err;

	memset(text, 'x', n + 4);
	memcpy(text, "[\"", 2);
	memcpy(text + n + 2, "\"]", 2);
	ck_assert_int_eq(try_parse((struct str){ text, n + 4 }, &v, &err), RC_OK);
	ck_assert_uint_eq(v->first->string.n, n);
}
END_TEST

START_TEST(strings_are_escaped)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "", "\"\"" },
		{ "plain", "\"plain\"" },
		{ "a\"b\\c/d", "\"a\\\"b\\\\c/d\"" },
		{ "\n\t\r\b\f\x01\x1f\x7f", "\"\\n\\t\\r\\u0008\\u000c\\u0001\\u001f"
		    "\\u007f\"" },
		/* fit for a script element */
		{ "</script><!--&]]>", "\"\\u003c/script\\u003e\\u003c!--\\u0026]]"
		    "\\u003e\"" },
		{ "\xe2\x80\xa8|\xe2\x80\xa9|\xe2\x80\xa7", "\"\\u2028|\\u2029|"
		    "\xe2\x80\xa7\"" },
		{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x92\x8d", "\"\xc3\xa4\xe2\x82\xac"
		    "\xf0\x9f\x92\x8d\"" },
		{ "\xc2\x80\xed\x9f\xbf\xef\xbf\xbf\xf4\x8f\xbf\xbf",
		    "\"\xc2\x80\xed\x9f\xbf\xef\xbf\xbf\xf4\x8f\xbf\xbf\"" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct str out = quoted(str_of(rows[i].in));

		ck_assert_str(out, rows[i].out);
		ck_assert_str(parse(arena_printf(arena, "[%.*s]",
		    STR_FMT(out)).p)->first->string, rows[i].in);
	}
	ck_assert_str(quoted(STR("a\0b")), "\"a\xef\xbf\xbd" "b\"");
	ck_assert_str(quoted(STR_NULL), "\"\"");
}
END_TEST

#define BAD "\xef\xbf\xbd"

/* One U+FFFD for each maximal subpart, as utf8_repair() does. */
START_TEST(bytes_that_are_not_utf8_become_replacement_characters)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "a\xff" "b", "\"a" BAD "b\"" },
		{ "\x80\x80", "\"" BAD BAD "\"" },
		{ "\xc3", "\"" BAD "\"" },
		{ "\xc3(", "\"" BAD "(\"" },
		{ "\xf0\x9f\x92", "\"" BAD "\"" },
		{ "\xf0\x9f\x92\"", "\"" BAD "\\\"\"" },
		{ "\xe2\x82<", "\"" BAD "\\u003c\"" },
		{ "\xc0\x80", "\"" BAD BAD "\"" },
		{ "\xed\xa0\x80", "\"" BAD BAD BAD "\"" },
		{ "\xf4\x90\x80\x80", "\"" BAD BAD BAD BAD "\"" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct str out = quoted(str_of(rows[i].in));

		ck_assert_str(out, rows[i].out);
		(void)parse(arena_printf(arena, "[%.*s]", STR_FMT(out)).p);
	}
}
END_TEST

START_TEST(numbers_are_written_as_short_as_can_be)
{
	static const struct {
		double v;
		const char *text;
	} rows[] = {
		{ 0, "0" }, { -0.0, "0" }, { 1, "1" }, { -1, "-1" }, { 7.5, "7.5" },
		{ 0.1, "0.1" }, { -0.0001, "-0.0001" }, { 12.3456, "12.3456" },
		{ 100, "100" }, { 0.00001, "1e-05" }, { 1.23456, "1.23456" },
		{ 0.1 + 0.2, "0.30000000000000004" }, { 1.0 / 3, "0.3333333333333333" },
		{ 999999999.9999, "999999999.9999" }, { 1e9, "1000000000" },
		{ 1e15, "1e+15" }, { 123456789012345, "123456789012345" },
		{ 9007199254740991, "9007199254740991" }, { 1e21, "1e+21" },
		{ 1e300, "1e+300" }, { 5e-324, "5e-324" }, { 2e-323, "2e-323" },
		{ 2.2250738585072014e-308, "2.2250738585072014e-308" },
		{ 1.7976931348623157e308, "1.7976931348623157e+308" },
		{ -1.7976931348623157e308, "-1.7976931348623157e+308" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		ck_assert_str(number(rows[i].v), rows[i].text);
	ck_assert_str(number((double)NAN), "null");
	ck_assert_str(number((double)INFINITY), "null");
	ck_assert_str(number(-(double)INFINITY), "null");
}
END_TEST

static uint64_t
random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

START_TEST(any_double_reads_back_and_no_shorter_one_does)
{
	uint64_t state = 88172645463325252U;

	for (int i = 0; i < 20000; i++) {
		uint64_t bits = random_next(&state);
		struct str text;
		char shorter[400];
		size_t digits = 0;
		double v;

		/* Half of them are of the size of ours. */
		memcpy(&v, &bits, sizeof v);
		if (i % 2 == 0)
			v = (double)(int64_t)(bits % 2000000000) / (i % 4 == 0 ? 1e4 : 1e6);
		if (!isfinite(v))
			continue;
		text = number(v);
		ck_assert_msg(strtod(arena_strz(arena, text), NULL) == v, "%.*s",
		    STR_FMT(text));
		(void)parse(arena_printf(arena, "[%.*s]", STR_FMT(text)).p);
		for (size_t k = 0; k < text.n && text.p[k] != 'e'; k++)
			digits += text.p[k] >= '0' && text.p[k] <= '9'
			    && (digits > 0 || text.p[k] != '0');
		if (digits < 2 || fabs(v) >= 1e9)
			continue;
		(void)snprintf(shorter, sizeof shorter, "%.*g", (int)digits - 1, v);
		ck_assert_msg(strtod(shorter, NULL) != v, "%s is as good as %.*s",
		    shorter, STR_FMT(text));
	}
}
END_TEST

START_TEST(a_value_is_written_as_it_was_read)
{
	static const char *const texts[] = {
		"{}", "[]", "[[],{},[{}]]", "[null,true,false]",
		"{\"a\":1,\"b\":-2.5,\"c\":\"x\\ny\",\"d\":{\"e\":[1,2,3]}}",
		"[9223372036854775807,-9223372036854775808,1e+300,0.30000000000000004]",
		"{\"\\u003c\\u0026\\u003e\":\"\\u2028\\\"\\\\\"}",
	};

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		ck_assert_str(written(parse(texts[i])), texts[i]);
	ck_assert_str(written(parse(" [ 1.0 , -0.0 , 1E2 ] ")), "[1,0,100]");
}
END_TEST

START_TEST(a_full_buffer_is_marked)
{
	struct buf buf;

	buf_init(&buf, arena, 0, 4);
	buf_add_json(&buf, STR("abcdef"));
	ck_assert(buf.failed);
}
END_TEST

UNIT_MAIN_FIXTURE("json", setup, teardown, every_kind_of_value_is_read,
    members_keep_the_order_of_the_text, json_get_finds_members_of_objects_only,
    what_is_not_strict_json_is_refused, a_fault_says_where_it_is,
    depth_is_bounded_before_jansson_sees_it, too_deep_says_where,
    numbers_at_their_edges, a_long_string_is_read_whole, strings_are_escaped,
    bytes_that_are_not_utf8_become_replacement_characters,
    numbers_are_written_as_short_as_can_be,
    any_double_reads_back_and_no_shorter_one_does,
    a_value_is_written_as_it_was_read, a_full_buffer_is_marked)
