/*
 * api.h - the REST interface: requests to use cases, by the rows of routes.def.
 *
 * api_handle() is the handler of every web worker. It cannot fail: whatever goes
 * wrong is a problem (RFC 9457). No handler sees the database.
 */
#ifndef BEZEL_API_API_H
#define BEZEL_API_API_H

#include "app/app.h"
#include "http/exchange.h"

void api_handle(void *app, struct http_exchange *exchange);

/* For several of one kind (not 0) that wait at the same time, before api_handle() answers
 * each of them, in the order that is left in exchanges (fcgi/fcgi.h). arena lives until
 * all of them are answered. */
int api_kind(void *app, const struct http_request *request);
void api_together(void *app, struct arena *arena, struct http_exchange **exchanges,
    size_t n);

/* OpenAPI 3.1 as JSON; a table of routes; nginx's location blocks for the slow
 * ones. From the rows alone. */
void api_print_openapi(struct buf *buf);
/* nginx's answer to a link that is made up: the bytes and the policy of ours. */
void api_print_share_nothing(struct buf *buf);
void api_print_routes(struct buf *buf);

#endif
