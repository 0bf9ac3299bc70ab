#include "config.h"

#include "schema/schema.h"

#include <bson/bson.h>

#include "codec/json.h"
#include "schema/walk.h"

/* Two dialects of JSON Schema: MongoDB's $jsonSchema (draft 4 with bsonType) and
 * OpenAPI 3.1's (2020-12). */
enum dialect { MONGODB, OPENAPI };

struct print {
	struct buf *buf;
	enum dialect dialect;
	unsigned view;		/* OPENAPI: OWNER, PUBLIC, IN_NEW ... */
	bool defaults;		/* OPENAPI: what is left out has its default */
};

static const char uuid_pattern[] =
    "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$";

/* utf8_has_controls(), with line breaks and without. */
#define FORBIDDEN "\\\\u007f-\\\\u009f\\\\u202a-\\\\u202e\\\\u2066-\\\\u2069]*$"
static const char line_pattern[] = "^[^\\\\u0000-\\\\u001f" FORBIDDEN;
static const char lines_pattern[] =
    "^[^\\\\u0000-\\\\u0008\\\\u000b-\\\\u001f" FORBIDDEN;

static void print_object(const struct print *p, const struct doc *doc,
    bool nullable);

static void
print_type(const struct print *p, bool nullable, const char *const *types)
{
	bool many = nullable || types[1] != NULL;

	buf_printf(p->buf, "\"%s\":%s",
	    p->dialect == MONGODB ? "bsonType" : "type", many ? "[" : "");
	for (size_t i = 0; types[i] != NULL; i++)
		buf_printf(p->buf, "%s\"%s\"", i == 0 ? "" : ",", types[i]);
	if (nullable)
		buf_addz(p->buf, ",\"null\"");
	if (many)
		buf_add_char(p->buf, ']');
}

#define TYPES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void
print_enum(const struct print *p, const struct field *field, bool nullable)
{
	print_type(p, nullable, TYPES("string"));
	buf_addz(p->buf, ",\"enum\":[");
	for (size_t i = 0; field->set->values[i] != NULL; i++) {
		if (i > 0)
			buf_add_char(p->buf, ',');
		buf_add_json(p->buf, str_of(field->set->values[i]));
	}
	buf_printf(p->buf, "%s]", nullable ? ",null" : "");
}

static void
print_range(const struct print *p, const struct field *field)
{
	buf_addz(p->buf, ",\"minimum\":");
	buf_add_json_number(p->buf, field->limits.min);
	buf_addz(p->buf, ",\"maximum\":");
	buf_add_json_number(p->buf, field->limits.max);
}

static void
print_scalar(const struct print *p, const struct field *field,
    enum field_type type, bool nullable)
{
	bool mongodb = p->dialect == MONGODB;

	switch (type) {
	case FIELD_UUID:
		print_type(p, nullable, TYPES("string"));
		buf_printf(p->buf, mongodb
		    ? ",\"minLength\":36,\"maxLength\":36,\"pattern\":\"%s\""
		    : ",\"format\":\"uuid\",\"pattern\":\"%s\"", uuid_pattern);
		break;
	case FIELD_ENUM:
		print_enum(p, field, nullable);
		break;
	case FIELD_TIME:
		print_type(p, nullable, mongodb ? TYPES("date") : TYPES("string"));
		if (!mongodb)
			buf_addz(p->buf, ",\"format\":\"date-time\"");
		break;
	case FIELD_BOOL:
		print_type(p, nullable,
		    mongodb ? TYPES("bool") : TYPES("boolean"));
		break;
	case FIELD_I32:
	case FIELD_I64:
		print_type(p, nullable,
		    mongodb ? TYPES("int", "long") : TYPES("integer"));
		print_range(p, field);
		break;
	case FIELD_NUM:
		print_type(p, nullable, mongodb
		    ? TYPES("int", "long", "double") : TYPES("number"));
		print_range(p, field);
		break;
	case FIELD_SEALED:
		print_type(p, nullable, TYPES("binData"));
		break;
	case FIELD_KEY:
		print_type(p, nullable, TYPES("string"));
		if (mongodb)
			buf_printf(p->buf, ",\"minLength\":%.0f,\"maxLength\":%.0f",
			    field->limits.min, field->limits.max);
		else
			buf_addz(p->buf, ",\"format\":\"uri-reference\"");
		break;
	default:
		print_type(p, nullable, TYPES("string"));
		buf_printf(p->buf, ",\"minLength\":%.0f,\"maxLength\":%.0f",
		    field->limits.min, field->limits.max);
		if (!mongodb && (p->view & (IN_NEW | IN_EDIT)))
			buf_printf(p->buf, ",\"pattern\":\"%s\"",
			    field->flags & MULTILINE ? lines_pattern
			    : line_pattern);
	}
}

