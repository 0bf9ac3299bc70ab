#include "config.h"

#include "provider/gemini-wire.h"

#include "base/clock.h"
#include "codec/url.h"
#include "net/net.h"
#include "provider/gemini-fate.h"
#include "provider/gemini-json.h"

enum {
	CHECK_MS = 15000,		/* for all pages together */
	PAGES_MAX = 20,
	PAGE_BYTES_MAX = 4 * 1000 * 1000
};

struct listing {
	struct net *net;
	struct arena *arena;
	const struct gemini_options *options;
	bool usable[GEMINI_MODELS_MAX];
	struct str next_page;		/* null or "": there is none */
	int64_t until_ms;
};

/* --- one page ------------------------------------------------------------ */

static enum rc
ask(struct listing *l, const struct net_result **ret_got, struct err *err)
{
	struct net_header *header = arena_one(l->arena, struct net_header);
	/* 50 a page when nothing is said, 1000 at most. */
	struct net_request request = {
		.method = "GET",
		.url = arena_printf(l->arena, "%.*s/v1beta/models?pageSize=1000%s%.*s",
		    STR_FMT(l->options->base_url),
		    l->next_page.n > 0 ? "&pageToken=" : "",
		    STR_FMT(url_encode(l->arena, l->next_page))),
		.flags = NET_CONFIGURED,
		.headers = header, .header_count = 1,
		.timeout_ms = l->until_ms - clock_mono_ms(),
		.max_response_bytes = PAGE_BYTES_MAX,
	};
	struct net_call *call;

	*header = (struct net_header){ STR("x-goog-api-key"), l->options->api_key };
	if (request.timeout_ms < 1)
		request.timeout_ms = 1;
	if (net_start(l->net, l->arena, &request, &call, err) != RC_OK)
		return err->rc;
	while (net_result(call)->outcome == NET_RUNNING)
		(void)net_wait(l->net, CHECK_MS);
	*ret_got = net_result(call);
	return RC_OK;
}

static bool
makes_content(const struct json_value *model)
{
	const struct json_value *methods = gemini_get(model, "supportedGenerationMethods");

	for (const struct json_value *v = gemini_first(methods); v != NULL; v = v->next)
		if (v->type == JSON_T_STRING && str_eqz(v->string, "generateContent"))
			return true;
	return methods == NULL;		/* not told */
}

static void
note_models(struct listing *l, const struct json_value *page)
{
	static const struct str prefix = STR_INIT("models/");

	for (const struct json_value *v = gemini_first(gemini_get(page, "models"));
	    v != NULL; v = v->next) {
		struct str name = gemini_get_str(v, "name");

		if (str_starts(name, prefix))
			name = str_slice(name, prefix.n, name.n);
		for (size_t i = 0; i < l->options->model_count; i++)
			if (str_eq(name, l->options->models[i].name)
			    && makes_content(v))
				l->usable[i] = true;
	}
	l->next_page = gemini_get_str(page, "nextPageToken");
}

/* --- what it means -------------------------------------------------------- */

static void
set_failed(struct provider_check *check, enum provider_outcome outcome,
    struct str reason, struct str detail)
{
	check->outcome = outcome;
	check->reason = reason;
	check->detail = detail;
}

static void
read_transport(struct listing *l, const struct net_result *got,
    struct provider_check *check)
{
	bool for_good = got->outcome == NET_FORBIDDEN
	    || got->outcome == NET_TOO_LARGE;

	set_failed(check, for_good ? PROVIDER_FAILED : PROVIDER_RETRY,
	    got->outcome == NET_TOO_LARGE ? STR("reply_too_large")
	    : str_of(net_outcome_word(got->outcome)),
	    arena_str(l->arena, got->detail));
}

/* An answer that is no list. Its fate is that of a picture's call, but that a list
 * which is not there is no model that is gone. */
static void
read_refusal(struct listing *l, const struct net_result *got,
    const struct json_value *page, struct provider_check *check)
{
	struct gemini_reply reply = { .status = got->status, .body = got->body };
	struct provider_result result = { .outcome = PROVIDER_RETRY };

	gemini_read_error(l->arena, got->status, gemini_get(page, "error"), &reply,
	    &result);
	set_failed(check, result.outcome == PROVIDER_RETRY ? PROVIDER_RETRY
	    : PROVIDER_FAILED, str_eqz(result.reason, "model_gone")
	    ? STR("bad_endpoint") : result.reason, result.detail);
}

/* False: it is over, and the check says why. */
static bool
read_page(struct listing *l, struct provider_check *check)
{
	struct gemini_long *taken = arena_one(l->arena, struct gemini_long);
	const struct net_result *got = NULL;
	const struct json_value *page;
	struct err err;

	err_init(&err);
	if (ask(l, &got, &err) != RC_OK) {
		set_failed(check, PROVIDER_FAILED, STR("cannot_send"),
		    arena_str(l->arena, str_of(err.message)));
		return false;
	}
	if (got->outcome != NET_OK) {
		read_transport(l, got, check);
		return false;
	}
	page = gemini_parse(l->arena, got->body, taken, &err);
	if (got->status != 200) {
		read_refusal(l, got, page, check);
		return false;
	}
	if (page == NULL || page->type != JSON_T_OBJECT
	    || gemini_get(page, "error") != NULL) {
		set_failed(check, PROVIDER_RETRY, STR("bad_reply"),
		    arena_printf(l->arena, "HTTP 200, %zu bytes: %s", got->body.n,
		    err.rc == RC_OK ? "no list of models" : err.message));
		return false;
	}
	note_models(l, page);
	return true;
}

static struct str
names(const struct listing *l, bool usable)
{
	struct buf buf;

	buf_init(&buf, l->arena, 0, 1024);
	for (size_t i = 0; i < l->options->model_count; i++)
		if (l->usable[i] == usable)
			buf_printf(&buf, "%s%.*s", buf.n > 0 ? "," : "",
			    STR_FMT(l->options->models[i].name));
	return buf.n > 0 ? buf_str(&buf) : STR_NULL;
}

void
gemini_check(struct net *net, struct arena *arena,
    const struct gemini_options *options, struct provider_check *ret_check)
{
	struct listing l = { .net = net, .arena = arena, .options = options,
		.until_ms = clock_mono_ms() + CHECK_MS };
	int pages = 0;

	do {
		if (!read_page(&l, ret_check))
			return;
	} while (l.next_page.n > 0 && ++pages < PAGES_MAX);
	ret_check->models = names(&l, true);
	ret_check->missing = names(&l, false);
	if (ret_check->models.n == 0)
		set_failed(ret_check, PROVIDER_FAILED, STR("model_gone"),
		    STR("None of the configured models is in the list."));
}
