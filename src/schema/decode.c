#include "config.h"

#include "schema/schema.h"

#include <math.h>

#include "base/clock.h"
#include "codec/json.h"
#include "schema/walk.h"

struct decode {
	enum decode_mode mode;
	struct arena *arena;
	struct err *err;
};

static void decode_object(struct decode *d, const struct doc *doc,
    const struct json_value *json, const struct pointer *at, void *object);

static void
fault(struct decode *d, const struct pointer *at, const char *code,
    struct str sentence)
{
	err_fault(d->err, d->arena, pointer_text(at, d->arena), code, "%.*s",
	    STR_FMT(sentence));
}

static const char *
type_name(enum field_type type)
{
	switch (type) {
	case FIELD_UUID: return "a UUID (36 lower-case characters)";
	case FIELD_I32:
	case FIELD_I64: return "a whole number";
	case FIELD_NUM: return "a number";
	case FIELD_BOOL: return "true or false";
	case FIELD_TIME: return "an RFC 3339 time";
	case FIELD_LIST:
	case FIELD_SUBS: return "an array";
	case FIELD_SUB:
	case FIELD_NSUB:
	case FIELD_FREE: return "an object";
	default: return "a string";
	}
}

static void
fault_type(struct decode *d, const struct field *field, enum field_type type,
    const struct pointer *at)
{
	fault(d, at, "wrong_type", arena_printf(d->arena, "This must be %s%s.",
	    type_name(type), field->flags & NULLABLE ? " or null" : ""));
}

static struct str
bound(struct decode *d, const char *words, double v)
{
	struct buf buf;

	buf_init(&buf, d->arena, 64, 64);
	buf_addz(&buf, words);
	buf_add_json_number(&buf, v);
	buf_add_char(&buf, '.');
	return buf_str(&buf);
}

/* The sentence behind a code of fits_text() and fits_number(). */
static struct str
explain(struct decode *d, const struct field *field, enum field_type type,
    const char *code)
{
	const struct limits *l = &field->limits;

	if (strcmp(code, "too_short") == 0)
		return arena_printf(d->arena, "At least %.0f characters.", l->min);
	if (strcmp(code, "too_long") == 0)
		return arena_printf(d->arena, "At most %.0f characters.", l->max);
	if (strcmp(code, "too_small") == 0)
		return bound(d, "At least ", l->min);
	if (strcmp(code, "too_large") == 0)
		return bound(d, "At most ", l->max);
	if (strcmp(code, "forbidden_character") == 0)
		return STR("Control characters and text-direction overrides "
		    "are not accepted.");
	return arena_printf(d->arena, "This must be %s.", type_name(type));
}

static struct str
enum_sentence(struct decode *d, const struct enum_set *set)
{
	struct buf buf;

	buf_init(&buf, d->arena, 128, 400);
	buf_addz(&buf, "One of:");
	for (size_t i = 0; set->values[i] != NULL; i++)
		buf_printf(&buf, "%s %s", i == 0 ? "" : ",", set->values[i]);
	buf_add_char(&buf, '.');
	return buf_str(&buf);
}

static bool
decode_text(struct decode *d, const struct field *field, enum field_type type,
    const struct json_value *json, const struct pointer *at,
    struct str *ret_value)
{
	const char *code;

	if (json->type != JSON_T_STRING) {
		fault_type(d, field, type, at);
		return false;
	}
	if (type == FIELD_ENUM) {
		if (!fits_enum(field->set, json->string)) {
			fault(d, at, "not_in_list", enum_sentence(d, field->set));
			return false;
		}
	} else if ((code = fits_text(field, type, json->string)) != NULL) {
		fault(d, at, code, explain(d, field, type, code));
		return false;
	}
	*ret_value = json->string;
	return true;
}

/* 4.0 is a whole number too (JSON Schema, 6.1.1), as long as no digit of it is lost. */
static bool
is_whole(double v)
{
	return v == trunc(v) && fabs(v) <= 9007199254740992.0;
}

static void
decode_number(struct decode *d, const struct field *field,
    const struct json_value *json, const struct pointer *at, void *to)
{
	bool whole = field->type != FIELD_NUM;
	const char *code;
	int64_t n;
	double v;

	if (json->type != JSON_T_INT && (json->type != JSON_T_REAL
	    || (whole && !is_whole(json->real)))) {
		fault_type(d, field, field->type, at);
		return;
	}
	v = json->type == JSON_T_INT ? (double)json->integer : json->real;
	n = json->type == JSON_T_INT ? json->integer : whole ? (int64_t)v : 0;
	code = fits_number(field, v);
	if (code != NULL) {
		fault(d, at, code, explain(d, field, field->type, code));
		return;
	}
	if (field->type == FIELD_I32)
		*(int32_t *)to = (int32_t)n;
	else if (field->type == FIELD_I64)
		*(int64_t *)to = n;
	else
		*(double *)to = v;
}

static void
decode_time(struct decode *d, const struct field *field,
    const struct json_value *json, const struct pointer *at, int64_t *to)
{
	if (json->type != JSON_T_STRING || !clock_parse(json->string, to))
		fault_type(d, field, FIELD_TIME, at);
}

static bool
decode_count(struct decode *d, const struct field *field,
    const struct json_value *json, const struct pointer *at)
{
	if (json->type != JSON_T_ARRAY) {
		fault_type(d, field, FIELD_LIST, at);
		return false;
	}
	if ((double)json->count >= field->count.min
	    && (double)json->count <= field->count.max)
		return true;
	fault(d, at, (double)json->count < field->count.min ? "too_few"
	    : "too_many", arena_printf(d->arena, "%.0f to %.0f items.",
	    field->count.min, field->count.max));
	return false;
}

