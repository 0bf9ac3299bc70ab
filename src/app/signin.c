#include "config.h"

#include "app/signin.h"

#include "app/audit.h"
#include "app/device.h"
#include "app/guests.h"
#include "app/limit.h"
#include "app/password.h"
#include "app/post.h"
#include "base/clock.h"
#include "codec/email.h"
#include "schema/documents.h"
#include "store/users.h"

enum {
	DAY_S = 24 * 3600, HOUR_S = 3600, DAILY_TIMES = 10,
	ADDRESS_TIMES = 10,		/* accounts that sign in from one at once */
	LIMITS = 5, KEPT = 2
};

static enum rc
refuse(struct app *app, struct arena *arena, const struct actor *actor,
    const struct user *user, struct err *err)
{
	metric_add(app->shared, METRIC_sign_in_failures_total, 1);
	if (audit_write(app, arena, actor, "sign_in_failed",
	    user != NULL ? user->id : STR_NULL, NULL, err) != RC_OK)
		return err->rc;
	return err_set(err, RC_CREDENTIALS, "E-mail and password do not belong "
	    "together, or the address is not confirmed yet.");
}

/* By account and address (or by a browser that its owner has used) in a short window
 * and over a day; and by address alone. So many, behind which KEPT follow that are not
 * given back to a right password: each is a hash, which keeps a worker busy. */
static size_t
make_limits(struct app *app, struct arena *arena, const struct actor *actor,
    struct str email, struct str device, struct limit limits[LIMITS])
{
	const struct conf *conf = app->conf;
	struct str address = app_address_key(arena, actor->address);
	struct str who = device.p != NULL ? device : arena_printf(arena,
	    "%.*s %.*s", STR_FMT(email), STR_FMT(address));
	size_t n;

	limits[0] = (struct limit){ "login", who, conf->login_failures,
		conf->login_window_s, 1 };
	limits[1] = (struct limit){ "login-day", who,
		conf->login_failures * DAILY_TIMES, DAY_S, 1 };
	limits[2] = (struct limit){ "login-address", address,
		conf->login_address_failures, conf->login_window_s, 1 };
	n = device.p != NULL ? 2 : 3;
	limits[n] = (struct limit){ "login-any", who, conf->login_failures
		+ conf->login_successes, conf->login_window_s, 1 };
	limits[n + 1] = (struct limit){ "login-any-address", address,
		conf->login_address_failures + ADDRESS_TIMES
		* conf->login_successes, conf->login_window_s, 1 };
	return n;
}

/* A browser that was never here, to an account that wants to know. */
enum rc
app_tell_owner(struct app *app, struct arena *arena, const struct actor *actor,
    const struct user *user, struct str device, struct err *err)
{
	const struct limit limit = { "sign-in-mail", user->id,
		app->conf->mail_address_hourly, HOUR_S, 1 };
	struct mail_order order;

	if (device.p != NULL || user->last_login_at == TIME_NULL
	    || !user->preferences.email_notifications.account_activity)
		return RC_OK;
	/* Who can sign in could have mail sent without end. */
	if (limit_take(app, arena, &limit, err) == RC_RATE) {
		err_init(err);
		return RC_OK;
	}
	if (err->rc != RC_OK)
		return err->rc;
	post_address(&order, "new_sign_in", user);
	order.detail = actor->device;
	if (post_enqueue(app, arena, &order, user->id, err) != RC_OK)
		return err->rc;
	app_wake(app);
	return RC_OK;
}

/* With today's parameters: the password is at hand only now. */
static enum rc
renew_hash(struct app *app, struct arena *arena, struct user *user,
    struct str password, struct err *err)
{
	struct str sealed;

	if (app_password_seal(app, arena, user->id, password, &sealed, err)
	    != RC_OK)
		return err->rc;
	if (users_replace_password(app->store, arena, user, sealed, err) == RC_OK)
		user->password_hash = sealed;
	return err->rc;
}

enum rc
app_login(struct app *app, struct arena *arena, const struct actor *actor,
    const struct body_login *body, struct str device,
    struct signed_in *ret_signed_in, struct err *err)
{
	struct limit limits[LIMITS];
	struct user user;
	struct str email = body->email;
	bool known, match, outdated;
	size_t n;
	enum rc rc;

	(void)email_normalize(arena, body->email, &email);
	rc = users_by_email(app->store, arena, email, &user, err);
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return rc;
	err_init(err);
	known = rc == RC_OK;
	device = known ? device_of_user(app, device, user.id) : STR_NULL;
	n = make_limits(app, arena, actor, email, device, limits);
	if (limits_take(app, arena, limits, n + KEPT, err) != RC_OK)
		return err->rc;
	if (app_password_check(app, known ? &user : NULL, body->password,
	    &match, &outdated, err) != RC_OK) {
		limits_give_back(app, arena, limits, n + KEPT);
		return err->rc;
	}
	if (!known || !match || !user.email_verified
	    || user.disabled_at != TIME_NULL)
		return refuse(app, arena, actor, known ? &user : NULL, err);
	limits_give_back(app, arena, limits, n);
	if ((outdated && renew_hash(app, arena, &user, body->password, err)
	    != RC_OK) || app_session_begin(app, arena, actor, &user, "password",
	    ret_signed_in, err) != RC_OK)
		return err->rc;
	return app_tell_owner(app, arena, actor, &user, device, err);
}
