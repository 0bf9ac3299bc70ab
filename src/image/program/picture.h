/*
 * picture.h - the work on one picture, with libvips.
 */
#ifndef BEZEL_IMAGE_PROGRAM_PICTURE_H
#define BEZEL_IMAGE_PROGRAM_PICTURE_H

#include "base/str.h"
#include "image/proto.h"

struct image_card_text;

/* Both parts are to be given back with picture_done(). */
struct picture {
	struct image_reply reply;	/* without the serial */
	void *bytes, *thumbnail;
	char detail[IMAGE_DETAIL_MAX + 1];
};

/* Starts libvips, with all its readers blocked but PNG, JPEG and WebP. */
bool picture_start(const char *argv0);

/* Always fills *ret_picture: done, refused or failed. The text is that of a card, NULL
 * for all else. */
void picture_make(enum image_op op, const struct image_card_text *text,
    struct str bytes, int max_side_px, struct picture *ret_picture);
void picture_done(struct picture *picture);

#endif
