#include "config.h"

#include "crypt/password.h"

#include <time.h>

#include "unit.h"

static bool
matches(struct arena *arena, struct str phc, struct str password)
{
	struct err err;
	bool match = true;

	err_init(&err);
	ck_assert_int_eq(password_verify(arena, phc, password, &match, &err), RC_OK);
	return match;
}

START_TEST(a_hash_is_of_its_password)
{
	struct arena *arena = arena_new();
	struct str phc, again;
	struct err err;

	err_init(&err);
	ck_assert_int_eq(password_hash(arena, STR("a stone of 7 carats"), &phc,
	    &err), RC_OK);
	ck_assert(str_starts(phc, STR("$argon2id$v=19$m=19456,t=2,p=1$")));
	ck_assert(matches(arena, phc, STR("a stone of 7 carats")));
	ck_assert(!matches(arena, phc, STR("a stone of 7 carat")));
	ck_assert(!matches(arena, phc, STR("a stone of 7 carats ")));
	ck_assert(!matches(arena, phc, STR("")));
	ck_assert_int_eq(password_hash(arena, STR("a stone of 7 carats"), &again,
	    &err), RC_OK);
	ck_assert_msg(!str_eq(phc, again), "each has a salt of its own");
	arena_free(arena);
}
END_TEST

/* Not cut at a length, nor at a NUL. */
START_TEST(all_of_a_password_counts)
{
	static char text[1000];
	struct arena *arena = arena_new();
	struct str whole = { text, sizeof text }, phc;
	struct err err;

	err_init(&err);
	memset(text, 'x', sizeof text);
	text[3] = '\0';
	ck_assert_int_eq(password_hash(arena, whole, &phc, &err), RC_OK);
	ck_assert(matches(arena, phc, whole));
	ck_assert(!matches(arena, phc, str_slice(whole, 0, 999)));
	ck_assert(!matches(arena, phc, str_slice(whole, 0, 3)));
	arena_free(arena);
}
END_TEST

static int64_t
microseconds_of(struct arena *arena, struct str phc)
{
	struct timespec a, b;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	ck_assert(!matches(arena, phc, STR("wrong password")));
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	return (b.tv_sec - a.tv_sec) * 1000000 + (b.tv_nsec - a.tv_nsec) / 1000;
}

/* Whether there is an account cannot be told by the time. */
START_TEST(no_hash_takes_as_long_as_a_wrong_one)
{
	static const struct str none[] = { { NULL, 0 }, STR_INIT(""),
		STR_INIT("$argon2id$v=19$m=19456,t=2,p=1$AAAA"),
		STR_INIT("$2b$12$abcdefghijklmnopqrstuv") };
	struct arena *arena = arena_new();
	struct str phc;
	struct err err;
	int64_t usual;

	err_init(&err);
	ck_assert_int_eq(password_hash(arena, STR("a stone of 7 carats"), &phc,
	    &err), RC_OK);
	usual = microseconds_of(arena, phc);
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
		ck_assert_int_gt(microseconds_of(arena, none[i]), usual / 3);
	arena_free(arena);
}
END_TEST

START_TEST(old_parameters_are_seen)
{
	struct arena *arena = arena_new();

	ck_assert(!password_outdated(arena,
	    STR("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA")));
	ck_assert(!password_outdated(arena,
	    STR("$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA")));
	ck_assert(password_outdated(arena,
	    STR("$argon2id$v=19$m=19455,t=2,p=1$c2FsdA$aGFzaA")));
	ck_assert(password_outdated(arena,
	    STR("$argon2id$v=19$m=19456,t=1,p=1$c2FsdA$aGFzaA")));
	ck_assert(password_outdated(arena,
	    STR("$argon2i$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA")));
	ck_assert(password_outdated(arena, STR("")));
	arena_free(arena);
}
END_TEST

static const char *const rows[] = {
#include "crypt/common-passwords.inc"
};

START_TEST(common_ones_are_known)
{
	struct arena *arena = arena_new();
	size_t n = sizeof rows / sizeof rows[0];

	ck_assert_int_gt(n, 3000);
	for (size_t i = 0; i < n; i++) {
		ck_assert_msg(password_common(arena, str_of(rows[i])), "%s",
		    rows[i]);
		ck_assert_msg(i == 0 || strcmp(rows[i - 1], rows[i]) < 0,
		    "%s is out of order", rows[i]);
		ck_assert_int_ge(strlen(rows[i]), 8);
	}
	ck_assert(password_common(arena, STR("PassWord1")));
	ck_assert(!password_common(arena, STR("a stone of 7 carats")));
	ck_assert(!password_common(arena, STR("")));
	arena_free(arena);
}
END_TEST

UNIT_MAIN("password", a_hash_is_of_its_password, all_of_a_password_counts,
    no_hash_takes_as_long_as_a_wrong_one, old_parameters_are_seen,
    common_ones_are_known)
