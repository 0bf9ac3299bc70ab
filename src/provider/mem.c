#include "config.h"

#include "provider/mem.h"

#include "base/clock.h"
#include "provider/png.h"
#include "provider/provider-driver.h"

enum { DEFAULT_SIDE = 64, MAX_SIDE = 2048 };

struct mem {
	struct provider provider;
	struct provider_mem_options options;
};

static uint32_t
mix(uint32_t v)
{
	v = (v ^ v >> 16) * 0x45d9f3bu;
	v = (v ^ v >> 16) * 0x45d9f3bu;
	return v ^ v >> 16;
}

/* A field of one colour with a lighter square inside. */
static struct str
paint(struct arena *arena, int side, uint32_t seed)
{
	uint32_t color = mix(seed);
	uint8_t *rgb = arena_many(arena, (size_t)side * (size_t)side * 3, uint8_t);

	for (int y = 0; y < side; y++)
		for (int x = 0; x < side; x++) {
			bool inner = x >= side / 4 && x < side - side / 4 &&
			    y >= side / 4 && y < side - side / 4;

			for (int c = 0; c < 3; c++) {
				uint32_t v = color >> (8 * c) & 255;

				rgb[(y * side + x) * 3 + c] =
				    (uint8_t)(inner ? (v + 255) / 2 : v);
			}
		}
	return png_encode(arena, rgb, side, side);
}

static struct provider_call *
mem_start(struct provider *provider, struct arena *arena,
    const struct provider_request *request)
{
	struct mem *mem = (struct mem *)provider;
	struct provider_call *call = arena_one(arena, struct provider_call);
	struct provider_result *result = &call->result;
	uint32_t seed = request->seed * 4 + (uint32_t)request->variation +
	    (request->is_refinement ? 0x80000000u : 0);

	*call = (struct provider_call){ provider, arena, { .attempts_left_at_most = -1,
		.model = STR("mem-1") }, clock_mono_ms() };
	if (str_eqz(request->prompt, "refuse me")
	    || str_eqz(request->change.prompt, "refuse me")) {
		result->outcome = PROVIDER_REFUSED;
		result->reason = STR("policy");
		result->message = STR("This cannot be pictured.");
		return call;
	}
	result->image = paint(arena, mem->options.side_px, seed);
	result->mime = STR("image/png");
	result->parameters = arena_printf(arena, "{\"preview_render\":true,"
	    "\"renderer\":\"mem-1\",\"seed\":%lu,\"variation\":%d%s}",
	    (unsigned long)request->seed, request->variation,
	    mem->options.test_mode ? ",\"test_mode\":true" : "");
	result->cost_microusd = mem->options.cost_microusd;
	result->reason = STR("ok");
	result->message = STR("");
	result->outcome = PROVIDER_OK;
	return call;
}

static void
mem_wait(struct provider *provider, int timeout_ms)
{
	(void)provider;		/* there is never anything on its way */
	(void)timeout_ms;
}

static void
mem_cancel(struct provider_call *call)
{
	call->result.outcome = PROVIDER_CANCELLED;
}

static void
mem_close(struct provider *provider)
{
	(void)provider;		/* it holds nothing */
}

static const struct provider_driver driver = {
	"mem", mem_start, mem_wait, mem_cancel, mem_close, NULL, false
};

struct provider *
provider_mem_open(struct arena *process_arena,
    const struct provider_mem_options *options)
{
	struct mem *mem = arena_one(process_arena, struct mem);

	mem->provider.driver = &driver;
	mem->options = *options;
	if (mem->options.side_px <= 0)
		mem->options.side_px = DEFAULT_SIDE;
	if (mem->options.side_px > MAX_SIDE)
		mem->options.side_px = MAX_SIDE;
	return &mem->provider;
}
