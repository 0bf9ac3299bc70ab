/*
 * connections.h - a worker's listener and the connections it holds, and what has
 * happened at them. Knows nothing of requests. Not for other layers.
 */
#ifndef BEZEL_FCGI_CONNECTIONS_H
#define BEZEL_FCGI_CONNECTIONS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

enum {
	KEPT_MAX = 64,			/* connections a worker holds at most */
	READY_MAX = KEPT_MAX + 1	/* and the listener */
};

struct kept {
	int fd;
	int64_t half_since_ms;	/* a part of a request is there; 0: none */
};

struct connections {
	int listen_fd, epoll;
	struct epoll_event ready[READY_MAX];	/* one a descriptor, in their order */
	int ready_count;
	struct kept kept[KEPT_MAX];
	int kept_count;
	bool listening;
	sigset_t waiting;	/* signals come while we wait, never in a request */
};

/* False: epoll cannot start. */
bool connections_open(struct connections *c, int listen_fd);
void connections_close(struct connections *c);

/* Whether new ones are waited for. */
void connections_listen(struct connections *c, bool on);
/* A descriptor, or -1: another worker was faster, or there is no room for it now. */
int connections_accept(struct connections *c);

/* False: it could not be, and is closed. The caller has looked for room. */
bool connections_keep(struct connections *c, int fd);
struct kept *connections_find(struct connections *c, int fd);
/* Its descriptor has been closed, or is (connections_drop()). */
void connections_forget(struct connections *c, struct kept *kept);
void connections_drop(struct connections *c, struct kept *kept);
/* Those whose request came by halves and is too old. */
void connections_drop_halves(struct connections *c);

/* What has happened stands in a queue (`ready`), because who gathers looks ahead: adds
 * to it, waiting at most so long. False when nothing has happened. */
bool connections_look(struct connections *c, int wait_ms);
/* Takes the first. */
struct epoll_event connections_next(struct connections *c);
/* Takes all of this descriptor. */
void connections_forget_events(struct connections *c, int fd);

#endif
