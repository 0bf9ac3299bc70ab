/*
 * child.h - for image.c: the program as a child process behind a socket.
 *
 * The child gets the socket as IMAGE_FD, /dev/null as the standard ones, no
 * other descriptor, no environment, a session of its own, and SIGKILL when its
 * parent dies.
 */
#ifndef BEZEL_IMAGE_CHILD_H
#define BEZEL_IMAGE_CHILD_H

#include <sys/types.h>

#include "base/str.h"

struct image_child {
	pid_t pid;		/* 0: there is none */
	int fd;
	pid_t owner;		/* the process that started it */
};

enum image_io { IMAGE_IO_OK, IMAGE_IO_ENDED, IMAGE_IO_TIMEOUT };

/* The folder of the fonts may be NULL. 0, or an errno. That the program cannot be run
 * shows at the first use. */
int image_child_start(struct image_child *child, const char *program,
    const char *fonts);

/* Alive, ours and silent, as it has to be between two pictures. */
bool image_child_is_fit(const struct image_child *child);
/* Its resident memory, or 0 when that is not known. */
int64_t image_child_rss_bytes(const struct image_child *child);

/* All n bytes, before clock_mono_ms() reaches the deadline. */
enum image_io image_child_send(const struct image_child *child, const void *p,
    size_t n, int64_t deadline_ms);
enum image_io image_child_receive(const struct image_child *child, void *p,
    size_t n, int64_t deadline_ms);

/* Closes the socket, which ends a sound program; after grace_ms it is killed.
 * Returns the status of waitpid(), or -1 when there was none. */
int image_child_stop(struct image_child *child, int grace_ms);

#endif
