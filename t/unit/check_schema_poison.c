/*
 * What may stand in the database by mistake: each poison is seen and named, the
 * rest of the document is read, and the JSON stays JSON of the declared types.
 */
#include "config.h"

#include "unit.h"

#include <bson/bson.h>

#include "codec/json.h"
#include "every.h"
#include "unit_arena.h"

enum put {
	NOTHING, NUL, BAD, LONG, SHORT, CONTROL, TEXT, SYMBOL, CODE, NULL_VALUE,
	UNDEFINED, INT, NEGATIVE, INT64_MOST, DOUBLE, NOT_A_NUMBER, INFINITE, DECIMAL,
	BOOL, DATE, DATE_FAR, OID, BINARY, SEALED_BINARY, REGEX, TIMESTAMP, MINKEY,
	MAXKEY, DOCUMENT, ARRAY, ARRAY_LONG, ARRAY_OF_NUMBERS, ARRAY_OF_DOCUMENTS,
	TWICE, ARRAY_OF_NULL
};

static void
put_array(bson_t *to, const char *key, enum put what)
{
	static const char *const index[] = { "0", "1", "2", "3" };
	int n = what == ARRAY ? 0 : what == ARRAY_LONG ? 4 : 1;
	bson_t array, item = BSON_INITIALIZER;

	BSON_APPEND_ARRAY_BEGIN(to, key, &array);
	for (int i = 0; i < n; i++)
		if (what == ARRAY_OF_NUMBERS)
			BSON_APPEND_INT32(&array, index[i], 5);
		else if (what == ARRAY_OF_DOCUMENTS)
			BSON_APPEND_DOCUMENT(&array, index[i], &item);
		else if (what == ARRAY_OF_NULL)
			BSON_APPEND_NULL(&array, index[i]);
		else
			BSON_APPEND_UTF8(&array, index[i], index[i]);
	bson_append_array_end(to, &array);
}

static void
put_text(bson_t *to, const char *key, enum put what)
{
	static const struct str texts[] = {
		[NUL] = STR_INIT("a\0b"), [BAD] = STR_INIT("a\xff\xc3"),
		[LONG] = STR_INIT("1234567890"), [SHORT] = STR_INIT(""),
		[CONTROL] = STR_INIT("a\x07"), [TEXT] = STR_INIT("zzz"),
		[TWICE] = STR_INIT("again")
	};

	bson_append_utf8(to, key, -1, texts[what].p, (int)texts[what].n);
}

static void
put(bson_t *to, const char *key, enum put what)
{
	bson_t empty = BSON_INITIALIZER;
	bson_decimal128_t decimal = { 0 };
	bson_oid_t oid = { { 0 } };

	switch (what) {
	case NOTHING: break;
	case SYMBOL: BSON_APPEND_SYMBOL(to, key, "text"); break;
	case CODE: BSON_APPEND_CODE(to, key, "text"); break;
	case NULL_VALUE: BSON_APPEND_NULL(to, key); break;
	case UNDEFINED: BSON_APPEND_UNDEFINED(to, key); break;
	case INT: BSON_APPEND_INT32(to, key, 77); break;
	case NEGATIVE: BSON_APPEND_INT64(to, key, -77); break;
	case INT64_MOST: BSON_APPEND_INT64(to, key, INT64_MAX); break;
	case DOUBLE: BSON_APPEND_DOUBLE(to, key, 1); break;
	case NOT_A_NUMBER: BSON_APPEND_DOUBLE(to, key, (double)NAN); break;
	case INFINITE: BSON_APPEND_DOUBLE(to, key, (double)INFINITY); break;
	case DECIMAL: BSON_APPEND_DECIMAL128(to, key, &decimal); break;
	case BOOL: BSON_APPEND_BOOL(to, key, true); break;
	case DATE: BSON_APPEND_DATE_TIME(to, key, 0); break;
	case DATE_FAR: BSON_APPEND_DATE_TIME(to, key, INT64_MAX); break;
	case OID: BSON_APPEND_OID(to, key, &oid); break;
	case BINARY:
		BSON_APPEND_BINARY(to, key, BSON_SUBTYPE_BINARY,
		    (const uint8_t *)"x", 1);
		break;
	case SEALED_BINARY:
		BSON_APPEND_BINARY(to, key, BSON_SUBTYPE_ENCRYPTED,
		    (const uint8_t *)"x", 1);
		break;
	case REGEX: BSON_APPEND_REGEX(to, key, "x", "i"); break;
	case TIMESTAMP: BSON_APPEND_TIMESTAMP(to, key, 1, 1); break;
	case MINKEY: BSON_APPEND_MINKEY(to, key); break;
	case MAXKEY: BSON_APPEND_MAXKEY(to, key); break;
	case DOCUMENT: BSON_APPEND_DOCUMENT(to, key, &empty); break;
	case ARRAY:
	case ARRAY_LONG:
	case ARRAY_OF_NUMBERS:
	case ARRAY_OF_DOCUMENTS:
	case ARRAY_OF_NULL: put_array(to, key, what); break;
	default: put_text(to, key, what);
	}
}

