/*
 * steps - carries out what a user and the workers do, and fails the N-th step.
 *
 *	steps --uri-file=FILE --database=NAME --objects=DIR --image=PROGRAM
 *	    --state=DIR
 *
 * reads lines "SCENARIO KIND HOW [FROM]" and for N = FROM (1), FROM + 1, ...
 * carries the scenario out once with its N-th step failing, until a run did not
 * get so far. Each run is a line of JSON; what it left behind is for the caller
 * to look at. SCENARIO is
 *
 *	make	a guest's design and its pictures
 *	refine	a refinement of a design that is there
 *	retry	a generation that failed, tried again
 *	cancel	a generation that nobody has begun, stopped
 *	purge	a design to the trash and away
 *	retain	a design long in the trash, by the scheduler
 *	claim	a guest with more designs than one step takes becomes a member
 *	signin	a guest whom a provider names, with an address that somebody has typed in
 *	confirm	a guest whom a provider names, whose address is proven by mail
 *	unfile	a member's folder with DESIGNS_FILED designs removed
 *	leave	a member with a design, an upload and an export deletes the account
 *	pack	a member's export
 *	share	a member's link made, revoked, brought back and revoked again
 *	sweep	nothing but the sweep for orphans
 *
 * KIND is take (HOW: a number K): at the N-th point between two commands of a
 * worker its lease is lost to another one, who is done at the (N + K)-th. Or it
 * is db (HOW: before, after, commit, exit_before, exit_after: store.h), put,
 * get, delete or list (of objects; HOW: blob/flaky.h), or provider (HOW: WHAT of
 * provider/flaky.h). Between the tries of a worker time passes: what waits is
 * due, what is leased has run out.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/claim.h"
#include "app/designs.h"
#include "app/folders.h"
#include "app/generations.h"
#include "app/exports.h"
#include "app/guests.h"
#include "app/identities.h"
#include "app/links.h"
#include "app/provider-email.h"
#include "app/leaving.h"
#include "app/retention.h"
#include "app/session-cache.h"
#include "app/shares.h"
#include "app/work.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/uuid.h"
#include "blob/flaky.h"
#include "blob/fs.h"
#include "codec/json.h"
#include "crypt/secret.h"
#include "image/image.h"
#include "mail/outbox.h"
#include "provider/flaky.h"
#include "provider/mem.h"
#include "schema/documents.h"
#include "store/claim.h"
#include "store/db.h"
#include "store/folders.h"
#include "store/designs.h"
#include "store/uploads.h"
#include "store/users.h"

enum { TRIES_MAX = 40, STEPS_MAX = 400, HANG_MS = 300, EXITED_PROVIDER = 70,
	DESIGNS_FILED = FOLDER_EMPTY_AT_ONCE + 1 };

static const char body_design[] = "{\"original_prompt\":\"a ring\",\"gem_data\":"
    "{\"type\":\"Ruby\",\"cut\":\"Oval\",\"size\":{\"simple\":\"Medium\"},"
    "\"color\":\"Red\",\"transparency\":\"Transparent\"},"
    "\"material_preferences\":{\"metals\":[\"Gold\"],\"finish\":\"Polished\"},"
    "\"num_variations_requested\":2}";
static const char body_refinement[] = "{\"prompt\":\"thinner\"}";

static struct options {
	struct str uri;
	const char *database, *objects, *image, *state;
} options;
static struct conf conf;
static volatile bool stop;

/* What a user of one run keeps, over a process that dies as well. */
struct run {
	char session[37], address[40], design[37], make_key[37], refine_key[37],
	    user[37], folder[37], cookie[200], link[200];
	int n, calls, tries, done;
	bool fired, stuck;
	char where[800];		/* of what did not come to its end */
};

static void
complain(const char *what, const struct err *err)
{
	(void)fprintf(stderr, "steps: %s: %s (%s)\n", what, err->message,
	    err->detail);
	exit(1);
}

/* --- the parts ----------------------------------------------------------- */

static void
open_store(struct arena *arena, struct app *app, struct store_trace *trace)
{
	struct store_options o = { .uri = options.uri,
		.database = options.database, .app_name = "steps",
		.select_timeout_ms = 3000, .command_timeout_ms = 5000,
		.trace = trace };
	struct err err;

	err_init(&err);
	if (store_open(arena, &o, &app->store, &err) != RC_OK)
		complain("store", &err);
}

