#include "config.h"

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "blob/flaky.h"
#include "blob/fs-internal.h"
#include "blob/fs.h"
#include "blob/mem.h"

#define FOLDER "0190a5b0-0000-7000-8000-0000000000ab"

static struct arena *arena;
static struct err err;
static char root[UNIT_PATH];

static void
setup(void)
{
	arena = arena_new();
	err_init(&err);
	ck_assert_ptr_nonnull(mkdtemp(unit_path(root, "blob-XXXXXX")));
}

static void
teardown(struct blob *blob)
{
	blob_close(blob);
	unit_remove(root);
	arena_free(arena);
}

static struct blob *
open_fs(const struct blob_fs_calls *calls)
{
	struct blob *blob = NULL;

	ok(blob_fs_open_calls(arena, root, calls, &blob, &err));
	return blob;
}

/* The two drivers that must behave the same. */
static struct blob *
open_driver(int i)
{
	setup();
	return i == 0 ? open_fs(&blob_fs_real_calls) : blob_mem_open(arena);
}

static const char *
in_root(const char *path)
{
	return arena_printf(arena, "%s/%s", root, path).p;
}

static int counted;

static int
count_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)path, (void)st, (void)ftw;
	counted += type == FTW_F;
	return 0;
}

static int
files_below(const char *path)
{
	counted = 0;
	(void)nftw(in_root(path), count_one, 16, FTW_PHYS);
	return counted;
}

static struct str
get(struct blob *blob, struct str key)
{
	struct str bytes = STR("unset");
	enum rc rc = blob_get(blob, arena, key, 1 << 20, &bytes, &err);

	return rc == RC_OK ? bytes : STR_NULL;
}

static size_t
count_all(struct blob *blob)
{
	struct blob_entry entries[7];
	struct str after = STR_NULL;
	size_t n = 0, all = 0;

	do {
		ok(blob_list(blob, arena, after, entries, 7, &n, &err));
		all += n;
		if (n > 0)
			after = entries[n - 1].key;
	} while (n == 7);
	return all;
}

/* --- what every driver does ----------------------------------------------- */

START_TEST(objects_come_back_as_they_went_in)
{
	struct blob *blob = open_driver(_i);
	struct str large = { arena_alloc(arena, 300000), 300000 }, bytes;

	memset((char *)(uintptr_t)large.p, 'x', large.n);
	fails(RC_NOT_FOUND, blob_get(blob, arena, STR("ab/none"), 10, &bytes, &err));
	ok(blob_put(blob, STR(FOLDER "/a.webp"), STR("one\0two"), &err));
	ok(blob_put(blob, STR(FOLDER "/b.webp"), STR(""), &err));
	ok(blob_put(blob, STR(FOLDER "/c.webp"), large, &err));
	ck_assert(str_eq(get(blob, STR(FOLDER "/a.webp")), STR("one\0two")));
	ck_assert_str(get(blob, STR(FOLDER "/b.webp")), "");
	ck_assert(str_eq(get(blob, STR(FOLDER "/c.webp")), large));
	ok(blob_put(blob, STR(FOLDER "/a.webp"), STR("three"), &err));
	ck_assert_str(get(blob, STR(FOLDER "/a.webp")), "three");
	bytes = STR("kept");
	fails(RC_TOO_LARGE, blob_get(blob, arena, STR(FOLDER "/a.webp"), 4, &bytes, &err));
	ck_assert_str(bytes, "kept");
	ok(blob_get(blob, arena, STR(FOLDER "/a.webp"), 5, &bytes, &err));
	fails(RC_NOT_FOUND, blob_get(blob, arena, STR(FOLDER "/d"), 4, &bytes, &err));
	teardown(blob);
}
END_TEST

