#include "config.h"

#include "store_test.h"

#include "store/designs.h"
#include "store/shares.h"
#include "store/uploads.h"

static const struct designs_when any = { TIME_NULL, -1 };

static void
insert(struct store_owner owner, struct str id)
{
	struct design d;

	make_design(&d, owner, id);
	OK(designs_insert(store, arena, bson_of(&doc_design, &d), &err));
}

static void
read_design(struct str doc, struct design *d)
{
	doc_init(&doc_design, d);
	ck_assert_int_eq(doc_from_bson(&doc_design, doc, d, arena, NULL), 0);
}

START_TEST(only_the_owner_sees_a_design)
{
	struct store_owner guest_b = { .guest_session_id = STR(ID_OF(b)) };
	struct str doc, id = STR(ID_OF(1)), guests = STR(ID_OF(2));

	insert(USER_A, id);
	insert(GUEST, guests);
	OK(designs_get(store, arena, USER_A, id, &doc, &err));
	OK(designs_get(store, arena, GUEST, guests, &doc, &err));
	IS(designs_get(store, arena, USER_B, id, &doc, &err), RC_NOT_FOUND);
	IS(designs_get(store, arena, GUEST, id, &doc, &err), RC_NOT_FOUND);
	IS(designs_get(store, arena, USER_A, guests, &doc, &err), RC_NOT_FOUND);
	IS(designs_get(store, arena, guest_b, guests, &doc, &err), RC_NOT_FOUND);
	/* A guest's session that became a user's: the session opens it no more. */
	set_raw("designs", "{\"_id\":\"" ID_OF(2) "\"}",
	    "{\"$set\":{\"user_id\":\"" ID_OF(a) "\"}}");
	IS(designs_get(store, arena, GUEST, guests, &doc, &err), RC_NOT_FOUND);
	OK(designs_get(store, arena, USER_A, guests, &doc, &err));
	OK(designs_find(store, arena, id, &doc, &err));
	IS(designs_find(store, arena, STR(ID_OF(9)), &doc, &err), RC_NOT_FOUND);
	/* An id that is there already */
	{
		struct design d;

		make_design(&d, USER_B, id);
		IS(designs_insert(store, arena, bson_of(&doc_design, &d), &err),
		    RC_CONFLICT);
	}
}
END_TEST

static enum rc
read_in_transaction(struct store *s, struct arena *a, void *arg, struct err *e)
{
	return designs_find(s, a, STR(ID_OF(1)), arg, e);
}

static bool
is_in_trash(struct str doc)
{
	bool deleted = false;

	ck_assert(doc_peek_bool(doc, "is_deleted", &deleted));
	return deleted;
}

/* What was read ahead answers without a command, for whoever may see it, until it is
 * forgotten; in a transaction it is not there. */
START_TEST(designs_are_read_ahead_and_forgotten)
{
	const struct str ids[] = { STR(ID_OF(1)), STR(ID_OF(9)), STR(ID_OF(2)) };
	struct str doc;
	int64_t before;

	insert(USER_A, ids[0]);
	insert(GUEST, ids[2]);
	before = store_commands(store);
	OK(designs_read_ahead(store, arena, ids, 3, &err));
	ck_assert_int_eq(store_commands(store) - before, 1);
	OK(designs_get(store, arena, USER_A, ids[0], &doc, &err));
	OK(designs_find(store, arena, ids[2], &doc, &err));
	IS(designs_get(store, arena, USER_B, ids[0], &doc, &err), RC_NOT_FOUND);
	ck_assert_int_eq(store_commands(store) - before, 1);
	IS(designs_get(store, arena, USER_A, ids[1], &doc, &err), RC_NOT_FOUND);
	ck_assert_int_eq(store_commands(store) - before, 1);
	IS(designs_get(store, arena, USER_A, STR(ID_OF(3)), &doc, &err),
	    RC_NOT_FOUND);	/* nobody has asked for it */
	ck_assert_int_eq(store_commands(store) - before, 2);
	set_raw("designs", "{\"_id\":\"" ID_OF(1) "\"}",
	    "{\"$set\":{\"is_deleted\":true}}");
	OK(designs_get(store, arena, USER_A, ids[0], &doc, &err));
	ck_assert(!is_in_trash(doc));
	OK(store_transaction(store, arena, clock_mono_ms() + 10000,
	    read_in_transaction, &doc, &err));
	ck_assert(is_in_trash(doc));
	designs_forget_ahead(store);
	OK(designs_get(store, arena, USER_A, ids[0], &doc, &err));
	ck_assert(is_in_trash(doc));
}
END_TEST

