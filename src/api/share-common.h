/*
 * share-common.h - what the answers about a share have in common: page, pictures,
 * card, JSON. Only for api.
 */
#ifndef BEZEL_API_SHARE_COMMON_H
#define BEZEL_API_SHARE_COMMON_H

#include "api/call.h"
#include "app/shares.h"

enum {
	SHARE_FRESH_S = 300,		/* a cache answers by itself */
	SHARE_REFRESH_S = 60,		/* then once more while it asks us */
	SHARE_IF_ERROR_S = 86400	/* and so long when we do not answer */
};

/* app_share_view() of the path's token with the viewer's cookie. */
enum rc share_look(struct call *call, struct share_view *ret_view,
    struct err *err) must_use;

/*
 * Cache-Control, tags and ETag of an answer that shows view. What anybody may see is
 * for shared caches, but never past its expiry, and browsers ask each time, since
 * their copies cannot be purged. All else is "private, no-store", without tag and
 * ETag. (RFC 9111, 5.2.2.10; RFC 5861.)
 */
void share_cache_headers(struct call *call, const struct share_view *view);

/* An HTML answer: type, policy, and what a browser says of us where it goes next. */
struct share_sheet;
void share_page_headers(struct call *call, const struct share_sheet *sheet,
    const char *referrer);

/* A refusal that a person can read, instead of a problem. The same bytes for the same
 * code. */
void share_refuse(struct call *call, const struct err *err);

/* The viewer's cookie of a share that has a password, or null. */
struct str share_unlock_cookie(const struct call *call);
/* Sets it for the share's page and what is below, and again for its JSON. */
void share_set_unlock(struct call *call, struct str token, struct str value);

#endif
