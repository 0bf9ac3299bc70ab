/*
 * webp.h - the container around a WebP picture (RFC 9649).
 */
#ifndef BEZEL_IMAGE_WEBP_H
#define BEZEL_IMAGE_WEBP_H

#include <stdbool.h>
#include <stddef.h>

/* Removes, in place, all chunks but those of one still picture: its colours and
 * its transparency. No EXIF, XMP, ICC or unknown chunk stays, nor anything after
 * the end. *n becomes less or stays. False: not a whole still WebP, and p is in
 * no state to be used. (webpsave of libvips 8.14.1 writes EXIF even when it is
 * told to strip; this does not depend on the version.) */
bool webp_strip(char *p, size_t *n);

#endif
