/* steps-folders.c - scenarios of steps: a member's folder. */
#include "config.h"

#include "steps.h"

#include "app/folders.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "store/folders.h"

/* More than one transaction takes. */
enum { DESIGNS_FILED = FOLDER_EMPTY_AT_ONCE + 1 };

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
	decode_design(arena, &design);
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

static void
unfile(struct app *app, struct app *clean, struct run *run, bool hangs)
{
	until_done(app, clean, run, remove_folder, "remove");
	work_until_ended(app, clean, run, hangs);
}

const struct scenario scenarios_folders[] = {
	/* removed, with DESIGNS_FILED designs */
	{ "unfile", prepare_folder, unfile },
	{ NULL, NULL, NULL },
};
