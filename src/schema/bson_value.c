#include "config.h"

#include "schema/bson_value.h"

#include "schema/walk.h"

static const char *
read_number(const struct field *field, enum field_type type, bson_iter_t *it,
    struct bson_value *v)
{
	switch (bson_iter_type(it)) {
	case BSON_TYPE_INT32:
		v->integer = bson_iter_int32(it);
		v->number = (double)v->integer;
		break;
	case BSON_TYPE_INT64:
		v->integer = bson_iter_int64(it);
		v->number = (double)v->integer;
		break;
	case BSON_TYPE_DOUBLE:
		if (type != FIELD_NUM)
			return "wrong_type";
		v->number = bson_iter_double(it);
		break;
	default:
		return "wrong_type";
	}
	return fits_number(field, v->number);
}

static const char *
read_text(const struct field *field, enum field_type type, bson_iter_t *it,
    struct bson_value *v)
{
	uint32_t n;

	if (!BSON_ITER_HOLDS_UTF8(it))
		return "wrong_type";
	v->text.p = bson_iter_utf8(it, &n);
	v->text.n = n;
	if (type == FIELD_ENUM)
		return fits_enum(field->set, v->text) ? NULL : "not_in_list";
	return fits_text(field, type, v->text);
}

static const char *
read_sealed(bson_iter_t *it, struct bson_value *v)
{
	bson_subtype_t subtype;
	const uint8_t *data;
	uint32_t n;

	if (!BSON_ITER_HOLDS_BINARY(it))
		return "wrong_type";
	bson_iter_binary(it, &subtype, &n, &data);
	v->text = (struct str){ (const char *)data, n };
	return subtype == BSON_SUBTYPE_ENCRYPTED ? NULL : "wrong_type";
}

const char *
bson_value_read(const struct field *field, enum field_type type,
    bson_iter_t *it, struct bson_value *ret_value)
{
	memset(ret_value, 0, sizeof *ret_value);
	if (BSON_ITER_HOLDS_NULL(it)) {
		ret_value->null = true;
		return field->flags & NULLABLE && field->type != FIELD_LIST
		    ? NULL : "wrong_type";
	}
	switch (type) {
	case FIELD_TIME:
		if (!BSON_ITER_HOLDS_DATE_TIME(it))
			return "wrong_type";
		ret_value->integer = bson_iter_date_time(it);
		return NULL;
	case FIELD_BOOL:
		if (!BSON_ITER_HOLDS_BOOL(it))
			return "wrong_type";
		ret_value->integer = bson_iter_bool(it);
		return NULL;
	case FIELD_I32:
	case FIELD_I64:
	case FIELD_NUM:
		return read_number(field, type, it, ret_value);
	case FIELD_SEALED:
		return read_sealed(it, ret_value);
	default:
		return read_text(field, type, it, ret_value);
	}
}

static bool
is_key(const struct field *field, struct str key)
{
	return field->key_n == key.n && memcmp(field->key, key.p, key.n) == 0;
}

const struct field *
bson_field(const struct doc *doc, size_t *next, struct str key)
{
	if (*next < doc->field_count && is_key(&doc->fields[*next], key))
		return &doc->fields[(*next)++];
	for (size_t i = 0; i < doc->field_count; i++)
		if (is_key(&doc->fields[i], key)) {
			*next = i + 1;
			return &doc->fields[i];
		}
	return NULL;
}
