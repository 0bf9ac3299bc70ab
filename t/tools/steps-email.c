/* steps-email.c - scenarios of steps: an account gets another address, and its old one back. */
#include "config.h"

#include "steps.h"

#include "app/email-change.h"
#include "app/links.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "store/tokens.h"
#include "store/users.h"

/* --- what is asked for ----------------------------------------------------- */

static struct str
new_address(struct arena *arena, const struct run *run)
{
	return arena_printf(arena, "%s@new.example.org", run->user);
}

static struct actor
lately_signed_in(struct arena *arena, const struct run *run)
{
	struct actor actor = member_of(arena, run);

	actor.account = actor.owner.user_id;
	actor.signed_in_ms = clock_now_ms();
	return actor;
}

static enum rc
ask_change(struct app *app, struct arena *arena, struct run *run,
    struct err *err)
{
	struct actor actor = lately_signed_in(arena, run);
	bool present;

	return app_email_change_ask(app, arena, &actor, new_address(arena, run),
	    &present, err);
}

/* The link of that purpose, as its mail has it; "" when there is none any more. */
static void
find_link(struct app *clean, struct arena *arena, struct run *run,
    const char *purpose)
{
	struct str doc, id;
	struct err err;

	err_init(&err);
	run->link[0] = '\0';
	if (db_find_one(clean->store, arena, "one_time_tokens", db_json(arena,
	    "{\"user_id\":\"%s\",\"purpose\":\"%s\"}", run->user, purpose), &doc,
	    &err) == RC_OK && doc_peek_str(doc, "_id", &id))
		copy(run->link, sizeof run->link, link_token(&clean->keyring,
		    arena, purpose, id));
	else if (err.rc != RC_NOT_FOUND)
		complain("link", &err);
}

/* Who got no answer and finds the link used has what was wanted, or not: the account
 * says it. */
static enum rc
unless_done(struct app *app, struct arena *arena, const struct run *run,
    struct str wanted, struct err *err)
{
	struct user user;

	if (err->rc != RC_LINK_EXPIRED)
		return err->rc;
	err_init(err);
	if (users_get(app->store, arena, str_of(run->user), &user, NULL, err)
	    != RC_OK)
		return err->rc;
	return str_eq(user.email, wanted) ? RC_OK
	    : err_set(err, RC_LINK_EXPIRED, "used, and nothing came of it");
}

static enum rc
follow_link(struct app *app, struct arena *arena, struct run *run,
    struct err *err)
{
	struct actor actor = lately_signed_in(arena, run);

	(void)!app_email_change_confirm(app, arena, &actor, str_of(run->link), err);
	return unless_done(app, arena, run, new_address(arena, run), err);
}

static enum rc
take_back(struct app *app, struct arena *arena, struct run *run, struct err *err)
{
	struct actor nobody = { .kind = ACTOR_NONE,
		.deadline_ms = clock_mono_ms() + 10000 };

	(void)!app_email_undo(app, arena, &nobody, str_of(run->link), err);
	return unless_done(app, arena, run, arena_printf(arena, "%s@example.org",
	    run->user), err);
}

/* --- scenarios, and what has to be there ------------------------------------- */

/* A member, and somebody's account that was typed in with either address. */
static void
insert_user(struct app *clean, struct arena *arena, struct str id,
    struct str email, bool confirmed)
{
	struct user user;
	struct err err;

	err_init(&err);
	doc_init(&doc_user, &user);
	user.id = id;
	user.email = email;
	user.email_verified = confirmed;
	user.auth_provider = STR("google");
	user.created_at = user.updated_at = clock_now_ms();
	if (users_insert(clean->store, arena, &user, &err) != RC_OK)
		complain("users", &err);
}

static void
prepare(struct app *clean, struct run *run)
{
	struct arena *arena = arena_new();

	copy(run->user, sizeof run->user, uuid_new(arena));
	insert_user(clean, arena, str_of(run->user),
	    arena_printf(arena, "%s@example.org", run->user), true);
	insert_user(clean, arena, uuid_new(arena), new_address(arena, run), false);
	arena_free(arena);
}

static void
rename_account(struct app *app, struct app *clean, struct run *run, bool hangs)
{
	struct arena *arena = arena_new();

	until_done(app, clean, run, ask_change, "ask");
	find_link(clean, arena, run, "email_change");
	until_done(app, clean, run, follow_link, "follow");
	work_until_ended(app, clean, run, hangs);
	arena_free(arena);
}

/* Up to the mail to the old address. */
static void
prepare_renamed(struct app *clean, struct run *run)
{
	struct arena *arena = arena_new();

	prepare(clean, run);
	rename_account(clean, clean, run, false);
	find_link(clean, arena, run, "email_changed");
	insert_user(clean, arena, uuid_new(arena), arena_printf(arena,
	    "%s@example.org", run->user), false);
	arena_free(arena);
}

static void
undo_rename(struct app *app, struct app *clean, struct run *run, bool hangs)
{
	until_done(app, clean, run, take_back, "back");
	work_until_ended(app, clean, run, hangs);
}

const struct scenario scenarios_email[] = {
	/* another address, which somebody has typed in as well */
	{ "rename", prepare, rename_account },
	/* the old one again, which somebody has typed in meanwhile */
	{ "unrename", prepare_renamed, undo_rename },
	{ NULL, NULL, NULL },
};
