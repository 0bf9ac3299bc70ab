/*
 * err.h - how a function says that it failed.
 *
 * A function that can fail returns enum rc and takes `struct err *err` last.
 * The place that knows fills err: the code, a sentence for the client, a
 * detail for the log (never shown). Callers pass it on and do not reword it.
 * `errors.def` maps codes to HTTP statuses.
 */
#ifndef BEZEL_BASE_ERR_H
#define BEZEL_BASE_ERR_H

#include "base/arena.h"

enum rc {
	RC_OK = 0,
#define ERROR(name, code, status, title) RC_##name,
#include "base/errors.def"
#undef ERROR
	RC_COUNT
};

#define must_use __attribute__((warn_unused_result))

/* One fault of an input, as shown in `problem.errors`. */
struct fault {
	struct fault *next;
	struct str pointer;	/* JSON pointer (RFC 6901), or a parameter name */
	const char *code;	/* a stable word: "too_long", "unknown_field" ... */
	struct str detail;	/* one sentence */
};

enum { FAULTS_MAX = 64 };	/* more are counted, not kept */

struct err {
	enum rc rc;
	char message[240];	/* for the client */
	char detail[480];	/* for the log */
	int retry_after_s;	/* 0: not said */
	bool unknown;		/* it may have happened: nobody knows */
	struct str extra_json;	/* further members of the problem, `"name":value`, or null */
	struct fault *faults, **faults_end;
	int fault_count;
};

struct error_row {
	const char *code;
	int status;
	const char *title;
};
extern const struct error_row error_rows[RC_COUNT];

void err_init(struct err *err);

/* Fills err and returns rc. The message is what the client reads. */
enum rc err_set(struct err *err, enum rc rc, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Adds what only the log should say. Returns err->rc. */
enum rc err_detail(struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Adds a fault of the input; err becomes RC_INVALID unless it has a code. */
void err_fault(struct err *err, struct arena *arena, struct str pointer,
    const char *code, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

#endif
