#include "config.h"

#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

const struct error_row error_rows[RC_COUNT] = {
	[RC_OK] = { "ok", 200, "OK" },
#define ERROR(name, code, status, title) [RC_##name] = { code, status, title },
#include "base/errors.def"
#undef ERROR
};

void
err_init(struct err *err)
{
	memset(err, 0, sizeof *err);
	err->faults_end = &err->faults;
}

enum rc
err_set(struct err *err, enum rc rc, const char *fmt, ...)
{
	va_list ap;

	err->rc = rc;
	va_start(ap, fmt);
	(void)vsnprintf(err->message, sizeof err->message, fmt, ap);
	va_end(ap);
	return rc;
}

enum rc
err_detail(struct err *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(err->detail, sizeof err->detail, fmt, ap);
	va_end(ap);
	return err->rc;
}

void
err_fault(struct err *err, struct arena *arena, struct str pointer,
    const char *code, const char *fmt, ...)
{
	char text[200];
	struct fault *fault;
	va_list ap;

	if (err->rc == RC_OK)
		(void)err_set(err, RC_INVALID, "The request has faults; see errors.");
	if (err->fault_count++ >= FAULTS_MAX)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	fault = arena_one(arena, struct fault);
	fault->pointer = arena_str(arena, pointer);
	fault->code = code;
	fault->detail = arena_str(arena, str_of(text));
	*err->faults_end = fault;
	err->faults_end = &fault->next;
}
