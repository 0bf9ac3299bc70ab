#include "config.h"

#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "net/address.h"
#include "net/net.h"

/* --- a peer: answers each connection with a script ---------------------- */

enum { SEEN_MAX = 4 * 1024 * 1024 };

struct peer {
	int fd, port;
	const char *reply;	/* sent as it is; NULL: never */
	size_t filler;		/* so many 'x' more */
	bool blunt;		/* does not wait for a request */
	bool keep;		/* one more request on the connection, then it is closed */
	bool hold;		/* keeps the connection open until the other end closes */
	pthread_t thread;
	atomic_int connections, requests;
	char *seen;		/* all requests */
	size_t seen_n;
};

/* Reads one request with its body; false at the end of the connection. */
static bool
read_request(struct peer *peer, int fd)
{
	size_t from = peer->seen_n, body = 0;
	const char *end = NULL, *length;

	for (;;) {
		ssize_t n;

		if (end == NULL && (end = memmem(peer->seen + from,
		    peer->seen_n - from, "\r\n\r\n", 4)) != NULL) {
			length = memmem(peer->seen + from, peer->seen_n - from,
			    "Content-Length: ", 16);
			body = length == NULL ? 0 : strtoul(length + 16, NULL, 10);
		}
		if (end != NULL && peer->seen_n >= (size_t)(end + 4 - peer->seen) + body)
			return true;
		n = read(fd, peer->seen + peer->seen_n, SEEN_MAX - peer->seen_n);
		if (n <= 0)
			return false;
		peer->seen_n += (size_t)n;
	}
}

static void
send_reply(const struct peer *peer, int fd)
{
	char filler[4096];

	memset(filler, 'x', sizeof filler);
	if (peer->reply != NULL)
		(void)!send(fd, peer->reply, strlen(peer->reply), MSG_NOSIGNAL);
	for (size_t left = peer->filler; left > 0;) {
		ssize_t n = send(fd, filler, left < sizeof filler ? left : sizeof filler,
		    MSG_NOSIGNAL);

		if (n <= 0)
			return;
		left -= (size_t)n;
	}
}

static void *
serve(void *object)
{
	struct peer *peer = object;
	char byte;
	int fd;

	while ((fd = accept(peer->fd, NULL, NULL)) >= 0) {
		atomic_fetch_add(&peer->connections, 1);
		if (peer->blunt || read_request(peer, fd)) {
			atomic_fetch_add(&peer->requests, 1);
			send_reply(peer, fd);
			if (peer->keep && read_request(peer, fd))
				atomic_fetch_add(&peer->requests, 1);
			while (peer->hold && read(fd, &byte, 1) > 0)
				continue;
		}
		(void)close(fd);
	}
	return NULL;
}

static void
peer_start(struct peer *peer)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof at;

	peer->seen = calloc(1, SEEN_MAX);
	peer->fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(peer->fd, (struct sockaddr *)&at, sizeof at), 0);
	ck_assert_int_eq(listen(peer->fd, 16), 0);
	ck_assert_int_eq(getsockname(peer->fd, (struct sockaddr *)&at, &n), 0);
	peer->port = ntohs(at.sin_port);
	ck_assert_int_eq(pthread_create(&peer->thread, NULL, serve, peer), 0);
}

static void
peer_stop(struct peer *peer)
{
	(void)shutdown(peer->fd, SHUT_RDWR);
	(void)pthread_join(peer->thread, NULL);
	(void)close(peer->fd);
	free(peer->seen);
}

/* --- helpers ------------------------------------------------------------ */

static struct arena *arena;
static struct net *net;

static void
begin(void)
{
	struct net_options options = { .allow_loopback_http = true };

	net_global_init();
	arena = arena_new();
	net = net_open(&options);
}

static void
end(void)
{
	arena_free(arena);
	net_close(net);
}

static struct net_request
to_peer(const struct peer *peer)
{
	return (struct net_request){ .method = "GET",
		.url = arena_printf(arena, "http://127.0.0.1:%d/a?b=c", peer->port),
		.flags = NET_CONFIGURED, .timeout_ms = 5000,
		.max_response_bytes = 1000000,
		.headers_wanted = { "retry-after", "X-Two" } };
}

