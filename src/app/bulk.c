#include "config.h"

#include "app/bulk.h"

#include "app/charge.h"
#include "app/folders.h"
#include "app/share-gate.h"
#include "base/uuid.h"
#include "schema/documents.h"
#include "store/designs.h"
#include "store/folders.h"
#include "store/jobs.h"

struct bulk {
	struct app *app;
	const struct actor *actor;
	const struct body_bulk *body;
	const struct idem *idem;
	const struct bulk_action *action;
	enum rc *fates;
	/* Those that change, and the folders that they are in. */
	struct str ids[BULK_MAX], folders[BULK_MAX];
	size_t n;
};

/* --- actions ------------------------------------------------------------- */

static enum rc
star(struct bulk *b, struct arena *arena, struct err *err)
{
	return designs_star_many(b->app->store, arena, b->actor->owner, b->ids,
	    b->n, true, err);
}

static enum rc
unstar(struct bulk *b, struct arena *arena, struct err *err)
{
	return designs_star_many(b->app->store, arena, b->actor->owner, b->ids,
	    b->n, false, err);
}

static enum rc
move(struct bulk *b, struct arena *arena, struct err *err)
{
	return designs_move_many(b->app->store, arena, b->actor->owner, b->ids,
	    b->n, b->body->folder_id, err);
}

static enum rc
trash(struct bulk *b, struct arena *arena, struct err *err)
{
	return designs_trash_many(b->app->store, arena, b->actor->owner, b->ids,
	    b->n, true, err);
}

/* Those whose folder is not there any more come back into none. */
static enum rc
restore(struct bulk *b, struct arena *arena, struct err *err)
{
	struct store *store = b->app->store;
	struct str homeless[BULK_MAX], ids[BULK_MAX], folders[BULK_MAX];
	bool there[BULK_MAX];
	size_t n = 0, homeless_n = 0;

	for (size_t i = 0; i < b->n; i++)
		if (b->folders[i].p != NULL) {
			ids[n] = b->ids[i];
			folders[n++] = b->folders[i];
		}
	if (designs_trash_many(store, arena, b->actor->owner, b->ids, b->n, false,
	    err) != RC_OK)
		return err->rc;
	if (n == 0)
		return RC_OK;
	if (b->actor->kind != ACTOR_MEMBER)	/* a guest's point nowhere */
		memset(there, 0, sizeof there);
	else if (folders_exist(store, arena, b->actor->owner.user_id, folders, n,
	    there, err) != RC_OK)
		return err->rc;
	for (size_t i = 0; i < n; i++)
		if (!there[i])
			homeless[homeless_n++] = ids[i];
	return designs_move_many(store, arena, b->actor->owner, homeless,
	    homeless_n, STR_NULL, err);
}

static enum rc
purge(struct bulk *b, struct arena *arena, struct err *err)
{
	struct job *jobs = arena_many(arena, b->n, struct job);

	if (designs_remove_many(b->app->store, arena, b->actor->owner, b->ids,
	    b->n, err) != RC_OK)
		return err->rc;
	for (size_t i = 0; i < b->n; i++)
		job_init(&jobs[i], arena, b->actor, "object_deletion",
		    uuid_new(arena), b->ids[i], 0, 0);
	return jobs_insert_many(b->app->store, arena, jobs, b->n, err);
}

static const struct bulk_action {
	const char *name;
	int deleted;			/* of what state: 1 in the trash, 0 not, -1 any */
	bool gates;			/* what links show changes */
	enum rc (*run)(struct bulk *b, struct arena *arena, struct err *err);
} actions[] = {
	{ "favorite", 0, false, star },
	{ "unfavorite", 0, false, unstar },
	{ "move", 0, false, move },
	{ "delete", -1, true, trash },
	{ "restore", 1, true, restore },
	{ "purge", 1, true, purge },
};

/* --- what becomes of each -------------------------------------------------- */

static const struct {
	char letter;
	enum rc rc;
} fate_letters[] = {
	{ 'o', RC_OK }, { 'n', RC_NOT_FOUND }, { 'c', RC_CONFLICT },
};

enum { FATES = sizeof fate_letters / sizeof fate_letters[0] };

