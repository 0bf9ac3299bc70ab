/* gemini-options.c - gemini-wire.h: what is configured, and what each model makes of it. */
#include "config.h"

#include "provider/gemini-wire.h"

enum {
	TIMEOUT_MS = 90000,		/* 1K; 2K and 4K want 180 s in the options */
	PARALLEL = 4,
	BREAKER_MS = 30000,
	KEY_BYTES_MAX = 500
};

static bool
is_key(struct str key)
{
	return key.n > 0 && key.n <= KEY_BYTES_MAX && str_is_visible(key);
}

static void
fill_in(struct gemini_options *options)
{
	if (options->base_url.p == NULL)
		options->base_url = STR(GEMINI_BASE_URL);
	while (options->base_url.n > 0
	    && options->base_url.p[options->base_url.n - 1] == '/')
		options->base_url.n--;
	if (options->aspect_ratio.p == NULL)
		options->aspect_ratio = STR("1:1");
	if (options->image_size.p == NULL)
		options->image_size = STR("1K");
	if (options->timeout_ms <= 0)
		options->timeout_ms = TIMEOUT_MS;
	if (options->max_parallel <= 0)
		options->max_parallel = PARALLEL;
	if (options->breaker_ms <= 0)
		options->breaker_ms = BREAKER_MS;
}

static enum rc
check_options(const struct gemini_options *options, struct err *err)
{
	if (!is_key(options->api_key))
		return err_set(err, RC_INVALID, "The Gemini API key is missing or holds "
		    "characters that no key has.");
	if (!gemini_ratio_known(options->aspect_ratio))
		return err_set(err, RC_INVALID,
		    "The aspect ratio is not one that the service knows.");
	if (!gemini_size_known(options->image_size))
		return err_set(err, RC_INVALID,
		    "The image size must be one of 512, 1K, 2K, 4K.");
	if (options->model_count == 0 || options->model_count > GEMINI_MODELS_MAX)
		return err_set(err, RC_INVALID, "One to %d models must be listed.",
		    GEMINI_MODELS_MAX);
	return RC_OK;
}

enum rc
gemini_options_complete(struct gemini_options *options, struct err *err)
{
	fill_in(options);
	return check_options(options, err);
}

enum rc
gemini_target_of(const struct gemini_options *options, size_t i,
    struct gemini_target *ret_target, struct err *err)
{
	struct gemini_target target = {
		.model = options->models[i], .row = gemini_row(options->models[i].name),
		.aspect_ratio = options->aspect_ratio, .image_size = options->image_size,
		.system_instruction = options->system_instruction,
	};
	if (target.model.price.image_out <= 0)
		return err_set(err, RC_INVALID, "The price of %.*s is not known.",
		    STR_FMT(target.model.name));
	if (gemini_words_hold(target.row->ratios_refused, options->aspect_ratio))
		return err_set(err, RC_INVALID, "%.*s does not make pictures of %.*s.",
		    STR_FMT(target.model.name), STR_FMT(options->aspect_ratio));
	if (target.row->sizes != NULL
	    && !gemini_words_hold(target.row->sizes, options->image_size))
		return err_set(err, RC_INVALID, "%.*s makes pictures of %s only.",
		    STR_FMT(target.model.name), target.row->sizes);
	*ret_target = target;
	return RC_OK;
}
