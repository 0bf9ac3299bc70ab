#include "config.h"

#include "app/share-kept.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "blob/fs.h"
#include "crypt/hash.h"
#include "crypt/share-token.h"

enum { CACHE_LEVELS = 2 };	/* levels=1:2 of nginx/nginx.conf.in */

/* The keys of nginx/share-cache.conf. */
static const char *const keys[][2] = {
	{ "/s/", "" }, { "/s/", "/card.jpg" }, { "/v1/shares/", "" },
};

static enum rc
failed(struct err *err, const char *step)
{
	int number = errno;

	(void)err_set(err, RC_UNAVAILABLE, "What is kept of a link cannot be"
	    " removed.");
	return err_detail(err, "share files: %s: %s", step,
	    strerrordesc_np(number));
}

/* ".../<last digit>/<two before it>/<MD5 of the key>" */
static const char *
cache_path(const struct app *app, struct arena *arena, struct str key)
{
	unsigned char digest[MD5_BYTES];
	char hex[2 * MD5_BYTES + 1];

	md5(key, digest);
	for (size_t i = 0; i < MD5_BYTES; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return arena_printf(arena, "%s/share-cache/%c/%.2s/%s",
	    app->conf->state_dir, hex[2 * MD5_BYTES - 1],
	    hex + 2 * MD5_BYTES - 3, hex).p;
}

/* --- removing ---------------------------------------------------------------- */

/* Whatever is in the folder, down to that many levels of folders below it, which stay.
 * A folder that is not there is empty. */
static enum rc
empty_folder(int parent, const char *name, int levels, int64_t *count,
    struct err *err)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW
	    | O_CLOEXEC);
	const struct dirent *entry;
	DIR *dir;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? RC_OK
		    : failed(err, "open");
	dir = fdopendir(fd);
	if (dir == NULL) {
		(void)close(fd);
		return failed(err, "read");
	}
	while (err->rc == RC_OK && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0
		    || strcmp(entry->d_name, "..") == 0)
			continue;
		if (levels > 0)
			(void)!empty_folder(fd, entry->d_name, levels - 1, count,
			    err);
		else if (unlinkat(fd, entry->d_name, 0) == 0)
			++*count;
		else if (errno != ENOENT)
			(void)failed(err, "unlink");
	}
	(void)closedir(dir);
	return err->rc;
}

static enum rc
forget_pictures(const struct app *app, struct arena *arena, struct str token,
    struct err *err)
{
	const char *folder = arena_printf(arena, "%s/shares/%.*s",
	    app->conf->state_dir, STR_FMT(token)).p;
	int64_t ignored = 0;

	if (empty_folder(AT_FDCWD, folder, 0, &ignored, err) != RC_OK)
		return err->rc;
	/* Not empty: a picture was linked just now, to a gate that is closed. */
	if (rmdir(folder) != 0 && errno != ENOENT)
		return failed(err, "remove folder");
	return RC_OK;
}

enum rc
share_kept_forget(const struct app *app, struct arena *arena, struct str token,
    struct err *err)
{
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		struct str key = arena_printf(arena, "%s%.*s%s", keys[i][0],
		    STR_FMT(token), keys[i][1]);

		if (unlink(cache_path(app, arena, key)) != 0 && errno != ENOENT)
			return failed(err, "unlink answer");
	}
	return forget_pictures(app, arena, token, err);
}

enum rc
share_kept_forget_all(const struct app *app, struct arena *arena, int64_t *ret_n,
    struct err *err)
{
	const char *cache = arena_printf(arena, "%s/share-cache",
	    app->conf->state_dir).p;
	const char *pictures = arena_printf(arena, "%s/shares",
	    app->conf->state_dir).p;

	*ret_n = 0;
	if (empty_folder(AT_FDCWD, cache, CACHE_LEVELS, ret_n, err) != RC_OK)
		return err->rc;
	return empty_folder(AT_FDCWD, pictures, 1, ret_n, err);
}

/* --- pictures ---------------------------------------------------------------- */

static bool
link_into(const char *folder, struct arena *arena, const char *object,
    struct str name)
{
	const char *path = arena_printf(arena, "%s/%.*s", folder,
	    STR_FMT(name)).p;

	return link(object, path) == 0 || errno == EEXIST;
}

bool
share_kept_link(const struct app *app, struct arena *arena, struct str token,
    struct str key, struct str name)
{
	const char *object = blob_fs_path(arena, app->conf->objects, key);
	const char *top = arena_printf(arena, "%s/shares",
	    app->conf->state_dir).p;
	const char *folder = arena_printf(arena, "%s/%.*s", top,
	    STR_FMT(token)).p;

	if (link_into(folder, arena, object, name))
		return true;
	if (errno != ENOENT)		/* EXDEV: another file system */
		return false;
	(void)mkdir(top, 0700);
	(void)mkdir(folder, 0700);
	return link_into(folder, arena, object, name);
}

enum rc
share_kept_list(const struct app *app, struct arena *arena,
    struct str *ret_tokens, size_t max, size_t *ret_n, struct err *err)
{
	const struct dirent *entry;
	DIR *dir = opendir(arena_printf(arena, "%s/shares",
	    app->conf->state_dir).p);
	size_t n = 0;

	*ret_n = 0;
	if (dir == NULL)
		return errno == ENOENT ? RC_OK : failed(err, "list");
	while (n < max && (entry = readdir(dir)) != NULL)
		if (strlen(entry->d_name) == SHARE_TOKEN_CHARS)
			ret_tokens[n++] = arena_str(arena, str_of(entry->d_name));
	(void)closedir(dir);
	*ret_n = n;
	return RC_OK;
}