static void
print_array(const struct print *p, const struct field *field)
{
	print_type(p, false, TYPES("array"));
	buf_printf(p->buf, ",\"minItems\":%.0f,\"maxItems\":%.0f,\"items\":",
	    field->count.min, field->count.max);
	if (field->type == FIELD_SUBS) {
		print_object(p, field->sub, false);
		return;
	}
	buf_add_char(p->buf, '{');
	print_scalar(p, field, field->item, false);
	buf_add_char(p->buf, '}');
	/* What clients send is refused otherwise. */
	if (p->dialect == OPENAPI && (p->view & (IN_NEW | IN_EDIT)))
		buf_addz(p->buf, ",\"uniqueItems\":true");
}

static void
print_field(const struct print *p, const struct field *field)
{
	bool nullable = (field->flags & NULLABLE) != 0;

	if (field->type == FIELD_SUB || field->type == FIELD_NSUB) {
		print_object(p, field->sub, nullable);
		return;
	}
	buf_add_char(p->buf, '{');
	if (field->type == FIELD_LIST || field->type == FIELD_SUBS)
		print_array(p, field);
	else if (field->type == FIELD_FREE)
		print_type(p, false, TYPES("object"));
	else
		print_scalar(p, field, field->type, nullable);
	if (p->dialect == OPENAPI) {
		buf_addz(p->buf, ",\"description\":");
		buf_add_json(p->buf, str_of(field->text));
		if (field->def != NULL && p->defaults)
			buf_printf(p->buf, ",\"default\":%s", field->def);
	}
	buf_add_char(p->buf, '}');
}

static bool
in_view(const struct print *p, const struct field *field)
{
	return p->dialect == MONGODB || (field->flags & p->view) != 0;
}

static bool
required(const struct print *p, const struct field *field)
{
	if (p->dialect == MONGODB)
		return !(field->flags & OPTIONAL);
	if (p->view & IN_EDIT)
		return false;
	return !(p->view & IN_NEW) || (field->flags & NEED);
}

static void
print_object(const struct print *p, const struct doc *doc, bool nullable)
{
	bool mongodb = p->dialect == MONGODB, first = true;

	buf_add_char(p->buf, '{');
	print_type(p, nullable, TYPES("object"));
	if (doc->field_count == 0) {	/* another's documents */
		buf_add_char(p->buf, '}');
		return;
	}
	buf_addz(p->buf, ",\"additionalProperties\":false,\"properties\":{");
	for (size_t i = 0; i < doc->field_count; i++) {
		const struct field *field = &doc->fields[i];

		if (!in_view(p, field))
			continue;
		buf_printf(p->buf, "%s\"%s\":", first ? "" : ",",
		    mongodb ? field->key : field->shown);
		first = false;
		print_field(p, field);
	}
	buf_add_char(p->buf, '}');
	first = true;
	for (size_t i = 0; i < doc->field_count; i++) {
		const struct field *field = &doc->fields[i];

		if (!in_view(p, field) || !required(p, field))
			continue;
		buf_printf(p->buf, "%s\"%s\"", first ? ",\"required\":[" : ",",
		    mongodb ? field->key : field->shown);
		first = false;
	}
	buf_addz(p->buf, first ? "}" : "]}");
}

static void
print_validator(struct buf *buf, const struct doc *doc)
{
	struct print p = { buf, MONGODB, 0, false };

	buf_addz(buf, "{\"$jsonSchema\":");
	print_object(&p, doc, false);
	buf_add_char(buf, '}');
}

struct str
schema_validator(const struct doc *doc, struct arena *arena)
{
	struct buf buf;
	bson_error_t error;
	bson_t *bson;
	struct str copy;

	buf_init(&buf, arena, 8192, 1 << 20);
	print_validator(&buf, doc);
	bson = bson_new_from_json((const uint8_t *)buf.p, (ssize_t)buf.n, &error);
	if (bson == NULL)
		die(error.message);
	copy = arena_str(arena, (struct str){
	    (const char *)bson_get_data(bson), bson->len });
	bson_destroy(bson);
	return copy;
}

/* An object: of each collection what print writes. */
static void
print_collections(struct buf *buf,
    void (*print)(struct buf *buf, const struct doc *doc))
{
	const char *comma = "";

	buf_add_char(buf, '{');
	for (size_t i = 0; schema_docs[i] != NULL; i++) {
		if (schema_docs[i]->collection == NULL)
			continue;
		buf_printf(buf, "%s\n\"%s\":", comma, schema_docs[i]->collection);
		print(buf, schema_docs[i]);
		comma = ",";
	}
	buf_addz(buf, "\n}\n");
}

void
schema_print_validators(struct buf *buf)
{
	print_collections(buf, print_validator);
}

static void
print_index(struct buf *buf, const struct index *index)
{
	struct str keys = str_of(index->keys);
	const char *comma = "";

	buf_printf(buf, "{\"name\":\"%s\",\"key\":{", index->name);
	while (keys.p != NULL) {
		struct str direction = str_cut(&keys, ',');
		struct str key = str_cut(&direction, ':');

		buf_printf(buf, "%s\"%.*s\":%.*s", comma, STR_FMT(key),
		    STR_FMT(direction));
		comma = ",";
	}
	buf_add_char(buf, '}');
	if (index->flags & UNIQUE)
		buf_addz(buf, ",\"unique\":true");
	if (index->flags & TTL)
		buf_printf(buf, ",\"expireAfterSeconds\":%u",
		    INDEX_DAYS(index->flags) * 86400);
	if (index->filter[0] != '\0')
		buf_printf(buf, ",\"partialFilterExpression\":%s", index->filter);
	buf_add_char(buf, '}');
}

