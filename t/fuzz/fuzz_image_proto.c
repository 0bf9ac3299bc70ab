/*
 * fuzz_image_proto - what image.c and bezel-image read of each other before
 * libvips sees a byte: the heads of requests and replies, the text of a card, the
 * magic bytes, and the container of a WebP. What is accepted must be within the limits, come back
 * the same when it is written again, and be left alone by a second stripping.
 */
#include "config.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/utf8.h"
#include "image/image.h"
#include "image/proto.h"
#include "image/webp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(condition) \
	do { \
		if (!(condition)) \
			die("fuzz_image_proto: " #condition); \
	} while (0)

static void
try_request(const uint8_t *data)
{
	unsigned char again[IMAGE_REQUEST_HEAD];
	struct image_request request;

	if (!image_request_read(data, &request))
		return;
	must(request.n >= 1 && request.n <= IMAGE_MAX_BYTES);
	must(request.max_side <= IMAGE_MAX_SIDE);
	must(request.n_text == 0 || (request.op == IMAGE_OP_CARD
	    && request.n_text <= IMAGE_TEXT_MAX));
	image_request_write(&request, again);
	must(memcmp(again, data, sizeof again) == 0);
}

static void
try_reply(const uint8_t *data)
{
	unsigned char again[IMAGE_REPLY_HEAD];
	struct image_reply reply;

	if (!image_reply_read(data, &reply))
		return;
	must(reply.n <= IMAGE_REPLY_MAX && reply.n_thumbnail <= IMAGE_REPLY_MAX);
	must(reply.status == IMAGE_DONE || reply.n <= IMAGE_DETAIL_MAX);
	image_reply_write(&reply, again);
	must(memcmp(again, data, sizeof again) == 0);
}

static void
try_text(struct str bytes)
{
	struct image_card_text text;

	if (!image_card_text_read(bytes, &text))
		return;
	must(text.title.n + text.stone.n + text.metals.n + 2 == bytes.n);
	must(!utf8_has_controls(text.title, false));
	must(!utf8_has_controls(text.stone, false));
	must(!utf8_has_controls(text.metals, false));
}

/* Of the exact size, so that the sanitizer sees a step too far. */
static void
try_webp(const uint8_t *data, size_t size)
{
	char *p = malloc(size + (size == 0)), *once;
	size_t n = size, n_again;

	must(p != NULL);
	memcpy(p, data, size);
	if (webp_strip(p, &n)) {
		must(n >= 20 && n <= size);
		must(memmem(p, n, "RIFF", 4) == p);
		n_again = n;
		once = malloc(n);
		must(once != NULL);
		memcpy(once, p, n);
		must(webp_strip(p, &n_again) && n_again == n);
		must(memcmp(p, once, n) == 0);
		free(once);
	}
	free(p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *exact = malloc(size + (size == 0));

	must(exact != NULL);
	memcpy(exact, data, size);
	(void)image_sniff((struct str){ exact, size });
	try_text((struct str){ exact, size });
	free(exact);
	if (size >= IMAGE_REQUEST_HEAD)
		try_request(data);
	if (size >= IMAGE_REPLY_HEAD)
		try_reply(data);
	try_webp(data, size);
	return 0;
}
