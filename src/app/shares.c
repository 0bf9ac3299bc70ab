#include "config.h"

#include "app/share-read.h"

#include "app/audit.h"
#include "app/charge.h"
#include "app/limit.h"
#include "app/password.h"
#include "app/share-gate.h"
#include "base/clock.h"
#include "crypt/share-token.h"
#include "store/designs.h"
#include "store/shares.h"

enum { TRIES = 8, DAY_S = 24 * 3600 };

/* --- what is there ------------------------------------------------------- */

/* The stored link of a design, as a change has to find it. */
struct link {
	struct shares_when when;
	bool usable;			/* the token: viewers can open it */
	bool valid;			/* it lives, too */
	bool locked;			/* by a password */
	bool deleted, pictured;		/* the design */
	int64_t updated_at_ms, revoked_at_ms;
};

/* Under a key that lives, and made for this design. */
static bool
is_for(const struct app *app, struct str token, struct str doc)
{
	char id[UUID_TEXT];
	struct str own;

	return share_token_open(&app->keyring, token, id)
	    && doc_peek_str(doc, "_id", &own)
	    && str_eq(own, (struct str){ id, sizeof id });
}

static void
read_link(const struct app *app, struct str doc, int64_t if_match_ms,
    struct link *link)
{
	struct str image_id;

	*link = (struct link){ .when = { .updated_at_ms = if_match_ms },
		.updated_at_ms = TIME_NULL, .revoked_at_ms = TIME_NULL };
	(void)doc_peek_str(doc, "share_settings.share_token", &link->when.token);
	(void)doc_peek_bool(doc, "share_settings.is_shared",
	    &link->when.is_shared);
	(void)doc_peek_time(doc, "share_settings.revoked_at",
	    &link->revoked_at_ms);
	(void)doc_peek_bool(doc, "share_settings.password_protected",
	    &link->locked);
	(void)doc_peek_bool(doc, "is_deleted", &link->deleted);
	(void)doc_peek_time(doc, "updated_at", &link->updated_at_ms);
	link->pictured = doc_peek_str(doc, "current_version.image_id", &image_id);
	link->usable = link->when.token.p != NULL
	    && is_for(app, link->when.token, doc);
	link->valid = link->when.is_shared && link->usable;
}

static enum rc
get_link(struct app *app, struct arena *arena, const struct actor *actor,
    struct str design_id, int64_t if_match_ms, struct str *ret_doc,
    struct link *ret_link, struct err *err)
{
	if (designs_get(app->store, arena, actor->owner, design_id, ret_doc, err)
	    != RC_OK)
		return err->rc;
	read_link(app, *ret_doc, if_match_ms, ret_link);
	if (if_match_ms != TIME_NULL && if_match_ms != ret_link->updated_at_ms)
		return err_set(err, RC_PRECONDITION,
		    "The design has changed since you read it.");
	return RC_OK;
}

bool
app_share_of(const struct app *app, struct arena *arena, struct str doc,
    struct app_share *ret_share)
{
	struct app_share share = { .doc = doc };
	struct design design;
	struct link link;

	doc_init(&doc_design, &design);
	read_link(app, doc, TIME_NULL, &link);
	if (!link.when.is_shared || link.when.token.p == NULL)
		return false;
	(void)doc_from_bson(&doc_design, doc, &design, arena, NULL);
	share.title = design.share_settings.title;
	share.show_prompt = design.share_settings.show_prompt;
	share.password_protected = share_is_locked(&design);
	share.expires_at = design.share_settings.expires_at;
	share.view_count = design.share_settings.view_count;
	(void)doc_peek_str(doc, "_id", &share.design_id);
	share.token = link.when.token;
	share.url = arena_printf(arena, "%.*s/s/%.*s",
	    STR_FMT(app->conf->base_url), STR_FMT(share.token));
	share.valid = link.valid;
	share.updated_at_ms = link.updated_at_ms;
	*ret_share = share;
	return true;
}

static enum rc
show(const struct app *app, struct arena *arena, struct str doc,
    struct app_share *ret_share, struct err *err)
{
	return app_share_of(app, arena, doc, ret_share) ? RC_OK
	    : err_set(err, RC_NOT_FOUND, "This design is not shared.");
}

enum rc
app_share_get(struct app *app, struct arena *arena, const struct actor *actor,
    struct str design_id, struct app_share *ret_share, struct err *err)
{
	struct str doc;

	if (designs_get(app->store, arena, actor->owner, design_id, &doc, err)
	    != RC_OK)
		return err->rc;
	return show(app, arena, doc, ret_share, err);
}

static enum rc
changes_all_the_time(struct err *err)
{
	err_init(err);
	return err_set(err, RC_CONFLICT,
	    "The design changes all the time; try again.");
}

/* A write that met another link or version than was read: to be decided anew. With
 * If-Match the next look says that it has changed. */
static bool
met_another(enum rc rc, struct err *err)
{
	if (rc != RC_NOT_FOUND)
		return false;
	err_init(err);
	return true;
}

/* --- making and changing ------------------------------------------------- */

