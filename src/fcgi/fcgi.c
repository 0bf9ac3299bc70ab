#include "config.h"

#include "fcgi/fcgi.h"

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "fcgi/connections.h"
#include "fcgi/exchange.h"

enum {
	TOGETHER_MAX = 16,	/* requests that a worker has in hand */
	OTHERS_MS = 250,	/* for others, while the first of a group waits */
	IDLE_MS = 1000
};

struct worker {
	const struct fcgi_options *options;
	fcgi_handler *handler;
	void *arg;
	struct connections connections;
	struct exchange exchanges[TOGETHER_MAX];
	int taken;		/* of these are in hand, in the order they came */
	struct arena *arena;	/* of a group */
};

/* --- answers ----------------------------------------------------------------- */

/* One that is busy with several is busy with one after the other. */
static void
set_busy(struct worker *w)
{
	w->options->pulse->busy_since_ms = clock_mono_ms();
}

static void
end_exchange(struct worker *w, struct exchange *x)
{
	struct kept *kept = connections_find(&w->connections, x->fd);

	exchange_write(x);
	w->options->pulse->requests++;
	if (x->keep && kept != NULL)
		return;
	(void)close(x->fd);	/* of FCGI_CLOSE whatever the peer wishes */
	if (kept != NULL)
		connections_forget(&w->connections, kept);
}

static void
answer(struct worker *w, struct exchange *x)
{
	set_busy(w);
	if (!x->refused)
		w->handler(w->arg, &x->http);
	end_exchange(w, x);
}

static struct exchange *
exchange_of(struct http_exchange *http)
{
	return (struct exchange *)((char *)http - offsetof(struct exchange, http));
}

/* All of this kind that are in hand. */
static void
answer_group(struct worker *w, int kind)
{
	struct http_exchange *all[TOGETHER_MAX];
	size_t n = 0;

	for (int i = 0; i < w->taken; i++)
		if (!w->exchanges[i].written && w->exchanges[i].kind == kind)
			all[n++] = &w->exchanges[i].http;
	set_busy(w);
	if (n > 1)
		w->options->together(w->arg, w->arena, all, n);
	for (size_t i = 0; i < n; i++)
		answer(w, exchange_of(all[i]));
	arena_reset(w->arena);
}

/* Those of no kind go before, so that they do not wait for a group, until the first one
 * has waited long enough for them. */
static void
answer_all(struct worker *w)
{
	int64_t until_ms = clock_mono_ms() + OTHERS_MS;

	for (int i = 0; i < w->taken && clock_mono_ms() < until_ms; i++)
		if (w->exchanges[i].kind == 0)
			answer(w, &w->exchanges[i]);
	for (int i = 0; i < w->taken; i++)
		if (w->exchanges[i].written)
			continue;
		else if (w->exchanges[i].kind == 0)
			answer(w, &w->exchanges[i]);
		else
			answer_group(w, w->exchanges[i].kind);
}

/* --- requests ---------------------------------------------------------------- */

static bool
is_taken(const struct worker *w, int fd)
{
	for (int i = 0; i < w->taken; i++)
		if (w->exchanges[i].fd == fd)
			return true;
	return false;
}

/* Takes the request that waits there; false: the connection has been closed. */
static bool
take_request(struct worker *w, int fd)
{
	struct kept *kept = connections_find(&w->connections, fd);
	struct exchange *x = &w->exchanges[w->taken];

	if (!exchange_read(x, fd)) {
		if (kept != NULL)
			connections_forget(&w->connections, kept);
		return false;
	}
	if (!x->refused && w->options->kind != NULL
	    && w->options->mode == FCGI_KEEP)
		x->kind = w->options->kind(w->arg, &x->http.request);
	w->taken++;
	return true;
}

/* The request of that event, when it is all there; else whoever comes to it sees what it
 * is. False: there is still an event at that place. */
static bool
take_waiting(struct worker *w, const struct epoll_event *event)
{
	int fd = event->data.fd;
	struct kept *kept = connections_find(&w->connections, fd);

	if (kept == NULL || is_taken(w, fd)
	    || (event->events & (EPOLLHUP | EPOLLRDHUP))
	    || exchange_waiting(fd) != EXCHANGE_WHOLE)
		return false;
	kept->half_since_ms = 0;
	connections_forget_events(&w->connections, fd);
	(void)take_request(w, fd);
	return true;
}

/* Those that connect while we are busy have their request there already. The first one that
 * is of another kind is the last one: others may be free sooner, and nothing can be given
 * back. */
