#include "config.h"

#include "schema/schema.h"

#include <bson/bson.h>

#include "base/uuid.h"
#include "schema/bson_value.h"
#include "schema/walk.h"

struct read {
	struct arena *arena;
	struct err *faults;	/* NULL: only count */
	int count;
};

static void read_object(struct read *r, const struct doc *doc,
    bson_iter_t *it, const struct pointer *up, void *object);

static void
fault(struct read *r, const struct pointer *at, const char *code)
{
	r->count++;
	if (r->faults != NULL)
		err_fault(r->faults, r->arena, pointer_text(at, r->arena), code,
		    "stored");
}

static void
read_scalar(struct read *r, const struct field *field, enum field_type type,
    bson_iter_t *it, const struct pointer *at, void *to)
{
	struct bson_value v;
	const char *code = bson_value_read(field, type, it, &v);

	if (code != NULL) {
		fault(r, at, code);
		return;
	}
	switch (type) {
	case FIELD_TIME: *(int64_t *)to = v.null ? TIME_NULL : v.integer; break;
	case FIELD_I32: *(int32_t *)to = (int32_t)v.integer; break;
	case FIELD_I64: *(int64_t *)to = v.integer; break;
	case FIELD_NUM: *(double *)to = v.null ? NUM_NULL : v.number; break;
	case FIELD_BOOL: *(bool *)to = v.integer != 0; break;
	default:
		*(struct str *)to = v.null ? STR_NULL
		    : arena_str(r->arena, v.text);
	}
}

static size_t
count_items(bson_iter_t it)
{
	size_t n = 0;

	while (bson_iter_next(&it))
		n++;
	return n;
}

static void
read_array(struct read *r, const struct field *field, bson_iter_t *it,
    const struct pointer *at, struct sub_list *to)
{
	bool subs = field->type == FIELD_SUBS;
	size_t size = subs ? field->sub->size : sizeof(struct str), n;
	struct pointer item = { at, STR_NULL, 0 };
	bson_iter_t child, inner;
	char *items;

	if (!BSON_ITER_HOLDS_ARRAY(it) || !bson_iter_recurse(it, &child)) {
		fault(r, at, "wrong_type");
		return;
	}
	n = count_items(child);
	if ((double)n < field->count.min || (double)n > field->count.max)
		fault(r, at, (double)n < field->count.min ? "too_few"
		    : "too_many");
	items = arena_array(r->arena, n, size);
	for (; bson_iter_next(&child); item.index++) {
		void *slot = items + item.index * size;

		if (!subs) {
			*(struct str *)slot = STR("");
			read_scalar(r, field, field->item, &child, &item, slot);
			continue;
		}
		doc_init(field->sub, slot);
		if (BSON_ITER_HOLDS_DOCUMENT(&child)
		    && bson_iter_recurse(&child, &inner))
			read_object(r, field->sub, &inner, &item, slot);
		else
			fault(r, &item, "wrong_type");
	}
	*to = (struct sub_list){ items, n };
}

static void
read_sub(struct read *r, const struct field *field, bson_iter_t *it,
    const struct pointer *at, void *to)
{
	bson_iter_t child;
	void *object = to;

	if (BSON_ITER_HOLDS_NULL(it) && field->type == FIELD_NSUB) {
		*(void **)to = NULL;
		return;
	}
	if (!BSON_ITER_HOLDS_DOCUMENT(it) || !bson_iter_recurse(it, &child)) {
		fault(r, at, "wrong_type");
		return;
	}
	if (field->type == FIELD_NSUB) {
		object = arena_alloc(r->arena, field->sub->size);
		doc_init(field->sub, object);
		*(void **)to = object;
	}
	read_object(r, field->sub, &child, at, object);
}

static void
read_free(struct read *r, bson_iter_t *it, const struct pointer *at,
    struct str *to)
{
	const uint8_t *data;
	uint32_t n;

	if (!BSON_ITER_HOLDS_DOCUMENT(it)) {
		fault(r, at, "wrong_type");
		return;
	}
	bson_iter_document(it, &n, &data);
	*to = arena_str(r->arena, (struct str){ (const char *)data, n });
}

static void
read_field(struct read *r, const struct field *field, bson_iter_t *it,
    const struct pointer *at, void *to)
{
	switch (field->type) {
	case FIELD_LIST:
	case FIELD_SUBS:
		read_array(r, field, it, at, to);
		break;
	case FIELD_SUB:
	case FIELD_NSUB:
		read_sub(r, field, it, at, to);
		break;
	case FIELD_FREE:
		read_free(r, it, at, to);
		break;
	default:
		read_scalar(r, field, field->type, it, at, to);
	}
}

static void
read_object(struct read *r, const struct doc *doc, bson_iter_t *it,
    const struct pointer *up, void *object)
{
	uint64_t *present = object, seen = 0, bit;
	size_t next = 0;

	while (bson_iter_next(it)) {
		struct pointer at = { up, { bson_iter_key(it),
		    bson_iter_key_len(it) }, 0 };
		const struct field *field = bson_field(doc, &next, at.name);

		if (field == NULL) {
			fault(r, &at, "unknown_field");
			continue;
		}
		bit = UINT64_C(1) << (field - doc->fields);
		if (seen & bit) {	/* a key stored twice: the first counts */
			fault(r, &at, "duplicate");
			continue;
		}
		seen |= bit;
		read_field(r, field, it, &at, member_at(object, field));
	}
	for (size_t i = 0; i < doc->field_count; i++) {
		const struct field *field = &doc->fields[i];
		struct pointer at = { up, { field->key, field->key_n }, 0 };

		if (!(field->flags & OPTIONAL) && !(seen >> i & 1))
			fault(r, &at, "missing_field");
	}
	*present |= seen;
}

int
doc_from_bson(const struct doc *doc, struct str bson, void *object,
    struct arena *arena, struct err *faults)
{
	struct read r = { arena, faults, 0 };
	bson_iter_t it;

	if (!bson_iter_init_from_data(&it, (const uint8_t *)bson.p, bson.n)) {
		fault(&r, NULL, "not_bson");
		return r.count;
	}
	read_object(&r, doc, &it, NULL, object);
	return r.count;
}

void
doc_read(const struct doc *doc, struct str bson, void *object,
    struct arena *arena)
{
	doc_init(doc, object);
	(void)doc_from_bson(doc, bson, object, arena, NULL);
}

static bool
peek(struct str bson, const char *key, bson_iter_t *ret_it)
{
	bson_iter_t it;

	return bson_iter_init_from_data(&it, (const uint8_t *)bson.p, bson.n)
	    && bson_iter_find_descendant(&it, key, ret_it);
}

bool
doc_peek_str(struct str bson, const char *key, struct str *ret_value)
{
	bson_iter_t it;
	uint32_t n;

	if (!peek(bson, key, &it) || !BSON_ITER_HOLDS_UTF8(&it))
		return false;
	ret_value->p = bson_iter_utf8(&it, &n);
	ret_value->n = n;
	return true;
}

bool
doc_peek_time(struct str bson, const char *key, int64_t *ret_ms)
{
	bson_iter_t it;

	if (!peek(bson, key, &it) || !BSON_ITER_HOLDS_DATE_TIME(&it))
		return false;
	*ret_ms = bson_iter_date_time(&it);
	return true;
}

bool
doc_peek_bool(struct str bson, const char *key, bool *ret_value)
{
	bson_iter_t it;

	if (!peek(bson, key, &it) || !BSON_ITER_HOLDS_BOOL(&it))
		return false;
	*ret_value = bson_iter_bool(&it);
	return true;
}