START_TEST(deletes_may_be_repeated)
{
	struct blob *blob = open_driver(_i);
	const struct str keys[] = { STR_INIT(FOLDER "/a"), STR_INIT("xx-cd/a"),
		STR_INIT(FOLDER "/b"), STR_INIT("never/was"), STR_INIT("xx-cd/b") };
	struct str bytes;

	for (int i = 0; i < 5; i++)
		if (i != 3)
			ok(blob_put(blob, keys[i], STR("x"), &err));
	ok(blob_put(blob, STR("xx-cd/stays"), STR("y"), &err));
	ok(blob_delete(blob, keys, 5, &err));
	ok(blob_delete(blob, keys, 5, &err));
	ok(blob_delete(blob, keys, 0, &err));
	for (int i = 0; i < 5; i++)
		fails(RC_NOT_FOUND, blob_get(blob, arena, keys[i], 10, &bytes, &err));
	ck_assert_str(get(blob, STR("xx-cd/stays")), "y");
	ck_assert_uint_eq(count_all(blob), 1);
	ok(blob_put(blob, keys[0], STR("again"), &err));
	ck_assert_str(get(blob, keys[0]), "again");
	teardown(blob);
}
END_TEST

START_TEST(lists_page_in_the_order_of_the_store)
{
	/* By shard, then folder, then name: not the order of the whole keys. */
	static const char *const keys[] = { "b-aa/1", "c-aa/1", "c-aa/1.x",
		"c-aa/2", "aa/z", "c/q", "0-ab/x", "0-ab/y", "1-ac/x", "ac/x",
		"x_ac/-", "x_ac/z" };
	static const char *const order[] = { "aa/z", "b-aa/1", "c-aa/1",
		"c-aa/1.x", "c-aa/2", "0-ab/x", "0-ab/y", "1-ac/x", "ac/x",
		"x_ac/z" };
	struct blob *blob = open_driver(_i);
	struct blob_entry e[16];
	struct str after = STR_NULL;
	int64_t start = clock_now_ms() - 2000;
	size_t n = 99, at = 0;

	ok(blob_list(blob, arena, STR_NULL, e, 16, &n, &err));
	ck_assert_uint_eq(n, 0);
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (blob_key_ok(str_of(keys[i])))
			ok(blob_put(blob, str_of(keys[i]), STR("12345"), &err));
	for (size_t page = 1; page <= 11; page++) {
		for (at = 0, after = STR_NULL; ; after = e[n - 1].key) {
			ok(blob_list(blob, arena, after, e, page, &n, &err));
			for (size_t i = 0; i < n; i++)
				ck_assert_str(e[i].key, order[at++]);
			if (n < page)
				break;
		}
		ck_assert_uint_eq(at, 10);
	}
	ck_assert_int_eq(e[0].bytes, 5);
	ok(blob_list(blob, arena, STR("c-aa/1.0-gone"), e, 1, &n, &err));
	ck_assert_str(e[0].key, "c-aa/1.x");
	ck_assert_int_ge(e[0].modified_ms, start);
	ck_assert_int_le(e[0].modified_ms, clock_now_ms() + 2000);
	ok(blob_list(blob, arena, STR("b-gone-aa/1"), e, 1, &n, &err));
	ck_assert_str(e[0].key, "c-aa/1");
	n = 77;
	fails(RC_INVALID, blob_list(blob, arena, STR("../x"), e, 1, &n, &err));
	ck_assert_uint_eq(n, 77);
	teardown(blob);
}
END_TEST

START_TEST(tricks_with_keys_are_refused)
{
	static const struct str bad[] = { STR_INIT(""), STR_INIT("/"),
		STR_INIT("ab"), STR_INIT("ab/"), STR_INIT("/ab"), STR_INIT("a/b"),
		STR_INIT("../b"), STR_INIT("ab/.."), STR_INIT("ab/."),
		STR_INIT("ab/.x"), STR_INIT("a../b"), STR_INIT("x../b"),
		STR_INIT("a.b/c"), STR_INIT(".ab/c"), STR_INIT("-ab/c"),
		STR_INIT("ab/-c"), STR_INIT("ab//c"), STR_INIT("ab/c/d"),
		STR_INIT("ab/c/"), STR_INIT("/etc/passwd"), STR_INIT("AB/c"),
		STR_INIT("ab/C"), STR_INIT("ab/c d"), STR_INIT("ab/c\0"),
		STR_INIT("ab\0/c"), STR_INIT("ab/c\n"), STR_INIT("ab/%2e%2e"),
		STR_INIT("ab\\c/d"), STR_INIT("ab/\xc3\xa4"), { NULL, 0 } };
	struct blob *blob = open_driver(_i);
	struct str long_key = { arena_alloc(arena, 161), 161 }, bytes;
	struct str two[2] = { STR_INIT("ab/c"), STR_NULL };
	char *p = (char *)(uintptr_t)long_key.p;

	ok(blob_put(blob, two[0], STR("x"), &err));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		ck_assert_msg(!blob_key_ok(bad[i]), "%s", bad[i].p);
		two[1] = bad[i];
		fails(RC_INVALID, blob_put(blob, bad[i], STR("x"), &err));
		fails(RC_INVALID, blob_get(blob, arena, bad[i], 10, &bytes, &err));
		fails(RC_INVALID, blob_delete(blob, two, 2, &err));
	}
	ck_assert_str(get(blob, two[0]), "x");
	memset(p, 'k', 161);
	p[100] = '/';
	ck_assert(!blob_key_ok(long_key));
	long_key.n = BLOB_KEY_MAX;
	ok(blob_put(blob, long_key, STR("long"), &err));
	ck_assert_str(get(blob, long_key), "long");
	ck_assert_uint_eq(count_all(blob), 2);
	teardown(blob);
}
END_TEST

