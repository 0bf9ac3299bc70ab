#include "config.h"

#include "app/share-gate.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "app/share-kept.h"
#include "app/share-purge.h"
#include "base/clock.h"
#include "unit.h"

#define TOKEN "AQDN5NzTZ1kY9cFQ3sEw2_-aBcDeFgHiJkLmNoPqRsTuVwXyZ987654320123456"
#define OTHER "AQDN5NzTZ1kY9cFQ3sEw2_-aBcDeFgHiJkLmNoPqRsTuVwXyZ987654320123457"

/* What nginx calls the answers to /s/TOKEN, /s/TOKEN/card.jpg and /v1/shares/TOKEN;
 * computed elsewhere. */
#define PAGE_FILE "8/9d/72ad4a4797a355a9a11ff1dfb08759d8"
#define CARD_FILE "7/83/03774e098c7e66a955aa3dc2142e4837"
#define JSON_FILE "d/6b/a196734063e1988b98e874c4c7c236bd"

static struct arena *arena;
static struct conf conf;
static struct app app;
static char top[UNIT_PATH];

static const char *
path(const char *below)
{
	return arena_printf(arena, "%s/%s", top, below).p;
}

static void
setup(void)
{
	arena = arena_new();
	ck_assert_ptr_nonnull(mkdtemp(unit_path(top, "state-XXXXXX")));
	conf = (struct conf){ .state_dir = top, .share_gate_s = 30,
		.objects = path("objects") };
	app = (struct app){ .conf = &conf };
	clock_set_skew_ms(0);
}

static int
remove_one(const char *name, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(name);
}

static void
teardown(void)
{
	share_gate_use(&share_gate_real_calls);
	(void)nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	arena_free(arena);
}

static void
make_file(const char *below)
{
	char *name = arena_strz(arena, str_of(path(below)));
	int fd;

	for (char *p = name + strlen(top) + 1; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		(void)mkdir(name, 0700);
		*p = '/';
	}
	fd = open(name, O_CREAT | O_WRONLY, 0600);
	ck_assert_int_ge(fd, 0);
	(void)close(fd);
}

static bool
there(const char *below)
{
	return access(path(below), F_OK) == 0;
}

static void
close_gate(const char *token)
{
	struct err err;

	err_init(&err);
	ck_assert_int_eq(share_gate_close(&app, str_of(token), &err), RC_OK);
}

static size_t
due(struct share_gate gates[4])
{
	struct err err;
	size_t n = 99;

	err_init(&err);
	ck_assert_int_eq(share_gate_due(&app, arena, gates, 4, &n, &err), RC_OK);
	return n;
}

static bool
open_gate(const char *token)
{
	struct err err;
	bool opened = true;

	err_init(&err);
	ck_assert_int_eq(share_gate_open(&app, arena, str_of(token), &opened, &err),
	    RC_OK);
	return opened;
}

START_TEST(a_gate_is_a_file_for_its_time)
{
	struct share_gate gates[4];

	ck_assert(!share_gate_is_closed(&app, STR(TOKEN)));
	ck_assert_uint_eq(due(gates), 0);
	ck_assert(!open_gate(TOKEN));
	close_gate(TOKEN);
	ck_assert(there("gates/" TOKEN));
	ck_assert(share_gate_is_closed(&app, STR(TOKEN)));
	ck_assert(!share_gate_is_closed(&app, STR(OTHER)));
	ck_assert_uint_eq(due(gates), 0);
	ck_assert(!open_gate(TOKEN));
	clock_set_skew_ms(29 * 1000);
	ck_assert_uint_eq(due(gates), 0);
	clock_set_skew_ms(31 * 1000);
	ck_assert_uint_eq(due(gates), 1);
	ck_assert_str(gates[0].token, TOKEN);
	ck_assert(open_gate(TOKEN));
	ck_assert(!there("gates/" TOKEN));
	ck_assert(!open_gate(TOKEN));
}
END_TEST

START_TEST(closed_again_it_waits_again)
{
	struct share_gate gates[4];

	close_gate(TOKEN);
	clock_set_skew_ms(20 * 1000);
	close_gate(TOKEN);
	clock_set_skew_ms(31 * 1000);
	ck_assert_uint_eq(due(gates), 0);
	ck_assert(!open_gate(TOKEN));
	clock_set_skew_ms(51 * 1000);
	ck_assert(open_gate(TOKEN));
}
END_TEST

START_TEST(a_clock_that_was_set_back_opens_nothing_early)
{
	struct share_gate gates[4];

	clock_set_skew_ms(3600 * 1000);
	close_gate(TOKEN);
	clock_set_skew_ms(0);
	ck_assert_uint_eq(due(gates), 0);	/* and waits from now on */
	clock_set_skew_ms(31 * 1000);
	ck_assert_uint_eq(due(gates), 1);
}
END_TEST

