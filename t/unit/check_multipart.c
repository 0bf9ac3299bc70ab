#include "config.h"

#include "unit.h"

#include <stdio.h>

#include "base/buf.h"
#include "codec/form.h"
#include "codec/multipart.h"
#include "unit_arena.h"

#define TYPE "multipart/form-data; boundary=b"
#define FIELD "Content-Disposition: form-data; name=\"f\"\r\n"

static enum rc
parse(const char *type, struct str body, struct multipart *ret_multipart,
    struct err *err)
{
	err_init(err);
	return multipart_parse(arena, str_of(type), body, ret_multipart, err);
}

START_TEST(fields_and_files_are_found)
{
	struct multipart m;
	struct err err;
	const struct part *part;

	ck_assert_int_eq(parse("Multipart/Form-Data; boundary=\"-- A_:9\"",
	    STR("---- A_:9\r\n"
	    "Content-Disposition: form-data; name=\"note\"\r\n\r\n"
	    "a b\r\n"
	    "---- A_:9\r\n"
	    "content-disposition:form-data; name=file; filename=\"r\\\"i\xc3\xb6.png\"\r\n"
	    "Content-Type: image/png; x=y\r\n"
	    "Content-Transfer-Encoding: Binary\r\n"
	    "X-Other: \xff\r\n\r\n"
	    "\x89PNG\r\n\0\r\n\r\n---- A\r\n"
	    "---- A_:9\r\n"
	    "Content-Disposition: form-data; name=\"empty\"; filename=\"\"\r\n\r\n"
	    "\r\n---- A_:9--\r\n"), &m, &err), RC_OK);
	ck_assert_uint_eq(m.n, 3);
	part = multipart_get(&m, STR("note"));
	ck_assert_str(part->data, "a b");
	ck_assert_ptr_null(part->filename.p);
	ck_assert_ptr_null(part->type.p);
	part = multipart_get(&m, STR("file"));
	ck_assert(str_eq(part->data, STR("\x89PNG\r\n\0\r\n\r\n---- A")));
	ck_assert_str(part->filename, "r\"i\xc3\xb6.png");
	ck_assert_str(part->type, "image/png; x=y");
	part = multipart_get(&m, STR("empty"));
	ck_assert_uint_eq(part->data.n, 0);
	ck_assert(part->filename.p != NULL && part->filename.n == 0);
	ck_assert_ptr_null(multipart_get(&m, STR("other")));
}
END_TEST

START_TEST(boundaries_within_data_are_data)
{
	static const char *const data[] = { "--b", "x--b\r\n", "\n--b\r\n", "\r--b--",
		"\r\n-b", "\r\n--c\r\n", "\r\n--bb\r\n", "\r\n--b-", "\r\n--b\n",
		"\r\n--b \r\n", "\r\n", "\r", "\r\n--b\r", "\r\n--bb--\r\n--b\t\r\n" };
	struct multipart m;
	struct err err;

	for (size_t i = 0; i < sizeof data / sizeof data[0]; i++) {
		ck_assert_msg(parse(TYPE, arena_printf(arena, "--b\r\n" FIELD "\r\n%s"
		    "\r\n--b--", data[i]), &m, &err) == RC_OK, "%s: %s", data[i],
		    err.message);
		ck_assert_uint_eq(m.n, 1);
		ck_assert_str(m.parts[0].data, data[i]);
	}
	ck_assert_int_eq(parse(TYPE, STR("--b--"), &m, &err), RC_OK);
	ck_assert_uint_eq(m.n, 0);
}
END_TEST