START_TEST(no_write_passes_the_owner)
{
	struct str doc, id = STR(ID_OF(1));
	struct design d;

	insert(USER_A, id);
	make_design(&d, USER_B, id);
	IS(designs_set(store, arena, USER_B, id, &any, STR("\5\0\0\0\0"), &doc, &err),
	    RC_NOT_FOUND);
	IS(designs_trash(store, arena, USER_B, id, &any, true, &doc, &err),
	    RC_NOT_FOUND);
	IS(designs_remove(store, arena, USER_B, id, &any, &err), RC_NOT_FOUND);
	IS(designs_select(store, arena, USER_B, id, &any, STR(ID_OF(2)), &doc, &err),
	    RC_NOT_FOUND);
	IS(designs_begin_generation(store, arena, GUEST, id, STR(ID_OF(3)), &doc,
	    &err), RC_NOT_FOUND);
	ck_assert_int_eq(count_of("designs", "{\"updated_at\":{\"$date\":"
	    "{\"$numberLong\":\"1000\"}},\"is_deleted\":false}"), 1);
}
END_TEST

START_TEST(text_that_looks_like_an_operator_stays_text)
{
	static const char *const texts[] = { "$ne", "$x", "$$NOW", "$$ROOT", "{\"$ne\":1}",
		"$literal", "a.b", "$original_prompt" };
	struct str doc, id = STR(ID_OF(1)), set;
	struct design d;

	insert(USER_A, id);
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		make_design(&d, USER_A, id);
		d.original_prompt = d.gem_data.type = str_of(texts[i]);
		d.material_preferences.metals.items[0] = str_of(texts[i]);
		d.share_settings.title = STR_NULL;
		/* gem_data, original_prompt, material_preferences */
		set = doc_pick(&doc_design, bson_of(&doc_design, &d), 7 << 2, arena);
		OK(designs_set(store, arena, USER_A, id, &any, set, &doc, &err));
		read_design(doc, &d);
		ck_assert_str(d.original_prompt, texts[i]);
		ck_assert_str(d.gem_data.type, texts[i]);
		ck_assert_str(d.material_preferences.metals.items[0], texts[i]);
	}
	ck_assert_str(d.gem_data.cut, "Oval");
}
END_TEST

START_TEST(updated_at_rises_with_every_change)
{
	struct designs_when when = { 1000, 0 };
	struct str doc, id = STR(ID_OF(1)), nothing = STR("\5\0\0\0\0");
	int64_t last = 1000, ms;

	insert(USER_A, id);
	for (int i = 0; i < 20; i++) {
		when.updated_at_ms = last;
		OK(designs_set(store, arena, USER_A, id, &when, nothing, &doc, &err));
		ck_assert(doc_peek_time(doc, "updated_at", &ms));
		ck_assert_int_gt(ms, last);
		last = ms;
	}
	/* If-Match of an older one */
	when.updated_at_ms = last - 1;
	IS(designs_set(store, arena, USER_A, id, &when, nothing, &doc, &err),
	    RC_NOT_FOUND);
	/* A clock that was ahead is not turned back. */
	set_raw("designs", "{}", "{\"$set\":{\"updated_at\":{\"$date\":"
	    "{\"$numberLong\":\"4102444800000\"}}}}");
	OK(designs_set(store, arena, USER_A, id, &any, nothing, &doc, &err));
	ck_assert(doc_peek_time(doc, "updated_at", &ms) && ms == 4102444800001);
	/* A poisoned one does not keep it from the trash. */
	set_raw("designs", "{}", "{\"$set\":{\"updated_at\":\"never\"}}");
	OK(designs_trash(store, arena, USER_A, id, &any, true, &doc, &err));
	ck_assert(doc_peek_time(doc, "updated_at", &ms));
}
END_TEST

