#include "config.h"

#include "cdn/fastly.h"

#include "cdn/cdn-driver.h"
#include "codec/json.h"

enum { BATCH = 256 };

struct fastly {
	struct cdn cdn;
	struct fastly_options options;
};

/* The answer names each key with the id of its purge: one that is missing was not
 * purged. */
static void
check(const struct cdn_call *call, struct str body, const struct str *tags,
    size_t n, struct cdn_result *result)
{
	const struct json_value *answer;

	if (!cdn_answer(call, body, &answer, result))
		return;
	for (size_t i = 0; i < n; i++) {
		if (json_get(answer, arena_strz(call->arena, tags[i])) != NULL)
			continue;
		result->outcome = CDN_LATER;
		result->reason = "not_confirmed";
		result->detail = STR("the answer does not name every key");
	}
}

static void
purge(struct cdn *cdn, const struct cdn_call *call, const struct str *tags,
    size_t n, struct cdn_result *ret_result)
{
	const struct fastly_options *options = &((struct fastly *)cdn)->options;
	const struct net_header headers[] = {
		{ STR("Fastly-Key"), options->token },
		{ STR("Accept"), STR("application/json") },
		{ STR("Content-Type"), STR("application/json") },
	};
	const struct net_request request = { .method = "POST",
		.url = arena_printf(call->arena, "%.*s/service/%.*s/purge",
		STR_FMT(options->url), STR_FMT(options->service_id)),
		.headers = headers,
		.header_count = sizeof headers / sizeof headers[0],
		.body = cdn_json(call->arena, "surrogate_keys", tags, n) };
	struct str body;

	if (cdn_ask(cdn, call, &request, &body, ret_result))
		check(call, body, tags, n, ret_result);
}

static const struct cdn_driver driver = { "fastly", BATCH, purge };

struct cdn *
fastly_open(struct arena *process_arena, struct net *net,
    const struct fastly_options *options)
{
	struct fastly *fastly = arena_one(process_arena, struct fastly);

	fastly->cdn = (struct cdn){ &driver, net, options->timeout_ms };
	fastly->options = *options;
	return &fastly->cdn;
}
