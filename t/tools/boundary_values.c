#include "config.h"

#include "boundary.h"

#include <stdio.h>

#include "schema/documents.h"

enum { VALUES_MAX = 128 };

enum kind {
	UTF8, INT32, INT64, DOUBLE, BOOLEAN, DATE, DOCUMENT, ARRAY, NONE_OF_JSON,
	OID = NONE_OF_JSON, BINARY, ENCRYPTED, REGEX, DECIMAL, TIMESTAMP, CODE,
	SYMBOL, UNDEFINED, MINKEY, MAXKEY, KINDS
};

static const char *const kind_names[KINDS] = {
	[UTF8] = "a string", [INT32] = "an int32", [INT64] = "an int64",
	[DOUBLE] = "a double", [BOOLEAN] = "a boolean", [DATE] = "a date",
	[DOCUMENT] = "a document", [ARRAY] = "an array", [OID] = "an ObjectId",
	[BINARY] = "binary", [ENCRYPTED] = "binary 6", [REGEX] = "a regex",
	[DECIMAL] = "a decimal", [TIMESTAMP] = "a timestamp", [CODE] = "code",
	[SYMBOL] = "a symbol", [UNDEFINED] = "undefined", [MINKEY] = "minKey",
	[MAXKEY] = "maxKey",
};

static struct value values[VALUES_MAX + 1];
static size_t count;

static void
add(struct value value)
{
	if (count == VALUES_MAX)
		die("boundary: too many values");
	values[count++] = value;
	values[count].put = NULL;
}

const char *
value_index(size_t i)
{
	static char room[8][24];
	static unsigned next;
	char *p = room[next++ % 8];

	(void)snprintf(p, sizeof room[0], "%zu", i);
	return p;
}

/* --- putting -------------------------------------------------------------- */

static const char uuid[] = "0190a5b0-0000-7000-8000-000000000000";
static const char wide[] = "\xf0\x9f\x92\x8d";	/* U+1F48D */

static void
put_nothing(bson_t *to, const char *key, const struct field *field, double arg)
{
	(void)to, (void)key, (void)field, (void)arg;
}

static void
put_null(bson_t *to, const char *key, const struct field *field, double arg)
{
	(void)field, (void)arg;
	BSON_APPEND_NULL(to, key);
}

static void
put_kind(bson_t *to, const char *key, const struct field *field, double arg)
{
	bson_decimal128_t decimal = { 0 };
	bson_t empty = BSON_INITIALIZER;
	bson_oid_t oid = { { 0 } };

	switch ((enum kind)arg) {
	case UTF8: BSON_APPEND_UTF8(to, key, "x"); break;
	case INT32: BSON_APPEND_INT32(to, key, 1); break;
	case INT64: BSON_APPEND_INT64(to, key, 1); break;
	case DOUBLE: BSON_APPEND_DOUBLE(to, key, field->limits.min); break;
	case BOOLEAN: BSON_APPEND_BOOL(to, key, true); break;
	case DATE: BSON_APPEND_DATE_TIME(to, key, 0); break;
	case DOCUMENT: BSON_APPEND_DOCUMENT(to, key, &empty); break;
	case ARRAY: BSON_APPEND_ARRAY(to, key, &empty); break;
	case OID: BSON_APPEND_OID(to, key, &oid); break;
	case BINARY:
	case ENCRYPTED:
		BSON_APPEND_BINARY(to, key, (enum kind)arg == BINARY
		    ? BSON_SUBTYPE_BINARY : BSON_SUBTYPE_ENCRYPTED,
		    (const uint8_t *)"x", 1);
		break;
	case REGEX: BSON_APPEND_REGEX(to, key, "x", ""); break;
	case DECIMAL: BSON_APPEND_DECIMAL128(to, key, &decimal); break;
	case TIMESTAMP: BSON_APPEND_TIMESTAMP(to, key, 1, 1); break;
	case CODE: BSON_APPEND_CODE(to, key, "x"); break;
	case SYMBOL: BSON_APPEND_SYMBOL(to, key, "x"); break;
	case UNDEFINED: BSON_APPEND_UNDEFINED(to, key); break;
	case MINKEY: BSON_APPEND_MINKEY(to, key); break;
	case MAXKEY:
	case KINDS: BSON_APPEND_MAXKEY(to, key); break;
	}
}

