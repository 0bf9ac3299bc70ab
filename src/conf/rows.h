/*
 * rows.h - within conf only: options.def as an array.
 */
#ifndef BEZEL_CONF_ROWS_H
#define BEZEL_CONF_ROWS_H

#include "conf/conf.h"

enum conf_type {
	CONF_KIND_str, CONF_KIND_path, CONF_KIND_int, CONF_KIND_bool,
	CONF_KIND_enum, CONF_KIND_list
};

struct conf_word {
	const char *text;	/* NULL ends the array */
	int value;
};

struct conf_row {
	const char *name;
	enum conf_type type;
	size_t offset;		/* of the member in struct conf */
	const char *preset;
	const char *text;
	int64_t min, max;
	const struct conf_word *words;
};

extern const struct conf_row conf_rows[CONF_OPTION_COUNT];

/* CONF_OPTION_COUNT when there is none of that name. */
enum conf_option conf_find(struct str name);

/* The words of an enum: "a, b, c". */
void conf_add_words(struct buf *buf, const struct conf_row *row);

/* Adds a fault at that place. Returns RC_INVALID. */
enum rc conf_fault(struct err *err, struct arena *arena, struct str origin,
    const char *code, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

#endif