START_TEST(many_at_once_and_what_is_no_token)
{
	const struct str tokens[] = { STR("../../etc/passwd"), STR_NULL, STR(TOKEN),
		STR(""), STR("AQDN5NzTZ1kY9cFQ3sEw2_-aBcDeFgHiJkLmNoPqRsTuVwXyZ98765432012345/"),
		STR(OTHER) };
	struct share_gate gates[4];
	struct err err;

	err_init(&err);
	ck_assert_int_eq(share_gate_close_many(&app, tokens, 2, &err), RC_OK);
	ck_assert(!there("gates"));
	ck_assert_int_eq(share_gate_close_many(&app, tokens, 6, &err), RC_OK);
	clock_set_skew_ms(31 * 1000);
	ck_assert_uint_eq(due(gates), 2);
	ck_assert(!share_gate_is_closed(&app, STR("..")));
}
END_TEST

/* Answers under nginx's names, pictures, and others' left alone. */
START_TEST(opening_forgets_what_is_kept)
{
	make_file("share-cache/" PAGE_FILE);
	make_file("share-cache/" CARD_FILE);
	make_file("share-cache/" JSON_FILE);
	make_file("share-cache/0/00/00000000000000000000000000000000");
	make_file("shares/" TOKEN "/aa.webp");
	make_file("shares/" OTHER "/aa.webp");
	close_gate(TOKEN);
	clock_set_skew_ms(31 * 1000);
	ck_assert(open_gate(TOKEN));
	ck_assert(!there("share-cache/" PAGE_FILE));
	ck_assert(!there("share-cache/" CARD_FILE));
	ck_assert(!there("share-cache/" JSON_FILE));
	ck_assert(!there("shares/" TOKEN));
	ck_assert(there("shares/" OTHER "/aa.webp"));
	ck_assert(there("share-cache/0/00/00000000000000000000000000000000"));
}
END_TEST

START_TEST(all_can_be_forgotten)
{
	struct err err;
	int64_t n;

	err_init(&err);
	ck_assert_int_eq(share_kept_forget_all(&app, arena, &n, &err), RC_OK);
	ck_assert_int_eq(n, 0);
	make_file("share-cache/" PAGE_FILE);
	make_file("share-cache/0/00/00000000000000000000000000000000");
	make_file("shares/" TOKEN "/aa.webp");
	make_file("shares/" OTHER "/bb.webp");
	ck_assert_int_eq(share_kept_forget_all(&app, arena, &n, &err), RC_OK);
	ck_assert_int_eq(n, 4);
	ck_assert(!there("shares/" TOKEN "/aa.webp"));
}
END_TEST

START_TEST(a_picture_gets_a_second_name)
{
	const struct str key = STR("0190-ab/cc.webp"), name = STR("cc.webp");
	struct str tokens[4];
	struct err err;
	size_t n;

	err_init(&err);
	ck_assert(!share_kept_link(&app, arena, STR(TOKEN), key, name));
	make_file("objects/ab/0190-ab/cc.webp");
	ck_assert(share_kept_link(&app, arena, STR(TOKEN), key, name));
	ck_assert(share_kept_link(&app, arena, STR(TOKEN), key, name));
	ck_assert(there("shares/" TOKEN "/cc.webp"));
	ck_assert_int_eq(share_kept_list(&app, arena, tokens, 4, &n, &err), RC_OK);
	ck_assert_uint_eq(n, 1);
	ck_assert_str(tokens[0], TOKEN);
	ck_assert_int_eq(share_kept_forget(&app, arena, STR(TOKEN), &err), RC_OK);
	ck_assert(there("objects/ab/0190-ab/cc.webp"));
}
END_TEST

/* --- what fails -------------------------------------------------------------- */

static int fail_number;

static int
no_mkdir(const char *name, unsigned mode)
{
	(void)name, (void)mode;
	errno = fail_number;
	return -1;
}

static int
no_create(int folder, const char *name)
{
	(void)folder, (void)name;
	errno = fail_number;
	return -1;
}

static int
no_touch(int folder, const char *name, int64_t ms)
{
	(void)folder, (void)name, (void)ms;
	errno = fail_number;
	return -1;
}

static int
no_lock(int folder, int operation)
{
	(void)folder, (void)operation;
	errno = fail_number;
	return -1;
}

static int
no_fsync(int folder)
{
	(void)folder;
	errno = fail_number;
	return -1;
}

static int
no_unlinkat(int folder, const char *name, int flags)
{
	(void)folder, (void)name, (void)flags;
	errno = fail_number;
	return -1;
}