/* n characters, the first of which is `first`, the rest `fill` */
static void
put_chars(bson_t *to, const char *key, const char *first, size_t first_n,
    const char *fill, size_t n)
{
	size_t fill_n = strlen(fill);
	char *text = malloc(first_n + n * fill_n + 1), *p = text;

	if (n > 0) {
		memcpy(p, first, first_n);
		p += first_n;
	}
	for (size_t i = 1; i < n; i++, p += fill_n)
		memcpy(p, fill, fill_n);
	bson_append_utf8(to, key, -1, text, (int)(p - text));
	free(text);
}

static void
put_ascii(bson_t *to, const char *key, const struct field *field, double arg)
{
	(void)field;
	put_chars(to, key, "a", 1, "a", (size_t)arg);
}

static void
put_wide(bson_t *to, const char *key, const struct field *field, double arg)
{
	(void)field;
	put_chars(to, key, wide, 4, wide, (size_t)arg);
}

static const struct {
	const char *name;
	struct str text;
} odd_chars[] = {
	{ "U+0001", STR_INIT("\x01") }, { "DEL", STR_INIT("\x7f") },
	{ "a carriage return", STR_INIT("\r") }, { "U+0085", STR_INIT("\xc2\x85") },
	{ "U+202E", STR_INIT("\xe2\x80\xae") }, { "U+2066", STR_INIT("\xe2\x81\xa6") },
	{ "NUL", STR_INIT("\0") }, { "the byte ff", STR_INIT("\xff") },
	{ "a surrogate", STR_INIT("\xed\xa0\x80") },
	{ "a cut character", STR_INIT("\xc3") },
	{ "a newline", STR_INIT("\n") }, { "a tab", STR_INIT("\t") },
};
enum { ODD_CHARS = sizeof odd_chars / sizeof odd_chars[0] };

/* A text of the least length with the odd character in it. */
static void
put_odd(bson_t *to, const char *key, const struct field *field, double arg)
{
	struct str first = odd_chars[(int)arg].text;
	size_t n = field->limits.min < 1 ? 1 : (size_t)field->limits.min;

	put_chars(to, key, first.p, first.n, "a", n);
}

static const struct {
	const char *text;
	bool good;
} uuids[] = {
	{ "00000000-0000-0000-0000-000000000000", true },
	{ "ffffffff-ffff-ffff-ffff-ffffffffffff", true },
	{ "6ba7b810-9dad-41d1-80b4-00c04fd430c8", true },
	{ "0190A5B0-0000-7000-8000-000000000000", false },
	{ "0190a5b0-0000-7000-8000-00000000000", false },
	{ "0190a5b0-0000-7000-8000-0000000000000", false },
	{ "0190a5b0-0000-7000-8000-000000000000\n", false },
	{ "0190a5b0-0000-7000-8000-00000000000\n", false },
	{ "0190a5b0000070008000000000000000", false },
	{ "{0190a5b0-0000-7000-8000-00000000000", false },
	{ "0190a5b-00000-7000-8000-000000000000", false },
	{ "0190a5b0-0000-7000-8000-00000000000g", false },
	{ "0190a5b0_0000-7000-8000-000000000000", false },
	{ "", false },
};

static void
put_uuid(bson_t *to, const char *key, const struct field *field, double arg)
{
	(void)field;
	BSON_APPEND_UTF8(to, key, uuids[(int)arg].text);
}

static void
put_enum(bson_t *to, const char *key, const struct field *field, double arg)
{
	BSON_APPEND_UTF8(to, key, field->set->values[(int)arg]);
}

static void
put_enum_spoilt(bson_t *to, const char *key, const struct field *field,
    double arg)
{
	char text[80];

	switch ((int)arg) {
	case 0: (void)snprintf(text, sizeof text, "%s ", field->set->values[0]); break;
	case 1: (void)snprintf(text, sizeof text, "%sx", field->set->values[0]); break;
	case 2: (void)snprintf(text, sizeof text, " %s", field->set->values[0]); break;
	case 3: text[0] = '\0'; break;
	default:
		(void)snprintf(text, sizeof text, "%s", field->set->values[0]);
		text[0] ^= 0x20;	/* the other case */
	}
	BSON_APPEND_UTF8(to, key, text);
}

static void
put_bool(bson_t *to, const char *key, const struct field *field, double arg)
{
	(void)field;
	BSON_APPEND_BOOL(to, key, arg != 0);
}

static const int64_t times[] = { 0, -1, 1, INT64_MAX, INT64_MIN + 1,
	253402300800000, -62167219200001 };

