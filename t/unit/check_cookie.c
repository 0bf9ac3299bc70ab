#include "config.h"

#include "unit.h"

#include <signal.h>
#include <stdio.h>

#include "base/buf.h"
#include "codec/cookie.h"
#include "codec/header.h"
#include "unit_arena.h"

START_TEST(cookies_of_all_headers_are_found)
{
	const struct str headers[] = { STR("a=1; b=x=y;c=\"q\"; d=;e=5"),
		STR("f=6"), STR(""), STR_NULL };
	struct pairs cookies;
	struct str value;
	struct err err;

	err_init(&err);
	ck_assert_int_eq(cookie_parse(arena, headers, 4, &cookies, &err), RC_OK);
	ck_assert_uint_eq(cookies.n, 6);
	ck_assert_str(pairs_get(&cookies, STR("a")), "1");
	ck_assert_str(pairs_get(&cookies, STR("b")), "x=y");
	ck_assert_str(pairs_get(&cookies, STR("c")), "\"q\"");
	ck_assert_str(pairs_get(&cookies, STR("d")), "");
	ck_assert_str(pairs_get(&cookies, STR("e")), "5");
	ck_assert_int_eq(cookie_get(&cookies, STR("f"), &value, &err), RC_OK);
	ck_assert_str(value, "6");
	ck_assert_int_eq(cookie_get(&cookies, STR("A"), &value, &err), RC_OK);
	ck_assert_ptr_null(value.p);
	ck_assert_int_eq(cookie_parse(arena, NULL, 0, &cookies, &err), RC_OK);
	ck_assert_uint_eq(cookies.n, 0);
}
END_TEST

/* Browsers send what other programs of the host have set. */
START_TEST(what_is_no_cookie_is_skipped)
{
	const struct str header = STR("novalue; =x; a b=1; c=1 2; d=1,2; e=\"; f=\"a"
	    "; g=a\"b; h=\\; i=\x7f; j=\xc3\xa4; k=\t; [l]=1; ok=1; ;; m=\"a\"\"");
	struct pairs cookies;
	struct err err;

	err_init(&err);
	ck_assert_int_eq(cookie_parse(arena, &header, 1, &cookies, &err), RC_OK);
	ck_assert_str(pairs_get(&cookies, STR("ok")), "1");
	ck_assert_str(pairs_get(&cookies, STR("k")), "");
	ck_assert_uint_eq(cookies.n, 2);
}
END_TEST

START_TEST(a_name_sent_twice_is_ambiguous)
{
	const struct str headers[] = { STR("x=1; bezel=a"), STR("bezel=a; x=2; y=3") };
	struct pairs cookies;
	struct str value = STR("untouched");
	struct err err;

	err_init(&err);
	ck_assert_int_eq(cookie_parse(arena, headers, 2, &cookies, &err), RC_OK);
	ck_assert_int_eq(cookie_get(&cookies, STR("bezel"), &value, &err),
	    RC_MALFORMED);
	ck_assert_str_eq(err.message, "The cookie bezel is sent twice");
	ck_assert_str(value, "untouched");
	ck_assert_int_eq(cookie_get(&cookies, STR("y"), &value, &err), RC_OK);
}
END_TEST

START_TEST(too_many_cookies_are_refused)
{
	struct str headers[2];
	struct pairs cookies;
	struct err err;
	struct buf buf;
	char *p = arena_alloc(arena, COOKIES_MAX_BYTES + 1);

	err_init(&err);
	buf_init(&buf, arena, 0, 10000);
	for (int i = 0; i < COOKIES_MAX; i++)
		buf_printf(&buf, "c%d=%d;", i, i);
	headers[0] = buf_str(&buf);
	ck_assert_int_eq(cookie_parse(arena, headers, 1, &cookies, &err), RC_OK);
	ck_assert_uint_eq(cookies.n, COOKIES_MAX);
	buf_addz(&buf, "one=more");
	headers[0] = buf_str(&buf);
	ck_assert_int_eq(cookie_parse(arena, headers, 1, &cookies, &err),
	    RC_MALFORMED);
	memset(p, 'x', COOKIES_MAX_BYTES + 1);
	p[1] = '=';
	headers[0] = (struct str){ p, COOKIES_MAX_BYTES };
	headers[1] = STR("a=1");
	ck_assert_int_eq(cookie_parse(arena, headers, 1, &cookies, &err), RC_OK);
	ck_assert_int_eq(cookie_parse(arena, headers, 2, &cookies, &err),
	    RC_MALFORMED);
	headers[0].n++;
	ck_assert_int_eq(cookie_parse(arena, headers, 1, &cookies, &err),
	    RC_MALFORMED);
}
END_TEST

