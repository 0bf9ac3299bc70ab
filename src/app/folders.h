/*
 * folders.h - a member's folders: make, list, change, put in order, remove.
 *
 * A design is in one folder or in none. A folder that is removed leaves its designs;
 * what it takes to let go of many is in store/folders.h.
 */
#ifndef BEZEL_APP_FOLDERS_H
#define BEZEL_APP_FOLDERS_H

#include "app/app.h"
#include "app/idem.h"

struct folder;
struct json_value;

struct app_folder {
	struct str id;
	struct str doc;
	int64_t updated_at_ms;	/* TIME_NULL when the stored one is no time */
};

/* body has been decoded. RC_LIMIT_REACHED with FOLDERS_MAX of them. */
enum rc app_folders_create(struct app *app, struct arena *arena,
    const struct actor *actor, struct folder *body, const struct idem *idem,
    struct app_folder *ret_folder, struct err *err) must_use;

enum rc app_folders_get(struct app *app, struct arena *arena,
    const struct actor *actor, struct str id, struct app_folder *ret_folder,
    struct err *err) must_use;

/* In their order; the array is arena's. */
enum rc app_folders_list(struct app *app, struct arena *arena,
    const struct actor *actor, struct str **ret_docs, size_t *ret_n,
    struct err *err) must_use;

/* if_match is an updated_at, or TIME_NULL. RC_PRECONDITION when it has changed. */
enum rc app_folders_edit(struct app *app, struct arena *arena,
    const struct actor *actor, struct str id, int64_t if_match_ms,
    const struct json_value *patch, struct app_folder *ret_folder,
    struct err *err) must_use;

/* Those in ids come first, in that order, the others behind them in theirs. One that is
 * not there is RC_INVALID, and nothing changes. Returns the list as it is then. */
enum rc app_folders_reorder(struct app *app, struct arena *arena,
    const struct actor *actor, const struct str *ids, size_t n,
    const struct idem *idem, struct str **ret_docs, size_t *ret_n,
    struct err *err) must_use;

/* A first step now, in one transaction; a job does the rest when there is more. */
enum rc app_folders_remove(struct app *app, struct arena *arena,
    const struct actor *actor, struct str id, int64_t if_match_ms,
    struct err *err) must_use;

/* That job, from wherever it was left: all folders of a user that are on their way. */
enum rc app_folders_remove_rest(struct app *app, struct arena *arena,
    struct str user_id, struct err *err) must_use;

/* Inside a transaction that puts a design there: RC_INVALID with the fault at
 * /folder_id when it is no folder of the actor's. */
enum rc app_folders_enter(struct app *app, struct arena *arena,
    const struct actor *actor, struct str id, struct err *err) must_use;

#endif
