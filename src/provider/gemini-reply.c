#include "config.h"

#include "provider/gemini-fate.h"

#include "base/utf8.h"
#include "codec/base64.h"
#include "provider/gemini-json.h"

static const char policy[] = "The picture service declined this request." CHANGE_WORDS;
static const char nothing[] = "The picture service made no picture of this.";

struct finish_row {
	const char *finish;
	struct gemini_fate fate;
};

/* finishReason without a picture; contract of the provider, 2026-09. */
static const struct finish_row finishes[] = {
	{ "IMAGE_SAFETY", { PROVIDER_REFUSED, "image_safety", policy, false, -1 } },
	{ "SAFETY", { PROVIDER_REFUSED, "safety", policy, false, -1 } },
	{ "PROHIBITED_CONTENT",
	    { PROVIDER_REFUSED, "prohibited_content", policy, false, -1 } },
	{ "IMAGE_PROHIBITED_CONTENT",
	    { PROVIDER_REFUSED, "image_prohibited_content", policy, false, -1 } },
	{ "BLOCKLIST", { PROVIDER_REFUSED, "blocklist", policy, false, -1 } },
	{ "SPII", { PROVIDER_REFUSED, "spii", policy, false, -1 } },
	{ "NO_IMAGE", { PROVIDER_RETRY, "no_image", nothing, false, 1 } },
	{ "STOP", { PROVIDER_RETRY, "no_image", nothing, false, 1 } },
	{ "", { PROVIDER_RETRY, "no_image", nothing, false, 1 } },
	{ "OTHER", { PROVIDER_RETRY, "model_other", nothing, false, 1 } },
	{ "IMAGE_OTHER", { PROVIDER_RETRY, "model_other", nothing, false, 1 } },
	{ "MAX_TOKENS", { PROVIDER_RETRY, "max_tokens", nothing, false, 1 } },
	{ "RECITATION", { PROVIDER_FAILED, "recitation",
	    "The picture came out too close to an existing one." CHANGE_WORDS, false, -1 } },
	{ "IMAGE_RECITATION", { PROVIDER_FAILED, "recitation",
	    "The picture came out too close to an existing one." CHANGE_WORDS, false, -1 } },
};

static const struct gemini_fate unexpected_finish = { PROVIDER_FAILED, "unexpected_finish",
	"The picture service ended without a picture." CHANGE_WORDS, false, -1 };
static const struct gemini_fate blocked = { PROVIDER_REFUSED, "prompt_blocked", policy,
	false, -1 };
static const struct gemini_fate bad_image = { PROVIDER_RETRY, "bad_image",
	"The picture arrived damaged.", false, -1 };
static const struct gemini_fate bad_reply = { PROVIDER_RETRY, "bad_reply",
	"The picture service gave an answer that cannot be read.", false, -1 };
static const struct gemini_fate fine = { PROVIDER_OK, "ok", "", false, -1 };

struct facts {
	struct str picture, mime, mime_told, finish, block, version, id;
	bool damaged;		/* there was a picture that cannot be read */
	bool estimated;
	struct gemini_usage usage;
	int64_t cost_microusd;
};

static void
read_picture(struct arena *arena, const struct gemini_long *taken,
    const struct json_value *inline_data, struct facts *facts)
{
	struct str bytes;

	if (!base64_decode(arena, gemini_long_string(taken, gemini_get_str(inline_data, "data")), &bytes)
	    || !gemini_picture_whole(bytes)) {
		facts->damaged = true;
		return;
	}
	facts->picture = bytes;
	facts->mime = str_of(gemini_sniff(bytes));
	facts->mime_told = gemini_get_str(inline_data, "mimeType");
}

/* The last picture holds: drafts, if any come, come before it. */
static void
read_parts(struct arena *arena, const struct gemini_long *taken,
    const struct json_value *candidate, struct facts *facts)
{
	const struct json_value *parts = gemini_get(gemini_get(candidate, "content"), "parts");

	for (const struct json_value *v = gemini_first(parts); v != NULL; v = v->next) {
		const struct json_value *inline_data = gemini_get(v, "inlineData");

		if (inline_data != NULL && !gemini_get_true(v, "thought"))
			read_picture(arena, taken, inline_data, facts);
	}
}

static void
add_member(struct buf *json, const char *name, struct str value, size_t most)
{
	if (value.n == 0)
		return;
	buf_printf(json, ",\"%s\":", name);
	buf_add_json(json, utf8_head(value, most));
}

static void
add_count(struct buf *json, const char *name, int64_t v)
{
	if (v >= 0)
		buf_printf(json, ",\"%s\":%lld", name, (long long)v);
}

