#include "config.h"

#include "unit.h"

#include "codec/json.h"
#include "dies.h"
#include "every.h"
#include "unit_arena.h"

static const struct json_value *
parse(const char *text)
{
	const struct json_value *value;
	struct err err;

	err_init(&err);
	ck_assert_msg(json_parse(arena, str_of(text), &value, &err) == RC_OK,
	    "%s: %s", text, err.message);
	return value;
}

static enum rc
decode(const char *json, enum decode_mode mode, struct every *e,
    struct err *err)
{
	err_init(err);
	return doc_decode(&doc_every, parse(json), mode, e, arena, err);
}

/* What says so of {"text":"t", MEMBER} as a new one, or NULL. */
static const struct fault *
fault_of(const char *member, struct every *ret_every)
{
	struct err err;
	enum rc rc;

	doc_init(&doc_every, ret_every);
	rc = decode(arena_printf(arena, "{\"text\":\"t\",%s}", member).p,
	    DECODE_NEW, ret_every, &err);
	ck_assert_msg(err.fault_count <= 1, "%s: %d faults", member,
	    err.fault_count);
	ck_assert_int_eq(rc, err.fault_count == 0 ? RC_OK : RC_INVALID);
	return err.faults;
}

static const struct {
	const char *member, *pointer, *code, *detail;
} bad[] = {
	{ "\"lines\":5", "/lines", "wrong_type", "This must be a string or null." },
	{ "\"lines\":\"123456\"", "/lines", "too_long", "At most 5 characters." },
	{ "\"lines\":\"\xf0\x9f\x92\x8d\xf0\x9f\x92\x8d\xf0\x9f\x92\x8d"
	    "\xf0\x9f\x92\x8d\xf0\x9f\x92\x8d\xf0\x9f\x92\x8d\"", "/lines",
	    "too_long", "At most 5 characters." },
	{ "\"lines\":\"a\\rb\"", "/lines", "forbidden_character", "Control characters "
	    "and text-direction overrides are not accepted." },
	{ "\"lines\":\"\\u202e\"", "/lines", "forbidden_character", NULL },
	{ "\"lines\":\"\\u0085\"", "/lines", "forbidden_character", NULL },
	{ "\"ref\":\"x\"", "/ref", "not_a_uuid",
	    "This must be a UUID (36 lower-case characters)." },
	{ "\"ref\":\"0190A5B0-0000-7000-8000-000000000001\"", "/ref", "not_a_uuid",
	    NULL },
	{ "\"ref\":false", "/ref", "wrong_type",
	    "This must be a UUID (36 lower-case characters) or null." },
	{ "\"nkey\":\"1234567890\"", "/nkey", "too_long", NULL },
	{ "\"nkey\":\"\"", "/nkey", "too_short", "At least 1 characters." },
	{ "\"mode\":\"Light\"", "/mode", "not_in_list", "One of: light, dark." },
	{ "\"mode\":null", "/mode", "wrong_type", "This must be a string." },
	{ "\"mode\":1", "/mode", "wrong_type", "This must be a string." },
	{ "\"nmode\":\"\"", "/nmode", "not_in_list", NULL },
	{ "\"until\":\"2026-13-01T00:00:00Z\"", "/until", "wrong_type",
	    "This must be an RFC 3339 time or null." },
	{ "\"until\":1000", "/until", "wrong_type", NULL },
	{ "\"small\":6", "/small", "too_large", "At most 5." },
	{ "\"small\":-6", "/small", "too_small", "At least -5." },
	{ "\"small\":4294967297", "/small", "too_large", NULL },
	{ "\"small\":1.5", "/small", "wrong_type", "This must be a whole number." },
	{ "\"small\":1e-1", "/small", "wrong_type", NULL },
	{ "\"small\":6.0", "/small", "too_large", NULL },
	{ "\"small\":null", "/small", "wrong_type", NULL },
	{ "\"small\":\"1\"", "/small", "wrong_type", NULL },
	{ "\"big\":9007199254740992", "/big", "too_large",
	    "At most 9007199254740991." },
	{ "\"big\":9223372036854775807", "/big", "too_large", NULL },
	{ "\"big\":-1", "/big", "too_small", NULL },
	{ "\"num\":1.5000001", "/num", "too_large", "At most 1.5." },
	{ "\"num\":-2", "/num", "too_small", "At least -1.5." },
	{ "\"num\":true", "/num", "wrong_type", "This must be a number." },
	{ "\"nnum\":[]", "/nnum", "wrong_type", "This must be a number or null." },
	{ "\"flag\":1", "/flag", "wrong_type", "This must be true or false." },
	{ "\"flag\":null", "/flag", "wrong_type", NULL },
	{ "\"words\":[]", "/words", "too_few", "1 to 3 items." },
	{ "\"words\":[\"a\",\"b\",\"c\",\"d\"]", "/words", "too_many", NULL },
	{ "\"words\":\"a\"", "/words", "wrong_type", "This must be an array." },
	{ "\"words\":null", "/words", "wrong_type", NULL },
	{ "\"words\":[\"a\",null]", "/words/1", "wrong_type", "This must be a string." },
	{ "\"words\":[\"a\",\"\"]", "/words/1", "too_short", NULL },
	{ "\"words\":[\"a\\nb\"]", "/words/0", "forbidden_character", NULL },
	{ "\"words\":[\"a\",\"b\",\"a\"]", "/words/2", "duplicate",
	    "This stands in the list already." },
	{ "\"themes\":[\"dark\",\"blue\"]", "/themes/1", "not_in_list",
	    "One of: light, dark." },
	{ "\"themes\":[\"dark\",\"dark\"]", "/themes/1", "duplicate", NULL },
	{ "\"themes\":[7]", "/themes/0", "wrong_type", "This must be a string." },
	{ "\"ids\":[\"x\"]", "/ids/0", "not_a_uuid",
	    "This must be a UUID (36 lower-case characters)." },
	{ "\"part\":null", "/part", "wrong_type", "This must be an object." },
	{ "\"part\":[]", "/part", "wrong_type", NULL },
	{ "\"part\":{}", "/part/name", "required", "This is required." },
	{ "\"npart\":5", "/npart", "wrong_type", "This must be an object or null." },
	{ "\"npart\":{\"name\":\"n\",\"size\":0}", "/npart/size", "too_small", NULL },
	{ "\"npart\":{\"name\":\"n\",\"x\":0}", "/npart/x", "unknown_field",
	    "There is no such field." },
	{ "\"id\":1", "/id", "read_only", "This field cannot be set here." },
	{ "\"made\":1", "/made", "read_only", NULL },
	{ "\"parts\":[]", "/parts", "read_only", NULL },
	{ "\"extra\":{}", "/extra", "read_only", NULL },
	{ "\"_id\":1", "/_id", "unknown_field", NULL },
	{ "\"secret\":1", "/secret", "unknown_field", NULL },
	{ "\"sealed\":1", "/sealed", "unknown_field", NULL },
	{ "\"views\":1", "/views", "unknown_field", NULL },
	{ "\"Text\":1", "/Text", "unknown_field", NULL },
	{ "\"\":1", "/", "unknown_field", NULL },
	{ "\"~/\":1", "/~0~1", "unknown_field", NULL },
};

