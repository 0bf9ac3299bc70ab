/*
 * share-common.h - what all answers about a share have in common: what caches may do
 * with them, and the cookie that a password gives. Only for api.
 */
#ifndef BEZEL_API_SHARE_COMMON_H
#define BEZEL_API_SHARE_COMMON_H

#include "api/call.h"
#include "app/shares.h"

/* Cache-Control, and the tags by which caches are purged, of what a view shows; no-store
 * unless anybody may see it. The ETag is the caller's. */
void share_cache_headers(struct call *call, const struct share_view *view);

/* The viewer's cookie, or null. Also where there are two: then nothing is open. */
struct str share_unlock_cookie(const struct call *call);
/* Sets it twice: for the page and all below it, and for the interface. */
void share_set_unlock(struct call *call, struct str token, struct str unlock);

#endif
