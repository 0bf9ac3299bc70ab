#include "config.h"

#include "fuzz.h"

#include "base/utf8.h"
#include "http/request.h"
#include "http/router.h"

static const struct http_route routes[] = {
	{ HTTP_GET, "/" }, { HTTP_GET, "/v1/designs" }, { HTTP_POST, "/v1/designs" },
	{ HTTP_GET, "/v1/designs/{id}" }, { HTTP_PATCH, "/v1/designs/{id}" },
	{ HTTP_POST, "/v1/designs/{id}/share" }, { HTTP_GET, "/s/{token}" },
	{ HTTP_PUT, "/a/{x}/b/{y}/{z}/{w}" }, { HTTP_DELETE, "/{any}" },
};
enum { ROUTES = sizeof routes / sizeof routes[0] };

static void
check_match(const struct http_request *request, const struct http_match *match)
{
	const struct http_route *route = &routes[match->index];
	struct str rest = str_of(route->pattern + 1);
	size_t params = 0;

	assert(match->index < ROUTES && match->param_count <= HTTP_PARAMS_MAX);
	assert(route->verb == request->verb
	    || (route->verb == HTTP_GET && request->verb == HTTP_HEAD));
	for (size_t i = 0; i < request->parts.n; i++) {
		struct str part = str_cut(&rest, '/');

		if (part.p[0] == '{')
			assert(str_eq(match->params[params++],
			    request->parts.parts[i]));
		else
			assert(str_eq(part, request->parts.parts[i]));
	}
	assert(params == match->param_count);
}

static void
check_tags(struct str list)
{
	static const char tag[] = "\"0123456789abcdef-1\"";

	(void)http_etag_in(list, str_of(tag));
	(void)http_media_type_is(list, "application/json");
}

/* The first line is the method, the rest the target. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena *arena = fuzz_arena();
	struct str rest = fuzz_str(data, n);
	struct http_request request = { .arena = arena };
	struct http_match match = { 0 };
	struct err err;
	enum rc rc;

	check_tags(rest);
	request.method = str_cut(&rest, '\n');
	request.uri = rest;
	err_init(&err);
	if (http_request_parse(&request, &err) != RC_OK) {
		assert(err.rc == RC_NOT_FOUND);
		return 0;
	}
	assert(request.path.n > 0 && request.path.p[0] == '/');
	assert(str_find(request.path, '?') == request.path.n);
	for (size_t i = 0; i < request.parts.n; i++) {
		struct str part = request.parts.parts[i];

		assert(part.n > 0 && utf8_valid(part));
		assert(!str_eqz(part, ".") && !str_eqz(part, ".."));
		assert(str_find(part, '/') == part.n && str_find(part, '\\') == part.n
		    && str_find(part, '\0') == part.n);
	}
	rc = http_route_match(routes, sizeof routes[0], ROUTES, &request, &match,
	    &err);
	if (rc == RC_OK)
		check_match(&request, &match);
	else if (rc == RC_METHOD)
		assert(match.allowed != 0 && !(match.allowed & request.verb)
		    && http_allow(arena, match.allowed).n > 0);
	else
		assert(rc == RC_NOT_FOUND);
	return 0;
}
