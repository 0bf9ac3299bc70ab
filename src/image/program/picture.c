#include "config.h"

#include "image/program/picture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <vips/vips.h>
#include <vips/vector.h>

#include "image/image.h"
#include "image/program/card.h"
#include "image/webp.h"

enum { SQUARE_SPARE = 4 };	/* of a long picture so much is decoded */
enum { FULL_Q = 90, THUMBNAIL_Q = 80, JPEG_Q = 88, CARD_Q = 84 };

static const char *const readers[] = { "VipsForeignLoadPng",
	"VipsForeignLoadJpeg", "VipsForeignLoadWebp" };

/* A damaged picture can give tens of thousands of warnings. */
static unsigned long dropped_warnings;

static void
drop_warning(const char *domain, GLogLevelFlags level, const char *text,
    void *unused)
{
	(void)domain, (void)level, (void)text, (void)unused;
	dropped_warnings++;
}

bool
picture_start(const char *argv0)
{
	(void)g_log_set_default_handler(drop_warning, NULL);
	/* libvips would load every module it finds below its home. */
	if (setenv("VIPSHOME", "/nonexistent", 1) != 0 || VIPS_INIT(argv0) != 0)
		return false;
	vips_concurrency_set(1);
	vips_cache_set_max(0);
	vips_vector_set_enabled(FALSE);	/* it writes machine code */
	vips_block_untrusted_set(TRUE);
	vips_operation_block_set("VipsForeignLoad", TRUE);
	for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++)
		vips_operation_block_set(readers[i], FALSE);
	return true;
}

/* --- reading --------------------------------------------------------------- */

/* From the top down if the file allows it, else into memory, never into a
 * temporary file. */
#define READING \
	"access", VIPS_ACCESS_SEQUENTIAL, "memory", TRUE, \
	"fail_on", VIPS_FAIL_ON_TRUNCATED

/* How much smaller a picture has to become, at most 1. */
static double
scale_for(const VipsImage *image, int max_side_px)
{
	double width = image->Xsize, height = image->Ysize, scale = 1;

	if (width * height > IMAGE_FULL_PIXELS)
		scale = sqrt(IMAGE_FULL_PIXELS / (width * height));
	if (max_side_px > 0)
		scale = fmin(scale, max_side_px / fmax(width, height));
	return scale;
}

/* Only the header is read: pixels come when they are asked for. */
static VipsImage *
open_picture(struct str bytes)
{
	const char *type = image_sniff(bytes);
	void *p = (void *)(uintptr_t)bytes.p;
	VipsImage *image = NULL;
	int failed = -1;

	if (type == NULL)
		vips_error("bezel", "no magic bytes that we know");
	else if (strcmp(type, "image/png") == 0)
		failed = vips_pngload_buffer(p, bytes.n, &image, READING, NULL);
	else if (strcmp(type, "image/jpeg") == 0)
		failed = vips_jpegload_buffer(p, bytes.n, &image, READING, NULL);
	else
		failed = vips_webpload_buffer(p, bytes.n, &image, READING, NULL);
	return failed == 0 ? image : NULL;
}

/* A WebP is decoded as a whole. One that is to be shrunk anyhow is opened again
 * so that it comes out smaller, for else memory may not suffice. */
static VipsImage *
open_large_webp(struct str bytes, VipsImage *file)
{
	double scale = scale_for(file, 0);
	VipsImage *smaller = NULL;

	if (scale >= 1 || strcmp(image_sniff(bytes), "image/webp") != 0)
		return file;
	g_object_unref(file);
	return vips_webpload_buffer((void *)(uintptr_t)bytes.p, bytes.n, &smaller,
	    READING, "scale", scale, NULL) == 0 ? smaller : NULL;
}

static enum image_reason
check_size(const VipsImage *image)
{
	int width = vips_image_get_width(image);
	int height = vips_image_get_height(image);

	if (width > IMAGE_MAX_SIDE || height > IMAGE_MAX_SIDE)
		return IMAGE_TOO_WIDE;
	if ((int64_t)width * height > IMAGE_MAX_PIXELS)
		return IMAGE_TOO_MANY_PIXELS;
	return IMAGE_FINE;
}

/* A profile that cannot be used is as good as none. */
static int
by_profile(VipsImage *in, VipsImage **out)
{
	if (!vips_image_get_typeof(in, VIPS_META_ICC_NAME))
		return -1;
	if (vips_icc_transform(in, out, "srgb", "embedded", TRUE, "depth", 8,
	    NULL) == 0)
		return 0;
	vips_error_clear();
	return -1;
}

/* Orientation stays until it is applied; nothing else is of use to us. */
static void
drop_metadata(VipsImage *image)
{
	char **names = vips_image_get_fields(image);

	for (char **name = names; *name != NULL; name++)
		if (strcmp(*name, VIPS_META_ORIENTATION) != 0)
			(void)vips_image_remove(image, *name);
	g_strfreev(names);
}

