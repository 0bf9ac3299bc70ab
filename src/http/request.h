/*
 * request.h - one HTTP request, as it came in.
 *
 * Everything lives in the request's arena. Headers are as sent (null when
 * absent); nothing of them is trusted but remote_addr and request_id, which
 * nginx sets. Host is not read: links are built from the configured base URL.
 */
#ifndef BEZEL_HTTP_REQUEST_H
#define BEZEL_HTTP_REQUEST_H

#include "base/err.h"
#include "codec/pairs.h"
#include "codec/url.h"

enum http_method {
	HTTP_GET = 1 << 0, HTTP_HEAD = 1 << 1, HTTP_POST = 1 << 2,
	HTTP_PUT = 1 << 3, HTTP_PATCH = 1 << 4, HTTP_DELETE = 1 << 5,
	HTTP_OTHER = 1 << 6
};

enum { HTTP_BODY_MAX = 64 * 1024, HTTP_UPLOAD_MAX = 10 * 1024 * 1024 + 64 * 1024 };

struct http_request {
	struct arena *arena;
	int64_t began_us;		/* clock_mono_us() */
	enum http_method verb;
	struct str path;		/* raw, without the query */
	struct url_path parts;		/* decoded once */
	struct str query;		/* raw */
	struct str body;
	bool twice;			/* a header that must be alone came twice */
#define HEADER(member, name) struct str member;
#include "http/headers.def"
#undef HEADER
};

/* Fills verb, path, parts and query from method and uri. RC_NOT_FOUND when the
 * path is not one (so it names nothing of ours), RC_MALFORMED for `twice`. */
enum rc http_request_parse(struct http_request *request, struct err *err)
    must_use;

const char *http_method_name(enum http_method verb);

/* "application/json; charset=utf-8" is "application/json". */
bool http_media_type_is(struct str content_type, const char *type);

/* Whether a list of entity tags (If-None-Match) holds etag, by weak comparison; "*"
 * matches always, and no tag (null) nothing else. RFC 9110, section 8.8.3.2. */
bool http_etag_in(struct str list, struct str etag);

#endif
