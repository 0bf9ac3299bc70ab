/*
 * router.h - from method and path to a row of a route table.
 *
 * A pattern is "/v1/designs/{id}": fixed parts and parameters, which match one
 * part each, or with an ending ("{name}.jpg") what stands before that. Tables are small
 * (tens of rows) and walked from the top; the first pattern that fits has the path for
 * all methods, so fixed parts stand above parameters.
 */
#ifndef BEZEL_HTTP_ROUTER_H
#define BEZEL_HTTP_ROUTER_H

#include "http/request.h"

enum { HTTP_PARAMS_MAX = 4 };

struct http_route {
	enum http_method verb;
	const char *pattern;
};

struct http_match {
	size_t index;			/* of the row */
	struct str params[HTTP_PARAMS_MAX];
	size_t param_count;
	unsigned allowed;		/* methods of the path, when RC_METHOD */
};

/* Rows are `stride` bytes apart and each begins with a struct http_route. A GET
 * row answers HEAD too. RC_NOT_FOUND or RC_METHOD. */
enum rc http_route_match(const void *rows, size_t stride, size_t count,
    const struct http_request *request, struct http_match *ret_match,
    struct err *err) must_use;

/* "GET, HEAD, POST" for the Allow header. */
struct str http_allow(struct arena *arena, unsigned methods);

#endif
