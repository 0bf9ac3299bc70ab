/*
 * provider-driver.h - for drivers only: what stands behind provider.h.
 *
 * A driver embeds struct provider as its first member and struct
 * provider_call as the first member of its call. It allocates the call in the
 * caller's arena and ties its clean-up to it with arena_defer().
 */
#ifndef BEZEL_PROVIDER_PROVIDER_DRIVER_H
#define BEZEL_PROVIDER_PROVIDER_DRIVER_H

#include "base/clock.h"
#include "provider/provider.h"

struct provider_driver {
	const char *name;
	struct provider_call *(*start)(struct provider *provider,
	    struct arena *arena, const struct provider_request *request);
	void (*wait)(struct provider *provider, int timeout_ms);
	void (*cancel)(struct provider_call *call);
	void (*close)(struct provider *provider);
	/* NULL: there is nothing to ask. Fills all but took_ms. */
	void (*check)(struct provider *provider, struct arena *arena,
	    struct provider_check *ret_check);
	bool paid;	/* a call may be billed whatever becomes of it */
};

struct provider {
	const struct provider_driver *driver;
};

struct provider_call {
	struct provider *provider;
	struct arena *arena;
	struct provider_result result;
	int64_t started_ms;	/* clock_mono_ms() */
};

/* Until now; a millisecond at least, for each call takes some time. */
static inline int64_t
provider_took_ms(const struct provider_call *call)
{
	int64_t ms = clock_mono_ms() - call->started_ms;

	return ms > 0 ? ms : 1;
}

#endif
