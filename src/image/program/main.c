/*
 * bezel-image - decodes and encodes pictures for bezel, see image/image.h.
 *
 * It is started by bezel only: requests come over the socket that is descriptor
 * IMAGE_FD, one after the other (image/proto.h), until the other end closes it. Its only
 * argument may be the folder of the fonts.
 */
#include "config.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "image/image.h"
#include "image/program/picture.h"
#include "image/program/sandbox.h"
#include "image/program/text.h"
#include "image/proto.h"

#define FONTS "/usr/share/fonts"

enum { CPU_PER_PICTURE_S = 60 };
enum leave { LEAVE_AT_END = 0, LEAVE_USAGE = 64, LEAVE_SETUP, LEAVE_PROTOCOL };

#ifdef BEZEL_COVERAGE
/* LeakSanitizer, which looks when main() returns: fontconfig keeps offsets in the place of
 * pointers, so what it holds until the end seems to be lost. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_options(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:libfontconfig.so\n";
}

const char *
__lsan_default_options(void)
{
	return "print_suppressions=0";
}
#endif

/* False at the end of the stream, also in the middle. */
static bool
receive(void *p, size_t n)
{
	char *at = p;

	while (n > 0) {
		ssize_t got = recv(IMAGE_FD, at, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		at += got;
		n -= (size_t)got;
	}
	return true;
}

static bool
answer(const void *p, size_t n)
{
	const char *at = p;

	while (n > 0) {
		ssize_t sent = send(IMAGE_FD, at, n, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return false;
		at += sent;
		n -= (size_t)sent;
	}
	return true;
}

static bool
answer_picture(struct picture *picture, uint32_t serial)
{
	unsigned char head[IMAGE_REPLY_HEAD];
	const void *bytes = picture->bytes;

	picture->reply.serial = serial;
	if (picture->reply.status != IMAGE_DONE) {
		bytes = picture->detail;
		picture->reply.n = (uint32_t)strlen(picture->detail);
	}
	image_reply_write(&picture->reply, head);
	return answer(head, sizeof head) && answer(bytes, picture->reply.n) &&
	    answer(picture->thumbnail, picture->reply.n_thumbnail);
}

/* False when the answer cannot be sent. */
static bool
work(const struct image_request *request, const struct image_card_text *text,
    struct str bytes)
{
	struct picture picture;
	bool sent;

	sandbox_cpu(CPU_PER_PICTURE_S);
	picture_make(request->op, text, bytes, (int)request->max_side, &picture);
	sent = answer_picture(&picture, request->serial);
	picture_done(&picture);
	return sent;
}

/* One request and its reply. */
static enum leave
serve(bool *ret_more)
{
	unsigned char head[IMAGE_REQUEST_HEAD];
	struct image_request request;
	struct image_card_text text;
	struct str said, bytes;
	bool sound = true;
	char *all;

	*ret_more = false;
	if (!receive(head, sizeof head))
		return LEAVE_AT_END;
	if (!image_request_read(head, &request))
		return LEAVE_PROTOCOL;
	all = malloc((size_t)request.n_text + request.n);
	if (all == NULL)
		return LEAVE_SETUP;
	said = (struct str){ all, request.n_text };
	bytes = (struct str){ all + request.n_text, request.n };
	if (receive(all, said.n + bytes.n)) {
		sound = request.op != IMAGE_OP_CARD ||
		    image_card_text_read(said, &text);
		if (sound)
			*ret_more = work(&request, &text, bytes);
	}
	free(all);
	(void)malloc_trim(0);
	return sound ? LEAVE_AT_END : LEAVE_PROTOCOL;
}

static bool
has_socket(void)
{
	int type;
	socklen_t n = sizeof type;

	return getsockopt(IMAGE_FD, SOL_SOCKET, SO_TYPE, &type, &n) == 0 &&
	    type == SOCK_STREAM;
}

int
main(int argc, char **argv)
{
	enum leave leave = LEAVE_AT_END;
	bool more = true;

	if (argc > 2 || !has_socket()) {
		(void)fputs("bezel-image is started by bezel itself, never by "
		    "hand: it reads pictures from a socket.\n", stderr);
		return argc == 2 && strcmp(argv[1], "--help") == 0 ? 0 :
		    LEAVE_USAGE;
	}
	/* Address space is limited: one heap for all threads. */
	(void)mallopt(M_ARENA_MAX, 1);
	if (!sandbox_limit() || !picture_start(argv[0]))
		return LEAVE_SETUP;
	text_start(argc == 2 ? argv[1] : FONTS);
	if (!sandbox_close())
		return LEAVE_SETUP;
	while (more && leave == LEAVE_AT_END)
		leave = serve(&more);
#ifdef BEZEL_COVERAGE
	return (int)leave;	/* writes the counters */
#else
	_exit((int)leave);
#endif
}