static void
put_time(bson_t *to, const char *key, const struct field *field, double arg)
{
	(void)field;
	BSON_APPEND_DATE_TIME(to, key, times[(int)arg]);
}

static void
put_int32(bson_t *to, const char *key, const struct field *field, double arg)
{
	(void)field;
	BSON_APPEND_INT32(to, key, (int32_t)arg);
}

static void
put_int64(bson_t *to, const char *key, const struct field *field, double arg)
{
	(void)field;
	BSON_APPEND_INT64(to, key, (int64_t)arg);
}

static void
put_int64_edge(bson_t *to, const char *key, const struct field *field,
    double arg)
{
	(void)field;
	BSON_APPEND_INT64(to, key, arg < 0 ? INT64_MIN : INT64_MAX);
}

static void
put_double(bson_t *to, const char *key, const struct field *field, double arg)
{
	(void)field;
	BSON_APPEND_DOUBLE(to, key, arg);
}

static void
put_sealed(bson_t *to, const char *key, const struct field *field, double arg)
{
	static const uint8_t bytes[1000];

	(void)field;
	BSON_APPEND_BINARY(to, key, BSON_SUBTYPE_ENCRYPTED, bytes, (uint32_t)arg);
}

/* Another member, or the same again, beside a good one. */
static void
put_and_more(bson_t *to, const char *key, const struct field *field, double arg)
{
	char other[80];
	bson_t child;

	if (field->sub == NULL || field->type == FIELD_SUBS) {
		value_append_good(to, key, field);
	} else {
		BSON_APPEND_DOCUMENT_BEGIN(to, key, &child);
		value_append_doc(&child, field->sub);
		bson_append_document_end(to, &child);
	}
	(void)snprintf(other, sizeof other, "%s%s", key, arg == 0 ? "" : "_x");
	BSON_APPEND_INT32(to, other, 1);
}

/* --- arrays --------------------------------------------------------------- */

static size_t
set_size(const struct enum_set *set)
{
	size_t n = 0;

	while (set->values[n] != NULL)
		n++;
	return n;
}

/* A good item; different for each i, as far as a closed list goes. */
static void
append_item(bson_t *array, const struct field *field, size_t i)
{
	bson_t item;
	char text[80];

	if (field->type == FIELD_SUBS) {
		BSON_APPEND_DOCUMENT_BEGIN(array, value_index(i), &item);
		value_append_doc(&item, field->sub);
		bson_append_document_end(array, &item);
		return;
	}
	if (field->item == FIELD_UUID)
		(void)snprintf(text, sizeof text, "0190a5b0-0000-7000-8000-%012zu", i);
	else if (field->item == FIELD_ENUM)
		(void)snprintf(text, sizeof text, "%s",
		    field->set->values[i % set_size(field->set)]);
	else
		(void)snprintf(text, sizeof text, "%zu", i);
	BSON_APPEND_UTF8(array, value_index(i), text);
}

static void
put_items(bson_t *to, const char *key, const struct field *field, double arg)
{
	bson_t array;

	BSON_APPEND_ARRAY_BEGIN(to, key, &array);
	for (size_t i = 0; i < (size_t)arg; i++)
		append_item(&array, field, i);
	bson_append_array_end(to, &array);
}

static void
put_doubled(bson_t *to, const char *key, const struct field *field, double arg)
{
	bson_t array;

	(void)arg;
	BSON_APPEND_ARRAY_BEGIN(to, key, &array);
	append_item(&array, field, 0);
	append_item(&array, field, 0);
	bson_append_array_end(to, &array);
}

/* The value that puts the first item of a list; its arg is item_arg. */
static void (*item_put)(bson_t *to, const char *key, const struct field *field,
    double arg);

#define ITEM(name) \
	static void \
	name##_item(bson_t *to, const char *key, const struct field *field, \
	    double arg) \
	{ \
		bson_t array; \
		\
		item_put = name; \
		BSON_APPEND_ARRAY_BEGIN(to, key, &array); \
		item_put(&array, "0", field, arg); \
		for (size_t i = 1; i < (size_t)field->count.min; i++) \
			append_item(&array, field, i); \
		bson_append_array_end(to, &array); \
	}
ITEM(put_null)
ITEM(put_kind)
ITEM(put_ascii)
ITEM(put_wide)
ITEM(put_odd)
ITEM(put_enum)
ITEM(put_enum_spoilt)
ITEM(put_uuid)

