/*
 * openapi.h - who may ask what, as the description tells it. Only for openapi.c.
 */
#ifndef BEZEL_API_OPENAPI_H
#define BEZEL_API_OPENAPI_H

#include "base/buf.h"

struct route;

/* ,"security":[...] of a route; the two schemes. */
void openapi_security(struct buf *buf, const struct route *route);
void openapi_security_schemes(struct buf *buf);

/* The answers to those who may not, or not so; what they look like. */
void openapi_refusals(struct buf *buf, const struct route *route);
void openapi_problem_responses(struct buf *buf);

/* What API keys may do only with If-Match. */
bool openapi_needs_match(const struct route *route);

/* The scope, or why there is none, for the table of routes. */
const char *openapi_keys_column(unsigned guards);

#endif
