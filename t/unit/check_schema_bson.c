#include "config.h"

#include "unit.h"

#include <bson/bson.h>

#include "codec/json.h"
#include "dies.h"
#include "every.h"
#include "unit_arena.h"

/* Extended JSON, to compare. */
static const char *
text_of(struct str bson)
{
	bson_t view;
	char *text;
	struct str copy;

	ck_assert(bson_init_static(&view, (const uint8_t *)bson.p, bson.n));
	ck_assert(bson_validate(&view, BSON_VALIDATE_UTF8, NULL));
	text = bson_as_relaxed_extended_json(&view, NULL);
	copy = arena_str(arena, str_of(text));
	bson_free(text);
	return copy.p;
}

static void
add_url(void *arg, struct buf *buf, struct str key)
{
	buf_add_json(buf, arena_printf(buf->arena, "%s/%.*s", (const char *)arg,
	    STR_FMT(key)));
}

static const char *
encoded(struct str bson, unsigned view, bool urls, int faults)
{
	static char base[] = "https://x";
	struct encode how = { .view = view, .url = urls ? add_url : NULL,
		.url_arg = base };
	struct buf buf;

	buf_init(&buf, arena, 0, 1 << 20);
	doc_encode(&buf, &doc_every, bson, &how, STR_NULL);
	ck_assert_int_eq(how.faults, faults);
	return arena_strz(arena, buf_str(&buf));
}

START_TEST(a_document_is_stored_whole)
{
	struct every e;

	every_full(arena, &e);
	ck_assert_str_eq(text_of(doc_to_bson(&doc_every, &e, arena)),
	    "{ \"_id\" : \"" EVERY_ID "\", \"text\" : \"text\", \"lines\" : null, "
	    "\"word\" : \"w\", \"ref\" : \"" EVERY_REF "\", \"key\" : \"k/1.png\", "
	    "\"nkey\" : \"k/2.png\", \"sealed\" : { \"$binary\" : { \"base64\" : "
	    "\"AQD/\", \"subType\" : \"06\" } }, \"mode\" : \"light\", "
	    "\"nmode\" : \"dark\", \"made\" : { \"$date\" : "
	    "\"1970-01-01T00:00:01Z\" }, \"until\" : { \"$date\" : "
	    "\"1970-01-01T00:00:02Z\" }, \"small\" : 1, \"big\" : 7, "
	    "\"plain\" : 0, \"num\" : 0.5, \"nnum\" : 1.25, \"flag\" : true, "
	    "\"words\" : [ \"one\", \"two\" ], \"ids\" : [ \"" EVERY_REF "\" ], "
	    "\"part\" : { \"name\" : \"p\", \"size\" : null, \"note\" : \"none\" }, "
	    "\"npart\" : { \"name\" : \"np\", \"size\" : 2.5, \"note\" : \"none\" }, "
	    "\"parts\" : [ { \"name\" : \"item\", \"size\" : null, \"note\" : "
	    "\"none\" }, { \"name\" : \"item\", \"size\" : null, \"note\" : "
	    "\"none\" } ], \"extra\" : {  }, \"secret\" : \"hush\", "
	    "\"views\" : 9, \"maybe\" : null, \"themes\" : [ \"dark\" ] }");
}
END_TEST

START_TEST(what_is_stored_comes_back)
{
	struct every e, back;
	struct str bson;
	struct err err;

	every_full(arena, &e);
	err_init(&err);
	ck_assert_int_eq(doc_free_from_json(arena, STR("{\"a\":[1,2.5,\"x\"]}"),
	    &e.extra, &err), RC_OK);
	bson = doc_to_bson(&doc_every, &e, arena);
	doc_init(&doc_every, &back);
	ck_assert_int_eq(doc_from_bson(&doc_every, bson, &back, arena, &err), 0);
	ck_assert_int_eq(err.rc, RC_OK);
	ck_assert(str_eq(doc_to_bson(&doc_every, &back, arena), bson));
	ck_assert_uint_eq(back.sealed.n, 3);
	ck_assert(str_eq(back.extra, e.extra));
	ck_assert_int_eq(back.big, 7);
	ck_assert(doc_present(&doc_every, &back, "maybe"));
	/* Copied: the arena is another. */
	ck_assert_ptr_ne(back.text.p, e.text.p);
}
END_TEST

