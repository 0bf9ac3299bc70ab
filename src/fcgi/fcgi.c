#include "config.h"

#include "fcgi/fcgi.h"

#include <errno.h>
#include <fcgiapp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "fcgi/record.h"

enum {
	KEPT_MAX = 64,		/* connections a worker holds at most */
	EVENTS = 64,
	IO_TIMEOUT_S = 5,	/* for a peer that stops in the middle */
	IDLE_MS = 1000,
	/* A request of the fast routes: nginx lets bodies of 64 KiB through and has
	 * headers of at most 32 KiB. A unix socket's buffer holds it whole. */
	WHOLE_MAX = 96 * 1024
};

struct kept {
	int fd;
	int64_t half_since_ms;	/* a part of a request is there; 0: none */
};

struct worker {
	const struct fcgi_options *options;
	fcgi_handler *handler;
	void *arg;
	struct arena *arena;	/* of one request */
	int epoll;
	struct kept kept[KEPT_MAX];
	int kept_count;
	bool listening;
	sigset_t waiting;	/* signals come while we wait, never in a request */
	FCGX_Request request;
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
take_body(struct worker *w, struct http_request *request, struct err *err)
{
	int64_t n = 0;
	char *body, end;

	if (request->content_length.n > 0
	    && (!str_to_i64(request->content_length, &n) || n < 0))
		return err_set(err, RC_MALFORMED, "Content-Length is not a number.");
	if (n > HTTP_UPLOAD_MAX)
		return err_set(err, RC_TOO_LARGE, "At most %d bytes.",
		    HTTP_UPLOAD_MAX);
	body = arena_alloc(w->arena, (size_t)n + 1);
	if ((n > 0 && FCGX_GetStr(body, (int)n, w->request.in) != (int)n)
	    || FCGX_GetStr(&end, 1, w->request.in) != 0
	    || FCGX_GetError(w->request.in) != 0)
		return err_set(err, RC_MALFORMED, "The request was cut.");
	request->body = (struct str){ body, (size_t)n };
	return RC_OK;
}

/* False when the request was not read to its end. */
static bool
answer(struct worker *w, struct http_request *request,
    struct http_response *response)
{
	struct err err;

	http_response_init(response, w->arena);
	request->arena = w->arena;
	request->began_us = clock_mono_us();
	for (char **param = w->request.envp; *param != NULL; param++)
		take_param(request, *param);
	err_init(&err);
	if (take_body(w, request, &err) == RC_OK) {
		w->handler(w->arg, request, response);
		return true;
	}
	http_problem(response, &err, STR_NULL, request->uri, request->request_id);
	return false;
}

/* One request of a connection that is readable. Returns whether it stays. */
static bool
serve_one(struct worker *w, int fd)
{
	struct http_request request = { 0 };
	struct http_response response;
	bool keep;

	if (FCGX_InitRequest(&w->request, -1, 0) != 0)
		return false;
	w->request.ipcFd = fd;
	w->request.keepConnection = 1;	/* else it begins by closing ours */
	if (FCGX_Accept_r(&w->request) < 0) {
		/* libfcgi has closed it unless it says otherwise. */
		if (w->request.ipcFd >= 0)
			(void)close(fd);
		return false;
	}
	w->options->pulse->busy_since_ms = clock_mono_ms();
	keep = answer(w, &request, &response) && w->request.keepConnection;
	if (!fcgi_record_write(fd, w->request.requestId,
	    http_response_head(&response),
	    request.verb == HTTP_HEAD ? STR_NULL : buf_str(&response.body)))
		keep = false;
	/* Not FCGX_Finish_r: we have written the answer ourselves, in one
	 * writev, and its close can stall for two seconds. */
	FCGX_Free(&w->request, 0);
	w->options->pulse->busy_since_ms = 0;
	w->options->pulse->requests++;
	arena_reset(w->arena);
	if (!keep)
		(void)close(fd);
	return keep;
}

static struct kept *
find(struct worker *w, int fd)
{
	for (int i = 0; i < w->kept_count; i++)
		if (w->kept[i].fd == fd)
			return &w->kept[i];
	return NULL;
}

static void
forget(struct worker *w, struct kept *kept)
{
	*kept = w->kept[--w->kept_count];
}

static void
drop(struct worker *w, struct kept *kept)
{
	(void)close(kept->fd);	/* closing also takes it out of epoll */
	forget(w, kept);
}

/* libfcgi blocks until a request is all there, and so would the others behind it.
 * nginx sends a request at once; what comes by halves is left in the socket until
 * it is whole, or too old (drop_halves). */
static void
connection_ready(struct worker *w, struct kept *kept, uint32_t events)
{
	static unsigned char whole[WHOLE_MAX];

	for (;;) {
		ssize_t n = recv(kept->fd, whole, sizeof whole,
		    MSG_PEEK | MSG_DONTWAIT);
		size_t request;

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			drop(w, kept);
			return;
		}
		request = fcgi_record_complete(whole, (size_t)n);
		if ((size_t)n < sizeof whole && request == 0) {
			if (events & (EPOLLHUP | EPOLLRDHUP))
				drop(w, kept);
			else if (kept->half_since_ms == 0)
				kept->half_since_ms = clock_mono_ms();
			return;
		}
		kept->half_since_ms = 0;
		if (!serve_one(w, kept->fd)) {
			forget(w, kept);
			return;
		}
		/* A connection has one request at a time (nginx's way). What comes
		 * after this look makes another event (EPOLLET); what was there
		 * already, and an end, does not. */
		if (request == (size_t)n && (size_t)n < sizeof whole
		    && !(events & (EPOLLHUP | EPOLLRDHUP)))
			return;
	}
}