START_TEST(to_the_trash_and_back_and_away)
{
	struct designs_when live = { TIME_NULL, 0 }, dead = { TIME_NULL, 1 };
	struct str doc, id = STR(ID_OF(1));
	struct design d;
	int64_t first;

	insert(USER_A, id);
	IS(designs_remove(store, arena, USER_A, id, &dead, &err), RC_NOT_FOUND);
	OK(designs_trash(store, arena, USER_A, id, &live, true, &doc, &err));
	read_design(doc, &d);
	ck_assert(d.is_deleted && d.deleted_at != TIME_NULL);
	first = d.deleted_at;
	IS(designs_trash(store, arena, USER_A, id, &live, true, &doc, &err),
	    RC_NOT_FOUND);
	clock_sleep_ms(5);
	OK(designs_trash(store, arena, USER_A, id, &any, true, &doc, &err));
	read_design(doc, &d);
	ck_assert_int_eq(d.deleted_at, first);
	IS(designs_begin_generation(store, arena, USER_A, id, STR(ID_OF(3)), &doc,
	    &err), RC_NOT_FOUND);
	OK(designs_trash(store, arena, USER_A, id, &dead, false, &doc, &err));
	read_design(doc, &d);
	ck_assert(!d.is_deleted && d.deleted_at == TIME_NULL);
	OK(designs_trash(store, arena, USER_A, id, &live, true, &doc, &err));
	OK(designs_remove(store, arena, USER_A, id, &dead, &err));
	IS(designs_find(store, arena, id, &doc, &err), RC_NOT_FOUND);
	ck_assert_int_eq(count_of("designs", "{}"), 0);
}
END_TEST

/* Other hosts must learn of its end, should they not have seen it in the trash. */
START_TEST(what_had_a_link_is_buried_before_it_goes)
{
	struct str doc, ids[2] = { STR(ID_OF(1)), STR(ID_OF(2)) };
	struct generated_image image;
	int64_t changed;
	bool landed, exist[2];

	for (int i = 0; i < 2; i++)
		insert(USER_A, ids[i]);
	set_raw("designs", "{\"_id\":\"" ID_OF(1) "\"}", "{\"$set\":{"
	    "\"share_settings.share_token\":\"a\",\"is_deleted\":true,"
	    "\"gem_data.uploaded_image_url\":\"k/u.webp\",\"selected_image_id\":\""
	    ID_OF(3) "\",\"current_version\":{\"type\":\"original\",\"image_id\":\""
	    ID_OF(3) "\"}}}");
	set_raw("designs", "{\"_id\":\"" ID_OF(2) "\"}", "{\"$set\":{"
	    "\"share_settings.share_token\":\"b\",\"is_deleted\":true}}");
	IS(designs_remove(store, arena, USER_B, ids[0], &any, &err), RC_NOT_FOUND);
	OK(designs_remove(store, arena, USER_A, ids[0], &any, &err));
	OK(designs_remove_many(store, arena, USER_A, ids, 2, &err));
	ck_assert_int_eq(count_of("designs", "{\"user_id\":null,"
	    "\"original_prompt\":\"-\",\"share_settings.revoked_at\":{\"$ne\":"
	    "null}}"), 2);
	/* It names no picture that has gone. */
	ck_assert_int_eq(count_of("designs", "{\"gem_data.uploaded_image_url\":null,"
	    "\"selected_image_id\":null,\"current_version\":null}"), 2);
	/* For everybody else it is gone. */
	IS(designs_get(store, arena, USER_A, ids[0], &doc, &err), RC_NOT_FOUND);
	IS(designs_find(store, arena, ids[0], &doc, &err), RC_NOT_FOUND);
	OK(designs_exist(store, arena, ids, 2, exist, &err));
	ck_assert(!exist[0] && !exist[1]);
	IS(designs_remove(store, arena, USER_A, ids[0], &any, &err), RC_NOT_FOUND);
	doc_init(&doc_generated_image, &image);
	image.image_id = STR(ID_OF(3));
	image.image_url = image.thumbnail_url = STR("k");
	OK(designs_land_image(store, arena, ids[0], &image, 0.0, 0.0, &landed,
	    &err));
	ck_assert(!landed);
	OK(shares_forget(store, arena, 1000, &changed, &err));
	ck_assert_int_eq(count_of("designs", "{}"), 2);
	OK(shares_forget(store, arena, INT64_C(4102444800000), &changed, &err));
	ck_assert_int_eq(count_of("designs", "{}"), 0);
}
END_TEST

