#include "config.h"

#include "http/router.h"

/* "{name}" takes the whole part, "{name}.jpg" what stands before the ending. */
static bool
takes(struct str pattern, struct str part, struct str *ret_param)
{
	size_t n = pattern.n - str_find(pattern, '}') - 1, before;

	if (part.n < n)
		return false;
	before = part.n - n;
	*ret_param = str_slice(part, 0, before);
	return n == 0 || (before > 0 && str_eq(str_slice(part, before, part.n),
	    str_slice(pattern, pattern.n - n, pattern.n)));
}

static bool
matches(const char *pattern, const struct url_path *path,
    struct http_match *match)
{
	struct str rest = str_of(pattern + 1);

	match->param_count = 0;
	for (size_t i = 0; i < path->n; i++) {
		struct str part;

		if (rest.p == NULL || rest.n == 0)
			return false;
		part = str_cut(&rest, '/');
		if (part.p[0] != '{') {
			if (!str_eq(part, path->parts[i]))
				return false;
		} else if (!takes(part, path->parts[i],
		    &match->params[match->param_count++])) {
			return false;
		}
	}
	return rest.p == NULL || rest.n == 0;
}

enum rc
http_route_match(const void *rows, size_t stride, size_t count,
    const struct http_request *request, struct http_match *ret_match,
    struct err *err)
{
	struct http_match match = { 0 };
	const char *claimed = NULL;
	unsigned allowed = 0;

	for (size_t i = 0; i < count; i++) {
		const struct http_route *route = (const void *)
		    ((const char *)rows + i * stride);
		unsigned verbs = route->verb == HTTP_GET ? HTTP_GET | HTTP_HEAD
		    : route->verb;

		if (!matches(route->pattern, &request->parts, &match)
		    || (claimed != NULL && strcmp(claimed, route->pattern) != 0))
			continue;
		claimed = route->pattern;
		allowed |= verbs;
		if (verbs & request->verb) {
			match.index = i;
			*ret_match = match;
			return RC_OK;
		}
	}
	if (allowed == 0)
		return err_set(err, RC_NOT_FOUND, "There is nothing at this path.");
	ret_match->allowed = allowed;
	return err_set(err, RC_METHOD, "This resource answers to %.*s.",
	    STR_FMT(http_allow(request->arena, allowed)));
}

struct str
http_allow(struct arena *arena, unsigned methods)
{
	struct buf buf;

	buf_init(&buf, arena, 64, 128);
	for (unsigned verb = HTTP_GET; verb < HTTP_OTHER; verb <<= 1)
		if (methods & verb)
			buf_printf(&buf, "%s%s", buf.n > 0 ? ", " : "",
			    http_method_name((enum http_method)verb));
	return buf_str(&buf);
}
