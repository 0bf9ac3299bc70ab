/*
 * Folders and those who meet in one, from two hosts: what the gate of one host
 * (app/shared.h) hides from the tests of the whole service.
 */
#include "config.h"

#include "store_test.h"

#include "store/designs.h"
#include "store/folders.h"

#define FOLDER STR(ID_OF(f))
#define DESIGN STR(ID_OF(d))

static struct store *other;	/* of another host */
static int tries, designs_seen;

static void
insert_folder(struct str id, int32_t order)
{
	struct folder folder;

	doc_init(&doc_folder, &folder);
	folder.id = id;
	folder.user_id = USER_A.user_id;
	folder.name = STR("Rings");
	folder.sort_order = order;
	folder.created_at = folder.updated_at = 1000;
	OK(folders_insert(store, arena, &folder, &err));
}

static void
begin_with_both(void)
{
	struct design design;

	tries = 0;
	other = open_store();
	insert_folder(FOLDER, 0);
	make_design(&design, USER_A, DESIGN);
	OK(designs_insert(store, arena, bson_of(&doc_design, &design), &err));
}

static enum rc
run(store_transaction_fn *fn, struct store *s, int64_t ms)
{
	err_init(&err);
	return store_transaction(s, arena, clock_mono_ms() + ms, fn, NULL, &err);
}

/* As app/folders.c does for a small one. */
static enum rc
remove_it(struct store *s, struct arena *a, void *arg, struct err *error)
{
	int64_t n = 0;

	(void)arg;
	if (folders_empty(s, a, USER_A.user_id, FOLDER, &n, error) != RC_OK)
		return error->rc;
	designs_seen = (int)n;
	return folders_remove(s, a, USER_A.user_id, FOLDER, TIME_NULL, error);
}

static enum rc
put_in(struct store *s, struct arena *a, struct err *error)
{
	struct str doc;
	bool there = false;

	if (folders_enter(s, a, USER_A.user_id, FOLDER, &there, error) != RC_OK)
		return error->rc;
	return there ? designs_move_many(s, a, USER_A, &DESIGN, 1, FOLDER, error)
	    : designs_get(s, a, USER_B, DESIGN, &doc, error);	/* RC_NOT_FOUND */
}

/* Has its view of all before the folder goes, and looks at the folder behind that. */
static enum rc
move_while_it_goes(struct store *s, struct arena *a, void *arg, struct err *error)
{
	struct str doc;

	(void)arg;
	if (designs_get(s, a, USER_A, DESIGN, &doc, error) != RC_OK)
		return error->rc;
	if (tries++ == 0) {
		struct err ignored;

		err_init(&ignored);
		ck_assert_int_eq(store_transaction(other, process_arena,
		    clock_mono_ms() + 5000, remove_it, NULL, &ignored), RC_OK);
	}
	return put_in(s, a, error);
}

START_TEST(a_design_never_comes_into_a_folder_that_goes)
{
	begin_with_both();
	ck_assert_int_eq(run(move_while_it_goes, store, 5000), RC_NOT_FOUND);
	ck_assert_int_eq(tries, 2);
	ck_assert_int_eq(count_of("folders", "{}"), 0);
	ck_assert_int_eq(count_of("designs", "{\"folder_id\":null}"), 1);
	store_close(other);
}
END_TEST

/* The other way round: the removal has its view before the design comes in. */
static enum rc
remove_while_one_comes(struct store *s, struct arena *a, void *arg,
    struct err *error)
{
	struct str doc;

	if (designs_get(s, a, USER_A, DESIGN, &doc, error) != RC_OK)
		return error->rc;
	if (tries++ == 0) {
		struct err ignored;
		bool there;

		err_init(&ignored);
		/* Alone in its command, so committed at once. */
		ck_assert_int_eq(folders_enter(other, process_arena,
		    USER_A.user_id, FOLDER, &there, &ignored), RC_OK);
		ck_assert_int_eq(designs_move_many(other, process_arena, USER_A,
		    &DESIGN, 1, FOLDER, &ignored), RC_OK);
	}
	return remove_it(s, a, arg, error);
}

START_TEST(a_removal_sees_who_came_meanwhile)
{
	begin_with_both();
	ck_assert_int_eq(run(remove_while_one_comes, store, 5000), RC_OK);
	ck_assert_int_eq(tries, 2);
	ck_assert_int_eq(designs_seen, 1);
	ck_assert_int_eq(count_of("folders", "{}"), 0);
	ck_assert_int_eq(count_of("designs", "{\"folder_id\":null}"), 1);
	store_close(other);
}
END_TEST

/* Two counts of what there is, each of which would find room: they meet in one. */
static enum rc
enter_after_another(struct store *s, struct arena *a, void *arg,
    struct err *error)
{
	struct str docs[FOLDERS_READ_MAX];
	bool there;
	size_t n = 0;