START_TEST(nulls_and_empty_lists_come_back)
{
	struct every e, back;
	struct str bson;

	every_full(arena, &e);
	e.ref = e.nkey = e.sealed = e.nmode = STR_NULL;
	e.until = TIME_NULL;
	e.nnum = NUM_NULL;
	e.npart = NULL;
	e.ids.n = e.parts.n = 0;
	bson = doc_to_bson(&doc_every, &e, arena);
	every_full(arena, &back);
	ck_assert_int_eq(doc_from_bson(&doc_every, bson, &back, arena, NULL), 0);
	ck_assert_ptr_null(back.ref.p);
	ck_assert_ptr_null(back.sealed.p);
	ck_assert_ptr_null(back.nmode.p);
	ck_assert(back.until == TIME_NULL);
	ck_assert(isnan(back.nnum));
	ck_assert_ptr_null(back.npart);
	ck_assert_uint_eq(back.ids.n, 0);
	ck_assert_uint_eq(back.parts.n, 0);
	ck_assert_str_eq(encoded(bson, OWNER, true, 0),
	    "{\"id\":\"" EVERY_ID "\",\"text\":\"text\",\"lines\":null,\"word\":\"w\","
	    "\"ref\":null,\"key\":\"https://x/k/1.png\",\"nkey\":null,"
	    "\"mode\":\"light\",\"nmode\":null,\"made\":\"1970-01-01T00:00:01.000Z\","
	    "\"until\":null,\"small\":1,\"big\":7,\"plain\":0,\"num\":0.5,"
	    "\"nnum\":null,\"flag\":true,\"words\":[\"one\",\"two\"],\"ids\":[],"
	    "\"part\":{\"name\":\"p\",\"size\":null,\"note\":\"none\"},"
	    "\"npart\":null,\"parts\":[],\"extra\":{},\"maybe\":null,"
	    "\"themes\":[\"dark\"]}");
}
END_TEST

START_TEST(each_view_shows_its_fields_alone)
{
	struct every e;
	struct str bson;

	every_full(arena, &e);
	bson = doc_to_bson(&doc_every, &e, arena);
	ck_assert_str_eq(encoded(bson, PUBLIC, false, 0), "{\"id\":\"" EVERY_ID "\","
	    "\"text\":\"text\",\"mode\":\"light\","
	    "\"made\":\"1970-01-01T00:00:01.000Z\",\"num\":0.5,"
	    "\"words\":[\"one\",\"two\"],\"part\":{\"name\":\"p\",\"size\":null},"
	    "\"npart\":{\"name\":\"np\",\"size\":2.5},\"parts\":["
	    "{\"name\":\"item\",\"size\":null},{\"name\":\"item\",\"size\":null}]}");
	ck_assert_str_eq(encoded(bson, SHARE, true, 0), "{\"id\":\"" EVERY_ID "\","
	    "\"views\":9}");
	ck_assert_str_eq(encoded(bson, HIDDEN, true, 0), "{}");
	ck_assert_ptr_null(strstr(encoded(bson, OWNER, true, 0), "hush"));
	ck_assert_ptr_null(strstr(encoded(bson, OWNER, true, 0), "views"));
	ck_assert_ptr_null(strstr(encoded(bson, OWNER, true, 0), "sealed"));
	ck_assert_ptr_null(strstr(encoded(bson, OWNER, false, 0), "k/1.png"));
}
END_TEST

