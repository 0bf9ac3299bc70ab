#include "config.h"

#include "codec/json.h"

#include <float.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/lanes.h"
#include "base/utf8.h"

/* jansson's own bound on depth is fixed at 2048, so ours is checked before.
 * *ret_at is the bracket that is too much. */
static bool
too_deep(struct str text, size_t *ret_at)
{
	bool in_string = false;
	int depth = 0;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			if (++depth > JSON_DEPTH_MAX) {
				*ret_at = i;
				return true;
			}
		} else if (c == '}' || c == ']') {
			depth--;
		}
	}
	return false;
}

/* With line and column (in code points, from 1) as jansson's faults have them. */
static enum rc
fail_at(struct str text, size_t at, const char *what, struct err *err)
{
	size_t line = 1, start = 0;

	for (size_t i = 0; i < at; i++)
		if (text.p[i] == '\n') {
			line++;
			start = i + 1;
		}
	return err_set(err, RC_MALFORMED,
	    "The JSON is malformed at line %zu, column %zu: %s.", line,
	    utf8_count(str_slice(text, start, at)) + 1, what);
}

static struct json_value *copy(struct arena *arena, json_t *from);

static void
append(struct json_value *parent, const struct json_value ***end,
    struct json_value *child)
{
	**end = child;
	*end = &child->next;
	parent->count++;
}

static void
copy_children(struct arena *arena, json_t *from, struct json_value *to)
{
	const struct json_value **end = &to->first;

	if (to->type == JSON_T_ARRAY) {
		for (size_t i = 0; i < json_array_size(from); i++)
			append(to, &end, copy(arena, json_array_get(from, i)));
		return;
	}
	for (void *at = json_object_iter(from); at != NULL;
	    at = json_object_iter_next(from, at)) {
		struct json_value *child = copy(arena,
		    json_object_iter_value(at));

		child->name = arena_str(arena,
		    str_of(json_object_iter_key(at)));
		append(to, &end, child);
	}
}

static struct json_value *
copy(struct arena *arena, json_t *from)
{
	struct json_value *to = arena_one(arena, struct json_value);

	switch (json_typeof(from)) {
	case JSON_TRUE:
	case JSON_FALSE:
		to->type = JSON_T_BOOL;
		to->boolean = json_is_true(from);
		break;
	case JSON_INTEGER:
		to->type = JSON_T_INT;
		to->integer = json_integer_value(from);
		break;
	default:
		break;
	}
	if (json_is_real(from)) {
		to->type = JSON_T_REAL;
		to->real = json_real_value(from);
	} else if (json_is_string(from)) {
		to->type = JSON_T_STRING;
		to->string = arena_str(arena, (struct str){
		    json_string_value(from), json_string_length(from) });
	} else if (json_is_array(from) || json_is_object(from)) {
		to->type = json_is_array(from) ? JSON_T_ARRAY : JSON_T_OBJECT;
		copy_children(arena, from, to);
	}
	return to;
}

enum rc
json_parse(struct arena *arena, struct str text,
    const struct json_value **ret_value, struct err *err)
{
	json_error_t fault;
	json_t *tree;
	size_t at;

	/* jansson loses a NUL that stands behind a number or a word. */
	at = str_find(text, '\0');
	if (at < text.n)
		return fail_at(text, at, "a NUL byte", err);
	if (too_deep(text, &at))
		return fail_at(text, at, "nested too deep", err);
	tree = json_loadb(text.p == NULL ? "" : text.p, text.n,
	    JSON_REJECT_DUPLICATES, &fault);
	if (tree == NULL)	/* jansson's words for a NUL name its own options */
		return err_set(err, RC_MALFORMED,
		    "The JSON is malformed at line %d, column %d: %s.",
		    fault.line, fault.column,
		    json_error_code(&fault) == json_error_null_character
		    || json_error_code(&fault) == json_error_null_byte_in_key
		    ? "\\u0000 is not accepted" : fault.text);
	*ret_value = copy(arena, tree);
	json_decref(tree);
	return RC_OK;
}

const struct json_value *
json_get(const struct json_value *object, const char *name)
{
	if (object == NULL || object->type != JSON_T_OBJECT)
		return NULL;
	for (const struct json_value *v = object->first; v != NULL; v = v->next)
		if (str_eqz(v->name, name))
			return v;
	return NULL;
}

/* 1: characters that go out as they are, without a look at their neighbours. */
static const unsigned char plain[256] = {
	[' '] = 1, ['!'] = 1, ['#' ... '%'] = 1, ['\'' ... ';'] = 1, ['='] = 1,
	['?' ... '['] = 1, [']' ... '~'] = 1,
};