/* --- good ones ------------------------------------------------------------ */

void
value_append_good(bson_t *to, const char *key, const struct field *field)
{
	bson_t empty = BSON_INITIALIZER;
	double min = field->limits.min;

	switch (field->type) {
	case FIELD_UUID: BSON_APPEND_UTF8(to, key, uuid); break;
	case FIELD_STR:
	case FIELD_KEY: put_ascii(to, key, field, min < 1 ? 1 : min); break;
	case FIELD_SEALED: put_sealed(to, key, field, 8); break;
	case FIELD_ENUM: put_enum(to, key, field, 0); break;
	case FIELD_TIME: put_time(to, key, field, 0); break;
	case FIELD_I32: put_int32(to, key, field, min); break;
	case FIELD_I64: put_int64(to, key, field, min); break;
	case FIELD_NUM: put_double(to, key, field, min); break;
	case FIELD_BOOL: put_bool(to, key, field, 1); break;
	case FIELD_LIST:
	case FIELD_SUBS:
		put_items(to, key, field, field->count.min);
		break;
	default: BSON_APPEND_DOCUMENT(to, key, &empty);
	}
}

/* --- which ---------------------------------------------------------------- */

static bool
kind_fits(enum field_type type, enum kind kind)
{
	switch (type) {
	case FIELD_TIME: return kind == DATE;
	case FIELD_BOOL: return kind == BOOLEAN;
	case FIELD_I32:
	case FIELD_I64: return kind == INT32 || kind == INT64;
	case FIELD_NUM: return kind == INT32 || kind == INT64 || kind == DOUBLE;
	case FIELD_SEALED: return kind == ENCRYPTED;
	case FIELD_LIST:
	case FIELD_SUBS: return kind == ARRAY;
	case FIELD_SUB:
	case FIELD_NSUB:
	case FIELD_FREE: return kind == DOCUMENT;
	default: return kind == UTF8;
	}
}

static void
add_kinds(const struct field *field)
{
	bool whole = field->type == FIELD_I32 || field->type == FIELD_I64;

	for (int kind = 0; kind < KINDS; kind++) {
		if (kind_fits(field->type, (enum kind)kind))
			continue;
		add((struct value){ .name = kind_names[kind], .put = put_kind,
		    .arg = kind,
		    /* $jsonSchema knows no subtypes. */
		    .only_rows = field->type == FIELD_SEALED && kind == BINARY,
		    /* 1.0 as a double is 1 in JSON. */
		    .bson_only = whole && kind == DOUBLE });
	}
}

static void
add_text(const struct field *field, bool item)
{
	double min = field->limits.min, max = field->limits.max;
	double lengths[] = { min, max, min - 1, max + 1 };
	bool lines = (field->flags & MULTILINE) != 0;

	for (size_t i = 0; i < 4; i++) {
		bool good = lengths[i] >= min && lengths[i] <= max;

		if (lengths[i] < 0)
			continue;
		add((struct value){ .name = i == 3 ? "ASCII, one too long"
		    : "ASCII at a bound", .put = item ? put_ascii_item : put_ascii,
		    .arg = lengths[i], .good = good });
		add((struct value){ .name = i == 3 ? "four-byte, one too long"
		    : "four-byte at a bound", .put = item ? put_wide_item
		    : put_wide, .arg = lengths[i], .good = good });
	}
	for (int i = 0; i < ODD_CHARS; i++)
		add((struct value){ .name = odd_chars[i].name,
		    .put = item ? put_odd_item : put_odd, .arg = i,
		    .good = lines && i >= ODD_CHARS - 2, .only_rows = true });
}

static void
add_uuids(bool item)
{
	for (size_t i = 0; i < sizeof uuids / sizeof uuids[0]; i++)
		add((struct value){ .name = uuids[i].text,
		    .put = item ? put_uuid_item : put_uuid, .arg = (double)i,
		    .good = uuids[i].good });
}

static void
add_enum(const struct enum_set *set, bool item)
{
	for (int i = 0; set->values[i] != NULL; i++)
		add((struct value){ .name = set->values[i],
		    .put = item ? put_enum_item : put_enum, .arg = i, .good = true });
	for (int i = 0; i < 5; i++)
		add((struct value){ .name = "almost of the list",
		    .put = item ? put_enum_spoilt_item : put_enum_spoilt,
		    .arg = i });
}

