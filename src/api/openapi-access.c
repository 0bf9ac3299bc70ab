#include "config.h"

#include "api/openapi.h"

#include "api/call.h"

bool
openapi_needs_match(const struct route *route)
{
	return route_scope(route->guards) >= 0 && (route->guards & MATCH)
	    && (route->match.verb & (HTTP_PATCH | HTTP_DELETE));
}

static const struct {
	const char *name, *text;
} responses[] = {
	{ "Problem", "What went wrong (RFC 9457)" },
	{ "Malformed", "The request cannot be parsed, or comes with an API key and "
	    "without an Idempotency-Key (idempotency_key_required)" },
	{ "Unauthorized", "Nobody is signed in, or the API key is not valid "
	    "(invalid_api_key); WWW-Authenticate says what would do" },
	{ "Forbidden", "This needs an account, the request comes from another site, "
	    "or the API key lacks the scope (scope_required; WWW-Authenticate names "
	    "it) or may not do this at all" },
	{ "PreconditionRequired", "With an API key this needs If-Match" },
};

void
openapi_problem_responses(struct buf *buf)
{
	for (size_t i = 0; i < sizeof responses / sizeof responses[0]; i++)
		buf_printf(buf, "%s\"%s\":{\"description\":\"%s\",\"content\":{"
		    "\"application/problem+json\":{\"schema\":{"
		    "\"$ref\":\"#/components/schemas/Problem\"}}}}",
		    i == 0 ? "" : ",", responses[i].name, responses[i].text);
}

static void
print_refusal(struct buf *buf, int status, const char *name)
{
	buf_printf(buf, ",\"%d\":{\"$ref\":\"#/components/responses/%s\"}", status,
	    name);
}

void
openapi_refusals(struct buf *buf, const struct route *route)
{
	bool keys = route_scope(route->guards) >= 0;

	if (!(route->guards & WHO))
		return;
	if (keys && (route->guards & IDEM))
		print_refusal(buf, 400, "Malformed");
	print_refusal(buf, 401, "Unauthorized");
	print_refusal(buf, 403, "Forbidden");
	if (openapi_needs_match(route))
		print_refusal(buf, 428, "PreconditionRequired");
}

void
openapi_security(struct buf *buf, const struct route *route)
{
	int scope = route_scope(route->guards);

	buf_addz(buf, ",\"security\":[{\"session\":[]}");
	if (scope >= 0)
		buf_printf(buf, ",{\"key\":[\"%s\"]}", enum_scope.values[scope]);
	buf_addz(buf, "]");
}

void
openapi_security_schemes(struct buf *buf)
{
	static const char *const rows[][2] = {
#define SCOPE(name, word, text) { word, text },
#include "schema/scopes.def"
#undef SCOPE
	};

	buf_addz(buf, "\"securitySchemes\":{\"session\":{\"type\":\"apiKey\","
	    "\"in\":\"cookie\",\"name\":\"bezel\",\"description\":\"Of browsers; on "
	    "https it is __Host-bezel\"},\"key\":{\"type\":\"http\",\"scheme\":"
	    "\"bearer\",\"bearerFormat\":\"bzl_live_... or bzl_test_...\","
	    "\"description\":\"An API key, whose scopes are:");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		buf_printf(buf, "%s %s (%s)", i == 0 ? "" : ";", rows[i][0],
		    rows[i][1]);
	buf_addz(buf, "\"}}");
}

const char *
openapi_keys_column(unsigned guards)
{
	int scope = route_scope(guards);

	if (guards & (OPEN | INFRA))
		return "open to all";
	return scope < 0 ? "none: not for keys" : enum_scope.values[scope];
}
