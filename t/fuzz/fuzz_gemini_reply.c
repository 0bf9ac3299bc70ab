/* A reply of the Gemini API: two bytes for the status, then the body. */
#include "config.h"

#include "fuzz.h"

#include "codec/json.h"
#include "provider/gemini-wire.h"

static void
check_picture(const struct provider_result *result)
{
	assert((result->outcome == PROVIDER_OK) == (result->image.p != NULL));
	if (result->outcome != PROVIDER_OK)
		return;
	assert(gemini_picture_whole(result->image));
	assert(str_eqz(result->mime, gemini_sniff(result->image)));
	assert(result->model.n > 0 && result->parameters.p != NULL);
}

static void
check_parameters(struct arena *arena, struct str parameters)
{
	const struct json_value *json;
	struct err err;

	if (parameters.p == NULL)
		return;
	err_init(&err);
	assert(parameters.n <= 4096);
	assert(json_parse(arena, parameters, &json, &err) == RC_OK);
	assert(json->type == JSON_T_OBJECT && json->count <= 32);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena *arena = fuzz_arena();
	struct gemini_target target = { .row = gemini_row(STR("gemini-2.5-flash-image")),
		.model = { STR("gemini-2.5-flash-image"), { 300000, 2500000, 30000000 } },
		.aspect_ratio = STR("1:1"), .image_size = STR("1K") };
	struct provider_request request = { .is_refinement = n % 2 == 0 };
	struct provider_result result = { .attempts_left_at_most = -1 };
	struct gemini_reply reply = { 200, STR_NULL, STR_NULL };
	struct arena *scratch;

	if (n < 2)
		return 0;
	/* Most inputs are answers with 200. */
	if (data[0] >= 0x80)
		reply.status = (data[0] & 0x7f) << 8 | data[1];
	reply.body = fuzz_str(data + 2, n - 2);
	scratch = arena_new();
	(void)gemini_read_reply(arena, scratch, &target, &request, &reply, &result);
	arena_free(scratch);
	assert(result.outcome >= PROVIDER_OK && result.outcome <= PROVIDER_FAILED);
	assert(result.reason.n > 0 && result.cost_microusd >= 0);
	assert(result.attempts_left_at_most == -1 || result.attempts_left_at_most == 1);
	assert(result.retry_after_ms == 0
	    || (result.retry_after_ms >= GEMINI_RETRY_LEAST_MS
	    && result.retry_after_ms <= GEMINI_RETRY_MOST_MS));
	check_picture(&result);
	check_parameters(arena, result.parameters);
	return 0;
}
