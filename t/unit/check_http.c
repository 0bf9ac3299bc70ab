#include "config.h"

#include "unit.h"

#include "dies.h"
#include "http/request.h"
#include "http/response.h"
#include "http/router.h"
#include "unit_arena.h"

static enum rc
parse(const char *method, const char *uri, struct http_request *request)
{
	struct err err;

	memset(request, 0, sizeof *request);
	request->arena = arena;
	request->method = str_of(method);
	request->uri = str_of(uri);
	err_init(&err);
	return http_request_parse(request, &err);
}

START_TEST(methods_have_names)
{
	static const char *const names[] = { "GET", "HEAD", "POST", "PUT", "PATCH",
		"DELETE" };
	struct http_request request;

	for (size_t i = 0; i < 6; i++) {
		ck_assert_int_eq(parse(names[i], "/", &request), RC_OK);
		ck_assert_int_eq(request.verb, 1 << i);
		ck_assert_str_eq(http_method_name(request.verb), names[i]);
	}
	ck_assert_int_eq(parse("get", "/", &request), RC_OK);
	ck_assert_int_eq(request.verb, HTTP_OTHER);
	ck_assert_str_eq(http_method_name(HTTP_OTHER), "OTHER");
	ck_assert_int_eq(parse(NULL, "/", &request), RC_OK);
	ck_assert_int_eq(request.verb, HTTP_OTHER);
}
END_TEST

