#include "config.h"

#include "crypt/share-keys.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

static struct arena *arena;
static char folder[UNIT_PATH];
static char master[UNIT_PATH + 8], file[UNIT_PATH + 16];

static void
begin(void)
{
	arena = arena_new();
	ck_assert_ptr_nonnull(mkdtemp(unit_path(folder, "keys-XXXXXX")));
	(void)snprintf(master, sizeof master, "%s/key", folder);
	(void)snprintf(file, sizeof file, "%s.share", master);
}

static void
end(void)
{
	(void)rmdir(file);
	(void)unlink(file);
	ck_assert_int_eq(rmdir(folder), 0);
	arena_free(arena);
}

static void
write_text(const char *text)
{
	FILE *f = fopen(file, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

static enum rc
read_ids(unsigned char ids[2])
{
	struct err err;

	err_init(&err);
	(void)!share_keys_read(arena, master, ids, &err);
	if (err.rc != RC_OK)
		ck_assert_ptr_nonnull(strstr(err.detail, file));
	return err.rc;
}

static void
expect(const char *text, int signing, int other)
{
	unsigned char ids[2] = { 99, 99 };

	write_text(text);
	ck_assert_int_eq(read_ids(ids), RC_OK);
	ck_assert_int_eq(ids[0], signing);
	ck_assert_int_eq(ids[1], other);
}

START_TEST(without_a_file_the_first_key_signs)
{
	unsigned char ids[2] = { 99, 99 };

	ck_assert_int_eq(read_ids(ids), RC_OK);
	ck_assert_int_eq(ids[0], 1);
	ck_assert_int_eq(ids[1], 0);
}
END_TEST

START_TEST(a_file_names_two_neighbours)
{
	expect("1 0\n", 1, 0);
	expect("1 2\n", 1, 2);
	expect("255 0", 255, 0);
	expect("0 255\n", 0, 255);
	expect("254 255\n", 254, 255);
}
END_TEST

START_TEST(anything_else_is_refused)
{
	static const char *const texts[] = { "", "\n", "1", "1\n", "1 \n", "1 1",
		"1 3", "3 1", "0 254", "-1 0", "256 255", "255 256", "01 0", "1,0",
		"1 0 2", "1  0", "1 0\n\n", "1 0 ", "1 0\n1 0", "a b", "one two",
		"1 0\n              and more than fits" };
	unsigned char ids[2] = { 99, 99 };

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		write_text(texts[i]);
		ck_assert_msg(read_ids(ids) == RC_INTERNAL, "\"%s\"", texts[i]);
		ck_assert_int_eq(ids[0], 99);
	}
	ck_assert_int_eq(unlink(file), 0);
	ck_assert_int_eq(mkdir(file, 0700), 0);	/* opens, but cannot be read */
	ck_assert_int_eq(read_ids(ids), RC_INTERNAL);
	ck_assert_int_eq(rmdir(file), 0);
	ck_assert_int_eq(symlink(file, file), 0);
	ck_assert_int_eq(read_ids(ids), RC_INTERNAL);
}
END_TEST

START_TEST(what_is_written_is_read)
{
	unsigned char ids[2] = { 255, 0 }, got[2];
	struct stat st;
	struct err err;

	err_init(&err);
	(void)umask(077);
	ck_assert_int_eq(share_keys_write(arena, master, ids, &err), RC_OK);
	ck_assert_int_eq(read_ids(got), RC_OK);
	ck_assert_mem_eq(got, ids, 2);
	ck_assert_int_eq(stat(file, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0644);
	ids[0] = 0;
	ids[1] = 255;
	ck_assert_int_eq(share_keys_write(arena, master, ids, &err), RC_OK);
	ck_assert_int_eq(read_ids(got), RC_OK);
	ck_assert_mem_eq(got, ids, 2);
}
END_TEST

START_TEST(what_cannot_be_written_changes_nothing)
{
	const unsigned char ids[2] = { 2, 1 };
	char away[UNIT_PATH + 16];
	struct err err;

	err_init(&err);
	(void)snprintf(away, sizeof away, "%s/none/key", folder);
	ck_assert_int_eq(share_keys_write(arena, away, ids, &err), RC_INTERNAL);
	err_init(&err);
	ck_assert_int_eq(mkdir(file, 0700), 0);	/* nothing is renamed onto it */
	ck_assert_int_eq(share_keys_write(arena, master, ids, &err), RC_INTERNAL);
	ck_assert_ptr_nonnull(strstr(err.detail, file));
}
END_TEST

/* Two valid ones at each step, the signing one always known to the step before. */
START_TEST(a_rotation_has_two_steps)
{
	unsigned char ids[2] = { 254, 253 };

	ck_assert(!share_keys_next(ids));
	ck_assert(ids[0] == 254 && ids[1] == 255);
	ck_assert(share_keys_next(ids));
	ck_assert(ids[0] == 255 && ids[1] == 254);
	ck_assert(!share_keys_next(ids));
	ck_assert(ids[0] == 255 && ids[1] == 0);
	ck_assert(share_keys_next(ids));
	ck_assert(ids[0] == 0 && ids[1] == 255);
}
END_TEST

/* Each step is one ahead of the one before, all the way round. */
START_TEST(steps_are_counted)
{
	unsigned char ids[2] = { 1, 0 }, was[2], far[2] = { 1, 0 };

	for (int i = 1; i <= 512; i++) {
		memcpy(was, ids, 2);
		(void)share_keys_next(ids);
		ck_assert(share_keys_valid(ids));
		ck_assert_int_eq(share_keys_ahead(ids, was), 1);
		ck_assert_int_eq(share_keys_ahead(was, ids), -1);
		ck_assert_int_eq(share_keys_ahead(ids, ids), 0);
		ck_assert_int_eq(share_keys_ahead(ids, far),
		    i <= 256 ? i : i - 512);
	}
	ck_assert_mem_eq(ids, far, 2);
	ck_assert(!share_keys_valid((unsigned char[2]){ 1, 1 }));
	ck_assert(!share_keys_valid((unsigned char[2]){ 3, 1 }));
}
END_TEST

UNIT_MAIN_FIXTURE("share_keys", begin, end, without_a_file_the_first_key_signs,
    a_file_names_two_neighbours, anything_else_is_refused,
    what_is_written_is_read, what_cannot_be_written_changes_nothing,
    a_rotation_has_two_steps,
    steps_are_counted)