/* The full document with another value at key; TWICE adds a second one. */
static struct str
poisoned(const char *key, enum put what)
{
	bson_t from, to = BSON_INITIALIZER;
	struct every e;
	struct str bson, copy;
	bson_iter_t it;

	every_full(arena, &e);
	bson = doc_to_bson(&doc_every, &e, arena);
	ck_assert(bson_init_static(&from, (const uint8_t *)bson.p, bson.n));
	ck_assert(bson_iter_init(&it, &from));
	while (bson_iter_next(&it)) {
		bool here = strcmp(bson_iter_key(&it), key) == 0;

		if (!here || what == TWICE)
			bson_append_iter(&to, NULL, 0, &it);
		if (here)
			put(&to, key, what);
	}
	if (strcmp(key, "new") == 0)
		put(&to, key, what);
	copy = arena_str(arena, (struct str){ (const char *)bson_get_data(&to),
	    to.len });
	bson_destroy(&to);
	return copy;
}

static struct str
encode(struct str bson, unsigned view, int *ret_faults)
{
	struct encode how = { .view = view };
	const struct json_value *value;
	struct buf buf;
	struct err err;

	err_init(&err);
	buf_init(&buf, arena, 0, 1 << 22);
	doc_encode(&buf, &doc_every, bson, &how, STR_NULL);
	*ret_faults = how.faults;
	ck_assert_msg(json_parse(arena, buf_str(&buf), &value, &err) == RC_OK,
	    "%s: %.*s", err.message, STR_FMT(buf_str(&buf)));
	ck_assert((json_get(value, "damaged") != NULL) <= (how.faults > 0));
	return buf_str(&buf);
}

