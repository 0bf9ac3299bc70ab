#include "config.h"

#include "provider/gemini-wire.h"

#include "provider/gemini-json.h"

void
gemini_read_usage(const struct json_value *usage, struct gemini_usage *ret_usage)
{
	const struct json_value *details = gemini_get(usage, "candidatesTokensDetails");

	*ret_usage = (struct gemini_usage){
		.told = usage != NULL && usage->type == JSON_T_OBJECT,
		.prompt = gemini_get_count(usage, "promptTokenCount"),
		.candidates = gemini_get_count(usage, "candidatesTokenCount"),
		.thoughts = gemini_get_count(usage, "thoughtsTokenCount"),
	};
	for (const struct json_value *v = gemini_first(details); v != NULL; v = v->next)
		if (str_eqz(gemini_get_str(v, "modality"), "IMAGE")
		    && gemini_get_count(v, "tokenCount") >= 0) {
			ret_usage->image += gemini_get_count(v, "tokenCount");
			ret_usage->image_told = true;
		}
}

static int64_t
estimated_tokens(const struct gemini_target *target)
{
	static const char *const sizes[GEMINI_SIZES] = { "512", "1K", "2K", "4K" };

	for (size_t i = 0; i < GEMINI_SIZES; i++)
		if (str_eqz(target->image_size, sizes[i]))
			return target->row->tokens[i];
	return target->row->tokens[1];
}

static int64_t
at_least_0(int64_t v)
{
	return v < 0 ? 0 : v;
}

int64_t
gemini_cost(const struct gemini_target *target, const struct gemini_usage *usage,
    bool has_picture, bool *ret_estimated)
{
	const struct gemini_price *price = &target->model.price;
	int64_t image = usage->image, candidates = at_least_0(usage->candidates), text;
	/* At most 1e9 tokens at 1e12: in 128 bits. */
	__int128 sum;

	*ret_estimated = has_picture && !usage->image_told;
	if (*ret_estimated)	/* all of them may be the picture's */
		image = candidates > 0 ? candidates : estimated_tokens(target);
	text = at_least_0(candidates - image);
	sum = (__int128)image * price->image_out
	    + (__int128)(text + at_least_0(usage->thoughts)) * price->text_out
	    + (__int128)at_least_0(usage->prompt) * price->input;
	sum = (sum + 500000) / 1000000;
	return sum > INT64_MAX ? INT64_MAX : (int64_t)sum;
}
