/*
 * boundary - shows the least, the greatest and the just-too-far value of each row
 * of each collection to our reader and to a mongod with our validator: both must
 * say the same, and what the row says. Rows that clients set are shown to the JSON
 * decoder too.
 *
 * A case is a document that is good everywhere but at one place, where values.c
 * puts one value. Started by t/func/12-boundary.py.
 */
#include "config.h"

#include "../unit/unit.h"

#include "boundary.h"
#include "schema/documents.h"
#include "store/db.h"

enum { DEPTH_MAX = 8 };

static struct arena *process_arena, *arena;
static struct store *store;

/* The place: the rows on the way to it from the top. */
struct place {
	const struct field *way[DEPTH_MAX];
	int depth;
};

static int shown, shown_json;

/* --- documents ------------------------------------------------------------ */

static void append_doc(bson_t *to, const struct doc *doc,
    const struct place *place, int level, const struct value *value);

static void
append_subs(bson_t *to, const struct field *field, const struct place *place,
    int level, const struct value *value)
{
	size_t n = (size_t)field->count.min;
	bson_t array, item;

	if (place != NULL && n == 0)
		n = 1;
	BSON_APPEND_ARRAY_BEGIN(to, field->key, &array);
	for (size_t i = 0; i < n; i++) {
		BSON_APPEND_DOCUMENT_BEGIN(&array, value_index(i), &item);
		append_doc(&item, field->sub, i == 0 ? place : NULL, level, value);
		bson_append_document_end(&array, &item);
	}
	bson_append_array_end(to, &array);
}

static void
append_field(bson_t *to, const struct field *field, const struct place *place,
    int level, const struct value *value)
{
	bson_t child;

	switch (field->type) {
	case FIELD_SUB:
	case FIELD_NSUB:
		BSON_APPEND_DOCUMENT_BEGIN(to, field->key, &child);
		append_doc(&child, field->sub, place, level, value);
		bson_append_document_end(to, &child);
		break;
	case FIELD_SUBS:
		append_subs(to, field, place, level, value);
		break;
	default:
		value_append_good(to, field->key, field);
	}
}

/* place == NULL: good everywhere. */
static void
append_doc(bson_t *to, const struct doc *doc, const struct place *place,
    int level, const struct value *value)
{
	for (size_t i = 0; i < doc->field_count; i++) {
		const struct field *field = &doc->fields[i];
		bool here = place != NULL && place->way[level] == field;

		if (here && level + 1 == place->depth)
			value->put(to, field->key, field, value->arg);
		else
			append_field(to, field, here ? place : NULL, level + 1, value);
	}
}

void
value_append_doc(bson_t *to, const struct doc *doc)
{
	append_doc(to, doc, NULL, 0, NULL);
}

static struct str
build(const struct doc *doc, const struct place *place,
    const struct value *value)
{
	bson_t bson = BSON_INITIALIZER;
	struct str copy;

	append_doc(&bson, doc, place, 0, value);
	copy = arena_str(arena, (struct str){ (const char *)bson_get_data(&bson),
	    bson.len });
	bson_destroy(&bson);
	return copy;
}

/* --- verdicts ------------------------------------------------------------- */

static struct str
name_of(const struct doc *doc, const struct place *place)
{
	struct buf buf;

	buf_init(&buf, arena, 128, 512);
	buf_addz(&buf, doc->name);
	for (int i = 0; i < place->depth; i++)
		buf_printf(&buf, ".%s", place->way[i]->key);
	return buf_str(&buf);
}

static bool
mongod_takes(const char *collection, struct str bson)
{
	struct err err;

	err_init(&err);
	if (db_insert(store, arena, collection, bson, &err) == RC_OK) {
		ck_assert_int_eq(db_delete(store, arena, collection,
		    db_bson(arena), 0, NULL, &err), RC_OK);
		return true;
	}
	/* DocumentValidationFailure; BadValue and InvalidIdField for an _id. */
	ck_assert_msg(strstr(err.detail, "/121: ") != NULL
	    || strstr(err.detail, "/2: ") != NULL
	    || strstr(err.detail, "/53: ") != NULL, "%s", err.detail);
	return false;
}

static bool
rows_take(const struct doc *doc, struct str bson)
{
	void *object = arena_alloc(arena, doc->size);

	doc_init(doc, object);
	return doc_from_bson(doc, bson, object, arena, NULL) == 0;
}

static void
check_value(const struct doc *doc, const struct place *place,
    const struct value *value, void *arg)
{
	struct str bson = build(doc, place, value), name = name_of(doc, place);
	bool ours, theirs;

	(void)arg;
	ours = rows_take(doc, bson);
	theirs = mongod_takes(doc->collection, bson);
	ck_assert_msg(ours == value->good, "%.*s: %s: the rows %s it",
	    STR_FMT(name), value->name, ours ? "take" : "refuse");
	ck_assert_msg(theirs == (value->good || value->only_rows),
	    "%.*s: %s: mongod %s it", STR_FMT(name), value->name,
	    theirs ? "takes" : "refuses");
	shown++;
	arena_reset(arena);
}

/* --- the walk ------------------------------------------------------------- */

typedef void check_fn(const struct doc *doc, const struct place *place,
    const struct value *value, void *arg);

