#include "config.h"

#include "unit.h"

#include <stdio.h>

#include "base/clock.h"
#include "codec/json.h"
#include "schema/documents.h"

static struct arena *arena;

static const struct json_value *
parse(const char *text)
{
	const struct json_value *value;
	struct err err;

	err_init(&err);
	ck_assert_msg(json_parse(arena, str_of(text), &value, &err) == RC_OK,
	    "%s", err.message);
	return value;
}

static const char good[] =
    "{\"original_prompt\":\"a ring\",\"gem_data\":{\"type\":\"Ruby\","
    "\"cut\":\"Oval\",\"color\":\"red\",\"transparency\":\"Transparent\","
    "\"size\":{\"simple\":\"Small\",\"dimensions\":{\"length_mm\":7.5},"
    "\"carat_weight\":1.25}},\"material_preferences\":{\"metals\":"
    "[\"Rose Gold\",\"Platinum\"],\"finish\":\"Matte\"}}";

static bool
has(const struct err *err, const char *pointer, const char *code)
{
	for (const struct fault *f = err->faults; f != NULL; f = f->next)
		if (str_eqz(f->pointer, pointer) && strcmp(f->code, code) == 0)
			return true;
	return false;
}

START_TEST(a_good_design_is_read_with_defaults)
{
	struct design d;
	struct err err;

	arena = arena_new();
	err_init(&err);
	doc_init(&doc_design, &d);
	ck_assert_int_eq(doc_decode(&doc_design, parse(good), DECODE_NEW, &d,
	    arena, &err), RC_OK);
	ck_assert_str(d.original_prompt, "a ring");
	ck_assert_str(d.gem_data.type, "Ruby");
	ck_assert(d.gem_data.size.dimensions->length_mm == 7.5);
	ck_assert(isnan(d.gem_data.size.dimensions->width_mm));
	ck_assert_int_eq(d.num_variations_requested, 3);
	ck_assert_uint_eq(d.material_preferences.metals.n, 2);
	ck_assert(!doc_present(&doc_design, &d, "num_variations_requested"));
	ck_assert(doc_present(&doc_design, &d, "gem_data"));
	arena_free(arena);
}
END_TEST

START_TEST(all_faults_come_at_once_with_pointers)
{
	struct design d;
	struct err err;

	arena = arena_new();
	err_init(&err);
	doc_init(&doc_design, &d);
	ck_assert_int_eq(doc_decode(&doc_design, parse(
	    "{\"original_prompt\":\"\",\"gem_data\":{\"type\":5,\"cut\":\"\\u0007\","
	    "\"transparency\":\"clear\",\"size\":{\"dimensions\":{\"length_mm\":0,"
	    "\"depth\":1},\"carat_weight\":\"1\"}},\"material_preferences\":"
	    "{\"metals\":[\"a\",\"a\"],\"finish\":null},\"num_variations_requested\":"
	    "2.5,\"id\":\"x\",\"a/b~\":1,\"is_favorite\":true}"), DECODE_NEW, &d,
	    arena, &err), RC_INVALID);
	ck_assert(has(&err, "/original_prompt", "too_short"));
	ck_assert(has(&err, "/gem_data/type", "wrong_type"));
	ck_assert(has(&err, "/gem_data/cut", "forbidden_character"));
	ck_assert(has(&err, "/gem_data/color", "required"));
	ck_assert(has(&err, "/gem_data/transparency", "not_in_list"));
	ck_assert(has(&err, "/gem_data/size/dimensions/length_mm", "too_small"));
	ck_assert(has(&err, "/gem_data/size/dimensions/depth", "unknown_field"));
	ck_assert(has(&err, "/gem_data/size/carat_weight", "wrong_type"));
	ck_assert(has(&err, "/material_preferences/metals/1", "duplicate"));
	ck_assert(has(&err, "/num_variations_requested", "wrong_type"));
	ck_assert(has(&err, "/id", "read_only"));
	ck_assert(has(&err, "/is_favorite", "read_only"));
	ck_assert(has(&err, "/a~1b~0", "unknown_field"));
	ck_assert_int_eq(err.fault_count, 13);
	arena_free(arena);
}
END_TEST

/* JSON has one kind of number: 4.0 is as whole as 4 (JSON Schema, 6.1.1). */
START_TEST(whole_numbers_may_have_a_point)
{
	static const struct {
		const char *number, *code;
	} rows[] = { { "4.0", NULL }, { "4e0", NULL }, { "0.3e1", NULL },
		{ "4.5", "wrong_type" }, { "1e300", "wrong_type" },
		{ "-0.0", "too_small" }, { "5.0", "too_large" },
		{ "9007199254740994.0", "wrong_type" } };

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct design d;
		struct err err;
		char text[100];

		arena = arena_new();
		err_init(&err);
		doc_init(&doc_design, &d);
		(void)snprintf(text, sizeof text,
		    "{\"num_variations_requested\":%s}", rows[i].number);
		(void)!doc_decode(&doc_design, parse(text), DECODE_NEW, &d, arena,
		    &err);
		if (rows[i].code != NULL)
			ck_assert_msg(has(&err, "/num_variations_requested",
			    rows[i].code), "%s", rows[i].number);
		else
			ck_assert_msg(d.num_variations_requested
			    == (rows[i].number[0] == '4' ? 4 : 3), "%s",
			    rows[i].number);
		arena_free(arena);
	}
}
END_TEST