/* --- fs ------------------------------------------------------------------- */

static mode_t
mode_of(const char *path)
{
	struct stat st;

	ck_assert_msg(lstat(in_root(path), &st) == 0, "%s", path);
	return st.st_mode & 07777;
}

START_TEST(files_lie_where_the_web_server_looks)
{
	struct blob *blob = open_driver(0);
	struct str key = STR(FOLDER "/a.webp");
	FILE *file;
	char text[8] = "";

	(void)umask(0077);
	ok(blob_put(blob, key, STR("bytes"), &err));
	file = fopen(in_root("ab/" FOLDER "/a.webp"), "r");
	ck_assert_ptr_nonnull(file);
	ck_assert_ptr_nonnull(fgets(text, sizeof text, file));
	(void)fclose(file);
	ck_assert_str_eq(text, "bytes");
	ck_assert_int_eq(mode_of("ab/" FOLDER "/a.webp"), 0640);
	ck_assert_int_eq(mode_of("ab/" FOLDER) & 0777, 0750);
	ck_assert_int_eq(mode_of("ab") & 0777, 0750);
	ck_assert_int_eq(chmod(in_root("ab"), 02750), 0);
	ok(blob_put(blob, STR("cd-ab/x"), STR("x"), &err));
	ck_assert_int_eq(mode_of("ab/cd-ab"), 02750);
	ok(blob_delete(blob, &key, 1, &err));
	ck_assert_int_ne(access(in_root("ab/" FOLDER), F_OK), 0);
	ck_assert_int_eq(access(in_root("ab"), F_OK), 0);
	ck_assert_int_eq(files_below("tmp"), 0);
	teardown(blob);
}
END_TEST

START_TEST(a_missing_root_is_not_made)
{
	struct blob *blob = NULL;

	setup();
	fails(RC_UNAVAILABLE, blob_fs_open(arena, in_root("none"), &blob, &err));
	ck_assert_ptr_null(blob);
	ck_assert_int_ne(access(in_root("none"), F_OK), 0);
	ck_assert_int_eq(symlink("/tmp", in_root("tmp")), 0);
	fails(RC_UNAVAILABLE, blob_fs_open(arena, root, &blob, &err));
	teardown(NULL);
}
END_TEST

