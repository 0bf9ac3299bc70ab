/* steps-leaving.c - scenarios of steps: a member takes everything along, and leaves. */
#include "config.h"

#include "steps.h"

#include "app/exports.h"
#include "app/idem.h"
#include "app/leaving.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "blob/blob.h"
#include "store/claim.h"
#include "store/uploads.h"
#include "store/users.h"

/* --- what is asked for ----------------------------------------------------- */

static enum rc
post_export(struct app *app, struct arena *arena, struct run *run,
    struct err *err)
{
	struct actor actor = member_of(arena, run);
	struct app_export made;
	struct idem idem;

	if (take_key(app, arena, &actor, STR("/v1/me/export"), run->make_key, &idem,
	    err) != RC_OK)
		return err->rc;
	if (app_export_start(app, arena, &actor, &idem, &made, err) != RC_OK)
		(void)app_idem_release(app, arena, &idem);
	return err->rc;
}

/* Refused as closed, it is what was wanted. */
static enum rc
delete_account(struct app *app, struct arena *arena, struct run *run,
    struct err *err)
{
	struct actor actor = member_of(arena, run);

	if (app_account_delete(app, arena, &actor, STR_NULL, err)
	    == RC_NO_SESSION)
		err_init(err);
	return err->rc;
}

/* --- scenarios, and what has to be there ------------------------------------- */

static void
add_upload(struct app *clean, struct arena *arena, const struct run *run,
    struct err *err)
{
	struct upload upload;

	doc_init(&doc_upload, &upload);
	upload.id = uuid_new(arena);
	upload.owner = arena_printf(arena, "user:%s", run->user);
	upload.key = arena_printf(arena, "%.*s/a.webp", STR_FMT(upload.id));
	upload.thumbnail_key = arena_printf(arena, "%.*s/b.webp",
	    STR_FMT(upload.id));
	upload.bytes = 3;
	upload.width = upload.height = 1;
	upload.created_at = clock_now_ms();
	if (blob_put(clean->blob, upload.key, STR("abc"), err) == RC_OK
	    && blob_put(clean->blob, upload.thumbnail_key, STR("d"), err) == RC_OK)
		(void)!uploads_insert(clean->store, arena, &upload, err);
}

/* A member without a password, who was a guest until now. */
void
prepare_member(struct app *clean, struct run *run)
{
	struct arena *arena = arena_new();
	struct user user;
	struct err err;
	int64_t moved;

	prepare_made(clean, run);
	copy(run->user, sizeof run->user, uuid_new(arena));
	doc_init(&doc_user, &user);
	user.id = str_of(run->user);
	user.email = arena_printf(arena, "%s@example.org", run->user);
	user.auth_provider = STR("google");
	user.created_at = user.updated_at = clock_now_ms();
	err_init(&err);
	if (users_insert(clean->store, arena, &user, &err) != RC_OK
	    || claim_step(clean->store, arena, str_of(run->session), user.id,
	    &moved, &err) != RC_OK)
		complain("member", &err);
	add_upload(clean, arena, run, &err);
	if (err.rc != RC_OK)
		complain("upload", &err);
	arena_free(arena);
}

static void
pack(struct app *app, struct app *clean, struct run *run, bool hangs)
{
	until_done(app, clean, run, post_export, "export");
	work_until_ended(app, clean, run, hangs);
	until_done(clean, clean, run, run_orphans, "orphans");
}

static void
prepare_leaver(struct app *clean, struct run *run)
{
	struct arena *arena = arena_new();

	prepare_member(clean, run);
	pack(clean, clean, run, false);
	copy(run->make_key, sizeof run->make_key, uuid_new(arena));
	arena_free(arena);
}

static void
leave(struct app *app, struct app *clean, struct run *run, bool hangs)
{
	until_done(app, clean, run, delete_account, "delete");
	work_until_ended(app, clean, run, hangs);
	until_done(clean, clean, run, run_orphans, "orphans");
}

const struct scenario scenarios_leaving[] = {
	/* an account with a design, an upload and an export deleted */
	{ "leave", prepare_leaver, leave },
	/* an export */
	{ "pack", prepare_member, pack },
	{ NULL, NULL, NULL },
};
