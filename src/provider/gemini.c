#include "config.h"

#include "provider/gemini.h"

#include "base/clock.h"
#include "net/net.h"
#include "provider/gemini-wire.h"
#include "provider/provider-driver.h"

enum {
	BREAKER_FAILURES = 5,
	GONE_MS = 300000		/* a model that is gone is asked again after */
};

struct gemini {
	struct provider provider;
	struct gemini_options options;
	struct net *net;
	struct gemini_target targets[GEMINI_MODELS_MAX];
	int64_t gone_until_ms[GEMINI_MODELS_MAX];
	struct gemini_call *waiting, **waiting_end;	/* first come, first sent */
	struct gemini_call *sent;
	int sent_count;
	int failures;			/* in a row, of transport or server */
	int64_t open_until_ms;		/* the breaker, when failures are enough */
	bool trying;			/* one call is through to see */
	bool any_ended;			/* since the last wait */
};

struct gemini_call {
	struct provider_call call;
	struct gemini_call *next;	/* in waiting or sent */
	struct provider_request request;
	struct arena *scratch;		/* of one request and its reply */
	struct net_call *net_call;	/* NULL: waiting, or ended */
	size_t target;
	bool tries;			/* the breaker watches this one */
	struct str gone;		/* models found gone, for the log, or null */
};

static struct gemini *
gemini_of(const struct gemini_call *call)
{
	return (struct gemini *)call->call.provider;
}

/* --- lists -------------------------------------------------------------- */

static void
add_waiting(struct gemini *gemini, struct gemini_call *call)
{
	call->next = NULL;
	*gemini->waiting_end = call;
	gemini->waiting_end = &call->next;
}

static bool
take_out(struct gemini_call **at, const struct gemini_call *call)
{
	while (*at != NULL && *at != call)
		at = &(*at)->next;
	if (*at == NULL)
		return false;
	*at = call->next;
	return true;
}

static void
unlist(struct gemini *gemini, const struct gemini_call *call)
{
	if (take_out(&gemini->sent, call))
		gemini->sent_count--;
	(void)take_out(&gemini->waiting, call);
	gemini->waiting_end = &gemini->waiting;
	while (*gemini->waiting_end != NULL)
		gemini->waiting_end = &(*gemini->waiting_end)->next;
}

/* --- the end of a call -------------------------------------------------- */

/* A message of the provider may name the key. */
static struct str
without_key(struct arena *arena, struct str detail, struct str key)
{
	struct buf out;
	const char *at;

	buf_init(&out, arena, 0, 64 * 1024);
	while (detail.n >= key.n
	    && (at = memmem(detail.p, detail.n, key.p, key.n)) != NULL) {
		buf_add(&out, detail.p, (size_t)(at - detail.p));
		buf_addz(&out, "(key)");
		detail = str_slice(detail, (size_t)(at - detail.p) + key.n, detail.n);
	}
	if (out.p == NULL)
		return detail;
	buf_add_str(&out, detail);
	return buf_str(&out);
}

static void
end_call(struct gemini_call *call)
{
	struct gemini *gemini = gemini_of(call);
	struct provider_result *result = &call->call.result;

	unlist(gemini, call);
	if (call->tries)
		gemini->trying = false;
	result->took_ms = provider_took_ms(&call->call);
	if (call->gone.p != NULL)
		result->detail = result->detail.p == NULL ? call->gone
		    : arena_printf(call->call.arena, "%.*s; %.*s",
		    STR_FMT(call->gone), STR_FMT(result->detail));
	result->detail = without_key(call->call.arena, result->detail,
	    gemini->options.api_key);
	arena_free(call->scratch);
	call->scratch = NULL;
	call->net_call = NULL;
	gemini->any_ended = true;
}

static void
end_with(struct gemini_call *call, enum provider_outcome outcome,
    const char *reason, const char *message)
{
	struct provider_result *result = &call->call.result;

	result->outcome = outcome;
	result->reason = str_of(reason);
	result->message = str_of(message);
	end_call(call);
}

/* --- the breaker -------------------------------------------------------- */

/* How long a call must not be sent, or 0. */
static int64_t
breaker_left_ms(const struct gemini *gemini)
{
	int64_t left_ms = gemini->open_until_ms - clock_mono_ms();

	if (gemini->failures < BREAKER_FAILURES)
		return 0;
	if (left_ms > 0)
		return left_ms;
	return gemini->trying ? gemini->options.breaker_ms / 6 + 1 : 0;
}