START_TEST(links_and_strange_files_are_not_followed)
{
	struct blob *blob = open_driver(0);
	struct str bytes, key = STR("xx-ab/secret");
	struct blob_entry e[9];
	size_t n = 9;

	ok(blob_put(blob, STR("xx-ab/real"), STR("x"), &err));
	ck_assert_int_eq(mkdir(in_root("outside"), 0700), 0);
	ck_assert_int_eq(close(creat(in_root("outside/secret"), 0600)), 0);
	ck_assert_int_eq(symlink("../../outside/secret", in_root("ab/xx-ab/secret")), 0);
	ck_assert_int_eq(symlink("../outside", in_root("ab/yy-ab")), 0);
	ck_assert_int_eq(symlink("outside", in_root("zz")), 0);
	ck_assert_int_eq(mkfifo(in_root("ab/xx-ab/pipe"), 0600), 0);
	ck_assert_int_eq(mkdir(in_root("ab/xx-ab/folder"), 0700), 0);
	ck_assert_int_eq(mkdir(in_root("ab/foreign-cd"), 0700), 0);
	ck_assert_int_eq(close(creat(in_root("ab/foreign-cd/x"), 0600)), 0);
	ck_assert_int_eq(close(creat(in_root("ab/stray"), 0600)), 0);
	ck_assert_int_eq(close(creat(in_root("ab/xx-ab/Stray name"), 0600)), 0);
	fails(RC_UNAVAILABLE, blob_get(blob, arena, key, 10, &bytes, &err));
	fails(RC_UNAVAILABLE, blob_get(blob, arena, STR("yy-ab/secret"), 10, &bytes, &err));
	fails(RC_UNAVAILABLE, blob_get(blob, arena, STR("11-zz/secret"), 10, &bytes, &err));
	fails(RC_UNAVAILABLE, blob_get(blob, arena, STR("xx-ab/pipe"), 10, &bytes, &err));
	fails(RC_UNAVAILABLE, blob_get(blob, arena, STR("xx-ab/folder"), 10, &bytes, &err));
	fails(RC_UNAVAILABLE, blob_put(blob, STR("yy-ab/new"), STR("x"), &err));
	fails(RC_UNAVAILABLE, blob_put(blob, STR("11-zz/new"), STR("x"), &err));
	ck_assert_int_eq(files_below("tmp"), 0);
	ck_assert_int_eq(files_below("outside"), 1);
	ok(blob_list(blob, arena, STR_NULL, e, 9, &n, &err));
	ck_assert_uint_eq(n, 1);
	ck_assert_str(e[0].key, "xx-ab/real");
	/* Replaced and removed, not written through. */
	ok(blob_put(blob, key, STR("new"), &err));
	ck_assert_str(get(blob, key), "new");
	ok(blob_delete(blob, &key, 1, &err));
	ck_assert_int_eq(files_below("outside"), 1);
	teardown(blob);
}
END_TEST

START_TEST(old_temporary_files_are_tidied)
{
	struct blob *blob = open_driver(0);
	struct timespec old[2] = { { 1000, 0 }, { 1000, 0 } };
	int64_t day_ago = clock_now_ms() - 24 * 3600 * 1000;
	size_t n = 9;

	ck_assert_int_eq(close(creat(in_root("tmp/1-old"), 0600)), 0);
	ck_assert_int_eq(close(creat(in_root("tmp/2-new"), 0600)), 0);
	ck_assert_int_eq(utimensat(AT_FDCWD, in_root("tmp/1-old"), old, 0), 0);
	ok(blob_tidy(blob, day_ago, &n, &err));
	ck_assert_uint_eq(n, 1);
	ck_assert_int_ne(access(in_root("tmp/1-old"), F_OK), 0);
	ck_assert_int_eq(access(in_root("tmp/2-new"), F_OK), 0);
	ok(blob_tidy(blob, clock_now_ms() + 5000, &n, &err));
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(files_below("tmp"), 0);
	teardown(blob);
}
END_TEST

/* --- faults --------------------------------------------------------------- */

/* The calls of fs.c, of which the fault.at-th one fails, or ends the process. */
enum call { CREATE, WRITE, FSYNC, MKDIR, CHMOD, RENAME, UNLINK, CALLS };
static struct {
	int at, calls;
	int number;		/* errno */
	bool kill, tiny_writes;
	int fsync_after;	/* calls of fsync after a failed one */
	bool fsync_failed;
	enum call failed;
} fault;

static bool
failing(enum call call)
{
	if (fault.fsync_failed && call == FSYNC)
		fault.fsync_after++;
	if (++fault.calls != fault.at)
		return false;
	if (fault.kill)
		_exit(7);
	fault.failed = call;
	fault.fsync_failed = call == FSYNC;
	errno = fault.number;
	return true;
}

static int
bad_create(int folder, const char *name, mode_t mode)
{
	return failing(CREATE) ? -1 : blob_fs_real_calls.create(folder, name, mode);
}

static ssize_t
bad_write(int fd, const void *p, size_t n)
{
	if (failing(WRITE)) {
		/* A part is there before the disk is full. */
		(void)!write(fd, p, n / 2);
		errno = fault.number;
		return -1;
	}
	return write(fd, p, fault.tiny_writes && n > 3 ? 3 : n);
}

