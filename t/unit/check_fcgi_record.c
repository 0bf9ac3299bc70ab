#include "config.h"

#include "unit.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "fcgi/record.h"
#include "fcgi_client.h"

static struct arena *arena;
static int fds[2];

static void
setup(void)
{
	arena = arena_new();
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
}

static void
teardown(void)
{
	arena_free(arena);
}

static struct str
bytes(size_t n)
{
	char *p = arena_alloc(arena, n + 1);

	for (size_t i = 0; i < n; i++)
		p[i] = (char)(i * 31 + i / 251);
	return (struct str){ p, n };
}

/* Writes in a child, reads here: the bytes are the same, the records well made. */
static int
round_trip(size_t head_n, size_t body_n, int id)
{
	struct str head = bytes(head_n), body = bytes(body_n), out = STR_NULL;
	int records = 0, status;
	pid_t pid = fork();

	if (pid == 0)
		exit(fcgi_record_write(fds[0], id, head, body) ? 0 : 1);
	ck_assert(fc_answer(fds[1], id, arena, &out, &records));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_uint_eq(out.n, head_n + body_n);
	ck_assert(str_eq(str_slice(out, 0, head_n), head));
	ck_assert(str_eq(str_slice(out, head_n, out.n), body));
	return records;
}

START_TEST(answers_of_any_size_come_whole)
{
	static const size_t sizes[] = { 0, 1, 7, 8, 65527, 65528, 65529, 65534, 65535,
		65536, 131056, 131057, 1 << 20 };

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		for (size_t k = 0; k < 3; k++) {
			static const size_t heads[] = { 0, 1, 100 };
			size_t n = sizes[i] + heads[k];

			ck_assert_int_eq(round_trip(heads[k], sizes[i], 1),
			    (int)((n + 65527) / 65528));
			ck_assert_int_eq(round_trip(sizes[i], heads[k], 256),
			    (int)((n + 65527) / 65528));
		}
}
END_TEST

START_TEST(more_records_than_one_call_takes)
{
	/* 14 in a call */
	for (size_t records = 13; records <= 17; records++)
		ck_assert_int_eq(round_trip(300, records * 65528 - 300, 65535),
		    (int)records);
	ck_assert_int_eq(round_trip(1, 10 << 20, 2), 161);
}
END_TEST

START_TEST(a_small_socket_buffer_takes_it_by_parts)
{
	int small = 1;

	ck_assert_int_eq(setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &small,
	    sizeof small), 0);
	ck_assert_int_eq(round_trip(200, 0, 1), 1);
	ck_assert_int_eq(round_trip(200, 200000, 1), 4);
	ck_assert_int_eq(round_trip(200, 2 << 20, 1), 33);
}
END_TEST

static void
tick(int signal_number)
{
	(void)signal_number;
}

START_TEST(signals_do_not_cut_an_answer)
{
	struct sigaction action = { .sa_handler = tick };	/* no SA_RESTART */
	/* under valgrind, 1 ms would leave no time for anything else */
	int every_us = getenv("BEZEL_TEST_VALGRIND") == NULL ? 1000 : 50000;
	struct itimerval often = { { 0, every_us }, { 0, every_us } };
	struct str body = bytes(2 << 20), out;
	int records, status;
	pid_t pid = fork();

	if (pid == 0) {
		(void)sigaction(SIGALRM, &action, NULL);
		(void)setitimer(ITIMER_REAL, &often, NULL);
		exit(fcgi_record_write(fds[0], 1, STR("h"), body) ? 0 : 1);
	}
	(void)usleep(30000);	/* the buffer is full, and it waits */
	ck_assert(fc_answer(fds[1], 1, arena, &out, &records));
	ck_assert_uint_eq(out.n, body.n + 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(a_peer_that_has_gone_is_no_signal)
{
	(void)close(fds[1]);
	ck_assert(!fcgi_record_write(fds[0], 1, bytes(10), bytes(10)));
	ck_assert(!fcgi_record_write(fds[0], 1, bytes(10), bytes(2 << 20)));
}
END_TEST

START_TEST(a_peer_that_takes_nothing_is_left)
{
	struct timeval soon = { 0, 100000 };

	ck_assert_int_eq(setsockopt(fds[0], SOL_SOCKET, SO_SNDTIMEO, &soon,
	    sizeof soon), 0);
	ck_assert(!fcgi_record_write(fds[0], 1, bytes(10), bytes(4 << 20)));
}
END_TEST

static bool
complete(struct str s)
{
	/* A copy of its own, so that a sanitizer sees a read past the end. */
	unsigned char *p = calloc(1, s.n + (s.n == 0));
	bool result;

	memcpy(p, s.p, s.n);
	result = fcgi_record_complete(p, s.n);
	free(p);
	return result;
}

START_TEST(a_request_is_complete_at_its_last_byte)
{
	static const size_t bodies[] = { 0, 1, 300, 70000 };

	for (size_t i = 0; i < 4; i++) {
		struct str request = fc_request(arena, "POST", "/x",
		    bytes(bodies[i]), STR_NULL, true);

		for (size_t n = 0; n < request.n; n += n < 2000
		    || n + 2000 > request.n ? 1 : 97)
			ck_assert_msg(!complete(str_slice(request, 0, n)),
			    "%zu of %zu", n, request.n);
		ck_assert(complete(request));
	}
}
END_TEST

START_TEST(what_is_no_request_is_left_to_the_reader)
{
	struct buf buf;

	ck_assert(!complete(STR("")));
	ck_assert(complete(STR("GET / HTTP/1.1\r\n")));
	ck_assert(complete(STR("\2")));
	/* Lengths up to the greatest wait for their bytes. */
	ck_assert(!complete(STR("\1\4\0\1\xff\xff\xff\0")));
	/* A management record alone is no request. */
	buf_init(&buf, arena, 0, 1024);
	fc_record(&buf, FC_GET_VALUES, 0, STR("\16\0FCGI_MAX_CONNS"), 0);
	ck_assert(!complete(buf_str(&buf)));
	/* A wrong version in the second record */
	buf_addz(&buf, "\2");
	ck_assert(complete(buf_str(&buf)));
}
END_TEST

UNIT_MAIN_FIXTURE("fcgi_record", setup, teardown, answers_of_any_size_come_whole,
    more_records_than_one_call_takes, a_small_socket_buffer_takes_it_by_parts,
    signals_do_not_cut_an_answer, a_peer_that_has_gone_is_no_signal,
    a_peer_that_takes_nothing_is_left,
    a_request_is_complete_at_its_last_byte,
    what_is_no_request_is_left_to_the_reader)