static struct net_call *
start(const struct net_request *request)
{
	struct net_call *call = NULL;
	struct err err;
	enum rc rc;

	err_init(&err);
	rc = net_start(net, arena, request, &call, &err);
	ck_assert_msg(rc == RC_OK, "%s", err.message);
	return call;
}

static const struct net_result *
run(const struct net_request *request)
{
	struct net_call *call = start(request);

	while (net_result(call)->outcome == NET_RUNNING)
		(void)net_wait(net, 10000);
	return net_result(call);
}

#define ck_outcome(result, wanted) \
	ck_assert_msg((result)->outcome == (wanted), "%s, not %s: %.*s", \
	    net_outcome_word((result)->outcome), net_outcome_word(wanted), \
	    STR_FMT((result)->detail))

/* --- cases -------------------------------------------------------------- */

START_TEST(the_guard_knows_public_addresses)
{
	static const struct { const char *text; bool is_public, loopback; } rows[] = {
		{ "8.8.8.8", true, false }, { "1.1.1.1", true, false },
		{ "11.0.0.0", true, false }, { "9.255.255.255", true, false },
		{ "100.63.255.255", true, false }, { "100.128.0.0", true, false },
		{ "172.15.255.255", true, false }, { "172.32.0.0", true, false },
		{ "192.0.1.0", true, false }, { "192.167.255.255", true, false },
		{ "198.17.255.255", true, false }, { "198.20.0.0", true, false },
		{ "223.255.255.255", true, false },
		{ "0.0.0.0", false, false }, { "0.1.2.3", false, false },
		{ "10.0.0.1", false, false }, { "10.255.255.255", false, false },
		{ "100.64.0.0", false, false }, { "100.127.255.255", false, false },
		{ "127.0.0.1", false, true }, { "127.255.255.255", false, true },
		{ "169.254.169.254", false, false }, { "172.16.0.0", false, false },
		{ "172.31.255.255", false, false }, { "192.0.0.8", false, false },
		{ "192.0.2.1", false, false }, { "192.88.99.1", false, false },
		{ "192.168.0.0", false, false }, { "198.18.0.0", false, false },
		{ "198.19.255.255", false, false }, { "198.51.100.1", false, false },
		{ "203.0.113.9", false, false }, { "224.0.0.1", false, false },
		{ "240.0.0.1", false, false }, { "255.255.255.255", false, false },
		{ "2606:4700:4700::1111", true, false }, { "2a00:1450::1", true, false },
		{ "2001:200::1", true, false }, { "2001:4860:4860::8888", true, false },
		{ "3ffe::1", true, false },
		{ "::", false, false }, { "::1", false, true }, { "::2", false, false },
		{ "::8.8.8.8", false, false },
		{ "::ffff:8.8.8.8", true, false }, { "::ffff:127.0.0.1", false, true },
		{ "::ffff:10.0.0.1", false, false }, { "::ffff:169.254.169.254", false, false },
		{ "64:ff9b::8.8.8.8", true, false }, { "64:ff9b::192.168.1.1", false, false },
		{ "64:ff9b::127.0.0.1", false, false }, { "64:ff9b:1::1", false, false },
		{ "100::1", false, false }, { "2001::1", false, false },
		{ "2001:1ff::1", false, false }, { "2001:db8::1", false, false },
		{ "2002:7f00:1::", false, false }, { "2002:808:808::", false, false },
		{ "3fff::1", false, false }, { "3fff:fff::1", false, false },
		{ "4000::1", false, false }, { "5f00::1", false, false },
		{ "fc00::1", false, false }, { "fd12:3456::1", false, false },
		{ "fe80::1", false, false }, { "febf::1", false, false },
		{ "fec0::1", false, false }, { "ff02::1", false, false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct sockaddr_in v4 = { .sin_family = AF_INET };
		struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
		const struct sockaddr *address = (struct sockaddr *)&v4;

		if (inet_pton(AF_INET, rows[i].text, &v4.sin_addr) != 1) {
			ck_assert_int_eq(inet_pton(AF_INET6, rows[i].text,
			    &v6.sin6_addr), 1);
			address = (struct sockaddr *)&v6;
		}
		ck_assert_msg(net_address_is_public(address) == rows[i].is_public,
		    "%s", rows[i].text);
		ck_assert_msg(net_address_is_loopback(address) == rows[i].loopback,
		    "%s", rows[i].text);
	}
	ck_assert(!net_address_is_public(&(struct sockaddr){ .sa_family = AF_UNIX }));
	ck_assert(!net_address_is_loopback(&(struct sockaddr){ .sa_family = AF_UNIX }));
}
END_TEST

START_TEST(an_answer_comes_whole)
{
	struct peer peer = { .reply = "HTTP/1.1 103 Early\r\nX-Two: early\r\n\r\n"
	    "HTTP/1.1 429 Slow\r\nRetry-After:  7 \r\nContent-Length: 5\r\n\r\nhello" };
	struct net_header headers[] = { { STR("X-Key"), STR("k1") },
		{ STR("X-Empty"), STR("") } };
	struct net_request request;
	const struct net_result *result;
	struct str seen;

	begin();
	peer_start(&peer);
	(void)setenv("http_proxy", "http://127.0.0.1:1/", 1);
	(void)setenv("ALL_PROXY", "http://127.0.0.1:1/", 1);
	request = to_peer(&peer);
	request.headers = headers;
	request.header_count = 2;
	result = run(&request);
	ck_outcome(result, NET_OK);
	ck_assert_int_eq(result->status, 429);
	ck_assert_str(result->body, "hello");
	ck_assert_int_eq(result->body.p[5], '\0');
	ck_assert_str(result->headers[0], "7");
	ck_assert_ptr_null(result->headers[1].p);
	seen = (struct str){ peer.seen, peer.seen_n };
	ck_assert(str_starts(seen, STR("GET /a?b=c HTTP/1.1\r\n")));
	ck_assert(str_contains_nocase(seen, STR("\r\nUser-Agent: bezel/" PACKAGE_VERSION "\r\n")));
	ck_assert(str_contains_nocase(seen, STR("\r\nX-Key: k1\r\n")));
	ck_assert(str_contains_nocase(seen, STR("\r\nX-Empty:\r\n")));
	ck_assert(!str_contains_nocase(seen, STR("Content-Type")));
	ck_assert(!str_contains_nocase(seen, STR("Accept-Encoding")));
	peer_stop(&peer);
	end();
}
END_TEST

START_TEST(a_large_body_is_sent_without_expect)
{
	static const char *const methods[] = { "POST", "PUT", "POST", "DELETE", "HEAD" };
	struct peer peer = { .reply = "HTTP/1.1 204 No\r\nConnection: close\r\n\r\n" };
	struct net_request request;
	char *body;
	const size_t n = 1500000;

	begin();
	peer_start(&peer);
	body = arena_alloc(arena, n);
	memset(body, 'b', n);
	for (size_t i = 0; i < 5; i++) {
		const struct net_result *result;
		struct str seen, line;

		peer.seen_n = 0;
		request = to_peer(&peer);
		request.method = methods[i];
		if (i < 2)
			request.body = (struct str){ body, n };
		result = run(&request);
		ck_outcome(result, NET_OK);
		ck_assert_int_eq(result->status, 204);
		ck_assert_str(result->body, "");
		seen = (struct str){ peer.seen, peer.seen_n };
		line = arena_printf(arena, "%s /a", methods[i]);
		ck_assert(str_starts(seen, line));
		seen.n = seen.n < 1000 ? seen.n : 1000;
		ck_assert(!str_contains_nocase(seen, STR("Expect")));
		ck_assert(!str_contains_nocase(seen, STR("Content-Type")));
		if (i < 3) {
			line = arena_printf(arena, "\r\nContent-Length: %zu\r\n",
			    request.body.n);
			ck_assert(str_contains_nocase(seen, line));
		}
		if (i < 2)
			ck_assert_int_eq(memcmp(peer.seen + peer.seen_n - n, body, n), 0);
	}
	peer_stop(&peer);
	end();
}
END_TEST

START_TEST(what_we_do_not_send_is_refused_at_the_start)
{
	static const struct { const char *url; bool plain, configured; } rows[] = {
		{ "http://127.0.0.1/", false, true },	/* option off */
		{ "http://127.0.0.1/", true, false },	/* a user's URL */
		{ "file:///etc/passwd", true, true }, { "gopher://127.0.0.1/", true, true },
		{ "ftp://127.0.0.1/", true, true }, { "127.0.0.1", true, true },
		{ "https://", true, true }, { "", true, true },
		{ "https://user@example.com/", true, true },
		{ "https://u:p@example.com/", true, true },
		{ "https://exa mple.com/", true, true },
		{ "https://example.com/\r\nX: y", true, true },
		{ "https://example.com:99999/", true, true },
		{ "javascript:alert(1)", true, true },
	};
	static const struct net_header bad[] = {
		{ STR_INIT("A"), STR_INIT("b\r\nC: d") }, { STR_INIT("A"), STR_INIT("b\n") },
		{ STR_INIT("A\r\n"), STR_INIT("b") }, { STR_INIT(""), STR_INIT("b") },
		{ STR_INIT("A:"), STR_INIT("b") }, { STR_INIT("A"), STR_INIT("b\0c") },
		{ STR_INIT("A\0B"), STR_INIT("c") },
	};
	struct net_call *call = NULL;
	struct net_request request;

	begin();
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct net_options options = { .allow_loopback_http = rows[i].plain };
		struct net *one = net_open(&options);
		struct err err;

		err_init(&err);
		request = (struct net_request){ .method = "GET", .timeout_ms = 1000,
			.url = str_of(rows[i].url), .max_response_bytes = 10,
			.flags = rows[i].configured ? NET_CONFIGURED : 0 };
		ck_assert_msg(net_start(one, arena, &request, &call, &err)
		    == RC_INVALID, "%s", rows[i].url);
		net_close(one);
	}
	request.url = STR("https://127.0.0.1\0.example.com/");
	for (size_t i = 0; i < sizeof bad / sizeof bad[0] + 3; i++) {
		struct err err;

		err_init(&err);
		if (i < sizeof bad / sizeof bad[0]) {
			request.url = STR("https://example.com/");
			request.headers = &bad[i];
			request.header_count = 1;
		} else {
			request.header_count = 0;
			request.method = i % 3 == 0 ? "" : i % 3 == 1 ? "GET /" : "G\r\n";
		}
		ck_assert_int_eq(net_start(net, arena, &request, &call, &err), RC_INVALID);
	}
	request.method = "GET";
	request.url = STR("https://127.0.0.1\0.example.com/");
	{
		struct err err;

		err_init(&err);
		ck_assert_int_eq(net_start(net, arena, &request, &call, &err), RC_INVALID);
	}
	ck_assert_ptr_null(call);
	end();
}
END_TEST