static void
breaker_note(struct gemini_call *call, bool failed)
{
	struct gemini *gemini = gemini_of(call);

	if (!failed) {
		gemini->failures = 0;
	} else {
		gemini->failures++;
		if (gemini->failures == BREAKER_FAILURES || call->tries)
			gemini->open_until_ms = clock_mono_ms()
			    + gemini->options.breaker_ms;
	}
	if (call->tries)
		gemini->trying = call->tries = false;
}

/* --- sending ------------------------------------------------------------ */

/* The first model that is not known to be gone; when all are, the first. */
static size_t
first_target(const struct gemini *gemini)
{
	for (size_t i = 0; i < gemini->options.model_count; i++)
		if (gemini->gone_until_ms[i] <= clock_mono_ms())
			return i;
	return 0;
}

static struct gemini_target
target_of(const struct gemini_call *call)
{
	struct gemini_target target = gemini_of(call)->targets[call->target];

	if (call->request.quality == PROVIDER_DRAFT && target.row->sizes != NULL
	    && gemini_words_hold(target.row->sizes, STR("512")))
		target.image_size = STR("512");
	return target;
}

static enum rc
start_request(struct gemini_call *call, struct str json, struct err *err)
{
	const struct gemini *gemini = gemini_of(call);
	struct net_header *headers = arena_many(call->scratch, 2, struct net_header);
	struct net_request request = {
		.method = "POST",
		.url = arena_printf(call->scratch, "%.*s/v1beta/models/%.*s:generateContent",
		    STR_FMT(gemini->options.base_url),
		    STR_FMT(gemini->targets[call->target].model.name)),
		.flags = NET_CONFIGURED | NET_ONCE,
		.headers = headers, .header_count = 2,
		.body = json,
		.timeout_ms = gemini->options.timeout_ms,
		.max_response_bytes = GEMINI_REPLY_BYTES_MAX,
		.headers_wanted = { "Retry-After" },
	};

	headers[0] = (struct net_header){ STR("Content-Type"), STR("application/json") };
	headers[1] = (struct net_header){ STR("x-goog-api-key"),
	    gemini->options.api_key };
	return net_start(gemini->net, call->scratch, &request, &call->net_call, err);
}

/* Sends to the call's target; on failure the call has ended. */
static void
send_call(struct gemini_call *call)
{
	struct gemini_target target = target_of(call);
	const char *reason;
	struct str json;
	struct err err;

	err_init(&err);
	arena_free(call->scratch);
	call->scratch = arena_new();
	call->net_call = NULL;
	if (!gemini_request_json(call->scratch, &target, &call->request, &json, &reason)) {
		end_with(call, PROVIDER_FAILED, reason,
		    "A picture of this request cannot be used: PNG, JPEG or WebP of at "
		    "most 14 MB in all is needed.");
	} else if (start_request(call, json, &err) == RC_OK) {
		call->call.result.model = target.model.name;
	} else {
		call->call.result.detail = arena_str(call->call.arena, str_of(err.message));
		call->call.result.alarm = true;
		end_with(call, PROVIDER_FAILED, "cannot_send",
		    "The picture service is not set up correctly.");
	}
}

static void
send_waiting(struct gemini *gemini)
{
	while (gemini->waiting != NULL
	    && gemini->sent_count < gemini->options.max_parallel) {
		struct gemini_call *call = gemini->waiting;
		int64_t left_ms = breaker_left_ms(gemini);

		unlist(gemini, call);
		if (left_ms > 0) {
			call->call.result.retry_after_ms = left_ms;
			end_with(call, PROVIDER_RETRY, "provider_down",
			    "The picture service does not answer.");
			continue;
		}
		if (gemini->failures >= BREAKER_FAILURES)
			gemini->trying = call->tries = true;
		call->next = gemini->sent;
		gemini->sent = call;
		gemini->sent_count++;
		call->target = first_target(gemini);
		send_call(call);
	}
}

/* --- receiving ---------------------------------------------------------- */

/* What a failure of transport means; the reasons are net's own words, but for two. */
static void
read_transport(struct gemini_call *call, const struct net_result *got)
{
	struct provider_result *result = &call->call.result;
	enum net_outcome outcome = got->outcome;
	bool for_good = outcome == NET_FORBIDDEN || outcome == NET_TOO_LARGE;

	breaker_note(call, !for_good);
	if (outcome == NET_FORBIDDEN || outcome == NET_TLS)
		result->alarm = true;	/* it may have been raised by a model before */
	result->detail = arena_str(call->call.arena, got->detail);
	end_with(call, for_good ? PROVIDER_FAILED : PROVIDER_RETRY,
	    outcome == NET_TOO_LARGE ? "reply_too_large" : net_outcome_word(outcome),
	    for_good ? "The picture service gave an answer that cannot be used."
	    : "The picture service cannot be reached.");
}

