#include "config.h"

#include "app/pictures.h"

#include "base/clock.h"
#include "base/log.h"
#include "blob/blob.h"
#include "crypt/hash.h"
#include "image/image.h"

static enum rc
nothing(struct err *err)
{
	err_init(err);
	return err_set(err, RC_NOT_FOUND, "There is nothing here.");
}

/* nginx has looked already; what opens a picture is not left to a path alone. */
static enum rc
check_address(const struct app *app, struct arena *arena,
    const struct picture_address *address, struct err *err)
{
	int64_t expires_s;

	if (!str_eq_ct(app_media_signature(arena,
	    app_media_secret(&app->keyring, arena), address->expires,
	    address->folder), address->signature)
	    || !str_to_i64(address->expires, &expires_s))
		return nothing(err);
	return expires_s >= clock_now_ms() / 1000 ? RC_OK
	    : err_set(err, RC_LINK_EXPIRED, "The address was good until its "
	    "time; ask for the design again.");
}

/* An object that is no picture of ours helps nobody, now or later. */
static enum rc
damaged(const struct picture_address *address, struct err *err)
{
	log_event(LOG_WARN, "picture.damaged", LOG_STR("folder",
	    address->folder), LOG_Z("message", err->message),
	    LOG_Z("detail", err->detail), LOG_END);
	return nothing(err);
}

enum rc
app_picture_jpeg(struct app *app, struct arena *arena,
    const struct picture_address *address, struct str *ret_jpeg,
    struct str *ret_digest, struct err *err)
{
	struct str key = arena_printf(arena, "%.*s/%.*s.webp",
	    STR_FMT(address->folder), STR_FMT(address->name));
	struct str webp;

	if (check_address(app, arena, address, err) != RC_OK)
		return err->rc;
	if (!blob_key_ok(key))
		return nothing(err);
	if (app->image == NULL)		/* a quick worker */
		return err_set(err, RC_UNAVAILABLE,
		    "Pictures are not worked on here; please try again.");
	if (blob_get(app->blob, arena, key, IMAGE_MAX_BYTES, &webp, err) == RC_OK
	    && image_to_jpeg(app->image, arena, webp, ret_jpeg, err) == RC_OK)
		*ret_digest = sha256_hex(arena, *ret_jpeg);
	return err->rc == RC_INVALID || err->rc == RC_TOO_LARGE
	    ? damaged(address, err) : err->rc;
}