/* Every collection: no key of a hidden row in any view of the empty document. */
START_TEST(hidden_rows_are_in_no_view_of_any_document)
{
	static const unsigned views[] = { OWNER, PUBLIC, SHARE };

	for (size_t i = 0; schema_docs[i] != NULL; i++)
		for (size_t k = 0; k < 3; k++) {
			const struct doc *doc = schema_docs[i];
			struct encode how = { .view = views[k], .url = add_url };
			const struct json_value *v;
			void *object = arena_alloc(arena, doc->size);
			struct err err;
			struct buf buf;
			size_t shown = 0;

			err_init(&err);
			doc_init(doc, object);
			buf_init(&buf, arena, 0, 1 << 16);
			how.url = NULL;
			doc_encode(&buf, doc, doc_to_bson(doc, object, arena), &how,
			    STR_NULL);
			ck_assert_int_eq(json_parse(arena, buf_str(&buf), &v, &err),
			    RC_OK);
			for (size_t f = 0; f < doc->field_count; f++) {
				bool want = (doc->fields[f].flags & views[k]) != 0
				    && doc->fields[f].type != FIELD_KEY;

				ck_assert_msg((json_get(v, doc->fields[f].shown)
				    != NULL) == want, "%s.%s", doc->name,
				    doc->fields[f].key);
				shown += want;
			}
			ck_assert_uint_eq(v->count - (json_get(v, "damaged") != NULL),
			    shown);
		}
}
END_TEST

START_TEST(more_members_end_the_object)
{
	struct encode how = { .view = SHARE };
	struct every e;
	struct buf buf;

	every_full(arena, &e);
	buf_init(&buf, arena, 0, 1 << 16);
	doc_encode(&buf, &doc_every, doc_to_bson(&doc_every, &e, arena), &how,
	    STR("\"more\":1,\"x\":2"));
	ck_assert_str(buf_str(&buf), "{\"id\":\"" EVERY_ID "\",\"views\":9,"
	    "\"more\":1,\"x\":2}");
	buf.n = 0;
	how.view = HIDDEN;
	doc_encode(&buf, &doc_every, doc_to_bson(&doc_every, &e, arena), &how,
	    STR("\"more\":1"));
	ck_assert_str(buf_str(&buf), "{\"more\":1}");
}
END_TEST

START_TEST(doc_pick_takes_the_named_members)
{
	struct every e;
	struct str bson;

	every_full(arena, &e);
	bson = doc_to_bson(&doc_every, &e, arena);
	ck_assert_str_eq(text_of(doc_pick(&doc_every, bson, 0, arena)), "{ }");
	ck_assert_str_eq(text_of(doc_pick(&doc_every, bson, 1 << 12 | 1 << 2
	    | 1 << 20, arena)), "{ \"lines\" : null, \"small\" : 1, \"part\" : "
	    "{ \"name\" : \"p\", \"size\" : null, \"note\" : \"none\" } }");
	ck_assert(str_eq(doc_pick(&doc_every, bson, UINT64_MAX, arena), bson));
	ck_assert_str_eq(text_of(doc_pick(&doc_every, STR("\5\0\0\0\0"), UINT64_MAX,
	    arena)), "{ }");
}
END_TEST

static void
pick_from_no_bson(void)
{
	(void)doc_pick(&doc_every, STR("x"), 1, arena);
}

START_TEST(doc_pick_of_no_bson_ends_the_process)
{
	ck_assert(dies(pick_from_no_bson));
}
END_TEST

START_TEST(one_value_is_peeked_at_by_its_path)
{
	struct str bson, text = STR_NULL;
	bool flag = false;
	int64_t ms = 0;
	struct every e;

	every_full(arena, &e);
	bson = doc_to_bson(&doc_every, &e, arena);
	ck_assert(doc_peek_str(bson, "npart.name", &text));
	ck_assert_str(text, "np");
	ck_assert(doc_peek_str(bson, "parts.1.name", &text));
	ck_assert_str(text, "item");
	ck_assert(!doc_peek_str(bson, "lines", &text));
	ck_assert(!doc_peek_str(bson, "none", &text));
	ck_assert(!doc_peek_str(STR("x"), "text", &text));
	ck_assert(doc_peek_time(bson, "made", &ms) && ms == 1000);
	ck_assert(!doc_peek_time(bson, "text", &ms));
	ck_assert(!doc_peek_time(STR("x"), "made", &ms));
	ck_assert(doc_peek_bool(bson, "flag", &flag) && flag);
	ck_assert(!doc_peek_bool(bson, "small", &flag));
}
END_TEST

