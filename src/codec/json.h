/*
 * json.h - strict JSON: text to a tree in an arena, and text out.
 *
 * Reading is I-JSON (RFC 7493) and stricter: one object or array, no duplicate
 * names, no NUL, no bad UTF-8, no trailing bytes, at most JSON_DEPTH_MAX deep,
 * whole numbers within int64. jansson does the work; the tree is ours, so that
 * nothing of jansson is kept. Any fault is RC_MALFORMED with line and column.
 */
#ifndef BEZEL_CODEC_JSON_H
#define BEZEL_CODEC_JSON_H

#include "base/buf.h"
#include "base/err.h"

enum { JSON_DEPTH_MAX = 32 };

enum json_type {
	JSON_T_NULL, JSON_T_BOOL, JSON_T_INT, JSON_T_REAL, JSON_T_STRING, JSON_T_ARRAY,
	JSON_T_OBJECT
};

struct json_value {
	enum json_type type;
	struct str name;		/* as a member of an object */
	union {
		bool boolean;
		int64_t integer;
		double real;
		struct str string;
		const struct json_value *first;	/* of an array or object */
	};
	size_t count;			/* of an array or object */
	const struct json_value *next;	/* sibling, in the order of the text */
};

enum rc json_parse(struct arena *arena, struct str text,
    const struct json_value **ret_value, struct err *err) must_use;

/* NULL when absent, or when the value is not an object (or NULL). */
const struct json_value *json_get(const struct json_value *object,
    const char *name);

/* Appends a quoted JSON string. NUL and bytes that are not UTF-8 become U+FFFD, so
 * the output is always JSON that json_parse() takes. Also escapes '<', '>' and '&', U+2028 and U+2029: the
 * text may stand in a script element. */
void buf_add_json(struct buf *buf, struct str s);
/* The shortest decimal that reads back as v; NaN and infinities become null. */
void buf_add_json_number(struct buf *buf, double v);
/* Appends the value with its members in order; used for free objects. */
void buf_add_json_value(struct buf *buf, const struct json_value *value);

#endif