/* sRGB with 8 bits, three bands, or four with transparency. */
static int
to_srgb(VipsObject *context, VipsImage *in, VipsImage **out)
{
	VipsImage **t = (VipsImage **)vips_object_local_array(context, 3);

	/* Transparency of 16 bits is only brought down together with colours
	 * of 16 bits; profiles are for what is left. */
	if (in->BandFmt == VIPS_FORMAT_USHORT && vips_image_hasalpha(in)) {
		if (vips_colourspace(in, &t[0], VIPS_INTERPRETATION_sRGB,
		    NULL) != 0)
			return -1;
	} else if (by_profile(in, &t[0]) != 0 &&
	    vips_colourspace(in, &t[0], VIPS_INTERPRETATION_sRGB, NULL) != 0)
		return -1;
	if (vips_cast_uchar(t[0], &t[1], NULL) != 0)
		return -1;
	if (t[1]->Bands != 3 && t[1]->Bands != 4) {
		vips_error("bezel", "%d bands", t[1]->Bands);
		return -1;
	}
	if (vips_copy(t[1], out, "interpretation", VIPS_INTERPRETATION_sRGB,
	    NULL) != 0)
		return -1;
	drop_metadata(*out);
	return 0;
}

/* Not more than so many pixels outside, keeping the proportions. */
static int
shrink(VipsImage *in, int width, int height, VipsImage **out)
{
	return vips_thumbnail_image(in, out, width, "height", height,
	    "size", VIPS_SIZE_DOWN, "no_rotate", TRUE, NULL);
}

/* The picture itself, or a smaller one. */
static int
fit(VipsImage *in, int max_side_px, VipsImage **out)
{
	double scale = scale_for(in, max_side_px);

	if (scale >= 1)
		return vips_copy(in, out, NULL);
	/* Rounding must not make the long side one pixel less than allowed. */
	return shrink(in, (int)fmax(1, floor(in->Xsize * scale + 1e-6)),
	    (int)fmax(1, ceil(in->Ysize * scale - 1e-6)), out);
}

/* All pixels, upright, in memory. A large picture is never there as a whole:
 * it is shrunk while it is read. */
static VipsImage *
decode(VipsImage *file, int max_side_px)
{
	VipsObject *context = VIPS_OBJECT(vips_image_new());
	VipsImage **t = (VipsImage **)vips_object_local_array(context, 3);
	VipsImage *full = NULL;

	if (to_srgb(context, file, &t[0]) != 0 ||
	    fit(t[0], max_side_px, &t[1]) != 0 ||
	    (t[2] = vips_image_copy_memory(t[1])) == NULL ||
	    vips_autorot(t[2], &full, NULL) != 0)
		full = NULL;
	g_object_unref(context);
	return full;
}

/* --- writing --------------------------------------------------------------- */

static int
save_webp(VipsImage *in, int q, void **ret_bytes, uint32_t *ret_n)
{
	size_t n = 0;

	if (vips_webpsave_buffer(in, ret_bytes, &n, "Q", q, "strip", TRUE,
	    NULL) != 0)
		return -1;
	if (!webp_strip(*ret_bytes, &n) || n > IMAGE_REPLY_MAX) {
		vips_error("bezel", "%zu bytes of WebP cannot be used", n);
		return -1;
	}
	*ret_n = (uint32_t)n;
	return 0;
}

static int
save_full_and_thumbnail(VipsObject *context, VipsImage *full,
    struct picture *picture)
{
	VipsImage **t = (VipsImage **)vips_object_local_array(context, 1);

	return save_webp(full, FULL_Q, &picture->bytes, &picture->reply.n) == 0 &&
	    shrink(full, IMAGE_THUMBNAIL_SIDE, IMAGE_THUMBNAIL_SIDE, &t[0]) == 0 &&
	    save_webp(t[0], THUMBNAIL_Q, &picture->thumbnail,
		&picture->reply.n_thumbnail) == 0 ? 0 : -1;
}

static int
save_jpeg(VipsObject *context, VipsImage *full, struct picture *picture)
{
	VipsImage **t = (VipsImage **)vips_object_local_array(context, 1);
	VipsArrayDouble *white = vips_array_double_newv(3, 255.0, 255.0, 255.0);
	VipsImage *opaque = full;
	size_t n = 0;
	int failed = 0;

	if (vips_image_hasalpha(full)) {
		failed = vips_flatten(full, &t[0], "background", white, NULL);
		opaque = t[0];
	}
	vips_area_unref(VIPS_AREA(white));
	if (failed != 0 || vips_jpegsave_buffer(opaque, &picture->bytes, &n,
	    "Q", JPEG_Q, "strip", TRUE, "optimize_coding", TRUE, NULL) != 0 ||
	    n > IMAGE_REPLY_MAX)
		return -1;
	picture->reply.n = (uint32_t)n;
	return 0;
}

