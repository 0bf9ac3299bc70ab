/*
 * fastly.h - Fastly's purge by surrogate key.
 * https://www.fastly.com/documentation/reference/api/purging/
 */
#ifndef BEZEL_CDN_FASTLY_H
#define BEZEL_CDN_FASTLY_H

#include "base/arena.h"

struct cdn;
struct net;

struct fastly_options {
	struct str url;			/* without a slash at the end */
	struct str service_id, token;
	int64_t timeout_ms;
};

/* All of it must live as long as process_arena. */
struct cdn *fastly_open(struct arena *process_arena, struct net *net,
    const struct fastly_options *options);

#endif
