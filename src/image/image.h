/*
 * image.h - pictures are decoded and encoded in a program of its own.
 *
 * libvips lives in libexec/bezel-image, a long-lived child with limits on
 * memory, CPU and files, behind a socketpair; it is started at the first use,
 * recycled after some hundred pictures, and started again when it dies. What
 * comes out carries no EXIF, XMP, ICC or other metadata; orientation is applied.
 */
#ifndef BEZEL_IMAGE_IMAGE_H
#define BEZEL_IMAGE_IMAGE_H

#include "base/err.h"

struct image;			/* the connection to the program */

struct image_options {
	const char *program;	/* path of bezel-image */
	int64_t timeout_ms;	/* for one picture; 0: 20 s */
};

enum image_limits {
	IMAGE_MAX_BYTES = 32 * 1024 * 1024,
	IMAGE_MAX_SIDE = 12000,		/* px, from the header */
	IMAGE_MAX_PIXELS = 50000000,
	IMAGE_THUMBNAIL_SIDE = 300
};

struct image_result {
	struct str full;		/* WebP */
	struct str thumbnail;		/* WebP, at most 300 px a side */
	int width, height;		/* of the full picture, after orientation */
};

/* No process is started yet. */
struct image *image_open(struct arena *process_arena,
    const struct image_options *options);

/* "image/png", "image/jpeg", "image/webp" by the magic bytes, or NULL. */
const char *image_sniff(struct str bytes);

/* Decodes, checks and re-encodes. max_side_px > 0 shrinks a larger picture.
 * RC_INVALID: not a picture we take, truncated, or too many pixels (err says
 * which); RC_UNAVAILABLE: the program failed, a retry may help. */
enum rc image_normalize(struct image *image, struct arena *arena,
    struct str bytes, int max_side_px, struct image_result *ret_result,
    struct err *err) must_use;

/* One of our own WebP pictures as JPEG, for those who cannot show WebP. */
enum rc image_to_jpeg(struct image *image, struct arena *arena,
    struct str bytes, struct str *ret_jpeg, struct err *err) must_use;

void image_close(struct image *image);

#endif