struct str
schema_indexes(const struct doc *doc, struct arena *arena)
{
	struct buf buf;

	buf_init(&buf, arena, 2048, 1 << 20);
	buf_add_char(&buf, '[');
	for (size_t i = 0; i < doc->index_count; i++) {
		if (i > 0)
			buf_add_char(&buf, ',');
		print_index(&buf, &doc->indexes[i]);
	}
	buf_add_char(&buf, ']');
	return buf_str(&buf);
}

static void
print_indexes(struct buf *buf, const struct doc *doc)
{
	buf_add_str(buf, schema_indexes(doc, buf->arena));
}

void
schema_print_indexes(struct buf *buf)
{
	print_collections(buf, print_indexes);
}

void
schema_print_component(struct buf *buf, const struct doc *doc, unsigned view,
    bool defaults)
{
	struct print p = { buf, OPENAPI, view, defaults && (view & IN_NEW) };

	print_object(&p, doc, false);
}

static const char *
type_word(enum field_type type)
{
	static const char *const words[] = {
		[FIELD_UUID] = "UUID", [FIELD_STR] = "string",
		[FIELD_KEY] = "object key", [FIELD_SEALED] = "sealed",
		[FIELD_ENUM] = "one of", [FIELD_TIME] = "time",
		[FIELD_I32] = "int32", [FIELD_I64] = "int64",
		[FIELD_NUM] = "number", [FIELD_BOOL] = "boolean",
		[FIELD_LIST] = "array of", [FIELD_SUB] = "document",
		[FIELD_NSUB] = "document", [FIELD_SUBS] = "array of documents",
		[FIELD_FREE] = "free object",
	};

	return words[type];
}

static void
reference_field(struct buf *buf, const struct field *field, const char *prefix)
{
	buf_printf(buf, "| `%s%s` | %s", prefix, field->key,
	    type_word(field->type));
	if (field->type == FIELD_LIST)
		buf_printf(buf, " %s", type_word(field->item));
	if (field->set != NULL)
		for (size_t i = 0; field->set->values[i] != NULL; i++)
			buf_printf(buf, "%s \"%s\"", i == 0 ? "" : ",",
			    field->set->values[i]);
	if (field->flags & NULLABLE)
		buf_addz(buf, " or null");
	buf_addz(buf, " | ");
	if (field->type == FIELD_LIST || field->type == FIELD_SUBS)
		buf_printf(buf, "%.0f to %.0f items ", field->count.min,
		    field->count.max);
	if (field->limits.max > 0)
		buf_printf(buf, "%.15g to %.15g", field->limits.min,
		    field->limits.max);
	buf_printf(buf, " | %s | %s |\n", field->def == NULL ? "" : field->def,
	    field->text);
}

static void
reference_doc(struct buf *buf, const struct doc *doc, const char *prefix)
{
	for (size_t i = 0; i < doc->field_count; i++) {
		const struct field *field = &doc->fields[i];

		reference_field(buf, field, prefix);
		if (field->sub != NULL)
			reference_doc(buf, field->sub, arena_printf(buf->arena,
			    "%s%s%s.", prefix, field->key,
			    field->type == FIELD_SUBS ? "[]" : "").p);
	}
}

void
schema_print_reference(struct buf *buf)
{
	buf_addz(buf, "# Collections\n\n"
	    "Printed by `bezel print schema` from the rows in `src/schema/docs/`; "
	    "`make check` compares.\nLengths are code points, times are UTC in "
	    "milliseconds. Fields marked *Beyond the schema* say why they are "
	    "there.\n");
	for (size_t i = 0; schema_docs[i] != NULL; i++) {
		const struct doc *doc = schema_docs[i];

		if (doc->collection == NULL)
			continue;
		buf_printf(buf, "\n## %s\n\n%s", doc->collection,
		    doc->field_count == 0 ? "Its documents are not ours: there "
		    "are no rows, and the validator takes any.\n"
		    : "| field | type | limits | default | what |\n"
		    "|---|---|---|---|---|\n");
		reference_doc(buf, doc, "");
		if (doc->index_count > 0)
			buf_addz(buf, "\n| index | keys | for |\n|---|---|---|\n");
		for (size_t k = 0; k < doc->index_count; k++) {
			const struct index *index = &doc->indexes[k];

			buf_printf(buf, "| %s | `%s`%s%s", index->name,
			    index->keys, index->flags & UNIQUE ? " unique" : "",
			    index->flags & TTL ? " TTL" : "");
			if (INDEX_DAYS(index->flags) > 0)
				buf_printf(buf, " %u days",
				    INDEX_DAYS(index->flags));
			buf_printf(buf, "%s%s%s | %s |\n",
			    index->filter[0] ? " where `" : "", index->filter,
			    index->filter[0] ? "`" : "", index->text);
		}
	}
}
