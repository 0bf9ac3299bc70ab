/*
 * gemini-wire.h - for the gemini driver and its tests only: what goes over the wire.
 *
 * Both ways are pure functions: a request becomes JSON, a reply becomes a result.
 */
#ifndef BEZEL_PROVIDER_GEMINI_WIRE_H
#define BEZEL_PROVIDER_GEMINI_WIRE_H

#include "base/buf.h"
#include "provider/gemini.h"

enum {
	GEMINI_SIZES = 4,			/* 512, 1K, 2K, 4K */
	GEMINI_REQUEST_BYTES_MAX = 20 * 1000 * 1000,
	GEMINI_REPLY_BYTES_MAX = 64 * 1000 * 1000,
	GEMINI_RETRY_LEAST_MS = 2000,		/* less burns attempts in one window */
	GEMINI_RETRY_UNTOLD_MS = 30000,		/* a 429 that says nothing */
	GEMINI_RETRY_MOST_MS = 3600000
};

struct gemini_row {
	const char *name;		/* NULL: a model that we do not know */
	struct gemini_price price;
	int tokens[GEMINI_SIZES];	/* of one picture */
	const char *sizes;		/* words; NULL: not known */
	const char *ratios_refused;	/* words */
};

/* Of the table, or the row without a name. */
const struct gemini_row *gemini_row(struct str model);
bool gemini_words_hold(const char *words, struct str word);
bool gemini_size_known(struct str size);
bool gemini_ratio_known(struct str ratio);

/* One request to one model. */
struct gemini_target {
	struct gemini_model model;
	const struct gemini_row *row;
	struct str aspect_ratio, image_size, system_instruction;
};

/* What is not set gets its usual value; RC_INVALID with what cannot be. */
enum rc gemini_options_complete(struct gemini_options *options, struct err *err)
    must_use;
/* Of the i-th model; RC_INVALID: it does not make such pictures, or its price is not
 * known. */
enum rc gemini_target_of(const struct gemini_options *options, size_t i,
    struct gemini_target *ret_target, struct err *err) must_use;

/* False, with the reason: bad_reference, bad_base, request_too_large. */
bool gemini_request_json(struct arena *scratch,
    const struct gemini_target *target, const struct provider_request *request,
    struct str *ret_json, const char **ret_reason);

/* The name of a refinement's strength: "subtle", "moderate", "strong". */
const char *gemini_strength_name(double strength);

struct gemini_reply {
	int status;
	struct str retry_after;		/* the header, or null */
	struct str body;
};

/* Fills the result but took_ms, all of it in arena; it may have been filled by an
 * earlier reply of the same call. True: the model is gone, ask the next one. */
bool gemini_read_reply(struct arena *arena, struct arena *scratch,
    const struct gemini_target *target, const struct provider_request *request,
    const struct gemini_reply *reply, struct provider_result *result);

/* Which of the models the key may use: GET models, all pages. The options are
 * filled in. */
struct net;
void gemini_check(struct net *net, struct arena *arena,
    const struct gemini_options *options, struct provider_check *ret_check);

/* What usageMetadata says. */
struct gemini_usage {
	bool told;
	int64_t prompt, candidates, image, thoughts;
	bool image_told;	/* false: the details are missing */
};

struct json_value;
void gemini_read_usage(const struct json_value *usage_metadata,
    struct gemini_usage *ret_usage);

/* Micro-dollars; estimated when the picture's own tokens are not told. */
int64_t gemini_cost(const struct gemini_target *target,
    const struct gemini_usage *usage, bool has_picture, bool *ret_estimated);

/* "image/png", "image/jpeg", "image/webp" by the bytes, or NULL. */
const char *gemini_sniff(struct str bytes);
/* Whether such a picture goes to its end: the last chunk or marker is there. */
bool gemini_picture_whole(struct str bytes);

/* "34s", "1m2.5s", "558.1ms"; rounded up. */
bool gemini_duration(struct str text, int64_t *ret_ms);

#endif