static void
drop_halves(struct worker *w)
{
	int64_t before_ms = clock_mono_ms() - IO_TIMEOUT_S * 1000;

	for (int i = w->kept_count - 1; i >= 0; i--)
		if (w->kept[i].half_since_ms != 0
		    && w->kept[i].half_since_ms < before_ms)
			drop(w, &w->kept[i]);
}

static void
set_timeouts(int fd)
{
	struct timeval tv = { IO_TIMEOUT_S, 0 };

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
}

static void
listen_on(struct worker *w, bool on)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLEXCLUSIVE,
		.data.fd = w->options->listen_fd };

	if (on == w->listening)
		return;
	(void)epoll_ctl(w->epoll, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL,
	    w->options->listen_fd, &event);
	w->listening = on;
}

static void
take_connection(struct worker *w)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET };
	int fd = accept4(w->options->listen_fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0) {
		/* EAGAIN: another worker was faster. Out of descriptors or
		 * memory: wait a little instead of spinning. */
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM
		    || errno == ENOBUFS)
			clock_sleep_ms(100);
		return;
	}
	set_timeouts(fd);
	if (w->options->mode == FCGI_CLOSE) {
		if (serve_one(w, fd))
			(void)close(fd);	/* whatever the peer wishes */
		return;
	}
	event.data.fd = fd;
	if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
		(void)close(fd);
		return;
	}
	w->kept[w->kept_count++] = (struct kept){ .fd = fd };
	/* The request is mostly there already. */
	connection_ready(w, &w->kept[w->kept_count - 1], 0);
}

static void
loop(struct worker *w)
{
	struct epoll_event events[EVENTS];
	int64_t drain_until = 0;

	for (;;) {
		int n;

		if (*w->options->stop && drain_until == 0)
			drain_until = clock_mono_ms() + w->options->drain_ms;
		if (drain_until != 0 && (w->kept_count == 0
		    || clock_mono_ms() >= drain_until))
			return;
		listen_on(w, drain_until == 0 && w->kept_count < KEPT_MAX);
		n = epoll_pwait(w->epoll, events, EVENTS,
		    drain_until != 0 ? 50 : IDLE_MS, &w->waiting);
		if (n == 0 && w->options->idle != NULL)
			w->options->idle(w->arg);
		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;
			struct kept *kept = find(w, fd);

			if (kept != NULL)
				connection_ready(w, kept, events[i].events);
			else if (fd == w->options->listen_fd
			    && !*w->options->stop)
				take_connection(w);
		}
		drop_halves(w);
	}
}

enum rc
fcgi_serve(const struct fcgi_options *options, fcgi_handler *handler,
    void *arg, void (*signals)(void), struct err *err)
{
	struct worker w = { .options = options, .handler = handler, .arg = arg };
	sigset_t term;

	/* libfcgi polls two seconds at a close it does itself (a broken request);
	 * it reads these once, in FCGX_Init. */
	(void)setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "200", 1);
	(void)setenv("LIBFCGI_IS_AF_UNIX_KEEPER_POLL_TIMEOUT", "200", 1);
	if (FCGX_Init() != 0)
		return err_set(err, RC_INTERNAL, "FastCGI cannot start.");
	signals();
	/* A signal would end libfcgi's read of a body, and the request with it. */
	(void)sigemptyset(&term);
	(void)sigaddset(&term, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &term, &w.waiting);
	w.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (w.epoll < 0)
		return err_set(err, RC_INTERNAL, "epoll cannot start.");
	w.arena = arena_new();
	options->pulse->busy_since_ms = 0;
	options->pulse->serving = true;
	loop(&w);
	for (int i = 0; i < w.kept_count; i++)
		(void)close(w.kept[i].fd);
	(void)close(w.epoll);
	arena_free(w.arena);
	return RC_OK;
}

enum rc
fcgi_listen(const char *path, int backlog, int *ret_fd, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t mask;
	int fd, bound;

	if (strlen(path) >= sizeof address.sun_path)
		return err_set(err, RC_INTERNAL,
		    "%s: a unix socket's path has at most %zu bytes.", path,
		    sizeof address.sun_path - 1);
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_set(err, RC_INTERNAL, "socket: %s", strerror(errno));
	(void)unlink(path);
	mask = umask(0117);	/* 0660: nginx shares our group */
	bound = bind(fd, (struct sockaddr *)&address, sizeof address);
	(void)umask(mask);
	if (bound != 0 || listen(fd, backlog) != 0) {
		(void)err_set(err, RC_INTERNAL, "%s: %s", path, strerror(errno));
		(void)close(fd);
		return err->rc;
	}
	*ret_fd = fd;
	return RC_OK;
}