static void
open_parts(struct arena *arena, struct app *app, struct store_trace *trace)
{
	struct image_options image = { .program = options.image };
	struct mail_mailbox from = { STR("Steps"),
		STR("steps@example.org") };
	struct blob *inner;
	struct err err;

	err_init(&err);
	open_store(arena, app, trace);
	if (blob_fs_open(arena, options.objects, &inner, &err) != RC_OK
	    || blob_flaky_open(arena, inner, "", &app->blob, &err) != RC_OK)
		complain("blob", &err);
	if (mail_outbox_open(arena, arena_printf(arena, "%s/outbox",
	    conf.state_dir).p, &from, &app->mail, &err) != RC_OK)
		complain("mail", &err);
	app->image = image_open(arena, &image);
}

static void
open_provider(struct arena *arena, struct app *app, const char *script)
{
	struct provider_mem_options mem = { .cost_microusd = 40000 };
	struct err err;

	err_init(&err);
	if (provider_flaky_open(arena, provider_mem_open(arena, &mem),
	    str_of(script), &app->provider, &err) != RC_OK)
		complain("provider", &err);
}

/* --- what a client does -------------------------------------------------- */

static void
copy(char *to, size_t room, struct str s)
{
	(void)snprintf(to, room, "%.*s", STR_FMT(s));
}

static struct actor
actor_of(struct arena *arena, const struct run *run)
{
	return (struct actor){ .kind = ACTOR_GUEST,
		.owner = { STR_NULL, str_of(run->session) },
		.principal = arena_printf(arena, "guest:%s", run->session),
		.expires_ms = clock_now_ms() + 3600000,
		.address = str_of(run->address), .device = STR("steps"),
		.deadline_ms = clock_mono_ms() + 10000 };
}

static struct actor
member_of(struct arena *arena, const struct run *run)
{
	struct actor actor = actor_of(arena, run);

	actor.kind = ACTOR_MEMBER;
	actor.owner = (struct store_owner){ str_of(run->user), STR_NULL };
	actor.principal = arena_printf(arena, "user:%s", run->user);
	actor.signed_in_ms = clock_now_ms();
	return actor;
}

static void
set_all(struct app *clean, struct arena *arena, const char *collection,
    const bson_t *filter, const bson_t *update)
{
	struct err err;

	err_init(&err);
	if (db_update(clean->store, arena, collection, filter, update, DB_MULTI,
	    NULL, &err) != RC_OK)
		complain(collection, &err);
}

#define LONG_AGO "{\"$date\":{\"$numberLong\":\"1000\"}}"

/* The run's jobs with such a status: its design's, or its account's. */
static bson_t *
jobs_of(struct arena *arena, const struct run *run, const char *status)
{
	return db_json(arena, "{\"$or\":[{\"design_id\":\"%s\"},"
	    "{\"user_id\":\"%s\"}],\"status\":%s}",
	    run->design, run->user[0] != '\0' ? run->user : "-", status);
}

/* What waits is due, what is leased has run out. */
static void
pass_time(struct app *clean, struct arena *arena, const struct run *run)
{
	set_all(clean, arena, "jobs", jobs_of(arena, run, "\"queued\""),
	    db_json(arena, "{\"$set\":{\"run_at\":" LONG_AGO
	    ",\"slots.$[].retry_at\":null}}"));
	set_all(clean, arena, "jobs", jobs_of(arena, run, "\"running\""),
	    db_json(arena, "{\"$set\":{\"lease_until\":" LONG_AGO "}}"));
	set_all(clean, arena, "idempotency_keys", db_bson(arena),
	    db_json(arena, "{\"$set\":{\"lease_until\":" LONG_AGO "}}"));
}

static bool
any(struct app *clean, struct arena *arena, const char *collection,
    const bson_t *filter)
{
	struct str doc;
	struct err err;
	enum rc rc;

	err_init(&err);
	rc = db_find_one(clean->store, arena, collection, filter, &doc, &err);
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		complain(collection, &err);
	return rc == RC_OK;
}

static void
decode(struct arena *arena, const struct doc *table, const char *text,
    void *body)
{
	const struct json_value *json;
	struct err err;

	err_init(&err);
	doc_init(table, body);
	if (json_parse(arena, str_of(text), &json, &err) != RC_OK
	    || doc_decode(table, json, DECODE_NEW, body, arena, &err) != RC_OK)
		complain("body", &err);
}

