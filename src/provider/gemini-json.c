#include "config.h"

#include "provider/gemini-json.h"

#include "codec/base64.h"

const struct json_value *
gemini_get(const struct json_value *object, const char *name)
{
	const struct json_value *value = json_get(object, name);
	char snake[64];
	size_t n = 0;

	if (value != NULL)
		return value;
	for (const char *c = name; *c != '\0' && n < sizeof snake - 2; c++) {
		if (*c >= 'A' && *c <= 'Z')
			snake[n++] = '_';
		snake[n++] = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
	}
	snake[n] = '\0';
	return json_get(object, snake);
}

struct str
gemini_get_str(const struct json_value *object, const char *name)
{
	const struct json_value *value = gemini_get(object, name);

	return value != NULL && value->type == JSON_T_STRING ? value->string : STR_NULL;
}

int64_t
gemini_get_count(const struct json_value *object, const char *name)
{
	const struct json_value *value = gemini_get(object, name);

	return value != NULL && value->type == JSON_T_INT && value->integer >= 0
	    && value->integer <= 1000000000 ? value->integer : -1;
}

bool
gemini_get_true(const struct json_value *object, const char *name)
{
	const struct json_value *value = gemini_get(object, name);

	return value != NULL && value->type == JSON_T_BOOL && value->boolean;
}

const struct json_value *
gemini_first(const struct json_value *array)
{
	return array != NULL && array->type == JSON_T_ARRAY ? array->first : NULL;
}

/* --- long strings ------------------------------------------------------- */

/*
 * A picture is a string of two million characters, of which the JSON reader would
 * make three copies, one character at a time. Such strings are base64 and hold
 * nothing to be unescaped: they are taken out before, and "@<number>" is left in
 * their place, which no base64 begins with.
 */
enum { LIFT_LEAST = 4096 };

static struct str
lift(struct arena *scratch, struct str body, struct gemini_long *taken)
{
	struct buf out;

	buf_init(&out, scratch, body.n < LIFT_LEAST ? body.n : LIFT_LEAST, body.n);
	while (body.n > 0) {
		size_t quote = str_find(body, '"') + 1, run;

		if (quote > body.n)
			break;
		buf_add(&out, body.p, quote);
		body = str_slice(body, quote, body.n);
		run = base64_run(body);
		if (run < LIFT_LEAST || run == body.n || body.p[run] != '"'
		    || taken->count == GEMINI_LONG_MOST)
			continue;
		taken->strings[taken->count] = str_slice(body, 0, run);
		buf_printf(&out, "@%zu", taken->count++);
		body = str_slice(body, run, body.n);
	}
	buf_add_str(&out, body);
	return buf_str(&out);
}

struct str
gemini_long_string(const struct gemini_long *taken, struct str s)
{
	int64_t i;

	if (s.n < 2 || s.p[0] != '@' || !str_to_i64(str_slice(s, 1, s.n), &i)
	    || i < 0 || (size_t)i >= taken->count)
		return s;
	return taken->strings[i];
}

const struct json_value *
gemini_parse(struct arena *scratch, struct str body, struct gemini_long *ret_long,
    struct err *err)
{
	const struct json_value *json;

	ret_long->count = 0;
	if (json_parse(scratch, lift(scratch, body, ret_long), &json, err) != RC_OK)
		return NULL;
	return json->type == JSON_T_ARRAY ? json->first : json;
}
