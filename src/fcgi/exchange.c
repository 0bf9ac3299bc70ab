#include "config.h"

#include "fcgi/exchange.h"

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "fcgi/record.h"

enum {
	/* A request of the fast routes: nginx lets bodies of 64 KiB through and has
	 * headers of at most 32 KiB. A unix socket's buffer holds it whole. */
	WHOLE_MAX = 96 * 1024
};

static const struct {
	const char *name;
	size_t name_n, offset;
} headers[] = {
#define HEADER(member, name) \
	{ name, sizeof name - 1, offsetof(struct http_request, member) },
#include "http/headers.def"
#undef HEADER
};

/* "NAME=value" of libfcgi to the member of that name; copied, because libfcgi
 * frees it before the answer is written. */
static void
take_param(struct http_request *request, const char *param)
{
	const char *equals = strchr(param, '=');
	size_t name_n;

	if (equals == NULL)
		return;
	name_n = (size_t)(equals - param);
	for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
		struct str *member;

		if (headers[i].name_n != name_n
		    || memcmp(headers[i].name, param, name_n) != 0)
			continue;
		member = (struct str *)((char *)request + headers[i].offset);
		if (member->p == NULL)
			*member = arena_str(request->arena, str_of(equals + 1));
		else if (member == &request->cookie)
			/* nginx passes several Cookie headers on as they are. */
			*member = arena_printf(request->arena, "%.*s; %s",
			    STR_FMT(*member), equals + 1);
		else
			request->twice = true;
		return;
	}
}

/* The whole body, or an error before anything has happened: a request cut on a
 * record boundary looks complete to libfcgi, so the length must agree too. */
static enum rc
take_body(struct exchange *x, struct err *err)
{
	struct http_request *request = &x->http.request;
	int64_t n = 0;
	char *body, end;

	if (request->content_length.n > 0
	    && (!str_to_i64(request->content_length, &n) || n < 0))
		return err_set(err, RC_MALFORMED, "Content-Length is not a number.");
	if (n > HTTP_UPLOAD_MAX)
		return err_set(err, RC_TOO_LARGE, "At most %d bytes.",
		    HTTP_UPLOAD_MAX);
	body = arena_alloc(request->arena, (size_t)n + 1);
	if ((n > 0 && FCGX_GetStr(body, (int)n, x->fcgi.in) != (int)n)
	    || FCGX_GetStr(&end, 1, x->fcgi.in) != 0
	    || FCGX_GetError(x->fcgi.in) != 0)
		return err_set(err, RC_MALFORMED, "The request was cut.");
	request->body = (struct str){ body, (size_t)n };
	return RC_OK;
}

enum exchange_waiting
exchange_waiting(int fd)
{
	static unsigned char whole[WHOLE_MAX];
	ssize_t n = recv(fd, whole, sizeof whole, MSG_PEEK | MSG_DONTWAIT);
	size_t request;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return EXCHANGE_NONE;
	if (n <= 0)
		return EXCHANGE_GONE;
	request = fcgi_record_complete(whole, (size_t)n);
	if ((size_t)n == sizeof whole)
		return EXCHANGE_MORE;
	return request == 0 ? EXCHANGE_HALF
	    : request == (size_t)n ? EXCHANGE_WHOLE : EXCHANGE_MORE;
}

static void
take_request(struct exchange *x)
{
	struct http_request *request = &x->http.request;
	struct err err;

	*request = (struct http_request){ .arena = x->arena,
		.began_us = clock_mono_us() };
	http_response_init(&x->http.response, x->arena);
	for (char **param = x->fcgi.envp; *param != NULL; param++)
		take_param(request, *param);
	err_init(&err);
	x->refused = take_body(x, &err) != RC_OK;
	if (x->refused)
		http_problem(&x->http.response, &err, STR_NULL, request->uri,
		    request->request_id);
	x->keep = !x->refused && x->fcgi.keepConnection;
	x->http.work = NULL;
	x->written = false;
	x->kind = 0;
}

bool
exchange_read(struct exchange *x, int fd)
{
	if (FCGX_InitRequest(&x->fcgi, -1, 0) != 0) {
		(void)close(fd);
		return false;
	}
	x->fd = x->fcgi.ipcFd = fd;
	x->fcgi.keepConnection = 1;	/* else it begins by closing ours */
	if (FCGX_Accept_r(&x->fcgi) < 0) {
		/* libfcgi has closed it unless it says otherwise. */
		if (x->fcgi.ipcFd >= 0)
			(void)close(fd);
		return false;
	}
	if (x->arena == NULL)
		x->arena = arena_new();
	take_request(x);
	return true;
}

void
exchange_write(struct exchange *x)
{
	struct http_response *response = &x->http.response;

	if (!fcgi_record_write(x->fd, x->fcgi.requestId,
	    http_response_head(response),
	    x->http.request.verb == HTTP_HEAD ? STR_NULL
	    : buf_str(&response->body)))
		x->keep = false;
	/* Not FCGX_Finish_r: we have written the answer ourselves, in one
	 * writev, and its close can stall for two seconds. */
	FCGX_Free(&x->fcgi, 0);
	arena_reset(x->arena);
	x->written = true;
}