static enum rc
try_free(const char *json)
{
	struct str bson = STR_NULL;
	struct err err;
	enum rc rc;

	err_init(&err);
	rc = doc_free_from_json(arena, str_of(json), &bson, &err);
	ck_assert((rc == RC_OK) == (bson.p != NULL));
	return rc;
}

/* {"k0":0,"k1":0,...} or with an array of n under "a" */
static const char *
many(int n, const char *item, const char *open, const char *close)
{
	struct buf buf;

	buf_init(&buf, arena, 0, 1 << 16);
	buf_addz(&buf, open);
	for (int i = 0; i < n; i++) {
		buf_addz(&buf, i > 0 ? "," : "");
		if (item[0] == '"')
			buf_printf(&buf, "\"k%d\":%s", i, item);
		else
			buf_addz(&buf, item);
	}
	buf_addz(&buf, close);
	buf_add_char(&buf, '\0');
	return buf.p;
}

START_TEST(free_objects_have_bounds)
{
	struct str text = { arena_alloc(arena, 5000), 5000 };

	memset((char *)(uintptr_t)text.p, 'x', text.n);
	ck_assert_int_eq(try_free("{}"), RC_OK);
	ck_assert_int_eq(try_free("{\"a_0\":{\"b\":{\"c\":{\"d\":null}}}}"), RC_OK);
	ck_assert_int_eq(try_free("{\"a\":{\"b\":{\"c\":{\"d\":{}}}}}"), RC_INVALID);
	ck_assert_int_eq(try_free("{\"a\":[[[1]]]}"), RC_OK);
	ck_assert_int_eq(try_free("{\"a\":[[[[]]]]}"), RC_INVALID);
	ck_assert_int_eq(try_free(many(32, "\"\"", "{", "}")), RC_OK);
	ck_assert_int_eq(try_free(many(33, "\"\"", "{", "}")), RC_INVALID);
	ck_assert_int_eq(try_free(many(31, "1", "{\"a\":[", "]}")), RC_OK);
	ck_assert_int_eq(try_free(many(32, "1", "{\"a\":[", "]}")), RC_INVALID);
	ck_assert_int_eq(try_free("[]"), RC_INVALID);
	ck_assert_int_eq(try_free("{\"A\":1}"), RC_INVALID);
	ck_assert_int_eq(try_free("{\"\":1}"), RC_INVALID);
	ck_assert_int_eq(try_free("{\"a.b\":1}"), RC_INVALID);
	ck_assert_int_eq(try_free("{\"$set\":1}"), RC_INVALID);
	ck_assert_int_eq(try_free("{\"a\":{\"\xc3\xa4\":1}}"), RC_INVALID);
	ck_assert_int_eq(try_free("{\"a\":[{\"B\":1}]}"), RC_INVALID);
	ck_assert_int_eq(try_free("{"), RC_MALFORMED);
	ck_assert_int_eq(try_free("{\"a\":1,\"a\":2}"), RC_MALFORMED);
	/* 4096 bytes of BSON: 5 of the object, 3 of type and name, 5 of the text */
	ck_assert_int_eq(try_free(arena_printf(arena, "{\"a\":\"%.*s\"}", 4083,
	    text.p).p), RC_OK);
	ck_assert_int_eq(try_free(arena_printf(arena, "{\"a\":\"%.*s\"}", 4084,
	    text.p).p), RC_INVALID);
}
END_TEST

START_TEST(free_objects_keep_their_types)
{
	struct every e;
	struct err err;
	const char *json;

	every_full(arena, &e);
	err_init(&err);
	ck_assert_int_eq(doc_free_from_json(arena, STR("{\"n\":null,\"t\":true,"
	    "\"f\":false,\"i\":-5,\"big\":9223372036854775807,\"r\":0.1,"
	    "\"s\":\"\\u003cx\",\"a\":[1,[],{}],\"o\":{\"p\":1}}"), &e.extra, &err),
	    RC_OK);
	json = encoded(doc_to_bson(&doc_every, &e, arena), OWNER, false, 0);
	ck_assert_ptr_nonnull(strstr(json, "\"extra\":{\"n\":null,\"t\":true,"
	    "\"f\":false,\"i\":-5,\"big\":9223372036854775807,\"r\":0.1,"
	    "\"s\":\"\\u003cx\",\"a\":[1,[],{}],\"o\":{\"p\":1}}"));
}
END_TEST