START_TEST(a_patch_keeps_what_it_does_not_name)
{
	struct design d;
	struct err err;

	arena = arena_new();
	err_init(&err);
	doc_init(&doc_design, &d);
	ck_assert(doc_decode(&doc_design, parse(good), DECODE_NEW, &d, arena, &err)
	    == RC_OK);
	d.present = 0;
	ck_assert_int_eq(doc_decode(&doc_design, parse("{\"gem_data\":{\"size\":"
	    "{\"dimensions\":{\"width_mm\":5},\"simple\":null}},\"folder_id\":null,"
	    "\"is_favorite\":true}"), DECODE_EDIT, &d, arena, &err), RC_OK);
	ck_assert(d.gem_data.size.dimensions->length_mm == 7.5);
	ck_assert(d.gem_data.size.dimensions->width_mm == 5);
	ck_assert_ptr_null(d.gem_data.size.simple.p);
	ck_assert(d.is_favorite);
	ck_assert(doc_present(&doc_design, &d, "folder_id"));
	ck_assert(!doc_present(&doc_design, &d, "original_prompt"));
	ck_assert_int_eq(doc_decode(&doc_design, parse("{\"original_prompt\":null,"
	    "\"num_variations_requested\":2}"), DECODE_EDIT, &d, arena, &err),
	    RC_INVALID);
	ck_assert(has(&err, "/original_prompt", "wrong_type"));
	ck_assert(has(&err, "/num_variations_requested", "read_only"));
	arena_free(arena);
}
END_TEST

static void
fake_url(void *arg, struct buf *buf, struct str key)
{
	(void)arg;
	buf_add_json(buf, key);
}

START_TEST(bson_goes_round_and_out_as_json)
{
	struct design d, back;
	struct encode how = { .view = OWNER, .url = fake_url };
	struct err err;
	struct buf buf;
	struct str bson, text;
	bool flag = true;
	int64_t ms = 0;

	arena = arena_new();
	err_init(&err);
	doc_init(&doc_design, &d);
	ck_assert(doc_decode(&doc_design, parse(good), DECODE_NEW, &d, arena, &err)
	    == RC_OK);
	d.id = STR("0190a5b0-0000-7000-8000-000000000000");
	d.created_at = d.updated_at = 1000;
	bson = doc_to_bson(&doc_design, &d, arena);
	doc_init(&doc_design, &back);
	ck_assert_int_eq(doc_from_bson(&doc_design, bson, &back, arena, &err), 0);
	ck_assert_str(back.gem_data.color, "red");
	ck_assert(back.gem_data.size.dimensions->length_mm == 7.5);
	ck_assert_ptr_null(back.current_version);
	ck_assert_str(back.material_preferences.metals.items[1], "Platinum");
	buf_init(&buf, arena, 0, 1 << 20);
	doc_encode(&buf, &doc_design, bson, &how, STR("\"x\":1"));
	ck_assert_int_eq(how.faults, 0);
	ck_assert(json_get(parse(buf_str(&buf).p == NULL ? "" :
	    arena_strz(arena, buf_str(&buf))), "x")->integer == 1);
	ck_assert(!str_contains_nocase(buf_str(&buf), STR("ip_address")));
	ck_assert(!str_contains_nocase(buf_str(&buf), STR("password_hash")));
	ck_assert(str_contains_nocase(buf_str(&buf), STR("\"id\":\"0190")));
	ck_assert(doc_peek_str(bson, "gem_data.type", &text));
	ck_assert_str(text, "Ruby");
	ck_assert(doc_peek_bool(bson, "is_deleted", &flag) && !flag);
	ck_assert(doc_peek_time(bson, "updated_at", &ms) && ms == 1000);
	ck_assert(!doc_peek_time(bson, "_id", &ms));
	arena_free(arena);
}
END_TEST

START_TEST(what_is_printed_is_json)
{
	struct buf buf;

	arena = arena_new();
	buf_init(&buf, arena, 0, 1 << 22);
	schema_print_validators(&buf);
	(void)parse(arena_strz(arena, buf_str(&buf)));
	buf.n = 0;
	schema_print_indexes(&buf);
	(void)parse(arena_strz(arena, buf_str(&buf)));
	for (size_t i = 0; schema_docs[i] != NULL; i++) {
		buf.n = 0;
		schema_print_component(&buf, schema_docs[i], OWNER, false);
		(void)parse(arena_strz(arena, buf_str(&buf)));
		(void)schema_validator(schema_docs[i], arena);
		ck_assert_ptr_eq(schema_doc(schema_docs[i]->name), schema_docs[i]);
	}
	arena_free(arena);
}
END_TEST

UNIT_MAIN("schema", a_good_design_is_read_with_defaults,
    all_faults_come_at_once_with_pointers,
    whole_numbers_may_have_a_point, a_patch_keeps_what_it_does_not_name,
    bson_goes_round_and_out_as_json,
    what_is_printed_is_json)
