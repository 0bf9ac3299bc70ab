/*
 * admin.h - what those who run a studio do with its members' accounts, and see.
 *
 * The actor's principal is "admin:<login name>". Each act is one transaction with its
 * event in the audit log: what cannot be written there is not done. An account is named
 * by its id or by its address, in any spelling of it.
 */
#ifndef BEZEL_APP_ADMIN_H
#define BEZEL_APP_ADMIN_H

#include "app/app.h"
#include "schema/documents.h"
#include "store/report.h"

enum { ADMIN_LIST_MAX = 1000, ADMIN_REPORT_DAYS_MAX = 366 };

/* RC_NOT_FOUND: no account is that. ret_doc may be NULL. */
enum rc admin_find(struct app *app, struct arena *arena, struct str who,
    struct user *ret_user, struct str *ret_doc, struct err *err) must_use;

/* --- acts (admin.c) ------------------------------------------------------ */

struct admin_done {
	struct user user;	/* as it was before */
	bool changed;		/* false: it was so already, and nothing was written */
	int64_t sessions;	/* that were ended */
};

/* Nobody signs in any more, and all sessions end: on hosts that serve, within
 * session_cache_s. The reason (or null) has up to 200 characters and no '@': RC_INVALID. */
enum rc admin_disable(struct app *app, struct arena *arena,
    const struct actor *actor, struct str who, struct str reason,
    struct admin_done *ret_done, struct err *err) must_use;
enum rc admin_enable(struct app *app, struct arena *arena,
    const struct actor *actor, struct str who, struct admin_done *ret_done,
    struct err *err) must_use;

/* "free", or "premium" until a time (TIME_NULL: without an end), which is ahead. The
 * begin of a premium that holds already stays. */
enum rc admin_set_tier(struct app *app, struct arena *arena,
    const struct actor *actor, struct str who, const char *tier,
    int64_t until_ms, struct admin_done *ret_done, struct err *err) must_use;

enum rc admin_revoke_sessions(struct app *app, struct arena *arena,
    const struct actor *actor, struct str who, struct admin_done *ret_done,
    struct err *err) must_use;

/* Another address (admin-email.c), in any spelling: it is to be confirmed by a link that is
 * sent there, the old one hears of it, sessions end and other links of the account are
 * void. RC_INVALID; RC_CONFLICT: another account has it. */
enum rc admin_set_email(struct app *app, struct arena *arena,
    const struct actor *actor, struct str who, struct str email,
    struct admin_done *ret_done, struct err *err) must_use;

/* --- looking (admin-look.c) ---------------------------------------------- */

struct users_query;

/* Documents of users; at most query->limit, up to ADMIN_LIST_MAX. */
enum rc admin_users(struct app *app, struct arena *arena,
    struct users_query *query, struct str *ret_docs, size_t *ret_n,
    struct err *err) must_use;

enum { ADMIN_EVENTS = 10 };

struct admin_member {
	struct user user;
	struct str doc;
	int64_t designs, trashed;	/* all of them, and those in the trash */
	int64_t sessions;		/* live ones, up to 100 */
	struct str events[ADMIN_EVENTS];	/* newest first */
	size_t event_count;
};
enum rc admin_member(struct app *app, struct arena *arena, struct str who,
    struct admin_member *ret_member, struct err *err) must_use;

/* The audit log, newest first: of an account (null: of all), of a kind (or null), since
 * a time (TIME_NULL: ever). At most limit, up to ADMIN_LIST_MAX. */
struct admin_events {
	struct str user_id, kind;
	int64_t since_ms;
	int limit;
};
enum rc admin_audit(struct app *app, struct arena *arena,
    const struct admin_events *query, struct str *ret_docs, size_t *ret_n,
    struct err *err) must_use;

struct admin_day {
	char day[11];			/* "2026-11-22", UTC */
	struct report_figures figures;
};
/* The last `count` days up to today, the oldest first. */
enum rc admin_report(struct app *app, struct arena *arena, int count,
    struct admin_day *ret_days, struct err *err) must_use;

#endif
