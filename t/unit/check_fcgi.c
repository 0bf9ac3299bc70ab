/*
 * Workers of fcgi_serve() as processes of their own behind a unix socket, and a
 * tiny client.
 */
#include "config.h"

#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "fcgi/fcgi.h"
#include "fcgi_client.h"

enum { WORKERS_MAX = 4, IDLE = 64, SLOW_MS = 300 };

/* What the workers tell the test. */
struct shared {
	struct fcgi_pulse pulse[WORKERS_MAX];
	volatile int calls, idles, ready;
	volatile int places;	/* who was answered before whom */
};

static struct arena *arena;
static struct shared *shared;
static char folder[UNIT_PATH], path[UNIT_PATH + 8];
static pid_t workers[WORKERS_MAX];
static int worker_count, listen_fd;
static int descriptors_max;	/* of a worker; 0: as many as there are */
static int64_t drain_ms;
static volatile sig_atomic_t stop;

static void
setup(void)
{
	struct err err;

	arena = arena_new();
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(shared, MAP_FAILED);
	ck_assert_ptr_nonnull(mkdtemp(unit_path(folder, "fcgi-XXXXXX")));
	(void)snprintf(path, sizeof path, "%s/s", folder);
	err_init(&err);
	ck_assert_int_eq(fcgi_listen(path, 256, &listen_fd, &err), RC_OK);
	worker_count = descriptors_max = 0;
	drain_ms = 10000;
}

static void
teardown(void)
{
	for (int i = 0; i < worker_count; i++)
		for (int k = 0; workers[i] > 0; k++) {
			(void)kill(workers[i], k < 100 ? SIGUSR1 : SIGKILL);
			if (waitpid(workers[i], NULL, WNOHANG) != 0)
				workers[i] = 0;
			else
				clock_sleep_ms(10);
		}
	(void)unlink(path);
	(void)rmdir(folder);
	arena_free(arena);
}

/* --- the worker ------------------------------------------------------------ */

static void
take_term(int signal_number)
{
	(void)signal_number;
	stop = 1;
}

/* At the end of a test: not SIGKILL, so that gcov sees the worker. */
static void
leave(int signal_number)
{
	(void)signal_number;
#ifdef BEZEL_SANITIZED
	_exit(0);	/* a look for leaks is not for a signal handler */
#else
	exit(0);
#endif
}

static void
signals(void)
{
	struct sigaction action = { .sa_handler = take_term };

	(void)sigaction(SIGTERM, &action, NULL);
	(void)signal(SIGUSR1, leave);
	__atomic_add_fetch(&shared->ready, 1, __ATOMIC_SEQ_CST);
}

static int
open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (dir != NULL && readdir(dir) != NULL)
		n++;
	if (dir != NULL)
		(void)closedir(dir);
	return n;
}

static void
handle(void *arg, struct http_exchange *exchange)
{
	struct http_request *request = &exchange->request;
	struct http_response *response = &exchange->response;
	unsigned sum = 0;
	struct err err;

	(void)arg;
	__atomic_add_fetch(&shared->calls, 1, __ATOMIC_SEQ_CST);
	if (exchange->work != NULL) {
		if (str_starts(request->uri, STR("/g-slow")))
			clock_sleep_ms(SLOW_MS);
		response->content_type = "text/plain";
		buf_addz(&response->body, exchange->work);
		return;
	}
	err_init(&err);
	if (http_request_parse(request, &err) != RC_OK) {
		http_problem(response, &err, STR_NULL, request->uri, STR_NULL);
		return;
	}
	if (str_eqz(request->path, "/slow"))
		clock_sleep_ms(SLOW_MS);
	for (size_t i = 0; i < request->body.n; i++)
		sum = sum * 31 + (unsigned char)request->body.p[i];
	response->content_type = "text/plain";
	if (str_eqz(request->path, "/descriptors"))
		buf_printf(&response->body, "%d", open_descriptors());
	else if (str_starts(request->path, STR("/place")))
		buf_printf(&response->body, "%d", __atomic_fetch_add(
		    &shared->places, 1, __ATOMIC_SEQ_CST));
	else if (str_eqz(request->path, "/pid"))
		buf_printf(&response->body, "%d", (int)getpid());
	else
		buf_printf(&response->body, "%s %.*s cookie=%.*s body=%zu/%u",
		    http_method_name(request->verb), STR_FMT(request->path),
		    STR_FMT(request->cookie), request->body.n, sum);
}

/* "/g..." and "/h..." may be answered together. */
static int
kind_of(void *arg, const struct http_request *request)
{
	(void)arg;
	return str_starts(request->uri, STR("/g")) ? 1
	    : str_starts(request->uri, STR("/h")) ? 2 : 0;
}

/* "...late" is answered behind the others. */
static void
handle_together(void *arg, struct arena *group, struct http_exchange **exchanges,
    size_t n)
{
	int place = __atomic_fetch_add(&shared->places, 1, __ATOMIC_SEQ_CST);
	struct http_exchange *all[64];
	size_t at = 0;

	(void)arg;
	for (size_t i = 0; i < n; i++) {
		struct http_exchange *x = all[i] = exchanges[i];

		x->work = (void *)arena_printf(group, "%d: %.*s %zu of %zu, body=%zu",
		    place, STR_FMT(x->request.uri), i, n, x->request.body.n).p;
	}
	for (int late = 0; late < 2; late++)
		for (size_t i = 0; i < n; i++)
			if (str_contains_nocase(all[i]->request.uri, STR("late"))
			    == (late == 1))
				exchanges[at++] = all[i];
}