/* Items that were refused are null. */
static bool
stands_in(const struct str *items, size_t n, struct str item)
{
	for (size_t i = 0; i < n; i++)
		if (items[i].p != NULL && str_eq(items[i], item))
			return true;
	return false;
}

static void
decode_list(struct decode *d, const struct field *field,
    const struct json_value *json, const struct pointer *at,
    struct str_list *to)
{
	struct pointer item = { at, STR_NULL, 0 };
	struct str *items;
	bool good = true;

	if (!decode_count(d, field, json, at))
		return;
	items = arena_many(d->arena, json->count, struct str);
	for (const struct json_value *v = json->first; v != NULL;
	    v = v->next, item.index++) {
		if (!decode_text(d, field, field->item, v, &item,
		    &items[item.index])) {
			good = false;
		} else if (stands_in(items, item.index, items[item.index])) {
			fault(d, &item, "duplicate",
			    STR("This stands in the list already."));
			good = false;
		}
	}
	if (good)
		*to = (struct str_list){ items, json->count };
}

static void
decode_sub(struct decode *d, const struct field *field,
    const struct json_value *json, const struct pointer *at, void *to)
{
	void *object = to;

	if (json->type != JSON_T_OBJECT) {
		fault_type(d, field, FIELD_SUB, at);
		return;
	}
	if (field->type == FIELD_NSUB) {
		object = *(void **)to;
		if (object == NULL) {
			object = arena_alloc(d->arena, field->sub->size);
			doc_init(field->sub, object);
		}
		*(void **)to = object;
	}
	decode_object(d, field->sub, json, at, object);
}

static void
set_null(const struct field *field, void *to)
{
	switch (field->type) {
	case FIELD_TIME: *(int64_t *)to = TIME_NULL; break;
	case FIELD_NUM: *(double *)to = NUM_NULL; break;
	case FIELD_NSUB: *(void **)to = NULL; break;
	default: *(struct str *)to = STR_NULL;
	}
}

static void
decode_field(struct decode *d, const struct field *field,
    const struct json_value *json, const struct pointer *at, void *to)
{
	if (json->type == JSON_T_NULL) {
		if (field->flags & NULLABLE)
			set_null(field, to);
		else
			fault_type(d, field, field->type, at);
		return;
	}
	switch (field->type) {
	case FIELD_I32:
	case FIELD_I64:
	case FIELD_NUM:
		decode_number(d, field, json, at, to);
		break;
	case FIELD_BOOL:
		if (json->type == JSON_T_BOOL)
			*(bool *)to = json->boolean;
		else
			fault_type(d, field, FIELD_BOOL, at);
		break;
	case FIELD_TIME:
		decode_time(d, field, json, at, to);
		break;
	case FIELD_LIST:
		decode_list(d, field, json, at, to);
		break;
	case FIELD_SUB:
	case FIELD_NSUB:
		decode_sub(d, field, json, at, to);
		break;
	case FIELD_SUBS:
	case FIELD_FREE:
	case FIELD_SEALED:
		die("decode: a row of this type cannot come from a client");
	default:
		(void)decode_text(d, field, field->type, json, at, to);
	}
}

static const struct field *
find_shown(const struct doc *doc, struct str name, size_t *ret_index)
{
	for (size_t i = 0; i < doc->field_count; i++) {
		const struct field *field = &doc->fields[i];

		if (field->shown_n == name.n
		    && memcmp(field->shown, name.p, name.n) == 0) {
			*ret_index = i;
			return field;
		}
	}
	return NULL;
}

static void
decode_object(struct decode *d, const struct doc *doc,
    const struct json_value *json, const struct pointer *up, void *object)
{
	unsigned may = d->mode == DECODE_NEW ? IN_NEW : IN_EDIT;
	uint64_t *present = object;

	for (const struct json_value *v = json->first; v != NULL; v = v->next) {
		struct pointer at = { up, v->name, 0 };
		size_t i = 0;
		const struct field *field = find_shown(doc, v->name, &i);

		if (field == NULL || !(field->flags & (IN_NEW | IN_EDIT | OWNER)))
			fault(d, &at, "unknown_field",
			    STR("There is no such field."));
		else if (!(field->flags & may))
			fault(d, &at, "read_only",
			    STR("This field cannot be set here."));
		else {
			decode_field(d, field, v, &at, member_at(object, field));
			/* Sent, if perhaps wrong: not missing as well. */
			*present |= UINT64_C(1) << i;
		}
	}
	if (d->mode == DECODE_EDIT)
		return;
	for (size_t i = 0; i < doc->field_count; i++) {
		const struct field *field = &doc->fields[i];
		struct pointer at = { up, { field->shown, field->shown_n }, 0 };

		if ((field->flags & NEED) && !(*present >> i & 1))
			fault(d, &at, "required", STR("This is required."));
	}
}

enum rc
doc_decode(const struct doc *doc, const struct json_value *json,
    enum decode_mode mode, void *object, struct arena *arena, struct err *err)
{
	struct decode d = { mode, arena, err };

	if (json->type != JSON_T_OBJECT)
		return err_set(err, RC_INVALID,
		    "The body must be a JSON object.");
	decode_object(&d, doc, json, NULL, object);
	return err->rc;
}