/* JSON Schema, 6.1.1: a number without a fraction, however it is written. */
START_TEST(whole_numbers_are_known_by_their_value)
{
	static const struct {
		const char *member;
		int want;
	} good[] = { { "\"small\":4", 4 }, { "\"small\":4.0", 4 },
		{ "\"small\":1e0", 1 }, { "\"small\":-50e-1", -5 } };

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct every e;

		ck_assert_msg(fault_of(good[i].member, &e) == NULL, "%s",
		    good[i].member);
		ck_assert_int_eq(e.small, good[i].want);
	}
}
END_TEST

START_TEST(each_fault_alone)
{
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct every e;
		const struct fault *fault = fault_of(bad[i].member, &e);

		ck_assert_msg(fault != NULL, "%s was accepted", bad[i].member);
		ck_assert_str(fault->pointer, bad[i].pointer);
		ck_assert_str_eq(fault->code, bad[i].code);
		if (bad[i].detail != NULL)
			ck_assert_str(fault->detail, bad[i].detail);
	}
}
END_TEST

START_TEST(the_least_and_the_greatest_are_taken)
{
	struct every e;

	ck_assert_ptr_null(fault_of("\"lines\":\"\",\"small\":-5,\"big\":0,"
	    "\"num\":-1.5,\"nnum\":null,\"words\":[\"a\"],\"ids\":[],\"nkey\":\"k\","
	    "\"flag\":false,\"until\":null,\"part\":{\"name\":\"1\"},\"npart\":null,"
	    "\"ref\":null,\"nmode\":null,\"mode\":\"dark\"", &e));
	ck_assert_str(e.text, "t");
	ck_assert(e.lines.p != NULL && e.lines.n == 0);
	ck_assert_int_eq(e.small, -5);
	ck_assert_int_eq(e.big, 0);
	ck_assert(e.num == -1.5);
	ck_assert(isnan(e.nnum));
	ck_assert_uint_eq(e.words.n, 1);
	ck_assert_str(e.words.items[0], "a");
	ck_assert_uint_eq(e.ids.n, 0);
	ck_assert(!e.flag);
	ck_assert(e.until == TIME_NULL);
	ck_assert_str(e.part.note, "none");
	ck_assert_ptr_null(e.npart);
	ck_assert_ptr_null(e.ref.p);
	ck_assert_str(e.mode, "dark");
	ck_assert_ptr_null(fault_of("\"lines\":\"\xf0\x9f\x92\x8d\\n\\t"
	    "\xc3\xa4\xe2\x82\xac\",\"small\":5,\"big\":9007199254740991,"
	    "\"num\":1.5,\"nnum\":1,\"words\":[\"a\",\"b\",\"12345\"],"
	    "\"ids\":[\"" EVERY_ID "\"],\"ref\":\"" EVERY_REF "\","
	    "\"until\":\"1970-01-01T00:00:02Z\",\"npart\":{\"name\":\"12345\","
	    "\"size\":9.5,\"note\":\"\"},\"nkey\":\"123456789\"", &e));
	ck_assert_uint_eq(e.lines.n, 11);
	ck_assert_int_eq(e.small, 5);
	ck_assert_int_eq(e.big, 9007199254740991);
	ck_assert(e.nnum == 1);
	ck_assert_uint_eq(e.words.n, 3);
	ck_assert_str(e.ids.items[0], EVERY_ID);
	ck_assert_int_eq(e.until, 2000);
	ck_assert(e.npart->size == 9.5);
	ck_assert_uint_eq(e.npart->note.n, 0);
}
END_TEST

