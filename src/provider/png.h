/*
 * png.h - the little of PNG that the drivers need.
 */
#ifndef BEZEL_PROVIDER_PNG_H
#define BEZEL_PROVIDER_PNG_H

#include "base/arena.h"

/* The same picture without times, comments and whatever else does not show, so
 * that equal pixels are equal bytes. Null: not a whole PNG (signature, lengths,
 * checksums, first and last chunk are looked at, not the pixels). */
struct str png_strip(struct arena *arena, struct str png);

/* A picture of rows of 8-bit RGB, packed but not compressed. */
struct str png_encode(struct arena *arena, const uint8_t *rgb, int width, int height);

#endif
