#include "config.h"

#include "base/log.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"

enum { LINE_BYTES = 4000 };	/* under PIPE_BUF: one write stays whole */

static enum log_level least = LOG_INFO;
static const char *role = "bezel";
static char context[64];
static size_t context_n;

void
log_init(enum log_level level, const char *new_role)
{
	least = level;
	role = new_role;
}

void
log_context(struct str request_id)
{
	context_n = request_id.n < sizeof context ? request_id.n : sizeof context;
	if (context_n > 0)
		memcpy(context, request_id.p, context_n);
}

size_t
log_json_text(char *p, size_t room, struct str s)
{
	size_t at = 0;

	if (room < 16)
		return 0;
	p[at++] = '"';
	for (size_t i = 0; i < s.n;) {
		unsigned char c = (unsigned char)s.p[i];
		size_t len = utf8_char(s.p + i, s.n - i);

		if (room - at < 10)
			break;
		if (c == '"' || c == '\\') {
			p[at++] = '\\';
			p[at++] = (char)c;
			len = 1;
		} else if (c < 0x20 || c == 0x7f) {
			at += (size_t)snprintf(p + at, room - at, "\\u%04x", c);
			len = 1;
		} else if (len == 0) {
			memcpy(p + at, "\xef\xbf\xbd", 3);
			at += 3;
			len = utf8_bad(s.p + i, s.n - i);
		} else {
			memcpy(p + at, s.p + i, len);
			at += len;
		}
		i += len;
	}
	p[at++] = '"';
	return at;
}

void
log_event_fields(enum log_level level, const char *event,
    const struct log_field *f)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };
	char line[LINE_BYTES], time[CLOCK_TEXT_BYTES];
	size_t at;

	if (level < least)
		return;
	clock_text(clock_now_ms(), time);
	at = (size_t)snprintf(line, sizeof line,
	    "{\"time\":\"%.*s\",\"level\":\"%s\",\"role\":\"%s\",\"pid\":%d,"
	    "\"event\":\"%s\"", CLOCK_TEXT_BYTES, time, names[level], role,
	    (int)getpid(), event);
	if (context_n > 0) {
		at += (size_t)snprintf(line + at, sizeof line - at,
		    ",\"request_id\":");
		at += log_json_text(line + at, sizeof line - at,
		    (struct str){ context, context_n });
	}
	for (; f->kind != LOG_KIND_END; f++) {
		if (sizeof line - at < strlen(f->name) + 64)
			break;
		at += (size_t)snprintf(line + at, sizeof line - at, ",\"%s\":",
		    f->name);
		if (f->kind == LOG_KIND_INT)
			at += (size_t)snprintf(line + at, sizeof line - at,
			    "%lld", (long long)f->number);
		else if (f->text.p == NULL)
			at += (size_t)snprintf(line + at, sizeof line - at, "null");
		else
			at += log_json_text(line + at, sizeof line - at - 8,
			    f->text);
	}
	line[at++] = '}';
	line[at++] = '\n';
	(void)!write(2, line, at);	/* a full disk must not stop the service */
}
