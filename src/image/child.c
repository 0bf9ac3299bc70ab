#include "config.h"

#include "image/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "image/proto.h"

enum { ABOVE_ALL = 10, FIRST_FREE = IMAGE_FD + 1, CANNOT_RUN = 127 };

/* --- between fork and exec: only what is safe there ------------------------ */

static void
default_signals(void)
{
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		(void)signal(i, SIG_DFL);	/* fails for some, rightly */
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Leaves 0, 1 and 2 on /dev/null, IMAGE_FD on the socket, and nothing else.
 * Built with a sanitizer, 2 stays: it is where the reports go. */
static bool
arrange_descriptors(int fd)
{
	int nothing = open("/dev/null", O_RDWR);

	fd = fcntl(fd, F_DUPFD, ABOVE_ALL);
	nothing = fcntl(nothing, F_DUPFD, ABOVE_ALL);
	if (fd < 0 || nothing < 0)
		return false;
	for (int i = 0; i <= 2; i++) {
#ifdef BEZEL_SANITIZED
		if (i == 2)
			break;
#endif
		if (dup2(nothing, i) < 0)
			return false;
	}
	return dup2(fd, IMAGE_FD) == IMAGE_FD &&
	    close_range(FIRST_FREE, ~0U, 0) == 0;
}

static _Noreturn void
become(const char *program, const char *fonts, int fd, pid_t parent)
{
	char name[] = "bezel-image";
	char *const argv[] = { name, (char *)(uintptr_t)fonts, NULL };
	char *const environment[] = { NULL };

	default_signals();
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent &&
	    setsid() > 0 && arrange_descriptors(fd))
		(void)execve(program, argv, environment);
	_exit(CANNOT_RUN);
}

/* --------------------------------------------------------------------------- */

int
image_child_start(struct image_child *child, const char *program,
    const char *fonts)
{
	pid_t parent = getpid(), pid;
	int pair[2], number;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return errno;
	pid = fork();
	if (pid == 0)
		become(program, fonts, pair[1], parent);
	number = errno;
	(void)close(pair[1]);
	if (pid < 0) {
		(void)close(pair[0]);
		return number;
	}
	*child = (struct image_child){ pid, pair[0], parent };
	return 0;
}

bool
image_child_is_fit(const struct image_child *child)
{
	char byte;

	if (child->pid == 0 || child->owner != getpid())
		return false;
	return recv(child->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
	    (errno == EAGAIN || errno == EWOULDBLOCK);
}

int64_t
image_child_rss_bytes(const struct image_child *child)
{
	char path[64];
	long all, resident = 0;
	FILE *file;

	(void)snprintf(path, sizeof path, "/proc/%d/statm", (int)child->pid);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	if (fscanf(file, "%ld %ld", &all, &resident) != 2)
		resident = 0;
	(void)fclose(file);
	return (int64_t)resident * sysconf(_SC_PAGESIZE);
}

/* Waits until the socket can be used, or is broken. */
static enum image_io
wait_for(int fd, short events, int64_t deadline_ms)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };
	int64_t left;
	int n;

	do {
		left = deadline_ms - clock_mono_ms();
		if (left <= 0)
			return IMAGE_IO_TIMEOUT;
		n = poll(&poll_fd, 1, left > 60000 ? 60000 : (int)left);
	} while (n == 0 || (n < 0 && errno == EINTR));
	return n < 0 ? IMAGE_IO_ENDED : IMAGE_IO_OK;
}

static bool
try_again(ssize_t n)
{
	return n < 0 && (errno == EINTR || errno == EAGAIN ||
	    errno == EWOULDBLOCK);
}

enum image_io
image_child_send(const struct image_child *child, const void *p, size_t n,
    int64_t deadline_ms)
{
	const char *bytes = p;

	for (size_t at = 0; at < n;) {
		enum image_io io = wait_for(child->fd, POLLOUT, deadline_ms);
		ssize_t sent;

		if (io != IMAGE_IO_OK)
			return io;
		sent = send(child->fd, bytes + at, n - at,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent > 0)
			at += (size_t)sent;
		else if (!try_again(sent))
			return IMAGE_IO_ENDED;
	}
	return IMAGE_IO_OK;
}

enum image_io
image_child_receive(const struct image_child *child, void *p, size_t n,
    int64_t deadline_ms)
{
	char *bytes = p;

	for (size_t at = 0; at < n;) {
		enum image_io io = wait_for(child->fd, POLLIN, deadline_ms);
		ssize_t got;

		if (io != IMAGE_IO_OK)
			return io;
		got = recv(child->fd, bytes + at, n - at, MSG_DONTWAIT);
		if (got > 0)
			at += (size_t)got;
		else if (!try_again(got))
			return IMAGE_IO_ENDED;
	}
	return IMAGE_IO_OK;
}

static bool
reaped(pid_t pid, int flags, int *ret_status)
{
	pid_t got;

	do
		got = waitpid(pid, ret_status, flags);
	while (got < 0 && errno == EINTR);
	return got != 0;	/* also when somebody else has reaped it */
}

int
image_child_stop(struct image_child *child, int grace_ms)
{
	struct image_child gone = *child;
	int64_t end = clock_mono_ms() + grace_ms;
	int status = -1;

	if (gone.pid == 0)
		return -1;
	*child = (struct image_child){ 0, -1, 0 };
	(void)close(gone.fd);
	if (gone.owner != getpid())
		return -1;	/* our parent's; it looks after it */
	while (!reaped(gone.pid, WNOHANG, &status)) {
		if (clock_mono_ms() >= end) {
			(void)kill(gone.pid, SIGKILL);
			(void)reaped(gone.pid, 0, &status);
			break;
		}
		clock_sleep_ms(1);
	}
	return status;
}
