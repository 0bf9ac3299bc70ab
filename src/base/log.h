/*
 * log.h - one JSON object a line on standard error.
 *
 * Only app, api, jobs and cmd log, once, where the work is decided. An event
 * has a dotted name and typed members. No bodies, prompts, tokens, addresses
 * or e-mails go in. A full or broken disk never stops the service.
 *
 *	log_event(LOG_WARN, "render.failed", LOG_STR("design", id),
 *	    LOG_INT("attempt", 2), LOG_END);
 */
#ifndef BEZEL_BASE_LOG_H
#define BEZEL_BASE_LOG_H

#include "base/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

enum log_kind { LOG_KIND_END, LOG_KIND_STR, LOG_KIND_INT };

struct log_field {
	enum log_kind kind;
	const char *name;
	struct str text;
	int64_t number;
};

#define LOG_STR(name, s) ((struct log_field){ LOG_KIND_STR, (name), (s), 0 })
#define LOG_Z(name, z) ((struct log_field){ LOG_KIND_STR, (name), str_of(z), 0 })
#define LOG_INT(name, v) \
	((struct log_field){ LOG_KIND_INT, (name), STR_NULL, (int64_t)(v) })
#define LOG_END ((struct log_field){ LOG_KIND_END, NULL, STR_NULL, 0 })

/* Lines below level are dropped; the role names the process in each line. */
void log_init(enum log_level level, const char *role);
/* The request or job that all following lines belong to, or null. */
void log_context(struct str request_id);
void log_event_fields(enum log_level level, const char *event,
    const struct log_field *fields);
#define log_event(level, event, ...) \
	log_event_fields((level), (event), \
	    (const struct log_field[]){ __VA_ARGS__ })

/* Writes s as a JSON string with quotes into at most room bytes, cut at a
 * character; bytes that are not UTF-8 become U+FFFD. Returns the length. */
size_t log_json_text(char *p, size_t room, struct str s);

#endif
