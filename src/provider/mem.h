/*
 * mem.h - a provider for tests, and for partners' test keys: pictures at once, from
 * nothing.
 *
 * Each picture is a small PNG in a colour that follows from seed and variation;
 * no file, no process, no network. A call has ended when provider_start()
 * returns. A prompt of "refuse me" is refused, as a policy would, also as the
 * words of a refinement.
 */
#ifndef BEZEL_PROVIDER_MEM_H
#define BEZEL_PROVIDER_MEM_H

#include "provider/provider.h"

struct provider_mem_options {
	int side_px;			/* 0: 64 */
	int64_t cost_microusd;		/* of each picture */
	bool test_mode;			/* pictures say so in their parameters */
};

struct provider *provider_mem_open(struct arena *process_arena,
    const struct provider_mem_options *options);

#endif
