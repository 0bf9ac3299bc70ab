#include "config.h"

#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/net.h"
#include "oauth/kept.h"

/* --- a provider with one document --------------------------------------- */

struct peer {
	int fd, port;
	const char *headers, *body;	/* of the answer; changed between requests */
	pthread_t thread;
	atomic_int requests;
};

static void
answer(struct peer *peer, int fd)
{
	char text[1024];
	size_t n = 0;
	ssize_t got;

	while (memmem(text, n, "\r\n\r\n", 4) == NULL
	    && (got = read(fd, text + n, sizeof text - n)) > 0)
		n += (size_t)got;
	atomic_fetch_add(&peer->requests, 1);
	n = (size_t)snprintf(text, sizeof text, "HTTP/1.1 %sContent-Length: %zu\r\n"
	    "Connection: close\r\n\r\n%s", peer->headers, strlen(peer->body),
	    peer->body);
	(void)!send(fd, text, n, MSG_NOSIGNAL);
}

static void *
serve(void *object)
{
	struct peer *peer = object;
	int fd;

	while ((fd = accept(peer->fd, NULL, NULL)) >= 0) {
		answer(peer, fd);
		(void)close(fd);
	}
	return NULL;
}

static struct peer peer;
static struct arena *arena;
static struct net *net;
static struct kept kept;

static void
setup(void)
{
	struct net_options options = { .allow_loopback_http = true };
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof at;

	net_global_init();
	arena = arena_new();
	net = net_open(&options);
	kept_init(&kept);
	peer = (struct peer){ .headers = "200 OK\r\n", .body = "{\"v\":1}" };
	peer.fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(peer.fd, (struct sockaddr *)&at, sizeof at), 0);
	ck_assert_int_eq(listen(peer.fd, 16), 0);
	ck_assert_int_eq(getsockname(peer.fd, (struct sockaddr *)&at, &n), 0);
	peer.port = ntohs(at.sin_port);
	ck_assert_int_eq(pthread_create(&peer.thread, NULL, serve, &peer), 0);
}

static void
teardown(void)
{
	(void)shutdown(peer.fd, SHUT_RDWR);
	(void)pthread_join(peer.thread, NULL);
	(void)close(peer.fd);
	kept_done(&kept);
	arena_free(arena);
	net_close(net);
}

/* --- helpers ------------------------------------------------------------ */

static const char *
judge(struct arena *scratch, struct str text, void *object)
{
	(void)scratch, (void)object;
	return str_eqz(text, "{\"bad\":1}") ? "bad" : NULL;
}

/* What is got: the text, or the detail of the error. */
static const char *
get(enum kept_flags flags)
{
	struct oauth_call call = { .provider = OAUTH_GOOGLE, .net = net,
		.scratch = arena, .until_ms = clock_mono_ms() + 5000 };
	struct oauth_request request = { .step = "keys", .configured = true,
		.url = arena_printf(arena, "http://127.0.0.1:%d/keys", peer.port) };
	struct str text = STR("untouched");
	struct err err;

	err_init(&err);
	if (kept_get(&kept, &call, &request, judge, NULL, flags, &text, &err) == RC_OK) {
		ck_assert_int_eq(err.rc, RC_OK);
		return arena_strz(arena, text);
	}
	ck_assert_str(text, "untouched");
	ck_assert_int_ne(err.rc, RC_OK);
	return arena_strz(arena, str_of(err.detail));
}

/* As if it had been fetched so long ago. */
static void
age(int64_t ms)
{
	kept.fresh_until_ms -= ms;
	kept.until_ms -= ms;
	if (kept.renewed_ms != 0)
		kept.renewed_ms -= ms;
}

#define ck_got(flags, want, count) do { \
	ck_assert_str_eq(get(flags), want); \
	ck_assert_int_eq(atomic_load(&peer.requests), count); \
} while (0)

/* --- cases -------------------------------------------------------------- */

