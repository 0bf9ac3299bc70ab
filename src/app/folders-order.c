#include "config.h"

#include "app/folders.h"

#include "app/charge.h"
#include "schema/documents.h"
#include "store/folders.h"

struct reorder {
	struct app *app;
	const struct actor *actor;
	const struct idem *idem;
	const struct str *wanted;
	size_t wanted_n;
	struct str *docs;		/* the list, before and behind */
	size_t n;
};

static bool
stands_in(const struct str *ids, size_t n, struct str id)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(ids[i], id))
			return true;
	return false;
}

/* The wanted ones, then the rest of the list. */
static enum rc
whole_order(const struct reorder *r, struct arena *arena, struct str *ret_ids,
    size_t *ret_n, struct err *err)
{
	struct str *have = arena_many(arena, r->n, struct str);
	size_t have_n = 0, n = 0;

	for (size_t i = 0; i < r->n; i++)
		if (doc_peek_str(r->docs[i], "_id", &have[have_n]))
			have_n++;
	for (size_t i = 0; i < r->wanted_n; i++) {
		if (!stands_in(have, have_n, r->wanted[i]))
			err_fault(err, arena, arena_printf(arena, "/ids/%zu", i),
			    "not_found", "This is not a folder of yours.");
		else
			ret_ids[n++] = r->wanted[i];
	}
	for (size_t i = 0; i < have_n; i++)
		if (!stands_in(r->wanted, r->wanted_n, have[i]))
			ret_ids[n++] = have[i];
	*ret_n = n;
	return err->rc;
}

/* Those that are not where they are to be: only they change. */
static size_t
displaced(const struct reorder *r, struct arena *arena, const struct str *ids,
    size_t n, struct str *ret_ids)
{
	size_t count = 0;

	for (size_t i = 0; i < r->n; i++) {
		struct folder folder;
		int faults;

		doc_init(&doc_folder, &folder);
		faults = doc_from_bson(&doc_folder, r->docs[i], &folder, arena,
		    NULL);
		if (folder.id.p != NULL && (faults > 0 || folder.sort_order < 0
		    || (size_t)folder.sort_order >= n
		    || !str_eq(ids[folder.sort_order], folder.id)))
			ret_ids[count++] = folder.id;
	}
	return count;
}

static enum rc
reorder_in_transaction(struct store *store, struct arena *arena, void *arg,
    struct err *err)
{
	struct reorder *r = arg;
	struct str owner = r->actor->owner.user_id, *ids, *changed;
	size_t n = 0, changed_n;

	if (folders_list(store, arena, owner, r->docs, &r->n, err) != RC_OK)
		return err->rc;
	ids = arena_many(arena, r->n + r->wanted_n, struct str);
	changed = arena_many(arena, r->n, struct str);
	if (whole_order(r, arena, ids, &n, err) != RC_OK)
		return err->rc;
	changed_n = displaced(r, arena, ids, n, changed);
	if (folders_reorder(store, arena, owner, ids, n, changed, changed_n, err)
	    != RC_OK
	    || folders_list(store, arena, owner, r->docs, &r->n, err) != RC_OK)
		return err->rc;
	return app_idem_done(r->app, arena, r->idem, 200, err);
}

enum rc
app_folders_reorder(struct app *app, struct arena *arena,
    const struct actor *actor, const struct str *ids, size_t n,
    const struct idem *idem, struct str **ret_docs, size_t *ret_n,
    struct err *err)
{
	struct reorder r = { .app = app, .actor = actor, .idem = idem,
		.wanted = ids, .wanted_n = n,
		.docs = arena_many(arena, FOLDERS_READ_MAX, struct str) };

	if (idem->replay)
		return app_folders_list(app, arena, actor, ret_docs, ret_n, err);
	if (owner_transaction(app, arena, actor, NULL, reorder_in_transaction,
	    &r, err) != RC_OK)
		return err->rc;
	*ret_docs = r.docs;
	*ret_n = r.n;
	return RC_OK;
}
