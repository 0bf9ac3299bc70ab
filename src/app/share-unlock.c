#include "config.h"

#include "app/share-read.h"

#include "app/guests.h"
#include "app/limit.h"
#include "app/password.h"
#include "base/clock.h"
#include "crypt/base64url.h"
#include "crypt/share-token.h"

enum {
	DAY_S = 24 * 3600, DAILY_TIMES = 10, ADDRESS_TIMES = 10,
	WRONG_LIMITS = 3,		/* the first of all, for wrong passwords */
	LIMITS = 5
};

/* --- the cookie ---------------------------------------------------------- */

/* "<expires, s>.<MAC>". The MAC covers the link and the stored hash: neither another
 * link nor another password is opened by it. */
static struct str
unlock_until(const struct app *app, struct arena *arena,
    const struct share_settings *settings, int64_t expires_s)
{
	unsigned char mac[SHA256_BYTES];
	struct buf text, token;

	buf_init(&text, arena, 512, SIZE_MAX / 2);	/* whatever is stored */
	buf_add_str(&text, settings->share_token);
	buf_printf(&text, "|%lld|", (long long)expires_s);
	buf_add_str(&text, settings->password_hash);
	hmac_sha256(keyring_key(&app->keyring, KEY_UNLOCK), buf_str(&text), mac);
	buf_init(&token, arena, 64, 64);
	buf_printf(&token, "%lld.", (long long)expires_s);
	buf_add_base64url(&token, mac, sizeof mac);
	return buf_str(&token);
}

struct str
share_unlock_token(const struct app *app, struct arena *arena,
    const struct share_settings *settings)
{
	return unlock_until(app, arena, settings,
	    clock_now_ms() / 1000 + SHARE_UNLOCK_S);
}

bool
share_unlock_ok(const struct app *app, struct arena *arena,
    const struct share_settings *settings, struct str unlock)
{
	struct str rest = unlock;
	int64_t expires_s;

	return unlock.p != NULL && settings->password_hash.p != NULL
	    && str_to_i64(str_cut(&rest, '.'), &expires_s)
	    && expires_s > clock_now_ms() / 1000
	    && str_eq_ct(unlock_until(app, arena, settings, expires_s), unlock);
}

/* --- the password -------------------------------------------------------- */

/* Nobody's attempts count for another address. Right passwords are limited as well, more
 * widely: hashing takes a worker's time also then. */
static void
make_limits(const struct app *app, struct arena *arena, struct str token,
    struct str address, struct limit limits[LIMITS])
{
	const struct conf *conf = app->conf;
	struct str from = app_address_key(arena, address);
	struct str who = arena_printf(arena, "%.*s %.*s", STR_FMT(token),
	    STR_FMT(from));

	limits[0] = (struct limit){ "unlock", who, conf->login_failures,
		conf->login_window_s, 1 };
	limits[1] = (struct limit){ "unlock-day", who,
		conf->login_failures * DAILY_TIMES, DAY_S, 1 };
	limits[2] = (struct limit){ "unlock-address", from,
		conf->login_address_failures, conf->login_window_s, 1 };
	limits[3] = (struct limit){ "unlock-any", who, conf->login_failures
		+ conf->login_successes, conf->login_window_s, 1 };
	limits[4] = (struct limit){ "unlock-any-address", from,
		conf->login_address_failures + ADDRESS_TIMES
		* conf->login_successes, conf->login_window_s, 1 };
}

/* Taken before the password is looked at, so that many at once cannot pass together,
 * and given back when it was right. */
static enum rc
check(struct app *app, struct arena *arena, const struct design *design,
    struct str password, struct str address, struct err *err)
{
	const struct share_settings *settings = &design->share_settings;
	struct limit limits[LIMITS];
	bool match, outdated;

	make_limits(app, arena, settings->share_token, address, limits);
	if (limits_take(app, arena, limits, LIMITS, err) != RC_OK)
		return err->rc;
	if (app_password_check_as(app, SEAL_SHARE_PASSWORD, design->id,
	    settings->password_hash, password, &match, &outdated, err) == RC_OK
	    && !match) {
		metric_add(app->shared, METRIC_share_password_failures_total, 1);
		return err_set(err, RC_SHARE_PASSWORD,
		    "This is not the password of the link.");
	}
	limits_give_back(app, arena, limits, WRONG_LIMITS);
	return err->rc;
}

enum rc
app_share_unlock(struct app *app, struct arena *arena, struct str token,
    struct str password, struct str address, struct str *ret_unlock,
    struct err *err)
{
	struct design design;

	if (share_read(app, arena, token, &design, err) != RC_OK)
		return err->rc;
	if (share_is_over(&design))
		return err_set(err, RC_LINK_EXPIRED, "This link has ended.");
	if (!share_is_locked(&design))
		return err_set(err, RC_CONFLICT, "This link needs no password.");
	if (check(app, arena, &design, password, address, err) != RC_OK)
		return err->rc;
	*ret_unlock = share_unlock_token(app, arena, &design.share_settings);
	return RC_OK;
}