static void
count_idle(void *arg)
{
	(void)arg;
	__atomic_add_fetch(&shared->idles, 1, __ATOMIC_SEQ_CST);
}

static void
run_worker(enum fcgi_mode mode, int number)
{
	struct fcgi_options options = { .listen_fd = listen_fd, .mode = mode,
		.stop = &stop, .drain_ms = drain_ms,
		.pulse = &shared->pulse[number], .idle = count_idle,
		.kind = kind_of, .together = handle_together };
	struct rlimit limit;
	struct err err;

	if (descriptors_max > 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = (rlim_t)descriptors_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
			exit(2);
	}
	err_init(&err);
	exit(fcgi_serve(&options, handle, NULL, signals, &err) == RC_OK ? 0 : 1);
}

static void
start(enum fcgi_mode mode, int n)
{
	for (int i = 0; i < n; i++) {
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (pid == 0)
			run_worker(mode, i);
		workers[worker_count++] = pid;
	}
	while (shared->ready < worker_count)
		clock_sleep_ms(1);
}

/* SIGTERM as the supervisor sends it; returns how long the worker took. */
static int64_t
end_worker(int number)
{
	int64_t began = clock_mono_ms();
	int status;

	while (waitpid(workers[number], &status, WNOHANG) == 0) {
		ck_assert_int_lt(clock_mono_ms() - began, 20000);
		(void)kill(workers[number], SIGTERM);
		clock_sleep_ms(20);
	}
	workers[number] = 0;
	ck_assert_int_eq(status, 0);
	return clock_mono_ms() - began;
}

/* --- the client ------------------------------------------------------------ */

static int
dial(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(address.sun_path, path, strlen(path) + 1);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address),
	    0);
	return fd;
}

static void
send_all(int fd, struct str s)
{
	while (s.n > 0) {
		ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);

		ck_assert_int_gt(n, 0);
		s = str_slice(s, (size_t)n, s.n);
	}
}

/* The answer on this connection, or a null str when it was closed. */
static struct str
answer_of(int fd)
{
	struct str out;
	int records;

	return fc_answer(fd, 1, arena, &out, &records) ? out : STR_NULL;
}

static struct str
ask(int fd, const char *method, const char *uri, struct str body,
    struct str more)
{
	send_all(fd, fc_request(arena, method, uri, body, more, true));
	return answer_of(fd);
}

static struct str
get(int fd, const char *uri)
{
	return ask(fd, "GET", uri, STR(""), STR_NULL);
}

static struct str
body_of(struct str answer)
{
	for (size_t i = 0; i + 4 <= answer.n; i++)
		if (memcmp(answer.p + i, "\r\n\r\n", 4) == 0)
			return str_slice(answer, i + 4, answer.n);
	return STR_NULL;
}

static bool
closed(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };
	char c;

	return poll(&p, 1, 3000) == 1 && read(fd, &c, 1) <= 0;
}

static struct str
params(const char *const *pairs)
{
	struct buf buf;

	buf_init(&buf, arena, 256, 1 << 16);
	for (; pairs[0] != NULL; pairs += 2)
		fc_param(&buf, pairs[0], str_of(pairs[1]));
	return buf_str(&buf);
}
#define PARAMS(...) params((const char *const[]){ __VA_ARGS__, NULL })

/* --- cases ----------------------------------------------------------------- */

/* The first worker is at what was just sent to it. */
static void
until_busy(void)
{
	const volatile struct fcgi_pulse *pulse = &shared->pulse[0];

	clock_sleep_ms(50);
	for (int i = 0; i < slower(5000) && pulse->busy_since_ms == 0; i++)
		clock_sleep_ms(1);
	ck_assert_int_gt(pulse->busy_since_ms, 0);
}

START_TEST(a_kept_connection_serves_one_after_the_other)
{
	int fd;

	start(FCGI_KEEP, 1);
	fd = dial();
	ck_assert_str(get(fd, "/a?b=c"), "Status: 200 OK\r\n"
	    "Content-Type: text/plain\r\nContent-Length: 23\r\n"
	    "Cache-Control: no-store\r\n\r\nGET /a cookie= body=0/0");
	for (int i = 0; i < 200; i++)
		ck_assert_str(body_of(get(fd, "/again")),
		    "GET /again cookie= body=0/0");
	ck_assert_int_eq(shared->calls, 201);
	/* counted after the answer, which is here already */
	for (int i = 0; i < 300 && shared->pulse[0].requests < 201; i++)
		clock_sleep_ms(10);
	ck_assert_int_eq(shared->pulse[0].requests, 201);
	ck_assert_int_eq(shared->pulse[0].busy_since_ms, 0);
}
END_TEST

START_TEST(a_start_ends_when_requests_are_waited_for)
{
	const volatile struct fcgi_pulse *pulse = &shared->pulse[0];

	ck_assert(!pulse->serving);
	shared->pulse[0].busy_since_ms = clock_mono_ms();	/* as who forks says */
	start(FCGI_KEEP, 1);
	for (int i = 0; i < 300 && !pulse->serving; i++)
		clock_sleep_ms(10);
	ck_assert(pulse->serving);
	ck_assert_int_eq(pulse->busy_since_ms, 0);
}
END_TEST

START_TEST(a_connection_closes_when_the_peer_does_not_keep_it)
{
	int fd;

	start(FCGI_KEEP, 1);
	fd = dial();
	send_all(fd, fc_request(arena, "GET", "/", STR(""), STR_NULL, false));
	ck_assert(str_starts(body_of(answer_of(fd)), STR("GET / ")));
	ck_assert(closed(fd));
}
END_TEST