static int
bad_fsync(int fd)
{
	return failing(FSYNC) ? -1 : fsync(fd);
}

static int
bad_mkdirat(int folder, const char *name, mode_t mode)
{
	return failing(MKDIR) ? -1 : mkdirat(folder, name, mode);
}

static int
bad_fchmod(int fd, mode_t mode)
{
	return failing(CHMOD) ? -1 : fchmod(fd, mode);
}

static int
bad_renameat(int from, const char *old, int to, const char *new)
{
	return failing(RENAME) ? -1 : renameat(from, old, to, new);
}

static int
bad_unlinkat(int folder, const char *name, int flags)
{
	return failing(UNLINK) ? -1 : unlinkat(folder, name, flags);
}

static const struct blob_fs_calls bad_calls = { bad_create, bad_write, bad_fsync,
	bad_mkdirat, bad_fchmod, bad_renameat, bad_unlinkat };

static void
arm(int at, int number)
{
	memset(&fault, 0, sizeof fault);
	fault.at = at;
	fault.number = number;
}

/* What a reader may see: nothing, or the whole. */
static void
assert_whole_or_absent(struct blob *blob, struct str key, struct str old,
    struct str new)
{
	struct str seen = get(blob, key);

	if (seen.p == NULL)
		ck_assert_ptr_null(old.p);
	else
		ck_assert(str_eq(seen, new) || str_eq(seen, old));
}

START_TEST(every_failing_call_of_a_put_is_clean)
{
	static const int numbers[] = { ENOSPC, EIO, EDQUOT };
	struct blob *blob;
	struct str key = STR("xx-ab/name"), old = _i < 3 ? STR_NULL : STR("old!");
	int number = numbers[_i % 3], at, steps = 0;
	bool seen[CALLS] = { false };
	enum rc rc;

	setup();
	arm(0, 0);
	blob = open_fs(&bad_calls);
	for (at = 1; ; at++, steps++) {
		arm(0, 0);
		ok(blob_delete(blob, &key, 1, &err));
		if (old.p != NULL)
			ok(blob_put(blob, key, old, &err));
		else
			(void)rmdir(in_root("ab"));
		arm(at, number);
		rc = blob_put(blob, key, STR("0123456789"), &err);
		if (fault.calls < at)
			break;
		seen[fault.failed] = true;
		ck_assert_int_eq(rc, number == EIO ? RC_UNAVAILABLE : RC_STORAGE_FULL);
		ck_assert_uint_gt(strlen(err.detail), 0);
		ck_assert_int_eq(fault.fsync_after, 0);
		ck_assert_int_eq(files_below("tmp"), 0);
		assert_whole_or_absent(blob, key, old, STR("0123456789"));
		if (get(blob, key).p == NULL)
			ck_assert_int_ne(access(in_root("ab/xx-ab"), F_OK), 0);
	}
	ok(rc);
	ck_assert_str(get(blob, key), "0123456789");
	ck_assert_int_ge(steps, 10);
	ck_assert(seen[CREATE] && seen[WRITE] && seen[FSYNC] && seen[MKDIR] &&
	    seen[CHMOD] && seen[RENAME]);
	teardown(blob);
}
END_TEST

START_TEST(a_death_at_any_call_shows_nothing_half)
{
	struct blob *blob;
	struct str key = STR("xx-ab/name"), old = STR("old!");
	int at, status = 0, left = 0;
	size_t n = 0;
	pid_t pid;

	setup();
	arm(0, 0);
	blob = open_fs(&bad_calls);
	for (at = 1; at < 40; at++) {
		ok(blob_put(blob, key, old, &err));
		pid = fork();
		if (pid == 0) {
			arm(at, EIO);
			fault.kill = fault.tiny_writes = true;
			_exit((_i == 0 ?
			    blob_put(blob, key, STR("0123456789"), &err) :
			    blob_delete(blob, &key, 1, &err)) != RC_OK);
		}
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		left += files_below("tmp");
		assert_whole_or_absent(blob, key, _i == 0 ? old : STR_NULL,
		    _i == 0 ? STR("0123456789") : old);
		ok(blob_tidy(blob, clock_now_ms() + 5000, &n, &err));
		ck_assert_int_eq(files_below("tmp"), 0);
		if (WEXITSTATUS(status) == 0)
			break;
	}
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	ck_assert_int_gt(at, _i == 0 ? 12 : 3);
	ck_assert_int_eq(left > 0, _i == 0);
	teardown(blob);
}
END_TEST

