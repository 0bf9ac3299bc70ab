/*
 * me.h - a member's own profile, plan and use.
 */
#ifndef BEZEL_APP_ME_H
#define BEZEL_APP_ME_H

#include "app/app.h"

struct json_value;
struct user;
struct users_limits;

struct app_me {
	struct str doc;
	struct user *user;
	int64_t updated_at_ms;
};

enum rc app_me_get(struct app *app, struct arena *arena,
    const struct actor *actor, struct app_me *ret_me, struct err *err) must_use;

/* A merge patch on what is there; if_match_ms as in designs.h. */
enum rc app_me_edit(struct app *app, struct arena *arena,
    const struct actor *actor, int64_t if_match_ms,
    const struct json_value *patch, struct app_me *ret_me,
    struct err *err) must_use;

/* What holds now: premium only until expires_at, counters only in their month and
 * day. */
bool app_me_premium(const struct user *user);
struct app_me_usage {
	bool premium, same_day, same_month;	/* counters are of today, this month */
	struct quota designs_month, designs_day, refinements_month,
	    refinements_day;
};
struct app_me_usage app_me_usage(const struct app *app, const struct user *user);

/* The tighter of a day's and a month's, for the rate headers. */
struct quota app_me_quota(const struct app *app, const struct user *user,
    bool refinement);

/* Sets counters to 0 whose month is over, for whoever looks at the database: neither
 * reads nor charges depend on it, so it may run late, twice or never. */
enum rc app_usage_tidy(struct app *app, int64_t *ret_changed,
    struct err *err) must_use;

/* Limits of both tiers, as they are configured. */
struct users_limits app_limits_free(const struct conf *conf);
struct users_limits app_limits_premium(const struct conf *conf);

#endif
