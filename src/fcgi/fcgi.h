/*
 * fcgi.h - one FastCGI worker: many connections, one request at a time.
 *
 * libfcgi reads requests; this file decides when. With plain FCGX_Accept_r a
 * connection that nginx keeps open pins the worker that accepted it, so the
 * worker waits (epoll) for its listener and for all kept connections together.
 * A connection can only delay the requests behind a slow one on its own worker:
 * slow routes therefore have a socket of their own (FCGI_CLOSE).
 */
#ifndef BEZEL_FCGI_FCGI_H
#define BEZEL_FCGI_FCGI_H

#include <signal.h>

#include "http/exchange.h"

enum fcgi_mode {
	FCGI_KEEP,	/* connections stay open while nginx wants them to */
	FCGI_CLOSE	/* one request a connection */
};

/* Fills the response. A handler cannot fail: it answers with a problem then. */
typedef void fcgi_handler(void *arg, struct http_exchange *exchange);

/* What is cheaper for several: requests of one kind that wait at a worker at the same
 * time. 0: of no kind, alone. */
typedef int fcgi_kind(void *arg, const struct http_request *request);
/* Does what can be done for all of them at once; `work` of each says what was. Each is
 * then answered by the handler and written, one after the other, in the order that is
 * left in exchanges: who is ready does not wait for who is not. arena is the group's. */
typedef void fcgi_together(void *arg, struct arena *arena,
    struct http_exchange **exchanges, size_t n);

/* Shared with the supervisor, who kills a worker that is busy too long. One that
 * starts is busy until fcgi_serve() waits for its first request: whoever forks it
 * says so. */
struct fcgi_pulse {
	volatile int64_t busy_since_ms;	/* clock_mono_ms(); 0: idle */
	volatile bool serving;
	volatile int64_t requests;
};

struct fcgi_options {
	int listen_fd;			/* bound, listening, non-blocking */
	enum fcgi_mode mode;
	const volatile sig_atomic_t *stop;	/* set by SIGTERM: drain and leave */
	int64_t drain_ms;		/* at most so long */
	struct fcgi_pulse *pulse;
	fcgi_kind *kind;		/* or NULL: each alone */
	fcgi_together *together;
	void (*idle)(void *arg);	/* about each second without a request; or NULL */
};

/* Serves until *stop is set and all connections are gone; once per process. libfcgi
 * sets signal handlers of its own, so the process's are installed by `signals`, which
 * is called behind FCGX_Init. */
enum rc fcgi_serve(const struct fcgi_options *options, fcgi_handler *handler,
    void *arg, void (*signals)(void), struct err *err) must_use;

/* A listening unix socket, mode 0660. An old file of that name is replaced. */
enum rc fcgi_listen(const char *path, int backlog, int *ret_fd,
    struct err *err) must_use;

#endif
