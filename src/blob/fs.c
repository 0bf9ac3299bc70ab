#include "config.h"

#include "blob/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/uuid.h"
#include "blob/fs-internal.h"

enum {
	FILE_MODE = 0640, FOLDER_MODE = 0750,
	NAME_ROOM = BLOB_KEY_MAX + 1,
	RACES_MAX = 100		/* lost against the removal of an empty folder */
};

/* The parts of a key as file names. */
struct path {
	char shard[3];
	char folder[NAME_ROOM];
	char name[NAME_ROOM];
};

static int
create_file(int folder, const char *name, mode_t mode)
{
	return openat(folder, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
}

const struct blob_fs_calls blob_fs_real_calls = {
	.create = create_file,
	.write = write,
	.fsync = fsync,
	.mkdirat = mkdirat,
	.fchmod = fchmod,
	.renameat = renameat,
	.unlinkat = unlinkat,
};

static void
copy_name(char *to, struct str from)
{
	memcpy(to, from.p, from.n);
	to[from.n] = '\0';
}

static struct path
path_of(struct str key)
{
	struct blob_key parts = blob_key_split(key);
	struct path path;

	copy_name(path.shard, parts.shard);
	copy_name(path.folder, parts.folder);
	copy_name(path.name, parts.name);
	return path;
}

/* Closes what is open and keeps errno. */
static void
close_quietly(int fd)
{
	int saved = errno;

	if (fd >= 0)
		(void)close(fd);
	errno = saved;
}

enum rc
blob_fs_failed(struct err *err, const char *step, const char *what)
{
	int number = errno;

	if (number == ENOSPC || number == EDQUOT)
		(void)err_set(err, RC_STORAGE_FULL,
		    "There is no room left to store this.");
	else
		(void)err_set(err, RC_UNAVAILABLE,
		    "The object store does not work now.");
	return err_detail(err, "blob fs: %s %s: %s", step, what,
	    strerrordesc_np(number));
}

int
blob_fs_folder(int parent, const char *name)
{
	return openat(parent, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The file mode mask must not shut out the web server, and the bit that hands
 * down the group must stay. */
static int
set_folder_mode(struct blob_fs *fs, int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return -1;
	if ((st.st_mode & 0777) == FOLDER_MODE)
		return 0;
	return fs->calls->fchmod(fd, FOLDER_MODE | (st.st_mode & S_ISGID));
}

/* Opens a folder and makes it first when it is not there; -1 and errno. */
static int
make_folder(struct blob_fs *fs, int parent, const char *name)
{
	bool made = fs->calls->mkdirat(parent, name, FOLDER_MODE) == 0;
	int fd;

	if (!made && errno != EEXIST)
		return -1;
	fd = blob_fs_folder(parent, name);
	if (fd >= 0 && made && set_folder_mode(fs, fd) != 0) {
		close_quietly(fd);
		return -1;
	}
	return fd;
}

/* --- put ------------------------------------------------------------------ */

static int
write_all(struct blob_fs *fs, int fd, struct str bytes)
{
	for (size_t at = 0; at < bytes.n;) {
		ssize_t n = fs->calls->write(fd, bytes.p + at, bytes.n - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (n == 0)
				errno = EIO;
			return -1;
		}
		at += (size_t)n;
	}
	return 0;
}

/* fsync is never called again after it failed: the kernel may have dropped the
 * pages and would report success. */
static enum rc
write_temporary(struct blob_fs *fs, const char *tmp, struct str bytes,
    struct err *err)
{
	int fd = fs->calls->create(fs->tmp, tmp, FILE_MODE);
	const char *step;

	if (fd < 0)
		return blob_fs_failed(err, "create", tmp);
	if (fs->calls->fchmod(fd, FILE_MODE) != 0)
		step = "chmod";
	else if (write_all(fs, fd, bytes) != 0)
		step = "write";
	else if (fs->calls->fsync(fd) != 0)
		step = "fsync";
	else
		step = NULL;
	close_quietly(fd);
	return step == NULL ? RC_OK : blob_fs_failed(err, step, tmp);
}

/* Renames at once after the folder is there, for a delete may remove it while
 * it is empty. The folders may be new, made by this put or by another one that
 * has not yet made them durable: so all are synced, each time. */
static const char *
rename_durably(struct blob_fs *fs, const char *tmp, const struct path *path,
    int shard)
{
	int folder = make_folder(fs, shard, path->folder);
	const char *step = NULL;

	if (folder < 0)
		return "make folder";
	if (fs->calls->renameat(fs->tmp, tmp, folder, path->name) != 0)
		step = "rename into";
	else if (fs->calls->fsync(folder) != 0 || fs->calls->fsync(shard) != 0 ||
	    fs->calls->fsync(fs->root) != 0)
		step = "fsync of folder";
	close_quietly(folder);
	return step;
}

static bool
lost_a_race(const char *step)
{
	return step != NULL && errno == ENOENT;
}

/* Puts the temporary file in its place. NULL, or the step that failed, with
 * errno; no empty folder is left behind. */
static const char *
place(struct blob_fs *fs, const char *tmp, const struct path *path)
{
	const char *step;
	int shard = make_folder(fs, fs->root, path->shard), saved;

	if (shard < 0)
		return "make shard of";
	step = rename_durably(fs, tmp, path, shard);
	for (int i = 0; lost_a_race(step) && i < RACES_MAX; i++)
		step = rename_durably(fs, tmp, path, shard);
	if (step != NULL) {
		saved = errno;
		(void)fs->calls->unlinkat(shard, path->folder, AT_REMOVEDIR);
		errno = saved;
	}
	close_quietly(shard);
	return step;
}

static enum rc
fs_put(struct blob *blob, struct str key, struct str bytes, struct err *err)
{
	struct blob_fs *fs = (struct blob_fs *)blob;
	struct path path = path_of(key);
	char tmp[64];
	const char *step;
	uint64_t random;
	enum rc rc;

	random_bytes(&random, sizeof random);
	(void)snprintf(tmp, sizeof tmp, "%d-%016" PRIx64, (int)getpid(), random);
	rc = write_temporary(fs, tmp, bytes, err);
	if (rc == RC_OK) {
		step = place(fs, tmp, &path);
		if (step == NULL)
			return RC_OK;
		rc = blob_fs_failed(err, step, path.folder);
	}
	/* Absent after a rename; what else stays is for blob_tidy(). */
	(void)fs->calls->unlinkat(fs->tmp, tmp, 0);
	return rc;
}

/* --- get ------------------------------------------------------------------ */

/* The folder of a key, or -1 and errno. */
static int
open_folder(struct blob_fs *fs, const struct path *path, int *ret_shard)
{
	int shard = blob_fs_folder(fs->root, path->shard), folder;

	if (shard < 0)
		return -1;
	folder = blob_fs_folder(shard, path->folder);
	if (folder < 0 || ret_shard == NULL)
		close_quietly(shard);
	else
		*ret_shard = shard;
	return folder;
}

static int
open_object(struct blob_fs *fs, const struct path *path)
{
	int folder = open_folder(fs, path, NULL), fd;

	if (folder < 0)
		return -1;
	/* Should it be a pipe, opening does not wait. */
	fd = openat(folder, path->name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	close_quietly(folder);
	return fd;
}

static int
read_all(int fd, char *p, size_t n)
{
	for (size_t at = 0; at < n;) {
		ssize_t got = read(fd, p + at, n - at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			if (got == 0)
				errno = EIO;	/* shorter than it was */
			return -1;
		}
		at += (size_t)got;
	}
	return 0;
}

static enum rc
read_object(int fd, struct arena *arena, const struct path *path, size_t max,
    struct str *ret_bytes, struct err *err)
{
	struct stat st;
	char *p;

	if (fstat(fd, &st) != 0)
		return blob_fs_failed(err, "stat in", path->folder);
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return blob_fs_failed(err, "not a file in", path->folder);
	}
	if ((uintmax_t)st.st_size > max)
		return blob_err_too_large(err, max);
	p = arena_alloc(arena, (size_t)st.st_size + 1);
	if (read_all(fd, p, (size_t)st.st_size) != 0)
		return blob_fs_failed(err, "read in", path->folder);
	*ret_bytes = (struct str){ p, (size_t)st.st_size };
	return RC_OK;
}

static enum rc
fs_get(struct blob *blob, struct arena *arena, struct str key, size_t max,
    struct str *ret_bytes, struct err *err)
{
	struct path path = path_of(key);
	int fd = open_object((struct blob_fs *)blob, &path);
	enum rc rc;

	if (fd < 0)
		return errno == ENOENT ? blob_err_absent(err) :
		    blob_fs_failed(err, "open in", path.folder);
	rc = read_object(fd, arena, &path, max, ret_bytes, err);
	close_quietly(fd);
	return rc;
}

/* --- delete --------------------------------------------------------------- */

static int
by_key(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static size_t
same_folder(const struct str *keys, size_t n)
{
	struct str folder = blob_key_split(keys[0]).folder;
	size_t i = 1;

	while (i < n && str_eq(blob_key_split(keys[i]).folder, folder))
		i++;
	return i;
}

/* Removes the folder when it is empty now, and makes durable what was done. */
static int
settle(struct blob_fs *fs, int shard, int folder, const char *name)
{
	if (fs->calls->unlinkat(shard, name, AT_REMOVEDIR) == 0)
		return fs->calls->fsync(shard);
	if (errno != ENOTEMPTY && errno != EEXIST && errno != ENOENT)
		return -1;
	return fs->calls->fsync(folder);
}

/* All keys are of one folder. Goes on after a failure and reports the first. */
static enum rc
delete_in_folder(struct blob_fs *fs, const struct str *keys, size_t n,
    struct err *err)
{
	struct path path = path_of(keys[0]);
	int shard = -1, folder = open_folder(fs, &path, &shard);
	enum rc rc = RC_OK;

	if (folder < 0)
		return errno == ENOENT ? RC_OK :
		    blob_fs_failed(err, "open", path.folder);
	for (size_t i = 0; i < n; i++) {
		path = path_of(keys[i]);
		if (fs->calls->unlinkat(folder, path.name, 0) != 0 &&
		    errno != ENOENT && rc == RC_OK)
			rc = blob_fs_failed(err, "unlink in", path.folder);
	}
	if (settle(fs, shard, folder, path.folder) != 0 && rc == RC_OK)
		rc = blob_fs_failed(err, "empty", path.folder);
	close_quietly(folder);
	close_quietly(shard);
	return rc;
}

static enum rc
fs_delete(struct blob *blob, const struct str *keys, size_t n, struct err *err)
{
	struct arena *scratch = arena_new();
	struct str *sorted = arena_many(scratch, n, struct str);
	enum rc rc = RC_OK;
	size_t run;

	memcpy(sorted, keys, n * sizeof *keys);
	qsort(sorted, n, sizeof *sorted, by_key);
	for (size_t at = 0; at < n; at += run) {
		struct err one;

		run = same_folder(sorted + at, n - at);
		err_init(&one);
		if (delete_in_folder((struct blob_fs *)blob, sorted + at, run,
		    rc == RC_OK ? err : &one) != RC_OK && rc == RC_OK)
			rc = err->rc;
	}
	arena_free(scratch);
	return rc;
}

const char *
blob_fs_path(struct arena *arena, const char *root, struct str key)
{
	struct blob_key parts = blob_key_split(key);

	return arena_printf(arena, "%s/%.*s/%.*s/%.*s", root, STR_FMT(parts.shard),
	    STR_FMT(parts.folder), STR_FMT(parts.name)).p;
}

/* --- open ----------------------------------------------------------------- */

static void
fs_close(struct blob *blob)
{
	struct blob_fs *fs = (struct blob_fs *)blob;

	close_quietly(fs->tmp);
	close_quietly(fs->root);
	fs->tmp = fs->root = -1;
}

static const struct blob_driver fs_driver = {
	.put = fs_put,
	.get = fs_get,
	.delete = fs_delete,
	.list = blob_fs_list,
	.tidy = blob_fs_tidy,
	.close = fs_close,
};

/* NULL, or the step that failed, with errno. */
static const char *
open_folders(struct blob_fs *fs, const char *root)
{
	struct stat above, below;

	fs->root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fs->root < 0)
		return "open";
	fs->tmp = make_folder(fs, fs->root, "tmp");
	if (fs->tmp < 0)
		return "make the folder tmp of";
	if (fstat(fs->root, &above) != 0 || fstat(fs->tmp, &below) != 0)
		return "stat";
	if (above.st_dev != below.st_dev) {
		errno = EXDEV;
		return "the folder tmp is elsewhere than";
	}
	return faccessat(fs->tmp, ".", W_OK | X_OK, AT_EACCESS) == 0 ? NULL :
	    "write into";
}

enum rc
blob_fs_open_calls(struct arena *process_arena, const char *root,
    const struct blob_fs_calls *calls, struct blob **ret_blob, struct err *err)
{
	struct blob_fs *fs = arena_one(process_arena, struct blob_fs);
	const char *step;
	enum rc rc;

	*fs = (struct blob_fs){ { &fs_driver }, calls, -1, -1 };
	step = open_folders(fs, root);
	if (step != NULL) {
		rc = blob_fs_failed(err, step, root);
		fs_close(&fs->blob);
		return rc;
	}
	*ret_blob = &fs->blob;
	return RC_OK;
}

enum rc
blob_fs_open(struct arena *process_arena, const char *root,
    struct blob **ret_blob, struct err *err)
{
	return blob_fs_open_calls(process_arena, root, &blob_fs_real_calls,
	    ret_blob, err);
}