static void
add_whole(const struct field *field)
{
	double min = field->limits.min, max = field->limits.max;

	add((struct value){ .name = "the least", .put = put_int64, .arg = min,
	    .good = true });
	add((struct value){ .name = "the greatest", .put = put_int64, .arg = max,
	    .good = true });
	add((struct value){ .name = "the least, int32", .put = put_int32,
	    .arg = min, .good = true });
	if (max <= INT32_MAX)
		add((struct value){ .name = "the greatest, int32",
		    .put = put_int32, .arg = max, .good = true });
	add((struct value){ .name = "one too small", .put = put_int64,
	    .arg = min - 1 });
	add((struct value){ .name = "one too great", .put = put_int64,
	    .arg = max + 1 });
	add((struct value){ .name = "INT64_MIN", .put = put_int64_edge, .arg = -1 });
	add((struct value){ .name = "INT64_MAX", .put = put_int64_edge, .arg = 1 });
	add((struct value){ .name = "a fraction", .put = put_double,
	    .arg = min + 0.5 });
	add((struct value){ .name = "NaN", .put = put_double, .arg = (double)NAN });
}

static void
add_number(const struct field *field)
{
	double min = field->limits.min, max = field->limits.max;
	double infinity = (double)INFINITY;

	add((struct value){ .name = "the least", .put = put_double, .arg = min,
	    .good = true });
	add((struct value){ .name = "the greatest", .put = put_double, .arg = max,
	    .good = true });
	add((struct value){ .name = "a little too small", .put = put_double,
	    .arg = nextafter(min, -infinity) });
	add((struct value){ .name = "a little too great", .put = put_double,
	    .arg = nextafter(max, infinity) });
	if (max == floor(max)) {
		add((struct value){ .name = "the greatest, int64",
		    .put = put_int64, .arg = max, .good = true });
		add((struct value){ .name = "too great, int64", .put = put_int64,
		    .arg = max + 1 });
	}
	add((struct value){ .name = "NaN", .put = put_double, .arg = (double)NAN });
	add((struct value){ .name = "infinity", .put = put_double, .arg = infinity });
	add((struct value){ .name = "-infinity", .put = put_double,
	    .arg = -infinity });
}

static void
add_counts(const struct field *field)
{
	double min = field->count.min, max = field->count.max;
	double counts[] = { min, max, min - 1, max + 1 };

	for (size_t i = 0; i < 4; i++)
		if (counts[i] >= 0)
			add((struct value){ .name = i == 3 ? "one item too many"
			    : "items at a bound", .put = put_items,
			    .arg = counts[i], .good = i < 2 });
}

static void
add_item_kinds(const struct field *field)
{
	bool subs = field->type == FIELD_SUBS;

	add((struct value){ .name = "null as an item", .put = put_null_item });
	for (int kind = 0; kind < KINDS; kind++)
		if (kind != (subs ? (int)DOCUMENT : (int)UTF8))
			add((struct value){ .name = kind_names[kind],
			    .put = put_kind_item, .arg = kind });
}

static bool
may_be_empty(const struct doc *doc)
{
	for (size_t i = 0; i < doc->field_count; i++)
		if (!(doc->fields[i].flags & OPTIONAL))
			return false;
	return true;
}

static void
add_of_type(const struct field *field)
{
	switch (field->type) {
	case FIELD_UUID: add_uuids(false); break;
	case FIELD_STR:
	case FIELD_KEY: add_text(field, false); break;
	case FIELD_ENUM: add_enum(field->set, false); break;
	case FIELD_TIME:
		for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
			add((struct value){ .name = "a time", .put = put_time,
			    .arg = (double)i, .good = true });
		break;
	case FIELD_BOOL:
		for (int i = 0; i < 2; i++)
			add((struct value){ .name = "a boolean", .put = put_bool,
			    .arg = i, .good = true });
		break;
	case FIELD_I32:
	case FIELD_I64: add_whole(field); break;
	case FIELD_NUM: add_number(field); break;
	case FIELD_SEALED:
		add((struct value){ .name = "no bytes", .put = put_sealed,
		    .good = true });
		add((struct value){ .name = "bytes", .put = put_sealed, .arg = 1000,
		    .good = true });
		break;
	case FIELD_LIST:
		add_counts(field);
		add_item_kinds(field);
		if (field->item == FIELD_UUID)
			add_uuids(true);
		else if (field->item == FIELD_ENUM)
			add_enum(field->set, true);
		else
			add_text(field, true);
		if (field->count.max >= 2)
			add((struct value){ .name = "an item twice",
			    .put = put_doubled, .good = true, .no_json = true });
		break;
	case FIELD_SUBS:
		add_counts(field);
		add_item_kinds(field);
		add((struct value){ .name = "an empty item", .put = put_kind_item,
		    .arg = DOCUMENT, .good = may_be_empty(field->sub) });
		break;
	case FIELD_SUB:
	case FIELD_NSUB:
		add((struct value){ .name = "an empty document", .put = put_kind,
		    .arg = DOCUMENT, .good = may_be_empty(field->sub),
		    .no_json = true });
		break;
	case FIELD_FREE:
		add((struct value){ .name = "an empty object", .put = put_kind,
		    .arg = DOCUMENT, .good = true });
	}
}

