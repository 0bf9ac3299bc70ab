/*
 * fuzz_oembed - a query of GET /v1/oembed. No input can sign a token: so nothing is ever
 * shown, and there is no database here that could be asked.
 */
#include "config.h"

#include "fuzz.h"

#include "api/call.h"

static struct conf conf = { .base_url = STR_INIT("https://bezel.example") };

static struct app *
app(void)
{
	static struct app app = { .conf = &conf, .wake_fd = -1 };
	static bool made;

	if (!made)
		keyring_init(&app.keyring, (const unsigned char *)
		    "0123456789abcdef0123456789abcdef");
	made = true;
	return &app;
}

/* Whether the address may be that of a page of a link. */
static bool
is_below(struct str url)
{
	return str_starts(url, STR("https://bezel.example/s/"));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct http_response response;
	struct call call = { .app = app(), .arena = fuzz_arena(),
		.response = &response };
	struct str url;
	struct err err;

	err_init(&err);
	http_response_init(&response, call.arena);
	if (url_query(call.arena, fuzz_str(data, n), &call.query, &err) != RC_OK)
		return 0;
	url = call_param(&call, "url");
	switch (api_oembed(&call, &err)) {
	case RC_NOT_FOUND:
		assert(url.p != NULL && err.fault_count == 0);
		break;
	case RC_BAD_QUERY:
		assert(err.fault_count == 1 && (url.p == NULL
		    || call_param(&call, "maxwidth").p != NULL
		    || call_param(&call, "maxheight").p != NULL));
		break;
	case RC_FORMAT:
		assert(!str_eqz(call_param(&call, "format"), "json"));
		break;
	default:
		assert(!"an answer");
	}
	assert(response.body.n == 0);
	/* What follows the address of a page is the page's own affair. */
	if (url.p != NULL && is_below(url) && err.rc == RC_NOT_FOUND) {
		struct pair row = { STR("url"), arena_printf(call.arena,
		    "%.*s?a=b#c", STR_FMT(url)) };

		call.query = (struct pairs){ .rows = &row, .n = 1 };
		err_init(&err);
		assert(api_oembed(&call, &err) == RC_NOT_FOUND);
	}
	return 0;
}