START_TEST(a_users_url_does_not_reach_our_own_network)
{
	static const char *const hosts[] = { "127.0.0.1", "localhost", "127.1",
		"2130706433", "0x7f000001", "0", "[::1]", "[::ffff:127.0.0.1]",
		"0177.0.0.1", "10.0.0.1", "169.254.169.254", "[fe80::1]" };
	struct peer peer = { .reply = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" };
	struct net_request request;

	begin();
	peer_start(&peer);
	for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
		request = to_peer(&peer);
		request.flags = 0;
		request.url = arena_printf(arena, "https://%s:%d/", hosts[i], peer.port);
		ck_outcome(run(&request), NET_FORBIDDEN);
	}
	ck_assert_int_eq(peer.connections, 0);
	/* Plain http never leaves the machine, whoever configured it. */
	request = to_peer(&peer);
	request.url = STR("http://10.0.0.1/");
	ck_outcome(run(&request), NET_FORBIDDEN);
	peer_stop(&peer);
	end();
}
END_TEST

START_TEST(the_size_of_an_answer_is_bounded)
{
	static const struct { const char *reply; size_t filler; } rows[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 50001\r\n\r\n", 50001 },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n", 60000 },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffff\r\n", 70000 },
		{ "HTTP/1.1 200 OK\r\n\r\n", 80000 },
		{ "HTTP/1.1 200 OK\r\nX-Long: ", 200000 },
		{ NULL, 0 },
	};
	char many[70000] = "HTTP/1.1 200 OK\r\n";

	begin();
	for (size_t n = strlen(many); n + 8 < sizeof many; n += 8)
		memcpy(many + n, "X: abc\r\n", 9);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct peer peer = { .filler = rows[i].filler,
		    .reply = rows[i].reply == NULL ? many : rows[i].reply };
		struct net_request request;
		const struct net_result *result;

		peer_start(&peer);
		request = to_peer(&peer);
		request.max_response_bytes = 50000;
		result = run(&request);
		ck_outcome(result, NET_TOO_LARGE);
		ck_assert_ptr_null(result->body.p);
		peer_stop(&peer);
	}
	/* Exactly the maximum is fine, told or not. */
	for (size_t i = 0; i < 2; i++) {
		struct peer peer = { .filler = 50000, .reply = i == 0
		    ? "HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n"
		    : "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" };
		struct net_request request;
		const struct net_result *result;

		peer_start(&peer);
		request = to_peer(&peer);
		request.max_response_bytes = 50000;
		result = run(&request);
		ck_outcome(result, NET_OK);
		ck_assert_uint_eq(result->body.n, 50000);
		ck_assert_int_eq(result->body.p[49999], 'x');
		peer_stop(&peer);
	}
	end();
}
END_TEST

