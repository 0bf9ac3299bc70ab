#include "config.h"

#include "fuzz.h"

#include "base/utf8.h"
#include "codec/json.h"
#include "schema/documents.h"

static void
add_url(void *arg, struct buf *buf, struct str key)
{
	(void)arg;
	/* Only keys without fault come here. */
	assert(utf8_valid(key) && key.n > 0);
	buf_add_json(buf, key);
}

/* A member of each row of the view, once, of the declared type; "damaged" too. */
static void
check_shape(const struct doc *doc, const struct json_value *object,
    unsigned view, bool top)
{
	size_t shown = 0;

	assert(object->type == JSON_T_OBJECT);
	for (size_t i = 0; i < doc->field_count; i++) {
		const struct field *field = &doc->fields[i];
		const struct json_value *v = json_get(object, field->shown);

		if (!(field->flags & view)) {
			assert(v == NULL);
			continue;
		}
		assert(v != NULL);
		shown++;
		if (v->type == JSON_T_NULL)
			continue;
		switch (field->type) {
		case FIELD_LIST:
			assert(v->type == JSON_T_ARRAY);
			for (v = v->first; v != NULL; v = v->next)
				assert(v->type == JSON_T_STRING);
			break;
		case FIELD_SUBS:
			assert(v->type == JSON_T_ARRAY);
			for (v = v->first; v != NULL; v = v->next)
				check_shape(field->sub, v, view, false);
			break;
		case FIELD_SUB:
		case FIELD_NSUB:
			check_shape(field->sub, v, view, false);
			break;
		case FIELD_FREE:
			assert(v->type == JSON_T_OBJECT);
			break;
		case FIELD_I32:
		case FIELD_I64:
			assert(v->type == JSON_T_INT);
			break;
		case FIELD_NUM:
			assert(v->type == JSON_T_INT || v->type == JSON_T_REAL);
			break;
		case FIELD_BOOL:
			assert(v->type == JSON_T_BOOL);
			break;
		default:
			assert(v->type == JSON_T_STRING);
		}
	}
	assert(object->count == shown
	    + (top && json_get(object, "damaged") != NULL));
}

static void
encode(struct arena *arena, const struct doc *doc, struct str bson,
    unsigned view)
{
	struct encode how = { .view = view, .url = add_url };
	const struct json_value *v = NULL;
	struct buf buf;
	struct err err;

	err_init(&err);
	buf_init(&buf, arena, 4096, 64 << 20);
	doc_encode(&buf, doc, bson, &how, STR_NULL);
	assert(!buf.failed);
	assert(json_parse(arena, buf_str(&buf), &v, &err) == RC_OK);
	check_shape(doc, v, view, true);
	assert(how.faults > 0 || json_get(v, "damaged") == NULL);
}

/* Any bytes as a stored document. What the reader takes without fault is written
 * again, and is then the same for ever. */
static void
check_doc(struct arena *arena, const struct doc *doc, struct str bson)
{
	void *object = arena_alloc(arena, doc->size);
	struct str once, text;
	int64_t ms;
	bool flag;

	doc_init(doc, object);
	if (doc_from_bson(doc, bson, object, arena, NULL) == 0) {
		once = doc_to_bson(doc, object, arena);
		doc_init(doc, object);
		assert(doc_from_bson(doc, once, object, arena, NULL) == 0);
		assert(str_eq(doc_to_bson(doc, object, arena), once));
	}
	encode(arena, doc, bson, OWNER);
	encode(arena, doc, bson, PUBLIC);
	encode(arena, doc, bson, SHARE);
	(void)doc_peek_str(bson, "gem_data.type", &text);
	(void)doc_peek_time(bson, "updated_at", &ms);
	(void)doc_peek_bool(bson, "is_deleted", &flag);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena *arena = fuzz_arena();

	if (n > 1 << 16)
		return 0;
	check_doc(arena, &doc_design, fuzz_str(data, n));
	check_doc(arena, &doc_job, fuzz_str(data, n));
	return 0;
}
