#include "config.h"

#include "app/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct spool {
	int fd;
	size_t bytes;
};

struct mapping {
	void *p;
	size_t n;
};

static enum rc
failed(struct err *err, const char *step)
{
	int number = errno;

	(void)err_set(err, number == ENOSPC || number == EDQUOT
	    ? RC_STORAGE_FULL : RC_UNAVAILABLE,
	    "There is no room for a temporary file.");
	return err_detail(err, "spool: %s: %s", step, strerrordesc_np(number));
}

/* Not every file system knows files without a name. */
static int
open_nameless(struct arena *arena, const char *folder)
{
	int fd = open(folder, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
	char *name;

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT))
		return fd;
	name = arena_strz(arena, arena_printf(arena, "%s/spool-XXXXXX", folder));
	fd = mkostemp(name, O_CLOEXEC);
	if (fd >= 0)
		(void)unlink(name);
	return fd;
}

enum rc
spool_open(struct arena *arena, const char *folder, struct spool **ret_spool,
    struct err *err)
{
	struct spool *spool = arena_one(arena, struct spool);

	spool->fd = open_nameless(arena, folder);
	if (spool->fd < 0)
		return failed(err, folder);
	arena_defer_close(arena, spool->fd);
	*ret_spool = spool;
	return RC_OK;
}

enum rc
spool_write(void *arg, const void *p, size_t n, struct err *err)
{
	struct spool *spool = arg;
	const char *at = p;

	while (n > 0) {
		ssize_t written = write(spool->fd, at, n);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return failed(err, "write");
		at += written;
		n -= (size_t)written;
		spool->bytes += (size_t)written;
	}
	return RC_OK;
}

static void
unmap(void *arg)
{
	struct mapping *mapping = arg;

	(void)munmap(mapping->p, mapping->n);
}

enum rc
spool_map(struct spool *spool, struct arena *arena, struct str *ret_bytes,
    struct err *err)
{
	struct mapping *mapping = arena_one(arena, struct mapping);

	*ret_bytes = STR("");
	if (spool->bytes == 0)
		return RC_OK;
	mapping->n = spool->bytes;
	mapping->p = mmap(NULL, mapping->n, PROT_READ, MAP_SHARED, spool->fd, 0);
	if (mapping->p == MAP_FAILED)
		return failed(err, "map");
	arena_defer(arena, unmap, mapping);
	*ret_bytes = (struct str){ mapping->p, mapping->n };
	return RC_OK;
}