START_TEST(a_broken_answer_is_told_apart)
{
	static const char *const replies[] = { "",
		"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc",
		"HTTP/1.1 200 O", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nX-Two: a",
		"HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 200 OK\r\n",
		"HTTP/1.1 100 Go on\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n" };

	begin();
	for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++) {
		struct peer peer = { .reply = replies[i] };
		struct net_request request;
		const struct net_result *result;

		peer_start(&peer);
		request = to_peer(&peer);
		result = run(&request);
		ck_outcome(result, NET_CUT);
		ck_assert_ptr_null(result->body.p);
		ck_assert_uint_gt(result->detail.n, 0);
		peer_stop(&peer);
	}
	end();
}
END_TEST

START_TEST(time_is_bounded)
{
	struct peer silent = { .hold = true };
	struct peer slow = { .hold = true,
		.reply = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc" };
	struct peer *peers[] = { &silent, &slow };

	begin();
	for (size_t i = 0; i < 2; i++) {
		struct net_request request;
		const struct net_result *result;

		peer_start(peers[i]);
		request = to_peer(peers[i]);
		/* Names are resolved in that time, by a thread that is to be started. */
		request.timeout_ms = getenv("BEZEL_TEST_VALGRIND") == NULL ? 150 : 1500;
		result = run(&request);
		ck_outcome(result, NET_TIMEOUT);
		ck_assert_int_ge(result->took_ms, request.timeout_ms - 10);
		ck_assert_int_lt(result->took_ms, request.timeout_ms + slower(1850));
		peer_stop(peers[i]);
	}
	end();
}
END_TEST

START_TEST(no_connection_is_told_apart)
{
	struct peer peer = { .blunt = true, .hold = true,
		.reply = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" };
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct net_request request;
	int fd, fill[8];

	begin();
	peer_start(&peer);
	request = to_peer(&peer);
	request.url = arena_printf(arena, "https://127.0.0.1:%d/", peer.port);
	ck_outcome(run(&request), NET_TLS);
	request.url = STR("https://no-such-name.invalid/");
	request.timeout_ms = 3000;
	ck_outcome(run(&request), NET_RESOLVE);
	peer_stop(&peer);
	request = to_peer(&peer);
	ck_outcome(run(&request), NET_CONNECT);
	/* A listener whose queue is full does not answer at all. */
	fd = socket(AF_INET, SOCK_STREAM, 0);
	at.sin_port = 0;
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	ck_assert_int_eq(listen(fd, 0), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at,
	    &(socklen_t){ sizeof at }), 0);
	for (size_t i = 0; i < 8; i++) {
		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(fill[i], (struct sockaddr *)&at, sizeof at);
	}
	request.url = arena_printf(arena, "http://127.0.0.1:%d/", ntohs(at.sin_port));
	request.connect_timeout_ms = 200;
	ck_outcome(run(&request), NET_CONNECT);
	for (size_t i = 0; i < 8; i++)
		(void)close(fill[i]);
	(void)close(fd);
	end();
}
END_TEST

START_TEST(redirects_are_answers)
{
	struct peer peer = { .reply = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
	    "X-Two: a\r\nx-two: b\r\nContent-Length: 0\r\n\r\n" };
	struct net_request request;
	const struct net_result *result;

	begin();
	peer_start(&peer);
	request = to_peer(&peer);
	result = run(&request);
	ck_outcome(result, NET_OK);
	ck_assert_int_eq(result->status, 302);
	ck_assert_str(result->headers[1], "b");
	ck_assert_int_eq(peer.requests, 1);
	peer_stop(&peer);
	end();
}
END_TEST

START_TEST(a_request_for_once_is_not_sent_again)
{
	/* The peer answers the first request of a connection and breaks off on
	 * the second: curl would send that one again. */
	for (int once = 0; once < 2; once++) {
		struct peer peer = { .keep = true,
			.reply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" };
		struct net_request request;

		begin();
		peer_start(&peer);
		request = to_peer(&peer);
		request.flags |= once ? NET_ONCE : 0;
		ck_outcome(run(&request), NET_OK);
		ck_outcome(run(&request), NET_OK);
		ck_assert_int_eq(peer.requests, once ? 2 : 3);
		ck_assert_int_eq(peer.connections, 2);
		end();
		peer_stop(&peer);
	}
}
END_TEST

START_TEST(calls_run_side_by_side_and_can_be_cancelled)
{
	struct peer peer = { .hold = true }, quick = {
		.reply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" };
	struct arena *short_life = arena_new();
	struct net_call *calls[3], *lost;
	struct net_request request;
	struct err err;
	int64_t from_ms;

	begin();
	peer_start(&peer);
	peer_start(&quick);
	from_ms = clock_mono_ms();
	ck_assert(!net_wait(net, 5000));	/* nothing runs */
	ck_assert_int_lt(clock_mono_ms() - from_ms, slower(1000));
	request = to_peer(&peer);
	calls[0] = start(&request);
	calls[1] = start(&request);
	err_init(&err);
	ck_assert_int_eq(net_start(net, short_life, &request, &lost, &err), RC_OK);
	arena_free(short_life);
	ck_assert(!net_wait(net, 50));
	request = to_peer(&quick);
	calls[2] = start(&request);
	while (!net_wait(net, 5000))
		continue;
	ck_outcome(net_result(calls[2]), NET_OK);
	ck_outcome(net_result(calls[0]), NET_RUNNING);
	net_cancel(calls[0]);
	net_cancel(calls[0]);
	net_cancel(calls[2]);
	ck_outcome(net_result(calls[0]), NET_CANCELLED);
	ck_outcome(net_result(calls[2]), NET_OK);
	net_close(net);			/* before its calls' arena */
	ck_outcome(net_result(calls[1]), NET_CANCELLED);
	arena_free(arena);
	net_close(NULL);
	peer_stop(&peer);
	peer_stop(&quick);
}
END_TEST

UNIT_MAIN("net", the_guard_knows_public_addresses, an_answer_comes_whole,
    a_large_body_is_sent_without_expect,
    what_we_do_not_send_is_refused_at_the_start,
    a_users_url_does_not_reach_our_own_network,
    the_size_of_an_answer_is_bounded, a_broken_answer_is_told_apart,
    time_is_bounded, no_connection_is_told_apart, redirects_are_answers,
    a_request_for_once_is_not_sent_again,
    calls_run_side_by_side_and_can_be_cancelled)