START_TEST(doubles_and_bad_items_are_all_reported)
{
	static const char *const pointers[] = { "/words/0", "/words/2" };
	struct every e;
	struct err err;
	const struct fault *f;

	doc_init(&doc_every, &e);
	ck_assert_int_eq(decode("{\"text\":\"t\",\"words\":[5,\"a\",\"a\"]}",
	    DECODE_NEW, &e, &err), RC_INVALID);
	ck_assert_int_eq(err.fault_count, 2);
	f = err.faults;
	for (size_t i = 0; i < 2; i++, f = f->next)
		ck_assert_str(f->pointer, pointers[i]);
	ck_assert_uint_eq(e.words.n, 0);
}
END_TEST

START_TEST(what_is_needed_is_needed_for_a_new_one_only)
{
	struct every e;
	struct err err;

	doc_init(&doc_every, &e);
	ck_assert_int_eq(decode("{}", DECODE_EDIT, &e, &err), RC_OK);
	ck_assert(!doc_present(&doc_every, &e, "text"));
	ck_assert_int_eq(decode("{}", DECODE_NEW, &e, &err), RC_INVALID);
	ck_assert_str(err.faults->pointer, "/text");
	ck_assert_int_eq(decode("{\"text\":7}", DECODE_NEW, &e, &err), RC_INVALID);
	ck_assert_int_eq(err.fault_count, 1);
}
END_TEST