START_TEST(other_types_are_refused)
{
	static const struct { const char *type; enum rc rc; } rows[] = {
		{ "application/json", RC_MEDIA_TYPE }, { "", RC_MEDIA_TYPE },
		{ "multipart/mixed; boundary=b", RC_MEDIA_TYPE },
		{ "multipart/form-data; boundary=b; boundary=c", RC_MEDIA_TYPE },
		{ "multipart/form-data; boundary=\"b", RC_MEDIA_TYPE },
		{ "multipart/form-data", RC_MALFORMED },
		{ "multipart/form-data; boundary=\"\"", RC_MALFORMED },
		{ "multipart/form-data; boundary=\"b \"", RC_MALFORMED },
		{ "multipart/form-data; boundary=\"b[\"", RC_MALFORMED },
		{ "multipart/form-data; boundary=b~", RC_MALFORMED },
		{ "multipart/form-data; boundary=\"\xc3\xa4\"", RC_MALFORMED },
		{ "multipart/form-data; boundary=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
		    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", RC_MALFORMED },
	};
	struct multipart m = { NULL, 99 };
	struct err err;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		ck_assert_msg(parse(rows[i].type, STR("--b--"), &m, &err) == rows[i].rc,
		    "%s", rows[i].type);
	ck_assert_int_eq(multipart_parse(arena, STR_NULL, STR("--b--"), &m, &err),
	    RC_MEDIA_TYPE);
	ck_assert_uint_eq(m.n, 99);
}
END_TEST

static void
assert_refused(struct str body, const char *why)
{
	struct multipart m = { NULL, 99 };
	struct err err;

	ck_assert_msg(parse(TYPE, body, &m, &err) == RC_MALFORMED, "%.*s",
	    STR_FMT(body));
	ck_assert_msg(strstr(err.message, why) != NULL, "%s, not %s: %.*s",
	    err.message, why, STR_FMT(body));
	ck_assert_uint_eq(m.n, 99);
}

START_TEST(bad_frames_are_refused)
{
	static const char *const no_begin[] = { "", "b", "--c--", "\r\n--b--",
		"preamble\r\n--b--", " --b--" };
	static const char *const no_end[] = { "--b", "--b-", "--b\r", "--b\n",
		"--b \r\n", "--b--x", "--b--\r\nepilogue", "--b--\n", "--b--\r\n\r\n",
		"--b\r\n" FIELD "\r\nx\r\n--b--x" };
	static const char *const cut[] = { "--b\r\n" FIELD "\r\n", "--b\r\n" FIELD
		"\r\nx", "--b\r\n" FIELD "\r\nx\r\n", "--b\r\n" FIELD "\r\nx\r\n--b",
		"--b\r\n" FIELD "\r\nx\n--b--", "--b\r\n" FIELD "\r\n--b--" };

	for (size_t i = 0; i < sizeof no_begin / sizeof no_begin[0]; i++)
		assert_refused(str_of(no_begin[i]), "does not begin");
	for (size_t i = 0; i < sizeof no_end / sizeof no_end[0]; i++)
		assert_refused(str_of(no_end[i]), "does not end");
	for (size_t i = 0; i < sizeof cut / sizeof cut[0]; i++)
		assert_refused(str_of(cut[i]), "ends within a part");
}
END_TEST

START_TEST(bad_headers_are_refused)
{
	static const struct { const char *headers, *why; } rows[] = {
		{ "", "no name" },
		{ "Content-Type: text/plain\r\n", "no name" },
		{ "Content-Disposition: form-data\r\n", "name is missing" },
		{ "Content-Disposition: form-data; name=\"\"\r\n", "name is missing" },
		{ "Content-Disposition: form-data; name=\"a\xff\"\r\n", "impossible" },
		{ "Content-Disposition: form-data; name=\"a\tb\"\r\n", "impossible" },
		{ "Content-Disposition: form-data; name=a; filename=\"a\xe2\x80\xae\"\r\n",
		    "impossible" },
		{ "Content-Disposition: attachment; name=a\r\n", "Disposition" },
		{ "Content-Disposition: form-data; name=a; name=b\r\n", "Disposition" },
		{ "Content-Disposition: form-data; name=\"a\r\n", "Disposition" },
		{ FIELD FIELD, "Disposition" },
		{ "Content-Disposition: form-data; name=a; filename*=UTF-8''x\r\n",
		    "filename*" },
		{ "Content-Disposition: form-data; name=a; filename=x; FileName*=UTF-8''x"
		    "\r\n", "filename*" },
		{ FIELD "Content-Type: multipart/mixed; boundary=c\r\n", "Content-Type" },
		{ FIELD "Content-Type: a/b\r\nContent-Type: a/b\r\n", "Content-Type" },
		{ FIELD "Content-Type: a/b; x\r\n", "Content-Type" },
		{ FIELD "Content-Transfer-Encoding: base64\r\n", "encoded" },
		{ FIELD "Content-Transfer-Encoding: 8bit\r\n", NULL },
		{ FIELD "Content-Transfer-Encoding: 7BIT\r\n", NULL },
		{ FIELD "no colon\r\n", "malformed" },
		{ FIELD ": x\r\n", "malformed" },
		{ FIELD "a b: x\r\n", "malformed" },
		{ FIELD " folded: x\r\n", "malformed" },
		{ FIELD "X: a\nY: b\r\n", NULL },
		{ FIELD "X: a\rY: b\r\n", "cut or too long" },
		{ "Content-Disposition: form-data; name=a\n\r\n", "Disposition" },
		{ "1:\r\n2:\r\n3:\r\n4:\r\n5:\r\n6:\r\n7:\r\n8:\r\n" FIELD, "too many" },
		{ "1:\r\n2:\r\n3:\r\n4:\r\n5:\r\n6:\r\n7:\r\n" FIELD, NULL },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct str body = arena_printf(arena, "--b\r\n%s\r\nx\r\n--b--",
		    rows[i].headers);
		struct multipart m;
		struct err err;

		if (rows[i].why != NULL)
			assert_refused(body, rows[i].why);
		else
			ck_assert_int_eq(parse(TYPE, body, &m, &err), RC_OK);
	}
	assert_refused(STR("--b\r\n" FIELD), "cut or too long");
	assert_refused(STR("--b\r\n" FIELD "X: a\0b\r\n\r\nx\r\n--b--"), "malformed");
	assert_refused(STR("--b\r\nContent-Disposition: form-data; name=\"a\0b\"\r\n\r\n"
	    "x\r\n--b--"), "malformed");
}
END_TEST

static struct str
body_of(int parts, size_t line_bytes, size_t name_bytes)
{
	static char filler[2000];
	struct buf buf;

	memset(filler, 'x', sizeof filler);
	buf_init(&buf, arena, 0, 100000);
	for (int i = 0; i < parts; i++)
		buf_printf(&buf, "--b\r\nX:%.*s\r\nContent-Disposition: form-data; name=%d%.*s"
		    "\r\n\r\n\r\n", (int)line_bytes - 2, filler, i % 10,
		    (int)name_bytes - 1 + i / 10, filler);
	buf_addz(&buf, "--b--\r\n");
	return buf_str(&buf);
}

START_TEST(limits_hold)
{
	struct multipart m;
	struct err err;

	ck_assert_int_eq(parse(TYPE, body_of(MULTIPART_PARTS_MAX, 10, 1), &m, &err),
	    RC_OK);
	ck_assert_uint_eq(m.n, MULTIPART_PARTS_MAX);
	assert_refused(body_of(MULTIPART_PARTS_MAX + 1, 10, 1), "too many parts");
	ck_assert_int_eq(parse(TYPE, body_of(1, MULTIPART_LINE_MAX,
	    MULTIPART_NAME_MAX), &m, &err), RC_OK);
	assert_refused(body_of(1, MULTIPART_LINE_MAX + 1, 1), "too long");
	assert_refused(body_of(1, 10, MULTIPART_NAME_MAX + 1), "impossible");
	assert_refused(STR("--b\r\n" FIELD "\r\n\r\n--b\r\n" FIELD "\r\n\r\n--b--"),
	    "one name");
}
END_TEST

/* Each cut of a good body is refused, and none is read past its end. */
START_TEST(each_cut_is_refused)
{
	struct str whole = STR("--b\r\n" FIELD "Content-Type: a/b\r\n\r\nx\r\n--b--");
	struct multipart m;
	struct err err;

	ck_assert_int_eq(parse(TYPE, whole, &m, &err), RC_OK);
	for (size_t n = 0; n < whole.n; n++) {
		char *copy = malloc(n + (n == 0));	/* so that ASan sees the end */

		memcpy(copy, whole.p, n);
		ck_assert_int_eq(parse(TYPE, (struct str){ copy, n }, &m, &err),
		    RC_MALFORMED);
		free(copy);
	}
}
END_TEST

START_TEST(forms_are_read)
{
	static const struct { const char *type, *body; enum rc rc; } rows[] = {
		{ "application/x-www-form-urlencoded", "password=a+b%21", RC_OK },
		{ "Application/X-WWW-Form-Urlencoded; charset=UTF-8", "password=a+b%21",
		    RC_OK },
		{ "application/x-www-form-urlencoded; charset=latin1", "a=b",
		    RC_MEDIA_TYPE },
		{ "application/json", "a=b", RC_MEDIA_TYPE },
		{ "application/x-www-form-urlencoded; x", "a=b", RC_MEDIA_TYPE },
		{ "application/x-www-form-urlencoded", "a=%", RC_MALFORMED },
		{ "application/x-www-form-urlencoded", "a=1&a=1", RC_MALFORMED },
	};
	struct pairs fields;
	struct err err;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		err_init(&err);
		ck_assert_int_eq(form_parse(arena, str_of(rows[i].type),
		    str_of(rows[i].body), &fields, &err), rows[i].rc);
		ck_assert_int_eq(err.rc, rows[i].rc);
		if (rows[i].rc == RC_OK)
			ck_assert_str(pairs_get(&fields, STR("password")), "a b!");
	}
}
END_TEST

UNIT_MAIN_FIXTURE("multipart", setup, teardown, fields_and_files_are_found,
    boundaries_within_data_are_data, other_types_are_refused,
    bad_frames_are_refused, bad_headers_are_refused, limits_hold,
    each_cut_is_refused, forms_are_read)
