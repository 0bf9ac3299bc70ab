#include "config.h"

#include "schema/schema.h"

#include <bson/bson.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "codec/json.h"
#include "schema/bson_value.h"
#include "schema/walk.h"

enum {
	DAMAGE_MAX = 16,
	DAMAGE_BYTES = DAMAGE_MAX * 8192,	/* pointers of 1024 bytes, escaped */
	FREE_DEPTH_MAX = 8
};

struct encoder {
	struct buf *buf;
	struct encode *how;
	struct buf damage;	/* the "damaged" array, made when needed */
	int damage_count;
	const struct pointer *free_at;	/* the free object in hand */
};

static void encode_object(struct encoder *e, const struct doc *doc,
    bson_iter_t *it, const struct pointer *up, struct str more);

static void
fault(struct encoder *e, const struct pointer *at, const char *code)
{
	e->how->faults++;
	if (e->damage_count++ >= DAMAGE_MAX)
		return;
	if (e->damage.arena == NULL)
		buf_init(&e->damage, e->buf->arena, 256, DAMAGE_BYTES);
	else
		buf_add_char(&e->damage, ',');
	buf_addz(&e->damage, "{\"pointer\":");
	buf_add_json(&e->damage, pointer_text(at, e->buf->arena));
	buf_printf(&e->damage, ",\"code\":\"%s\"}", code);
}

static bool
shown(const struct encoder *e, const struct field *field)
{
	return (field->flags & e->how->view) != 0
	    && (field->type != FIELD_KEY || e->how->url != NULL);
}

static void
add_name(struct encoder *e, const struct field *field, bool *first)
{
	if (!*first)
		buf_add_char(e->buf, ',');
	*first = false;
	buf_add_char(e->buf, '"');
	buf_add(e->buf, field->shown, field->shown_n);
	buf_add(e->buf, "\":", 2);
}

static void add_default(struct encoder *e, const struct field *field);

/* The declared shape with nothing in it. */
static void
add_empty(struct encoder *e, const struct doc *doc)
{
	bool first = true;

	buf_add_char(e->buf, '{');
	for (size_t i = 0; i < doc->field_count; i++)
		if (shown(e, &doc->fields[i])) {
			add_name(e, &doc->fields[i], &first);
			add_default(e, &doc->fields[i]);
		}
	buf_add_char(e->buf, '}');
}

static void
add_default(struct encoder *e, const struct field *field)
{
	if (field->flags & NULLABLE) {
		buf_addz(e->buf, "null");
		return;
	}
	switch (field->type) {
	case FIELD_LIST:
	case FIELD_SUBS:
		buf_addz(e->buf, "[]");
		return;
	case FIELD_FREE:
		buf_addz(e->buf, "{}");
		return;
	case FIELD_SUB:
		add_empty(e, field->sub);
		return;
	case FIELD_STR:
	case FIELD_UUID:
	case FIELD_KEY:
	case FIELD_ENUM:
		buf_addz(e->buf, field->def != NULL ? field->def : "\"\"");
		return;
	default:
		buf_addz(e->buf, field->def != NULL ? field->def : "null");
	}
}

/* After a fault that leaves something to show, what is stored is shown. */
static bool
showable(const char *code)
{
	return code == NULL || (strcmp(code, "wrong_type") != 0
	    && strcmp(code, "not_a_number") != 0);
}

static void
encode_scalar(struct encoder *e, const struct field *field,
    enum field_type type, bson_iter_t *it, const struct pointer *at)
{
	struct bson_value v;
	const char *code = bson_value_read(field, type, it, &v);

	if (code != NULL)
		fault(e, at, code);
	if (!showable(code)) {
		if (field->type == FIELD_LIST)
			buf_addz(e->buf, "\"\"");
		else
			add_default(e, field);
		return;
	}
	if (v.null) {
		buf_addz(e->buf, "null");
		return;
	}
	switch (type) {
	case FIELD_TIME:
		buf_add_char(e->buf, '"');
		buf_add_time(e->buf, v.integer);
		buf_add_char(e->buf, '"');
		break;
	case FIELD_BOOL:
		buf_addz(e->buf, v.integer ? "true" : "false");
		break;
	case FIELD_I32:
	case FIELD_I64:
		buf_add_i64(e->buf, v.integer);
		break;
	case FIELD_NUM:
		buf_add_json_number(e->buf, v.number);
		break;
	case FIELD_KEY:
		if (code == NULL)
			e->how->url(e->how->url_arg, e->buf, v.text);
		else
			add_default(e, field);
		break;
	case FIELD_UUID:
		if (code == NULL) {	/* nothing in it to escape */
			buf_add_char(e->buf, '"');
			buf_add_str(e->buf, v.text);
			buf_add_char(e->buf, '"');
			break;
		}
		/* FALLTHROUGH */
	default:
		buf_add_json(e->buf, v.text);
	}
}

