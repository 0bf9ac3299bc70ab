#include "config.h"

#include "app/ready.h"

static const struct {
	const char *name;
	enum metric gauge;
	int64_t least;		/* from here on it fails */
} parts[] = {
	{ "web", METRIC_web_failing, 1 },
	{ "uploads", METRIC_uploads_failing, 1 },
	{ "jobs", METRIC_jobs_failing, 1 },
	{ "scheduler", METRIC_scheduler_failing, 1 },
	{ "sweeper", METRIC_sweeper_failing, 1 },
	{ "provider", METRIC_provider_failing, 1 },
	{ "mail", METRIC_mail_failing, 1 },
	{ "shares", METRIC_shares_failing, 1 },
	{ "share_looks", METRIC_share_looks_failing, 1 },
	{ "share_keys", METRIC_share_keys_failing, 1 },
	{ "cdn", METRIC_cdn_failing, 1 },
	/* One picture that the program cannot bear is no sign. */
	{ "images", METRIC_images_failing, 3 },
};

enum rc
app_ready(struct app *app, struct arena *arena, struct buf *buf, struct err *err)
{
	const char *comma = "";

	if (store_ping(app->store, arena, err) != RC_OK)
		return err->rc;
	buf_add_char(buf, '[');
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		if (metric_get(app->shared, parts[i].gauge) < parts[i].least)
			continue;
		buf_printf(buf, "%s\"%s\"", comma, parts[i].name);
		comma = ",";
	}
	buf_add_char(buf, ']');
	return RC_OK;
}

/* How the picture program does. */
static enum rc
note(struct app *app, enum rc rc)
{
	if (rc == RC_UNAVAILABLE)
		metric_add(app->shared, METRIC_images_failing, 1);
	else
		metric_set(app->shared, METRIC_images_failing, 0);
	return rc;
}

enum rc
app_image_normalize(struct app *app, struct arena *arena, struct str bytes,
    int max_side_px, struct image_result *ret_result, struct err *err)
{
	return note(app, image_normalize(app->image, arena, bytes, max_side_px,
	    ret_result, err));
}

enum rc
app_image_square(struct app *app, struct arena *arena, struct str bytes,
    int side_px, struct str *ret_webp, struct err *err)
{
	return note(app, image_square(app->image, arena, bytes, side_px, ret_webp,
	    err));
}
