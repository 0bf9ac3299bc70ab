#include "config.h"

#include "unit.h"

#include "base/clock.h"
#include "codec/json.h"
#include "dies.h"
#include "every.h"
#include "unit_arena.h"

static const struct json_value *
parse(struct str text)
{
	const struct json_value *value;
	struct err err;

	err_init(&err);
	ck_assert_msg(json_parse(arena, text, &value, &err) == RC_OK, "%s: %.*s",
	    err.message, STR_FMT(text));
	return value;
}

static struct str
component_with(const struct doc *doc, unsigned view, bool defaults)
{
	struct buf buf;

	buf_init(&buf, arena, 0, 1 << 20);
	schema_print_component(&buf, doc, view, defaults);
	ck_assert(!buf.failed);
	return buf_str(&buf);
}

static struct str
component(const struct doc *doc, unsigned view)
{
	return component_with(doc, view, true);
}

static struct str
property(const struct doc *doc, unsigned view, const char *name)
{
	struct buf buf;
	const struct json_value *v = json_get(json_get(parse(component(doc, view)),
	    "properties"), name);

	buf_init(&buf, arena, 0, 1 << 16);
	if (v == NULL)
		return STR("");
	buf_add_json_value(&buf, v);
	return buf_str(&buf);
}

START_TEST(a_component_is_what_the_view_shows)
{
	static const struct {
		const char *name, *text;
	} rows[] = {
		{ "id", "{\"type\":\"string\",\"format\":\"uuid\",\"pattern\":"
		    "\"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$\","
		    "\"description\":\"An id\"}" },
		{ "lines", "{\"type\":[\"string\",\"null\"],\"minLength\":0,"
		    "\"maxLength\":5,\"description\":\"Text of many lines\"}" },
		{ "nkey", "{\"type\":[\"string\",\"null\"],\"format\":\"uri-reference\","
		    "\"description\":\"Perhaps an object\"}" },
		{ "nmode", "{\"type\":[\"string\",\"null\"],\"enum\":[\"light\",\"dark\","
		    "null],\"description\":\"One of a list, or null\"}" },
		{ "made", "{\"type\":\"string\",\"format\":\"date-time\","
		    "\"description\":\"A time\"}" },
		{ "big", "{\"type\":\"integer\",\"minimum\":0,\"maximum\":"
		    "9007199254740991,\"description\":\"A great whole number\"}" },
		{ "num", "{\"type\":\"number\",\"minimum\":-1.5,\"maximum\":1.5,"
		    "\"description\":\"A number\"}" },
		{ "flag", "{\"type\":\"boolean\",\"description\":\"True or false\"}" },
		{ "words", "{\"type\":\"array\",\"minItems\":1,\"maxItems\":3,"
		    "\"items\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":5},"
		    "\"description\":\"Words\"}" },
		{ "themes", "{\"type\":\"array\",\"minItems\":0,\"maxItems\":2,"
		    "\"items\":{\"type\":\"string\",\"enum\":[\"light\",\"dark\"]},"
		    "\"description\":\"Words of a list\"}" },
		{ "extra", "{\"type\":\"object\",\"description\":\"Anything\"}" },
		{ "secret", "" }, { "sealed", "" }, { "views", "" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		ck_assert_str(property(&doc_every, OWNER, rows[i].name),
		    rows[i].text);
	ck_assert(str_starts(property(&doc_every, OWNER, "npart"),
	    STR("{\"type\":[\"object\",\"null\"],\"additionalProperties\":false,")));
	ck_assert(str_starts(property(&doc_every, OWNER, "parts"),
	    STR("{\"type\":\"array\",\"minItems\":0,\"maxItems\":3,\"items\":"
	    "{\"type\":\"object\",")));
	ck_assert_str(property(&doc_every, SHARE, "text"), "");
	ck_assert(property(&doc_every, SHARE, "views").n > 0);
}
END_TEST

/* No controls, no text-direction overrides. */
#define LINE "\"pattern\":\"^[^\\\\u0000-\\\\u001f\\\\u007f-\\\\u009f" \
	"\\\\u202a-\\\\u202e\\\\u2066-\\\\u2069]*$\","

START_TEST(a_body_names_what_is_needed_and_the_defaults)
{
	ck_assert_str(component(&doc_every_part, IN_NEW), "{\"type\":\"object\","
	    "\"additionalProperties\":false,\"properties\":{\"name\":{\"type\":"
	    "\"string\",\"minLength\":1,\"maxLength\":5," LINE "\"description\":\"A name\"},"
	    "\"size\":{\"type\":[\"number\",\"null\"],\"minimum\":0.5,\"maximum\":9.5,"
	    "\"description\":\"A size\",\"default\":null},\"note\":{\"type\":"
	    "\"string\",\"minLength\":0,\"maxLength\":5," LINE "\"description\":\"A note\","
	    "\"default\":\"none\"}},\"required\":[\"name\"]}");
	ck_assert(!str_contains_nocase(component(&doc_every_part, IN_EDIT),
	    STR("required")));
	/* A client would send the defaults along, and undo what it does not mean. */
	ck_assert(!str_contains_nocase(component(&doc_every_part, IN_EDIT),
	    STR("default")));
	ck_assert(!str_contains_nocase(component_with(&doc_every_part, IN_NEW,
	    false), STR("default")));
	ck_assert(str_contains_nocase(component(&doc_every_part, PUBLIC),
	    STR("\"required\":[\"name\",\"size\"]")));
	/* Lists of a body must not hold a value twice. */
	ck_assert(str_contains_nocase(property(&doc_every, IN_NEW, "words"),
	    STR("\"uniqueItems\":true")));
	ck_assert(!str_contains_nocase(property(&doc_every, OWNER, "words"),
	    STR("uniqueItems")));
}
END_TEST

START_TEST(all_that_is_printed_is_json)
{
	static const unsigned views[] = { OWNER, PUBLIC, SHARE, IN_NEW, IN_EDIT, 0 };
	struct buf buf;

	buf_init(&buf, arena, 0, 1 << 22);
	schema_print_validators(&buf);
	(void)parse(buf_str(&buf));
	buf.n = 0;
	schema_print_indexes(&buf);
	(void)parse(buf_str(&buf));
	for (size_t i = 0; schema_docs[i] != NULL; i++) {
		for (size_t k = 0; k < sizeof views / sizeof views[0]; k++)
			(void)parse(component(schema_docs[i], views[k]));
		ck_assert(schema_validator(schema_docs[i], arena).n > 5);
		ck_assert_ptr_eq(schema_doc(schema_docs[i]->name), schema_docs[i]);
	}
	ck_assert_ptr_null(schema_doc("none"));
}
END_TEST

START_TEST(sealed_rows_are_found_wherever_they_are)
{
	struct str_list list = doc_sealed_paths(&doc_design, arena);

	ck_assert_uint_eq(list.n, 1);
	ck_assert_str(list.items[0], "share_settings.password_hash");
	list = doc_sealed_paths(&doc_user, arena);
	ck_assert_uint_eq(list.n, 1);
	ck_assert_str(list.items[0], "password_hash");
	list = doc_sealed_paths(&doc_every, arena);
	ck_assert_uint_eq(list.n, 1);
	ck_assert_str(list.items[0], "sealed");
	ck_assert_uint_eq(doc_sealed_paths(&doc_upload, arena).n, 0);
	ck_assert_uint_eq(doc_sealed_paths(&doc_key_vault, arena).n, 0);
}
END_TEST

/* Its documents are libmongocrypt's. */
START_TEST(a_document_without_rows_takes_any)
{
	struct buf buf;
	struct str text;

	buf_init(&buf, arena, 0, 1 << 22);
	schema_print_validators(&buf);
	ck_assert(str_contains_nocase(buf_str(&buf), STR("\n\"key_vault\":"
	    "{\"$jsonSchema\":{\"bsonType\":\"object\"}}")));
	buf.n = 0;
	schema_print_reference(&buf);
	text = buf_str(&buf);
	ck_assert(str_contains_nocase(text, STR("\n## key_vault\n\nIts documents are "
	    "not ours: there are no rows, and the validator takes any.\n\n| index |")));
}
END_TEST

START_TEST(indexes_are_as_createindexes_wants_them)
{
	ck_assert_str(schema_indexes(&doc_every, arena), "[{\"name\":\"by_text\","
	    "\"key\":{\"text\":1,\"_id\":-1},\"unique\":true,"
	    "\"partialFilterExpression\":{\"text\":{\"$gt\":\"\"}}},"
	    "{\"name\":\"by_until\",\"key\":{\"until\":1},\"expireAfterSeconds\":0}]");
	ck_assert_str(schema_indexes(&doc_every_part, arena), "[]");
}
END_TEST

START_TEST(the_reference_has_a_line_for_each_row)
{
	struct buf buf;
	struct str text;

	buf_init(&buf, arena, 0, 1 << 20);
	schema_print_reference(&buf);
	ck_assert(!buf.failed);
	text = buf_str(&buf);
	ck_assert(str_contains_nocase(text, STR("\n## designs\n")));
	ck_assert(str_contains_nocase(text, STR("| `gem_data.size.dimensions.length_mm`"
	    " | number or null | 0.1 to 500 | null |")));
	ck_assert(str_contains_nocase(text, STR("| `refinements[].prompt` | string | "
	    "1 to 1000 |")));
	ck_assert(str_contains_nocase(text, STR("| `material_preferences.metals` | "
	    "array of string | 1 to 4 items 1 to 60 |")));
	ck_assert(str_contains_nocase(text, STR("one of \"light\", \"dark\"")));
	ck_assert(str_contains_nocase(text, STR("| share_token | `share_settings."
	    "share_token:1` unique where `{\"share_settings")));
	ck_assert(str_contains_nocase(text, STR("| expires_at | `expires_at:1` TTL |")));
	for (size_t i = 0; schema_docs[i] != NULL; i++)
		if (schema_docs[i]->collection != NULL)
			for (size_t k = 0; k < schema_docs[i]->field_count; k++)
				ck_assert(str_contains_nocase(text, arena_printf(arena,
				    "| `%s` |", schema_docs[i]->fields[k].key)));
}
END_TEST

static void
print_broken_table(void)
{
	struct field field = doc_every.fields[0];
	struct doc doc = { .name = "x", .collection = "x", .fields = &field,
		.field_count = 1 };

	field.key = "a\"b";
	(void)schema_validator(&doc, arena);
}

START_TEST(a_table_that_is_no_validator_ends_the_process)
{
	ck_assert(dies(print_broken_table));
}
END_TEST

/* --- what the readers take for granted of every table -------------------- */

static void
check_default(const struct doc *doc, const struct field *field)
{
	const struct json_value *v;
	bool good = true;

	if (field->def == NULL)
		return;
	v = parse(arena_printf(arena, "[%s]", field->def))->first;
	switch (field->type) {
	case FIELD_I32:
	case FIELD_I64:
		/* A body's 0 may stand for "not said". */
		good = v->type == JSON_T_INT && (doc->collection == NULL
		    || ((double)v->integer >= field->limits.min
		    && (double)v->integer <= field->limits.max));
		break;
	case FIELD_NUM:
		good = v->type == JSON_T_NULL ? (field->flags & NULLABLE) != 0
		    : (v->type == JSON_T_INT ? (double)v->integer : v->real)
		    >= field->limits.min;
		break;
	case FIELD_BOOL:
		good = v->type == JSON_T_BOOL;
		break;
	case FIELD_TIME:
		good = v->type == JSON_T_NULL && (field->flags & NULLABLE);
		break;
	case FIELD_ENUM:
		good = v->type == JSON_T_NULL && (field->flags & NULLABLE);
		for (size_t i = 0; field->set->values[i] != NULL; i++)
			good |= v->type == JSON_T_STRING
			    && str_eqz(v->string, field->set->values[i]);
		break;
	default:
		good = v->type == JSON_T_NULL ? (field->flags & NULLABLE) != 0
		    : v->type == JSON_T_STRING
		    && (double)v->string.n >= field->limits.min;
	}
	ck_assert_msg(good, "%s.%s: default %s", doc->name, field->key, field->def);
}

static void
check_row(const struct doc *doc, const struct field *field)
{
	unsigned flags = field->flags;
	bool may_null = field->type != FIELD_I32 && field->type != FIELD_I64
	    && field->type != FIELD_BOOL && field->type != FIELD_LIST
	    && field->type != FIELD_SUB && field->type != FIELD_SUBS
	    && field->type != FIELD_FREE;
	bool numeric = field->type == FIELD_I32 || field->type == FIELD_I64
	    || field->type == FIELD_NUM;
	bool text = field->type == FIELD_STR || field->type == FIELD_KEY;

	ck_assert_msg(may_null || !(flags & NULLABLE),
	    "%s.%s has no null", doc->name, field->key);
	ck_assert_msg(!(flags & NEED) || (flags & IN_NEW), "%s.%s: NEED without "
	    "IN_NEW", doc->name, field->key);
	/* A request's body is shown to nobody: a password stands there. */
	ck_assert_msg(!(flags & (IN_NEW | IN_EDIT)) || (flags & OWNER)
	    || strncmp(doc->name, "body_", 5) == 0,
	    "%s.%s is set by a client who cannot see it", doc->name, field->key);
	if (flags & (IN_NEW | IN_EDIT))
		ck_assert(field->type != FIELD_SUBS && field->type != FIELD_FREE
		    && field->type != FIELD_SEALED);
	ck_assert(field->type != FIELD_SEALED
	    || !(flags & (OWNER | PUBLIC | SHARE)));
	if (field->type == FIELD_LIST)
		ck_assert(field->item == FIELD_STR || field->item == FIELD_UUID
		    || (field->item == FIELD_ENUM && field->set != NULL));
	if (numeric || text)
		ck_assert_msg(field->limits.max > 0
		    && field->limits.min <= field->limits.max, "%s.%s: limits",
		    doc->name, field->key);
	if (field->type == FIELD_LIST || field->type == FIELD_SUBS)
		ck_assert(field->count.max >= 1);
	ck_assert(strlen(field->key) == field->key_n
	    && strlen(field->shown) == field->shown_n && field->text[0] != '\0');
	check_default(doc, field);
}

START_TEST(the_rows_are_sound)
{
	for (size_t i = 0; schema_docs[i] != NULL; i++)
		for (size_t k = 0; k < schema_docs[i]->field_count; k++) {
			const struct doc *doc = schema_docs[i];

			check_row(doc, &doc->fields[k]);
			for (size_t m = 0; m < k; m++)
				ck_assert_str_ne(doc->fields[m].key,
				    doc->fields[k].key);
		}
}
END_TEST

START_TEST(a_new_document_has_its_defaults)
{
	struct every e;

	memset(&e, 0xff, sizeof e);
	doc_init(&doc_every, &e);
	ck_assert_ptr_null(e.text.p);
	ck_assert_str(e.word, "w");
	ck_assert_str(e.mode, "light");
	ck_assert_ptr_null(e.nmode.p);
	ck_assert(e.made == TIME_NULL && e.until == TIME_NULL);
	ck_assert_int_eq(e.small, 1);
	ck_assert_int_eq(e.big, 7);
	ck_assert_int_eq(e.plain, 0);
	ck_assert(e.num == 0.5 && isnan(e.nnum));
	ck_assert(e.flag);
	ck_assert_uint_eq(e.words.n, 0);
	ck_assert_str(e.part.note, "none");
	ck_assert_ptr_null(e.npart);
	ck_assert_ptr_null(e.extra.p);
	ck_assert(e.secret.p != NULL && e.secret.n == 0);
	for (size_t i = 0; i < doc_every.field_count; i++)
		ck_assert(!doc_present(&doc_every, &e, doc_every.fields[i].key));
}
END_TEST

UNIT_MAIN_FIXTURE("schema_print", setup, teardown,
    a_component_is_what_the_view_shows,
    a_body_names_what_is_needed_and_the_defaults, all_that_is_printed_is_json,
    indexes_are_as_createindexes_wants_them,
    sealed_rows_are_found_wherever_they_are, a_document_without_rows_takes_any,
    the_reference_has_a_line_for_each_row,
    a_table_that_is_no_validator_ends_the_process, the_rows_are_sound,
    a_new_document_has_its_defaults)
