/*
 * gemini-json.h - for the gemini driver only: the JSON of a reply, read leniently.
 *
 * Whatever is missing or of another type reads as "not told".
 */
#ifndef BEZEL_PROVIDER_GEMINI_JSON_H
#define BEZEL_PROVIDER_GEMINI_JSON_H

#include "codec/json.h"

enum { GEMINI_LONG_MOST = 64 };

/* Long strings, which stay where they are in the body. */
struct gemini_long {
	struct str strings[GEMINI_LONG_MOST];
	size_t count;
};

/* NULL: not JSON (err says where) or an empty array. A reply in an array, as
 * streaming calls give it, is read as its first element. */
const struct json_value *gemini_parse(struct arena *scratch, struct str body,
    struct gemini_long *ret_long, struct err *err);
/* A string of the tree as it was in the body. */
struct str gemini_long_string(const struct gemini_long *taken, struct str s);

/* A member by its camelCase name; proxies were seen to answer in snake_case. */
const struct json_value *gemini_get(const struct json_value *object,
    const char *name);
struct str gemini_get_str(const struct json_value *object, const char *name);
/* A count of tokens; -1: not told. More than a thousand million is nonsense. */
int64_t gemini_get_count(const struct json_value *object, const char *name);
bool gemini_get_true(const struct json_value *object, const char *name);
const struct json_value *gemini_first(const struct json_value *array);

#endif
