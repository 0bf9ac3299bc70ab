/*
 * dies.h - that a mistake of our own ends the process, seen from a child of it.
 */
#ifndef BEZEL_T_DIES_H
#define BEZEL_T_DIES_H

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DIED = 17 };

static void
dies_leave(int signal_number)
{
	(void)signal_number;
	exit(DIED);	/* and not by the signal, so that gcov sees the child */
}

/* Whether fn() ends with die(). What it says is dropped. */
static bool
dies(void (*fn)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		(void)dup2(null, 2);
		(void)signal(SIGABRT, dies_leave);
		fn();
		exit(0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status)
	    && WEXITSTATUS(status) == DIED;
}

#endif
