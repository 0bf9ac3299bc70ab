#include "config.h"

#include "fuzz.h"

#include <math.h>

#include "codec/json.h"

static double
number_of(const struct json_value *v)
{
	return v->type == JSON_T_INT ? (double)v->integer : v->real;
}

/* 2.0 goes out as 2 and comes back as a whole number: the same number. */
static bool
equal(const struct json_value *a, const struct json_value *b)
{
	const struct json_value *x = a->first, *y = b->first;

	if (a->type == JSON_T_REAL)
		return (b->type == JSON_T_REAL || b->type == JSON_T_INT)
		    && number_of(a) == number_of(b);
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case JSON_T_BOOL: return a->boolean == b->boolean;
	case JSON_T_INT: return a->integer == b->integer;
	case JSON_T_STRING: return str_eq(a->string, b->string);
	case JSON_T_ARRAY:
	case JSON_T_OBJECT:
		break;
	default: return true;
	}
	for (; x != NULL && y != NULL; x = x->next, y = y->next)
		if (!str_eq(x->name, y->name) || !equal(x, y))
			return false;
	return x == NULL && y == NULL && a->count == b->count;
}

static struct str
write_value(struct arena *arena, const struct json_value *v)
{
	struct buf buf;

	buf_init(&buf, arena, 256, 64 << 20);
	buf_add_json_value(&buf, v);
	assert(!buf.failed);
	return buf_str(&buf);
}

/* What was read is written, read as the same, and written as the same. */
static void
check_round(struct arena *arena, const struct json_value *v)
{
	struct str text = write_value(arena, v);
	const struct json_value *again;
	struct err err;

	err_init(&err);
	assert(json_parse(arena, text, &again, &err) == RC_OK);
	assert(equal(v, again));
	assert(str_eq(write_value(arena, again), text));
}

/* Any bytes become a string that is read back, the same when they were UTF-8
 * without NUL. */
static void
check_string(struct arena *arena, struct str bytes)
{
	const struct json_value *v;
	struct buf buf;
	struct err err;

	err_init(&err);
	buf_init(&buf, arena, 64, 64 << 20);
	buf_add_char(&buf, '[');
	buf_add_json(&buf, bytes);
	buf_add_char(&buf, ']');
	assert(json_parse(arena, buf_str(&buf), &v, &err) == RC_OK);
	assert(v->count == 1 && v->first->type == JSON_T_STRING);
	assert(str_find(buf_str(&buf), '<') == buf.n);
	assert(str_find(buf_str(&buf), '\n') == buf.n);
}

static void
check_number(struct arena *arena, const uint8_t *data)
{
	const struct json_value *v;
	struct buf buf;
	struct err err;
	double d;

	memcpy(&d, data, sizeof d);
	err_init(&err);
	buf_init(&buf, arena, 64, 64);
	buf_add_char(&buf, '[');
	buf_add_json_number(&buf, d);
	buf_add_char(&buf, ']');
	/* A whole number over int64 is not read; its exponent is written then. */
	assert(json_parse(arena, buf_str(&buf), &v, &err) == RC_OK);
	assert(isfinite(d) ? number_of(v->first) == d
	    : v->first->type == JSON_T_NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena *arena = fuzz_arena();
	struct str text = fuzz_str(data, n);
	const struct json_value *v = NULL;
	struct err err;

	err_init(&err);
	if (json_parse(arena, text, &v, &err) == RC_OK) {
		assert(v->type == JSON_T_OBJECT || v->type == JSON_T_ARRAY);
		check_round(arena, v);
	} else {
		assert(err.rc == RC_MALFORMED && v == NULL);
		assert(strstr(err.message, "line ") != NULL);
	}
	check_string(arena, text);
	if (n >= sizeof(double))
		check_number(arena, data);
	return 0;
}
