/*
 * cloudflare.h - Cloudflare's purge by cache tag.
 * https://developers.cloudflare.com/cache/how-to/purge-cache/
 */
#ifndef BEZEL_CDN_CLOUDFLARE_H
#define BEZEL_CDN_CLOUDFLARE_H

#include "base/arena.h"

struct cdn;
struct net;

struct cloudflare_options {
	struct str url;			/* without a slash at the end */
	struct str zone_id, token;
	int64_t timeout_ms;
};

/* All of it must live as long as process_arena. */
struct cdn *cloudflare_open(struct arena *process_arena, struct net *net,
    const struct cloudflare_options *options);

#endif
