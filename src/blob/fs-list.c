#include "config.h"

#include "blob/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "blob/fs-internal.h"

/* A page of the listing on its way. */
struct walk {
	struct arena *arena;
	struct blob_entry *entries;
	size_t n, max;
	struct str folder;	/* where it is now */
	struct err *err;
};

/* The names in a folder, in order. */
struct names {
	struct str *p;
	size_t n;
};

static int
by_name(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* Names from `least` on (null: all), sorted. -1 and errno. */
static int
read_names(int parent, const char *name, struct arena *scratch,
    struct str least, struct names *ret_names)
{
	int fd = blob_fs_folder(parent, name);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct buf list;
	const struct dirent *row;
	struct str text;
	int failed;

	if (dir == NULL) {
		failed = errno;
		if (fd >= 0)
			(void)close(fd);
		errno = failed;
		return -1;
	}
	buf_init(&list, scratch, 64 * sizeof text, SIZE_MAX / 4);
	while (errno = 0, (row = readdir(dir)) != NULL) {
		text = str_of(row->d_name);
		if (text.p[0] == '.' || (least.p != NULL && str_cmp(text, least) < 0))
			continue;
		text = arena_str(scratch, text);
		buf_add(&list, &text, sizeof text);
	}
	failed = errno;
	(void)closedir(dir);
	*ret_names = (struct names){ (struct str *)(void *)list.p,
		list.n / sizeof text };
	qsort(ret_names->p, ret_names->n, sizeof text, by_name);
	errno = failed;
	return failed == 0 ? 0 : -1;
}

static bool
str_ends(struct str s, struct str suffix)
{
	return s.n >= suffix.n &&
	    str_eq(str_slice(s, s.n - suffix.n, s.n), suffix);
}

/* Something that went away meanwhile, or that is not ours, is passed over. */
static bool
passed_over(void)
{
	return errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
}

static enum rc
add_entry(struct walk *walk, int folder, const char *name)
{
	struct str key = arena_printf(walk->arena, "%.*s/%s",
	    STR_FMT(walk->folder), name);
	struct stat st;

	if (!blob_key_ok(key))
		return RC_OK;
	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return passed_over() ? RC_OK :
		    blob_fs_failed(walk->err, "stat in", key.p);
	if (!S_ISREG(st.st_mode))
		return RC_OK;
	walk->entries[walk->n++] = (struct blob_entry){ key, st.st_size,
		(int64_t)st.st_mtim.tv_sec * 1000 +
		    st.st_mtim.tv_nsec / 1000000 };
	return RC_OK;
}

static enum rc
list_folder(struct walk *walk, int shard, const char *name, struct str after)
{
	struct arena *scratch = arena_new();
	int folder = blob_fs_folder(shard, name);
	struct names names;
	enum rc rc = RC_OK;

	walk->folder = str_of(name);
	if (folder < 0 || read_names(folder, ".", scratch, after, &names) != 0) {
		if (!passed_over())
			rc = blob_fs_failed(walk->err, "list", name);
		names.n = 0;
	}
	for (size_t i = 0; i < names.n && rc == RC_OK && walk->n < walk->max; i++)
		if (after.p == NULL || !str_eq(names.p[i], after))
			rc = add_entry(walk, folder, names.p[i].p);
	if (folder >= 0)
		(void)close(folder);
	arena_free(scratch);
	return rc;
}

static enum rc
list_shard(struct walk *walk, int root, const char *name,
    const struct blob_key *after)
{
	struct arena *scratch = arena_new();
	int shard = blob_fs_folder(root, name);
	struct names names;
	enum rc rc = RC_OK;

	if (shard < 0 || read_names(shard, ".", scratch, after->folder,
	    &names) != 0) {
		if (!passed_over())
			rc = blob_fs_failed(walk->err, "list", name);
		names.n = 0;
	}
	for (size_t i = 0; i < names.n && rc == RC_OK && walk->n < walk->max; i++)
		if (str_ends(names.p[i], str_of(name)))
			rc = list_folder(walk, shard, names.p[i].p,
			    str_eq(names.p[i], after->folder) ? after->name :
			    STR_NULL);
	if (shard >= 0)
		(void)close(shard);
	arena_free(scratch);
	return rc;
}

enum rc
blob_fs_list(struct blob *blob, struct arena *arena, struct str after,
    struct blob_entry *entries, size_t max_entries, size_t *ret_n,
    struct err *err)
{
	static const struct blob_key start;
	struct blob_fs *fs = (struct blob_fs *)blob;
	struct blob_key from = after.p == NULL ? start : blob_key_split(after);
	struct walk walk = { .arena = arena, .entries = entries,
		.max = max_entries, .err = err };
	struct arena *scratch = arena_new();
	struct names names;
	enum rc rc = RC_OK;

	if (read_names(fs->root, ".", scratch, from.shard, &names) != 0) {
		rc = blob_fs_failed(err, "list", "the root");
		names.n = 0;
	}
	for (size_t i = 0; i < names.n && rc == RC_OK && walk.n < max_entries; i++)
		if (names.p[i].n == 2)
			rc = list_shard(&walk, fs->root, names.p[i].p,
			    str_eq(names.p[i], from.shard) ? &from : &start);
	arena_free(scratch);
	*ret_n = walk.n;
	return rc;
}

enum rc
blob_fs_tidy(struct blob *blob, int64_t before_ms, size_t *ret_n,
    struct err *err)
{
	struct blob_fs *fs = (struct blob_fs *)blob;
	struct arena *scratch = arena_new();
	struct names names;
	struct stat st;
	enum rc rc = RC_OK;

	if (read_names(fs->tmp, ".", scratch, STR_NULL, &names) != 0) {
		rc = blob_fs_failed(err, "list", "tmp");
		names.n = 0;
	}
	for (size_t i = 0; i < names.n; i++) {
		const char *name = names.p[i].p;

		if (fstatat(fs->tmp, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
		    S_ISDIR(st.st_mode) ||
		    (int64_t)st.st_mtim.tv_sec * 1000 >= before_ms)
			continue;
		if (fs->calls->unlinkat(fs->tmp, name, 0) == 0)
			++*ret_n;
		else if (errno != ENOENT && rc == RC_OK)
			rc = blob_fs_failed(err, "unlink in", "tmp");
	}
	arena_free(scratch);
	return rc;
}