static struct str
outcome_of(const struct bulk *b, struct arena *arena)
{
	struct buf buf;

	buf_init(&buf, arena, BULK_MAX, BULK_MAX);
	for (size_t i = 0; i < b->body->ids.n; i++)
		for (size_t k = 0; k < FATES; k++)
			if (fate_letters[k].rc == b->fates[i])
				buf_add_char(&buf, fate_letters[k].letter);
	return buf_str(&buf);
}

/* The answer that was given before. */
static enum rc
replay(const struct bulk *b, struct err *err)
{
	struct str outcome = b->idem->outcome;

	if (outcome.p == NULL || outcome.n != b->body->ids.n)
		return err_set(err, RC_INTERNAL,
		    "The answer to this Idempotency-Key is not known any more.");
	for (size_t i = 0; i < outcome.n; i++)
		for (size_t k = 0; k < FATES; k++)
			if (fate_letters[k].letter == outcome.p[i])
				b->fates[i] = fate_letters[k].rc;
	return RC_OK;
}

static struct str
find(const struct str *docs, size_t n, struct str id)
{
	struct str other;

	for (size_t i = 0; i < n; i++)
		if (doc_peek_str(docs[i], "_id", &other) && str_eq(other, id))
			return docs[i];
	return STR_NULL;
}

static void
decide(struct bulk *b, const struct str *docs, size_t n)
{
	b->n = 0;
	for (size_t i = 0; i < b->body->ids.n; i++) {
		struct str id = b->body->ids.items[i], doc = find(docs, n, id);
		bool deleted = false;

		b->fates[i] = RC_NOT_FOUND;
		if (doc.p == NULL)
			continue;
		(void)doc_peek_bool(doc, "is_deleted", &deleted);
		b->fates[i] = RC_CONFLICT;
		if (b->action->deleted >= 0 && b->action->deleted != deleted)
			continue;
		b->fates[i] = RC_OK;
		b->folders[b->n] = STR_NULL;
		(void)doc_peek_str(doc, "folder_id", &b->folders[b->n]);
		b->ids[b->n++] = id;
	}
}

static enum rc
in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct bulk *b = arg;
	struct str docs[BULK_MAX];
	size_t n = 0;

	if (b->body->folder_id.p != NULL && app_folders_enter(b->app, arena,
	    b->actor, b->body->folder_id, err) != RC_OK)
		return err->rc;
	if (designs_peek_many(store, arena, b->actor->owner, b->body->ids.items,
	    b->body->ids.n, docs, &n, err) != RC_OK)
		return err->rc;
	decide(b, docs, n);
	if (b->action->gates && share_gate_close_designs(b->app, arena, docs, n, err)
	    != RC_OK)
		return err->rc;
	if (b->n > 0 && b->action->run(b, arena, err) != RC_OK)
		return err->rc;
	return app_idem_done_many(b->app, arena, b->idem, 207,
	    outcome_of(b, arena), err);
}

/* What the rows cannot say. */
static enum rc
check(const struct bulk *b, struct arena *arena, struct err *err)
{
	bool moves = b->action->run == move;
	bool has_folder = doc_present(&doc_body_bulk, b->body, "folder_id");

	if (moves && b->actor->kind != ACTOR_MEMBER)
		return err_set(err, RC_ACCOUNT_REQUIRED, "Folders need an account; "
		    "what you have made stays yours.");
	if (moves && !has_folder)
		err_fault(err, arena, STR("/folder_id"), "required",
		    "To move is to a folder, or to null for out of any.");
	if (!moves && has_folder)
		err_fault(err, arena, STR("/folder_id"), "unexpected",
		    "This is for move alone.");
	return err->rc;
}

enum rc
app_bulk(struct app *app, struct arena *arena, const struct actor *actor,
    const struct body_bulk *body, const struct idem *idem, enum rc *ret_fates,
    struct err *err)
{
	struct bulk *b = arena_one(arena, struct bulk);

	*b = (struct bulk){ .app = app, .actor = actor, .body = body,
		.idem = idem, .fates = ret_fates };
	for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
		if (str_eqz(body->action, actions[i].name))
			b->action = &actions[i];
	if (idem->replay)
		return replay(b, err);
	if (check(b, arena, err) != RC_OK
	    || owner_transaction(app, arena, actor, NULL, in_transaction, b, err)
	    != RC_OK)
		return err->rc;
	if (b->action->run == purge && b->n > 0)
		app_wake(app);
	return RC_OK;
}
