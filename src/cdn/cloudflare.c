#include "config.h"

#include "cdn/cloudflare.h"

#include "cdn/cdn-driver.h"
#include "codec/json.h"

enum { BATCH = 100 };

struct cloudflare {
	struct cdn cdn;
	struct cloudflare_options options;
};

/* The first of "errors", for an operator. */
static struct str
error_of(struct arena *arena, const struct json_value *answer)
{
	const struct json_value *errors = json_get(answer, "errors");
	const struct json_value *message;

	if (errors == NULL || errors->type != JSON_T_ARRAY || errors->count == 0)
		return STR("success is not true");
	message = json_get(errors->first, "message");
	return message != NULL && message->type == JSON_T_STRING
	    ? arena_str(arena, message->string) : STR("success is not true");
}

/* A status of 200 may come with success: false. */
static void
check(const struct cdn_call *call, struct str body, struct cdn_result *result)
{
	const struct json_value *answer, *success;

	if (!cdn_answer(call, body, &answer, result))
		return;
	success = json_get(answer, "success");
	if (success != NULL && success->type == JSON_T_BOOL && success->boolean)
		return;
	result->outcome = CDN_LATER;
	result->reason = "not_confirmed";
	result->detail = error_of(call->arena, answer);
}

static void
purge(struct cdn *cdn, const struct cdn_call *call, const struct str *tags,
    size_t n, struct cdn_result *ret_result)
{
	const struct cloudflare_options *options =
	    &((struct cloudflare *)cdn)->options;
	const struct net_header headers[] = {
		{ STR("Authorization"), arena_printf(call->arena, "Bearer %.*s",
		    STR_FMT(options->token)) },
		{ STR("Content-Type"), STR("application/json") },
	};
	const struct net_request request = { .method = "POST",
		.url = arena_printf(call->arena,
		"%.*s/client/v4/zones/%.*s/purge_cache", STR_FMT(options->url),
		STR_FMT(options->zone_id)), .headers = headers,
		.header_count = sizeof headers / sizeof headers[0],
		.body = cdn_json(call->arena, "tags", tags, n) };
	struct str body;

	if (cdn_ask(cdn, call, &request, &body, ret_result))
		check(call, body, ret_result);
}

static const struct cdn_driver driver = { "cloudflare", BATCH, purge };

struct cdn *
cloudflare_open(struct arena *process_arena, struct net *net,
    const struct cloudflare_options *options)
{
	struct cloudflare *cloudflare = arena_one(process_arena,
	    struct cloudflare);

	cloudflare->cdn = (struct cdn){ &driver, net, options->timeout_ms };
	cloudflare->options = *options;
	return &cloudflare->cdn;
}