START_TEST(null_in_an_edit_clears_what_may_be_null)
{
	struct every e;
	struct err err;

	every_full(arena, &e);
	e.lines = STR("l");
	ck_assert_int_eq(decode("{\"lines\":null,\"ref\":null,\"nkey\":null,"
	    "\"nmode\":null,\"until\":null,\"nnum\":null,\"npart\":null}",
	    DECODE_EDIT, &e, &err), RC_OK);
	ck_assert_ptr_null(e.lines.p);
	ck_assert_ptr_null(e.ref.p);
	ck_assert_ptr_null(e.nkey.p);
	ck_assert_ptr_null(e.nmode.p);
	ck_assert(e.until == TIME_NULL);
	ck_assert(isnan(e.nnum));
	ck_assert_ptr_null(e.npart);
	ck_assert_str(e.text, "text");
	ck_assert(doc_present(&doc_every, &e, "npart"));
	ck_assert_int_eq(decode("{\"npart\":{\"size\":3}}", DECODE_EDIT, &e, &err),
	    RC_OK);
	ck_assert(e.npart->size == 3);
}
END_TEST

START_TEST(the_body_must_be_an_object)
{
	struct every e;
	struct err err;

	doc_init(&doc_every, &e);
	ck_assert_int_eq(decode("[]", DECODE_NEW, &e, &err), RC_INVALID);
	ck_assert_str_eq(err.message, "The body must be a JSON object.");
}
END_TEST

START_TEST(more_faults_than_are_kept_are_counted)
{
	struct every e;
	struct err err;
	struct buf buf;

	doc_init(&doc_every, &e);
	buf_init(&buf, arena, 0, 4096);
	buf_addz(&buf, "{\"text\":\"t\"");
	for (int i = 0; i < FAULTS_MAX + 10; i++)
		buf_printf(&buf, ",\"x%d\":0", i);
	buf_addz(&buf, "}");
	buf_add_char(&buf, '\0');
	ck_assert_int_eq(decode(buf.p, DECODE_NEW, &e, &err), RC_INVALID);
	ck_assert_int_eq(err.fault_count, FAULTS_MAX + 10);
}
END_TEST

static struct field from_client;

/* A table that lets clients set a row of this type. */
static void
decode_forbidden(void)
{
	struct doc doc = { .name = "x", .size = sizeof(struct every),
		.fields = &from_client, .field_count = 1 };
	struct every e = { 0 };
	struct err err;

	err_init(&err);
	ck_assert_int_ne(doc_decode(&doc, parse("{\"parts\":[]}"), DECODE_NEW, &e,
	    arena, &err), RC_OK);
}

static void
ask_for_no_row(void)
{
	struct every e = { 0 };

	(void)doc_present(&doc_every, &e, "none");
}

START_TEST(our_own_mistakes_end_the_process)
{
	for (size_t i = 0; i < doc_every.field_count; i++)
		if (doc_every.fields[i].type == FIELD_SUBS)
			from_client = doc_every.fields[i];
	from_client.flags |= IN_NEW;
	ck_assert(dies(decode_forbidden));
	from_client.type = FIELD_FREE;
	ck_assert(dies(decode_forbidden));
	from_client.type = FIELD_SEALED;
	ck_assert(dies(decode_forbidden));
	ck_assert(dies(ask_for_no_row));
}
END_TEST

UNIT_MAIN_FIXTURE("schema_decode", setup, teardown, each_fault_alone,
    whole_numbers_are_known_by_their_value,
    whole_numbers_are_known_by_their_value,
    the_least_and_the_greatest_are_taken, doubles_and_bad_items_are_all_reported,
    what_is_needed_is_needed_for_a_new_one_only,
    null_in_an_edit_clears_what_may_be_null, the_body_must_be_an_object,
    more_faults_than_are_kept_are_counted, our_own_mistakes_end_the_process)
