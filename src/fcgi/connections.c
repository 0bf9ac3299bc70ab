#include "config.h"

#include "fcgi/connections.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

enum { IO_TIMEOUT_S = 5 };	/* for a peer that stops in the middle */

bool
connections_open(struct connections *c, int listen_fd)
{
	c->listen_fd = listen_fd;
	c->epoll = epoll_create1(EPOLL_CLOEXEC);
	return c->epoll >= 0;
}

void
connections_close(struct connections *c)
{
	for (int i = 0; i < c->kept_count; i++)
		(void)close(c->kept[i].fd);
	(void)close(c->epoll);
}

void
connections_listen(struct connections *c, bool on)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLEXCLUSIVE,
		.data.fd = c->listen_fd };

	if (on == c->listening)
		return;
	(void)epoll_ctl(c->epoll, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, c->listen_fd,
	    &event);
	c->listening = on;
}

static void
set_timeouts(int fd)
{
	struct timeval tv = { IO_TIMEOUT_S, 0 };

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
}

int
connections_accept(struct connections *c)
{
	int fd = accept4(c->listen_fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0)
		set_timeouts(fd);
	else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM
	    || errno == ENOBUFS)
		clock_sleep_ms(100);	/* instead of spinning */
	return fd;
}

bool
connections_keep(struct connections *c, int fd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET,
		.data.fd = fd };

	if (epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
		(void)close(fd);
		return false;
	}
	c->kept[c->kept_count++] = (struct kept){ .fd = fd };
	return true;
}

struct kept *
connections_find(struct connections *c, int fd)
{
	for (int i = 0; i < c->kept_count; i++)
		if (c->kept[i].fd == fd)
			return &c->kept[i];
	return NULL;
}

void
connections_forget_events(struct connections *c, int fd)
{
	int n = 0;

	for (int i = 0; i < c->ready_count; i++)
		if (c->ready[i].data.fd != fd)
			c->ready[n++] = c->ready[i];
	c->ready_count = n;
}

/* Events of what has closed are another's, once its number is used again. */
void
connections_forget(struct connections *c, struct kept *kept)
{
	connections_forget_events(c, kept->fd);
	*kept = c->kept[--c->kept_count];
}

void
connections_drop(struct connections *c, struct kept *kept)
{
	(void)close(kept->fd);	/* closing also takes it out of epoll */
	connections_forget(c, kept);
}

void
connections_drop_halves(struct connections *c)
{
	int64_t before_ms = clock_mono_ms() - IO_TIMEOUT_S * 1000;

	for (int i = c->kept_count - 1; i >= 0; i--)
		if (c->kept[i].half_since_ms != 0
		    && c->kept[i].half_since_ms < before_ms)
			connections_drop(c, &c->kept[i]);
}

static void
add_event(struct connections *c, const struct epoll_event *event)
{
	for (int i = 0; i < c->ready_count; i++)
		if (c->ready[i].data.fd == event->data.fd) {
			c->ready[i].events |= event->events;
			return;
		}
	c->ready[c->ready_count++] = *event;
}

bool
connections_look(struct connections *c, int wait_ms)
{
	struct epoll_event events[READY_MAX];
	int n = epoll_pwait(c->epoll, events, READY_MAX, wait_ms, &c->waiting);

	for (int i = 0; i < n; i++)
		add_event(c, &events[i]);
	return n != 0;
}

struct epoll_event
connections_next(struct connections *c)
{
	struct epoll_event event = c->ready[0];

	c->ready_count--;
	memmove(c->ready, c->ready + 1,
	    (size_t)c->ready_count * sizeof c->ready[0]);
	return event;
}