/* --- pictures ------------------------------------------------------------- */

static bool
land_image(struct str id, struct str image_id)
{
	struct generated_image image;
	bool landed;

	doc_init(&doc_generated_image, &image);
	image.image_id = image_id;
	image.image_url = STR("k/$x.png");
	image.thumbnail_url = STR("$t");
	image.generated_at = 5000;
	OK(designs_land_image(store, arena, id, &image, 0.25, 1.5, &landed, &err));
	return landed;
}

static bool
land_refinement(struct str id, struct str refinement_id)
{
	struct refinement r;
	bool landed;

	doc_init(&doc_refinement, &r);
	r.refinement_id = refinement_id;
	r.prompt = STR("$set thinner");
	r.base_image_id = STR(ID_OF(5));
	r.refined_image_url = r.refined_thumbnail_url = STR("k");
	r.refined_at = 6000;
	OK(designs_land_refinement(store, arena, id, &r, 0.5, 2, &landed, &err));
	return landed;
}

START_TEST(a_picture_lands_once)
{
	struct str doc, id = STR(ID_OF(1));
	struct design d;

	insert(USER_A, id);
	ck_assert(land_image(id, STR(ID_OF(5))));
	ck_assert(!land_image(id, STR(ID_OF(5))));
	ck_assert(land_image(id, STR(ID_OF(6))));
	ck_assert(!land_image(STR(ID_OF(9)), STR(ID_OF(5))));
	OK(designs_find(store, arena, id, &doc, &err));
	read_design(doc, &d);
	ck_assert_uint_eq(d.generated_images.n, 2);
	ck_assert_str(d.generated_images.items[0].image_url, "k/$x.png");
	/* What is shown is the first one. */
	ck_assert_str(d.current_version->image_id, ID_OF(5));
	ck_assert_str(d.current_version->type, "original");
	ck_assert(d.metadata.total_generation_cost == 0.5);
	ck_assert(d.metadata.total_generation_time == 3);
	ck_assert(land_refinement(id, STR(ID_OF(7))));
	ck_assert(!land_refinement(id, STR(ID_OF(7))));
	ck_assert(land_refinement(id, STR(ID_OF(8))));
	OK(designs_add_cost(store, arena, id, 1, 0.5, &err));
	OK(designs_find(store, arena, id, &doc, &err));
	read_design(doc, &d);
	ck_assert_uint_eq(d.refinements.n, 2);
	ck_assert_str(d.refinements.items[0].prompt, "$set thinner");
	ck_assert_str(d.current_version->image_id, ID_OF(8));
	ck_assert_str(d.current_version->type, "refinement");
	ck_assert(d.metadata.total_generation_cost == 2.5);
	ck_assert(d.metadata.total_generation_time == 7.5);
}
END_TEST

/* Two jobs may have been taken when there was room for one. */
START_TEST(a_full_design_takes_no_more)
{
	struct str doc, id = STR(ID_OF(1));
	struct design d;

	make_design(&d, USER_A, id);
	d.generated_images.items = arena_many(arena, DESIGN_IMAGES_MAX - 1,
	    struct generated_image);
	d.generated_images.n = DESIGN_IMAGES_MAX - 1;
	for (size_t i = 0; i < d.generated_images.n; i++) {
		struct generated_image *image = &d.generated_images.items[i];

		doc_init(&doc_generated_image, image);
		image->image_id = uuid_new(arena);
		image->image_url = image->thumbnail_url = STR("k");
		image->generated_at = 1;
	}
	OK(designs_insert(store, arena, bson_of(&doc_design, &d), &err));
	ck_assert(land_image(id, STR(ID_OF(5))));
	ck_assert(!land_image(id, STR(ID_OF(6))));
	for (int i = 0; i < DESIGN_REFINEMENTS_MAX; i++)
		ck_assert(land_refinement(id, uuid_new(arena)));
	ck_assert(!land_refinement(id, uuid_new(arena)));
	OK(designs_find(store, arena, id, &doc, &err));
	read_design(doc, &d);
	ck_assert_uint_eq(d.generated_images.n, DESIGN_IMAGES_MAX);
	ck_assert_uint_eq(d.refinements.n, DESIGN_REFINEMENTS_MAX);
}
END_TEST

