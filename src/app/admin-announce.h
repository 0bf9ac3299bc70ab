/*
 * admin-announce.h - one mail to every member who wants a kind of news.
 *
 * An announcement's id is its time and a digest of what it says; a mail's job has an id
 * made of that and of the member. So a run that was broken off can be run again with the
 * same id, and nobody gets it twice. That holds for as long as ended jobs are kept;
 * after ANNOUNCE_RESUME_DAYS an id is refused.
 */
#ifndef BEZEL_APP_ADMIN_ANNOUNCE_H
#define BEZEL_APP_ADMIN_ANNOUNCE_H

#include "app/app.h"

struct mail_order;

enum {
	ANNOUNCE_RESUME_DAYS = 5,
	ANNOUNCE_SUBJECT_MAX = 200, ANNOUNCE_TEXT_MAX = 10000	/* characters */
};

struct announcement {
	struct str list;		/* "new_features", "design_tips" */
	struct str subject, text;
	struct str id;
};

/* Checks what it says, and gives it an id: a new one, or `resume` when that is of the same
 * words. RC_INVALID. */
enum rc admin_announce_begin(struct arena *arena,
    struct announcement *announcement, struct str resume, struct err *err) must_use;

struct announced {
	int64_t members;	/* who want it */
	int64_t queued;		/* now */
	int64_t before;		/* by an earlier run */
};

/* Queues the mails, or only counts (members). Events of begin and end go into the audit
 * log. On failure *ret holds what was done until then. */
enum rc admin_announce(struct app *app, const struct actor *actor,
    const struct announcement *announcement, bool dry_run,
    struct announced *ret, struct err *err) must_use;

/* When it is sent: the member is there, is not disabled and wants the order's list
 * still, at the same address. */
enum rc admin_announce_wanted(struct app *app, struct arena *arena,
    struct str user_id, const struct mail_order *order, bool *ret_wanted,
    struct err *err) must_use;

#endif