START_TEST(head_has_the_length_and_no_body)
{
	struct str answer;
	int fd;

	start(FCGI_KEEP, 1);
	fd = dial();
	answer = ask(fd, "HEAD", "/a", STR(""), STR_NULL);
	ck_assert(str_contains_nocase(answer, STR("\r\nContent-Length: 24\r\n")));
	ck_assert_uint_eq(body_of(answer).n, 0);
	ck_assert_uint_eq(body_of(get(fd, "/a")).n, 23);
}
END_TEST

START_TEST(bodies_come_whole)
{
	static const size_t sizes[] = { 1, 8192, 65535, 65536, 98304, 300000 };
	int fd;

	start(FCGI_KEEP, 1);
	fd = dial();
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		char *p = arena_alloc(arena, sizes[i]);
		unsigned sum = 0;

		for (size_t k = 0; k < sizes[i]; k++) {
			p[k] = (char)(k * 7);
			sum = sum * 31 + (unsigned char)p[k];
		}
		ck_assert_str(body_of(ask(fd, "POST", "/b", (struct str){ p,
		    sizes[i] }, STR_NULL)), arena_printf(arena,
		    "POST /b cookie= body=%zu/%u", sizes[i], sum).p);
	}
}
END_TEST

START_TEST(cookies_are_joined_and_other_headers_come_once)
{
	static const char *const once[] = { "CONTENT_TYPE", "HTTP_AUTHORIZATION",
		"HTTP_ORIGIN", "HTTP_IF_MATCH", "HTTP_IDEMPOTENCY_KEY", "REMOTE_ADDR",
		"REQUEST_URI", "REQUEST_METHOD" };
	int fd;

	start(FCGI_KEEP, 1);
	fd = dial();
	ck_assert_str(body_of(ask(fd, "GET", "/", STR(""), PARAMS("HTTP_COOKIE",
	    "a=1", "HTTP_X_OTHER", "x", "HTTP_COOKIE", "b=2", "HTTP_X_OTHER", "y",
	    "HTTP_COOKIE", "c=3"))), "GET / cookie=a=1; b=2; c=3 body=0/0");
	for (size_t i = 0; i < sizeof once / sizeof once[0]; i++)
		ck_assert(str_starts(ask(fd, "GET", "/", STR(""), PARAMS(once[i], "/",
		    once[i], "/")), STR("Status: 400 ")));
	/* Names are exact, and an empty one is nobody's. */
	ck_assert(str_starts(ask(fd, "GET", "/", STR(""), PARAMS("HTTP_COOKI", "x",
	    "HTTP_COOKIES", "x", "", "x", "http_cookie", "x")),
	    STR("Status: 200 ")));
}
END_TEST

/* begin, params with this CONTENT_LENGTH, this body, the end of it */
static struct str
with_length(const char *length, struct str body)
{
	struct buf buf, p;

	buf_init(&p, arena, 256, 4096);
	fc_param(&p, "REQUEST_METHOD", STR("POST"));
	fc_param(&p, "REQUEST_URI", STR("/x"));
	fc_param(&p, "CONTENT_LENGTH", str_of(length));
	buf_init(&buf, arena, 256, 1 << 20);
	fc_begin(&buf, 1, true);
	fc_record(&buf, FC_PARAMS, 1, buf_str(&p), 0);
	fc_record(&buf, FC_PARAMS, 1, STR(""), 0);
	fc_record(&buf, FC_STDIN, 1, body, 0);
	if (body.n > 0)
		fc_record(&buf, FC_STDIN, 1, STR(""), 0);
	return buf_str(&buf);
}

START_TEST(a_body_that_is_not_as_announced_has_no_effect)
{
	static const struct {
		const char *length, *body, *status;
	} rows[] = {
		{ "100", "fifty", "Status: 400 " }, { "5", "", "Status: 400 " },
		{ "4", "fifty", "Status: 400 " }, { "", "fifty", "Status: 400 " },
		{ "0", "x", "Status: 400 " }, { "x", "fifty", "Status: 400 " },
		{ "+5", "fifty", "Status: 400 " }, { "-1", "", "Status: 400 " },
		{ "05", "fifty", "Status: 400 " },
		{ "99999999999999999999", "x", "Status: 400 " },
		{ "10551297", "x", "Status: 413 " },
		{ "9223372036854775807", "x", "Status: 413 " },
	};
	int fd;

	start(FCGI_KEEP, 1);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct str answer;

		fd = dial();
		send_all(fd, with_length(rows[i].length, str_of(rows[i].body)));
		answer = answer_of(fd);
		ck_assert_msg(str_starts(answer, str_of(rows[i].status)), "row %zu: "
		    "%.*s", i, STR_FMT(answer));
		/* What is left in it is not the next request. */
		ck_assert(closed(fd));
		(void)close(fd);
	}
	ck_assert_int_eq(shared->calls, 0);
	fd = dial();
	send_all(fd, with_length("5", STR("fifty")));
	ck_assert(str_starts(answer_of(fd), STR("Status: 200 ")));
	ck_assert_int_eq(shared->calls, 1);
}
END_TEST

START_TEST(a_request_cut_anywhere_has_no_effect)
{
	struct str request = fc_request(arena, "POST", "/x", STR("0123456789"),
	    STR_NULL, true);

	start(FCGI_KEEP, 1);
	for (size_t n = 0; n < request.n; n++) {
		int fd = dial();

		send_all(fd, str_slice(request, 0, n));
		(void)close(fd);
	}
	ck_assert(str_starts(get(dial(), "/"), STR("Status: 200 ")));
	ck_assert_int_eq(shared->calls, 1);
}
END_TEST

