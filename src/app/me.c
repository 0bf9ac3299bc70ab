#include "config.h"

#include "app/me.h"

#include "base/clock.h"
#include "codec/json.h"
#include "schema/documents.h"
#include "store/users.h"

enum { EDIT_TRIES = 8 };

struct users_limits
app_limits_free(const struct conf *conf)
{
	return (struct users_limits){ conf->free_designs_monthly,
		conf->free_designs_daily, conf->free_refinements_monthly,
		conf->free_refinements_daily };
}

struct users_limits
app_limits_premium(const struct conf *conf)
{
	return (struct users_limits){ conf->premium_designs_monthly,
		conf->premium_designs_daily, conf->premium_refinements_monthly,
		conf->premium_refinements_daily };
}

/* --- plan and use -------------------------------------------------------- */

bool
app_me_premium(const struct user *user)
{
	return str_eqz(user->subscription.tier, "premium")
	    && (user->subscription.expires_at == TIME_NULL
	    || user->subscription.expires_at > clock_now_ms());
}

static struct quota
quota_of(int64_t limit, int64_t used, int64_t reset_s)
{
	return (struct quota){ limit, used < limit ? limit - used : 0, reset_s };
}

struct app_me_usage
app_me_usage(const struct app *app, const struct user *user)
{
	struct app_me_usage usage = { .premium = app_me_premium(user) };
	struct users_limits limits = usage.premium
	    ? app_limits_premium(app->conf) : app_limits_free(app->conf);
	const struct usage_stats *stats = &user->usage_stats;
	int64_t day_s, month_s;
	char day[11];

	day_s = app_day(day);
	month_s = app_month_left_s();
	usage.same_day = str_eqz(stats->day, day);
	usage.same_month = str_eq(stats->month, (struct str){ day, 7 });
	usage.designs_month = quota_of(limits.designs_month,
	    usage.same_month ? stats->designs_this_month : 0, month_s);
	usage.designs_day = quota_of(limits.designs_day,
	    usage.same_day ? stats->designs_today : 0, day_s);
	usage.refinements_month = quota_of(limits.refinements_month,
	    usage.same_month ? stats->refinements_this_month : 0, month_s);
	usage.refinements_day = quota_of(limits.refinements_day,
	    usage.same_day ? stats->refinements_today : 0, day_s);
	return usage;
}

struct quota
app_me_quota(const struct app *app, const struct user *user, bool refinement)
{
	struct app_me_usage usage = app_me_usage(app, user);
	struct quota day = refinement ? usage.refinements_day : usage.designs_day;
	struct quota month = refinement ? usage.refinements_month
	    : usage.designs_month;

	return day.left <= month.left ? day : month;
}

enum rc
app_usage_tidy(struct app *app, int64_t *ret_changed, struct err *err)
{
	enum { AT_ONCE = 500 };
	struct arena *page = arena_new();
	int64_t changed;

	*ret_changed = 0;
	do {
		changed = 0;
		(void)!users_tidy_usage(app->store, page, AT_ONCE, &changed, err);
		*ret_changed += changed;
		arena_reset(page);
	} while (err->rc == RC_OK && changed == AT_ONCE);
	arena_free(page);
	return err->rc;
}

/* --- profile ------------------------------------------------------------- */

/* Sets *at and tells whether that is a change. */
static bool
becomes(int64_t *at, int64_t value)
{
	bool changed = *at != value;

	*at = value;
	return changed;
}

/* What is derived at read: a plan that has ended is free, counters of a month or a day
 * that is over are 0, an address whose link has ended is none. The document as it is shown. */
static struct str
as_of_now(const struct app *app, struct arena *arena, struct user *user,
    struct str doc)
{
	struct app_me_usage usage = app_me_usage(app, user);
	struct usage_stats *stats = &user->usage_stats;
	bool changed = false;

	if (!usage.same_month) {
		changed |= becomes(&stats->designs_this_month, 0);
		changed |= becomes(&stats->refinements_this_month, 0);
	}
	if (!usage.same_day) {
		changed |= becomes(&stats->designs_today, 0);
		changed |= becomes(&stats->refinements_today, 0);
	}
	if (!usage.premium && str_eqz(user->subscription.tier, "premium")) {
		user->subscription.tier = STR("free");
		changed = true;
	}
	if (user->pending_email_until != TIME_NULL
	    && user->pending_email_until <= clock_now_ms()) {
		user->pending_email = STR_NULL;
		changed |= becomes(&user->pending_email_until, TIME_NULL);
	}
	return changed ? doc_to_bson(&doc_user, user, arena) : doc;
}

static enum rc
read_user(struct app *app, struct arena *arena, const struct actor *actor,
    struct user *user, struct str *ret_doc, struct err *err)
{
	enum rc rc = users_get(app->store, arena, actor->account, user,
	    ret_doc, err);

	if (rc == RC_NOT_FOUND || (rc == RC_OK && user->disabled_at != TIME_NULL))
		return err_set(err, RC_NO_SESSION, "This account is closed.");
	return rc;
}

static void
show(struct app *app, struct arena *arena, struct user *user, struct str doc,
    struct app_me *ret_me)
{
	*ret_me = (struct app_me){ .doc = as_of_now(app, arena, user, doc),
		.user = user, .updated_at_ms = user->updated_at };
}

enum rc
app_me_get(struct app *app, struct arena *arena, const struct actor *actor,
    struct app_me *ret_me, struct err *err)
{
	struct user *user = arena_one(arena, struct user);
	struct str doc;

	if (read_user(app, arena, actor, user, &doc, err) != RC_OK)
		return err->rc;
	show(app, arena, user, doc, ret_me);
	return RC_OK;
}

/* One try: reads, merges, writes if it is still what was read. */
static enum rc
edit_once(struct app *app, struct arena *arena, const struct actor *actor,
    int64_t if_match_ms, const struct json_value *patch, struct app_me *ret_me,
    struct err *err)
{
	struct user *user = arena_one(arena, struct user);
	struct str doc;

	if (read_user(app, arena, actor, user, &doc, err) != RC_OK)
		return err->rc;
	if (if_match_ms != TIME_NULL && if_match_ms != user->updated_at)
		return err_set(err, RC_PRECONDITION,
		    "The profile has changed since you read it.");
	user->present = 0;
	if (doc_decode(&doc_user, patch, DECODE_EDIT, user, arena, err) != RC_OK)
		return err->rc;
	if (user->present == 0) {	/* nothing is asked for */
		show(app, arena, user, doc, ret_me);
		return RC_OK;
	}
	if (users_set(app->store, arena, user->id, user->updated_at,
	    doc_pick(&doc_user, doc_to_bson(&doc_user, user, arena),
	    user->present, arena), &doc, err) != RC_OK)
		return err->rc;
	(void)doc_peek_time(doc, "updated_at", &user->updated_at);
	show(app, arena, user, doc, ret_me);
	return RC_OK;
}

enum rc
app_me_edit(struct app *app, struct arena *arena, const struct actor *actor,
    int64_t if_match_ms, const struct json_value *patch, struct app_me *ret_me,
    struct err *err)
{
	for (int i = 0; i < EDIT_TRIES; i++) {
		enum rc rc = edit_once(app, arena, actor, if_match_ms, patch,
		    ret_me, err);

		if (rc != RC_NOT_FOUND)
			return rc;
		err_init(err);		/* changed between read and write */
	}
	return err_set(err, RC_CONFLICT,
	    "The profile changes all the time; try again.");
}