/* Of a decoded picture; its size is told too. */
static int
save_square(VipsObject *context, VipsImage *full, int side_px,
    struct picture *picture)
{
	VipsImage **t = (VipsImage **)vips_object_local_array(context, 2);
	int side = full->Xsize < full->Ysize ? full->Xsize : full->Ysize;

	if (vips_extract_area(full, &t[0], (full->Xsize - side) / 2,
	    (full->Ysize - side) / 2, side, side, NULL) != 0 ||
	    shrink(t[0], side_px, side_px, &t[1]) != 0)
		return -1;
	picture->reply.width = (uint32_t)t[1]->Xsize;
	picture->reply.height = (uint32_t)t[1]->Ysize;
	return save_webp(t[1], FULL_Q, &picture->bytes, &picture->reply.n);
}

/* The text is laid out anew for each, see card.h. */
static int
save_card(VipsObject *context, VipsImage *full,
    const struct image_card_text *text, struct picture *picture)
{
	VipsImage **t = (VipsImage **)vips_object_local_array(context, 1);
	size_t n = 0;

	if (card_make(context, full, text, &t[0]) != 0 ||
	    vips_jpegsave_buffer(t[0], &picture->bytes, &n, "Q", CARD_Q,
		"strip", TRUE, "optimize_coding", TRUE, "interlace", TRUE,
		NULL) != 0 || n > IMAGE_REPLY_MAX)
		return -1;
	picture->reply.width = (uint32_t)t[0]->Xsize;
	picture->reply.height = (uint32_t)t[0]->Ysize;
	picture->reply.n = (uint32_t)n;
	return 0;
}

/* --- one picture ----------------------------------------------------------- */

static void
end(struct picture *picture, enum image_status status, enum image_reason reason)
{
	(void)snprintf(picture->detail, sizeof picture->detail, "%s",
	    vips_error_buffer());
	vips_error_clear();
	if (status != IMAGE_DONE)
		picture_done(picture);
	picture->reply.status = status;
	picture->reply.reason = reason;
}

/* A decoder that ran out of memory says nothing about the picture. */
static bool
out_of_memory(void)
{
	return strstr(vips_error_buffer(), "out of memory") != NULL;
}

static void
end_undecoded(struct picture *picture)
{
	if (out_of_memory())
		end(picture, IMAGE_FAILED, IMAGE_FINE);
	else
		end(picture, IMAGE_REFUSED, IMAGE_DAMAGED);
}

/* How large the pixels are wanted. */
static int
side_of(enum image_op op, int max_side_px)
{
	return op == IMAGE_OP_SQUARE ? max_side_px * SQUARE_SPARE :
	    op == IMAGE_OP_CARD ? IMAGE_CARD_WIDTH : max_side_px;
}

/* Takes the file over, for encoding needs its memory. */
static void
make_from(enum image_op op, const struct image_card_text *text,
    VipsImage *file, int max_side_px, struct picture *picture)
{
	VipsImage *full = decode(file, side_of(op, max_side_px));
	VipsObject *context;
	int failed;

	g_object_unref(file);
	if (full == NULL) {
		end_undecoded(picture);
		return;
	}
	context = VIPS_OBJECT(vips_image_new());
	picture->reply.width = (uint32_t)full->Xsize;
	picture->reply.height = (uint32_t)full->Ysize;
	failed = op == IMAGE_OP_JPEG ? save_jpeg(context, full, picture) :
	    op == IMAGE_OP_SQUARE ?
	    save_square(context, full, max_side_px, picture) :
	    op == IMAGE_OP_CARD ? save_card(context, full, text, picture) :
	    save_full_and_thumbnail(context, full, picture);
	g_object_unref(context);
	g_object_unref(full);
	end(picture, failed == 0 ? IMAGE_DONE : IMAGE_FAILED, IMAGE_FINE);
}

void
picture_make(enum image_op op, const struct image_card_text *text,
    struct str bytes, int max_side_px, struct picture *ret_picture)
{
	VipsImage *file;
	enum image_reason reason;

	*ret_picture = (struct picture){ .bytes = NULL };
	file = open_picture(bytes);
	if (file == NULL) {
		end(ret_picture, IMAGE_REFUSED, image_sniff(bytes) == NULL ?
		    IMAGE_NOT_A_PICTURE : IMAGE_DAMAGED);
		return;
	}
	reason = check_size(file);
	if (reason != IMAGE_FINE) {
		end(ret_picture, IMAGE_REFUSED, reason);
		ret_picture->reply.width = (uint32_t)file->Xsize;
		ret_picture->reply.height = (uint32_t)file->Ysize;
		g_object_unref(file);
		return;
	}
	file = open_large_webp(bytes, file);
	if (file != NULL)
		make_from(op, text, file, max_side_px, ret_picture);
	else
		end_undecoded(ret_picture);
}

void
picture_done(struct picture *picture)
{
	g_free(picture->bytes);
	g_free(picture->thumbnail);
	picture->bytes = picture->thumbnail = NULL;
	picture->reply = (struct image_reply){ .status = IMAGE_FAILED };
}
