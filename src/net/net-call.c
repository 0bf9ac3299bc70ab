#include "config.h"

#include "net/net-call.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "net/address.h"

enum {
	CONNECT_TIMEOUT_MS = 3000,
	HEADER_LINE_MAX = 8 * 1024,	/* of a request */
	BODY_FIRST_BYTES = 16 * 1024
};

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
	if (call->header_bytes > NET_HEADER_BYTES_MAX) {
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

/* --- what may be sent ---------------------------------------------------- */

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

enum rc
net_call_check(struct net_call *call, const char *url, struct err *err)
{
	return check_headers(&call->request, err) != RC_OK ? err->rc
	    : check_url(call->net, &call->request, url, &call->plain_http, err);
}

/* --- what curl is told --------------------------------------------------- */

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

void
net_call_set_up(struct net_call *call, const char *url)
{
	call->easy = curl_easy_init();
	if (call->easy == NULL)
		die("net: out of memory");
	add_lines(call);
	set_limits(call);
	set_request(call, url);
}

void
net_call_tear_down(struct net_call *call)
{
	curl_easy_cleanup(call->easy);
	call->easy = NULL;
	/* They may hold keys. */
	for (struct curl_slist *line = call->lines; line != NULL; line = line->next)
		explicit_bzero(line->data, strlen(line->data));
	curl_slist_free_all(call->lines);
	call->lines = NULL;
}