static void
take_connections(struct worker *w)
{
	struct connections *c = &w->connections;
	int fd;

	while (w->taken < TOGETHER_MAX && c->listening && c->kept_count < KEPT_MAX
	    && (fd = connections_accept(c)) >= 0 && connections_keep(c, fd)
	    && exchange_waiting(fd) == EXCHANGE_WHOLE && take_request(w, fd))
		if (w->exchanges[w->taken - 1].kind != w->exchanges[0].kind)
			return;
}

/* Others that have come meanwhile are taken along. Nobody waits for more. */
static void
gather(struct worker *w)
{
	struct connections *c = &w->connections;
	int at = 0;

	(void)connections_look(c, 0);
	while (at < c->ready_count && w->taken < TOGETHER_MAX)
		if (!take_waiting(w, &c->ready[at]))
			at++;
	take_connections(w);
}

/* The request of a connection that is readable, and what may be done with it. False:
 * the connection has been closed. */
static bool
serve(struct worker *w, int fd)
{
	w->taken = 0;
	if (!take_request(w, fd))
		return false;
	if (w->exchanges[0].kind != 0)
		gather(w);
	answer_all(w);
	w->options->pulse->busy_since_ms = 0;
	return w->exchanges[0].keep;
}

/* What comes by halves is left in the socket until it is whole, or too old
 * (connections_drop_halves()). */
static void
connection_ready(struct worker *w, int fd, uint32_t events)
{
	struct kept *kept;

	while ((kept = connections_find(&w->connections, fd)) != NULL) {
		enum exchange_waiting waiting = exchange_waiting(fd);

		if (waiting == EXCHANGE_NONE)
			return;
		if (waiting == EXCHANGE_GONE || (waiting == EXCHANGE_HALF
		    && (events & (EPOLLHUP | EPOLLRDHUP)))) {
			connections_drop(&w->connections, kept);
			return;
		}
		if (waiting == EXCHANGE_HALF) {
			if (kept->half_since_ms == 0)
				kept->half_since_ms = clock_mono_ms();
			return;
		}
		kept->half_since_ms = 0;
		if (!serve(w, fd))
			return;
		/* A connection has one request at a time (nginx's way). What comes
		 * after this look makes another event (EPOLLET); what was there
		 * already, and an end, does not. */
		if (waiting == EXCHANGE_WHOLE && !(events & (EPOLLHUP | EPOLLRDHUP)))
			return;
	}
}

static void
take_connection(struct worker *w)
{
	int fd = connections_accept(&w->connections);

	if (fd < 0)
		return;
	if (w->options->mode == FCGI_CLOSE)
		(void)serve(w, fd);
	else if (connections_keep(&w->connections, fd))
		/* The request is mostly there already. */
		connection_ready(w, fd, 0);
}

static void
loop(struct worker *w)
{
	struct connections *c = &w->connections;
	int64_t drain_until = 0;

	for (;;) {
		int count;

		if (*w->options->stop && drain_until == 0)
			drain_until = clock_mono_ms() + w->options->drain_ms;
		if (drain_until != 0 && (c->kept_count == 0
		    || clock_mono_ms() >= drain_until))
			return;
		connections_listen(c, drain_until == 0 && c->kept_count < KEPT_MAX);
		if (!connections_look(c, c->ready_count > 0 ? 0
		    : drain_until != 0 ? 50 : IDLE_MS)
		    && c->ready_count == 0 && w->options->idle != NULL)
			w->options->idle(w->arg);
		/* Not those that come meanwhile: there is more to look after. */
		count = c->ready_count;
		for (int i = 0; i < count && c->ready_count > 0; i++) {
			struct epoll_event event = connections_next(c);

			if (event.data.fd != w->options->listen_fd)
				connection_ready(w, event.data.fd, event.events);
			else if (!*w->options->stop && c->kept_count < KEPT_MAX)
				take_connection(w);
		}
		connections_drop_halves(c);
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
	(void)sigprocmask(SIG_BLOCK, &term, &w.connections.waiting);
	if (!connections_open(&w.connections, options->listen_fd))
		return err_set(err, RC_INTERNAL, "epoll cannot start.");
	w.arena = arena_new();
	options->pulse->busy_since_ms = 0;
	options->pulse->serving = true;
	loop(&w);
	connections_close(&w.connections);
	for (int i = 0; i < TOGETHER_MAX; i++)
		arena_free(w.exchanges[i].arena);
	arena_free(w.arena);
	return RC_OK;
}
