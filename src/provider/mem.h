/*
 * mem.h - a provider for tests: pictures at once, from nothing.
 *
 * Each picture is a small PNG in a colour that follows from seed and variation;
 * no file, no process, no network. A call has ended when provider_start()
 * returns. A prompt of "refuse me" is refused, as a policy would.
 */
#ifndef BEZEL_PROVIDER_MEM_H
#define BEZEL_PROVIDER_MEM_H

#include "provider/provider.h"

struct provider_mem_options {
	int side_px;			/* 0: 64 */
	int64_t cost_microusd;		/* of each picture */
};

struct provider *provider_mem_open(struct arena *process_arena,
    const struct provider_mem_options *options);

#endif