static const struct {
	const char *key;
	enum put what;
	const char *pointer, *code, *shown;
} rows[] = {
	{ "text", NOTHING, "/text", "missing_field", "\"text\":\"\"" },
	{ "text", NUL, "/text", "forbidden_character", "\"text\":\"a\xef\xbf\xbd" "b\"" },
	{ "text", BAD, "/text", "bad_utf8", "\"text\":\"a\xef\xbf\xbd\xef\xbf\xbd\"" },
	{ "text", LONG, "/text", "too_long", "\"text\":\"1234567890\"" },
	{ "text", SHORT, "/text", "too_short", "\"text\":\"\"" },
	{ "text", CONTROL, "/text", "forbidden_character", "\"text\":\"a\\u0007\"" },
	{ "text", SYMBOL, "/text", "wrong_type", "\"text\":\"\"" },
	{ "text", CODE, "/text", "wrong_type", "\"text\":\"\"" },
	{ "text", NULL_VALUE, "/text", "wrong_type", "\"text\":\"\"" },
	{ "text", UNDEFINED, "/text", "wrong_type", "\"text\":\"\"" },
	{ "text", INT, "/text", "wrong_type", "\"text\":\"\"" },
	{ "text", REGEX, "/text", "wrong_type", "\"text\":\"\"" },
	{ "text", ARRAY, "/text", "wrong_type", "\"text\":\"\"" },
	{ "text", TWICE, "/text", "duplicate", "\"text\":\"text\"" },
	{ "word", OID, "/word", "wrong_type", "\"word\":\"w\"" },
	{ "_id", TEXT, "/_id", "not_a_uuid", "\"id\":\"zzz\"" },
	{ "_id", OID, "/_id", "wrong_type", "\"id\":\"\"" },
	{ "ref", BAD, "/ref", "not_a_uuid", "\"ref\":\"a\xef" },
	{ "ref", DATE, "/ref", "wrong_type", "\"ref\":null" },
	{ "mode", TEXT, "/mode", "not_in_list", "\"mode\":\"zzz\"" },
	{ "mode", BAD, "/mode", "not_in_list", "\"mode\":\"a\xef" },
	{ "mode", MINKEY, "/mode", "wrong_type", "\"mode\":\"light\"" },
	{ "mode", NOTHING, "/mode", "missing_field", "\"mode\":\"light\"" },
	{ "nmode", MAXKEY, "/nmode", "wrong_type", "\"nmode\":null" },
	{ "made", TEXT, "/made", "wrong_type", "\"made\":null" },
	{ "made", TIMESTAMP, "/made", "wrong_type", "\"made\":null" },
	{ "made", INT, "/made", "wrong_type", "\"made\":null" },
	{ "until", NOTHING, "/until", "missing_field", "\"until\":null" },
	{ "small", INT, "/small", "too_large", "\"small\":77" },
	{ "small", NEGATIVE, "/small", "too_small", "\"small\":-77" },
	{ "small", INT64_MOST, "/small", "too_large", "\"small\":9223372036854775807" },
	{ "small", DOUBLE, "/small", "wrong_type", "\"small\":1" },
	{ "small", DECIMAL, "/small", "wrong_type", "\"small\":1" },
	{ "small", TEXT, "/small", "wrong_type", "\"small\":1" },
	{ "small", BOOL, "/small", "wrong_type", "\"small\":1" },
	{ "plain", NULL_VALUE, "/plain", "wrong_type", "\"plain\":null" },
	{ "big", INT64_MOST, "/big", "too_large", "\"big\":9223372036854775807" },
	{ "num", NOT_A_NUMBER, "/num", "not_a_number", "\"num\":0.5" },
	{ "num", INFINITE, "/num", "not_a_number", "\"num\":0.5" },
	{ "num", DECIMAL, "/num", "wrong_type", "\"num\":0.5" },
	{ "num", INT, "/num", "too_large", "\"num\":77" },
	{ "num", NULL_VALUE, "/num", "wrong_type", "\"num\":0.5" },
	{ "nnum", NOT_A_NUMBER, "/nnum", "not_a_number", "\"nnum\":null" },
	{ "flag", INT, "/flag", "wrong_type", "\"flag\":true" },
	{ "flag", NULL_VALUE, "/flag", "wrong_type", "\"flag\":true" },
	{ "words", TEXT, "/words", "wrong_type", "\"words\":[]" },
	{ "words", DOCUMENT, "/words", "wrong_type", "\"words\":[]" },
	{ "words", NULL_VALUE, "/words", "wrong_type", "\"words\":[]" },
	{ "words", ARRAY_OF_NUMBERS, "/words/0", "wrong_type", "\"words\":[\"\"]" },
	{ "words", ARRAY_OF_NULL, "/words/0", "wrong_type", "\"words\":[\"\"]" },
	{ "ids", ARRAY_OF_DOCUMENTS, "/ids/0", "wrong_type", "\"ids\":[\"\"]" },
	{ "part", NULL_VALUE, "/part", "wrong_type",
	    "\"part\":{\"name\":\"\",\"size\":null,\"note\":\"none\"}" },
	{ "part", ARRAY, "/part", "wrong_type", "\"part\":{\"name\":\"\"," },
	{ "npart", TEXT, "/npart", "wrong_type", "\"npart\":null" },
	{ "parts", DOCUMENT, "/parts", "wrong_type", "\"parts\":[]" },
	{ "parts", ARRAY_OF_NUMBERS, "/parts/0", "wrong_type",
	    "\"parts\":[{\"name\":\"\",\"size\":null,\"note\":\"none\"}]" },
	{ "extra", ARRAY, "/extra", "wrong_type", "\"extra\":{}" },
	{ "extra", NULL_VALUE, "/extra", "wrong_type", "\"extra\":{}" },
	{ "extra", NOTHING, "/extra", "missing_field", "\"extra\":{}" },
	{ "part", NOTHING, "/part", "missing_field",
	    "\"part\":{\"name\":\"\",\"size\":null,\"note\":\"none\"}" },
	{ "words", NOTHING, "/words", "missing_field", "\"words\":[]" },
	{ "maybe", INT, "/maybe", "wrong_type", "\"maybe\":null" },
	{ "new", TEXT, "/new", "unknown_field", "\"maybe\":null" },
};

