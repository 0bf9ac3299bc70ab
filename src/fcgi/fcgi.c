#include "config.h"

#include "fcgi/fcgi.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "fcgi/exchange.h"

enum {
	KEPT_MAX = 64,		/* connections a worker holds at most */
	READY_MAX = KEPT_MAX + 1,	/* and the listener */
	TOGETHER_MAX = 16,	/* requests that are answered together */
	OTHERS_MS = 250,	/* for others, while the first of a group waits */
	IO_TIMEOUT_S = 5,	/* for a peer that stops in the middle */
	IDLE_MS = 1000
};

struct kept {
	int fd;
	int64_t half_since_ms;	/* a part of a request is there; 0: none */
};

struct worker {
	const struct fcgi_options *options;
	fcgi_handler *handler;
	void *arg;
	int epoll;
	struct epoll_event ready[READY_MAX];	/* one a descriptor, in their order */
	int ready_count;
	struct exchange exchanges[TOGETHER_MAX];
	int taken;		/* of these are being answered */
	struct kept kept[KEPT_MAX];
	int kept_count;
	bool listening;
	sigset_t waiting;	/* signals come while we wait, never in a request */
};

static struct kept *
find(struct worker *w, int fd)
{
	for (int i = 0; i < w->kept_count; i++)
		if (w->kept[i].fd == fd)
			return &w->kept[i];
	return NULL;
}

/* Events of what has closed are another's, once its number is used again. */
static void
forget_events(struct worker *w, int fd)
{
	int n = 0;

	for (int i = 0; i < w->ready_count; i++)
		if (w->ready[i].data.fd != fd)
			w->ready[n++] = w->ready[i];
	w->ready_count = n;
}

static void
forget(struct worker *w, struct kept *kept)
{
	forget_events(w, kept->fd);
	*kept = w->kept[--w->kept_count];
}

static void
drop(struct worker *w, struct kept *kept)
{
	(void)close(kept->fd);	/* closing also takes it out of epoll */
	forget(w, kept);
}

/* --- events: a queue, because who gathers looks ahead ----------------------- */

static void
add_event(struct worker *w, const struct epoll_event *event)
{
	for (int i = 0; i < w->ready_count; i++)
		if (w->ready[i].data.fd == event->data.fd) {
			w->ready[i].events |= event->events;
			return;
		}
	w->ready[w->ready_count++] = *event;
}

/* What has come, waiting at most so long for it; false when nothing has. */
static bool
look_for_events(struct worker *w, int wait_ms)
{
	struct epoll_event events[READY_MAX];
	int n = epoll_pwait(w->epoll, events, READY_MAX, wait_ms, &w->waiting);

	for (int i = 0; i < n; i++)
		add_event(w, &events[i]);
	return n != 0;
}

static struct epoll_event
next_event(struct worker *w)
{
	struct epoll_event event = w->ready[0];

	w->ready_count--;
	memmove(w->ready, w->ready + 1,
	    (size_t)w->ready_count * sizeof w->ready[0]);
	return event;
}

/* --- connections --------------------------------------------------------------- */

static void
set_timeouts(int fd)
{
	struct timeval tv = { IO_TIMEOUT_S, 0 };

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
}

/* -1: another worker was faster, or there is no room for it now. */
static int
accept_one(struct worker *w)
{
	int fd = accept4(w->options->listen_fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0)
		set_timeouts(fd);
	else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM
	    || errno == ENOBUFS)
		clock_sleep_ms(100);	/* instead of spinning */
	return fd;
}

static bool
keep_connection(struct worker *w, int fd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET,
		.data.fd = fd };

	if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
		(void)close(fd);
		return false;
	}
	w->kept[w->kept_count++] = (struct kept){ .fd = fd };
	return true;
}

/* --- requests ---------------------------------------------------------------- */

/* One that is busy with several is busy with one after the other. */
static void
set_busy(struct worker *w)
{
	w->options->pulse->busy_since_ms = clock_mono_ms();
}

static void
end_exchange(struct worker *w, struct exchange *x)
{
	struct kept *kept = find(w, x->fd);

	exchange_write(x);
	w->options->pulse->requests++;
	if (x->keep && kept != NULL)
		return;
	(void)close(x->fd);	/* of FCGI_CLOSE whatever the peer wishes */
	if (kept != NULL)
		forget(w, kept);
}

static void
answer_one(struct worker *w, struct exchange *x)
{
	set_busy(w);
	if (!x->refused)
		w->handler(w->arg, &x->http.request, &x->http.response);
	end_exchange(w, x);
}

static bool
is_taken(const struct worker *w, int fd)
{
	for (int i = 0; i < w->taken; i++)
		if (w->exchanges[i].fd == fd)
			return true;
	return false;
}

/* False: the connection has been closed. */
static bool
take_request(struct worker *w, int fd, struct exchange *x)
{
	struct kept *kept = find(w, fd);

	if (exchange_read(x, fd))
		return true;
	if (kept != NULL)
		forget(w, kept);
	return false;
}

/* Takes the next request that is all there at another connection than those of the
 * taken ones; false when there is none. */