START_TEST(cookies_are_set)
{
	ck_assert_str(cookie_set(arena, &(struct cookie){ .name = STR("__Host-bezel"),
	    .value = STR("id.1.mac"), .path = STR("/"), .max_age_s = 86400,
	    .flags = COOKIE_SECURE | COOKIE_HTTP_ONLY }),
	    "__Host-bezel=id.1.mac; Path=/; Max-Age=86400; SameSite=Lax; Secure;"
	    " HttpOnly");
	ck_assert_str(cookie_set(arena, &(struct cookie){ .name = STR("bezel"),
	    .value = STR(""), .path = STR("/s/x"), .flags = COOKIE_STRICT }),
	    "bezel=; Path=/s/x; Max-Age=0; SameSite=Strict");
	ck_assert_str(cookie_set(arena, &(struct cookie){ .name = STR("__Secure-s"),
	    .value = STR("1"), .path = STR("/s/x"), .flags = COOKIE_SECURE }),
	    "__Secure-s=1; Path=/s/x; Max-Age=0; SameSite=Lax; Secure");
}
END_TEST

static const struct cookie impossible[] = {
	{ STR_INIT(""), STR_INIT("v"), STR_INIT("/"), 0, 0 },
	{ STR_INIT("a=b"), STR_INIT("v"), STR_INIT("/"), 0, 0 },
	{ STR_INIT("a"), STR_INIT("v;x"), STR_INIT("/"), 0, 0 },
	{ STR_INIT("a"), STR_INIT("v\r\nX: y"), STR_INIT("/"), 0, 0 },
	{ STR_INIT("a"), STR_INIT("v"), STR_INIT("/;Domain=x"), 0, 0 },
	{ STR_INIT("a"), STR_INIT("v"), STR_INIT("/\n"), 0, 0 },
	{ STR_INIT("a"), STR_INIT("v"), STR_INIT("x"), 0, 0 },
	{ STR_INIT("a"), STR_INIT("v"), STR_INIT(""), 0, 0 },
	{ STR_INIT("__Host-a"), STR_INIT("v"), STR_INIT("/"), 0, 0 },
	{ STR_INIT("__Host-a"), STR_INIT("v"), STR_INIT("/s"), 0, COOKIE_SECURE },
	{ STR_INIT("__Secure-a"), STR_INIT("v"), STR_INIT("/"), 0, 0 },
};

static void
leave(int signal_number)
{
	(void)signal_number;
	exit(17);
}

START_TEST(impossible_cookies_end_the_process)
{
	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	(void)signal(SIGABRT, leave);
	(void)cookie_set(arena, &impossible[_i]);
}
END_TEST

START_TEST(header_parameters_are_read)
{
	struct pairs params;
	struct str value;

	ck_assert(header_parse(arena, STR(" multipart/form-data ; Boundary=\"a \\\"b\""
	    ";\tCHARSET=utf-8;; x=\"\" ; "), &value, &params));
	ck_assert_str(value, "multipart/form-data");
	ck_assert_uint_eq(params.n, 3);
	ck_assert_str(pairs_get(&params, STR("boundary")), "a \"b");
	ck_assert_str(pairs_get(&params, STR("charset")), "utf-8");
	ck_assert_str(pairs_get(&params, STR("x")), "");
	ck_assert(header_parse(arena, STR(""), &value, &params) && value.n == 0);
	ck_assert(header_parse(arena, STR("a;b=c\xff"), &value, &params) == false);
}
END_TEST

START_TEST(bad_header_parameters_are_refused)
{
	static const char *const bad[] = { "a;b", "a;b=", "a;=c", "a;b=c d", "a;b=\"c",
		"a;b=\"c\\", "a;b=\"c\"d", "a;b=c;B=d", "a;b =c", "a;b= c", "a\n;b=c",
		"a;b=\"\x7f\"", "a;b@c=d", "a;b=;", "a;b=c,d" };
	struct pairs params;
	struct str value = STR("untouched");
	struct buf buf;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(!header_parse(arena, str_of(bad[i]), &value, &params), "%s",
		    bad[i]);
	ck_assert(!header_parse(arena, STR("a\0"), &value, &params));
	ck_assert(!header_parse(arena, STR_NULL, &value, &params));
	buf_init(&buf, arena, 0, 1000);
	buf_addz(&buf, "a");
	for (int i = 0; i < HEADER_PARAMS_MAX; i++)
		buf_printf(&buf, ";p%d=1", i);
	ck_assert_str(value, "untouched");
	ck_assert(header_parse(arena, buf_str(&buf), &value, &params));
	buf_addz(&buf, ";q=1");
	ck_assert(!header_parse(arena, buf_str(&buf), &value, &params));
	ck_assert(header_is_token(STR("a!#$%&'*+-.^_`|~9Z")));
	ck_assert(!header_is_token(STR("")) && !header_is_token(STR("a b")));
	ck_assert(!header_is_token(STR("a\0")));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("cookie");
	TCase *tcase = tcase_create("cookie");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, cookies_of_all_headers_are_found);
	tcase_add_test(tcase, what_is_no_cookie_is_skipped);
	tcase_add_test(tcase, a_name_sent_twice_is_ambiguous);
	tcase_add_test(tcase, too_many_cookies_are_refused);
	tcase_add_test(tcase, cookies_are_set);
	tcase_add_loop_exit_test(tcase, impossible_cookies_end_the_process, 17, 0,
	    (int)(sizeof impossible / sizeof impossible[0]));
	tcase_add_test(tcase, header_parameters_are_read);
	tcase_add_test(tcase, bad_header_parameters_are_refused);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
