#include "config.h"

#include "schema/schema.h"

#include <bson/bson.h>

#include "schema/walk.h"

static void append_object(bson_t *to, const struct doc *doc,
    const void *object);

static void
append_scalar(bson_t *to, const char *key, int key_n, enum field_type type,
    const void *at)
{
	const struct str *s = at;

	switch (type) {
	case FIELD_TIME:
		if (*(const int64_t *)at == TIME_NULL)
			(void)bson_append_null(to, key, key_n);
		else
			(void)bson_append_date_time(to, key, key_n,
			    *(const int64_t *)at);
		break;
	case FIELD_I32:
		(void)bson_append_int32(to, key, key_n, *(const int32_t *)at);
		break;
	case FIELD_I64:
		(void)bson_append_int64(to, key, key_n, *(const int64_t *)at);
		break;
	case FIELD_NUM:
		if (isnan(*(const double *)at))
			(void)bson_append_null(to, key, key_n);
		else
			(void)bson_append_double(to, key, key_n,
			    *(const double *)at);
		break;
	case FIELD_BOOL:
		(void)bson_append_bool(to, key, key_n, *(const bool *)at);
		break;
	default:
		if (s->p == NULL)
			(void)bson_append_null(to, key, key_n);
		else if (type == FIELD_SEALED)
			(void)bson_append_binary(to, key, key_n,
			    BSON_SUBTYPE_ENCRYPTED, (const uint8_t *)s->p,
			    (uint32_t)s->n);
		else
			(void)bson_append_utf8(to, key, key_n, s->p, (int)s->n);
	}
}

static void
append_list(bson_t *to, const struct field *field, const struct str_list *list)
{
	bson_t array;
	char room[16];
	const char *index;

	(void)bson_append_array_begin(to, field->key, (int)field->key_n, &array);
	for (size_t i = 0; i < list->n; i++) {
		size_t n = bson_uint32_to_string((uint32_t)i, &index, room,
		    sizeof room);

		append_scalar(&array, index, (int)n, field->item,
		    &list->items[i]);
	}
	(void)bson_append_array_end(to, &array);
}

static void
append_sub(bson_t *to, const char *key, int key_n, const struct doc *doc,
    const void *object)
{
	bson_t child;

	if (object == NULL) {
		(void)bson_append_null(to, key, key_n);
		return;
	}
	(void)bson_append_document_begin(to, key, key_n, &child);
	append_object(&child, doc, object);
	(void)bson_append_document_end(to, &child);
}

static void
append_subs(bson_t *to, const struct field *field, const struct sub_list *list)
{
	bson_t array;
	char room[16];
	const char *index;

	(void)bson_append_array_begin(to, field->key, (int)field->key_n, &array);
	for (size_t i = 0; i < list->n; i++) {
		size_t n = bson_uint32_to_string((uint32_t)i, &index, room,
		    sizeof room);

		append_sub(&array, index, (int)n, field->sub,
		    (const char *)list->items + i * field->sub->size);
	}
	(void)bson_append_array_end(to, &array);
}

static void
append_free(bson_t *to, const struct field *field, struct str value)
{
	bson_t child;

	if (value.p == NULL || !bson_init_static(&child,
	    (const uint8_t *)value.p, value.n))
		bson_init(&child);
	(void)bson_append_document(to, field->key, (int)field->key_n, &child);
	bson_destroy(&child);
}

static void
append_object(bson_t *to, const struct doc *doc, const void *object)
{
	for (size_t i = 0; i < doc->field_count; i++) {
		const struct field *field = &doc->fields[i];
		const void *at = member_of(object, field);

		switch (field->type) {
		case FIELD_LIST:
			append_list(to, field, at);
			break;
		case FIELD_SUB:
			append_sub(to, field->key, (int)field->key_n, field->sub,
			    at);
			break;
		case FIELD_NSUB:
			append_sub(to, field->key, (int)field->key_n, field->sub,
			    *(const void *const *)at);
			break;
		case FIELD_SUBS:
			append_subs(to, field, at);
			break;
		case FIELD_FREE:
			append_free(to, field, *(const struct str *)at);
			break;
		default:
			append_scalar(to, field->key, (int)field->key_n,
			    field->type, at);
		}
	}
}

struct str
doc_to_bson(const struct doc *doc, const void *object, struct arena *arena)
{
	bson_t bson = BSON_INITIALIZER;
	struct str copy;

	append_object(&bson, doc, object);
	copy = arena_str(arena, (struct str){
	    (const char *)bson_get_data(&bson), bson.len });
	bson_destroy(&bson);
	return copy;
}

struct str
doc_pick(const struct doc *doc, struct str bson, uint64_t present,
    struct arena *arena)
{
	bson_t from, to = BSON_INITIALIZER;
	struct str copy;
	bson_iter_t it;

	if (!bson_init_static(&from, (const uint8_t *)bson.p, bson.n))
		die("doc_pick: not BSON");
	for (size_t i = 0; i < doc->field_count; i++)
		if ((present >> i & 1)
		    && bson_iter_init_find(&it, &from, doc->fields[i].key))
			(void)bson_append_iter(&to, NULL, 0, &it);
	copy = arena_str(arena, (struct str){
	    (const char *)bson_get_data(&to), to.len });
	bson_destroy(&to);
	return copy;
}

static void
append_part(bson_t *to, const char *key, bson_iter_t *part, const char *member)
{
	bson_t child;

	(void)bson_append_document_begin(to, key, -1, &child);
	while (bson_iter_next(part))
		if (strcmp(bson_iter_key(part), member) == 0)
			(void)bson_append_null(&child, member, -1);
		else
			(void)bson_append_iter(&child, NULL, 0, part);
	(void)bson_append_document_end(to, &child);
}

struct str
doc_with_null(struct arena *arena, struct str bson, const char *part,
    const char *member)
{
	bson_t to = BSON_INITIALIZER;
	bson_iter_t it, child;
	struct str copy;

	if (!bson_iter_init_from_data(&it, (const uint8_t *)bson.p, bson.n))
		return bson;
	while (bson_iter_next(&it))
		if (strcmp(bson_iter_key(&it), part) == 0
		    && BSON_ITER_HOLDS_DOCUMENT(&it)
		    && bson_iter_recurse(&it, &child))
			append_part(&to, part, &child, member);
		else
			(void)bson_append_iter(&to, NULL, 0, &it);
	copy = arena_str(arena, (struct str){
	    (const char *)bson_get_data(&to), to.len });
	bson_destroy(&to);
	return copy;
}
