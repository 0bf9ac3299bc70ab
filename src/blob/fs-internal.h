/*
 * fs-internal.h - for fs.c, fs-list.c and their tests: the open store and the
 * system calls that change something, which a test replaces by failing ones.
 */
#ifndef BEZEL_BLOB_FS_INTERNAL_H
#define BEZEL_BLOB_FS_INTERNAL_H

#include <sys/types.h>

#include "blob/blob-driver.h"

struct blob_fs_calls {
	int (*create)(int folder, const char *name, mode_t mode);
	ssize_t (*write)(int fd, const void *p, size_t n);
	int (*fsync)(int fd);
	int (*mkdirat)(int folder, const char *name, mode_t mode);
	int (*fchmod)(int fd, mode_t mode);
	int (*renameat)(int from, const char *old, int to, const char *new);
	int (*unlinkat)(int folder, const char *name, int flags);
};

extern const struct blob_fs_calls blob_fs_real_calls;

struct blob_fs {
	struct blob blob;
	const struct blob_fs_calls *calls;
	int root;		/* descriptors of folders */
	int tmp;
};

/* As blob_fs_open(). */
enum rc blob_fs_open_calls(struct arena *process_arena, const char *root,
    const struct blob_fs_calls *calls, struct blob **ret_blob,
    struct err *err) must_use;

/* A folder inside another, or -1 and errno. */
int blob_fs_folder(int parent, const char *name);
/* Fills err from errno and returns its code. */
enum rc blob_fs_failed(struct err *err, const char *step, const char *what);

enum rc blob_fs_list(struct blob *blob, struct arena *arena, struct str after,
    struct blob_entry *entries, size_t max_entries, size_t *ret_n,
    struct err *err);
enum rc blob_fs_tidy(struct blob *blob, int64_t before_ms, size_t *ret_n,
    struct err *err);

#endif
