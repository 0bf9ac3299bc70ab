/*
 * provider.h - image generation: one picture a call, several calls at once.
 *
 * A provider is opened once per process and lives until exit. A job starts one
 * call for each slot, waits, and reads each result as it comes; the drivers
 * (render, gemini, mem, flaky) do their waiting in provider_wait() alone. A call
 * never fails by return code: whatever happens is an outcome with a reason.
 */
#ifndef BEZEL_PROVIDER_PROVIDER_H
#define BEZEL_PROVIDER_PROVIDER_H

#include "base/err.h"

struct provider;		/* an open provider, see provider-driver.h */
struct provider_call;		/* one picture on its way */

enum provider_quality {
	PROVIDER_DRAFT,		/* about 256 px, a second: tests, queue previews */
	PROVIDER_FINAL		/* at least 1024 px a side */
};

enum { PROVIDER_METALS_MAX = 4, PROVIDER_PRESERVE_MAX = 12 };

/* One step of refining. */
struct provider_change {
	struct str prompt;		/* what to change */
	double strength;		/* 0.0 to 1.0 */
	struct str preserve[PROVIDER_PRESERVE_MAX];	/* "stone", "setting", "band", "metal", ... */
	size_t preserve_count;
};

/* What to picture. Names are the catalogue's or the user's own text (then the
 * renderer takes the nearest). Null or 0 means "not said". Everything must
 * live until the call has ended. */
struct provider_request {
	struct str prompt;		/* what was asked for, at most 1000 characters */
	struct str gem_type, cut, color, transparency;
	struct str size_simple;		/* "Small", "Medium", "Large" */
	double length_mm, width_mm, height_mm, carat_weight;
	struct str metals[PROVIDER_METALS_MAX];
	size_t metal_count;
	struct str finish;

	int variation;			/* 0 to 3: which of the pictures of one request */
	uint32_t seed;			/* the same request and seed give the same render */
	enum provider_quality quality;

	/* A reference image of the user's, or null. */
	struct str reference, reference_mime;

	/* A refinement: what to change in the base picture. */
	bool is_refinement;
	struct provider_change change;
	const struct provider_change *earlier;	/* steps from base_parameters to
						 * base_image, oldest first */
	size_t earlier_count;
	struct str base_image, base_image_mime;	/* the picture's bytes */
	struct str base_parameters;	/* JSON that made it (result.parameters), or null */
};

enum provider_outcome {
	PROVIDER_RUNNING,
	PROVIDER_OK,
	PROVIDER_REFUSED,	/* by policy: never retried, never charged */
	PROVIDER_RETRY,		/* may work later; retry_after_ms, or 0 for the usual back-off */
	PROVIDER_FAILED,	/* will not work by itself */
	PROVIDER_CANCELLED
};

struct provider_result {
	enum provider_outcome outcome;
	struct str reason;	/* a stable word: "timeout", "rate_limited", "image_safety" ... */
	struct str message;	/* a sentence for the user; whether it will be tried again
				 * is not the provider's to say */
	struct str detail;	/* for the log, or null */
	bool alarm;		/* an operator must act: bad key, no credit, model gone */
	int64_t retry_after_ms;
	int attempts_left_at_most;	/* -1: the job's own limit holds; else at most so many more */

	struct str image, mime;	/* PROVIDER_OK: the bytes, not yet re-encoded; the sniffed type */
	struct str model;	/* what made it, name and version; of a call without a
				 * picture what was asked, or null: nothing was sent */
	struct str parameters;	/* one JSON object for generation_parameters: at most
				 * 4 KiB, depth 4, 32 keys, names [a-z0-9_]+ */
	int64_t cost_microusd;	/* also of failed calls that are billed */
	int64_t took_ms;
};

/* What a provider that is asked before any picture says of itself. */
struct provider_check {
	enum provider_outcome outcome;	/* OK; RETRY: nobody answered, so it is not
					 * known; FAILED: no picture can be made */
	struct str reason;	/* "ok", or as in provider_result */
	struct str detail;	/* for the log, or null */
	struct str models, missing;	/* the configured ones that can be used, and those
					 * that cannot, by commas; or null */
	int64_t took_ms;
};

/* The driver's name: "render", "gemini", "mem". */
const char *provider_name(const struct provider *provider);

/* Whether a call costs money, also when nobody waits for its answer. */
bool provider_paid(const struct provider *provider);

/* The call and its result live as long as arena, which cancels it when it ends. */
struct provider_call *provider_start(struct provider *provider,
    struct arena *arena, const struct provider_request *request);

/* Moves all started calls on; returns when one of them has ended or after
 * timeout_ms. */
void provider_wait(struct provider *provider, int timeout_ms);

/* Its outcome is PROVIDER_RUNNING while the call is on its way. */
const struct provider_result *provider_result(const struct provider_call *call);

/* The outcome becomes PROVIDER_CANCELLED unless the call has ended already. */
void provider_cancel(struct provider_call *call);

/* Asks the service about key and models; costs nothing, makes no picture, and waits
 * for at most 15 s. A provider that needs no service is fine. */
void provider_check(struct provider *provider, struct arena *arena,
    struct provider_check *ret_check);

void provider_close(struct provider *provider);

#endif