static void
walk(const struct doc *top, const struct doc *doc, struct place *place,
    check_fn *check, void *arg)
{
	for (size_t i = 0; i < doc->field_count; i++) {
		const struct field *field = &doc->fields[i];
		const struct value *value;

		place->way[place->depth++] = field;
		for (size_t k = 0; (value = value_of(field, k)) != NULL; k++)
			check(top, place, value, arg);
		if (field->sub != NULL)
			walk(top, field->sub, place, check, arg);
		place->depth--;
	}
}

static void
create(const struct doc *doc)
{
	bson_t *command = db_bson(arena), validator;
	struct str text = schema_validator(doc, arena);
	struct err err;

	err_init(&err);
	ck_assert(bson_init_static(&validator, (const uint8_t *)text.p, text.n));
	BSON_APPEND_UTF8(command, "create", doc->collection);
	BSON_APPEND_DOCUMENT(command, "validator", &validator);
	ck_assert_msg(db_write(store, arena, command, NULL, &err) == RC_OK, "%s",
	    err.detail);
	arena_reset(arena);
}

static void
setup(void)
{
	struct store_options options = { .uri = str_of(getenv(
	    "BEZEL_TEST_MONGODB_URI")), .database = getenv("BEZEL_TEST_DATABASE"),
	    .app_name = "boundary", .select_timeout_ms = 10000,
	    .command_timeout_ms = 10000 };
	struct err err;

	ck_assert_msg(options.uri.p != NULL && options.database != NULL,
	    "BEZEL_TEST_MONGODB_URI and BEZEL_TEST_DATABASE are not set");
	process_arena = arena_new();
	arena = arena_new();
	err_init(&err);
	ck_assert_int_eq(store_open(process_arena, &options, &store, &err), RC_OK);
}

static void
teardown(void)
{
	store_close(store);
	arena_free(arena);
	arena_free(process_arena);
}

START_TEST(mongod_and_the_rows_agree)
{
	for (size_t i = 0; schema_docs[i] != NULL; i++) {
		const struct doc *doc = schema_docs[i];
		struct place place = { .depth = 0 };
		int before = shown;

		if (doc->collection == NULL || doc->field_count == 0)
			continue;
		create(doc);
		ck_assert_msg(mongod_takes(doc->collection, build(doc, NULL, NULL)),
		    "%s: the good document", doc->name);
		walk(doc, doc, &place, check_value, NULL);
		ck_assert_int_gt(shown - before, (int)doc->field_count * 5);
	}
	printf("%d values shown to mongod\n", shown);
	ck_assert_int_gt(shown, 4000);
}
END_TEST

/* --- JSON ----------------------------------------------------------------- */

static bool
from_clients(const struct doc *doc)
{
	for (size_t i = 0; i < doc->field_count; i++)
		if (doc->fields[i].flags & IN_NEW)
			return true;
	return false;
}

/* The document as a client would send it: the rows of IN_NEW alone. */
static bool
value_as_json(const struct doc *doc, const struct place *place,
    const struct value *value, struct buf *buf)
{
	struct str bson = build(doc, place, value);
	bson_t view;
	bson_iter_t it;

	ck_assert(bson_init_static(&view, (const uint8_t *)bson.p, bson.n)
	    && bson_iter_init(&it, &view));
	return value_add_json(buf, doc, &it);
}

static void
check_json(const struct doc *doc, const struct place *place,
    const struct value *value, void *arg)
{
	const struct field *last = place->way[place->depth - 1];
	const struct json_value *json;
	struct buf buf;
	struct err err;
	void *object;
	bool good = value->good;

	(void)arg;
	if (value->no_json)
		return;
	for (int i = 0; i < place->depth; i++)
		if (!(place->way[i]->flags & IN_NEW))
			return;
	buf_init(&buf, arena, 0, 1 << 20);
	if (!value_as_json(doc, place, value, &buf))
		return;		/* JSON has no such value */
	if (value->missing)
		good = !(last->flags & NEED);
	else if (value->bson_only)
		good = true;
	err_init(&err);
	ck_assert_msg(json_parse(arena, buf_str(&buf), &json, &err) == RC_OK,
	    "%s: %.*s", err.message, STR_FMT(buf_str(&buf)));
	object = arena_alloc(arena, doc->size);
	doc_init(doc, object);
	ck_assert_msg((doc_decode(doc, json, DECODE_NEW, object, arena, &err)
	    == RC_OK) == good, "%.*s: %s: %s", STR_FMT(name_of(doc, place)),
	    value->name, good ? "is refused" : "is taken");
	shown_json++;
	arena_reset(arena);
}

START_TEST(the_json_decoder_agrees)
{
	for (size_t i = 0; schema_docs[i] != NULL; i++) {
		struct place place = { .depth = 0 };

		if (from_clients(schema_docs[i]))
			walk(schema_docs[i], schema_docs[i], &place, check_json,
			    NULL);
	}
	printf("%d values shown to the JSON decoder\n", shown_json);
	ck_assert_int_gt(shown_json, 1000);
}
END_TEST

UNIT_MAIN_FIXTURE("boundary", setup, teardown, mongod_and_the_rows_agree,
    the_json_decoder_agrees)
