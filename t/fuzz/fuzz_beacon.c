/*
 * fuzz_beacon - a look at a link that is told, with and without script. Of a token that is
 * made up nothing comes: nobody is looked up, nothing is counted, nothing is answered but
 * the pixel, and there is no database here that could be asked. Each line of the input is
 * a header, the first one the token.
 */
#include "config.h"

#include "fuzz.h"

#include "api/call.h"

static struct conf conf = { .base_url = STR_INIT("http://[::1]:8080"),
	.base = { .loopback = true, .port = 8080 } };

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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena *arena = fuzz_arena();
	struct http_request request = { .arena = arena, .verb = HTTP_POST };
	struct http_response response;
	struct call call = { .app = app(), .arena = arena, .request = &request,
		.response = &response };
	struct str rest = fuzz_str(data, n);
	struct str *const lines[] = { &call.id, &request.cookie,
		&request.user_agent, &request.fetch_site, &request.sec_purpose,
		&request.purpose, &request.x_moz, &request.remote_addr,
		&request.body };
	struct err err;

	for (size_t i = 0; i < sizeof lines / sizeof lines[0]
	    && rest.p != NULL; i++)
		*lines[i] = str_cut(&rest, '\n');
	err_init(&err);
	http_response_init(&response, arena);
	assert(api_share_view_count(&call, &err) == RC_OK && err.rc == RC_OK);
	assert(response.body.n == 0 && response.headers.n == 0);
	for (int head = 0; head < 2; head++) {
		request.verb = head ? HTTP_HEAD : HTTP_GET;
		http_response_init(&response, arena);
		assert(api_share_pixel(&call, &err) == RC_OK);
		assert(str_starts(buf_str(&response.body), STR("GIF89a"))
		    && response.headers.n == 0);
	}
	assert(call.actor.kind == ACTOR_NONE);
	return 0;
}