START_TEST(a_picture_of_ones_own_is_selected)
{
	struct str doc, id = STR(ID_OF(1));
	struct design d;

	insert(USER_A, id);
	IS(designs_select(store, arena, USER_A, id, &any, STR(ID_OF(5)), &doc, &err),
	    RC_NOT_FOUND);
	ck_assert(land_image(id, STR(ID_OF(5))) && land_image(id, STR(ID_OF(6)))
	    && land_refinement(id, STR(ID_OF(7))));
	OK(designs_select(store, arena, USER_A, id, &any, STR(ID_OF(6)), &doc, &err));
	read_design(doc, &d);
	ck_assert_str(d.selected_image_id, ID_OF(6));
	ck_assert_str(d.current_version->image_id, ID_OF(6));
	ck_assert_str(d.current_version->type, "original");
	OK(designs_select(store, arena, USER_A, id, &any, STR(ID_OF(7)), &doc, &err));
	read_design(doc, &d);
	/* A refinement is shown; the picture that was picked stays so. */
	ck_assert_str(d.selected_image_id, ID_OF(6));
	ck_assert_str(d.current_version->type, "refinement");
	IS(designs_select(store, arena, USER_A, id, &any, STR(ID_OF(8)), &doc, &err),
	    RC_NOT_FOUND);
}
END_TEST

START_TEST(the_generation_on_its_way_is_the_latest)
{
	struct str doc, id = STR(ID_OF(1));
	struct design d;

	insert(USER_A, id);
	OK(designs_begin_generation(store, arena, USER_A, id, STR(ID_OF(3)), &doc,
	    &err));
	OK(designs_begin_generation(store, arena, USER_A, id, STR(ID_OF(4)), &doc,
	    &err));
	/* The end of an older one leaves it. */
	OK(designs_end_generation(store, arena, id, STR(ID_OF(3)), &err));
	OK(designs_find(store, arena, id, &doc, &err));
	read_design(doc, &d);
	ck_assert_str(d.generation_id, ID_OF(4));
	OK(designs_end_generation(store, arena, id, STR(ID_OF(4)), &err));
	OK(designs_find(store, arena, id, &doc, &err));
	read_design(doc, &d);
	ck_assert_ptr_null(d.generation_id.p);
}
END_TEST

/* --- lists ---------------------------------------------------------------- */

static struct designs_query
query(int limit)
{
	return (struct designs_query){ .is_favorite = -1, .shared = -1, .limit = limit };
}

static int
listed(const struct designs_query *q)
{
	struct str docs[100];
	size_t n;

	OK(designs_list(store, arena, USER_A, q, docs, &n, &err));
	return (int)n;
}

/* 23 designs with three moments among them, in pages of 4: each once, in order. */
START_TEST(pages_hold_with_equal_times)
{
	for (int i = 0; i < 23; i++) {
		struct design d;

		make_design(&d, USER_A, uuid_new(arena));
		d.created_at = 1000 + i % 3;
		d.updated_at = 2000 + i % 2;
		OK(designs_insert(store, arena, bson_of(&doc_design, &d), &err));
	}
	insert(USER_B, uuid_new(arena));
	for (int sort = BY_CREATED_DESC; sort <= BY_UPDATED_DESC; sort++) {
		const char *key = sort == BY_UPDATED_DESC ? "updated_at" : "created_at";
		struct designs_query q = query(4);
		struct str seen[30], docs[4];
		int64_t last = -1;
		int pages = 0;
		size_t n, total = 0;

		q.sort = (enum designs_sort)sort;
		do {
			OK(designs_list(store, arena, USER_A, &q, docs, &n, &err));
			for (size_t i = 0; i < n; i++, total++) {
				ck_assert_uint_lt(total, 23);
				ck_assert(doc_peek_str(docs[i], "_id", &q.after_id));
				ck_assert(doc_peek_time(docs[i], key, &q.after_ms));
				for (size_t k = 0; k < total; k++)
					ck_assert(!str_eq(seen[k], q.after_id));
				seen[total] = q.after_id;
				ck_assert(last == -1 || (sort == BY_CREATED_ASC
				    ? q.after_ms >= last : q.after_ms <= last));
				last = q.after_ms;
			}
			pages++;
		} while (n == 4);
		ck_assert_uint_eq(total, 23);
		ck_assert_int_eq(pages, 6);
	}
}
END_TEST