START_TEST(one_member_of_a_part_becomes_null)
{
	bson_t *object = BCON_NEW("a", "x", "part", "{", "keep", BCON_INT32(1),
	    "gone", "secret", "last", BCON_BOOL(true), "}", "gone", "other");
	bson_t *after = BCON_NEW("a", "x", "part", "{", "keep", BCON_INT32(1),
	    "gone", BCON_NULL, "last", BCON_BOOL(true), "}", "gone", "other");
	bson_t *odd = BCON_NEW("part", "gone");
	struct str made = doc_with_null(arena, (struct str){
	    (const char *)bson_get_data(object), object->len }, "part", "gone");

	ck_assert(str_eq(made, (struct str){
	    (const char *)bson_get_data(after), after->len }));
	made = doc_with_null(arena, (struct str){
	    (const char *)bson_get_data(odd), odd->len }, "part", "gone");
	ck_assert(str_eq(made, (struct str){
	    (const char *)bson_get_data(odd), odd->len }));
	ck_assert_str(doc_with_null(arena, STR("not BSON"), "part", "gone"),
	    "not BSON");
	bson_destroy(object);
	bson_destroy(after);
	bson_destroy(odd);
}
END_TEST

START_TEST(free_objects_go_to_json_and_back)
{
	static const char *const rows[] = { "{}", "{\"a\":[1,[],{}],\"o\":{\"p\":1}}",
		"{\"n\":null,\"t\":true,\"i\":-5,\"r\":0.1,\"s\":\"\\u003cx\"}" };
	struct str bson;
	struct err err;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		err_init(&err);
		ck_assert_int_eq(doc_free_from_json(arena, str_of(rows[i]), &bson,
		    &err), RC_OK);
		ck_assert_str(doc_free_to_json(arena, bson), rows[i]);
	}
	ck_assert_str(doc_free_to_json(arena, STR_NULL), "{}");
	ck_assert_str(doc_free_to_json(arena, STR("not BSON")), "{}");
}
END_TEST

START_TEST(a_spoilt_free_object_is_whole_json_or_none)
{
	bson_t *object = BCON_NEW("bad", "a\xff", "A", BCON_INT32(1), "b",
	    BCON_INT32(2)), huge = BSON_INITIALIZER;
	struct str text = { arena_alloc(arena, 40000), 40000 };

	ck_assert_str(doc_free_to_json(arena, (struct str){
	    (const char *)bson_get_data(object), object->len }),
	    "{\"bad\":\"a\xef\xbf\xbd\",\"b\":2}");
	bson_destroy(object);
	memset((char *)(uintptr_t)text.p, 'x', text.n);
	for (int i = 0; i < 2; i++)
		bson_append_utf8(&huge, i == 0 ? "a" : "b", 1, text.p, (int)text.n);
	ck_assert_str(doc_free_to_json(arena, (struct str){
	    (const char *)bson_get_data(&huge), huge.len }), "{}");
	bson_destroy(&huge);
}
END_TEST

START_TEST(a_free_object_that_is_not_bson_is_stored_empty)
{
	struct every e;

	every_full(arena, &e);
	e.extra = STR("not BSON");
	ck_assert_ptr_nonnull(strstr(text_of(doc_to_bson(&doc_every, &e, arena)),
	    "\"extra\" : {  }"));
}
END_TEST

UNIT_MAIN_FIXTURE("schema_bson", setup, teardown, a_document_is_stored_whole,
    what_is_stored_comes_back, nulls_and_empty_lists_come_back,
    each_view_shows_its_fields_alone,
    hidden_rows_are_in_no_view_of_any_document, more_members_end_the_object,
    doc_pick_takes_the_named_members, doc_pick_of_no_bson_ends_the_process,
    one_value_is_peeked_at_by_its_path, free_objects_have_bounds,
    free_objects_keep_their_types, one_member_of_a_part_becomes_null, free_objects_go_to_json_and_back,
    a_spoilt_free_object_is_whole_json_or_none,
    a_free_object_that_is_not_bson_is_stored_empty)