START_TEST(short_writes_are_continued)
{
	struct blob *blob;

	setup();
	arm(0, 0);
	blob = open_fs(&bad_calls);
	fault.tiny_writes = true;
	ok(blob_put(blob, STR("xx-ab/a"), STR("0123456789"), &err));
	arm(3, EINTR);		/* create, chmod, then the write */
	ok(blob_put(blob, STR("xx-ab/b"), STR("0123456789"), &err));
	ck_assert_str(get(blob, STR("xx-ab/a")), "0123456789");
	ck_assert_int_eq(fault.failed, WRITE);
	teardown(blob);
}
END_TEST

START_TEST(every_failing_call_of_a_delete_can_be_retried)
{
	struct str keys[3] = { STR_INIT("xx-ab/a"), STR_INIT("yy-ab/a"),
		STR_INIT("xx-ab/b") };
	struct blob *blob;
	int at;

	setup();
	arm(0, 0);
	blob = open_fs(&bad_calls);
	for (at = 1; ; at++) {
		arm(0, 0);
		for (int i = 0; i < 3; i++)
			ok(blob_put(blob, keys[i], STR("x"), &err));
		arm(at, EIO);
		if (blob_delete(blob, keys, 3, &err) == RC_OK)
			break;
		ck_assert_int_eq(err.rc, RC_UNAVAILABLE);
		/* The other keys have gone all the same. */
		ck_assert_uint_le(count_all(blob), 1);
		ok(blob_delete(blob, keys, 3, &err));
		ck_assert_uint_eq(count_all(blob), 0);
	}
	ck_assert_int_eq(at, 8);	/* 3 files, 2 folders, 2 fsyncs */
	teardown(blob);
}
END_TEST

START_TEST(a_full_disk_leaves_no_trace)
{
	struct blob *blob;
	size_t n = 2 * 1024 * 1024;
	struct str large;
	struct str keys[64];
	int put = 0;

	setup();
	if (mount("none", root, "tmpfs", 0, "size=4m,mode=0755") != 0) {
		/* Shown by every_failing_call_of_a_put_is_clean without a disk. */
		fprintf(stderr, "check_blob: a_full_disk_leaves_no_trace skipped: "
		    "cannot mount a tmpfs: %s\n", strerror(errno));
		teardown(NULL);
		return;
	}
	large = (struct str){ arena_alloc(arena, n), n };
	blob = open_fs(&blob_fs_real_calls);
	for (; put < 64; put++) {
		keys[put] = arena_printf(arena, "xx-%02d/name", put);
		if (blob_put(blob, keys[put], large, &err) != RC_OK)
			break;
	}
	ck_assert_int_eq(err.rc, RC_STORAGE_FULL);
	ck_assert_int_ge(put, 1);
	ck_assert_int_le(put, 2);
	ck_assert_int_eq(files_below("tmp"), 0);
	ck_assert_uint_eq(count_all(blob), (size_t)put);
	ok(blob_delete(blob, keys, (size_t)put, &err));
	ok(blob_put(blob, keys[0], large, &err));
	blob_close(blob);
	ck_assert_int_eq(umount(root), 0);
	teardown(NULL);
}
END_TEST

START_TEST(puts_and_deletes_of_one_folder_do_not_disturb_each_other)
{
	struct blob *blob = open_driver(0);
	int status, bad = 0;

	for (int child = 0; child < 4; child++) {
		if (fork() != 0)
			continue;
		for (int i = 0; i < 150; i++) {
			struct str key = arena_printf(arena, "xx-ab/%d", child);

			if (blob_put(blob, key, key, &err) != RC_OK ||
			    !str_eq(get(blob, key), key) ||
			    blob_delete(blob, &key, 1, &err) != RC_OK) {
				fprintf(stderr, "%s %s\n", err.message, err.detail);
				_exit(1);
			}
		}
		_exit(0);
	}
	for (int child = 0; child < 4; child++) {
		ck_assert_int_gt(wait(&status), 0);
		bad += status != 0;
	}
	ck_assert_int_eq(bad, 0);
	ck_assert_int_eq(files_below("tmp"), 0);
	ck_assert_int_ne(access(in_root("ab/xx-ab"), F_OK), 0);
	teardown(blob);
}
END_TEST

