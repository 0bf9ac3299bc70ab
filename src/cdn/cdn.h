/*
 * cdn.h - takes what a CDN keeps away from it, by tag.
 *
 * Answers carry tags (Surrogate-Key, Cache-Tag, xkey); a purge names some of them, and
 * the service removes whatever carries one, everywhere. Purges are hard: what is removed
 * is not shown once more while it is fetched anew. Purging what is not there succeeds,
 * so callers may always repeat. Opened once per process, lives until exit.
 * Drivers: fastly, cloudflare, varnish, each with its own header.
 */
#ifndef BEZEL_CDN_CDN_H
#define BEZEL_CDN_CDN_H

#include "base/err.h"

struct cdn;			/* see cdn-driver.h */

enum { CDN_TAG_MAX = 64 };	/* bytes; printable ASCII without space and comma */

enum cdn_outcome {
	CDN_PURGED,
	CDN_LATER,		/* away, slow, or asked too often: again later */
	CDN_MISCONFIGURED	/* an operator must mend something: token, id, URL */
};

struct cdn_result {
	enum cdn_outcome outcome;
	const char *reason;		/* a stable word: "refused", "rate", "timeout" ... */
	int status;			/* HTTP, or 0 */
	int64_t retry_after_s;		/* what the service asks for, or 0 */
	struct str detail;		/* for the log and an operator; no secrets */
};

/* Called several times a second while the service is asked; false breaks the call off
 * ("broken_off", CDN_LATER). */
typedef bool cdn_pulse_fn(void *arg);

/* n <= cdn_batch(). *ret_result lives as long as arena. */
void cdn_purge(struct cdn *cdn, struct arena *arena, const struct str *tags,
    size_t n, cdn_pulse_fn *pulse, void *arg, struct cdn_result *ret_result);

/* Tags that one call may name. */
size_t cdn_batch(const struct cdn *cdn);
const char *cdn_name(const struct cdn *cdn);

#endif
