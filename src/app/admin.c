#include "config.h"

#include "app/admin.h"

#include "app/audit.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "codec/email.h"
#include "store/sessions.h"
#include "store/shares-watch.h"
#include "store/users.h"

enum { REASON_MAX = 200, ACT_MS = 10000 };

enum rc
admin_find(struct app *app, struct arena *arena, struct str who,
    struct user *ret_user, struct str *ret_doc, struct err *err)
{
	struct str email;
	enum rc rc = RC_NOT_FOUND;

	if (uuid_is(who))
		rc = users_get(app->store, arena, who, ret_user, ret_doc, err);
	else if (email_normalize(arena, who, &email)) {
		rc = users_by_email(app->store, arena, email, ret_user, err);
		if (rc == RC_OK && ret_doc != NULL)
			rc = users_get(app->store, arena, ret_user->id, ret_user,
			    ret_doc, err);
	}
	return rc == RC_NOT_FOUND ? err_set(err, RC_NOT_FOUND,
	    "There is no account with this id or address.") : rc;
}

/* --- one act ------------------------------------------------------------- */

struct act {
	struct app *app;
	const struct actor *actor;
	struct str id;
	struct str reason;
	struct subscription subscription;	/* wanted */
	int64_t now_ms;
	struct admin_done done;
};

/* The members of `changed` whose keys are given, as users_administer() takes them. */
static enum rc
set_member(struct store *store, struct arena *arena, const struct user *changed,
    const char *key, struct err *err)
{
	uint64_t present = 0;

	for (size_t i = 0; i < doc_user.field_count; i++)
		if (strcmp(doc_user.fields[i].key, key) == 0)
			present = UINT64_C(1) << i;
	return users_administer(store, arena, changed->id, doc_pick(&doc_user,
	    doc_to_bson(&doc_user, changed, arena), present, arena), err);
}

/* The state that decides is read in the transaction: who changes it meanwhile makes it
 * begin again. */
static enum rc
begin(struct act *act, struct store *store, struct arena *arena, struct err *err)
{
	act->done = (struct admin_done){ 0 };
	return users_get(store, arena, act->id, &act->done.user, NULL, err);
}

static enum rc
disable(struct store *store, struct arena *arena, void *arg, struct err *err)
{
	struct act *act = arg;
	struct user user;

	if (begin(act, store, arena, err) != RC_OK)
		return err->rc;
	if (act->done.user.disabled_at != TIME_NULL)
		return RC_OK;
	act->done.changed = true;
	user = act->done.user;
	user.disabled_at = act->now_ms;
	if (set_member(store, arena, &user, "disabled_at", err) != RC_OK
	    || sessions_remove_all(store, arena, act->id, STR_NULL,
	    &act->done.sessions, err) != RC_OK)
		return err->rc;
	/* Each host sees it within a second or two: share-watch.h. */
	if (shares_revoke_all(store, arena, user.id, act->now_ms, err) != RC_OK)
		return err->rc;
	return audit_write(act->app, arena, act->actor, "account_disabled",
	    act->id, act->reason.p == NULL ? NULL
	    : arena_strz(arena, act->reason), err);
}

static enum rc
enable(struct store *store, struct arena *arena, void *arg, struct err *err)
{
	struct act *act = arg;
	struct user user;

	if (begin(act, store, arena, err) != RC_OK)
		return err->rc;
	if (act->done.user.disabled_at == TIME_NULL)
		return RC_OK;
	if (str_eq(act->done.user.email, users_freed_email(arena, act->id)))
		return err_set(err, RC_CONFLICT, "This account is being deleted, "
		    "which cannot be undone.");
	act->done.changed = true;
	user = act->done.user;
	user.disabled_at = TIME_NULL;
	if (set_member(store, arena, &user, "disabled_at", err) != RC_OK)
		return err->rc;
	return audit_write(act->app, arena, act->actor, "account_enabled",
	    act->id, NULL, err);
}

static bool
holds(const struct subscription *s, int64_t now_ms)
{
	return str_eqz(s->tier, "premium")
	    && (s->expires_at == TIME_NULL || s->expires_at > now_ms);
}

