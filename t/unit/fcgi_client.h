/*
 * fcgi_client.h - the other side of FastCGI 1.0, as small as a test needs it: a
 * request as bytes, and a strict reader of answers.
 */
#ifndef BEZEL_T_FCGI_CLIENT_H
#define BEZEL_T_FCGI_CLIENT_H

#include <check.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"

enum {
	FC_BEGIN = 1, FC_ABORT = 2, FC_END = 3, FC_PARAMS = 4, FC_STDIN = 5,
	FC_STDOUT = 6, FC_STDERR = 7, FC_GET_VALUES = 9
};

static inline void
fc_record(struct buf *buf, int type, int id, struct str content, size_t padding)
{
	static const char zeros[255];
	char h[8] = { 1, (char)type, (char)(id >> 8), (char)id,
		(char)(content.n >> 8), (char)content.n, (char)padding, 0 };

	ck_assert_uint_le(content.n, 65535);
	buf_add(buf, h, sizeof h);
	buf_add_str(buf, content);
	buf_add(buf, zeros, padding);
}

static inline void
fc_begin(struct buf *buf, int id, bool keep)
{
	char body[8] = { 0, 1, keep ? 1 : 0 };	/* responder */

	fc_record(buf, FC_BEGIN, id, (struct str){ body, 8 }, 0);
}

static inline void
fc_length(struct buf *buf, size_t n)
{
	char h[4] = { (char)(0x80 | n >> 24), (char)(n >> 16), (char)(n >> 8),
		(char)n };

	if (n < 128)
		buf_add_char(buf, (char)n);
	else
		buf_add(buf, h, 4);
}

static inline void
fc_param(struct buf *params, const char *name, struct str value)
{
	fc_length(params, strlen(name));
	fc_length(params, value.n);
	buf_addz(params, name);
	buf_add_str(params, value);
}

/* A whole request; `more` are further params (of fc_param), or null. */
static inline struct str
fc_request(struct arena *arena, const char *method, const char *uri,
    struct str body, struct str more, bool keep)
{
	struct buf buf, params;

	buf_init(&params, arena, 256, 1 << 20);
	fc_param(&params, "REQUEST_METHOD", str_of(method));
	fc_param(&params, "REQUEST_URI", str_of(uri));
	fc_param(&params, "CONTENT_LENGTH", body.n == 0 ? STR("")
	    : arena_printf(arena, "%zu", body.n));
	buf_add_str(&params, more);
	buf_init(&buf, arena, 1024, 32 << 20);
	fc_begin(&buf, 1, keep);
	fc_record(&buf, FC_PARAMS, 1, buf_str(&params), 3);
	fc_record(&buf, FC_PARAMS, 1, STR(""), 0);
	while (body.n > 0) {
		size_t n = body.n < 65535 ? body.n : 65535;

		fc_record(&buf, FC_STDIN, 1, str_slice(body, 0, n), 5);
		body = str_slice(body, n, body.n);
	}
	fc_record(&buf, FC_STDIN, 1, STR(""), 0);
	return buf_str(&buf);
}

static inline bool
fc_read(int fd, void *p, size_t n)
{
	for (size_t at = 0; at < n;) {
		ssize_t got = read(fd, (char *)p + at, n - at);

		if (got <= 0)
			return false;
		at += (size_t)got;
	}
	return true;
}

/* Reads one answer and holds it to the letter: records of STDOUT of this id, an
 * empty one, END_REQUEST with status 0. False when the peer has closed. */
static inline bool
fc_answer(int fd, int id, struct arena *arena, struct str *ret_out, int *ret_records)
{
	static unsigned char content[65535 + 255];
	bool ended = false;
	struct buf out;

	*ret_records = 0;
	buf_init(&out, arena, 65536, 64 << 20);
	for (;;) {
		unsigned char h[8];
		size_t n;

		if (!fc_read(fd, h, sizeof h))
			return false;
		n = (size_t)h[4] << 8 | h[5];
		ck_assert_int_eq(h[0], 1);
		ck_assert_int_eq(h[2] << 8 | h[3], id);
		if (!fc_read(fd, content, n + h[6]))
			return false;
		if (h[1] == FC_END) {
			static const unsigned char zeros[8];

			ck_assert(ended);
			ck_assert_uint_eq(n, 8);
			ck_assert_mem_eq(content, zeros, 5);
			*ret_out = buf_str(&out);
			return true;
		}
		ck_assert_int_eq(h[1], FC_STDOUT);
		ck_assert_msg(!ended, "a record after the end of STDOUT");
		ended = n == 0;
		*ret_records += n > 0;
		buf_add(&out, content, n);
	}
}

#endif
