/*
 * render-child.h - one povray process: a scene in, a PNG out.
 *
 * It runs in a session of its own, at low priority, in a private folder that is
 * removed with it, with an empty environment, no open files but /dev/null and a
 * pipe, under limits on CPU, memory and file size, and it dies with us.
 */
#ifndef BEZEL_PROVIDER_RENDER_CHILD_H
#define BEZEL_PROVIDER_RENDER_CHILD_H

#include <sys/types.h>

#include "base/err.h"

enum render_child_limits {
	CHILD_CPU_S = 180,
	CHILD_MEMORY_BYTES = 1 << 30,	/* less than 400 MB makes povray crawl */
	CHILD_FILE_BYTES = 1 << 20,	/* it writes to a pipe only */
	CHILD_PNG_BYTES = 32 * 1024 * 1024
};

struct render_child {
	pid_t pid;		/* 0: none */
	int fd;			/* its standard output, non-blocking; -1: at its end */
	char folder[256];
};

struct render_child_job {
	const char *povray, *temp_folder;
	struct str scene;
	int side_px;
	const char *antialias;	/* one argument or more, a space between */
};

/* RC_UNAVAILABLE: no folder, no process. */
enum rc render_child_start(struct render_child *child,
    const struct render_child_job *job, struct err *err) must_use;

/* False while it is still running. Else it is reaped, its folder is gone, and
 * *ret_status is what waitpid() says. */
bool render_child_reap(struct render_child *child, int *ret_status);

/* Kills the whole session and reaps. Harmless when there is none. */
void render_child_kill(struct render_child *child);

/* Removes folders that dead processes have left. */
void render_child_sweep(const char *temp_folder);

enum { CHILD_EXIT_NO_PROGRAM = 127 };

#endif
