/*
 * image-internal.h - for image.c and its test: the connection.
 */
#ifndef BEZEL_IMAGE_IMAGE_INTERNAL_H
#define BEZEL_IMAGE_IMAGE_INTERNAL_H

#include "image/child.h"
#include "image/image.h"

struct image {
	struct image_options options;	/* with the defaults filled in */
	struct image_child child;
	int pictures_of_child;
	uint32_t serial;
	struct image_counts counts;
};

#endif
