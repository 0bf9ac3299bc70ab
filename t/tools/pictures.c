/*
 * pictures - makes the pictures that check_image needs, and looks at others.
 *
 *	pictures make FOLDER	writes them there
 *	pictures probe FILE	prints width, height, bands, and the colours in
 *				the middle of the four quarters: top left, top
 *				right, bottom left, bottom right
 *
 * The plain picture is 64 x 48 with quarters of red, green, blue and yellow.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vips/vips.h>

enum { WIDTH = 64, HEIGHT = 48 };

static const char *folder;
static VipsObject *context;

static _Noreturn void
fail(const char *what)
{
	(void)fprintf(stderr, "pictures: %s: %s\n", what, vips_error_buffer());
	exit(1);
}

/* A place for an image that lives until the end. */
static VipsImage **
place(void)
{
	return (VipsImage **)vips_object_local_array(context, 1);
}

#define MADE(call) \
	do { \
		if ((call) != 0) \
			fail(#call); \
	} while (0)

static const char *
path_of(const char *name)
{
	static char path[512];

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static void
png(VipsImage *in, const char *name)
{
	MADE(vips_pngsave(in, path_of(name), NULL));
}

static void
jpeg(VipsImage *in, const char *name)
{
	MADE(vips_jpegsave(in, path_of(name), "Q", 95, "subsample_mode",
	    VIPS_FOREIGN_SUBSAMPLE_OFF, NULL));
}

static void
webp(VipsImage *in, const char *name)
{
	MADE(vips_webpsave(in, path_of(name), "Q", 95, NULL));
}

/* --- the plain one ---------------------------------------------------------- */

static VipsImage *
one_colour(int width, int height, double r, double g, double b)
{
	VipsImage **t = place(), **u = place(), **v = place(), **w = place();
	double factors[3] = { 1, 1, 1 }, colours[3] = { r, g, b };

	MADE(vips_black(t, width, height, "bands", 3, NULL));
	MADE(vips_linear(*t, u, factors, colours, 3, NULL));
	MADE(vips_cast_uchar(*u, v, NULL));
	MADE(vips_copy(*v, w, "interpretation", VIPS_INTERPRETATION_sRGB, NULL));
	return *w;
}

static VipsImage *
quarters(void)
{
	VipsImage *in[4], **t = place();

	in[0] = one_colour(WIDTH / 2, HEIGHT / 2, 220, 20, 20);
	in[1] = one_colour(WIDTH / 2, HEIGHT / 2, 20, 220, 20);
	in[2] = one_colour(WIDTH / 2, HEIGHT / 2, 20, 20, 220);
	in[3] = one_colour(WIDTH / 2, HEIGHT / 2, 220, 220, 20);
	MADE(vips_arrayjoin(in, t, 4, "across", 2, NULL));
	return *t;
}

/* --- metadata and orientation ----------------------------------------------- */

static void
add_secrets(VipsImage *image)
{
	static char xmp[] = "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">SECRETXMP"
	    "</x:xmpmeta>";

	vips_image_set_string(image, "exif-ifd0-Make",
	    "SECRETMAKER (SECRETMAKER, ASCII, 12 components, 12 bytes)");
	vips_image_set_string(image, "exif-ifd3-GPSLatitudeRef",
	    "N (N, ASCII, 2 components, 2 bytes)");
	vips_image_set_string(image, "exif-ifd3-GPSLatitude",
	    "52/1 31/1 123/10 (52, 31, 12.3, Rational, 3 components, 24 bytes)");
	vips_image_set_blob_copy(image, VIPS_META_XMP_NAME, xmp, sizeof xmp - 1);
	vips_image_set_string(image, "png-comment-0-Author", "SECRETAUTHOR");
}

/* As a camera held that way stores it: the reverse of what a viewer does
 * (Exif 2.32, tag 0x0112). */
static VipsImage *
stored_as(VipsImage *upright, int orientation)
{
	static const VipsAngle turns[] = { VIPS_ANGLE_D0, VIPS_ANGLE_D0,
		VIPS_ANGLE_D0, VIPS_ANGLE_D180, VIPS_ANGLE_D180, VIPS_ANGLE_D90,
		VIPS_ANGLE_D270, VIPS_ANGLE_D270, VIPS_ANGLE_D90 };
	static const int mirrored[] = { 0, 0, 1, 0, 1, 1, 0, 1, 0 };
	VipsImage **t = place(), **u = place(), **v = place();

	MADE(vips_rot(upright, t, turns[orientation], NULL));
	if (mirrored[orientation])
		MADE(vips_flip(*t, u, VIPS_DIRECTION_HORIZONTAL, NULL));
	else
		MADE(vips_copy(*t, u, NULL));
	MADE(vips_copy(*u, v, NULL));
	add_secrets(*v);
	vips_image_set_int(*v, VIPS_META_ORIENTATION, orientation);
	return *v;
}

static void
make_oriented(VipsImage *plain)
{
	char name[32];

	for (int i = 1; i <= 8; i++) {
		(void)snprintf(name, sizeof name, "orient-%d.jpg", i);
		jpeg(stored_as(plain, i), name);
	}
	png(stored_as(plain, 6), "orient-6.png");
	webp(stored_as(plain, 6), "orient-6.webp");
}

/* --- kinds of pixels -------------------------------------------------------- */

/* Its left half is transparent. */
static VipsImage *
with_alpha(VipsImage *in)
{
	VipsImage **t = place(), **u = place(), **v = place(), **w = place();

	MADE(vips_black(t, WIDTH / 2, HEIGHT, NULL));
	MADE(vips_invert(*t, u, NULL));
	MADE(vips_join(*t, *u, v, VIPS_DIRECTION_HORIZONTAL, NULL));
	MADE(vips_bandjoin2(in, *v, w, NULL));
	return *w;
}

static VipsImage *
as(VipsImage *in, VipsInterpretation interpretation)
{
	VipsImage **t = place();

	MADE(vips_colourspace(in, t, interpretation, NULL));
	return *t;
}

static void
make_kinds(VipsImage *plain)
{
	VipsImage *grey = as(plain, VIPS_INTERPRETATION_B_W);
	VipsImage **cmyk = place(), **p3 = place();

	png(grey, "grey.png");
	jpeg(grey, "grey.jpg");
	png(with_alpha(grey), "grey-alpha.png");
	png(with_alpha(plain), "rgba.png");
	webp(with_alpha(plain), "rgba.webp");
	png(as(plain, VIPS_INTERPRETATION_RGB16), "rgb16.png");
	png(as(with_alpha(plain), VIPS_INTERPRETATION_RGB16), "rgba16.png");
	png(as(grey, VIPS_INTERPRETATION_GREY16), "grey16.png");
	png(as(with_alpha(grey), VIPS_INTERPRETATION_GREY16), "grey-alpha16.png");
	MADE(vips_pngsave(grey, path_of("one-bit.png"), "bitdepth", 1, NULL));
	MADE(vips_pngsave(plain, path_of("interlaced.png"), "interlace", TRUE,
	    NULL));
	MADE(vips_jpegsave(plain, path_of("progressive.jpg"), "interlace", TRUE,
	    "Q", 95, NULL));
	MADE(vips_icc_transform(plain, cmyk, "cmyk", "input_profile", "srgb",
	    NULL));
	jpeg(*cmyk, "cmyk.jpg");
	MADE(vips_jpegsave(*cmyk, path_of("cmyk-bare.jpg"), "strip", TRUE, "Q",
	    95, NULL));
	MADE(vips_icc_transform(plain, p3, "p3", "input_profile", "srgb", NULL));
	jpeg(*p3, "p3.jpg");
	png(*p3, "p3.png");
}

/* --- sizes ------------------------------------------------------------------ */

static VipsImage *
noisy(int width, int height)
{
	VipsImage *in[3], **t = place(), **u = place(), **v = place();

	for (int i = 0; i < 3; i++) {
		VipsImage **noise = place();

		MADE(vips_gaussnoise(noise, width, height, "mean", 90.0 + 40 * i,
		    "sigma", 25.0, "seed", i, NULL));
		in[i] = *noise;
	}
	MADE(vips_bandjoin(in, t, 3, NULL));
	MADE(vips_cast_uchar(*t, u, NULL));
	MADE(vips_copy(*u, v, "interpretation", VIPS_INTERPRETATION_sRGB, NULL));
	return *v;
}

static void
make_sizes(VipsImage *plain)
{
	VipsImage **photo = place(), **huge = place();

	png(one_colour(1, 1, 20, 220, 20), "one.png");
	jpeg(one_colour(1, 1, 20, 220, 20), "one.jpg");
	webp(one_colour(1, 1, 20, 220, 20), "one.webp");
	png(one_colour(12000, 2, 20, 220, 20), "widest.png");
	MADE(vips_resize(plain, photo, 16, NULL));	/* 1024 x 768 */
	jpeg(*photo, "large.jpg");
	png(noisy(1024, 1024), "render.png");
	MADE(vips_replicate(noisy(1000, 1000), huge, 7, 7, NULL));
	MADE(vips_jpegsave(*huge, path_of("huge.jpg"), "Q", 40, NULL));
	MADE(vips_webpsave(one_colour(10000, 5000, 20, 220, 20),
	    path_of("huge.webp"), "effort", 0, NULL));
}

static void
make_moving(VipsImage *plain)
{
	VipsImage *in[3], **t = place(), **u = place();

	in[0] = plain;
	in[1] = in[2] = one_colour(WIDTH, HEIGHT, 0, 0, 0);
	MADE(vips_arrayjoin(in, t, 3, "across", 1, NULL));
	MADE(vips_copy(*t, u, NULL));
	vips_image_set_int(*u, VIPS_META_PAGE_HEIGHT, HEIGHT);
	webp(*u, "moving.webp");
	png(in[1], "black.png");
}

static void
make(void)
{
	VipsImage *plain = quarters();

	png(plain, "plain.png");
	jpeg(plain, "plain.jpg");
	webp(plain, "plain.webp");
	make_oriented(plain);
	make_kinds(plain);
	make_moving(plain);
	make_sizes(plain);
}

/* --- looking ---------------------------------------------------------------- */

static void
print_point(VipsImage *image, int x, int y)
{
	double *v = NULL;
	int n = 0;

	MADE(vips_getpoint(image, &v, &n, x, y, NULL));
	for (int i = 0; i < n; i++)
		(void)printf(" %d", (int)v[i]);
	g_free(v);
}

static void
probe(const char *path)
{
	VipsImage **image = place();
	int w, h;

	*image = vips_image_new_from_file(path, "access", VIPS_ACCESS_RANDOM,
	    "fail_on", VIPS_FAIL_ON_WARNING, NULL);
	if (*image == NULL)
		fail(path);
	w = (*image)->Xsize;
	h = (*image)->Ysize;
	(void)printf("%d %d %d", w, h, (*image)->Bands);
	print_point(*image, w / 4, h / 4);
	print_point(*image, w * 3 / 4, h / 4);
	print_point(*image, w / 4, h * 3 / 4);
	print_point(*image, w * 3 / 4, h * 3 / 4);
	(void)printf("\n");
}

int
main(int argc, char **argv)
{
	if (argc != 3 || VIPS_INIT(argv[0]) != 0)
		return 2;
	context = VIPS_OBJECT(vips_image_new());
	folder = argv[2];
	if (strcmp(argv[1], "make") == 0)
		make();
	else
		probe(argv[2]);
	g_object_unref(context);
	vips_shutdown();
	return 0;
}
