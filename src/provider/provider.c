#include "config.h"

#include "provider/provider.h"

#include "provider/provider-driver.h"

const char *
provider_name(const struct provider *provider)
{
	return provider->driver->name;
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
provider_close(struct provider *provider)
{
	if (provider != NULL)
		provider->driver->close(provider);
}
