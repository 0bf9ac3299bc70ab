/*
 * render.h - the embedded provider: pictures by POV-Ray, no key, no network.
 *
 * Each picture is a scene written from enumerated values, given to a `povray`
 * child in a private folder under tight limits; the PNG is read from its
 * standard output. Up to max_parallel children run at once, further calls wait
 * their turn inside. Outcomes: RETRY "timeout" (over wall_limit_ms), RETRY
 * "killed" (by a signal: its limits, or memory), FAILED "no_renderer" with
 * alarm (the program is not there), FAILED "bad_output" (no PNG came out).
 */
#ifndef BEZEL_PROVIDER_RENDER_H
#define BEZEL_PROVIDER_RENDER_H

#include "provider/provider.h"

/* Part of the parameters: raised whenever equal designs give other pixels. */
#define RENDER_VERSION "bezel-render-4"

struct render_options {
	const char *povray;	/* path of the program; NULL: /usr/bin/povray */
	const char *temp_folder;	/* NULL: /tmp */
	int draft_px, final_px;	/* a side; 0: 256 and 1024 */
	int max_parallel;	/* 0: one a core */
	int64_t wall_limit_ms;	/* for one picture, from its child's start; 0: 120000 */
};

/* Copies the options. Ends with provider_close(). */
struct provider *render_open(struct arena *process_arena,
    const struct render_options *options);

/* For tests: flat colours (stone red, side stones blue, metal green, the rest
 * black), or a camera straight above. */
enum render_flags {
	RENDER_MASK = 1 << 0,
	RENDER_FROM_ABOVE = 1 << 1
};
struct provider_call *render_start_flags(struct provider *provider,
    struct arena *arena, const struct provider_request *request,
    enum render_flags flags);

#endif