static bool
take_waiting(struct worker *w, struct exchange *x, int *at)
{
	for (; *at < w->ready_count; ++*at) {
		int fd = w->ready[*at].data.fd;
		struct kept *kept = find(w, fd);

		if (kept == NULL || is_taken(w, fd)
		    || (w->ready[*at].events & (EPOLLHUP | EPOLLRDHUP))
		    || exchange_waiting(fd) != EXCHANGE_WHOLE)
			continue;	/* whoever comes to it sees what it is */
		kept->half_since_ms = 0;
		forget_events(w, fd);
		if (take_request(w, fd, x))
			return true;
		--*at;
	}
	return false;
}

/* What connects while we are busy has its request there already. */
static void
take_connections(struct worker *w)
{
	for (int i = 1; i < TOGETHER_MAX && w->listening
	    && w->kept_count < KEPT_MAX; i++) {
		int fd = accept_one(w);

		if (fd < 0)
			return;
		(void)keep_connection(w, fd);
	}
}

/* Others that have come meanwhile and are of that kind join; those of no such kind are
 * answered before, so that they do not wait for a group, until the first one has waited
 * long enough for them. Nobody waits for more. */
static void
gather(struct worker *w, int kind)
{
	int64_t until_ms = clock_mono_ms() + OTHERS_MS;
	int at = 0;

	take_connections(w);
	(void)look_for_events(w, 0);
	for (int i = 1; i < TOGETHER_MAX; i++) {
		struct exchange *x = &w->exchanges[w->taken];

		if (!take_waiting(w, x, &at))
			return;
		if (!x->refused && w->options->kind(w->arg, &x->http.request) == kind) {
			w->taken++;
			continue;
		}
		answer_one(w, x);
		if (clock_mono_ms() >= until_ms)
			return;
	}
}

static void
answer_together(struct worker *w)
{
	struct http_exchange *all[TOGETHER_MAX];

	for (int i = 0; i < w->taken; i++)
		all[i] = &w->exchanges[i].http;
	set_busy(w);
	w->options->together(w->arg, all, (size_t)w->taken);
	for (int i = 0; i < w->taken; i++)
		end_exchange(w, &w->exchanges[i]);
}

/* The request of a connection that is readable, and what may be done with it. False:
 * the connection has been closed. */
static bool
serve(struct worker *w, int fd)
{
	struct exchange *first = &w->exchanges[0];
	int kind;

	if (!take_request(w, fd, first))
		return false;
	w->taken = 1;
	kind = first->refused || w->options->kind == NULL
	    || w->options->mode == FCGI_CLOSE ? 0
	    : w->options->kind(w->arg, &first->http.request);
	if (kind != 0)
		gather(w, kind);
	if (w->taken == 1)
		answer_one(w, first);
	else
		answer_together(w);
	w->taken = 0;
	w->options->pulse->busy_since_ms = 0;
	return first->keep;
}

/* What comes by halves is left in the socket until it is whole, or too old
 * (drop_halves). */
static void
connection_ready(struct worker *w, int fd, uint32_t events)
{
	struct kept *kept;

	while ((kept = find(w, fd)) != NULL) {
		enum exchange_waiting waiting = exchange_waiting(fd);

		if (waiting == EXCHANGE_NONE)
			return;
		if (waiting == EXCHANGE_GONE || (waiting == EXCHANGE_HALF
		    && (events & (EPOLLHUP | EPOLLRDHUP)))) {
			drop(w, kept);
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
drop_halves(struct worker *w)
{
	int64_t before_ms = clock_mono_ms() - IO_TIMEOUT_S * 1000;

	for (int i = w->kept_count - 1; i >= 0; i--)
		if (w->kept[i].half_since_ms != 0
		    && w->kept[i].half_since_ms < before_ms)
			drop(w, &w->kept[i]);
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
	int fd = accept_one(w);

	if (fd < 0)
		return;
	if (w->options->mode == FCGI_CLOSE)
		(void)serve(w, fd);
	else if (keep_connection(w, fd))
		/* The request is mostly there already. */
		connection_ready(w, fd, 0);
}

static void
loop(struct worker *w)
{
	int64_t drain_until = 0;

	for (;;) {
		int count;

		if (*w->options->stop && drain_until == 0)
			drain_until = clock_mono_ms() + w->options->drain_ms;
		if (drain_until != 0 && (w->kept_count == 0
		    || clock_mono_ms() >= drain_until))
			return;
		listen_on(w, drain_until == 0 && w->kept_count < KEPT_MAX);
		if (!look_for_events(w, w->ready_count > 0 ? 0
		    : drain_until != 0 ? 50 : IDLE_MS)
		    && w->ready_count == 0 && w->options->idle != NULL)
			w->options->idle(w->arg);
		/* Not those that come meanwhile: there is more to look after. */
		count = w->ready_count;
		for (int i = 0; i < count && w->ready_count > 0; i++) {
			struct epoll_event event = next_event(w);

			if (event.data.fd != w->options->listen_fd)
				connection_ready(w, event.data.fd, event.events);
			else if (!*w->options->stop && w->kept_count < KEPT_MAX)
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
	options->pulse->busy_since_ms = 0;
	options->pulse->serving = true;
	loop(&w);
	for (int i = 0; i < w.kept_count; i++)
		(void)close(w.kept[i].fd);
	(void)close(w.epoll);
	for (int i = 0; i < TOGETHER_MAX; i++)
		arena_free(w.exchanges[i].arena);
	return RC_OK;
}
