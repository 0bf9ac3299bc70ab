/* steps-joining.c - scenarios of steps: a guest becomes a member. */
#include "config.h"

#include "steps.h"

#include <stdlib.h>

#include "app/claim.h"
#include "app/identities.h"
#include "app/links.h"
#include "app/provider-email.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "store/claim.h"
#include "store/designs.h"
#include "store/users.h"

/* --- what is asked for ----------------------------------------------------- */

static enum rc
claim_designs(struct app *app, struct arena *arena, struct run *run,
    struct err *err)
{
	struct actor actor = actor_of(arena, run);

	return app_claim(app, arena, &actor, str_of(run->user), err);
}

static struct oauth_identity
somebody(struct arena *arena, const struct run *run)
{
	return (struct oauth_identity){ .issuer = STR("https://id.example"),
		.subject = str_of(run->user), .name = STR("Somebody"),
		.email = arena_printf(arena, "%s@example.net", run->user),
		.email_verified = true, .email_authoritative = true };
}

static enum rc
sign_in(struct app *app, struct arena *arena, struct run *run, struct err *err)
{
	struct actor actor = actor_of(arena, run);
	struct oauth_identity who = somebody(arena, run);
	struct signed_in in;
	struct str pending;

	return app_identity_sign_in(app, arena, &actor, OAUTH_GOOGLE, &who,
	    STR_NULL, &in, &pending, err);
}

/* Who got no answer and finds the link used begins again. */
static enum rc
confirm_address(struct app *app, struct arena *arena, struct run *run,
    struct err *err)
{
	struct actor actor = actor_of(arena, run);
	struct signed_in in;
	enum rc rc = app_pending_confirm(app, arena, &actor, str_of(run->cookie),
	    str_of(run->link), &in, err);

	if (rc != RC_LINK_EXPIRED)
		return rc;
	err_init(err);
	return sign_in(app, arena, run, err);
}

/* --- what has to be there -------------------------------------------------- */

/* Copies of the run's design: more than two steps take. */
static void
insert_copies(struct app *clean, struct arena *arena, const struct run *run)
{
	enum { COPIES = 2 * CLAIM_AT_ONCE + 3 };
	bson_t *command = db_bson(arena), list, item;
	struct design design;
	struct str doc;
	struct err err;

	err_init(&err);
	if (designs_find(clean->store, arena, str_of(run->design), &doc, &err)
	    != RC_OK)
		complain("designs", &err);
	doc_init(&doc_design, &design);
	(void)doc_from_bson(&doc_design, doc, &design, arena, NULL);
	design.generated_images.n = 0;
	design.selected_image_id = STR_NULL;
	design.current_version = NULL;
	BSON_APPEND_UTF8(command, "insert", "designs");
	BSON_APPEND_ARRAY_BEGIN(command, "documents", &list);
	for (int i = 0; i < COPIES; i++) {
		design.id = uuid_new(arena);
		doc = doc_to_bson(&doc_design, &design, arena);
		if (!bson_init_static(&item, (const uint8_t *)doc.p, doc.n))
			exit(1);
		(void)bson_append_document(&list, arena_printf(arena, "%d", i).p,
		    -1, &item);
	}
	bson_append_array_end(command, &list);
	if (db_write(clean->store, arena, command, NULL, &err) != RC_OK)
		complain("designs", &err);
}

static void
insert_user(struct app *clean, struct run *run)
{
	struct arena *arena = arena_new();
	struct user user;
	struct err err;

	copy(run->user, sizeof run->user, uuid_new(arena));
	err_init(&err);
	doc_init(&doc_user, &user);
	user.id = str_of(run->user);
	user.email = arena_printf(arena, "%s@example.net", run->user);
	user.auth_provider = STR("email");
	user.created_at = user.updated_at = clock_now_ms();
	if (users_insert(clean->store, arena, &user, &err) != RC_OK)
		complain("users", &err);
	arena_free(arena);
}

static void
prepare_guest(struct app *clean, struct run *run)
{
	struct arena *arena = arena_new();

	prepare_made(clean, run);
	insert_copies(clean, arena, run);
	insert_user(clean, run);
	arena_free(arena);
}

/* With an account that nobody has confirmed. */
static void
prepare_typed_in(struct app *clean, struct run *run)
{
	prepare_made(clean, run);
	insert_user(clean, run);
}

/* Up to the mail. */
static void
prepare_waiting(struct app *clean, struct run *run)
{
	struct arena *arena = arena_new();
	struct actor actor = actor_of(arena, run);
	struct oauth_identity who;
	struct str doc, id = STR_NULL, cookie;
	struct err err;

	err_init(&err);
	prepare_typed_in(clean, run);
	who = somebody(arena, run);
	if (app_pending_begin(clean, arena, &actor, OAUTH_GOOGLE, &who, &cookie,
	    &err) != RC_OK || app_pending_email(clean, arena, &actor, cookie,
	    who.email, &err) != RC_OK || db_find_one(clean->store, arena,
	    "one_time_tokens", db_json(arena, "{\"subject\":\"%s\",\"purpose\":"
	    "\"provider_confirm\"}", run->user), &doc, &err) != RC_OK
	    || !doc_peek_str(doc, "_id", &id))
		complain("pending", &err);
	copy(run->cookie, sizeof run->cookie, cookie);
	copy(run->link, sizeof run->link, link_token(&clean->keyring, arena,
	    "provider_confirm", id));
	arena_free(arena);
}

/* --- scenarios ------------------------------------------------------------- */

/* The client that got no answer comes again, still a guest. */
static void
claim(struct app *app, struct app *clean, struct run *run, bool hangs)
{
	until_done(app, clean, run, claim_designs, "claim");
	work_until_ended(app, clean, run, hangs);
}

/* Nobody sends mail here. */
static void
drop_mail(struct app *clean)
{
	struct arena *arena = arena_new();
	int64_t removed;
	struct err err;

	err_init(&err);
	if (db_delete(clean->store, arena, "jobs", db_json(arena,
	    "{\"kind\":\"mail\"}"), 0, &removed, &err) != RC_OK)
		complain("mail", &err);
	arena_free(arena);
}

static void
signin(struct app *app, struct app *clean, struct run *run, bool hangs)
{
	(void)hangs;
	until_done(app, clean, run, sign_in, "signin");
	drop_mail(clean);
}

static void
confirm(struct app *app, struct app *clean, struct run *run, bool hangs)
{
	(void)hangs;
	until_done(app, clean, run, confirm_address, "confirm");
	drop_mail(clean);
}

const struct scenario scenarios_joining[] = {
	/* with more designs than one step takes */
	{ "claim", prepare_guest, claim },
	/* whom a provider names, with an address that somebody has typed in */
	{ "signin", prepare_typed_in, signin },
	/* whom a provider names, whose address is proven by mail */
	{ "confirm", prepare_waiting, confirm },
	{ NULL, NULL, NULL },
};
