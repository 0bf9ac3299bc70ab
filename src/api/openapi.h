/*
 * openapi.h - the parts of the description: who may ask what, parameters and bodies,
 * answers. Only for openapi*.c.
 */
#ifndef BEZEL_API_OPENAPI_H
#define BEZEL_API_OPENAPI_H

#include "base/buf.h"

struct route;
struct doc;

/* ,"security":[...] of a route; the two schemes. */
void openapi_security(struct buf *buf, const struct route *route);
void openapi_security_schemes(struct buf *buf);

/* ,"parameters":[...] and ,"requestBody":{...} */
void openapi_parameters(struct buf *buf, const struct route *route);
void openapi_body(struct buf *buf, const struct route *route);

/* ,"responses":{...}; what they refer to: "headers":{...}, and the members of
 * "responses" that say what went wrong. */
void openapi_responses(struct buf *buf, const struct route *route);
void openapi_headers(struct buf *buf);
void openapi_problem_responses(struct buf *buf);

/* The name of a document's schema in a view; of a shape of shapes.def, or NULL. */
const char *openapi_component(const struct doc *doc, unsigned view);
const char *openapi_shape(const char *word);

/* Whether its answer always, or sometimes, has an ETag. */
bool openapi_has_etag(const struct route *route);
bool openapi_may_have_etag(const struct route *route);

/* Whether one may ask for a part of it. */
bool openapi_has_ranges(const struct route *route);

/* What API keys may do only with If-Match. */
bool openapi_needs_match(const struct route *route);

/* The scope, or why there is none, for the table of routes. */
const char *openapi_keys_column(unsigned guards);

#endif