const struct value *
value_of(const struct field *field, size_t k)
{
	if (k == 0) {
		count = 0;
		add((struct value){ .name = "missing", .put = put_nothing,
		    .good = (field->flags & OPTIONAL) != 0, .missing = true });
		add((struct value){ .name = "null", .put = put_null,
		    .good = (field->flags & NULLABLE) != 0 });
		add((struct value){ .name = "an unknown member beside it",
		    .put = put_and_more, .arg = 1 });
		/* The validator looks at one of them; _id is a matter of its own. */
		add((struct value){ .name = "doubled", .put = put_and_more,
		    .only_rows = strcmp(field->key, "_id") != 0,
		    .no_json = true });
		add_kinds(field);
		add_of_type(field);
	}
	return k < count ? &values[k] : NULL;
}

/* --- JSON ----------------------------------------------------------------- */

static bool
add_any(struct buf *buf, bson_iter_t *it)
{
	bson_iter_t child;
	uint32_t n;

	switch (bson_iter_type(it)) {
	case BSON_TYPE_NULL:
		buf_addz(buf, "null");
		return true;
	case BSON_TYPE_UTF8: {
		const char *p = bson_iter_utf8(it, &n);

		/* What the writer would repair has no JSON. */
		if (memchr(p, '\0', n) != NULL
		    || !bson_utf8_validate(p, n, false))
			return false;
		buf_add_json(buf, (struct str){ p, n });
		return true;
	}
	case BSON_TYPE_INT32:
	case BSON_TYPE_INT64:
		buf_add_i64(buf, bson_iter_as_int64(it));
		return true;
	case BSON_TYPE_DOUBLE:
		buf_add_json_number(buf, bson_iter_double(it));
		return isfinite(bson_iter_double(it));
	case BSON_TYPE_BOOL:
		buf_addz(buf, bson_iter_bool(it) ? "true" : "false");
		return true;
	case BSON_TYPE_DOCUMENT:
		buf_addz(buf, "{}");
		return true;
	case BSON_TYPE_ARRAY:
		buf_add_char(buf, '[');
		if (bson_iter_recurse(it, &child))
			for (int i = 0; bson_iter_next(&child); i++) {
				if (i > 0)
					buf_add_char(buf, ',');
				if (!add_any(buf, &child))
					return false;
			}
		buf_add_char(buf, ']');
		return true;
	default:
		return false;
	}
}

static const struct field *
field_of(const struct doc *doc, const char *key)
{
	for (size_t i = 0; i < doc->field_count; i++)
		if (strcmp(doc->fields[i].key, key) == 0)
			return &doc->fields[i];
	return NULL;
}

bool
value_add_json(struct buf *buf, const struct doc *doc, bson_iter_t *it)
{
	bool first = true;

	buf_add_char(buf, '{');
	while (bson_iter_next(it)) {
		const struct field *field = field_of(doc, bson_iter_key(it));
		bson_iter_t child;

		if (field != NULL && !(field->flags & IN_NEW))
			continue;
		if (!first)
			buf_add_char(buf, ',');
		first = false;
		buf_add_json(buf, str_of(bson_iter_key(it)));
		buf_add_char(buf, ':');
		if (field != NULL && field->sub != NULL
		    && BSON_ITER_HOLDS_DOCUMENT(it)
		    && bson_iter_recurse(it, &child)) {
			if (!value_add_json(buf, field->sub, &child))
				return false;
		} else if (!add_any(buf, it)) {
			return false;
		}
	}
	buf_add_char(buf, '}');
	return true;
}
