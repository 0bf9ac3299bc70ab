#include "config.h"

#include "http/response.h"

#include <stdarg.h>
#include <stdio.h>

#include "codec/json.h"

void
http_response_init(struct http_response *response, struct arena *arena)
{
	memset(response, 0, sizeof *response);
	response->arena = arena;
	response->status = 200;
	response->cache_control = "no-store";
	buf_init(&response->headers, arena, 1024, 16 * 1024);
	buf_init(&response->body, arena, 0, HTTP_RESPONSE_MAX);
}

void
http_header(struct http_response *response, const char *name, struct str value)
{
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] == '\r' || value.p[i] == '\n'
		    || value.p[i] == '\0')
			die("http_header: a line break in a header");
	buf_addz(&response->headers, name);
	buf_addz(&response->headers, ": ");
	buf_add_str(&response->headers, value);
	buf_addz(&response->headers, "\r\n");
}

void
http_header_printf(struct http_response *response, const char *name,
    const char *fmt, ...)
{
	char value[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(value, sizeof value, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof value)
		die("http_header_printf: too long");
	http_header(response, name, (struct str){ value, (size_t)n });
}

static void
member(struct buf *buf, const char *name, struct str value)
{
	buf_printf(buf, ",\"%s\":", name);
	buf_add_json(buf, value);
}

static void
add_faults(struct buf *buf, const struct err *err)
{
	buf_addz(buf, ",\"errors\":[");
	for (const struct fault *f = err->faults; f != NULL; f = f->next) {
		buf_addz(buf, f == err->faults ? "{\"pointer\":"
		    : ",{\"pointer\":");
		buf_add_json(buf, f->pointer);
		member(buf, "code", str_of(f->code));
		member(buf, "detail", f->detail);
		buf_add_char(buf, '}');
	}
	buf_add_char(buf, ']');
	if (err->fault_count > FAULTS_MAX)
		buf_printf(buf, ",\"error_count\":%d", err->fault_count);
}

void
http_refuse(struct http_response *response, const struct err *err)
{
	const struct error_row *row = &error_rows[err->rc];

	response->status = row->status;
	response->cache_control = "no-store";
	response->etag = STR_NULL;
	response->body.n = 0;
	response->body.failed = false;
	if (err->retry_after_s > 0)
		http_header_printf(response, "Retry-After", "%d",
		    err->retry_after_s);
	else if (row->status == 503)
		http_header_printf(response, "Retry-After", "%d", 2);
	/* RFC 6750, 3: who came with a key hears what is wrong with it. */
	if (row->status == 401)
		http_header(response, "WWW-Authenticate", err->rc == RC_API_KEY
		    ? STR("Bearer realm=\"bezel\", error=\"invalid_token\"")
		    : STR("Bearer realm=\"bezel\""));
}

void
http_problem(struct http_response *response, const struct err *err,
    struct str base_url, struct str path, struct str request_id)
{
	const struct error_row *row = &error_rows[err->rc];
	struct buf *buf = &response->body;

	http_refuse(response, err);
	response->content_type = "application/problem+json";
	buf_printf(buf, "{\"type\":\"%.*s/v1/problems/%s\"", STR_FMT(base_url),
	    row->code);
	member(buf, "title", str_of(row->title));
	buf_printf(buf, ",\"status\":%d", row->status);
	member(buf, "detail", str_of(err->message));
	member(buf, "instance", path);
	member(buf, "code", str_of(row->code));
	member(buf, "request_id", request_id);
	if (err->faults != NULL)
		add_faults(buf, err);
	if (err->extra_json.p != NULL) {
		buf_add_char(buf, ',');
		buf_add_str(buf, err->extra_json);
	}
	buf_add_char(buf, '}');
}

/* nginx sends the status line as we write it: with its phrase (RFC 9110, 15). */
static const struct {
	int status;
	const char *phrase;
} phrases[] = {
	{ 200, "OK" }, { 201, "Created" }, { 202, "Accepted" },
	{ 204, "No Content" }, { 207, "Multi-Status" }, { 303, "See Other" },
	{ 304, "Not Modified" },
	{ 400, "Bad Request" }, { 401, "Unauthorized" }, { 403, "Forbidden" },
	{ 404, "Not Found" }, { 405, "Method Not Allowed" },
	{ 408, "Request Timeout" }, { 409, "Conflict" }, { 410, "Gone" },
	{ 411, "Length Required" }, { 412, "Precondition Failed" },
	{ 413, "Content Too Large" }, { 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" }, { 416, "Range Not Satisfiable" },
	{ 422, "Unprocessable Content" }, { 428, "Precondition Required" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 502, "Bad Gateway" }, { 503, "Service Unavailable" }, { 507, "Insufficient Storage" },
};

static const char *
phrase_of(int status)
{
	for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	die("http: a status without a phrase");
}

struct str
http_response_head(struct http_response *response)
{
	struct buf head;

	buf_init(&head, response->arena, 512, 32 * 1024);
	buf_addz(&head, "Status: ");
	buf_add_i64(&head, response->status);
	buf_add_char(&head, ' ');
	buf_addz(&head, phrase_of(response->status));
	if (response->content_type != NULL) {
		buf_addz(&head, "\r\nContent-Type: ");
		buf_addz(&head, response->content_type);
	}
	if (response->status != 204 && response->status != 304) {
		buf_addz(&head, "\r\nContent-Length: ");
		buf_add_i64(&head, (int64_t)response->body.n);
	}
	buf_addz(&head, "\r\nCache-Control: ");
	buf_addz(&head, response->cache_control);
	if (response->etag.p != NULL) {
		buf_addz(&head, "\r\nETag: ");
		buf_add_str(&head, response->etag);
	}
	buf_addz(&head, "\r\n");
	buf_add_str(&head, buf_str(&response->headers));
	buf_addz(&head, "\r\n");
	return buf_str(&head);
}