START_TEST(lists_are_filtered)
{
	struct designs_query q;
	struct design d;

	for (int i = 0; i < 4; i++) {
		make_design(&d, USER_A, uuid_new(arena));
		d.is_favorite = i == 1;
		d.is_deleted = i == 2;
		d.deleted_at = i == 2 ? 1 : TIME_NULL;
		d.folder_id = i == 3 ? STR(ID_OF(f)) : STR_NULL;
		d.gem_data.type = i == 3 ? STR("Opal") : STR("Ruby");
		d.material_preferences.metals.items[0] = i == 1 ? STR("Silver")
		    : STR("Gold");
		OK(designs_insert(store, arena, bson_of(&doc_design, &d), &err));
	}
	q = query(10);
	ck_assert_int_eq(listed(&q), 3);
	q.is_favorite = 1;
	ck_assert_int_eq(listed(&q), 1);
	q.is_favorite = 0;
	ck_assert_int_eq(listed(&q), 2);
	q = query(10);
	q.deleted = true;
	ck_assert_int_eq(listed(&q), 1);
	q = query(10);
	q.folder_id = STR(ID_OF(f));
	ck_assert_int_eq(listed(&q), 1);
	q = query(10);
	q.gem_type = STR("Opal");
	ck_assert_int_eq(listed(&q), 1);
	q.metal = STR("Silver");
	ck_assert_int_eq(listed(&q), 0);
	q.gem_type = STR("Ruby");
	ck_assert_int_eq(listed(&q), 1);
	/* No operator comes of a value. */
	q = query(10);
	q.gem_type = STR("{\"$ne\":null}");
	ck_assert_int_eq(listed(&q), 0);
	q.gem_type = STR("$exists");
	ck_assert_int_eq(listed(&q), 0);
}
END_TEST

START_TEST(words_are_a_literal)
{
	static const struct {
		const char *words;
		int found;
	} rows[] = {
		{ "ring", 2 }, { "RING", 2 }, { "a.b", 1 }, { "aXb", 0 }, { ".*", 0 },
		{ "(", 1 }, { "[x", 1 }, { "\\d", 1 }, { "^a", 0 }, { "g$", 0 },
		{ "$", 1 }, { "+?", 1 }, { "|", 0 }, { "#1", 1 }, { "{2}", 1 },
		{ "\xc3\x84HRE", 1 }, { "\xc3\xa4hre", 1 }, { "\xf0\x9f\x92\x8d", 1 },
		{ "Opal", 1 }, { "teal", 1 }, { "Silver", 0 }, { "/", 1 }, { "-", 1 },
		{ "a  b", 0 }, { "", 3 },
	};
	struct designs_query q = query(10);
	struct design d;

	make_design(&d, USER_A, STR(ID_OF(1)));
	d.original_prompt = STR("a ring a.b ( [x \\d $ +? #1 {2} / -");
	OK(designs_insert(store, arena, bson_of(&doc_design, &d), &err));
	make_design(&d, USER_A, STR(ID_OF(2)));
	d.original_prompt = STR("\xc3\x84hre \xf0\x9f\x92\x8d");
	d.gem_data.type = STR("Opal");
	OK(designs_insert(store, arena, bson_of(&doc_design, &d), &err));
	make_design(&d, USER_A, STR(ID_OF(3)));
	d.original_prompt = STR("another Ring");
	d.gem_data.color = STR("teal");
	OK(designs_insert(store, arena, bson_of(&doc_design, &d), &err));
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		q.words = str_of(rows[i].words);
		ck_assert_msg(listed(&q) == rows[i].found, "\"%s\": %d",
		    rows[i].words, listed(&q));
	}
	/* With a cursor both conditions hold. */
	q.words = STR("ring");
	q.after_ms = 1000;
	q.after_id = STR(ID_OF(3));
	ck_assert_int_eq(listed(&q), 1);
}
END_TEST