/* The JSON names "_id" id. */
static const char *
json_pointer(const char *pointer)
{
	return strcmp(pointer, "/_id") == 0 ? "/id" : pointer;
}

START_TEST(each_poison_is_named)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct str bson = poisoned(rows[i].key, rows[i].what), json;
		const char *want;
		struct every e;
		struct err err;
		int faults;

		err_init(&err);
		doc_init(&doc_every, &e);
		ck_assert_msg(doc_from_bson(&doc_every, bson, &e, arena, &err) == 1,
		    "row %zu: %d faults", i, err.fault_count);
		ck_assert_int_eq(err.rc, RC_INVALID);
		ck_assert_str(err.faults->pointer, rows[i].pointer);
		ck_assert_str_eq(err.faults->code, rows[i].code);
		ck_assert_str(e.part.note, "none");
		json = encode(bson, OWNER, &faults);
		ck_assert_int_eq(faults, 1);
		ck_assert_msg(str_contains_nocase(json, str_of(rows[i].shown)),
		    "row %zu: %.*s", i, STR_FMT(json));
		want = arena_printf(arena, ",\"damaged\":[{\"pointer\":\"%s\","
		    "\"code\":\"%s\"}]}", json_pointer(rows[i].pointer),
		    rows[i].code).p;
		ck_assert_msg(str_contains_nocase(json, str_of(want)),
		    "row %zu: %.*s", i, STR_FMT(json));
	}
}
END_TEST

/* What is out of its limits is still read by a worker's reader as its default. */
START_TEST(a_poisoned_member_keeps_its_default)
{
	struct every e;

	doc_init(&doc_every, &e);
	ck_assert_int_eq(doc_from_bson(&doc_every, poisoned("small", INT), &e, arena,
	    NULL), 1);
	ck_assert_int_eq(e.small, 1);
	ck_assert_int_eq(doc_from_bson(&doc_every, poisoned("text", TWICE), &e,
	    arena, NULL), 1);
	ck_assert_str(e.text, "text");
	ck_assert_int_eq(doc_from_bson(&doc_every, poisoned("mode", TEXT), &e, arena,
	    NULL), 1);
	ck_assert_str(e.mode, "light");
}
END_TEST

START_TEST(counts_out_of_bounds_are_named_and_shown)
{
	struct every e;
	struct err err;
	int faults;

	err_init(&err);
	doc_init(&doc_every, &e);
	ck_assert_int_eq(doc_from_bson(&doc_every, poisoned("words", ARRAY_LONG), &e,
	    arena, &err), 1);
	ck_assert_str_eq(err.faults->code, "too_many");
	ck_assert_uint_eq(e.words.n, 4);
	ck_assert(str_contains_nocase(encode(poisoned("words", ARRAY_LONG), OWNER,
	    &faults), STR("\"words\":[\"0\",\"1\",\"2\",\"3\"]")));
	err_init(&err);
	ck_assert_int_eq(doc_from_bson(&doc_every, poisoned("words", ARRAY), &e,
	    arena, &err), 1);
	ck_assert_str_eq(err.faults->code, "too_few");
}
END_TEST