static void
refused(const struct share_gate_calls *calls, int number, enum rc want)
{
	struct err err;

	err_init(&err);
	fail_number = number;
	share_gate_use(calls);
	ck_assert_int_eq(share_gate_close(&app, STR(TOKEN), &err), want);
	ck_assert_msg(strstr(err.detail, "gates: ") != NULL, "%s", err.detail);
	share_gate_use(&share_gate_real_calls);
}

/* Each step of closing: the change that it is for must not be made. */
START_TEST(what_cannot_be_closed_is_told)
{
	struct share_gate_calls calls = share_gate_real_calls;

	calls.mkdir = no_mkdir;
	refused(&calls, ENOSPC, RC_STORAGE_FULL);
	refused(&calls, EROFS, RC_UNAVAILABLE);
	calls = share_gate_real_calls;
	calls.lock = no_lock;
	refused(&calls, ENOLCK, RC_UNAVAILABLE);
	refused(&calls, EWOULDBLOCK, RC_UNAVAILABLE);	/* and waits but a second */
	calls = share_gate_real_calls;
	calls.create = no_create;
	refused(&calls, ENOSPC, RC_STORAGE_FULL);
	refused(&calls, EDQUOT, RC_STORAGE_FULL);
	refused(&calls, EACCES, RC_UNAVAILABLE);
	calls = share_gate_real_calls;
	calls.touch = no_touch;
	refused(&calls, EROFS, RC_UNAVAILABLE);
	ck_assert_int_eq(unlink(path("gates/" TOKEN)), 0);
	calls = share_gate_real_calls;
	calls.fsync = no_fsync;
	refused(&calls, EIO, RC_UNAVAILABLE);
	close_gate(TOKEN);
	ck_assert(there("gates/" TOKEN));
}
END_TEST

START_TEST(what_cannot_be_removed_keeps_its_gate)
{
	struct share_gate_calls calls = share_gate_real_calls;
	bool opened = true;
	struct err err;

	close_gate(TOKEN);
	clock_set_skew_ms(31 * 1000);
	/* A folder in the place of the answer cannot be unlinked. */
	make_file("share-cache/" PAGE_FILE "/x");
	err_init(&err);
	ck_assert_int_eq(share_gate_open(&app, arena, STR(TOKEN), &opened, &err),
	    RC_UNAVAILABLE);
	ck_assert(!opened && there("gates/" TOKEN));
	ck_assert_int_eq(nftw(path("share-cache"), remove_one, 16, FTW_DEPTH
	    | FTW_PHYS), 0);
	calls.unlinkat = no_unlinkat;
	fail_number = EROFS;
	share_gate_use(&calls);
	err_init(&err);
	ck_assert_int_eq(share_gate_open(&app, arena, STR(TOKEN), &opened, &err),
	    RC_UNAVAILABLE);
	share_gate_use(&share_gate_real_calls);
	ck_assert(open_gate(TOKEN));
}
END_TEST

/* Who closes holds the folder: the opener goes away and comes again. */
START_TEST(nobody_opens_while_somebody_closes)
{
	int folder;

	close_gate(TOKEN);
	clock_set_skew_ms(31 * 1000);
	folder = open(path("gates"), O_RDONLY | O_DIRECTORY);
	ck_assert_int_eq(flock(folder, LOCK_SH), 0);
	ck_assert(!open_gate(TOKEN));
	ck_assert(there("gates/" TOKEN));
	close_gate(OTHER);	/* others may close meanwhile */
	(void)close(folder);
	ck_assert(open_gate(TOKEN));
}
END_TEST

/* 2, 4, 8 ... 256 s, or what the service asks for. */
START_TEST(purges_wait_longer_each_time)
{
	ck_assert_int_eq(share_purge_wait_s(2, 0, 0), 2);
	ck_assert_int_eq(share_purge_wait_s(2, 1, 0), 2);
	ck_assert_int_eq(share_purge_wait_s(2, 2, 0), 4);
	ck_assert_int_eq(share_purge_wait_s(2, 8, 0), 256);
	ck_assert_int_eq(share_purge_wait_s(2, 9, 0), 256);
	ck_assert_int_eq(share_purge_wait_s(2, 1000, 0), 256);
	ck_assert_int_eq(share_purge_wait_s(2, 1, 60), 60);
	ck_assert_int_eq(share_purge_wait_s(2, 7, 60), 128);
}
END_TEST

UNIT_MAIN_FIXTURE("share_gate", setup, teardown, a_gate_is_a_file_for_its_time,
    closed_again_it_waits_again,
    a_clock_that_was_set_back_opens_nothing_early,
    many_at_once_and_what_is_no_token, opening_forgets_what_is_kept,
    all_can_be_forgotten, a_picture_gets_a_second_name,
    what_cannot_be_closed_is_told, what_cannot_be_removed_keeps_its_gate,
    nobody_opens_while_somebody_closes, purges_wait_longer_each_time)