static void
add_escaped(struct buf *buf, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	char text[6] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };

	switch (c) {
	case '"': buf_add(buf, "\\\"", 2); break;
	case '\\': buf_add(buf, "\\\\", 2); break;
	case '\n': buf_add(buf, "\\n", 2); break;
	case '\t': buf_add(buf, "\\t", 2); break;
	case '\r': buf_add(buf, "\\r", 2); break;
	default: buf_add(buf, text, sizeof text);
	}
}

/* From i on, the end of what goes out as it is. */
static size_t
skip_plain(struct str s, size_t i)
{
	for (; s.n - i >= LANES; i += LANES) {
		lanes l = lanes_load(s.p + i);

		if (!lanes_none(lanes_odd(l) | (lanes)(l == '"')
		    | (lanes)(l == '&') | (lanes)(l == '<')
		    | (lanes)(l == '>') | (lanes)(l == '\\')))
			break;
	}
	while (i < s.n && plain[(unsigned char)s.p[i]])
		i++;
	return i;
}

void
buf_add_json(struct buf *buf, struct str s)
{
	size_t i = 0;

	buf_add_char(buf, '"');
	while (i < s.n) {
		size_t from = i, len;

		i = skip_plain(s, i);
		buf_add(buf, s.p + from, i - from);
		if (i == s.n)
			break;
		len = utf8_char(s.p + i, s.n - i);
		if (len == 0 || s.p[i] == '\0')
			buf_addz(buf, "\xef\xbf\xbd");
		else if (len == 1)
			add_escaped(buf, (unsigned char)s.p[i]);
		else if (len == 3 && memcmp(s.p + i, "\xe2\x80\xa8", 3) == 0)
			buf_addz(buf, "\\u2028");
		else if (len == 3 && memcmp(s.p + i, "\xe2\x80\xa9", 3) == 0)
			buf_addz(buf, "\\u2029");
		else
			buf_add(buf, s.p + i, len);
		i += len == 0 ? utf8_bad(s.p + i, s.n - i) : len;
	}
	buf_add_char(buf, '"');
}

/* Most of our numbers are millimetres, carats and dollars: at most four
 * decimals, exact after a multiplication. snprintf costs ten times as much. */
static bool
add_short_decimal(struct buf *buf, double v)
{
	double scaled = v * 10000;
	int64_t whole;
	char text[4];
	int n = 4;

	if (!(fabs(v) < 1e9))
		return false;
	whole = (int64_t)llround(scaled);
	if ((double)whole / 10000 != v)
		return false;
	if (whole < 0) {
		buf_add_char(buf, '-');
		whole = -whole;
	}
	buf_add_i64(buf, whole / 10000);
	whole %= 10000;
	for (int i = 3; i >= 0; i--, whole /= 10)
		text[i] = (char)('0' + whole % 10);
	while (n > 0 && text[n - 1] == '0')
		n--;
	if (n > 0) {
		buf_add_char(buf, '.');
		buf_add(buf, text, (size_t)n);
	}
	return true;
}

void
buf_add_json_number(struct buf *buf, double v)
{
	char text[40];

	if (!isfinite(v)) {
		buf_addz(buf, "null");
		return;
	}
	if (add_short_decimal(buf, v))
		return;
	/* Up to 15 digits come back from any double but the subnormal ones. */
	for (int digits = fabs(v) < DBL_MIN ? 1 : 15; digits <= 17; digits++) {
		(void)snprintf(text, sizeof text, "%.*g", digits, v);
		if (strtod(text, NULL) == v)
			break;
	}
	buf_addz(buf, text);
}

void
buf_add_json_value(struct buf *buf, const struct json_value *value)
{
	bool object = value->type == JSON_T_OBJECT;

	switch (value->type) {
	case JSON_T_NULL:
		buf_addz(buf, "null");
		return;
	case JSON_T_BOOL:
		buf_addz(buf, value->boolean ? "true" : "false");
		return;
	case JSON_T_INT:
		buf_add_i64(buf, value->integer);
		return;
	case JSON_T_REAL:
		buf_add_json_number(buf, value->real);
		return;
	case JSON_T_STRING:
		buf_add_json(buf, value->string);
		return;
	case JSON_T_ARRAY:
	case JSON_T_OBJECT:
		break;
	}
	buf_add_char(buf, object ? '{' : '[');
	for (const struct json_value *v = value->first; v != NULL; v = v->next) {
		if (v != value->first)
			buf_add_char(buf, ',');
		if (object) {
			buf_add_json(buf, v->name);
			buf_add_char(buf, ':');
		}
		buf_add_json_value(buf, v);
	}
	buf_add_char(buf, object ? '}' : ']');
}
