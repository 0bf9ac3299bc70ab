/*
 * card.h - the picture of a shared design, as a card for previews.
 */
#ifndef BEZEL_IMAGE_PROGRAM_CARD_H
#define BEZEL_IMAGE_PROGRAM_CARD_H

#include <vips/vips.h>

struct image_card_text;

/* Of a decoded picture: sRGB, three bands or four. *out is pixels in memory. 0, or -1
 * with libvips' error. */
int card_make(VipsObject *context, VipsImage *full,
    const struct image_card_text *text, VipsImage **out);

#endif
