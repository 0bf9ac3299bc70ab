#include "config.h"

#include "net/net.h"

#include <assert.h>
#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/clock.h"
#include "net/address.h"
#include "net/tls.h"

enum {
	CONNECT_TIMEOUT_MS = 3000,
	HEADER_BYTES_MAX = 64 * 1024,	/* of an answer, all lines together */
	HEADER_LINE_MAX = 8 * 1024,	/* of a request */
	BODY_FIRST_BYTES = 16 * 1024
};

struct net {
	CURLM *multi;
	struct net_options options;
	struct net_call *running;
};

struct net_call {
	struct net *net;
	struct arena *arena;
	struct net_call *next, **at;	/* in net->running */
	struct net_request request;
	struct net_result result;
	CURL *easy;			/* NULL when it has ended */
	struct curl_slist *lines;
	char error[CURL_ERROR_SIZE];
	char *body;			/* malloc: grows in place where it can */
	size_t body_n, body_room, header_bytes;
	int64_t started_ms;
	bool plain_http, refused, too_large, headers_done;
};

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

/* --- what curl calls ---------------------------------------------------- */

static curl_socket_t
open_socket(void *object, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct net_call *call = object;
	bool configured = (call->request.flags & NET_CONFIGURED) != 0;

	(void)purpose;		/* clients only make connections */
	if (call->plain_http ? !net_address_is_loopback(&to->addr)
	    : !configured && !net_address_is_public(&to->addr)) {
		call->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* The size to begin with: what the answer says, if it says. */
static size_t
body_room_for(const struct net_call *call, size_t n)
{
	curl_off_t told = -1;
	size_t room = call->body_room == 0 ? BODY_FIRST_BYTES : call->body_room * 2;

	(void)curl_easy_getinfo(call->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T,
	    &told);
	if (call->body_room == 0 && told > 0
	    && (uint64_t)told <= call->request.max_response_bytes)
		room = (size_t)told;
	while (room < call->body_n + n)
		room *= 2;
	return room < call->request.max_response_bytes ? room
	    : call->request.max_response_bytes;
}

static size_t
take_body(char *p, size_t size, size_t n, void *object)
{
	struct net_call *call = object;

	n *= size;
	if (n > call->request.max_response_bytes - call->body_n) {
		call->too_large = true;
		return 0;
	}
	if (n > call->body_room - call->body_n) {
		size_t room = body_room_for(call, n);
		char *grown = realloc(call->body, room + 1);

		if (grown == NULL)
			die("net: out of memory");
		call->body = grown;
		call->body_room = room;
	}
	memcpy(call->body + call->body_n, p, n);
	call->body_n += n;
	return n;
}

static size_t
take_header(char *p, size_t size, size_t n, void *object)
{
	struct net_call *call = object;
	struct str line = { p, n * size }, name;

	call->header_bytes += line.n;
	if (call->header_bytes > HEADER_BYTES_MAX) {
		call->too_large = true;
		return 0;
	}
	while (line.n > 0 && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
		line.n--;
	call->headers_done = line.n == 0;
	if (str_starts(line, STR("HTTP/")))	/* after a 1xx: begins anew */
		memset(call->result.headers, 0, sizeof call->result.headers);
	name = str_cut(&line, ':');
	for (size_t i = 0; line.p != NULL && i < NET_HEADERS_WANTED_MAX; i++) {
		const char *wanted = call->request.headers_wanted[i];

		if (wanted != NULL && str_eq_nocase(name, str_of(wanted)))
			call->result.headers[i] = arena_str(call->arena,
			    str_trim(line));
	}
	return n * size;
}

/* --- the end of a call -------------------------------------------------- */

static void
free_lines(struct curl_slist *lines)
{
	/* They may hold keys. */
	for (struct curl_slist *line = lines; line != NULL; line = line->next)
		explicit_bzero(line->data, strlen(line->data));
	curl_slist_free_all(lines);
}

static void
end_call(struct net_call *call, enum net_outcome outcome)
{
	(void)curl_multi_remove_handle(call->net->multi, call->easy);
	curl_easy_cleanup(call->easy);
	call->easy = NULL;
	free_lines(call->lines);
	call->lines = NULL;
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
		    call->request.max_response_bytes, HEADER_BYTES_MAX);
	else if (outcome != NET_OK)
		call->result.detail = arena_str(call->arena,
		    str_of(call->error[0] != '\0' ? call->error
		    : code != CURLE_OK ? curl_easy_strerror(code)
		    : "the answer ended within its headers"));
	end_call(call, outcome);
}

/* --- the start of a call ------------------------------------------------ */

static bool
is_token(struct str s)
{
	static const char also[] = "!#$%&'*+-.^_`|~";	/* RFC 9110, 5.6.2 */

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
		    || (c >= '0' && c <= '9') || (c != '\0' && strchr(also, c) != NULL)))
			return false;
	}
	return s.n > 0;
}

static bool
is_field_value(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] < ' ' && s.p[i] != '\t') || s.p[i] == 0x7f)
			return false;
	return s.n <= HEADER_LINE_MAX;
}

static enum rc
check_headers(const struct net_request *request, struct err *err)
{
	if (!is_token(str_of(request->method)))
		return err_set(err, RC_INVALID, "The method cannot be sent.");
	for (size_t i = 0; i < request->header_count; i++)
		if (!is_token(request->headers[i].name)
		    || !is_field_value(request->headers[i].value))
			return err_set(err, RC_INVALID, "Header %zu cannot be sent.", i);
	return RC_OK;
}

