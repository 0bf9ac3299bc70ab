#include "config.h"

#include "app/unconfirmed.h"

#include "app/audit.h"
#include "app/sessions.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "schema/documents.h"
#include "store/owned.h"
#include "store/tokens.h"
#include "store/users.h"

enum { AT_ONCE = 100, TRANSACTION_MS = 20000, DAY_MS = 24 * 3600 * 1000 };

struct removal {
	struct app *app;
	const struct user *user;
	bool removed;
};

/* Nobody was ever signed in, so there are no designs, keys or uploads. */
static enum rc
remove_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	static const struct actor nobody = { .kind = ACTOR_NONE,
		.principal = STR_INIT("retention") };
	struct removal *r = arg;
	struct str id = r->user->id;
	int64_t removed;
	bool live;

	r->removed = false;
	if (tokens_live(store, arena, id, clock_now_ms(), &live, err) != RC_OK
	    || live)
		return err->rc;
	/* The condition is in the delete: whoever confirms the address changes the
	 * same document. */
	if (users_remove_unconfirmed(store, arena, id, r->user->email, &removed,
	    err) != RC_OK || removed == 0)
		return err->rc;
	if (tokens_remove(store, arena, id, NULL, err) != RC_OK
	    || app_sessions_end(r->app, arena, id, err) != RC_OK
	    || owned_forget_mail(store, arena, r->user->email, err) != RC_OK
	    || audit_write(r->app, arena, &nobody, "registration_expired", id,
	    NULL, err) != RC_OK)
		return err->rc;
	r->removed = true;
	return RC_OK;
}

static enum rc
sweep_page(struct app *app, struct arena *arena, const struct user *users,
    size_t n, int64_t *count, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		struct removal r = { .app = app, .user = &users[i] };

		if (!uuid_is(users[i].id) || users[i].email.p == NULL)
			continue;	/* damaged */
		if (store_transaction(app->store, arena, clock_mono_ms()
		    + TRANSACTION_MS, remove_in_transaction, &r, err) != RC_OK)
			return err->rc;
		*count += r.removed;
	}
	return RC_OK;
}

enum rc
app_unconfirmed_sweep(struct app *app, struct arena *arena, int64_t *count,
    struct err *err)
{
	int64_t before = clock_now_ms() - app->conf->unconfirmed_days * DAY_MS;
	struct user *users = arena_many(arena, AT_ONCE, struct user);
	struct str after = STR("");
	size_t n;

	do {
		if (users_unconfirmed(app->store, arena, before, after, AT_ONCE,
		    users, &n, err) != RC_OK
		    || sweep_page(app, arena, users, n, count, err) != RC_OK)
			return err->rc;
		if (n > 0)
			after = users[n - 1].id;
	} while (n == AT_ONCE && after.p != NULL);
	return RC_OK;
}
