#include "config.h"

#include "provider/provider.h"

#include "base/clock.h"
#include "provider/provider-driver.h"

const char *
provider_name(const struct provider *provider)
{
	return provider->driver->name;
}

bool
provider_paid(const struct provider *provider)
{
	return provider->driver->paid;
}

struct provider_call *
provider_start(struct provider *provider, struct arena *arena,
    const struct provider_request *request)
{
	return provider->driver->start(provider, arena, request);
}

void
provider_wait(struct provider *provider, int timeout_ms)
{
	provider->driver->wait(provider, timeout_ms);
}

const struct provider_result *
provider_result(const struct provider_call *call)
{
	return &call->result;
}

void
provider_cancel(struct provider_call *call)
{
	if (call->result.outcome == PROVIDER_RUNNING)
		call->provider->driver->cancel(call);
}

void
provider_check(struct provider *provider, struct arena *arena,
    struct provider_check *ret_check)
{
	int64_t began_ms = clock_mono_ms();

	*ret_check = (struct provider_check){ .outcome = PROVIDER_OK,
		.reason = STR("ok") };
	if (provider->driver->check != NULL)
		provider->driver->check(provider, arena, ret_check);
	ret_check->took_ms = clock_mono_ms() - began_ms;
}

void
provider_close(struct provider *provider)
{
	if (provider != NULL)
		provider->driver->close(provider);
}
