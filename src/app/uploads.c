#include "config.h"

#include "app/uploads.h"

#include "app/guests.h"
#include "app/idem.h"
#include "app/limit.h"
#include "app/ready.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "blob/blob.h"
#include "image/image.h"
#include "schema/documents.h"
#include "store/uploads.h"

enum {
	SIDE_MAX = 2048,	/* what providers use of a reference */
	UPLOAD_MAX = 10 * 1024 * 1024,
	DAY_S = 24 * 3600
};

/* Keys of an account and its browsers are one. */
static struct str
who_of(const struct actor *actor)
{
	return actor->account.p != NULL ? actor->account : actor->principal;
}

/* What came counts, whether it is a picture or not: looking at it costs the same.
 * Guests, who cost nothing to make, are counted by address too. */
static enum rc
count(struct app *app, struct arena *arena, const struct actor *actor,
    const char *kind, size_t bytes, struct err *err)
{
	const struct conf *conf = app->conf;
	const struct limit limits[] = {
		{ kind, actor->principal, conf->upload_daily, DAY_S, 1 },
		{ arena_strz(arena, arena_printf(arena, "%s-bytes", kind)),
		    actor->principal, conf->upload_daily_bytes, DAY_S,
		    (int64_t)bytes },
		{ "upload-address", app_address_key(arena, actor->address),
		    conf->guest_address_daily, DAY_S, 1 },
	};

	if (limits_take(app, arena, limits, actor->kind == ACTOR_GUEST ? 3 : 2,
	    err) != RC_RATE)
		return err->rc;
	return err_set(err, RC_QUOTA, "At most %lld pictures and %lld bytes a "
	    "day.", (long long)conf->upload_daily,
	    (long long)conf->upload_daily_bytes);
}

enum rc
app_upload_begin(struct app *app, struct arena *arena, const struct actor *actor,
    const char *kind, struct str bytes, struct err *err)
{
	if (bytes.n > UPLOAD_MAX)
		return err_set(err, RC_TOO_LARGE,
		    "A picture has at most %d bytes.", UPLOAD_MAX);
	if (!solo_enter(app->shared, who_of(actor))) {
		err->retry_after_s = 1;
		return err_set(err, RC_RATE, "One picture at a time: another one "
		    "of yours is being read.");
	}
	if (count(app, arena, actor, kind, bytes.n, err) != RC_OK)
		solo_leave(app->shared, who_of(actor));
	return err->rc;
}

void
app_upload_end(struct app *app, const struct actor *actor)
{
	solo_leave(app->shared, who_of(actor));
}

static enum rc
put_both(struct app *app, struct arena *arena, const struct image_result *image,
    struct upload *upload, struct err *err)
{
	upload->key = app_object_key(app, arena, upload->id, upload->id,
	    image->full, "webp");
	upload->thumbnail_key = app_object_key(app, arena, upload->id, upload->id,
	    image->thumbnail, "webp");
	if (blob_put(app->blob, upload->key, image->full, err) != RC_OK)
		return err->rc;
	return blob_put(app->blob, upload->thumbnail_key, image->thumbnail, err);
}

/* A key may have no end, or one in years: its program knows what the upload is for. */
static int64_t
unused_until_ms(const struct actor *actor, int64_t now_ms)
{
	int64_t day_ms = now_ms + DAY_S * 1000LL;

	return actor->key_id.p != NULL && actor->expires_ms > day_ms ? day_ms
	    : actor->expires_ms;
}

static void
complete_upload(struct upload *upload, const struct actor *actor,
    const struct image_result *image, struct str id)
{
	doc_init(&doc_upload, upload);
	upload->id = id;
	upload->owner = actor->principal;
	upload->bytes = (int64_t)(image->full.n + image->thumbnail.n);
	upload->width = image->width;
	upload->height = image->height;
	upload->created_at = clock_now_ms();
	upload->expires_at = unused_until_ms(actor, upload->created_at);
}

/* The object first: a crash between leaves an orphan, which is swept. */
static enum rc
keep(struct app *app, struct arena *arena, const struct image_result *image,
    struct upload *upload, struct err *err)
{
	struct err ignored;

	if (put_both(app, arena, image, upload, err) == RC_OK
	    && uploads_insert(app->store, arena, upload, err) == RC_OK)
		return RC_OK;
	err_init(&ignored);
	if (err->rc != RC_UNAVAILABLE && err->rc != RC_CONFLICT)
		(void)!app_folder_delete(app, arena, upload->id, &ignored);
	return err->rc;
}

enum rc
app_upload_create(struct app *app, struct arena *arena,
    const struct actor *actor, struct str bytes, const struct idem *idem,
    struct upload *ret_upload, struct err *err)
{
	struct image_result image;

	if (idem->replay)
		return uploads_get(app->store, arena, actor->principal, idem->id,
		    ret_upload, err);
	if (app_upload_begin(app, arena, actor, "upload", bytes, err) != RC_OK)
		return err->rc;
	(void)!app_image_normalize(app, arena, bytes, SIDE_MAX, &image, err);
	app_upload_end(app, actor);
	if (err->rc != RC_OK)
		return err->rc;
	complete_upload(ret_upload, actor, &image, idem->id);
	if (keep(app, arena, &image, ret_upload, err) == RC_CONFLICT) {
		err_init(err);	/* kept by a request that took over */
		return uploads_get(app->store, arena, actor->principal, idem->id,
		    ret_upload, err);
	}
	return err->rc != RC_OK ? err->rc
	    : app_idem_done(app, arena, idem, 201, err);
}

/* --- in designs ---------------------------------------------------------- */

enum rc
app_upload_take(struct app *app, struct arena *arena, const struct actor *actor,
    struct str *url, struct str *ret_upload_id, struct err *err)
{
	struct upload upload;
	struct str rest = *url, part, id = STR_NULL;

	if (url->p == NULL)
		return RC_OK;
	while (rest.p != NULL) {
		part = str_cut(&rest, '/');
		if (uuid_is(part))
			id = part;
	}
	if (id.p == NULL || uploads_get(app->store, arena, actor->principal, id,
	    &upload, err) != RC_OK) {
		if (err->rc != RC_OK && err->rc != RC_NOT_FOUND)
			return err->rc;
		err_init(err);
		err_fault(err, arena, STR("/gem_data/uploaded_image_url"),
		    "not_found", "This is not an upload of yours.");
		return err->rc;
	}
	if (upload.key.p == NULL)	/* damaged */
		return err_set(err, RC_CONFLICT,
		    "This upload cannot be read; upload the picture again.");
	*url = upload.key;
	*ret_upload_id = upload.id;
	return RC_OK;
}

enum rc
app_upload_use(struct store *store, struct arena *arena, const struct actor *actor,
    struct str upload_id, struct str design_id, struct err *err)
{
	if (upload_id.p == NULL || uploads_use(store, arena, actor->principal,
	    upload_id, design_id, err) != RC_CONFLICT)
		return err->rc;
	err_init(err);
	err_fault(err, arena, STR("/gem_data/uploaded_image_url"), "in_use",
	    "Another design uses this upload.");
	return err->rc;
}
