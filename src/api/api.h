/*
 * api.h - the REST interface: requests to use cases, by the rows of routes.def.
 *
 * api_handle() is the handler of every web worker. It cannot fail: whatever goes
 * wrong is a problem (RFC 9457). No handler sees the database.
 */
#ifndef BEZEL_API_API_H
#define BEZEL_API_API_H

#include "app/app.h"
#include "http/request.h"
#include "http/response.h"

void api_handle(void *app, struct http_request *request,
    struct http_response *response);

/* OpenAPI 3.1 as JSON; a table of routes; nginx's location blocks for the slow
 * ones. From the rows alone. */
void api_print_openapi(struct buf *buf);
void api_print_routes(struct buf *buf);

#endif
