/*
 * cdn-driver.h - for drivers only: what stands behind cdn.h.
 *
 * A driver embeds struct cdn as its first member.
 */
#ifndef BEZEL_CDN_CDN_DRIVER_H
#define BEZEL_CDN_CDN_DRIVER_H

#include "cdn/cdn.h"
#include "net/net.h"

struct json_value;

/* What a call needs besides its request. */
struct cdn_call {
	struct arena *arena;
	cdn_pulse_fn *pulse;
	void *arg;
};

struct cdn_driver {
	const char *name;
	size_t batch;
	void (*purge)(struct cdn *cdn, const struct cdn_call *call,
	    const struct str *tags, size_t n, struct cdn_result *ret_result);
};

struct cdn {
	const struct cdn_driver *driver;
	struct net *net;
	int64_t timeout_ms;		/* of one call */
};

/* Sends one request to the service. True: it answered 2xx, and *ret_body is what it
 * said. False: *ret_result says why not; Retry-After is honoured. */
bool cdn_ask(const struct cdn *cdn, const struct cdn_call *call,
    const struct net_request *request, struct str *ret_body,
    struct cdn_result *ret_result);

/* An answer as a JSON object; otherwise false, and *ret_result is CDN_LATER. */
bool cdn_answer(const struct cdn_call *call, struct str body,
    const struct json_value **ret_answer, struct cdn_result *ret_result);

/* The tags with that between them. */
struct str cdn_join(struct arena *arena, const struct str *tags, size_t n,
    char between);
/* {"<name>":["tag",...]} */
struct str cdn_json(struct arena *arena, const char *name,
    const struct str *tags, size_t n);

#endif
