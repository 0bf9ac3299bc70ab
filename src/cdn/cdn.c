#include "config.h"

#include <assert.h>

#include "cdn/cdn-driver.h"
#include "codec/json.h"

enum {
	WAIT_MS = 250,
	REPLY_MAX = 256 * 1024,
	DETAIL_MAX = 300,
	RETRY_MOST_S = 3600,
	TOO_MANY = 429
};

void
cdn_purge(struct cdn *cdn, struct arena *arena, const struct str *tags, size_t n,
    cdn_pulse_fn *pulse, void *arg, struct cdn_result *ret_result)
{
	const struct cdn_call call = { arena, pulse, arg };

	assert(n > 0 && n <= cdn->driver->batch);
	*ret_result = (struct cdn_result){ .outcome = CDN_LATER,
		.reason = "unknown" };
	cdn->driver->purge(cdn, &call, tags, n, ret_result);
}

size_t
cdn_batch(const struct cdn *cdn)
{
	return cdn->driver->batch;
}

const char *
cdn_name(const struct cdn *cdn)
{
	return cdn->driver->name;
}

/* --- asking -------------------------------------------------------------------- */

/* What a status that is no success means. */
static const struct {
	int from, to;
	enum cdn_outcome outcome;
	const char *reason;
} statuses[] = {
	{ 401, 403, CDN_MISCONFIGURED, "refused" },
	{ 408, 408, CDN_LATER, "timeout" },
	{ TOO_MANY, TOO_MANY, CDN_LATER, "rate" },
	{ 300, 499, CDN_MISCONFIGURED, "not_understood" },
	{ 500, 599, CDN_LATER, "service" },
};

static int64_t
retry_after_s(struct str header)
{
	int64_t s;

	/* As a date it is rare, and our own waits do. */
	if (header.p == NULL || !str_to_i64(header, &s) || s < 0)
		return 0;
	return s < RETRY_MOST_S ? s : RETRY_MOST_S;
}

static void
take_status(struct arena *arena, const struct net_result *net,
    struct cdn_result *result)
{
	struct str body = net->body;

	result->status = net->status;
	result->reason = "not_understood";
	result->outcome = CDN_MISCONFIGURED;
	for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
		if (net->status < statuses[i].from || net->status > statuses[i].to)
			continue;
		result->outcome = statuses[i].outcome;
		result->reason = statuses[i].reason;
		break;
	}
	result->retry_after_s = retry_after_s(net->headers[0]);
	result->detail = arena_str(arena, str_slice(body, 0,
	    body.n < DETAIL_MAX ? body.n : DETAIL_MAX));
}

bool
cdn_ask(const struct cdn *cdn, const struct cdn_call *call,
    const struct net_request *request, struct str *ret_body,
    struct cdn_result *ret_result)
{
	struct net_request *copy = arena_one(call->arena, struct net_request);
	const struct net_result *net;
	struct net_call *on_its_way;
	bool cancelled = false;
	struct err err;

	*copy = *request;
	copy->flags = NET_CONFIGURED;
	copy->timeout_ms = cdn->timeout_ms;
	copy->max_response_bytes = REPLY_MAX;
	copy->headers_wanted[0] = "Retry-After";
	err_init(&err);
	if (net_start(cdn->net, call->arena, copy, &on_its_way, &err) != RC_OK) {
		*ret_result = (struct cdn_result){ .outcome = CDN_MISCONFIGURED,
			.reason = "request", .detail = arena_str(call->arena,
			str_of(err.message)) };
		return false;
	}
	net = net_result(on_its_way);
	while (net->outcome == NET_RUNNING) {
		(void)net_wait(cdn->net, WAIT_MS);
		if (net->outcome != NET_RUNNING || call->pulse(call->arg))
			continue;
		cancelled = true;
		net_cancel(on_its_way);
	}
	*ret_result = (struct cdn_result){ .outcome = CDN_LATER,
		.reason = cancelled ? "broken_off" : net_outcome_word(net->outcome),
		.detail = net->detail };
	if (net->outcome == NET_FORBIDDEN || net->outcome == NET_TLS)
		ret_result->outcome = CDN_MISCONFIGURED;
	if (net->outcome != NET_OK)
		return false;
	if (net->status < 200 || net->status > 299) {
		take_status(call->arena, net, ret_result);
		return false;
	}
	*ret_result = (struct cdn_result){ .outcome = CDN_PURGED,
		.reason = "purged", .status = net->status };
	*ret_body = net->body;
	return true;
}

bool
cdn_answer(const struct cdn_call *call, struct str body,
    const struct json_value **ret_answer, struct cdn_result *ret_result)
{
	struct err err;

	err_init(&err);
	if (json_parse(call->arena, body, ret_answer, &err) == RC_OK
	    && (*ret_answer)->type == JSON_T_OBJECT)
		return true;
	ret_result->outcome = CDN_LATER;
	ret_result->reason = "answer";
	ret_result->detail = STR("the answer is no JSON object");
	return false;
}

/* --- tags ---------------------------------------------------------------------- */

struct str
cdn_join(struct arena *arena, const struct str *tags, size_t n, char between)
{
	struct buf buf;

	buf_init(&buf, arena, 64, n * (CDN_TAG_MAX + 1));
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_add_char(&buf, between);
		buf_add_str(&buf, tags[i]);
	}
	return buf_str(&buf);
}

struct str
cdn_json(struct arena *arena, const char *name, const struct str *tags, size_t n)
{
	struct buf buf;

	buf_init(&buf, arena, 256, 64 + n * (2 * CDN_TAG_MAX + 3));
	buf_printf(&buf, "{\"%s\":[", name);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_add_char(&buf, ',');
		buf_add_json(&buf, tags[i]);
	}
	buf_addz(&buf, "]}");
	return buf_str(&buf);
}
