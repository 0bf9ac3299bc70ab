#include "config.h"

#include "net/net.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>

#include "base/clock.h"
#include "net/net-call.h"
#include "net/tls.h"

const char *
net_outcome_word(enum net_outcome outcome)
{
	static const char *const words[NET_OUTCOMES] = {
		[NET_RUNNING] = "running", [NET_OK] = "ok",
		[NET_RESOLVE] = "resolve", [NET_FORBIDDEN] = "forbidden_address",
		[NET_CONNECT] = "connect", [NET_TLS] = "tls",
		[NET_TIMEOUT] = "timeout", [NET_TOO_LARGE] = "too_large",
		[NET_CUT] = "cut", [NET_CANCELLED] = "cancelled",
	};

	return words[outcome];
}

void
net_global_init(void)
{
	struct sigaction action;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		die("net: curl_global_init failed");
	/* CURLOPT_NOSIGNAL leaves a write to a closed TLS connection to us. */
	if (sigaction(SIGPIPE, NULL, &action) == 0
	    && action.sa_handler == SIG_DFL)
		(void)signal(SIGPIPE, SIG_IGN);
}

struct net *
net_open(const struct net_options *options)
{
	struct net *net = calloc(1, sizeof *net);

	if (net == NULL || (net->multi = curl_multi_init()) == NULL)
		die("net: out of memory");
	net->options = *options;
	return net;
}

/* --- the end of a call -------------------------------------------------- */

static void
end_call(struct net_call *call, enum net_outcome outcome)
{
	(void)curl_multi_remove_handle(call->net->multi, call->easy);
	net_call_tear_down(call);
	*call->at = call->next;
	if (call->next != NULL)
		call->next->at = call->at;
	call->result.outcome = outcome;
	call->result.took_ms = clock_mono_ms() - call->started_ms;
	if (outcome == NET_OK) {
		if (call->body != NULL)
			call->body[call->body_n] = '\0';
		call->result.body = call->body == NULL ? STR("")
		    : (struct str){ call->body, call->body_n };
	} else {
		free(call->body);
		call->body = NULL;
	}
}

static void
forget_call(void *object)
{
	struct net_call *call = object;

	if (call->easy != NULL)
		end_call(call, NET_CANCELLED);
	free(call->body);
}

/* A timeout is named after the step that it ended. */
static enum net_outcome
timed_out(CURL *easy)
{
	curl_off_t resolved = 0, ready = 0;

	(void)curl_easy_getinfo(easy, CURLINFO_NAMELOOKUP_TIME_T, &resolved);
	(void)curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &ready);
	return resolved == 0 ? NET_RESOLVE : ready == 0 ? NET_CONNECT : NET_TIMEOUT;
}

static enum net_outcome
outcome_of(const struct net_call *call, CURLcode code)
{
	if (call->too_large)
		return NET_TOO_LARGE;
	if (tls_failed(code))
		return NET_TLS;
	switch (code) {
	case CURLE_OK:
		/* curl takes an end within the headers for the end of them. */
		return call->headers_done ? NET_OK : NET_CUT;
	case CURLE_COULDNT_RESOLVE_HOST:
		return NET_RESOLVE;
	case CURLE_COULDNT_CONNECT:
		return call->refused ? NET_FORBIDDEN : NET_CONNECT;
	case CURLE_OPERATION_TIMEDOUT:
		return timed_out(call->easy);
	case CURLE_OUT_OF_MEMORY:	/* also: a header line over its 100 KB */
		return NET_TOO_LARGE;
	default:
		return NET_CUT;		/* or not an HTTP answer at all */
	}
}

static void
finish_call(struct net_call *call, CURLcode code)
{
	enum net_outcome outcome = outcome_of(call, code);
	long status = 0;

	(void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	call->result.status = (int)status;
	if (outcome == NET_TOO_LARGE)
		call->result.detail = arena_printf(call->arena,
		    "more than %zu bytes, or %d of headers",
		    call->request.max_response_bytes, NET_HEADER_BYTES_MAX);
	else if (outcome != NET_OK)
		call->result.detail = arena_str(call->arena,
		    str_of(call->error[0] != '\0' ? call->error
		    : code != CURLE_OK ? curl_easy_strerror(code)
		    : "the answer ended within its headers"));
	end_call(call, outcome);
}

/* --- the start of a call ------------------------------------------------ */

enum rc
net_start(struct net *net, struct arena *arena,
    const struct net_request *request, struct net_call **ret_call,
    struct err *err)
{
	struct net_call *call = arena_one(arena, struct net_call);
	const char *url = arena_strz(arena, request->url);

	call->net = net;
	call->arena = arena;
	call->request = *request;
	call->started_ms = clock_mono_ms();
	if (net_call_check(call, url, err) != RC_OK)
		return err->rc;
	assert(request->timeout_ms > 0);
	net_call_set_up(call, url);
	if (curl_multi_add_handle(net->multi, call->easy) != CURLM_OK)
		die("net: out of memory");
	call->next = net->running;
	if (call->next != NULL)
		call->next->at = &call->next;
	call->at = &net->running;
	net->running = call;
	arena_defer(arena, forget_call, call);
	*ret_call = call;
	return RC_OK;
}

/* --- moving on ---------------------------------------------------------- */

static bool
harvest(struct net *net)
{
	struct net_call *call;
	CURLMsg *message;
	int left;
	bool any = false;

	while ((message = curl_multi_info_read(net->multi, &left)) != NULL) {
		if (message->msg != CURLMSG_DONE)
			continue;
		if (curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
		    &call) != CURLE_OK)
			die("net: a call is lost");
		finish_call(call, message->data.result);
		any = true;
	}
	return any;
}

bool
net_wait(struct net *net, int timeout_ms)
{
	int64_t until_ms = clock_mono_ms() + timeout_ms, left_ms;
	int running;

	for (;;) {
		if (curl_multi_perform(net->multi, &running) != CURLM_OK)
			die("net: curl_multi_perform failed");
		if (harvest(net))
			return true;
		left_ms = until_ms - clock_mono_ms();
		if (running == 0 || left_ms <= 0)
			return false;
		if (curl_multi_poll(net->multi, NULL, 0, (int)left_ms, NULL)
		    != CURLM_OK)
			die("net: curl_multi_poll failed");
	}
}

const struct net_result *
net_result(const struct net_call *call)
{
	return &call->result;
}

void
net_cancel(struct net_call *call)
{
	if (call->easy != NULL)
		end_call(call, NET_CANCELLED);
}

void
net_close(struct net *net)
{
	if (net == NULL)
		return;
	while (net->running != NULL)
		end_call(net->running, NET_CANCELLED);
	(void)curl_multi_cleanup(net->multi);
	free(net);
}