/* --- flaky ---------------------------------------------------------------- */

START_TEST(flaky_fails_as_the_script_says)
{
	static const char *const bad[] = { "x", "put", "put:", "put:0", "put:-1",
		"put:1:maybe", "put:1:half", "put:1+x", "grab:1", ",", "put:1:",
		"put:1,,put:2" };
	struct blob *blob = NULL, *inner;
	struct str keys[4] = { STR_INIT("ab/1"), STR_INIT("ab/2"),
		STR_INIT("ab/3"), STR_INIT("ab/4") };
	struct blob_entry e[4];
	struct str bytes;
	size_t n;

	setup();
	inner = blob_mem_open(arena);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(blob_flaky_open(arena, inner, bad[i], &blob,
		    &err) == RC_INVALID, "%s", bad[i]);
	ck_assert_ptr_null(blob);
	ok(blob_flaky_open(arena, inner,
	    "put:2,put:3:full,put:4:after,get:1,list:1,delete:1:half,delete:2:after,tidy:1",
	    &blob, &err));
	ok(blob_put(blob, keys[0], STR("x"), &err));
	fails(RC_UNAVAILABLE, blob_put(blob, keys[1], STR("x"), &err));
	fails(RC_STORAGE_FULL, blob_put(blob, keys[2], STR("x"), &err));
	fails(RC_UNAVAILABLE, blob_put(blob, keys[3], STR("x"), &err));
	ck_assert_uint_eq(count_all(inner), 2);
	ok(blob_put(blob, keys[1], STR("x"), &err));
	ok(blob_put(blob, keys[2], STR("x"), &err));
	ck_assert_int_eq(blob_flaky_calls(blob, "put"), 6);
	fails(RC_UNAVAILABLE, blob_get(blob, arena, keys[0], 9, &bytes, &err));
	ok(blob_get(blob, arena, keys[0], 9, &bytes, &err));
	fails(RC_UNAVAILABLE, blob_list(blob, arena, STR_NULL, e, 4, &n, &err));
	fails(RC_UNAVAILABLE, blob_tidy(blob, 0, &n, &err));
	fails(RC_UNAVAILABLE, blob_delete(blob, keys, 4, &err));
	ck_assert_uint_eq(count_all(inner), 2);
	fails(RC_UNAVAILABLE, blob_delete(blob, keys, 4, &err));
	ck_assert_uint_eq(count_all(inner), 0);
	ok(blob_flaky_script(blob, "put:2+", &err));
	ck_assert_int_eq(blob_flaky_calls(blob, "put"), 0);
	ok(blob_put(blob, keys[0], STR("x"), &err));
	for (int i = 0; i < 3; i++)
		fails(RC_UNAVAILABLE, blob_put(blob, keys[0], STR("x"), &err));
	teardown(blob);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("blob");
	TCase *tcase = tcase_create("blob");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, objects_come_back_as_they_went_in, 0, 2);
	tcase_add_loop_test(tcase, deletes_may_be_repeated, 0, 2);
	tcase_add_loop_test(tcase, lists_page_in_the_order_of_the_store, 0, 2);
	tcase_add_loop_test(tcase, tricks_with_keys_are_refused, 0, 2);
	tcase_add_test(tcase, files_lie_where_the_web_server_looks);
	tcase_add_test(tcase, a_missing_root_is_not_made);
	tcase_add_test(tcase, links_and_strange_files_are_not_followed);
	tcase_add_test(tcase, old_temporary_files_are_tidied);
	tcase_add_loop_test(tcase, every_failing_call_of_a_put_is_clean, 0, 6);
	tcase_add_loop_test(tcase, a_death_at_any_call_shows_nothing_half, 0, 2);
	tcase_add_test(tcase, short_writes_are_continued);
	tcase_add_test(tcase, every_failing_call_of_a_delete_can_be_retried);
	tcase_add_test(tcase, a_full_disk_leaves_no_trace);
	tcase_add_test(tcase, puts_and_deletes_of_one_folder_do_not_disturb_each_other);
	tcase_add_test(tcase, flaky_fails_as_the_script_says);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
