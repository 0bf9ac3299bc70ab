#include "config.h"

#include "api/openapi.h"

#include "api/call.h"

bool
openapi_needs_match(const struct route *route)
{
	return route_scope(route->guards) >= 0 && (route->guards & MATCH)
	    && (route->match.verb & (HTTP_PATCH | HTTP_DELETE));
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