	(void)arg;
	if (folders_list(s, a, USER_A.user_id, docs, &n, error) != RC_OK)
		return error->rc;
	designs_seen = (int)n;
	if (tries++ == 0) {
		struct err ignored;

		err_init(&ignored);
		insert_folder(STR(ID_OF(e)), 1);
		ck_assert_int_eq(folders_enter(other, process_arena,
		    USER_A.user_id, FOLDER, &there, &ignored), RC_OK);
	}
	return folders_enter(s, a, USER_A.user_id, FOLDER, &there, error);
}

/* In a process of its own, for insert_folder() must not join our transaction. */
START_TEST(those_who_count_meet_in_a_folder)
{
	struct store *ours;

	begin_with_both();
	ours = open_store();
	ck_assert_int_eq(run(enter_after_another, ours, 5000), RC_OK);
	ck_assert_int_eq(tries, 2);
	ck_assert_int_eq(designs_seen, 2);
	store_close(ours);
	store_close(other);
}
END_TEST

START_TEST(what_is_marked_is_there_for_nobody)
{
	struct str docs[FOLDERS_READ_MAX], doc, id, one = FOLDER;
	bool there = true;
	int64_t n = 7;
	size_t found = 7;

	insert_folder(FOLDER, 0);
	insert_folder(STR(ID_OF(e)), 5);
	OK(folders_find_marked(store, arena, USER_A.user_id, &id, &err));
	ck_assert_ptr_null(id.p);
	IS(folders_mark(store, arena, USER_A.user_id, FOLDER, 999, &err),
	    RC_NOT_FOUND);
	IS(folders_mark(store, arena, USER_B.user_id, FOLDER, TIME_NULL, &err),
	    RC_NOT_FOUND);
	OK(folders_mark(store, arena, USER_A.user_id, FOLDER, 1000, &err));
	IS(folders_mark(store, arena, USER_A.user_id, FOLDER, TIME_NULL, &err),
	    RC_NOT_FOUND);
	IS(folders_get(store, arena, USER_A.user_id, FOLDER, &doc, &err),
	    RC_NOT_FOUND);
	IS(folders_remove(store, arena, USER_A.user_id, FOLDER, TIME_NULL, &err),
	    RC_NOT_FOUND);
	OK(folders_enter(store, arena, USER_A.user_id, FOLDER, &there, &err));
	ck_assert(!there);
	there = true;
	OK(folders_exist(store, arena, USER_A.user_id, &one, 1, &there, &err));
	ck_assert(!there);
	OK(folders_list(store, arena, USER_A.user_id, docs, &found, &err));
	ck_assert_int_eq(found, 1);
	OK(folders_find_marked(store, arena, USER_B.user_id, &id, &err));
	ck_assert_ptr_null(id.p);
	OK(folders_find_marked(store, arena, USER_A.user_id, &id, &err));
	ck_assert(str_eq(id, FOLDER));
	OK(folders_empty(store, arena, USER_A.user_id, FOLDER, &n, &err));
	ck_assert_int_eq(n, 0);
	OK(folders_remove_marked(store, arena, USER_A.user_id, STR(ID_OF(e)), &err));
	OK(folders_remove_marked(store, arena, USER_A.user_id, FOLDER, &err));
	OK(folders_remove_marked(store, arena, USER_A.user_id, FOLDER, &err));
	ck_assert_int_eq(count_of("folders", "{}"), 1);
}
END_TEST

START_TEST(a_counter_of_moves_starts_anew_at_its_end)
{
	static const char *const stored[] = { "900000000", "-5", "\"x\"", "null",
		"2.5", "{\"$numberDouble\":\"NaN\"}", "7" };
	bool there;

	insert_folder(FOLDER, 0);
	for (size_t i = 0; i < sizeof stored / sizeof stored[0]; i++) {
		set_raw("folders", "{}", arena_printf(arena,
		    "{\"$set\":{\"moves\":%s}}", stored[i]).p);
		there = false;
		OK(folders_enter(store, arena, USER_A.user_id, FOLDER, &there, &err));
		ck_assert(there);
		ck_assert_msg(count_of("folders", "{\"$or\":[{\"moves\":1},{\"moves\":"
		    "{\"$in\":[3,8]}}]}") == 1, "%s", stored[i]);
	}
}
END_TEST

UNIT_MAIN_FIXTURE("store_folders", store_setup, store_teardown,
    a_design_never_comes_into_a_folder_that_goes,
    a_removal_sees_who_came_meanwhile, those_who_count_meet_in_a_folder,
    what_is_marked_is_there_for_nobody,
    a_counter_of_moves_starts_anew_at_its_end)