START_TEST(a_slow_worker_sees_a_cut_request_too)
{
	struct str request = fc_request(arena, "POST", "/x", STR("0123456789"),
	    STR_NULL, true);

	start(FCGI_CLOSE, 1);
	for (size_t n = 0; n < request.n; n += 3) {
		int fd = dial();

		send_all(fd, str_slice(request, 0, n));
		(void)shutdown(fd, SHUT_WR);
		/* A cut on a record boundary looks whole to libfcgi; the length says
		 * that it is not. */
		ck_assert(!str_starts(answer_of(fd), STR("Status: 200 ")));
		(void)close(fd);
	}
	ck_assert(str_starts(get(dial(), "/"), STR("Status: 200 ")));
	ck_assert_int_eq(shared->calls, 1);
}
END_TEST

START_TEST(a_request_may_come_in_pieces)
{
	struct str request = fc_request(arena, "POST", "/x", STR("0123456789"),
	    STR_NULL, true);
	int fd, other;

	start(FCGI_KEEP, 1);
	fd = dial();
	other = dial();
	for (size_t n = 0; n < request.n; n++) {
		send_all(fd, str_slice(request, n, n + 1));
		if (n % 16 == 0)	/* and nobody waits for it */
			ck_assert(get(other, "/").n > 0);
	}
	ck_assert(str_starts(body_of(answer_of(fd)), STR("POST /x cookie= body=10/")));
	ck_assert(get(fd, "/").n > 0);
}
END_TEST

/* Request and end may come in one event: it is answered, and the end is seen. */
START_TEST(a_peer_that_ends_behind_its_request_is_let_go)
{
	start(FCGI_KEEP, 1);
	for (int i = 0; i < 50; i++) {
		int fd = dial();

		ck_assert(get(fd, "/").n > 0);
		send_all(fd, fc_request(arena, "GET", "/last", STR(""), STR_NULL,
		    true));
		(void)shutdown(fd, SHUT_WR);
		ck_assert(answer_of(fd).n > 0);
		ck_assert(closed(fd));
		(void)close(fd);
	}
}
END_TEST

START_TEST(bytes_that_are_no_fastcgi_close_the_connection)
{
	static const struct str garbage[] = {
		STR_INIT("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
		STR_INIT("\0\1\0\1\0\10\0\0\0\1\1\0\0\0\0\0"),	/* version 0 */
		STR_INIT("\2\1\0\1\0\10\0\0\0\1\1\0\0\0\0\0"),
		STR_INIT("\1\1\0\1\0\3\0\0\0\1\1\1\5\0\1\0\0\0\0"),	/* short BEGIN */
		STR_INIT("\1\1\0\1\0\10\0\0\0\143\1\0\0\0\0\0\1\5\0\1\0\0\0\0"),
		STR_INIT("\1\1\0\1\0\10\0\0\0\1\1\0\0\0\0\0\2\4\0\1\0\0\0\0"),
	};

	start(FCGI_KEEP, 1);
	for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
		int fd = dial();

		struct str answer;

		send_all(fd, garbage[i]);
		answer = answer_of(fd);
		ck_assert_msg(answer.p == NULL
		    || str_starts(answer, STR("Status: 400 ")), "garbage %zu", i);
		ck_assert_msg(closed(fd), "garbage %zu", i);
		(void)close(fd);
		fd = dial();
		ck_assert(str_starts(get(fd, "/"), STR("Status: 200 ")));
		(void)close(fd);
	}
	ck_assert_int_eq(shared->calls, (int)(sizeof garbage / sizeof garbage[0]));
}
END_TEST

/* libfcgi would wait for more of these; so they are as good as half-sent. */
START_TEST(records_that_are_no_request_delay_nobody)
{
	static const struct str odd[] = {
		STR_INIT("\1\5\0\1\0\0\0\0"),		/* STDIN before BEGIN */
		/* STDIN of another request than BEGIN */
		STR_INIT("\1\1\0\1\0\10\0\0\0\1\1\0\0\0\0\0\1\5\0\2\0\0\0\0"),
		STR_INIT("\1\11\0\0\0\0\0\0"),		/* a question, no more */
		STR_INIT("\1\143\0\0\0\0\0\0"),	/* a type unknown */
	};
	int64_t began = clock_mono_ms();

	start(FCGI_KEEP, 1);
	for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
		send_all(dial(), odd[i]);
		ck_assert(str_starts(get(dial(), "/"), STR("Status: 200 ")));
	}
	ck_assert_int_lt(clock_mono_ms() - began, slower(2000));
}
END_TEST

START_TEST(huge_lengths_are_no_harm)
{
	static const struct str bad[] = {
		/* a name of 2^31 - 1, a value of 2^31 - 1 */
		STR_INIT("\xff\xff\xff\xff\xff\xff\xff\xff" "abc"),
		STR_INIT("\xff\xff\xff\xff\0abc"), STR_INIT("\0\xff\xff\xff\xff" "abc"),
		STR_INIT("\x80\0\0"), STR_INIT("\5"), STR_INIT("\5\5abcde"),
	};

	start(FCGI_KEEP, 1);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct buf buf;
		int fd = dial();

		buf_init(&buf, arena, 256, 4096);
		fc_begin(&buf, 1, true);
		fc_record(&buf, FC_PARAMS, 1, bad[i], 0);
		fc_record(&buf, FC_PARAMS, 1, STR(""), 0);
		fc_record(&buf, FC_STDIN, 1, STR(""), 0);
		send_all(fd, buf_str(&buf));
		ck_assert_msg(closed(fd), "params %zu", i);
		(void)close(fd);
	}
	ck_assert(str_starts(get(dial(), "/"), STR("Status: 200 ")));
	ck_assert_int_eq(shared->calls, 1);
}
END_TEST