/* Whether the member may go out: a name once, and one that escaping leaves as it
 * is. begin is where the object begins; n members stand before this one. */
static bool
free_member_ok(struct encoder *e, bson_iter_t begin, int n, struct str name)
{
	if (!free_name_ok(name)) {
		fault(e, e->free_at, "unknown_field");
		return false;
	}
	for (int i = 0; i < n && bson_iter_next(&begin); i++)
		if (str_eqz(name, bson_iter_key(&begin))) {
			fault(e, e->free_at, "duplicate");
			return false;
		}
	return true;
}

static void encode_free(struct encoder *e, bson_iter_t *it, bool array, int depth);

static void
encode_free_value(struct encoder *e, bson_iter_t *it, int depth)
{
	bson_iter_t child;
	struct str text;
	uint32_t n;

	switch (bson_iter_type(it)) {
	case BSON_TYPE_UTF8:
		text.p = bson_iter_utf8(it, &n);
		text.n = n;
		if (!utf8_valid(text))
			fault(e, e->free_at, "bad_utf8");
		buf_add_json(e->buf, text);
		break;
	case BSON_TYPE_INT32:
	case BSON_TYPE_INT64:
		buf_add_i64(e->buf, bson_iter_as_int64(it));
		break;
	case BSON_TYPE_DOUBLE:
		buf_add_json_number(e->buf, bson_iter_double(it));
		break;
	case BSON_TYPE_BOOL:
		buf_addz(e->buf, bson_iter_bool(it) ? "true" : "false");
		break;
	case BSON_TYPE_DATE_TIME:
		buf_add_char(e->buf, '"');
		buf_add_time(e->buf, bson_iter_date_time(it));
		buf_add_char(e->buf, '"');
		break;
	case BSON_TYPE_DOCUMENT:
	case BSON_TYPE_ARRAY:
		if (bson_iter_recurse(it, &child)) {
			encode_free(e, &child, BSON_ITER_HOLDS_ARRAY(it),
			    depth + 1);
			break;
		}
		/* FALLTHROUGH */
	default:
		buf_addz(e->buf, "null");
	}
}

/* A free object has no rows: its own types decide. */
static void
encode_free(struct encoder *e, bson_iter_t *it, bool array, int depth)
{
	bson_iter_t begin = *it;
	bool first = true;

	buf_add_char(e->buf, array ? '[' : '{');
	for (int i = 0; depth < FREE_DEPTH_MAX && bson_iter_next(it); i++) {
		struct str name = { bson_iter_key(it), bson_iter_key_len(it) };

		if (i == FREE_KEYS) {
			fault(e, e->free_at, "too_many");
			break;
		}
		if (!array && !free_member_ok(e, begin, i, name))
			continue;
		if (!first)
			buf_add_char(e->buf, ',');
		first = false;
		if (!array) {
			buf_add_json(e->buf, name);
			buf_add_char(e->buf, ':');
		}
		encode_free_value(e, it, depth);
	}
	buf_add_char(e->buf, array ? ']' : '}');
}

static void
encode_array(struct encoder *e, const struct field *field, bson_iter_t *it,
    const struct pointer *at)
{
	struct pointer item = { at, STR_NULL, 0 };
	bson_iter_t child, inner;

	if (!BSON_ITER_HOLDS_ARRAY(it) || !bson_iter_recurse(it, &child)) {
		fault(e, at, "wrong_type");
		add_default(e, field);
		return;
	}
	buf_add_char(e->buf, '[');
	for (; bson_iter_next(&child); item.index++) {
		if (item.index > 0)
			buf_add_char(e->buf, ',');
		if (field->type == FIELD_LIST) {
			encode_scalar(e, field, field->item, &child, &item);
		} else if (BSON_ITER_HOLDS_DOCUMENT(&child)
		    && bson_iter_recurse(&child, &inner)) {
			encode_object(e, field->sub, &inner, &item, STR_NULL);
		} else {
			fault(e, &item, "wrong_type");
			add_empty(e, field->sub);
		}
	}
	buf_add_char(e->buf, ']');
}

