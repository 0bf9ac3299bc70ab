/*
 * response.h - one HTTP answer, built in the request's arena.
 */
#ifndef BEZEL_HTTP_RESPONSE_H
#define BEZEL_HTTP_RESPONSE_H

#include "base/buf.h"
#include "base/err.h"

enum { HTTP_RESPONSE_MAX = 16 * 1024 * 1024 };

struct http_response {
	struct arena *arena;
	int status;
	const char *content_type;	/* NULL: no body */
	const char *cache_control;
	struct str etag;		/* with its quotes, or null */
	struct buf headers;		/* further lines, each with CRLF */
	struct buf body;
};

void http_response_init(struct http_response *response, struct arena *arena);

/* Values with CR, LF or NUL are our own mistake and end the process. */
void http_header(struct http_response *response, const char *name,
    struct str value);
void http_header_printf(struct http_response *response, const char *name,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Status and header lines of a refusal. The body and the ETag that were there before are
 * dropped; header lines stay (Allow, RateLimit-*). */
void http_refuse(struct http_response *response, const struct err *err);

/* The same with a body: err as application/problem+json (RFC 9457). base_url is where
 * `type` points. */
void http_problem(struct http_response *response, const struct err *err,
    struct str base_url, struct str path, struct str request_id);

/* The head as CGI wants it: "Status: 200\r\n...\r\n\r\n". */
struct str http_response_head(struct http_response *response);

#endif