/* A value that is no time lies behind all times, once, in any order. */
START_TEST(strays_come_once_at_the_end)
{
	for (int i = 0; i < 9; i++) {
		struct design d;

		make_design(&d, USER_A, uuid_new(arena));
		d.created_at = 1000 + i;
		d.num_variations_requested = 2 + i % 3;
		OK(designs_insert(store, arena, bson_of(&doc_design, &d), &err));
	}
	set_raw("designs", "{\"num_variations_requested\":3}",
	    "{\"$set\":{\"created_at\":null}}");
	set_raw("designs", "{\"num_variations_requested\":4}",
	    "{\"$set\":{\"created_at\":{\"$timestamp\":{\"t\":1,\"i\":1}}}}");
	for (int sort = BY_CREATED_DESC; sort <= BY_CREATED_ASC; sort++) {
		struct designs_query q = query(2);
		struct str docs[2];
		size_t n, total = 0;

		q.sort = (enum designs_sort)sort;
		do {
			OK(designs_list(store, arena, USER_A, &q, docs, &n, &err));
			for (size_t i = 0; i < n; i++, total++) {
				bool time = doc_peek_time(docs[i], "created_at",
				    &q.after_ms);

				ck_assert(doc_peek_str(docs[i], "_id", &q.after_id));
				if (!time)
					q.after_ms = TIME_NULL;
				ck_assert_msg(time == (total < 3), "%zu", total);
			}
			ck_assert_uint_le(total, 9);
		} while (n == 2);
		ck_assert_uint_eq(total, 9);
	}
}
END_TEST

/* --- retention ------------------------------------------------------------ */

START_TEST(what_is_due_is_found_and_removed)
{
	struct str ids[10], asked[3] = { STR(ID_OF(1)), STR(ID_OF(9)), STR(ID_OF(2)) };
	struct designs_guest_due due[10];
	bool exist[3];
	int64_t deleted;
	struct design d;
	size_t n;

	make_design(&d, USER_A, STR(ID_OF(1)));
	d.is_deleted = true;
	d.deleted_at = 5000;
	OK(designs_insert(store, arena, bson_of(&doc_design, &d), &err));
	for (int i = 0; i < 3; i++) {
		make_design(&d, GUEST, i == 0 ? STR(ID_OF(2)) : i == 1 ? STR(ID_OF(3))
		    : STR(ID_OF(4)));
		d.created_at = 1000 + i;
		if (i == 2)
			d.guest_session_id = STR(ID_OF(d));
		OK(designs_insert(store, arena, bson_of(&doc_design, &d), &err));
	}
	OK(designs_due_trash(store, arena, 5000, 10, ids, &n, &err));
	ck_assert_uint_eq(n, 0);
	OK(designs_due_trash(store, arena, 5001, 10, ids, &n, &err));
	ck_assert_uint_eq(n, 1);
	ck_assert_str(ids[0], ID_OF(1));
	OK(designs_due_guests(store, arena, 5000, STR(""), 10, due, &n, &err));
	ck_assert_uint_eq(n, 3);
	ck_assert_str(due[0].guest_session_id, ID_OF(c));
	ck_assert_str(due[2].id, ID_OF(4));
	OK(designs_due_guests(store, arena, 5000, STR(ID_OF(c)), 10, due, &n, &err));
	ck_assert_uint_eq(n, 1);
	OK(designs_due_guests(store, arena, 1000, STR(""), 10, due, &n, &err));
	ck_assert_uint_eq(n, 0);
	OK(designs_exist(store, arena, asked, 3, exist, &err));
	ck_assert(exist[0] && !exist[1] && exist[2]);
	OK(designs_exist(store, arena, asked, 0, exist, &err));
	/* A restore or a claim was faster. */
	OK(designs_remove_due(store, arena, STR(ID_OF(1)), STR_NULL, 5000, &deleted,
	    &err));
	ck_assert_int_eq(deleted, 0);
	OK(designs_remove_due(store, arena, STR(ID_OF(1)), STR_NULL, 5001, &deleted,
	    &err));
	ck_assert_int_eq(deleted, 1);
	OK(designs_remove_due(store, arena, STR(ID_OF(2)), STR(ID_OF(d)), 0, &deleted,
	    &err));
	ck_assert_int_eq(deleted, 0);
	set_raw("designs", "{\"_id\":\"" ID_OF(3) "\"}",
	    "{\"$set\":{\"user_id\":\"" ID_OF(a) "\"}}");
	OK(designs_remove_due(store, arena, STR(ID_OF(3)), STR(ID_OF(c)), 0, &deleted,
	    &err));
	ck_assert_int_eq(deleted, 0);
	OK(designs_remove_due(store, arena, STR(ID_OF(2)), STR(ID_OF(c)), 0, &deleted,
	    &err));
	ck_assert_int_eq(deleted, 1);
}
END_TEST