struct put {
	struct app *app;
	const struct actor *actor;
	struct str design_id, doc;
	const struct shares_when *when;
	const struct shares_change *change;
	bool sets_password, created;
};

static struct limit
new_links(const struct app *app, const struct actor *actor)
{
	return (struct limit){ "share", actor->owner.user_id,
		app->conf->share_daily, DAY_S, 1 };
}

static enum rc
note(struct app *app, struct arena *arena, const struct actor *actor,
    const char *kind, struct str design_id, struct err *err)
{
	return audit_write(app, arena, actor, kind, actor->owner.user_id,
	    arena_printf(arena, "design %.*s", STR_FMT(design_id)).p, err);
}

static enum rc
put_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct put *p = arg;

	if (shares_put(store, arena, p->actor->owner, p->design_id, p->when,
	    p->change, &p->doc, err) != RC_OK)
		return err->rc;
	/* Before the commit: whoever asks after it reads the database. */
	if (share_gate_close_design(p->app, p->doc, err) != RC_OK)
		return err->rc;
	if ((p->change->what & SHARES_NEW) && note(p->app, arena, p->actor,
	    "share_made", p->design_id, err) != RC_OK)
		return err->rc;
	if (!p->sets_password)
		return RC_OK;
	return note(p->app, arena, p->actor, p->change->password_hash.p != NULL
	    ? "share_password_set" : "share_password_removed", p->design_id, err);
}

static enum rc
check_body(struct arena *arena, const struct body_share *body, struct err *err)
{
	if (doc_present(&doc_body_share, body, "expires_at")
	    && body->expires_at != TIME_NULL
	    && body->expires_at <= clock_now_ms())
		err_fault(err, arena, STR("/expires_at"), "past",
		    "This must be in the future.");
	if (body->password.p != NULL)
		app_password_faults(arena, STR("/password"), body->password,
		    STR(""), STR(""), err);
	return err->rc;
}

static unsigned
members_of(const struct body_share *body)
{
	static const struct {
		const char *key;
		enum shares_members member;
	} rows[] = {
		{ "title", SHARES_TITLE }, { "show_prompt", SHARES_SHOW_PROMPT },
		{ "expires_at", SHARES_EXPIRES_AT },
		{ "password", SHARES_PASSWORD },
	};
	unsigned what = 0;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (doc_present(&doc_body_share, body, rows[i].key))
			what |= rows[i].member;
	return what;
}

/* As right ones are limited: hashing takes a worker's time. */
static struct limit
new_passwords(const struct app *app, const struct actor *actor)
{
	return (struct limit){ "share-password", actor->owner.user_id,
		app->conf->login_successes, app->conf->login_window_s, 1 };
}

/* Of the body, but for the token. */
static enum rc
make_change(const struct put *p, struct arena *arena,
    const struct body_share *body, struct shares_change *change, struct err *err)
{
	const struct limit limit = new_passwords(p->app, p->actor);

	*change = (struct shares_change){ .what = members_of(body),
		.title = body->title, .show_prompt = body->show_prompt,
		.expires_at_ms = body->expires_at };
	if (body->password.p == NULL
	    || limit_take(p->app, arena, &limit, err) != RC_OK)
		return err->rc;
	return app_password_seal_as(p->app, arena, SEAL_SHARE_PASSWORD,
	    p->design_id, body->password, &change->password_hash, err);
}

/* What the body's change is for what is there: of a link that begins all members are
 * set. One whose key is retired gets another token and keeps the rest. */
static struct shares_change
change_for(const struct put *p, struct arena *arena, const struct link *link,
    const struct shares_change *asked)
{
	struct shares_change change = *asked;

	change.now_ms = clock_now_ms();
	if (link->valid)
		return change;
	change.what |= SHARES_NEW;
	change.token = share_token_new(&p->app->keyring, arena, p->design_id);
	if (link->when.is_shared && link->when.token.p != NULL)
		return change;
	if (!(change.what & SHARES_EXPIRES_AT))
		change.expires_at_ms = change.now_ms + SHARE_USUAL_DAYS * DAY_S * INT64_C(1000);
	change.what |= SHARES_ALL;
	return change;
}

static enum rc
check_link(const struct link *link, struct err *err)
{
	if (link->deleted)
		return err_set(err, RC_CONFLICT, "The design is in the trash.");
	if (!link->pictured)
		return err_set(err, RC_CONFLICT,
		    "There is no picture yet that could be shared.");
	return RC_OK;
}

/* One try. *counted: a new link was counted, by this try or by one before. */
static enum rc
put_once(struct put *p, struct arena *arena, const struct link *link,
    const struct shares_change *asked, bool *counted, struct err *err)
{
	const struct limit limit = new_links(p->app, p->actor);
	struct shares_change change = change_for(p, arena, link, asked);

	if ((change.what & SHARES_NEW) && !*counted) {
		if (limit_take(p->app, arena, &limit, err) != RC_OK)
			return err->rc;
		*counted = true;
	}
	p->created = (change.what & SHARES_NEW) != 0;
	p->when = &link->when;
	p->change = &change;
	p->sets_password = (asked->what & SHARES_PASSWORD)
	    && (asked->password_hash.p != NULL
	    || (link->when.is_shared && link->locked));
	return owner_transaction(p->app, arena, p->actor, NULL,
	    put_in_transaction, p, err);
}