START_TEST(a_question_about_the_application_is_answered)
{
	unsigned char record[8 + 64];
	struct buf buf;
	int fd;

	start(FCGI_KEEP, 1);
	fd = dial();
	buf_init(&buf, arena, 256, 4096);
	fc_record(&buf, FC_GET_VALUES, 0, STR("\17\0FCGI_MPXS_CONNS"), 0);
	buf_add_str(&buf, fc_request(arena, "GET", "/", STR(""), STR_NULL, true));
	send_all(fd, buf_str(&buf));
	ck_assert(fc_read(fd, record, 8));
	ck_assert_int_eq(record[1], 10);	/* GET_VALUES_RESULT */
	ck_assert(fc_read(fd, record + 8, (size_t)record[5] + record[6]));
	ck_assert_mem_eq(record + 8, "\17\1FCGI_MPXS_CONNS0", 18);
	ck_assert(str_starts(answer_of(fd), STR("Status: 200 ")));
}
END_TEST

/* 64 idle kept and 64 half-sent connections, and others unaffected */
START_TEST(idle_and_half_sent_connections_delay_nobody)
{
	struct str half = fc_request(arena, "POST", "/x", STR("0123456789"), STR_NULL,
	    true);
	int idle[IDLE], cut[IDLE], kept;
	int64_t worst = 0;

	start(FCGI_KEEP, 3);
	for (int i = 0; i < IDLE; i++) {
		idle[i] = dial();
		ck_assert(get(idle[i], "/").n > 0);
	}
	for (int i = 0; i < IDLE; i++) {
		cut[i] = dial();
		send_all(cut[i], str_slice(half, 0, 1 + (size_t)i
		    * (half.n - 2) / IDLE));
	}
	kept = dial();
	for (int i = 0; i < 300; i++) {
		int64_t began = clock_mono_ms(), took;
		int fd = i % 3 == 0 ? dial() : i % 3 == 1 ? kept : idle[i % IDLE];

		ck_assert(get(fd, "/").n > 0);
		took = clock_mono_ms() - began;
		worst = took > worst ? took : worst;
		if (i % 3 == 0)
			(void)close(fd);
	}
	printf("beside 64 idle and 64 half-sent: 300 requests, worst %d ms\n",
	    (int)worst);
	ck_assert_int_lt(worst, slower(1000));
	/* The rest of a half one still makes it whole. */
	send_all(cut[IDLE - 1], str_slice(half, 1 + (size_t)(IDLE - 1)
	    * (half.n - 2) / IDLE, half.n));
	ck_assert(str_starts(answer_of(cut[IDLE - 1]), STR("Status: 200 ")));
	ck_assert_int_eq(shared->calls, IDLE + 300 + 1);
}
END_TEST

START_TEST(a_half_sent_request_is_dropped_in_time)
{
	int64_t began;
	int fd, idle;

	start(FCGI_KEEP, 1);
	idle = dial();
	ck_assert(get(idle, "/").n > 0);
	fd = dial();
	send_all(fd, STR("\1\1\0\1"));
	began = clock_mono_ms();
	while (!closed(fd))
		ck_assert_int_lt(clock_mono_ms() - began, 15000);
	ck_assert_int_ge(clock_mono_ms() - began, 4000);
	/* An idle one is not. */
	ck_assert(get(idle, "/").n > 0);
}
END_TEST

START_TEST(a_full_worker_takes_more_when_one_leaves)
{
	int fds[IDLE], late;

	start(FCGI_KEEP, 1);
	for (int i = 0; i < IDLE; i++) {
		fds[i] = dial();
		ck_assert(get(fds[i], "/").n > 0);
	}
	late = dial();
	send_all(late, fc_request(arena, "GET", "/late", STR(""), STR_NULL, true));
	ck_assert(get(fds[0], "/").n > 0);
	ck_assert_int_eq(shared->calls, IDLE + 1);
	(void)close(fds[7]);
	ck_assert(str_starts(body_of(answer_of(late)), STR("GET /late ")));
}
END_TEST

START_TEST(a_close_worker_serves_one_a_connection)
{
	int before = 0;

	start(FCGI_CLOSE, 1);
	for (int i = 0; i < 100; i++) {
		int fd = dial(), now;

		now = atoi(arena_strz(arena, body_of(get(fd, "/descriptors"))));
		ck_assert(closed(fd));
		(void)close(fd);
		if (i == 0)
			before = now;
		ck_assert_int_eq(now, before);
	}
}
END_TEST

START_TEST(an_upload_of_ten_mebibytes_comes_whole)
{
	size_t n = 10 << 20;
	struct str body = { arena_alloc(arena, n), n };
	int fd;

	start(FCGI_CLOSE, 1);
	fd = dial();
	ck_assert_str(body_of(ask(fd, "POST", "/u", body, STR_NULL)),
	    "POST /u cookie= body=10485760/0");
}
END_TEST

START_TEST(a_peer_that_leaves_before_the_answer_is_no_harm)
{
	start(FCGI_KEEP, 1);
	for (int i = 0; i < 3; i++) {
		int fd = dial();

		send_all(fd, fc_request(arena, "GET", "/slow", STR(""), STR_NULL,
		    true));
		until_busy();
		(void)close(fd);
	}
	ck_assert(get(dial(), "/").n > 0);
	/* Begun work is done to its end. */
	ck_assert_int_eq(shared->calls, 4);
}
END_TEST