static struct str
parameters_json(struct arena *arena, const struct gemini_target *target,
    const struct provider_request *request, const struct facts *facts)
{
	const struct gemini_usage *usage = &facts->usage;
	struct buf json;

	buf_init(&json, arena, 512, 4096);
	buf_addz(&json, "{\"provider\":\"gemini\"");
	add_member(&json, "model", target->model.name, 80);
	add_member(&json, "model_version", facts->version, 80);
	add_member(&json, "response_id", facts->id, 80);
	add_member(&json, "finish_reason", facts->finish, 60);
	add_member(&json, "block_reason", facts->block, 60);
	add_member(&json, "aspect_ratio", target->aspect_ratio, 8);
	add_member(&json, "image_size", target->image_size, 8);
	add_count(&json, "variation", request->variation);
	if (request->is_refinement)
		add_member(&json, "strength",
		    str_of(gemini_strength_name(request->change.strength)), 20);
	if (!str_eq(facts->mime, facts->mime_told))
		add_member(&json, "mime_told", facts->mime_told, 40);
	add_count(&json, "prompt_tokens", usage->prompt);
	add_count(&json, "candidates_tokens", usage->candidates);
	add_count(&json, "image_tokens", usage->image_told ? usage->image : -1);
	add_count(&json, "thoughts_tokens", usage->thoughts);
	buf_addz(&json, facts->estimated ? ",\"cost_estimated\":true}"
	    : ",\"cost_estimated\":false}");
	return buf_str(&json);
}

static const struct gemini_fate *
fate_of(const struct facts *facts)
{
	if (facts->picture.p != NULL)
		return &fine;
	if (facts->block.p != NULL)
		return &blocked;
	if (facts->damaged)
		return &bad_image;
	for (size_t i = 0; i < sizeof finishes / sizeof finishes[0]; i++)
		if (str_eqz(facts->finish, finishes[i].finish))
			return &finishes[i].fate;
	return &unexpected_finish;
}

static void
read_answer(struct arena *arena, const struct gemini_long *taken,
    const struct gemini_target *target, const struct json_value *reply,
    struct facts *facts)
{
	const struct json_value *candidate = gemini_first(gemini_get(reply, "candidates"));

	facts->block = gemini_get_str(gemini_get(reply, "promptFeedback"), "blockReason");
	facts->finish = gemini_get_str(candidate, "finishReason");
	facts->version = gemini_get_str(reply, "modelVersion");
	facts->id = gemini_get_str(reply, "responseId");
	read_parts(arena, taken, candidate, facts);
	gemini_read_usage(gemini_get(reply, "usageMetadata"), &facts->usage);
	facts->cost_microusd = gemini_cost(target, &facts->usage,
	    facts->picture.p != NULL, &facts->estimated);
}

static void
set_answer(struct arena *arena, const struct gemini_target *target,
    const struct provider_request *request, const struct facts *facts,
    struct provider_result *result)
{
	struct str version = facts->version.n == 0 ? target->model.name : facts->version;

	gemini_set_fate(result, fate_of(facts));
	result->model = arena_str(arena, utf8_head(version, 80));
	result->cost_microusd += facts->cost_microusd;
	result->parameters = parameters_json(arena, target, request, facts);
	if (result->outcome == PROVIDER_OK) {
		result->image = facts->picture;
		result->mime = facts->mime;
		return;
	}
	result->detail = arena_printf(arena, "HTTP 200, finishReason %.*s, "
	    "blockReason %.*s", STR_FMT(utf8_head(facts->finish, 60)),
	    STR_FMT(utf8_head(facts->block, 60)));
}

bool
gemini_read_reply(struct arena *arena, struct arena *scratch,
    const struct gemini_target *target, const struct provider_request *request,
    const struct gemini_reply *reply, struct provider_result *result)
{
	struct gemini_long *taken = arena_one(scratch, struct gemini_long);
	const struct json_value *json, *error;
	struct facts facts = { .usage = { .prompt = -1, .candidates = -1,
	    .thoughts = -1 } };
	int status = reply->status;
	struct err err;

	err_init(&err);
	json = gemini_parse(scratch, reply->body, taken, &err);
	error = gemini_get(json, "error");
	if (status == 200 && error != NULL && gemini_get_count(error, "code") > 0)
		status = (int)gemini_get_count(error, "code");
	if (status != 200) {
		gemini_read_error(arena, status, error, reply, result);
	} else if (json == NULL || error != NULL) {
		gemini_set_fate(result, &bad_reply);
		result->detail = arena_printf(arena, "HTTP 200, %zu bytes: %s",
		    reply->body.n, err.rc == RC_OK ? "an error without a code" : err.message);
	} else {
		read_answer(arena, taken, target, json, &facts);
		set_answer(arena, target, request, &facts, result);
	}
	return result->outcome == PROVIDER_FAILED
	    && str_eqz(result->reason, "model_gone");
}
