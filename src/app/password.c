#include "config.h"

#include "app/password.h"

#include "base/log.h"
#include "crypt/password.h"
#include "schema/documents.h"
#include "store/seal.h"

enum { NAME_LEAST = 4 };	/* shorter ones are in too many passwords */

void
app_password_faults(struct arena *arena, struct str pointer, struct str password,
    struct str email, struct str full_name, struct err *err)
{
	struct str local = str_cut(&email, '@');

	if (password_common(arena, password))
		err_fault(err, arena, pointer, "too_common",
		    "This password is among those that are tried first.");
	else if (local.n >= NAME_LEAST && str_contains_nocase(password, local)
	    && password.n < local.n + NAME_LEAST)
		err_fault(err, arena, pointer, "too_easy",
		    "This password is little more than the address.");
	else if (full_name.n >= NAME_LEAST
	    && str_contains_nocase(password, full_name)
	    && password.n < full_name.n + NAME_LEAST)
		err_fault(err, arena, pointer, "too_easy",
		    "This password is little more than the name.");
}

static enum rc
busy(struct err *err)
{
	err->retry_after_s = 1;
	return err_set(err, RC_UNAVAILABLE,
	    "Too many passwords are being checked at this moment; try again.");
}

enum rc
app_password_seal_as(struct app *app, struct arena *arena, enum seal_use use,
    struct str owner_id, struct str password, struct str *ret_sealed,
    struct err *err)
{
	struct arena *wiped = arena_new_wiped();
	int core = core_enter(app->shared);
	struct str phc = STR_NULL;

	if (core < 0) {
		(void)!busy(err);
	} else {
		(void)!password_hash(wiped, password, &phc, err);
		core_leave(app->shared, core);
	}
	if (err->rc == RC_OK)
		(void)!seal_text(app->store, arena, use, owner_id, phc,
		    ret_sealed, err);
	arena_free(wiped);
	return err->rc;
}

enum rc
app_password_seal(struct app *app, struct arena *arena, struct str user_id,
    struct str password, struct str *ret_sealed, struct err *err)
{
	return app_password_seal_as(app, arena, SEAL_PASSWORD, user_id, password,
	    ret_sealed, err);
}

/* The hash where there is one; null otherwise. A value that cannot be unsealed is no
 * reason to let anybody in, or to say more than to others. */
static enum rc
stored_hash(struct app *app, struct arena *wiped, enum seal_use use,
    struct str owner_id, struct str sealed, struct str *ret_phc, struct err *err)
{
	enum rc rc;

	*ret_phc = STR_NULL;
	if (sealed.p == NULL)
		return RC_OK;
	rc = unseal_text(app->store, wiped, use, owner_id, sealed, ret_phc, err);
	if (rc != RC_INTERNAL)
		return rc;
	log_event(LOG_ERROR, "password.unsealed", LOG_STR("of", owner_id),
	    LOG_Z("detail", err->detail), LOG_END);
	err_init(err);
	return RC_OK;
}

enum rc
app_password_check_as(struct app *app, enum seal_use use, struct str owner_id,
    struct str sealed, struct str password, bool *ret_match, bool *ret_outdated,
    struct err *err)
{
	struct arena *wiped = arena_new_wiped();
	struct str phc;
	int core;

	*ret_match = *ret_outdated = false;
	if (stored_hash(app, wiped, use, owner_id, sealed, &phc, err) == RC_OK) {
		core = core_enter(app->shared);
		if (core < 0)
			(void)!busy(err);
		else
			(void)!password_verify(wiped, phc, password, ret_match,
			    err);
		if (core >= 0)
			core_leave(app->shared, core);
		*ret_outdated = *ret_match && password_outdated(wiped, phc);
	}
	arena_free(wiped);
	return err->rc;
}

enum rc
app_password_check(struct app *app, const struct user *user,
    struct str password, bool *ret_match, bool *ret_outdated, struct err *err)
{
	return app_password_check_as(app, SEAL_PASSWORD,
	    user == NULL ? STR_NULL : user->id,
	    user == NULL ? STR_NULL : user->password_hash, password, ret_match,
	    ret_outdated, err);
}
