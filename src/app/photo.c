#include "config.h"

#include "app/photo.h"

#include "app/ready.h"
#include "app/uploads.h"
#include "blob/blob.h"
#include "schema/documents.h"
#include "store/users.h"

enum {
	SIDE = 512,			/* px */
	TRIES = 8
};

/* The members of a user document that change: {profile_photo_url: key}. */
static struct str
set_of(struct arena *arena, const struct user *user, struct str key)
{
	struct user changed = *user;

	changed.profile_photo_url = key;
	for (size_t i = 0; i < doc_user.field_count; i++)
		if (strcmp(doc_user.fields[i].key, "profile_photo_url") == 0)
			return doc_pick(&doc_user, doc_to_bson(&doc_user,
			    &changed, arena), (uint64_t)1 << i, arena);
	die("a user has no photo");
}

/* Puts key (null: none) in the place of what is there. Each change knows what it has
 * replaced, so that of two at once neither forgets a file. */
static enum rc
replace(struct app *app, struct arena *arena, struct str user_id, struct str key,
    struct str *ret_old, struct err *err)
{
	for (int i = 0; i < TRIES; i++) {
		struct user user;
		struct str doc;
		enum rc rc = users_get(app->store, arena, user_id, &user, NULL,
		    err);

		if (rc == RC_NOT_FOUND || (rc == RC_OK
		    && user.disabled_at != TIME_NULL))
			return err_set(err, RC_NO_SESSION,
			    "This account is closed.");
		if (rc != RC_OK)
			return rc;
		*ret_old = user.profile_photo_url;
		if (key.p == NULL && ret_old->p == NULL)
			return RC_OK;
		rc = users_set(app->store, arena, user_id, user.updated_at,
		    set_of(arena, &user, key), &doc, err);
		if (rc != RC_NOT_FOUND)
			return rc;
		err_init(err);		/* changed between read and write */
	}
	return err_set(err, RC_CONFLICT,
	    "The profile changes all the time; try again.");
}

/* What is not removed the sweep for orphans finds. */
static void
drop(struct app *app, struct str key)
{
	struct err ignored;

	err_init(&ignored);
	if (key.p != NULL)
		(void)!blob_delete(app->blob, &key, 1, &ignored);
}

enum rc
app_photo_set(struct app *app, struct arena *arena, const struct actor *actor,
    struct str bytes, struct err *err)
{
	struct str id = actor->owner.user_id, old = STR_NULL, photo, key;
	enum rc rc;

	if (app_upload_begin(app, arena, actor, "photo", bytes, err) != RC_OK)
		return err->rc;
	(void)!app_image_square(app, arena, bytes, SIDE, &photo, err);
	app_upload_end(app, actor);
	if (err->rc != RC_OK)
		return err->rc;
	key = app_object_key(app, arena, id, id, photo, "webp");
	if (blob_put(app->blob, key, photo, err) != RC_OK)
		return err->rc;
	rc = replace(app, arena, id, key, &old, err);
	if (rc == RC_OK && !str_eq(old, key))
		drop(app, old);
	/* After an answer that was lost it may be named. */
	if (rc != RC_OK && rc != RC_UNAVAILABLE)
		drop(app, str_eq(old, key) ? STR_NULL : key);
	return rc;
}

enum rc
app_photo_remove(struct app *app, struct arena *arena,
    const struct actor *actor, struct err *err)
{
	struct str old = STR_NULL;

	if (replace(app, arena, actor->owner.user_id, STR_NULL, &old, err)
	    == RC_OK)
		drop(app, old);
	return err->rc;
}