/* The next model after one that is gone; false: there is none. */
static bool
send_to_next(struct gemini_call *call)
{
	struct gemini *gemini = gemini_of(call);
	struct str name = gemini->targets[call->target].model.name;

	gemini->gone_until_ms[call->target] = clock_mono_ms() + GONE_MS;
	call->gone = arena_printf(call->call.arena, "%.*s%smodel %.*s is gone",
	    STR_FMT(call->gone), call->gone.p == NULL ? "" : "; ", STR_FMT(name));
	if (call->target + 1 == gemini->options.model_count)
		return false;
	call->target++;
	call->call.result.outcome = PROVIDER_RUNNING;
	call->call.result.detail = STR_NULL;
	send_call(call);
	return true;
}

static void
read_call(struct gemini_call *call)
{
	const struct net_result *got = net_result(call->net_call);
	struct gemini_reply reply = { got->status, got->headers[0], got->body };
	struct gemini_target target = target_of(call);
	struct arena *scratch;
	bool gone;

	if (got->outcome != NET_OK) {
		read_transport(call, got);
		return;
	}
	breaker_note(call, reply.status >= 500);
	scratch = arena_new();
	gone = gemini_read_reply(call->call.arena, scratch, &target, &call->request,
	    &reply, &call->call.result);
	arena_free(scratch);
	if (!gone || !send_to_next(call))
		end_call(call);
}

static void
read_all(struct gemini *gemini)
{
	struct gemini_call *next;

	for (struct gemini_call *call = gemini->sent; call != NULL; call = next) {
		next = call->next;
		if (net_result(call->net_call)->outcome != NET_RUNNING)
			read_call(call);
	}
}

/* --- the interface ------------------------------------------------------ */

static void
cancel(struct provider_call *base)
{
	struct gemini_call *call = (struct gemini_call *)base;

	end_with(call, PROVIDER_CANCELLED, "cancelled", "The picture was cancelled.");
}

static void
forget(void *object)
{
	struct gemini_call *call = object;

	if (call->call.result.outcome == PROVIDER_RUNNING)
		cancel(&call->call);
}

static struct provider_call *
start(struct provider *provider, struct arena *arena,
    const struct provider_request *request)
{
	struct gemini *gemini = (struct gemini *)provider;
	struct gemini_call *call = arena_one(arena, struct gemini_call);

	call->call.provider = provider;
	call->call.arena = arena;
	call->call.started_ms = clock_mono_ms();
	call->call.result.attempts_left_at_most = -1;
	call->request = *request;
	arena_defer(arena, forget, call);
	add_waiting(gemini, call);
	send_waiting(gemini);
	return &call->call;
}

static void
wait_for(struct provider *provider, int timeout_ms)
{
	struct gemini *gemini = (struct gemini *)provider;
	int64_t until_ms = clock_mono_ms() + timeout_ms, left_ms;

	for (;;) {
		read_all(gemini);
		send_waiting(gemini);
		left_ms = until_ms - clock_mono_ms();
		if (gemini->any_ended || gemini->sent == NULL || left_ms <= 0)
			break;
		(void)net_wait(gemini->net, (int)left_ms);
	}
	gemini->any_ended = false;
}

static void
close_provider(struct provider *provider)
{
	struct gemini *gemini = (struct gemini *)provider;

	while (gemini->waiting != NULL)
		cancel(&gemini->waiting->call);
	while (gemini->sent != NULL)
		cancel(&gemini->sent->call);
}

static void
check(struct provider *provider, struct arena *arena,
    struct provider_check *ret_check)
{
	struct gemini *gemini = (struct gemini *)provider;

	gemini_check(gemini->net, arena, &gemini->options, ret_check);
	ret_check->detail = without_key(arena, ret_check->detail,
	    gemini->options.api_key);
}

static const struct provider_driver driver = {
	"gemini", start, wait_for, cancel, close_provider, check, true
};

/* --- opening ------------------------------------------------------------ */

enum rc
gemini_open(struct arena *process_arena, struct net *net,
    const struct gemini_options *options, struct provider **ret_provider,
    struct err *err)
{
	struct gemini *gemini = arena_one(process_arena, struct gemini);

	gemini->provider.driver = &driver;
	gemini->options = *options;
	gemini->net = net;
	gemini->waiting_end = &gemini->waiting;
	if (gemini_options_complete(&gemini->options, err) != RC_OK)
		return err->rc;
	for (size_t i = 0; i < options->model_count; i++)
		if (gemini_target_of(&gemini->options, i, &gemini->targets[i], err)
		    != RC_OK)
			return err->rc;
	*ret_provider = &gemini->provider;
	return RC_OK;
}