/* --- uploads -------------------------------------------------------------- */

static void
insert_upload(struct str id, const char *owner, int64_t created, int64_t bytes)
{
	struct upload u;

	doc_init(&doc_upload, &u);
	u.id = id;
	u.owner = str_of(owner);
	u.key = u.thumbnail_key = STR("k");
	u.bytes = bytes;
	u.width = u.height = 10;
	u.created_at = created;
	u.expires_at = created + 100;
	OK(uploads_insert(store, arena, &u, &err));
}

START_TEST(uploads_belong_to_their_owner_and_to_one_design)
{
	struct str ids[10], asked[2] = { STR(ID_OF(2)), STR(ID_OF(8)) };
	struct upload u;
	bool exist[2];
	size_t n;

	insert_upload(STR(ID_OF(1)), "user:x", 1000, 10);
	insert_upload(STR(ID_OF(2)), "user:x", 2000, 20);
	insert_upload(STR(ID_OF(3)), "user:y", 2000, 40);
	OK(uploads_get(store, arena, STR("user:x"), STR(ID_OF(1)), &u, &err));
	ck_assert_int_eq(u.bytes, 10);
	IS(uploads_get(store, arena, STR("user:y"), STR(ID_OF(1)), &u, &err),
	    RC_NOT_FOUND);
	IS(uploads_use(store, arena, STR("user:y"), STR(ID_OF(1)), STR(ID_OF(d)),
	    &err), RC_CONFLICT);
	OK(uploads_use(store, arena, STR("user:x"), STR(ID_OF(1)), STR(ID_OF(d)),
	    &err));
	OK(uploads_use(store, arena, STR("user:x"), STR(ID_OF(1)), STR(ID_OF(d)),
	    &err));
	IS(uploads_use(store, arena, STR("user:x"), STR(ID_OF(1)), STR(ID_OF(e)),
	    &err), RC_CONFLICT);
	OK(uploads_due(store, arena, 2100, 10, ids, &n, &err));
	ck_assert_uint_eq(n, 0);
	OK(uploads_due(store, arena, 2101, 10, ids, &n, &err));
	ck_assert_uint_eq(n, 2);
	OK(uploads_of_design(store, arena, STR(ID_OF(d)), 10, ids, &n, &err));
	ck_assert_uint_eq(n, 1);
	ck_assert_str(ids[0], ID_OF(1));
	OK(uploads_exist(store, arena, asked, 2, exist, &err));
	ck_assert(exist[0] && !exist[1]);
	OK(uploads_exist(store, arena, asked, 0, exist, &err));
	OK(uploads_remove(store, arena, STR(ID_OF(2)), &err));
	OK(uploads_remove(store, arena, STR(ID_OF(2)), &err));
	OK(uploads_exist(store, arena, asked, 2, exist, &err));
	ck_assert(!exist[0]);
}
END_TEST

UNIT_MAIN_FIXTURE("store_designs", store_setup, store_teardown,
    only_the_owner_sees_a_design, designs_are_read_ahead_and_forgotten,
    no_write_passes_the_owner,
    text_that_looks_like_an_operator_stays_text,
    updated_at_rises_with_every_change, to_the_trash_and_back_and_away,
    what_had_a_link_is_buried_before_it_goes,
    a_picture_lands_once, a_full_design_takes_no_more,
    a_picture_of_ones_own_is_selected,
    the_generation_on_its_way_is_the_latest, pages_hold_with_equal_times,
    lists_are_filtered, words_are_a_literal, strays_come_once_at_the_end,
    what_is_due_is_found_and_removed,
    uploads_belong_to_their_owner_and_to_one_design)