static const char *
tier_detail(struct arena *arena, const struct subscription *s)
{
	char day[11];

	if (s->expires_at == TIME_NULL)
		return arena_strz(arena, s->tier);
	clock_day(s->expires_at - 1, day);	/* the last one it holds on */
	return arena_printf(arena, "%.*s until %s", STR_FMT(s->tier), day).p;
}

static enum rc
set_tier(struct store *store, struct arena *arena, void *arg, struct err *err)
{
	struct act *act = arg;
	struct subscription *have, want = act->subscription;
	struct user user;

	if (begin(act, store, arena, err) != RC_OK)
		return err->rc;
	have = &act->done.user.subscription;
	if (holds(have, act->now_ms) && holds(&want, act->now_ms))
		want.started_at = have->started_at;
	if (str_eq(have->tier, want.tier) && have->expires_at == want.expires_at
	    && have->started_at == want.started_at)
		return RC_OK;
	act->done.changed = true;
	user = act->done.user;
	user.subscription = want;
	if (set_member(store, arena, &user, "subscription", err) != RC_OK)
		return err->rc;
	return audit_write(act->app, arena, act->actor, "tier_changed", act->id,
	    tier_detail(arena, &want), err);
}

static enum rc
revoke(struct store *store, struct arena *arena, void *arg, struct err *err)
{
	struct act *act = arg;

	if (begin(act, store, arena, err) != RC_OK
	    || sessions_remove_all(store, arena, act->id, STR_NULL,
	    &act->done.sessions, err) != RC_OK)
		return err->rc;
	act->done.changed = act->done.sessions > 0;
	return !act->done.changed ? RC_OK : audit_write(act->app, arena,
	    act->actor, "sessions_revoked", act->id, NULL, err);
}

/* --- acts ---------------------------------------------------------------- */

static enum rc
run(struct act *act, struct arena *arena, struct str who,
    store_transaction_fn *fn, struct admin_done *ret_done, struct err *err)
{
	struct user user;

	if (admin_find(act->app, arena, who, &user, NULL, err) != RC_OK)
		return err->rc;
	act->id = user.id;
	act->now_ms = clock_now_ms();
	if (store_transaction(act->app->store, arena, clock_mono_ms() + ACT_MS,
	    fn, act, err) != RC_OK)
		return err->rc;
	*ret_done = act->done;
	return RC_OK;
}

enum rc
admin_disable(struct app *app, struct arena *arena, const struct actor *actor,
    struct str who, struct str reason, struct admin_done *ret_done,
    struct err *err)
{
	struct act act = { .app = app, .actor = actor, .reason = reason };

	/* It stays for 400 days, whatever becomes of the account. */
	if (reason.p != NULL && (reason.n == 0 || !utf8_valid(reason)
	    || utf8_count(reason) > REASON_MAX || utf8_has_controls(reason, false)
	    || str_find(reason, '@') < reason.n))
		return err_set(err, RC_INVALID, "A reason is one line of up to %d "
		    "characters, without e-mail addresses: it goes into the audit "
		    "log.", REASON_MAX);
	return run(&act, arena, who, disable, ret_done, err);
}

enum rc
admin_enable(struct app *app, struct arena *arena, const struct actor *actor,
    struct str who, struct admin_done *ret_done, struct err *err)
{
	struct act act = { .app = app, .actor = actor };

	return run(&act, arena, who, enable, ret_done, err);
}

enum rc
admin_set_tier(struct app *app, struct arena *arena, const struct actor *actor,
    struct str who, const char *tier, int64_t until_ms,
    struct admin_done *ret_done, struct err *err)
{
	struct act act = { .app = app, .actor = actor };
	bool premium = strcmp(tier, "premium") == 0;

	if (until_ms != TIME_NULL && until_ms <= clock_now_ms())
		return err_set(err, RC_INVALID, "That day is over.");
	doc_init(&doc_subscription, &act.subscription);
	act.subscription.tier = str_of(tier);
	act.subscription.started_at = premium ? clock_now_ms() : TIME_NULL;
	act.subscription.expires_at = premium ? until_ms : TIME_NULL;
	return run(&act, arena, who, set_tier, ret_done, err);
}

enum rc
admin_revoke_sessions(struct app *app, struct arena *arena,
    const struct actor *actor, struct str who, struct admin_done *ret_done,
    struct err *err)
{
	struct act act = { .app = app, .actor = actor };

	return run(&act, arena, who, revoke, ret_done, err);
}
