/*
 * unit.h - the main() of a unit test program, and a few helpers.
 *
 * Each check_<module>.c lists its cases with UNIT_MAIN("module", case1, case2),
 * or has a main() that ends with unit_run(suite).
 */
#ifndef BEZEL_T_UNIT_H
#define BEZEL_T_UNIT_H

#include <check.h>
#include <dirent.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"

enum { UNIT_PATH = 80 };	/* short: sockets lie there too */

#define ck_assert_str(s, literal) \
	ck_assert_msg(str_eqz((s), (literal)), "\"%.*s\" is not \"%s\"", \
	    STR_FMT(s), (literal))

/* A bound in time: longer where everything takes longer. */
static inline int64_t
slower(int64_t ms)
{
	const char *times = getenv("BEZEL_TEST_SLOWER");

	return times == NULL ? ms : (int64_t)((double)ms * atof(times));
}

/* For tests with a `struct err err` of their own: the call succeeds, or fails so. */
#define ok(call) ck_assert_msg((call) == RC_OK, "%s (%s)", err.message, err.detail)
#define fails(want, call) \
	do { \
		enum rc rc_ = (call); \
		ck_assert_msg(rc_ == (want), "%d: %s (%s)", (int)rc_, \
		    err.message, err.detail); \
	} while (0)

/* The program's own folder, in $BEZEL_TEST_TMP or /tmp. */
static inline const char *
unit_top(void)
{
	static char top[UNIT_PATH - 24];
	const char *where = getenv("BEZEL_TEST_TMP");

	if (top[0] == '\0') {
		int n = snprintf(top, sizeof top, "%s/bezel-unit-XXXXXX",
		    where == NULL ? "/tmp" : where);

		if (n >= (int)sizeof top || mkdtemp(top) == NULL) {
			perror(top);
			exit(99);
		}
	}
	return top;
}

/* Path of that name in it, for mkdtemp() and mkstemp() when it ends in XXXXXX.
 * The test removes what it makes there. */
static inline char *
unit_path(char path[UNIT_PATH], const char *name)
{
	ck_assert_int_lt(snprintf(path, UNIT_PATH, "%s/%s", unit_top(), name),
	    UNIT_PATH);
	return path;
}

/* What make has built or prepared under that name. */
static inline const char *
unit_build_path(struct arena *arena, const char *name)
{
	const char *folder = getenv("BEZEL_BUILDDIR");

	return arena_printf(arena, "%s/%s", folder == NULL ? "." : folder, name).p;
}

/* The whole of a file, which is there. */
static inline struct str
unit_read(struct arena *arena, const char *path)
{
	FILE *file = fopen(path, "rb");
	struct buf buf;
	char part[65536];
	size_t n;

	ck_assert_msg(file != NULL, "%s", path);
	buf_init(&buf, arena, 0, 64 << 20);
	while ((n = fread(part, 1, sizeof part, file)) > 0)
		buf_add(&buf, part, n);
	(void)fclose(file);
	return buf_str(&buf);
}

static inline int
unit_remove_one(const char *path, const struct stat *st, int type,
    struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

/* A folder and all that is in it. */
static inline void
unit_remove(const char *folder)
{
	(void)nftw(folder, unit_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline int
unit_name_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	if (ftw->level > 0)
		printf("left behind: %s\n", path);
	return unit_remove_one(path, st, type, ftw);
}

/* Whether anything is there, which is named and removed. */
static inline bool
unit_left_behind(void)
{
	const struct dirent *entry;
	bool left = false;
	DIR *dir = opendir(unit_top());

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		left = left || entry->d_name[0] != '.';
	if (dir != NULL)
		(void)closedir(dir);
	(void)nftw(unit_top(), unit_name_one, 16, FTW_DEPTH | FTW_PHYS);
	return left;
}

/* Runs and frees it. Returns the exit status of main(): tests that passed have
 * removed what they made; those that failed cannot, it is done here. */
static inline int
unit_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	(void)unit_top();	/* before the tests are forked */
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return !unit_left_behind() && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#define UNIT_MAIN(name, ...) UNIT_MAIN_FIXTURE(name, NULL, NULL, __VA_ARGS__)

/* With what runs before and after each case (NULL: nothing). */
#define UNIT_MAIN_FIXTURE(name, setup, teardown, ...) \
	int \
	main(void) \
	{ \
		const TTest *const cases[] = { __VA_ARGS__ }; \
		Suite *suite = suite_create(name); \
		TCase *tcase = tcase_create(name); \
		for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) \
			tcase_add_test(tcase, cases[i]); \
		tcase_add_checked_fixture(tcase, (setup), (teardown)); \
		tcase_set_timeout(tcase, 60); \
		suite_add_tcase(suite, tcase); \
		return unit_run(suite); \
	}

#endif