START_TEST(empty_sub_documents_miss_their_fields)
{
	struct every e;
	struct err err;
	struct str json;
	int faults;

	err_init(&err);
	doc_init(&doc_every, &e);
	ck_assert_int_eq(doc_from_bson(&doc_every, poisoned("parts",
	    ARRAY_OF_DOCUMENTS), &e, arena, &err), 3);
	ck_assert_str(err.faults->pointer, "/parts/0/name");
	ck_assert_uint_eq(e.parts.n, 1);
	json = encode(poisoned("parts", ARRAY_OF_DOCUMENTS), OWNER, &faults);
	ck_assert_int_eq(faults, 3);
	ck_assert(str_contains_nocase(json, STR("\"parts\":[{\"name\":\"\","
	    "\"size\":null,\"note\":\"none\"}]")));
	ck_assert_int_eq(doc_from_bson(&doc_every, poisoned("npart", DOCUMENT), &e,
	    arena, NULL), 3);
	ck_assert_ptr_nonnull(e.npart);
	ck_assert_str(e.npart->note, "none");
}
END_TEST

START_TEST(a_sealed_value_must_be_sealed)
{
	static const enum put wrong[] = { TEXT, BINARY, INT };
	struct every e;
	int faults;

	for (size_t i = 0; i < 3; i++) {
		doc_init(&doc_every, &e);
		ck_assert_int_eq(doc_from_bson(&doc_every, poisoned("sealed",
		    wrong[i]), &e, arena, NULL), 1);
		ck_assert_ptr_null(e.sealed.p);
		/* Not shown, so nothing is said. */
		(void)encode(poisoned("sealed", wrong[i]), OWNER, &faults);
		ck_assert_int_eq(faults, 0);
	}
	ck_assert_int_eq(doc_from_bson(&doc_every, poisoned("sealed",
	    SEALED_BINARY), &e, arena, NULL), 0);
	ck_assert_str(e.sealed, "x");
}
END_TEST

/* Viewers of a share learn nothing of fields that they do not see. */
START_TEST(damage_does_not_name_what_the_view_hides)
{
	static const struct {
		const char *key;
		enum put what;
	} hidden[] = {
		{ "secret", NOTHING }, { "secret", TWICE }, { "new", TEXT },
		{ "sealed", NOTHING },
	};
	int faults;

	for (size_t i = 0; i < 4; i++) {
		struct str json = encode(poisoned(hidden[i].key, hidden[i].what),
		    PUBLIC, &faults);

		ck_assert_int_eq(faults, 1);
		ck_assert(!str_contains_nocase(json, STR("damaged")));
		ck_assert(!str_contains_nocase(json, str_of(hidden[i].key)));
	}
}
END_TEST

static const struct str not_bson[] = {
	STR_INIT(""), STR_INIT("\5\0\0\0"), STR_INIT("\6\0\0\0\0"),
	STR_INIT("\5\0\0\0\1"), STR_INIT("\xff\xff\xff\xff\0"),
	STR_INIT("\5\0\0\0\0\0"), STR_INIT("{\"a\":1}")
};

START_TEST(what_is_no_bson_has_the_shape_of_nothing)
{
	for (size_t i = 0; i < sizeof not_bson / sizeof not_bson[0]; i++) {
		struct every e;
		struct err err;
		struct str json;
		int faults;

		err_init(&err);
		doc_init(&doc_every, &e);
		ck_assert_int_eq(doc_from_bson(&doc_every, not_bson[i], &e, arena,
		    &err), 1);
		ck_assert_str_eq(err.faults->code, "not_bson");
		ck_assert_str(err.faults->pointer, "");
		json = encode(not_bson[i], PUBLIC, &faults);
		ck_assert(str_starts(json, STR("{\"id\":\"\",\"text\":\"\","
		    "\"mode\":\"light\",\"made\":null,\"num\":0.5,\"words\":[],"
		    "\"part\":{\"name\":\"\",\"size\":null},\"npart\":null,"
		    "\"parts\":[],\"damaged\":[{\"pointer\":\"\","
		    "\"code\":\"not_bson\"},")));
	}
}
END_TEST

