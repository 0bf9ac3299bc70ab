#include "config.h"

#include "api/share-common.h"
#include "codec/json.h"

/*
 * oEmbed 1.0 (https://oembed.com), for those who embed what a link shows. It is a photo:
 * the preview card, whose size is known, and which is a JPEG that every program can
 * show. No frame of ours is ever in another's page.
 */
enum { CARD_WIDTH = 1200, CARD_HEIGHT = 630, SIDE_MAX = 100000,
	CACHE_AGE_S = 3600 };

/* The token of a link of ours; what follows a ? or # is the link's own affair. */
static enum rc
token_in(const struct call *call, struct str *ret_token, struct err *err)
{
	struct str base = call->app->conf->base_url, url = call_param(call, "url");

	if (url.p == NULL)
		return call_bad_param(call, "url", "The address of a page is "
		    "needed.", err);
	url = str_slice(url, 0, str_find(url, '#'));
	url = str_slice(url, 0, str_find(url, '?'));
	if (!str_starts(url, base))
		return err_set(err, RC_NOT_FOUND, "There is nothing here.");
	url = str_slice(url, base.n, url.n);
	if (!str_starts(url, STR("/s/")))
		return err_set(err, RC_NOT_FOUND, "There is nothing here.");
	*ret_token = str_slice(url, 3, url.n);
	return RC_OK;
}

static enum rc
read_side(const struct call *call, const char *name, int64_t *ret_side,
    struct err *err)
{
	struct str text = call_param(call, name);
	int64_t side = SIDE_MAX;

	if (text.p != NULL && (!str_to_i64(text, &side) || side < 1
	    || side > SIDE_MAX))
		return call_bad_param(call, name, "1 to 100000.", err);
	*ret_side = side;
	return RC_OK;
}

struct size {
	int64_t width, height;
};

/* The card within that box, in its own shape. */
static struct size
fit(int64_t max_width, int64_t max_height)
{
	struct size size = { CARD_WIDTH, CARD_HEIGHT };

	if (size.width > max_width)
		size = (struct size){ max_width,
			max_width * CARD_HEIGHT / CARD_WIDTH };
	if (size.height > max_height)
		size = (struct size){ max_height * CARD_WIDTH / CARD_HEIGHT,
			max_height };
	return (struct size){ size.width > 0 ? size.width : 1,
		size.height > 0 ? size.height : 1 };
}

static void
print(struct call *call, const struct share_view *view, struct size size)
{
	struct str base = call->app->conf->base_url;
	struct buf *buf = &call->response->body;

	buf_addz(buf, "{\"version\":\"1.0\",\"type\":\"photo\",\"title\":");
	buf_add_json(buf, view->title);
	buf_addz(buf, ",\"provider_name\":\"bezel\",\"provider_url\":");
	buf_add_json(buf, base);
	buf_printf(buf, ",\"cache_age\":%d,\"url\":", CACHE_AGE_S);
	buf_add_json(buf, arena_printf(call->arena, "%.*s/s/%.*s/card.jpg",
	    STR_FMT(base), STR_FMT(view->token)));
	buf_printf(buf, ",\"width\":%lld,\"height\":%lld}", (long long)size.width,
	    (long long)size.height);
	reply_json(call, buf);
}

enum rc
api_oembed(struct call *call, struct err *err)
{
	struct str format = call_param(call, "format"), token;
	struct share_view view;
	int64_t max_width, max_height;

	if (format.p != NULL && !str_eqz(format, "json"))
		return err_set(err, RC_FORMAT, "There is JSON only.");
	if (read_side(call, "maxwidth", &max_width, err) != RC_OK
	    || read_side(call, "maxheight", &max_height, err) != RC_OK
	    || token_in(call, &token, err) != RC_OK
	    || app_share_view(call->app, call->arena, token, STR_NULL, &view, err)
	    != RC_OK)
		return err->rc;
	if (view.state == SHARE_EXPIRED)
		return err_set(err, RC_NOT_FOUND, "There is nothing here.");
	if (view.state != SHARE_OPEN)
		return err_set(err, RC_NOT_PUBLIC, "This has a password: link to "
		    "its page instead.");
	print(call, &view, fit(max_width, max_height));
	return RC_OK;
}