static enum rc
post_design(struct app *app, struct arena *arena, struct run *run,
    struct err *err)
{
	struct actor actor = actor_of(arena, run);
	struct app_design made;
	struct design body;
	struct idem idem;

	decode(arena, &doc_design, body_design, &body);
	if (app_idem_take(app, arena, &actor, "POST", STR("/v1/designs"),
	    str_of(run->make_key), STR("{}"), &idem, err) != RC_OK)
		return err->rc;
	if (app_design_create(app, arena, &actor, &body, &idem, &made, err)
	    != RC_OK) {
		app_idem_release(app, arena, &idem);
		return err->rc;
	}
	copy(run->design, sizeof run->design, made.id);
	return RC_OK;
}

static enum rc
post_refinement(struct app *app, struct arena *arena, struct run *run,
    struct err *err)
{
	struct actor actor = actor_of(arena, run);
	struct app_generation made;
	struct body_refinement body;
	struct idem idem;

	decode(arena, &doc_body_refinement, body_refinement, &body);
	if (app_idem_take(app, arena, &actor, "POST", STR("/v1/refinements"),
	    str_of(run->refine_key), STR("{}"), &idem, err) != RC_OK)
		return err->rc;
	if (app_refinement_create(app, arena, &actor, str_of(run->design), &body,
	    &idem, &made, err) != RC_OK)
		app_idem_release(app, arena, &idem);
	return err->rc;
}

/* With a key, as clients that try again do: never refused for what it did. */
static enum rc
post_on_generation(struct app *app, struct arena *arena, struct run *run,
    const char *path, enum rc (*fn)(struct app *app, struct arena *arena,
    const struct actor *actor, struct str id, const struct idem *idem,
    struct app_generation *ret_generation, struct err *err), struct err *err)
{
	struct actor actor = actor_of(arena, run);
	struct app_generation made;
	struct idem idem;

	if (app_idem_take(app, arena, &actor, "POST", str_of(path),
	    str_of(run->make_key), STR("{}"), &idem, err) != RC_OK || idem.replay)
		return err->rc;
	if (fn(app, arena, &actor, str_of(run->refine_key), &idem, &made, err)
	    != RC_OK)
		app_idem_release(app, arena, &idem);
	return err->rc;
}

static enum rc
post_retry(struct app *app, struct arena *arena, struct run *run,
    struct err *err)
{
	return post_on_generation(app, arena, run, "/v1/retry",
	    app_generation_retry, err);
}

static enum rc
post_cancel(struct app *app, struct arena *arena, struct run *run,
    struct err *err)
{
	return post_on_generation(app, arena, run, "/v1/cancel",
	    app_generation_cancel, err);
}

static enum rc
delete_design(struct app *app, struct arena *arena, struct run *run,
    struct err *err)
{
	struct actor actor = actor_of(arena, run);

	return app_design_trash(app, arena, &actor, str_of(run->design),
	    TIME_NULL, err);
}

static enum rc
purge_design(struct app *app, struct arena *arena, struct run *run,
    struct err *err)
{
	struct actor actor = actor_of(arena, run);

	if (app_design_purge(app, arena, &actor, str_of(run->design),
	    TIME_NULL, err) == RC_NOT_FOUND)
		err_init(err);		/* it is gone, as we wanted */
	return err->rc;
}

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

static enum rc
run_retention(struct app *app, struct arena *arena, struct run *run,
    struct err *err)
{
	struct app_retention done;

	(void)run;
	return app_retention_run(app, arena, &done, err);
}

static enum rc
run_orphans(struct app *app, struct arena *arena, struct run *run,
    struct err *err)
{
	int64_t removed;

	(void)run;
	return app_orphans_run(app, arena, &removed, err);
}

static enum rc
remove_folder(struct app *app, struct arena *arena, struct run *run,
    struct err *err)
{
	struct actor actor = member_of(arena, run);

	if (app_folders_remove(app, arena, &actor, str_of(run->folder),
	    TIME_NULL, err) == RC_NOT_FOUND)
		err_init(err);		/* it is gone, as we wanted */
	return err->rc;
}

/* --- what a member does -------------------------------------------------- */

static enum rc
post_export(struct app *app, struct arena *arena, struct run *run,
    struct err *err)
{
	struct actor actor = member_of(arena, run);
	struct app_export made;
	struct idem idem;

