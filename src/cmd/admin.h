/*
 * admin.h - within the files of `bezel admin` only.
 */
#ifndef BEZEL_CMD_ADMIN_H
#define BEZEL_CMD_ADMIN_H

#include "app/admin.h"
#include "cmd/cmd.h"

/* Arguments as they were given; NULL, or false: not. */
struct admin_args {
	const char *operands[2];
	const char *email, *tier, *limit, *reason, *until, *user, *kind, *since;
	const char *list, *subject, *text_file, *resume, *days;
	bool json, disabled, follow, dry_run;
};

/* What the function of a row gets; it returns the exit status, and `out` is shown. */
struct admin {
	struct cmd *cmd;
	struct arena *arena;
	struct app app;
	struct actor actor;
	struct admin_args args;
	struct buf out;
};
typedef int admin_fn(struct admin *admin, struct err *err);

/* admin-audit.c; the others are in admin.c. */
admin_fn admin_audit_tail;

/* Reads what follows the words of a row of admin.def. 0, or 2 after saying what is
 * wrong. */
int admin_args_read(char *const *words, int operands, const char *known,
    struct admin_args *ret_args);

/* A number from 1 to max, or preset when text is NULL. False after saying so. */
bool admin_args_number(const char *name, const char *text, int preset, int max,
    int *ret_number);
/* The begin of a day, "2026-11-22", in UTC. */
bool admin_args_day(const char *text, int64_t *ret_ms);

/* Who runs this: "admin:<login name>". */
struct actor admin_operator(struct arena *arena);

/* --- what is shown (admin-print.c) --------------------------------------- */

void admin_print_users(struct buf *buf, const struct str *docs, size_t n,
    bool json);
void admin_print_member(struct buf *buf, const struct app *app,
    const struct admin_member *member, bool json);
/* One line. */
void admin_print_event(struct buf *buf, struct arena *arena, struct str doc,
    bool json);
void admin_print_report(struct buf *buf, const struct admin_day *days, int count,
    bool json);

#endif
