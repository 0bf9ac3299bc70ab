#include "config.h"

#include "fcgi/record.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum {
	RECORD_VERSION = 1, BEGIN_REQUEST = 1, END_REQUEST = 3, STDIN = 5, STDOUT = 6,
	CONTENT_MAX = 65528,		/* a multiple of 8 */
	HEADER_BYTES = 8, RECORDS_AT_ONCE = 16
};

static void
header(unsigned char h[HEADER_BYTES], int type, int request_id, size_t n)
{
	h[0] = RECORD_VERSION;
	h[1] = (unsigned char)type;
	h[2] = (unsigned char)(request_id >> 8);
	h[3] = (unsigned char)request_id;
	h[4] = (unsigned char)(n >> 8);
	h[5] = (unsigned char)n;
	h[6] = h[7] = 0;
}

static bool
write_all(int fd, struct iovec *iov, int count)
{
	while (count > 0) {
		struct msghdr message = { .msg_iov = iov,
			.msg_iovlen = (size_t)count };
		/* sendmsg, because writev cannot keep SIGPIPE away */
		ssize_t n = sendmsg(fd, &message, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		for (; count > 0 && (size_t)n >= iov->iov_len; iov++, count--)
			n -= (ssize_t)iov->iov_len;
		if (count > 0) {
			iov->iov_base = (char *)iov->iov_base + n;
			iov->iov_len -= (size_t)n;
		}
	}
	return true;
}

bool
fcgi_record_write(int fd, int request_id, struct str head, struct str body)
{
	static const unsigned char end_body[8];	/* status 0, REQUEST_COMPLETE */
	unsigned char headers[RECORDS_AT_ONCE][HEADER_BYTES];
	struct iovec iov[RECORDS_AT_ONCE * 3 + 3];
	struct str rest[2] = { head, body };
	int count = 0, records = 0, which = 0;

	while (rest[0].n + rest[1].n > 0) {
		size_t room = CONTENT_MAX, n = 0;
		int at = count++;

		/* One record takes the end of the head and the start of the body. */
		while (which < 2 && room > 0) {
			size_t take = rest[which].n < room ? rest[which].n : room;

			if (take > 0) {
				iov[count++] = (struct iovec){
				    (void *)(uintptr_t)rest[which].p, take };
				rest[which].p += take;
			}
			n += take;
			room -= take;
			rest[which].n -= take;
			if (rest[which].n == 0)
				which++;
		}
		header(headers[records], STDOUT, request_id, n);
		iov[at] = (struct iovec){ headers[records++], HEADER_BYTES };
		if (records == RECORDS_AT_ONCE - 2) {
			if (!write_all(fd, iov, count))
				return false;
			count = records = 0;
		}
	}
	header(headers[records], STDOUT, request_id, 0);
	iov[count++] = (struct iovec){ headers[records++], HEADER_BYTES };
	header(headers[records], END_REQUEST, request_id, sizeof end_body);
	iov[count++] = (struct iovec){ headers[records], HEADER_BYTES };
	iov[count++] = (struct iovec){ (void *)(uintptr_t)end_body,
	    sizeof end_body };
	return write_all(fd, iov, count);
}

size_t
fcgi_record_complete(const unsigned char *p, size_t n)
{
	size_t at = 0;
	int begun = -1;		/* the request's id */

	while (at < n) {
		size_t content, padding, end;
		int id;

		if (p[at] != RECORD_VERSION)
			return n;
		if (n - at < HEADER_BYTES)
			return 0;
		content = (size_t)p[at + 4] << 8 | p[at + 5];
		padding = p[at + 6];
		if (n - at - HEADER_BYTES < content + padding)
			return 0;
		end = at + HEADER_BYTES + content + padding;
		id = p[at + 2] << 8 | p[at + 3];
		if (p[at + 1] == BEGIN_REQUEST && begun < 0)
			begun = id;
		if (p[at + 1] == STDIN && content == 0 && id == begun)
			return end;
		at = end;
	}
	return 0;
}