/* Parses the URL once more the way curl does: one reader, no differences. */
static enum rc
check_url(const struct net *net, const struct net_request *request,
    const char *url, bool *ret_plain_http, struct err *err)
{
	CURLU *parsed = curl_url();
	char *scheme = NULL, *user = NULL;
	bool ok, https, http;

	if (parsed == NULL)
		die("net: out of memory");
	ok = request->url.n <= NET_URL_MAX && strlen(url) == request->url.n
	    && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK
	    && curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK
	    && curl_url_get(parsed, CURLUPART_USER, &user, 0) != CURLUE_OK;
	https = ok && strcmp(scheme, "https") == 0;
	http = ok && strcmp(scheme, "http") == 0 && net->options.allow_loopback_http
	    && (request->flags & NET_CONFIGURED) != 0;
	curl_free(scheme);
	curl_free(user);
	curl_url_cleanup(parsed);
	if (!https && !http)
		return err_set(err, RC_INVALID,
		    "The URL must begin with https:// and name a host.");
	*ret_plain_http = http;
	return RC_OK;
}

static void
add_line(struct net_call *call, struct arena *scratch, struct str name,
    struct str value)
{
	struct buf line;
	struct curl_slist *lines;

	buf_init(&line, scratch, name.n + value.n + 3, SIZE_MAX / 2);
	buf_add_str(&line, name);
	/* curl's notation for an empty value; "Name:" would drop the header. */
	buf_addz(&line, value.n == 0 ? ";" : ": ");
	buf_add_str(&line, value);
	buf_add_char(&line, '\0');
	lines = curl_slist_append(call->lines, line.p);
	if (lines == NULL)
		die("net: out of memory");
	call->lines = lines;
}

static void
add_lines(struct net_call *call)
{
	static const char *const without[] = { "Expect:", "Content-Type:" };
	struct arena *scratch = arena_new_wiped();
	struct curl_slist *lines;
	bool typed = false;

	for (size_t i = 0; i < call->request.header_count; i++) {
		const struct net_header *header = &call->request.headers[i];

		add_line(call, scratch, header->name, header->value);
		if (str_eq_nocase(header->name, STR("Content-Type")))
			typed = true;
	}
	for (size_t i = 0; i < (typed ? 1 : 2); i++) {
		lines = curl_slist_append(call->lines, without[i]);
		if (lines == NULL)
			die("net: out of memory");
		call->lines = lines;
	}
	arena_free(scratch);
}

#define SET(option, value) do { \
	if (curl_easy_setopt(call->easy, (option), (value)) != CURLE_OK) \
		die("net: curl refuses " #option); \
} while (0)

static void
set_limits(struct net_call *call)
{
	const struct net_request *request = &call->request;

	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_PROTOCOLS_STR, call->plain_http ? "http" : "https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	if (call->net->options.ca_file != NULL)
		SET(CURLOPT_CAINFO, call->net->options.ca_file);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)(request->connect_timeout_ms > 0
	    ? request->connect_timeout_ms : CONNECT_TIMEOUT_MS));
	SET(CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
	SET(CURLOPT_TCP_KEEPALIVE, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
	/* A name server that is silent must not hold up the end of a call. */
	SET(CURLOPT_QUICK_EXIT, 1L);
#endif
	SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
	SET(CURLOPT_OPENSOCKETDATA, call);
	if (!(request->flags & NET_CONFIGURED) || request->flags & NET_ONCE) {
		SET(CURLOPT_FRESH_CONNECT, 1L);
		SET(CURLOPT_FORBID_REUSE, 1L);
	}
}

static void
set_request(struct net_call *call, const char *url)
{
	const struct net_request *request = &call->request;
	bool has_body = request->body.p != NULL;

	SET(CURLOPT_URL, url);
	SET(CURLOPT_USERAGENT, PACKAGE_NAME "/" PACKAGE_VERSION);
	if (strcmp(request->method, "HEAD") == 0) {
		SET(CURLOPT_NOBODY, 1L);
	} else if (has_body || strcmp(request->method, "POST") == 0) {
		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.n);
		SET(CURLOPT_POSTFIELDS, has_body ? request->body.p : "");
	}
	if (strcmp(request->method, "HEAD") != 0)
		SET(CURLOPT_CUSTOMREQUEST, request->method);
	SET(CURLOPT_HTTPHEADER, call->lines);
	SET(CURLOPT_WRITEFUNCTION, take_body);
	SET(CURLOPT_WRITEDATA, call);
	SET(CURLOPT_HEADERFUNCTION, take_header);
	SET(CURLOPT_HEADERDATA, call);
	SET(CURLOPT_ERRORBUFFER, call->error);
	SET(CURLOPT_PRIVATE, call);
}

enum rc
net_start(struct net *net, struct arena *arena,
    const struct net_request *request, struct net_call **ret_call,
    struct err *err)
{
	struct net_call *call = arena_one(arena, struct net_call);
	const char *url = arena_strz(arena, request->url);
	enum rc rc;

	call->net = net;
	call->arena = arena;
	call->request = *request;
	call->started_ms = clock_mono_ms();
	if ((rc = check_headers(request, err)) != RC_OK
	    || (rc = check_url(net, request, url, &call->plain_http, err)) != RC_OK)
		return rc;
	assert(request->timeout_ms > 0);
	call->easy = curl_easy_init();
	if (call->easy == NULL)
		die("net: out of memory");
	add_lines(call);
	set_limits(call);
	set_request(call, url);
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
