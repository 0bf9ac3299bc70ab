/*
 * varnish.h - purges by tag of one's own Varnish servers.
 *
 * Varnish has no interface for it: its VCL answers PURGE with the header xkey-purge by
 * vmod_xkey's xkey.purge() (docs/operators.md has that VCL).
 */
#ifndef BEZEL_CDN_VARNISH_H
#define BEZEL_CDN_VARNISH_H

#include "base/arena.h"

struct cdn;
struct net;

struct varnish_options {
	const struct str *urls;		/* one of each server */
	size_t url_count;
	int64_t timeout_ms;
};

/* All of it must live as long as process_arena. */
struct cdn *varnish_open(struct arena *process_arena, struct net *net,
    const struct varnish_options *options);

#endif