START_TEST(a_stopped_worker_ends_what_it_has)
{
	int fd;

	start(FCGI_KEEP, 1);
	fd = dial();
	ck_assert(get(fd, "/").n > 0);
	send_all(fd, fc_request(arena, "GET", "/slow", STR(""), STR_NULL, true));
	until_busy();
	ck_assert_int_eq(kill(workers[0], SIGTERM), 0);
	ck_assert(str_starts(answer_of(fd), STR("Status: 200 ")));
	/* A kept connection may still bring one ... */
	ck_assert(get(fd, "/after").n > 0);
	(void)close(fd);
	/* ... and when the last has gone, so does the worker. */
	ck_assert_int_lt(end_worker(0), 2000);
}
END_TEST

START_TEST(a_stopped_worker_does_not_wait_for_ever)
{
	int fd;

	drain_ms = 300;
	start(FCGI_KEEP, 1);
	fd = dial();
	ck_assert(get(fd, "/").n > 0);
	ck_assert_int_lt(end_worker(0), 3000);
	ck_assert(closed(fd));
}
END_TEST

START_TEST(the_others_take_what_a_stopped_worker_leaves)
{
	struct str pid;

	start(FCGI_KEEP, 2);
	(void)end_worker(0);
	for (int i = 0; i < 20; i++) {
		int fd = dial();

		pid = body_of(get(fd, "/pid"));
		ck_assert_int_eq(atoi(arena_strz(arena, pid)), workers[1]);
		(void)close(fd);
	}
}
END_TEST

/* --- several at once --------------------------------------------------------- */

/* n kept connections of the one worker, and it is busy with another request for a
 * while: what is sent now waits. */
static void
hold(int *fds, int n)
{
	start(FCGI_KEEP, 1);
	for (int i = 0; i <= n; i++) {
		fds[i] = dial();
		ck_assert(get(fds[i], "/").n > 0);
	}
	send_all(fds[n], fc_request(arena, "GET", "/slow", STR(""), STR_NULL, true));
	until_busy();
	shared->calls = 0;	/* that one is counted already */
}

static void
post(int fd, const char *uri)
{
	send_all(fd, fc_request(arena, "POST", uri, STR("0123"), STR_NULL, true));
}

#define TOGETHER(place, uri, i, n) \
	#place ": " uri " " #i " of " #n ", body=4"

START_TEST(those_that_wait_are_answered_together)
{
	int fds[4];

	hold(fds, 3);
	post(fds[0], "/g0");
	post(fds[1], "/g1");
	post(fds[2], "/g2");
	ck_assert_str(body_of(answer_of(fds[0])), TOGETHER(0, "/g0", 0, 3));
	ck_assert_str(body_of(answer_of(fds[1])), TOGETHER(0, "/g1", 1, 3));
	ck_assert_str(body_of(answer_of(fds[2])), TOGETHER(0, "/g2", 2, 3));
	ck_assert(answer_of(fds[3]).n > 0);
	ck_assert_int_eq(shared->calls, 3);
	/* They are as before: alone, and together again. */
	ck_assert(str_starts(body_of(get(fds[1], "/g-alone")),
	    STR("GET /g-alone cookie=")));
	post(fds[3], "/slow");
	until_busy();
	post(fds[2], "/g2");
	post(fds[0], "/g0");
	ck_assert_str(body_of(answer_of(fds[2])), TOGETHER(1, "/g2", 0, 2));
	ck_assert_str(body_of(answer_of(fds[0])), TOGETHER(1, "/g0", 1, 2));
}
END_TEST

/* What may not join is answered before the group; another kind is a group of its own. */
START_TEST(others_do_not_wait_for_a_group)
{
	int fds[8];

	hold(fds, 7);
	post(fds[0], "/g0");
	post(fds[1], "/place1");
	post(fds[2], "/h2");
	post(fds[3], "/g3");
	post(fds[4], "/place4");
	post(fds[5], "/g5");
	post(fds[6], "/h6");
	ck_assert_str(body_of(answer_of(fds[1])), "0");
	ck_assert_str(body_of(answer_of(fds[4])), "1");
	ck_assert_str(body_of(answer_of(fds[0])), TOGETHER(2, "/g0", 0, 3));
	ck_assert_str(body_of(answer_of(fds[3])), TOGETHER(2, "/g3", 1, 3));
	ck_assert_str(body_of(answer_of(fds[5])), TOGETHER(2, "/g5", 2, 3));
	ck_assert_str(body_of(answer_of(fds[2])), TOGETHER(3, "/h2", 0, 2));
	ck_assert_str(body_of(answer_of(fds[6])), TOGETHER(3, "/h6", 1, 2));
	/* One that is the only one of its kind is alone. */
	post(fds[0], "/slow");
	until_busy();
	post(fds[1], "/g1");
	post(fds[2], "/h2");
	post(fds[3], "/g3");
	ck_assert_str(body_of(answer_of(fds[1])), TOGETHER(4, "/g1", 0, 2));
	ck_assert_str(body_of(answer_of(fds[3])), TOGETHER(4, "/g3", 1, 2));
	ck_assert(str_starts(body_of(answer_of(fds[2])), STR("POST /h2 cookie=")));
}
END_TEST

