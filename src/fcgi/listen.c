#include "config.h"

#include "fcgi/fcgi.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

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
