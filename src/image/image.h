/*
 * image.h - pictures are decoded and encoded in a program of its own.
 *
 * libvips lives in libexec/bezel-image, a long-lived child with limits on
 * memory, CPU, files and system calls, behind a socketpair; it is started at
 * the first use, recycled after some hundred pictures or when it has grown,
 * and started again when it dies or does not answer in time. A process that
 * forks after image_open() is safe: each starts a child of its own.
 *
 * PNG, JPEG and WebP are taken. What comes out is sRGB with 8 bits and carries
 * no EXIF, XMP, ICC or other metadata; orientation is applied; of a moving
 * picture the first frame is kept. WebP keeps transparency, JPEG shows it on
 * white.
 *
 * The caller must not reap children that it does not know (no wait(-1)).
 */
#ifndef BEZEL_IMAGE_IMAGE_H
#define BEZEL_IMAGE_IMAGE_H

#include "base/err.h"

struct image;			/* the connection to the program */

struct image_options {
	const char *program;	/* path of bezel-image */
	const char *fonts;	/* the folder of the cards' fonts; NULL: the system's */
	int64_t timeout_ms;	/* for one picture; 0: 20 s */
	int recycle_after;	/* pictures; 0: 200 */
	int64_t max_rss_bytes;	/* recycled when larger between pictures; 0: 256 MiB */
};

enum image_limits {
	IMAGE_MAX_BYTES = 32 * 1024 * 1024,
	IMAGE_MAX_SIDE = 12000,		/* px, from the header */
	IMAGE_MAX_PIXELS = 50000000,
	IMAGE_FULL_PIXELS = 16000000,	/* of what is made; larger is shrunk */
	IMAGE_THUMBNAIL_SIDE = 300,
	IMAGE_CARD_WIDTH = 1200, IMAGE_CARD_HEIGHT = 630
};

struct image_result {
	struct str full;		/* WebP */
	struct str thumbnail;		/* WebP, at most 300 px a side */
	int width, height;		/* of the full picture, after orientation */
};

/* For metrics; since image_open(), in this process. */
struct image_counts {
	int64_t pictures;		/* answered: done or refused */
	int64_t starts;			/* of the program */
	int64_t failures;		/* died, talked rubbish or could not do it */
	int64_t timeouts;
};

/* No process is started yet. */
struct image *image_open(struct arena *process_arena,
    const struct image_options *options);

/* "image/png", "image/jpeg", "image/webp" by the magic bytes, or NULL. */
const char *image_sniff(struct str bytes);

/* Decodes, checks and re-encodes. max_side_px > 0 shrinks a larger picture, and
 * so does IMAGE_FULL_PIXELS: beyond it, WebP takes many seconds and more memory
 * than the program has (measured: 7000 x 7000 of noise, 16 s and 700 MB).
 * RC_INVALID: not a picture we take, damaged, or too many pixels (the message
 * says which); RC_TOO_LARGE: more than IMAGE_MAX_BYTES; RC_UNAVAILABLE: the
 * program failed, a retry may help. */
enum rc image_normalize(struct image *image, struct arena *arena,
    struct str bytes, int max_side_px, struct image_result *ret_result,
    struct err *err) must_use;

/* The same, cut to the square in the middle and shrunk to at most side_px a side: WebP,
 * without a thumbnail. */
enum rc image_square(struct image *image, struct arena *arena,
    struct str bytes, int side_px, struct str *ret_webp,
    struct err *err) must_use;

/* One of our own WebP pictures as JPEG, for those who cannot show WebP. */
enum rc image_to_jpeg(struct image *image, struct arena *arena,
    struct str bytes, struct str *ret_jpeg, struct err *err) must_use;

/* What stands on a card, as people wrote it: what no font can show is left out, what is
 * too long is cut. Any of them may be empty or null. */
struct image_card_text {
	struct str title;
	struct str stone, metals;	/* a line each */
};

/* The picture as a card for other sites' previews: a JPEG of IMAGE_CARD_WIDTH times
 * IMAGE_CARD_HEIGHT. The picture is whole, its background goes on behind the text.
 * Without fonts (program/fonts.c) it is made without text. */
enum rc image_card(struct image *image, struct arena *arena,
    struct str bytes, const struct image_card_text *text, struct str *ret_jpeg,
    struct err *err) must_use;

struct image_counts image_counts(const struct image *image);

/* Ends the program. image_close(NULL) is fine. */
void image_close(struct image *image);

#endif