static struct str
copy_of(bson_t *bson)
{
	struct str copy = arena_str(arena, (struct str){
	    (const char *)bson_get_data(bson), bson->len });

	bson_destroy(bson);
	return copy;
}

START_TEST(many_and_long_faults_are_cut_to_json)
{
	char key[3000];
	bson_t bson = BSON_INITIALIZER;
	int faults;
	struct str json;

	memset(key, 1, sizeof key - 1);
	for (int i = 0; i < 40; i++) {
		key[0] = (char)(2 + i);
		key[sizeof key - 1] = '\0';
		BSON_APPEND_INT32(&bson, key, 1);
	}
	json = encode(copy_of(&bson), OWNER, &faults);
	ck_assert_int_ge(faults, 40);
	ck_assert(str_contains_nocase(json, STR("\\u0001\\u0001")));
}
END_TEST

/* A free object with one member of each type that nobody should have put there. */
static struct str
with_free(bson_t *extra)
{
	bson_t from, to = BSON_INITIALIZER;
	struct str bson = poisoned("extra", NOTHING);

	ck_assert(bson_init_static(&from, (const uint8_t *)bson.p, bson.n));
	bson_concat(&to, &from);
	BSON_APPEND_DOCUMENT(&to, "extra", extra);
	bson_destroy(extra);
	return copy_of(&to);
}

START_TEST(a_free_object_of_any_types_is_json)
{
	static const enum put kinds[] = { NUL, BAD, SYMBOL, CODE, UNDEFINED,
		NULL_VALUE, INT, NEGATIVE, DOUBLE, NOT_A_NUMBER, DECIMAL, BOOL, DATE,
		OID, BINARY, REGEX, TIMESTAMP, MINKEY, MAXKEY, DOCUMENT, ARRAY_LONG };
	bson_t extra = BSON_INITIALIZER;
	char key[2] = "a";
	struct str json;
	int faults;

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++, key[0]++)
		put(&extra, key, kinds[i]);
	json = encode(with_free(&extra), OWNER, &faults);
	ck_assert_int_eq(faults, 1);	/* the bad UTF-8; other types are free */
	ck_assert(str_contains_nocase(json, STR("\"extra\":{\"a\":\"a\xef\xbf\xbd" "b\","
	    "\"b\":\"a\xef\xbf\xbd\xef\xbf\xbd\",\"c\":null,\"d\":null,\"e\":null,"
	    "\"f\":null,\"g\":77,\"h\":-77,\"i\":1,\"j\":null,\"k\":null,\"l\":true,"
	    "\"m\":\"1970-01-01T00:00:00.000Z\",\"n\":null,\"o\":null,\"p\":null,"
	    "\"q\":null,\"r\":null,\"s\":null,\"t\":{},"
	    "\"u\":[\"0\",\"1\",\"2\",\"3\"]}")));
}
END_TEST

START_TEST(a_free_object_shows_each_good_name_once)
{
	bson_t extra = BSON_INITIALIZER;
	struct str json;
	int faults;

	BSON_APPEND_INT32(&extra, "a", 1);
	BSON_APPEND_INT32(&extra, "\xff", 2);
	BSON_APPEND_INT32(&extra, "a", 3);
	BSON_APPEND_INT32(&extra, "B", 4);
	BSON_APPEND_INT32(&extra, "", 5);
	BSON_APPEND_INT32(&extra, "b", 6);
	json = encode(with_free(&extra), OWNER, &faults);
	ck_assert_int_eq(faults, 4);
	ck_assert(str_contains_nocase(json, STR("\"extra\":{\"a\":1,\"b\":6}")));
	ck_assert(str_contains_nocase(json, STR("\"damaged\":[{\"pointer\":\"/extra\","
	    "\"code\":\"unknown_field\"},{\"pointer\":\"/extra\","
	    "\"code\":\"duplicate\"},")));
}
END_TEST