/* But not longer than a quarter of a second, and each of these takes longer. */
START_TEST(a_group_waits_for_one_that_is_slow_not_for_all)
{
	int fds[6];

	hold(fds, 5);
	post(fds[0], "/g0");
	post(fds[1], "/slow");
	post(fds[2], "/slow");
	post(fds[3], "/place");
	post(fds[4], "/g4");
	ck_assert(str_starts(body_of(answer_of(fds[1])), STR("POST /slow ")));
	ck_assert_str(body_of(answer_of(fds[0])), TOGETHER(0, "/g0", 0, 2));
	ck_assert_str(body_of(answer_of(fds[4])), TOGETHER(0, "/g4", 1, 2));
	ck_assert(str_starts(body_of(answer_of(fds[2])), STR("POST /slow ")));
	ck_assert_str(body_of(answer_of(fds[3])), "1");
}
END_TEST

/* Each is written when it is ready, and the worker is busy with one after the other. */
START_TEST(of_a_group_none_waits_for_one_behind_it)
{
	int64_t busy_since_ms[3];
	int fds[4];

	hold(fds, 3);
	post(fds[0], "/g-slow-and-late");
	post(fds[1], "/g-slow");
	post(fds[2], "/g2-late");
	ck_assert(answer_of(fds[3]).n > 0);
	clock_sleep_ms(50);
	busy_since_ms[0] = shared->pulse[0].busy_since_ms;
	ck_assert_str(body_of(answer_of(fds[1])), TOGETHER(0, "/g-slow", 1, 3));
	clock_sleep_ms(50);
	busy_since_ms[1] = shared->pulse[0].busy_since_ms;
	ck_assert_int_ge(busy_since_ms[1], busy_since_ms[0] + SLOW_MS);
	ck_assert_str(body_of(answer_of(fds[0])),
	    TOGETHER(0, "/g-slow-and-late", 0, 3));
	ck_assert_str(body_of(answer_of(fds[2])), TOGETHER(0, "/g2-late", 2, 3));
	/* The place of what the first had is used again. */
	post(fds[0], "/slow");
	until_busy();
	post(fds[1], "/g1");
	post(fds[2], "/g2");
	ck_assert_str(body_of(answer_of(fds[1])), TOGETHER(1, "/g1", 0, 2));
	ck_assert_str(body_of(answer_of(fds[2])), TOGETHER(1, "/g2", 1, 2));
}
END_TEST

/* Of those that connect, up to the first one of another kind: another worker may be free
 * for them sooner. */
START_TEST(new_connections_join_up_to_the_first_stranger)
{
	int held[2], fds[6];

	hold(held, 1);
	post(held[0], "/g");
	for (int i = 0; i < 6; i++) {
		fds[i] = dial();
		post(fds[i], i == 2 ? "/place" : "/g");
	}
	ck_assert_str(body_of(answer_of(held[0])), TOGETHER(1, "/g", 0, 3));
	ck_assert_str(body_of(answer_of(fds[0])), TOGETHER(1, "/g", 1, 3));
	ck_assert_str(body_of(answer_of(fds[1])), TOGETHER(1, "/g", 2, 3));
	ck_assert_str(body_of(answer_of(fds[2])), "0");
	ck_assert_str(body_of(answer_of(fds[3])), TOGETHER(2, "/g", 0, 3));
	ck_assert_str(body_of(answer_of(fds[4])), TOGETHER(2, "/g", 1, 3));
	ck_assert_str(body_of(answer_of(fds[5])), TOGETHER(2, "/g", 2, 3));
}
END_TEST

START_TEST(a_group_has_its_limit)
{
	int fds[41], together = 0;

	hold(fds, 40);
	for (int i = 0; i < 40; i++)
		post(fds[i], "/g");
	for (int i = 0; i < 40; i++) {
		struct str body = body_of(answer_of(fds[i]));

		together += str_contains_nocase(body, STR(" of 16, "));
		ck_assert(str_contains_nocase(body, STR(", body=4")));
	}
	ck_assert_int_eq(together, 32);		/* and eight */
	ck_assert_int_eq(shared->calls, 40);
	ck_assert_int_eq(shared->places, 3);
}
END_TEST

START_TEST(what_is_no_whole_request_stays_out_of_a_group)
{
	struct str half = fc_request(arena, "POST", "/g", STR("0123456789"),
	    STR_NULL, true);
	int fds[8];

	hold(fds, 7);
	post(fds[0], "/g0");
	send_all(fds[1], str_slice(half, 0, half.n / 2));
	send_all(fds[2], with_length("4", STR("fifty")));
	send_all(fds[3], STR("GET / HTTP/1.1\r\n\r\n"));
	post(fds[4], "/g4");
	send_all(fds[4], STR("x"));	/* behind it */
	post(fds[5], "/g5");	/* and its end */
	(void)shutdown(fds[5], SHUT_WR);
	post(fds[6], "/g6");
	ck_assert_str(body_of(answer_of(fds[0])), TOGETHER(0, "/g0", 0, 2));
	ck_assert_str(body_of(answer_of(fds[6])), TOGETHER(0, "/g6", 1, 2));
	ck_assert(str_starts(answer_of(fds[2]), STR("Status: 400 ")));
	ck_assert(closed(fds[2]));
	ck_assert(closed(fds[3]));
	ck_assert(str_starts(body_of(answer_of(fds[4])), STR("POST /g4 ")));
	ck_assert(str_starts(body_of(answer_of(fds[5])), STR("POST /g5 ")));
	ck_assert(closed(fds[5]));
	send_all(fds[1], str_slice(half, half.n / 2, half.n));
	ck_assert(str_starts(body_of(answer_of(fds[1])), STR("POST /g cookie= "
	    "body=10/")));
}
END_TEST

