#include "config.h"

#include "cdn/varnish.h"

#include "cdn/cdn-driver.h"

enum { BATCH = 100 };		/* a header of some 4 KB; Varnish takes 8 KB */

struct varnish {
	struct cdn cdn;
	struct varnish_options options;
};

/* All servers, also behind one that fails: what is told is the last failure. */
static void
purge(struct cdn *cdn, const struct cdn_call *call, const struct str *tags,
    size_t n, struct cdn_result *ret_result)
{
	const struct varnish_options *options = &((struct varnish *)cdn)->options;
	const struct net_header headers[] = {
		{ STR("xkey-purge"), cdn_join(call->arena, tags, n, ' ') },
	};
	struct cdn_result result;
	struct str ignored;
	bool failed = false;

	for (size_t i = 0; i < options->url_count; i++) {
		const struct net_request request = { .method = "PURGE",
			.url = options->urls[i], .headers = headers,
			.header_count = 1 };

		if (cdn_ask(cdn, call, &request, &ignored, &result) && failed)
			continue;
		failed = result.outcome != CDN_PURGED;
		*ret_result = result;
	}
}

static const struct cdn_driver driver = { "varnish", BATCH, purge };

struct cdn *
varnish_open(struct arena *process_arena, struct net *net,
    const struct varnish_options *options)
{
	struct varnish *varnish = arena_one(process_arena, struct varnish);

	varnish->cdn = (struct cdn){ &driver, net, options->timeout_ms };
	varnish->options = *options;
	return &varnish->cdn;
}
