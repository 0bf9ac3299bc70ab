#include "config.h"

#include "app/share-card.h"

#include <assert.h>

#include "base/log.h"
#include "blob/blob.h"
#include "image/image.h"
#include "qr/qr.h"

_Static_assert((int)SHARE_QR_MIN == (int)QR_SIZE_MIN
    && (int)SHARE_QR_MAX == (int)QR_SIZE_MAX
    && (int)SHARE_QR_USUAL == (int)QR_SIZE_USUAL, "sizes of codes");

/* An object that is no picture of ours helps nobody, now or later. */
static enum rc
damaged(const struct share_view *view, struct err *err)
{
	log_event(LOG_WARN, "picture.damaged", LOG_STR("design",
	    view->design_id), LOG_Z("message", err->message),
	    LOG_Z("detail", err->detail), LOG_END);
	err_init(err);
	return err_set(err, RC_NOT_FOUND, "There is nothing here.");
}

enum rc
app_share_card(struct app *app, struct arena *arena,
    const struct share_view *view, struct str *ret_jpeg, struct err *err)
{
	const struct image_card_text text = { .title = view->title,
		.stone = view->stone, .metals = view->metals };
	struct str webp;

	assert(view->state == SHARE_OPEN || view->state == SHARE_UNLOCKED);
	if (app->image == NULL)		/* a quick worker */
		return err_set(err, RC_UNAVAILABLE,
		    "Pictures are not worked on here; please try again.");
	if (blob_get(app->blob, arena, view->picture.key, IMAGE_MAX_BYTES, &webp,
	    err) == RC_OK && image_card(app->image, arena, webp, &text, ret_jpeg,
	    err) == RC_OK)
		return RC_OK;
	return err->rc == RC_INVALID || err->rc == RC_TOO_LARGE
	    ? damaged(view, err) : err->rc;
}

enum rc
app_share_qr(struct app *app, struct arena *arena, const struct actor *actor,
    struct str design_id, enum share_qr kind, int size_px, struct buf *buf,
    struct err *err)
{
	struct app_share share;

	if (app_share_get(app, arena, actor, design_id, &share, err) != RC_OK)
		return err->rc;
	if (!share.valid)	/* nobody shall print it */
		return err_set(err, RC_NOT_FOUND, "This link is dead; make a new "
		    "one first.");
	return kind == SHARE_QR_SVG ? qr_svg(buf, share.url, err)
	    : qr_png(buf, share.url, size_px, err);
}