START_TEST(it_is_kept_as_long_as_it_says)
{
	static const struct {
		const char *headers;
		int64_t want_ms;
	} rows[] = {
		{ "200 OK\r\n", KEPT_LEAST_MS },
		{ "200 OK\r\nCache-Control: no-store\r\n", KEPT_LEAST_MS },
		{ "200 OK\r\nCache-Control: max-age=10\r\n", KEPT_LEAST_MS },
		{ "200 OK\r\nCache-Control: public, max-age=600\r\n", 600000 },
		{ "200 OK\r\nCache-Control: max-age=19800\r\nAge: 1800\r\n", 18000000 },
		{ "200 OK\r\nCache-Control: max-age=31536000\r\n", KEPT_MOST_MS },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int64_t fresh_ms;

		kept.text = STR_NULL;
		peer.headers = rows[i].headers;
		ck_got(0, "{\"v\":1}", (int)i + 1);
		fresh_ms = kept.fresh_until_ms - clock_mono_ms();
		ck_assert_msg(fresh_ms <= rows[i].want_ms
		    && fresh_ms > rows[i].want_ms - 20000, "%s: %lld", rows[i].headers,
		    (long long)fresh_ms);
	}
}
END_TEST

START_TEST(it_is_fetched_when_it_has_aged)
{
	ck_got(0, "{\"v\":1}", 1);
	peer.body = "{\"v\":2}";
	ck_got(0, "{\"v\":1}", 1);
	age(KEPT_LEAST_MS - 20000);
	ck_got(0, "{\"v\":1}", 1);
	age(20000);
	ck_got(0, "{\"v\":2}", 2);
	ck_got(0, "{\"v\":2}", 2);
}
END_TEST

START_TEST(it_is_renewed_once_a_minute)
{
	ck_got(0, "{\"v\":1}", 1);
	peer.body = "{\"v\":2}";
	ck_got(KEPT_RENEW, "{\"v\":2}", 2);
	peer.body = "{\"v\":3}";
	for (int i = 0; i < 3; i++)
		ck_got(KEPT_RENEW, "{\"v\":2}", 2);
	age(KEPT_PAUSE_MS - 20000);
	ck_got(KEPT_RENEW, "{\"v\":2}", 2);
	age(20000);
	ck_got(KEPT_RENEW, "{\"v\":3}", 3);
}
END_TEST

/* Whatever is wrong with the new one, the old one does for a day from its fetch; it
 * is asked for once a minute, and then it is over. */
START_TEST(the_old_one_does_for_a_day)
{
	static const struct {
		const char *headers, *body, *detail;
	} rows[] = {
		{ "503 Service Unavailable\r\n", "", "google keys: bad_reply (HTTP 503)" },
		{ "200 OK\r\n", "<html>", "google keys: bad_reply" },
		{ "200 OK\r\n", "{\"bad\":1}", "google keys: bad" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		kept.text = STR_NULL;
		atomic_store(&peer.requests, 0);
		peer.headers = "200 OK\r\n";
		peer.body = "{\"v\":1}";
		ck_got(0, "{\"v\":1}", 1);
		peer.headers = rows[i].headers;
		peer.body = rows[i].body;
		age(KEPT_LEAST_MS);
		ck_got(0, "{\"v\":1}", 2);
		ck_got(0, "{\"v\":1}", 2);
		age(KEPT_PAUSE_MS);
		ck_got(0, "{\"v\":1}", 3);
		age(KEPT_MOST_MS);
		ck_got(0, rows[i].detail, 4);
		ck_got(0, rows[i].detail, 5);
		peer.headers = "200 OK\r\n";
		peer.body = "{\"v\":2}";
		ck_got(0, "{\"v\":2}", 6);
	}
}
END_TEST

UNIT_MAIN_FIXTURE("kept", setup, teardown, it_is_kept_as_long_as_it_says,
    it_is_fetched_when_it_has_aged, it_is_renewed_once_a_minute,
    the_old_one_does_for_a_day)
