/*
 * gemini.h - pictures by Google's Gemini image models (generateContent, v1beta).
 *
 * One call of provider.h is one request, or one more for each model of the list
 * that turns out to be gone; nothing else is ever sent twice. Models, prices,
 * shape and size are configuration, because they change within months.
 *
 * Reasons (provider_result.reason):
 *  refused  image_safety safety prohibited_content image_prohibited_content
 *           blocklist spii prompt_blocked
 *  retry    no_image model_other max_tokens (once more at most), deadline (likewise),
 *           rate_limited server_error unavailable bad_gateway bad_image bad_reply
 *           resolve connect tls (with an alarm) timeout cut provider_down
 *  failed   recitation unexpected_finish bad_request request_too_large bad_reference
 *           bad_base reply_too_large, and with an alarm: cannot_send
 *           forbidden_address bad_key key_denied precondition model_gone bad_endpoint
 *           billing quota_day
 */
#ifndef BEZEL_PROVIDER_GEMINI_H
#define BEZEL_PROVIDER_GEMINI_H

#include "provider/provider.h"

struct net;

#define GEMINI_BASE_URL "https://generativelanguage.googleapis.com"

enum { GEMINI_MODELS_MAX = 8 };

/* Micro-dollars per million tokens. */
struct gemini_price {
	int64_t input, text_out, image_out;
};

struct gemini_model {
	struct str name;		/* without "models/" */
	struct gemini_price price;
};

/* All of it, and what it points at, must live as long as the provider. */
struct gemini_options {
	struct str api_key;
	struct str base_url;		/* null: GEMINI_BASE_URL */
	const struct gemini_model *models;	/* tried in order when one is gone */
	size_t model_count;
	struct str aspect_ratio;	/* null: "1:1" */
	struct str image_size;		/* null: "1K"; drafts take "512" where known */
	struct str system_instruction;	/* null: our own */
	int64_t timeout_ms;		/* of one request; 0: 90 s */
	int max_parallel;		/* requests at a time, others wait; 0: 4 */
	int64_t breaker_ms;		/* 0: 30 s; see gemini_open() */
};

/* Reads a list of models, one an item: its name, and "=input/text_out/image_out" in
 * dollars per million tokens behind it if the table does not know the model or is
 * to be overridden: "gemini-2.5-flash-image", "gemini-x=0.5/3/60". */
enum rc gemini_models_read(struct arena *arena, const struct str *items,
    size_t count, const struct gemini_model **ret_models,
    struct err *err) must_use;

/* Nothing is sent yet. RC_INVALID: an option that no request could be made with.
 * After 5 failures of transport or server in a row new calls end at once with
 * provider_down for breaker_ms; then one is let through to try. */
enum rc gemini_open(struct arena *process_arena, struct net *net,
    const struct gemini_options *options, struct provider **ret_provider,
    struct err *err) must_use;

#endif
