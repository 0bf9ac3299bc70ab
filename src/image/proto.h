/*
 * proto.h - what image.c and the program bezel-image say to each other.
 *
 * One request, then one reply, over a stream socket. Each is a head of fixed
 * size (32-bit numbers, least byte first) and then the bytes it announces. The
 * readers here check every number, and both sides use them: neither trusts the
 * other. The serial is chosen by the client and comes back, so that an answer
 * can never be taken for that of another picture.
 *
 * A card's request has text before its picture: title, stone and metals, one NUL
 * between two of them.
 */
#ifndef BEZEL_IMAGE_PROTO_H
#define BEZEL_IMAGE_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum image_op { IMAGE_OP_NORMALIZE = 1, IMAGE_OP_JPEG = 2,
	IMAGE_OP_SQUARE = 3, IMAGE_OP_CARD = 4 };

enum image_status {
	IMAGE_DONE = 1,		/* bytes: the picture, the thumbnail if asked */
	IMAGE_REFUSED = 2,	/* bytes: a detail for the log */
	IMAGE_FAILED = 3	/* the same */
};

enum image_reason {
	IMAGE_FINE = 0,
	IMAGE_NOT_A_PICTURE,
	IMAGE_DAMAGED,
	IMAGE_TOO_WIDE,		/* width and height say how much */
	IMAGE_TOO_MANY_PIXELS,
	IMAGE_REASONS
};

enum {
	IMAGE_FD = 3,			/* the program's end of the socket */
	IMAGE_REQUEST_HEAD = 24,	/* bytes */
	IMAGE_REPLY_HEAD = 32,
	IMAGE_REPLY_MAX = 64 * 1024 * 1024,	/* each of the two parts */
	IMAGE_DETAIL_MAX = 300,
	IMAGE_TEXT_MAX = 2048		/* of a card, bytes */
};

struct image_request {
	uint32_t serial;
	enum image_op op;
	uint32_t max_side;	/* px; 0: as it is, and of a card */
	uint32_t n_text;	/* bytes before the picture: only of a card */
	uint32_t n;		/* 1 to IMAGE_MAX_BYTES follow */
};

struct image_reply {
	uint32_t serial;
	enum image_status status;
	enum image_reason reason;
	uint32_t width, height;	/* of what was made, or of what was refused */
	uint32_t n, n_thumbnail;	/* bytes that follow */
};

void image_request_write(const struct image_request *request,
    unsigned char ret_head[IMAGE_REQUEST_HEAD]);
void image_reply_write(const struct image_reply *reply,
    unsigned char ret_head[IMAGE_REPLY_HEAD]);

/* False: not such a head, or a number that cannot be. */
bool image_request_read(const unsigned char head[IMAGE_REQUEST_HEAD],
    struct image_request *ret_request);
bool image_reply_read(const unsigned char head[IMAGE_REPLY_HEAD],
    struct image_reply *ret_reply);

struct image_card_text;

/* False: not three texts of UTF-8 without control characters. They point into
 * bytes. */
bool image_card_text_read(struct str bytes,
    struct image_card_text *ret_text);

#endif
