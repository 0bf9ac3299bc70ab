#include "config.h"

#include "store/db.h"

#include <stdarg.h>
#include <stdio.h>

static void
destroy_bson(void *object)
{
	bson_destroy(object);
}

/* libbson declares it aligned to 128 bytes, which is more than an arena gives. */
bson_t *
db_bson(struct arena *arena)
{
	uintptr_t room = (uintptr_t)arena_alloc(arena,
	    sizeof(bson_t) + _Alignof(bson_t) - 1);
	bson_t *bson = (bson_t *)((room + _Alignof(bson_t) - 1)
	    / _Alignof(bson_t) * _Alignof(bson_t));

	bson_init(bson);
	arena_defer(arena, destroy_bson, bson);
	return bson;
}

bson_t *
db_json(struct arena *arena, const char *fmt, ...)
{
	bson_error_t error;
	va_list ap;
	char *text;
	bson_t *bson;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		die("db_json: out of memory");
	va_end(ap);
	bson = bson_new_from_json((const uint8_t *)text, -1, &error);
	if (bson == NULL)
		die(error.message);
	free(text);
	arena_defer(arena, destroy_bson, bson);
	return bson;
}

const bson_t *
db_json_once(bson_t **cache, const char *text)
{
	bson_error_t error;

	if (*cache == NULL)
		*cache = bson_new_from_json((const uint8_t *)text, -1, &error);
	if (*cache == NULL)
		die(error.message);
	return *cache;
}

void
bson_add_owner(bson_t *bson, struct store_owner owner)
{
	bson_add_str(bson, "user_id", owner.user_id);
	if (owner.user_id.p == NULL)
		bson_add_str(bson, "guest_session_id", owner.guest_session_id);
}

bson_t *
db_own(struct arena *arena, struct store_owner owner, struct str id)
{
	bson_t *filter = db_bson(arena);

	bson_add_str(filter, "_id", id);
	bson_add_owner(filter, owner);
	return filter;
}

bson_t *
db_literals(struct arena *arena, struct str set)
{
	bson_t *fields = db_bson(arena), literal, values;
	bson_iter_t it;

	if (!bson_init_static(&values, (const uint8_t *)set.p, set.n)
	    || !bson_iter_init(&it, &values))
		die("db_literals: not BSON");
	while (bson_iter_next(&it)) {
		BSON_APPEND_DOCUMENT_BEGIN(fields, bson_iter_key(&it), &literal);
		bson_append_iter(&literal, "$literal", -1, &it);
		bson_append_document_end(fields, &literal);
	}
	return fields;
}

bson_t *
db_set_pipeline(struct arena *arena, struct str set)
{
	bson_t *pipeline = db_bson(arena), stage;
	bson_t *fields = db_literals(arena, set);

	BSON_APPEND_DOCUMENT(fields, "updated_at",
	    db_json(arena, "%s", NEXT_UPDATED_AT));
	BSON_APPEND_DOCUMENT_BEGIN(pipeline, "0", &stage);
	BSON_APPEND_DOCUMENT(&stage, "$set", fields);
	bson_append_document_end(pipeline, &stage);
	return pipeline;
}

/* key: {operator: [values]} */
static void
add_list(bson_t *bson, const char *key, const char *operator,
    const struct str *values, size_t n)
{
	bson_t in, list;
	const char *index;
	char room[16];

	BSON_APPEND_DOCUMENT_BEGIN(bson, key, &in);
	BSON_APPEND_ARRAY_BEGIN(&in, operator, &list);
	for (size_t i = 0; i < n; i++) {
		(void)bson_uint32_to_string((uint32_t)i, &index, room,
		    sizeof room);
		bson_add_str(&list, index, values[i]);
	}
	bson_append_array_end(&in, &list);
	bson_append_document_end(bson, &in);
}

void
bson_add_in(bson_t *bson, const char *key, const struct str *values, size_t n)
{
	add_list(bson, key, "$in", values, n);
}

void
bson_add_list(bson_t *bson, const char *key, const struct str *values, size_t n)
{
	add_list(bson, key, "$literal", values, n);
}

void
bson_add_is_time(bson_t *bson, const char *key, bool is_time)
{
	bson_t type, not;

	BSON_APPEND_DOCUMENT_BEGIN(bson, key, &type);
	if (is_time) {
		BSON_APPEND_UTF8(&type, "$type", "date");
	} else {
		BSON_APPEND_DOCUMENT_BEGIN(&type, "$not", &not);
		BSON_APPEND_UTF8(&not, "$type", "date");
		bson_append_document_end(&type, &not);
	}
	bson_append_document_end(bson, &type);
}
