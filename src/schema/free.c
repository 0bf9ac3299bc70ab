#include "config.h"

#include "schema/schema.h"

#include <bson/bson.h>

#include "codec/json.h"
#include "schema/walk.h"

static bool append_children(bson_t *to, const struct json_value *json,
    int depth, int *keys);

static bool
append_value(bson_t *to, struct str key, const struct json_value *v, int depth,
    int *keys)
{
	int n = (int)key.n;
	bson_t child;
	bool good;

	switch (v->type) {
	case JSON_T_NULL:
		return bson_append_null(to, key.p, n);
	case JSON_T_BOOL:
		return bson_append_bool(to, key.p, n, v->boolean);
	case JSON_T_INT:
		return bson_append_int64(to, key.p, n, v->integer);
	case JSON_T_REAL:
		return bson_append_double(to, key.p, n, v->real);
	case JSON_T_STRING:
		return bson_append_utf8(to, key.p, n, v->string.p,
		    (int)v->string.n);
	case JSON_T_ARRAY:
		(void)bson_append_array_begin(to, key.p, n, &child);
		good = append_children(&child, v, depth + 1, keys);
		return bson_append_array_end(to, &child) && good;
	case JSON_T_OBJECT:
		break;
	}
	(void)bson_append_document_begin(to, key.p, n, &child);
	good = append_children(&child, v, depth + 1, keys);
	return bson_append_document_end(to, &child) && good;
}

static bool
append_children(bson_t *to, const struct json_value *json, int depth, int *keys)
{
	uint32_t index = 0;
	char room[16];

	if (depth > FREE_DEPTH)
		return false;
	for (const struct json_value *v = json->first; v != NULL; v = v->next) {
		struct str key = v->name;

		if (++*keys > FREE_KEYS)
			return false;
		if (json->type == JSON_T_ARRAY)
			key.n = bson_uint32_to_string(index++, &key.p, room,
			    sizeof room);
		else if (!free_name_ok(key))
			return false;
		if (!append_value(to, key, v, depth, keys))
			return false;
	}
	return true;
}

enum rc
doc_free_from_json(struct arena *arena, struct str json, struct str *ret_bson,
    struct err *err)
{
	bson_t bson = BSON_INITIALIZER;
	const struct json_value *value;
	int keys = 0;
	bool good;

	if (json_parse(arena, json, &value, err) != RC_OK)
		return err->rc;
	good = value->type == JSON_T_OBJECT
	    && append_children(&bson, value, 1, &keys)
	    && bson.len <= FREE_BYTES;
	if (good)
		*ret_bson = arena_str(arena, (struct str){
		    (const char *)bson_get_data(&bson), bson.len });
	bson_destroy(&bson);
	return good ? RC_OK : err_set(err, RC_INVALID,
	    "A free object has at most %d keys of [a-z0-9_], %d levels and %d "
	    "bytes.", FREE_KEYS, FREE_DEPTH, FREE_BYTES);
}
