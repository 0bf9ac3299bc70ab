#include "config.h"

#include "app/share-card.h"

#include <assert.h>

#include "base/log.h"
#include "blob/blob.h"
#include "image/image.h"
#include "qr/qr.h"

enum { CARDS_KEPT = 8 };	/* some 100 KB each */

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

/*
 * The last cards that this process has made. While a gate is closed nginx asks for each
 * request, and a card in others' pages is asked for often: made each time it would keep
 * the slow workers from all else. They are told apart by the view's ETag, which covers
 * whatever a card shows; whether it may be shown has been asked by then. What has a
 * password is kept nowhere.
 */
static struct made {
	struct arena *arena;
	struct str etag, jpeg;
	int64_t used;
} made[CARDS_KEPT];

static int64_t uses;

static bool
find_made(struct arena *arena, const struct share_view *view,
    struct str *ret_jpeg)
{
	for (struct made *m = made; m < made + CARDS_KEPT; m++) {
		if (m->arena == NULL || !str_eq(m->etag, view->etag))
			continue;
		m->used = ++uses;
		*ret_jpeg = arena_str(arena, m->jpeg);
		return true;
	}
	return false;
}

/* In the place of the one that nobody has asked for the longest. */
static void
keep_made(const struct share_view *view, struct str jpeg)
{
	struct made *oldest = made;

	for (struct made *m = made; m < made + CARDS_KEPT; m++)
		if (m->used < oldest->used)
			oldest = m;
	if (oldest->arena == NULL)
		oldest->arena = arena_new();
	arena_reset(oldest->arena);
	oldest->etag = arena_str(oldest->arena, view->etag);
	oldest->jpeg = arena_str(oldest->arena, jpeg);
	oldest->used = ++uses;
}

enum rc
app_share_card(struct app *app, struct arena *arena,
    const struct share_view *view, struct str *ret_jpeg, struct err *err)
{
	const struct image_card_text text = { .title = view->title,
		.stone = view->stone, .metals = view->metals };
	bool open = view->state == SHARE_OPEN;
	struct str webp;

	assert(open || view->state == SHARE_UNLOCKED);
	if (app->image == NULL)		/* a quick worker */
		return err_set(err, RC_UNAVAILABLE,
		    "Pictures are not worked on here; please try again.");
	if (open && find_made(arena, view, ret_jpeg))
		return RC_OK;
	if (blob_get(app->blob, arena, view->picture.key, IMAGE_MAX_BYTES, &webp,
	    err) != RC_OK || image_card(app->image, arena, webp, &text, ret_jpeg,
	    err) != RC_OK)
		return err->rc == RC_INVALID || err->rc == RC_TOO_LARGE
		    ? damaged(view, err) : err->rc;
	if (open)
		keep_made(view, *ret_jpeg);
	return RC_OK;
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