START_TEST(a_free_object_is_cut_at_its_bounds)
{
	bson_t extra = BSON_INITIALIZER, *deep = bson_new();
	struct str json;
	char key[16];
	int faults;

	for (int i = 0; i < 100; i++) {
		(void)snprintf(key, sizeof key, "k%d", i);
		BSON_APPEND_INT32(&extra, key, i);
	}
	json = encode(with_free(&extra), OWNER, &faults);
	ck_assert_int_eq(faults, 1);
	ck_assert(str_contains_nocase(json, STR("\"k31\":31}")));
	ck_assert(str_contains_nocase(json, STR("too_many")));
	for (int i = 0; i < 60; i++) {
		bson_t *outer = bson_new();

		BSON_APPEND_DOCUMENT(outer, "d", deep);
		bson_destroy(deep);
		deep = outer;
	}
	json = encode(with_free(deep), OWNER, &faults);
	ck_assert(str_contains_nocase(json, STR("\"extra\":{\"d\":{\"d\":{\"d\":"
	    "{\"d\":{\"d\":{\"d\":{\"d\":{\"d\":{}}}}}}}}}")));
}
END_TEST

START_TEST(an_order_of_its_own_is_read_and_kept)
{
	bson_t from, to = BSON_INITIALIZER;
	struct str bson = poisoned("text", TEXT);
	bson_iter_t it;
	struct every e;
	int faults;

	/* views first, text last */
	ck_assert(bson_init_static(&from, (const uint8_t *)bson.p, bson.n));
	ck_assert(bson_iter_init_find(&it, &from, "views"));
	bson_append_iter(&to, NULL, 0, &it);
	bson_copy_to_excluding_noinit(&from, &to, "views", "text", (char *)NULL);
	ck_assert(bson_iter_init_find(&it, &from, "text"));
	bson_append_iter(&to, NULL, 0, &it);
	bson = copy_of(&to);
	doc_init(&doc_every, &e);
	ck_assert_int_eq(doc_from_bson(&doc_every, bson, &e, arena, NULL), 0);
	ck_assert_str(e.text, "zzz");
	ck_assert(str_contains_nocase(encode(bson, OWNER, &faults),
	    STR(",\"text\":\"zzz\"}")));
	ck_assert_int_eq(faults, 0);
}
END_TEST

static void
bad_url(void *arg, struct buf *buf, struct str key)
{
	*(int *)arg += 1;
	buf_add_json(buf, key);
}

START_TEST(only_good_keys_become_urls)
{
	static const enum put bad[] = { BAD, LONG, SHORT, CONTROL, NUL };
	int calls = 0;
	struct encode how = { .view = OWNER, .url = bad_url, .url_arg = &calls };

	for (size_t i = 0; i < 5; i++) {
		struct buf buf;

		buf_init(&buf, arena, 0, 1 << 16);
		doc_encode(&buf, &doc_every, poisoned("key", bad[i]), &how, STR_NULL);
		ck_assert(str_contains_nocase(buf_str(&buf), STR("\"key\":\"\"")));
		buf.n = 0;
		doc_encode(&buf, &doc_every, poisoned("nkey", bad[i]), &how, STR_NULL);
		ck_assert(str_contains_nocase(buf_str(&buf), STR("\"nkey\":null")));
	}
	ck_assert_int_eq(calls, 10);	/* the other key of each */
}
END_TEST

UNIT_MAIN_FIXTURE("schema_poison", setup, teardown, each_poison_is_named,
    a_poisoned_member_keeps_its_default, counts_out_of_bounds_are_named_and_shown,
    empty_sub_documents_miss_their_fields, a_sealed_value_must_be_sealed,
    damage_does_not_name_what_the_view_hides,
    what_is_no_bson_has_the_shape_of_nothing,
    many_and_long_faults_are_cut_to_json, a_free_object_of_any_types_is_json,
    a_free_object_shows_each_good_name_once, a_free_object_is_cut_at_its_bounds,
    an_order_of_its_own_is_read_and_kept, only_good_keys_become_urls)
