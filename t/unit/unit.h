/*
 * unit.h - the main() of a unit test program, and a few helpers.
 *
 * Each check_<module>.c lists its cases with UNIT_MAIN("module", case1, case2).
 */
#ifndef BEZEL_T_UNIT_H
#define BEZEL_T_UNIT_H

#include <check.h>
#include <stdlib.h>

#include "base/err.h"

#define ck_assert_str(s, literal) \
	ck_assert_msg(str_eqz((s), (literal)), "\"%.*s\" is not \"%s\"", \
	    STR_FMT(s), (literal))

#define UNIT_MAIN(name, ...) UNIT_MAIN_FIXTURE(name, NULL, NULL, __VA_ARGS__)

/* With what runs before and after each case (NULL: nothing). */
#define UNIT_MAIN_FIXTURE(name, setup, teardown, ...) \
	int \
	main(void) \
	{ \
		const TTest *const cases[] = { __VA_ARGS__ }; \
		Suite *suite = suite_create(name); \
		TCase *tcase = tcase_create(name); \
		SRunner *runner; \
		int failed; \
		for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) \
			tcase_add_test(tcase, cases[i]); \
		tcase_add_checked_fixture(tcase, (setup), (teardown)); \
		tcase_set_timeout(tcase, 60); \
		suite_add_tcase(suite, tcase); \
		runner = srunner_create(suite); \
		srunner_run_all(runner, CK_NORMAL); \
		failed = srunner_ntests_failed(runner); \
		srunner_free(runner); \
		return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE; \
	}

#endif