START_TEST(one_of_a_group_that_leaves_is_no_harm)
{
	int fds[5];

	hold(fds, 4);
	post(fds[0], "/g0");
	post(fds[1], "/g-slow");
	post(fds[2], "/g2");
	send_all(fds[3], fc_request(arena, "POST", "/g3", STR("0123"), STR_NULL,
	    false));		/* whose peer wants no more of it */
	ck_assert(answer_of(fds[4]).n > 0);
	clock_sleep_ms(50);
	ck_assert_int_gt(shared->pulse[0].busy_since_ms, 0);
	(void)close(fds[2]);
	post(fds[4], "/g4");
	ck_assert_str(body_of(answer_of(fds[0])), TOGETHER(0, "/g0", 0, 4));
	ck_assert_str(body_of(answer_of(fds[1])), TOGETHER(0, "/g-slow", 1, 4));
	ck_assert_str(body_of(answer_of(fds[3])), TOGETHER(0, "/g3", 3, 4));
	ck_assert(closed(fds[3]));
	ck_assert(str_starts(body_of(answer_of(fds[4])), STR("POST /g4 ")));
	/* Their places are free. */
	for (int i = 3; i < IDLE; i++)
		ck_assert(get(dial(), "/").n > 0);
}
END_TEST

START_TEST(a_stopped_worker_ends_a_group)
{
	int fds[4];

	hold(fds, 3);
	for (int i = 0; i < 3; i++)
		post(fds[i], "/g-slow");
	ck_assert_int_eq(kill(workers[0], SIGTERM), 0);
	for (int i = 0; i < 3; i++)
		ck_assert(str_starts(answer_of(fds[i]), STR("Status: 200 ")));
	for (int i = 0; i < 4; i++)
		(void)close(fds[i]);
	ck_assert_int_lt(end_worker(0), 2000);
}
END_TEST

START_TEST(out_of_descriptors_it_waits)
{
	int fds[8];

	if (getenv("BEZEL_TEST_VALGRIND") != NULL)
		return;	/* it closes what it takes beyond the limit */
	descriptors_max = listen_fd + 6;	/* epoll and four or so connections */
	start(FCGI_KEEP, 1);
	for (int i = 0; i < 8; i++) {
		fds[i] = dial();
		send_all(fds[i], fc_request(arena, "GET", "/", STR(""), STR_NULL,
		    true));
	}
	clock_sleep_ms(300);
	ck_assert_int_lt(shared->calls, 8);
	ck_assert_int_gt(shared->calls, 0);
	for (int i = 0; i < 8; i++) {
		ck_assert(str_starts(answer_of(fds[i]), STR("Status: 200 ")));
		(void)close(fds[i]);
	}
}
END_TEST

START_TEST(an_idle_worker_says_so)
{
	start(FCGI_KEEP, 1);
	for (int i = 0; i < 40 && shared->idles == 0; i++)
		clock_sleep_ms(100);
	ck_assert_int_gt(shared->idles, 0);
}
END_TEST

START_TEST(the_listener_is_ours_and_our_groups)
{
	char longer[120];
	struct stat st;
	struct err err;
	int fd = -1;

	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0660);
	err_init(&err);
	ck_assert_int_eq(fcgi_listen(path, 1, &fd, &err), RC_OK);	/* again */
	(void)close(fd);
	fd = -1;
	ck_assert_int_eq(fcgi_listen("/nowhere/at/all", 1, &fd, &err), RC_INTERNAL);
	ck_assert_ptr_nonnull(strstr(err.message, "/nowhere/at/all"));
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	ck_assert_int_eq(fcgi_listen(longer, 1, &fd, &err), RC_INTERNAL);
	ck_assert_ptr_nonnull(strstr(err.message, "at most 107 bytes"));
	ck_assert_int_eq(fd, -1);
}
END_TEST

UNIT_MAIN_FIXTURE("fcgi", setup, teardown,
    those_that_wait_are_answered_together,
    others_do_not_wait_for_a_group,
    a_group_waits_for_one_that_is_slow_not_for_all,
    of_a_group_none_waits_for_one_behind_it,
    new_connections_join_up_to_the_first_stranger, a_group_has_its_limit,
    what_is_no_whole_request_stays_out_of_a_group,
    one_of_a_group_that_leaves_is_no_harm, a_stopped_worker_ends_a_group,
    a_kept_connection_serves_one_after_the_other,
    a_start_ends_when_requests_are_waited_for,
    a_connection_closes_when_the_peer_does_not_keep_it,
    head_has_the_length_and_no_body, bodies_come_whole,
    cookies_are_joined_and_other_headers_come_once,
    a_body_that_is_not_as_announced_has_no_effect,
    a_request_cut_anywhere_has_no_effect,
    a_slow_worker_sees_a_cut_request_too, a_request_may_come_in_pieces,
    a_peer_that_ends_behind_its_request_is_let_go,
    bytes_that_are_no_fastcgi_close_the_connection,
    records_that_are_no_request_delay_nobody, huge_lengths_are_no_harm,
    a_question_about_the_application_is_answered,
    idle_and_half_sent_connections_delay_nobody,
    a_half_sent_request_is_dropped_in_time,
    a_full_worker_takes_more_when_one_leaves,
    a_close_worker_serves_one_a_connection,
    an_upload_of_ten_mebibytes_comes_whole,
    a_peer_that_leaves_before_the_answer_is_no_harm,
    a_stopped_worker_ends_what_it_has, a_stopped_worker_does_not_wait_for_ever,
    the_others_take_what_a_stopped_worker_leaves, out_of_descriptors_it_waits,
    an_idle_worker_says_so, the_listener_is_ours_and_our_groups)