	if (app_idem_take(app, arena, &actor, "POST", STR("/v1/me/export"),
	    str_of(run->make_key), STR("{}"), &idem, err) != RC_OK)
		return err->rc;
	if (app_export_start(app, arena, &actor, &idem, &made, err) != RC_OK)
		app_idem_release(app, arena, &idem);
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

static enum rc
put_share(struct app *app, struct arena *arena, struct run *run, struct err *err)
{
	struct actor actor = member_of(arena, run);
	struct body_share body;
	struct app_share made;

	decode(arena, &doc_body_share, "{\"title\":\"A ring\"}", &body);
	return app_share_put(app, arena, &actor, str_of(run->design), TIME_NULL,
	    &body, &made, err);
}

static enum rc
revoke_share(struct app *app, struct arena *arena, struct run *run,
    struct err *err)
{
	struct actor actor = member_of(arena, run);

	return app_share_revoke(app, arena, &actor, str_of(run->design),
	    TIME_NULL, err);
}

static enum rc
restore_share(struct app *app, struct arena *arena, struct run *run,
    struct err *err)
{
	struct actor actor = member_of(arena, run);
	struct app_share back;

	return app_share_restore(app, arena, &actor, str_of(run->design), &back,
	    err);
}

typedef enum rc step_fn(struct app *app, struct arena *arena, struct run *run,
    struct err *err);

/* Again and again, as clients and schedulers do, until it is accepted. */
static void
until_done(struct app *app, struct app *clean, struct run *run, step_fn *step,
    const char *name)
{
	struct arena *arena = arena_new();
	enum rc rc = RC_INTERNAL;

	for (int i = 0; i < TRIES_MAX && rc != RC_OK && !run->stuck; i++) {
		struct err err;

		err_init(&err);
		run->tries++;
		rc = step(app, arena, run, &err);
		if (rc != RC_OK) {
			pass_time(clean, arena, run);
			(void)snprintf(run->where, sizeof run->where, "%s: %s (%s)",
			    name, err.message, err.detail);
		}
		arena_reset(arena);
	}
	run->stuck |= rc != RC_OK;
	arena_free(arena);
}

/* --- what the workers do ------------------------------------------------- */

static void
on_alarm(int signal)
{
	(void)signal;
	stop = true;
}

/* A worker that hangs in a call is told to leave after a while. */
static void
set_alarm(int ms)
{
	struct itimerval timer = { .it_value = { ms / 1000, ms % 1000 * 1000 } };

	(void)setitimer(ITIMER_REAL, &timer, NULL);
}

static void
work_until_ended(struct app *app, struct app *clean, struct run *run, bool hangs)
{
	struct arena *arena = arena_new();
	bool open = true, worked;

	for (int i = 0; i < TRIES_MAX && open && !run->stuck; i++) {
		struct err err;

		err_init(&err);
		stop = false;
		if (hangs)
			set_alarm(HANG_MS);
		(void)!app_work_once(app, arena, &stop, &worked, &err);
		set_alarm(0);
		pass_time(clean, arena, run);
		open = any(clean, arena, "jobs", jobs_of(arena, run,
		    "{\"$in\":[\"queued\",\"running\"]}"));
		if (open)
			(void)snprintf(run->where, sizeof run->where,
			    "work: %s (%s)", err.message, err.detail);
		arena_reset(arena);
	}
	run->stuck |= open;
	arena_free(arena);
}

/* --- scenarios ----------------------------------------------------------- */

static void
make(struct app *app, struct app *clean, struct run *run, bool hangs)
{
	until_done(app, clean, run, post_design, "create");
	work_until_ended(app, clean, run, hangs);
}

static void
refine(struct app *app, struct app *clean, struct run *run, bool hangs)
{
	until_done(app, clean, run, post_refinement, "refine");
	work_until_ended(app, clean, run, hangs);
}

static void
retry(struct app *app, struct app *clean, struct run *run, bool hangs)
{
	until_done(app, clean, run, post_retry, "retry");
	work_until_ended(app, clean, run, hangs);
}

/* Nothing is left to a worker. */
static void
cancel(struct app *app, struct app *clean, struct run *run, bool hangs)
{
	struct arena *arena = arena_new();

	(void)hangs;
	until_done(app, clean, run, post_cancel, "cancel");
	run->stuck |= any(clean, arena, "jobs", db_json(arena, "{\"design_id\":"
	    "\"%s\",\"status\":{\"$ne\":\"cancelled\"}}", run->design));
	arena_free(arena);
}

static void
purge(struct app *app, struct app *clean, struct run *run, bool hangs)
{
	struct arena *arena = arena_new();

	/* A client that comes back asks what there is. */
	if (any(clean, arena, "designs", db_json(arena, "{\"_id\":\"%s\"}",
	    run->design)))
		until_done(app, clean, run, delete_design, "trash");
	until_done(app, clean, run, purge_design, "purge");
	work_until_ended(app, clean, run, hangs);
	until_done(app, clean, run, run_orphans, "orphans");
	arena_free(arena);
}

static void
retain(struct app *app, struct app *clean, struct run *run, bool hangs)
{
	until_done(app, clean, run, run_retention, "retention");
	work_until_ended(app, clean, run, hangs);
	until_done(app, clean, run, run_orphans, "orphans");
}

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

static void
unfile(struct app *app, struct app *clean, struct run *run, bool hangs)
{
	until_done(app, clean, run, remove_folder, "remove");
	work_until_ended(app, clean, run, hangs);
}

static void
leave(struct app *app, struct app *clean, struct run *run, bool hangs)
{
	until_done(app, clean, run, delete_account, "delete");
	work_until_ended(app, clean, run, hangs);
	until_done(clean, clean, run, run_orphans, "orphans");
}

static void
pack(struct app *app, struct app *clean, struct run *run, bool hangs)
{
	until_done(app, clean, run, post_export, "export");
	work_until_ended(app, clean, run, hangs);
	until_done(clean, clean, run, run_orphans, "orphans");
}

static void
sweep(struct app *app, struct app *clean, struct run *run, bool hangs)
{
	(void)hangs;
	until_done(app, clean, run, run_orphans, "orphans");
}

/* The design's only generation is what the client asks about. */
static void
find_generation(struct app *clean, struct run *run)
{
	struct arena *arena = arena_new();
	struct str doc, id = STR_NULL;
	struct err err;

	err_init(&err);
	if (db_find_one(clean->store, arena, "jobs", db_json(arena,
	    "{\"design_id\":\"%s\"}", run->design), &doc, &err) != RC_OK
	    || !doc_peek_str(doc, "_id", &id))
		complain("jobs", &err);
	copy(run->refine_key, sizeof run->refine_key, id);
	arena_free(arena);
}

/* The generation that is to be tried again has failed. */
static void
prepare_failed(struct app *clean, struct run *run)
{
	struct arena *arena = arena_new();

	open_provider(arena, clean, "*:failed");
	make(clean, clean, run, false);
	find_generation(clean, run);
	arena_free(arena);
}

static void
prepare_queued(struct app *clean, struct run *run)
{
	until_done(clean, clean, run, post_design, "create");
	find_generation(clean, run);
}

static void
prepare_made(struct app *clean, struct run *run)
{
	struct arena *arena = arena_new();

	open_provider(arena, clean, "");
	make(clean, clean, run, false);
	arena_free(arena);
}

static void
prepare_trashed(struct app *clean, struct run *run)
{
	struct arena *arena = arena_new();

	prepare_made(clean, run);
	set_all(clean, arena, "designs", db_json(arena, "{\"_id\":\"%s\"}",
	    run->design), db_json(arena,
	    "{\"$set\":{\"is_deleted\":true,\"deleted_at\":" LONG_AGO "}}"));
	arena_free(arena);
}

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

/* A member's folder, full of designs. */
static void
prepare_folder(struct app *clean, struct run *run)
{
	struct arena *arena = arena_new();
	struct str *docs = arena_many(arena, DESIGNS_FILED, struct str);
	struct design design;
	struct folder folder;
	struct err err;

	err_init(&err);
	copy(run->user, sizeof run->user, uuid_new(arena));
	copy(run->folder, sizeof run->folder, uuid_new(arena));
	doc_init(&doc_folder, &folder);
	folder.id = str_of(run->folder);
	folder.name = STR("Rings");
	decode(arena, &doc_design, body_design, &design);
	design.user_id = folder.user_id = str_of(run->user);
	design.folder_id = folder.id;
	design.created_at = design.updated_at = folder.created_at
	    = folder.updated_at = clock_now_ms();
	for (size_t i = 0; i < DESIGNS_FILED; i++) {
		design.id = uuid_new(arena);
		docs[i] = doc_to_bson(&doc_design, &design, arena);
	}
	if (folders_insert(clean->store, arena, &folder, &err) != RC_OK
	    || db_insert_many(clean->store, arena, "designs", docs,
	    DESIGNS_FILED, &err) != RC_OK)
		complain("folder", &err);
	arena_free(arena);
}

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
static void
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
prepare_leaver(struct app *clean, struct run *run)
{
	struct arena *arena = arena_new();

	prepare_member(clean, run);
	pack(clean, clean, run, false);
	copy(run->make_key, sizeof run->make_key, uuid_new(arena));
	arena_free(arena);
}

/* The client that got no answer asks again, and remembers what had one. */
static void
share(struct app *app, struct app *clean, struct run *run, bool hangs)
{
	static step_fn *const steps[] = { put_share, revoke_share, restore_share,
		revoke_share };

	(void)hangs;
	while (run->done < (int)(sizeof steps / sizeof steps[0]) && !run->stuck) {
		until_done(app, clean, run, steps[run->done], "share");
		run->done += !run->stuck;
	}
}

static const struct scenario {
	const char *name;
	void (*prepare)(struct app *clean, struct run *run);
	void (*run)(struct app *app, struct app *clean, struct run *run,
	    bool hangs);
} scenarios[] = {
	{ "make", NULL, make },
	{ "refine", prepare_made, refine },
	{ "retry", prepare_failed, retry },
	{ "cancel", prepare_queued, cancel },
	{ "purge", prepare_made, purge },
	{ "retain", prepare_trashed, retain },
	{ "claim", prepare_guest, claim },
	{ "signin", prepare_typed_in, signin },
	{ "confirm", prepare_waiting, confirm },
	{ "unfile", prepare_folder, unfile },
	{ "leave", prepare_leaver, leave },
	{ "pack", prepare_member, pack },
	{ "share", prepare_member, share },
	{ "sweep", NULL, sweep },
};

/* --- faults -------------------------------------------------------------- */

static const struct {
	const char *name;
	enum store_fault fault;
	bool exits;
} db_faults[] = {
	{ "before", STORE_CUT_BEFORE, false },
	{ "after", STORE_CUT_AFTER, false },
	{ "commit", STORE_CUT_COMMIT, false },
	{ "exit_before", STORE_EXIT_BEFORE, true },
	{ "exit_after", STORE_EXIT_AFTER, true },
};

struct planned {
	const char *kind, *how;
	enum store_fault store;
	bool db, provider, take, exits;
};

static struct planned
planned_of(const char *kind, const char *how)
{
	struct planned fault = { .kind = kind, .how = how,
		.db = strcmp(kind, "db") == 0,
		.provider = strcmp(kind, "provider") == 0,
		.take = strcmp(kind, "take") == 0 };

	fault.exits = fault.provider && strcmp(how, "exit") == 0;
	for (size_t i = 0; fault.db && i
	    < sizeof db_faults / sizeof db_faults[0]; i++)
		if (strcmp(db_faults[i].name, how) == 0) {
			fault.store = db_faults[i].fault;
			fault.exits = db_faults[i].exits;
			return fault;
		}
	if (fault.db) {
		(void)fprintf(stderr, "steps: db %s?\n", how);
		exit(2);
	}
	return fault;
}

/* --- another worker ------------------------------------------------------ */

struct taker {
	struct app *app;		/* of the other worker */
	struct run *run;
	int points, at, done_at;
};

/* As if the lease had run out and the other one had claimed the job. */
static void
take_lease(struct taker *t, struct arena *arena)
{
	set_all(t->app, arena, "jobs", jobs_of(arena, t->run, "\"running\""),
	    db_json(arena, "{\"$set\":{\"lease_token\":\"%.*s\"},"
	    "\"$inc\":{\"attempts\":1,\"revision\":1}}",
	    STR_FMT(uuid_new(arena))));
}

static void
at_point(void *arg)
{
	struct taker *t = arg;
	struct arena *arena;
	int point = ++t->points;

	if ((t->run->design[0] == '\0' && t->run->user[0] == '\0') || (point != t->at && point != t->done_at))
		return;
	arena = arena_new();
	if (point == t->at)
		take_lease(t, arena);
	if (point == t->done_at) {
		open_provider(arena, t->app, "");
		pass_time(t->app, arena, t->run);
		work_until_ended(t->app, t->app, t->run, false);
		t->run->calls += provider_flaky_calls(t->app->provider);
	}
	arena_free(arena);
}

/* One run in this process, with or without a fault (n = 0). */
static void
run_with(struct app *app, struct app *clean, const struct scenario *scenario,
    const struct planned *fault, int n, struct run *run)
{
	struct arena *arena = arena_new();
	struct taker taker = { .app = clean, .run = run, .at = n,
		.done_at = n + atoi(fault->how) };
	struct err err;

	err_init(&err);
	if (fault->take)
		store_watch(app->store, at_point, &taker);
	open_provider(arena, app, fault->provider && n > 0 ? arena_printf(arena,
	    "%d:%s", n, fault->how).p : "");
	if (fault->db)
		store_fail_at(app->store, n, fault->store);
	else if (!fault->provider && !fault->take && blob_flaky_script(app->blob, n == 0 ? ""
	    : arena_printf(arena, "%s:%d:%s", fault->kind, n, fault->how).p,
	    &err) != RC_OK)
		complain("script", &err);
	scenario->run(app, clean, run, fault->provider
	    && strcmp(fault->how, "hang") == 0);
	run->calls += provider_flaky_calls(app->provider);
	run->fired |= n > 0 && (fault->take ? taker.points >= n : fault->db ? store_fail_left(app->store) == 0
	    : fault->provider ? provider_flaky_calls(app->provider) >= n
	    : blob_flaky_calls(app->blob, fault->kind) >= n);
	store_fail_at(app->store, 0, STORE_CUT_BEFORE);
	store_watch(app->store, NULL, NULL);
	(void)!blob_flaky_script(app->blob, "", &err);
	arena_free(arena);
}

/* The same in a process that dies of the fault; its successor goes on. */
static void
run_dying(struct app *app, struct app *clean, const struct scenario *scenario,
    const struct planned *fault, int n, struct run *run)
{
	static struct store_trace *trace;
	struct arena *arena = arena_new();
	struct err err;
	int status;
	pid_t pid;

	if (trace == NULL)
		trace = mmap(NULL, sizeof *trace, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (trace == MAP_FAILED)
		exit(1);
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		struct app own = *app, own_clean = *clean;

		open_parts(arena, &own, trace);
		open_store(arena, &own_clean, NULL);
		own_clean.image = own.image;
		run_with(&own, &own_clean, scenario, fault, n, run);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		exit(1);
	run->fired = WIFEXITED(status) && (WEXITSTATUS(status)
	    == STORE_FAULT_STATUS || WEXITSTATUS(status) == EXITED_PROVIDER);
	if (!run->fired && status != 0) {
		(void)fprintf(stderr, "steps: a child ended with %d\n", status);
		exit(1);
	}
	err_init(&err);
	if (store_abort_left(clean->store, arena, trace, &err) != RC_OK)
		complain("abort", &err);
	pass_time(clean, arena, run);
	run_with(app, clean, scenario, fault, 0, run);
	arena_free(arena);
}

static void
begin(struct app *clean, struct run *run)
{
	struct arena *arena = arena_new();
	struct actor nobody = { .kind = ACTOR_NONE };
	struct guest_session session;
	struct str doc, token;
	struct err err;
	uint32_t r;

	err_init(&err);
	random_bytes(&r, sizeof r);
	(void)snprintf(run->address, sizeof run->address, "10.%u.%u.%u",
	    r >> 16 & 255, r >> 8 & 255, r & 255);
	nobody.address = str_of(run->address);
	if (app_guest_start(clean, arena, &nobody, &session, &doc, &token,
	    &err) != RC_OK)
		complain("session", &err);
	copy(run->session, sizeof run->session, session.id);
	copy(run->make_key, sizeof run->make_key, uuid_new(arena));
	copy(run->refine_key, sizeof run->refine_key, uuid_new(arena));
	arena_free(arena);
}

static void
say(const struct scenario *scenario, const struct planned *fault,
    const struct run *run)
{
	struct arena *arena = arena_new();
	struct buf buf;

	buf_init(&buf, arena, 512, 4096);
	buf_printf(&buf, "{\"scenario\":\"%s\",\"kind\":\"%s\",\"how\":\"%s\","
	    "\"n\":%d,\"fired\":%s,\"stuck\":%s,\"calls\":%d,\"tries\":%d,"
	    "\"session\":\"%s\",\"address\":\"%s\",\"design\":\"%s\",\"user\":\"%s\","
	    "\"folder\":\"%s\",\"where\":",
	    scenario->name, fault->kind, fault->how, run->n,
	    run->fired ? "true" : "false", run->stuck ? "true" : "false",
	    run->calls, run->tries, run->session, run->address, run->design,
	    run->user, run->folder);
	buf_add_json(&buf, str_of(run->where));
	buf_addz(&buf, "}\n");
	(void)fwrite(buf.p, 1, buf.n, stdout);
	(void)fflush(stdout);
	arena_free(arena);
}

/* N from `from` on, until a run ends before its N-th step. */
static void
series(struct app *app, struct app *clean, const struct scenario *scenario,
    const struct planned *fault, int from)
{
	struct run *run = mmap(NULL, sizeof *run, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	bool fired = true;

	if (run == MAP_FAILED)
		exit(1);
	for (int n = from; fired && n < STEPS_MAX; n++) {
		*run = (struct run){ .n = n };
		begin(clean, run);
		if (scenario->prepare != NULL)
			scenario->prepare(clean, run);
		if (fault->exits)
			run_dying(app, clean, scenario, fault, n, run);
		else
			run_with(app, clean, scenario, fault, n, run);
		say(scenario, fault, run);
		fired = run->fired;
	}
	(void)munmap(run, sizeof *run);
}

/* --- the program --------------------------------------------------------- */

static const char *
option(const char *arg, const char *name)
{
	size_t n = strlen(name);

	return strncmp(arg, name, n) == 0 ? arg + n : NULL;
}

static void
read_options(struct arena *arena, int argc, char **argv)
{
	const char *value;
	struct err err;

	err_init(&err);

	for (int i = 1; i < argc; i++)
		if ((value = option(argv[i], "--uri-file=")) != NULL)
			(void)!secret_read_file(arena, value, &options.uri, &err);
		else if ((value = option(argv[i], "--database=")) != NULL)
			options.database = value;
		else if ((value = option(argv[i], "--objects=")) != NULL)
			options.objects = value;
		else if ((value = option(argv[i], "--image=")) != NULL)
			options.image = value;
		else if ((value = option(argv[i], "--state=")) != NULL)
			options.state = value;
	if (options.uri.p == NULL || options.database == NULL
	    || options.objects == NULL || options.image == NULL
	    || options.state == NULL) {
		(void)fprintf(stderr, "steps: see the head of t/tools/steps.c\n");
		exit(2);
	}
}

static void
configure(struct arena *arena, struct app *app)
{
	unsigned char master[KEY_BYTES];

	conf_init(&conf, arena);
	conf.guest_daily = conf.guest_address_daily = 1000000;
	conf.job_lease_s = 60;
	conf.orphan_age_s = -5;		/* even what was made just now */
	conf.state_dir = options.state;
	conf.session_cache_s = conf.request_deadline_ms = 0;
	random_bytes(master, sizeof master);
	keyring_init(&app->keyring, master);
	app->conf = &conf;
	app->shared = shared_new();
	app->sessions = session_cache_new();
	app->wake_fd = -1;
}

int
main(int argc, char **argv)
{
	struct arena *arena = arena_new();
	struct sigaction action = { .sa_handler = on_alarm };
	struct app app = { 0 }, clean;
	char line[200], name[32], kind[32], how[64];

	read_options(arena, argc, argv);
	log_init(LOG_ERROR + 1, "steps");
	(void)sigaction(SIGALRM, &action, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	configure(arena, &app);
	clean = app;
	open_parts(arena, &app, NULL);
	open_parts(arena, &clean, NULL);
	clean.image = app.image;
	while (fgets(line, sizeof line, stdin) != NULL) {
		struct planned fault;
		int from = 1;

		if (sscanf(line, "%31s %31s %63s %d", name, kind, how, &from) < 3)
			continue;
		fault = planned_of(kind, how);
		for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++)
			if (strcmp(scenarios[i].name, name) == 0)
				series(&app, &clean, &scenarios[i], &fault, from);
	}
	store_close(app.store);
	store_close(clean.store);
	image_close(app.image);
	arena_free(arena);
	return 0;
}