static void
encode_sub(struct encoder *e, const struct field *field, bson_iter_t *it,
    const struct pointer *at)
{
	bson_iter_t child;

	if (BSON_ITER_HOLDS_NULL(it) && (field->flags & NULLABLE)) {
		buf_addz(e->buf, "null");
	} else if (BSON_ITER_HOLDS_DOCUMENT(it)
	    && bson_iter_recurse(it, &child)) {
		if (field->type == FIELD_FREE) {
			e->free_at = at;
			encode_free(e, &child, false, 0);
		} else
			encode_object(e, field->sub, &child, at, STR_NULL);
	} else {
		fault(e, at, "wrong_type");
		add_default(e, field);
	}
}

static void
encode_missing(struct encoder *e, const struct doc *doc, uint64_t seen,
    const struct pointer *up, bool *first)
{
	for (size_t i = 0; i < doc->field_count; i++) {
		const struct field *field = &doc->fields[i];
		struct pointer at = { up, { field->shown, field->shown_n }, 0 };

		if (seen >> i & 1)
			continue;
		if (!(field->flags & OPTIONAL)) {
			if (shown(e, field))
				fault(e, &at, "missing_field");
			else
				e->how->faults++;	/* its name is not shown */
		}
		if (shown(e, field)) {
			add_name(e, field, first);
			add_default(e, field);
		}
	}
}

/* The row of what is stored under that name, or NULL when it is not shown. *next is a
 * guess (bson_field()), *seen has the bits of the rows that came before. */
static const struct field *
shown_field(struct encoder *e, const struct doc *doc, const struct pointer *at,
    size_t *next, uint64_t *seen)
{
	const struct field *field = bson_field(doc, next, at->name);
	uint64_t bit;

	if (field == NULL) {
		if (e->how->view & OWNER)
			fault(e, at, "unknown_field");
		else
			e->how->faults++;	/* the name may be anything */
		return NULL;
	}
	bit = UINT64_C(1) << (field - doc->fields);
	if (*seen & bit) {	/* a key stored twice: the first counts */
		if (shown(e, field))
			fault(e, at, "duplicate");
		else
			e->how->faults++;
		return NULL;
	}
	*seen |= bit;
	return shown(e, field) ? field : NULL;
}

static void
encode_object(struct encoder *e, const struct doc *doc, bson_iter_t *it,
    const struct pointer *up, struct str more)
{
	uint64_t seen = 0, all = doc->field_count == 64 ? UINT64_MAX
	    : (UINT64_C(1) << doc->field_count) - 1;
	size_t next = 0;
	bool first = true;

	buf_add_char(e->buf, '{');
	while (bson_iter_next(it)) {
		struct pointer at = { up, { bson_iter_key(it),
		    bson_iter_key_len(it) }, 0 };
		const struct field *field = shown_field(e, doc, &at, &next, &seen);

		if (field == NULL)
			continue;
		at.name = (struct str){ field->shown, field->shown_n };
		add_name(e, field, &first);
		if (field->type == FIELD_LIST || field->type == FIELD_SUBS)
			encode_array(e, field, it, &at);
		else if (field->type == FIELD_SUB || field->type == FIELD_NSUB
		    || field->type == FIELD_FREE)
			encode_sub(e, field, it, &at);
		else
			encode_scalar(e, field, field->type, it, &at);
	}
	if (seen != all)
		encode_missing(e, doc, seen, up, &first);
	if (more.p != NULL) {
		if (!first)
			buf_add_char(e->buf, ',');
		buf_add_str(e->buf, more);
		first = false;
	}
	if (up == NULL && e->damage_count > 0) {
		buf_addz(e->buf, first ? "\"damaged\":[" : ",\"damaged\":[");
		buf_add_str(e->buf, buf_str(&e->damage));
		buf_add_char(e->buf, ']');
	}
	buf_add_char(e->buf, '}');
}

void
doc_encode(struct buf *buf, const struct doc *doc, struct str bson,
    struct encode *how, struct str more)
{
	struct encoder e = { .buf = buf, .how = how };
	bson_iter_t it;
	static const uint8_t empty[5] = { 5 };

	if (!bson_iter_init_from_data(&it, (const uint8_t *)bson.p, bson.n)) {
		fault(&e, NULL, "not_bson");
		(void)bson_iter_init_from_data(&it, empty, sizeof empty);
	}
	encode_object(&e, doc, &it, NULL, more);
}

struct str
doc_free_to_json(struct arena *arena, struct str bson)
{
	struct encode how = { .view = 0 };
	struct encoder e = { .how = &how };
	struct buf buf;
	bson_iter_t it;

	buf_init(&buf, arena, 512, 64 * 1024);
	e.buf = &buf;
	if (bson.p == NULL || !bson_iter_init_from_data(&it,
	    (const uint8_t *)bson.p, bson.n))
		return STR("{}");
	encode_free(&e, &it, false, 0);
	return buf.failed ? STR("{}") : buf_str(&buf);
}