static enum rc
put(struct put *p, struct arena *arena, int64_t if_match_ms,
    const struct body_share *body, bool *counted, struct err *err)
{
	struct shares_change asked;
	struct link link;

	for (int i = 0; i < TRIES; i++) {
		if (get_link(p->app, arena, p->actor, p->design_id, if_match_ms,
		    &p->doc, &link, err) != RC_OK
		    || check_link(&link, err) != RC_OK
		    || (i == 0 && make_change(p, arena, body, &asked, err)
		    != RC_OK))
			return err->rc;
		if (!met_another(put_once(p, arena, &link, &asked, counted, err),
		    err))
			return err->rc;
	}
	return changes_all_the_time(err);
}

enum rc
app_share_put(struct app *app, struct arena *arena, const struct actor *actor,
    struct str design_id, int64_t if_match_ms, const struct body_share *body,
    struct app_share *ret_share, struct err *err)
{
	struct put p = { .app = app, .actor = actor, .design_id = design_id };
	const struct limit limit = new_links(app, actor);
	bool counted = false;

	if (check_body(arena, body, err) != RC_OK)
		return err->rc;
	if (put(&p, arena, if_match_ms, body, &counted, err) != RC_OK) {
		if (counted && !err->unknown)
			limit_give_back(app, arena, &limit);
		return err->rc;
	}
	if (p.created)
		metric_add(app->shared, METRIC_shares_made_total, 1);
	if (show(app, arena, p.doc, ret_share, err) == RC_OK)
		ret_share->created = p.created;
	return err->rc;
}

/* --- the end, and undo ---------------------------------------------------- */

struct revoke {
	struct app *app;
	const struct actor *actor;
	struct str design_id, doc;
	const struct shares_when *when;
	bool back;
};

static enum rc
revoke_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct revoke *r = arg;
	struct store_owner owner = r->actor->owner;
	enum rc rc = r->back ? shares_restore(store, arena, owner, r->design_id,
	    r->when, &r->doc, err) : shares_revoke(store, arena, owner,
	    r->design_id, r->when, clock_now_ms(), &r->doc, err);

	/* Before the commit, as above. */
	if (rc == RC_OK)
		rc = share_gate_close_design(r->app, r->doc, err);
	return rc != RC_OK ? rc : note(r->app, arena, r->actor,
	    r->back ? "share_restored" : "share_revoked", r->design_id, err);
}

enum rc
app_share_revoke(struct app *app, struct arena *arena, const struct actor *actor,
    struct str design_id, int64_t if_match_ms, struct err *err)
{
	struct revoke r = { .app = app, .actor = actor, .design_id = design_id };
	struct link link;

	for (int i = 0; i < TRIES; i++) {
		if (get_link(app, arena, actor, design_id, if_match_ms, &r.doc,
		    &link, err) != RC_OK)
			return err->rc;
		if (!link.when.is_shared)
			return RC_OK;
		r.when = &link.when;
		if (!met_another(owner_transaction(app, arena, actor, NULL,
		    revoke_in_transaction, &r, err), err))
			return err->rc;
	}
	return changes_all_the_time(err);
}

/* Whether the link that was revoked can still come back. */
static enum rc
check_undo(const struct link *link, struct err *err)
{
	if (link->deleted)
		return err_set(err, RC_CONFLICT, "The design is in the trash.");
	if (link->when.token.p == NULL || link->revoked_at_ms == TIME_NULL
	    || clock_now_ms() - link->revoked_at_ms
	    > SHARE_UNDO_S * INT64_C(1000)
	    || !link->usable)
		return err_set(err, RC_LINK_EXPIRED, "A revoked link can come back "
		    "for %d s; make a new one.", SHARE_UNDO_S);
	return RC_OK;
}

enum rc
app_share_restore(struct app *app, struct arena *arena,
    const struct actor *actor, struct str design_id,
    struct app_share *ret_share, struct err *err)
{
	struct revoke r = { .app = app, .actor = actor, .design_id = design_id,
		.back = true };
	struct link link;

	for (int i = 0; i < TRIES; i++) {
		if (get_link(app, arena, actor, design_id, TIME_NULL, &r.doc,
		    &link, err) != RC_OK)
			return err->rc;
		if (link.when.is_shared)	/* it has come back before */
			return show(app, arena, r.doc, ret_share, err);
		if (check_undo(&link, err) != RC_OK)
			return err->rc;
		r.when = &link.when;
		if (met_another(owner_transaction(app, arena, actor, NULL,
		    revoke_in_transaction, &r, err), err))
			continue;
		return err->rc != RC_OK ? err->rc
		    : show(app, arena, r.doc, ret_share, err);
	}
	return changes_all_the_time(err);
}

enum rc
app_shares_tidy(struct app *app, struct arena *arena, int64_t *ret_cleared,
    struct err *err)
{
	return shares_forget(app->store, arena, clock_now_ms()
	    - SHARE_FORGET_S * INT64_C(1000), ret_cleared, err);
}