START_TEST(the_target_is_cut_into_path_and_query)
{
	static const struct {
		const char *uri, *path, *query;
		size_t parts;
	} rows[] = {
		{ "/", "/", NULL, 0 },
		{ "/v1/designs", "/v1/designs", NULL, 2 },
		{ "/v1/designs?", "/v1/designs", "", 2 },
		{ "/v1/designs?a=1?b=/x", "/v1/designs", "a=1?b=/x", 2 },
		{ "/a%20b", "/a%20b", NULL, 1 },
		/* absolute: the host is not looked at */
		{ "http://evil.example/v1/x", "/v1/x", NULL, 2 },
		{ "https://u:p@h:1/?q", "/", "q", 0 },
		{ "http://evil.example", "/", NULL, 0 },
		{ "http://evil.example?u=/v1/designs", "/", "u=/v1/designs", 0 },
		{ "http://", "/", NULL, 0 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct http_request request;

		ck_assert_msg(parse("GET", rows[i].uri, &request) == RC_OK, "%s",
		    rows[i].uri);
		ck_assert_str(request.path, rows[i].path);
		ck_assert_int_eq(request.query.p == NULL, rows[i].query == NULL);
		if (rows[i].query != NULL)
			ck_assert_str(request.query, rows[i].query);
		ck_assert_uint_eq(request.parts.n, rows[i].parts);
	}
}
END_TEST

START_TEST(parts_are_decoded_once)
{
	struct http_request request;

	ck_assert_int_eq(parse("GET", "/a%20b/%252e%252e", &request), RC_OK);
	ck_assert_str(request.parts.parts[0], "a b");
	ck_assert_str(request.parts.parts[1], "%2e%2e");
}
END_TEST

START_TEST(what_is_no_path_names_nothing)
{
	static const char *const uris[] = { "", "*", "v1", "//", "/a//b", "/a/",
		"/..", "/a/../b", "/%2e%2e/b", "/a%2fb", "/a%00", "/%ff", "/a\\b", "/%",
		"?x", "HTTP://h/a", "ftp://h/a", "/a b", "/\xc3\xa4" };

	for (size_t i = 0; i < sizeof uris / sizeof uris[0]; i++) {
		struct http_request request;

		ck_assert_msg(parse("GET", uris[i], &request) == RC_NOT_FOUND, "%s",
		    uris[i]);
	}
}
END_TEST

START_TEST(a_doubled_header_is_malformed)
{
	struct http_request request = { .arena = arena, .twice = true,
		.method = STR("GET"), .uri = STR("/") };
	struct err err;

	err_init(&err);
	ck_assert_int_eq(http_request_parse(&request, &err), RC_MALFORMED);
}
END_TEST

START_TEST(media_types_are_compared_without_parameters)
{
	static const char json[] = "application/json";

	ck_assert(http_media_type_is(STR("application/json"), json));
	ck_assert(http_media_type_is(STR("Application/JSON; charset=utf-8"), json));
	ck_assert(http_media_type_is(STR(" application/json ;"), json));
	ck_assert(!http_media_type_is(STR("application/jsonx"), json));
	ck_assert(!http_media_type_is(STR("text/plain; application/json"), json));
	ck_assert(!http_media_type_is(STR(""), json));
	ck_assert(!http_media_type_is(STR_NULL, json));
}
END_TEST

START_TEST(entity_tags_are_found_in_lists)
{
	static const struct {
		const char *list;
		bool in;
	} rows[] = {
		{ "\"a\"", true }, { "W/\"a\"", true },
		{ "\"x\", \"a\"", true }, { "\"x\",\"a\" , \"y\"", true },
		{ "W/\"x\",\tW/\"a\"", true }, { "W/\"a\",\"a\"", true },
		{ "*", true }, { " * ", true }, { "\"*\"", false },
		{ "\"b\"", false }, { "a", false }, { "", false },
		{ ",", false }, { "W/", false }, { "w/\"a\"", false },
		{ "\"a", false }, { "*, \"b\"", false },
		{ "\"A\"", false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct str list = str_of(rows[i].list);

		ck_assert_msg(http_etag_in(list, STR("\"a\"")) == rows[i].in,
		    "%s", rows[i].list);
	}
	ck_assert(!http_etag_in(STR_NULL, STR("\"a\"")));
	/* Without a tag there is nothing to match but "*". */
	ck_assert(!http_etag_in(STR(""), STR_NULL));
	ck_assert(!http_etag_in(STR("\"a\",,"), STR("")));
	ck_assert(!http_etag_in(STR("W/"), STR_NULL));
	ck_assert(http_etag_in(STR("*"), STR_NULL));
}
END_TEST

/* --- routes --------------------------------------------------------------- */

struct row {
	struct http_route route;
	int more;		/* rows are longer than a route */
};

static const struct row routes[] = {
	{ { HTTP_GET, "/" }, 0 },
	{ { HTTP_GET, "/v1/designs" }, 1 },
	{ { HTTP_POST, "/v1/designs" }, 2 },
	{ { HTTP_GET, "/v1/designs/search" }, 3 },
	{ { HTTP_GET, "/v1/designs/{id}" }, 4 },
	{ { HTTP_PATCH, "/v1/designs/{id}" }, 5 },
	{ { HTTP_DELETE, "/v1/designs/{id}" }, 6 },
	{ { HTTP_PUT, "/a/{x}/b/{y}" }, 7 },
	{ { HTTP_HEAD, "/head" }, 8 },
	{ { HTTP_GET, "/p/{x}/{y}.jpg" }, 9 },
};

static enum rc
route(const char *method, const char *uri, struct http_match *match,
    struct err *err)
{
	struct http_request request;

	ck_assert_int_eq(parse(method, uri, &request), RC_OK);
	err_init(err);
	return http_route_match(routes, sizeof routes[0],
	    sizeof routes / sizeof routes[0], &request, match, err);
}

START_TEST(routes_are_found)
{
	static const struct {
		const char *method, *uri;
		size_t index, params;
		const char *first;
	} rows[] = {
		{ "GET", "/", 0, 0, NULL }, { "HEAD", "/", 0, 0, NULL },
		{ "GET", "/v1/designs", 1, 0, NULL },
		{ "HEAD", "/v1/designs?x=1", 1, 0, NULL },
		{ "POST", "/v1/designs", 2, 0, NULL },
		{ "GET", "/v1/designs/search", 3, 0, NULL },
		{ "GET", "/v1/designs/abc", 4, 1, "abc" },
		{ "HEAD", "/v1/designs/a%20c", 4, 1, "a c" },
		{ "PATCH", "/v1/designs/%7Bid%7D", 5, 1, "{id}" },
		{ "DELETE", "/v1/designs/searches", 6, 1, "searches" },
		{ "PUT", "/a/1/b/2", 7, 2, "1" },
		{ "HEAD", "/head", 8, 0, NULL },
		{ "GET", "/p/a/b.jpg", 9, 2, "a" },
		{ "HEAD", "/p/b%2Ejpg/a.b.jpg.jpg", 9, 2, "b.jpg" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct http_match match;
		struct err err;

		ck_assert_msg(route(rows[i].method, rows[i].uri, &match, &err)
		    == RC_OK, "%s %s", rows[i].method, rows[i].uri);
		ck_assert_uint_eq(match.index, rows[i].index);
		ck_assert_uint_eq(match.param_count, rows[i].params);
		if (rows[i].first != NULL)
			ck_assert_str(match.params[0], rows[i].first);
	}
}
END_TEST

/* The row with a parameter would take its methods too. */
START_TEST(fixed_parts_have_their_path_alone)
{
	struct http_match match;
	struct err err;

	ck_assert_int_eq(route("DELETE", "/v1/designs/search", &match, &err),
	    RC_METHOD);
	ck_assert_uint_eq(match.allowed, HTTP_GET | HTTP_HEAD);
	ck_assert_int_eq(route("POST", "/v1/designs/abc", &match, &err), RC_METHOD);
	ck_assert_uint_eq(match.allowed, HTTP_GET | HTTP_HEAD | HTTP_PATCH
	    | HTTP_DELETE);
}
END_TEST

START_TEST(endings_are_cut_off)
{
	struct http_match match;
	struct err err;

	ck_assert_int_eq(route("GET", "/p/a/b.jpg", &match, &err), RC_OK);
	ck_assert_str(match.params[1], "b");
	ck_assert_int_eq(route("GET", "/p/a/b.jpg.jpg", &match, &err), RC_OK);
	ck_assert_str(match.params[1], "b.jpg");
}
END_TEST

START_TEST(other_paths_are_not_found)
{
	static const char *const uris[] = { "/v1", "/v1/design", "/v1/designs/a/b",
		"/V1/designs", "/v1/designsx", "/a/1/b", "/a/1/c/2", "/head/x",
		"/p/a/b", "/p/a/b.webp", "/p/a/.jpg", "/p/a/jpg", "/p/a/b.JPG",
		"/p/a/b.jpg.", "/v1%2Fdesign" };
	struct http_match match;
	struct err err;

	for (size_t i = 0; i + 1 < sizeof uris / sizeof uris[0]; i++)
		ck_assert_msg(route("GET", uris[i], &match, &err) == RC_NOT_FOUND,
		    "%s", uris[i]);
	/* An odd method is not found either where no path is. */
	ck_assert_int_eq(route("BREW", "/coffee", &match, &err), RC_NOT_FOUND);
}
END_TEST

START_TEST(other_methods_are_told_what_there_is)
{
	static const struct {
		const char *method, *uri, *allow;
	} rows[] = {
		{ "DELETE", "/v1/designs", "GET, HEAD, POST" },
		{ "POST", "/v1/designs/abc", "GET, HEAD, PATCH, DELETE" },
		{ "OPTIONS", "/v1/designs/abc", "GET, HEAD, PATCH, DELETE" },
		{ "get", "/", "GET, HEAD" },
		{ "GET", "/a/1/b/2", "PUT" },
		{ "GET", "/head", "HEAD" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct http_match match;
		struct err err;

		ck_assert_int_eq(route(rows[i].method, rows[i].uri, &match, &err),
		    RC_METHOD);
		ck_assert_str(http_allow(arena, match.allowed), rows[i].allow);
		ck_assert_ptr_nonnull(strstr(err.message, rows[i].allow));
	}
	ck_assert_str(http_allow(arena, HTTP_OTHER - 1),
	    "GET, HEAD, POST, PUT, PATCH, DELETE");
}
END_TEST

/* --- answers -------------------------------------------------------------- */

START_TEST(the_head_of_an_answer)
{
	struct http_response response;

	http_response_init(&response, arena);
	ck_assert_str(http_response_head(&response), "Status: 200 OK\r\n"
	    "Content-Length: 0\r\nCache-Control: no-store\r\n\r\n");
	response.status = 201;
	response.content_type = "application/json";
	response.cache_control = "private, no-cache";
	response.etag = STR("\"x\"");
	buf_addz(&response.body, "{}");
	http_header(&response, "Location", STR("/v1/designs/1"));
	http_header_printf(&response, "Retry-After", "%d", 2);
	ck_assert_str(http_response_head(&response), "Status: 201 Created\r\n"
	    "Content-Type: application/json\r\nContent-Length: 2\r\n"
	    "Cache-Control: private, no-cache\r\nETag: \"x\"\r\n"
	    "Location: /v1/designs/1\r\nRetry-After: 2\r\n\r\n");
}
END_TEST

START_TEST(answers_without_a_body_have_no_length)
{
	static const int statuses[] = { 204, 304 };
	struct http_response response;

	for (size_t i = 0; i < 2; i++) {
		http_response_init(&response, arena);
		response.status = statuses[i];
		ck_assert(!str_contains_nocase(http_response_head(&response),
		    STR("Content-Length")));
	}
}
END_TEST

START_TEST(each_error_has_a_status_line)
{
	for (int rc = RC_OK + 1; rc < RC_COUNT; rc++) {
		struct http_response response;

		http_response_init(&response, arena);
		response.status = error_rows[rc].status;
		ck_assert(str_starts(http_response_head(&response),
		    STR("Status: ")));
	}
}
END_TEST

static const struct str breaks[] = { STR_INIT("a\r\nSet-Cookie: x=1"),
	STR_INIT("a\nb"), STR_INIT("a\rb"), STR_INIT("a\0b") };
static size_t break_at;

static void
inject(void)
{
	struct http_response response;

	http_response_init(&response, arena);
	http_header(&response, "Location", breaks[break_at]);
}

static void
inject_printf(void)
{
	struct http_response response;

	http_response_init(&response, arena);
	http_header_printf(&response, "Location", "%s", "a\nb");
}

static void
too_long(void)
{
	struct http_response response;

	http_response_init(&response, arena);
	http_header_printf(&response, "Location", "%*d", 600, 1);
}

static void
odd_status(void)
{
	struct http_response response;

	http_response_init(&response, arena);
	response.status = 299;
	(void)http_response_head(&response);
}

START_TEST(header_injection_dies)
{
	for (break_at = 0; break_at < 4; break_at++)
		ck_assert(dies(inject));
	ck_assert(dies(inject_printf));
	ck_assert(dies(too_long));
	ck_assert(dies(odd_status));
}
END_TEST

static struct str
problem(const struct err *err, struct http_response *response)
{
	http_response_init(response, arena);
	response->etag = STR("\"old\"");
	response->cache_control = "public";
	buf_addz(&response->body, "what was there before");
	http_problem(response, err, STR("https://x"), STR("/v1/\"<a>\"\xff"),
	    STR("req-1"));
	ck_assert_str_eq(response->content_type, "application/problem+json");
	ck_assert_str_eq(response->cache_control, "no-store");
	ck_assert_ptr_null(response->etag.p);
	return buf_str(&response->body);
}

START_TEST(a_problem_is_exact_json)
{
	struct http_response response;
	struct err err;

	err_init(&err);
	ck_assert_int_eq(err_set(&err, RC_NOT_FOUND, "No such \"design\"."),
	    RC_NOT_FOUND);
	err_detail(&err, "for the log alone");
	ck_assert_str(problem(&err, &response), "{\"type\":"
	    "\"https://x/v1/problems/not_found\",\"title\":\"There is nothing here\","
	    "\"status\":404,\"detail\":\"No such \\\"design\\\".\",\"instance\":"
	    "\"/v1/\\\"\\u003ca\\u003e\\\"\xef\xbf\xbd\",\"code\":\"not_found\","
	    "\"request_id\":\"req-1\"}");
	ck_assert_int_eq(response.status, 404);
	ck_assert_uint_eq(response.headers.n, 0);
}
END_TEST

START_TEST(a_problem_lists_its_faults)
{
	struct http_response response;
	struct err err;

	err_init(&err);
	err_fault(&err, arena, STR("/a~1b"), "too_long", "At most %d.", 5);
	err_fault(&err, arena, STR(""), "required", "This is required.");
	err.extra_json = STR("\"limit\":5");
	ck_assert_str(problem(&err, &response), "{\"type\":"
	    "\"https://x/v1/problems/invalid\",\"title\":\"The request has faults\","
	    "\"status\":422,\"detail\":\"The request has faults; see errors.\","
	    "\"instance\":\"/v1/\\\"\\u003ca\\u003e\\\"\xef\xbf\xbd\","
	    "\"code\":\"invalid\",\"request_id\":\"req-1\",\"errors\":["
	    "{\"pointer\":\"/a~1b\",\"code\":\"too_long\",\"detail\":\"At most 5.\"},"
	    "{\"pointer\":\"\",\"code\":\"required\",\"detail\":"
	    "\"This is required.\"}],\"limit\":5}");
}
END_TEST

START_TEST(more_faults_than_shown_are_counted)
{
	struct http_response response;
	struct err err;

	err_init(&err);
	for (int i = 0; i < FAULTS_MAX + 3; i++)
		err_fault(&err, arena, STR("/x"), "c", "d");
	ck_assert(str_contains_nocase(problem(&err, &response),
	    STR("}],\"error_count\":67}")));
}
END_TEST

START_TEST(some_problems_have_headers)
{
	struct http_response response;
	struct err err;

	err_init(&err);
	ck_assert_int_eq(err_set(&err, RC_UNAVAILABLE, "x"), RC_UNAVAILABLE);
	(void)problem(&err, &response);
	ck_assert_str(buf_str(&response.headers), "Retry-After: 2\r\n");
	err.retry_after_s = 30;
	(void)problem(&err, &response);
	ck_assert_str(buf_str(&response.headers), "Retry-After: 30\r\n");
	err_init(&err);
	ck_assert_int_eq(err_set(&err, RC_NO_SESSION, "x"), RC_NO_SESSION);
	(void)problem(&err, &response);
	ck_assert_str(buf_str(&response.headers),
	    "WWW-Authenticate: Bearer realm=\"bezel\"\r\n");
	err_init(&err);
	ck_assert_int_eq(err_set(&err, RC_API_KEY, "x"), RC_API_KEY);
	(void)problem(&err, &response);
	ck_assert_str(buf_str(&response.headers), "WWW-Authenticate: Bearer "
	    "realm=\"bezel\", error=\"invalid_token\"\r\n");
}
END_TEST

START_TEST(a_problem_comes_out_of_a_body_that_was_too_large)
{
	struct http_response response;
	struct err err;

	err_init(&err);
	ck_assert_int_eq(err_set(&err, RC_INTERNAL, "x"), RC_INTERNAL);
	http_response_init(&response, arena);
	ck_assert(!buf_reserve(&response.body, HTTP_RESPONSE_MAX + 1));
	response.body.failed = true;
	http_header(&response, "Allow", STR("GET"));
	http_problem(&response, &err, STR_NULL, STR_NULL, STR_NULL);
	ck_assert_str(buf_str(&response.body), "{\"type\":\"/v1/problems/internal\","
	    "\"title\":\"Something went wrong on our side\",\"status\":500,"
	    "\"detail\":\"x\",\"instance\":\"\",\"code\":\"internal\","
	    "\"request_id\":\"\"}");
	/* Header lines stay: a 405 has its Allow already. */
	ck_assert_str(buf_str(&response.headers), "Allow: GET\r\n");
}
END_TEST

UNIT_MAIN_FIXTURE("http", setup, teardown, methods_have_names,
    the_target_is_cut_into_path_and_query, parts_are_decoded_once,
    what_is_no_path_names_nothing, a_doubled_header_is_malformed,
    media_types_are_compared_without_parameters, entity_tags_are_found_in_lists,
    routes_are_found, fixed_parts_have_their_path_alone, endings_are_cut_off,
    other_paths_are_not_found,
    other_methods_are_told_what_there_is, the_head_of_an_answer,
    answers_without_a_body_have_no_length, each_error_has_a_status_line,
    header_injection_dies, a_problem_is_exact_json, a_problem_lists_its_faults,
    more_faults_than_shown_are_counted, some_problems_have_headers,
    a_problem_comes_out_of_a_body_that_was_too_large)
