#include "config.h"

#include "unit.h"

#include <png.h>

#include "qr/qr.h"

enum { URL_MODULES = 37 };	/* version 5: up to 84 bytes at M */

static const struct str url = STR_INIT("https://bezel.example/s/"
    "AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICEiIyQlJico");
static struct arena *arena;
static struct err err;

static void
setup(void)
{
	arena = arena_new();
	err_init(&err);
}

static void
teardown(void)
{
	arena_free(arena);
}

static struct str
svg_of(struct str text)
{
	struct buf buf;

	buf_init(&buf, arena, 0, 1 << 20);
	ok(qr_svg(&buf, text, &err));
	return buf_str(&buf);
}

static struct str
png_of(struct str text, int size_px)
{
	struct buf buf;

	buf_init(&buf, arena, 0, 1 << 20);
	ok(qr_png(&buf, text, size_px, &err));
	ck_assert(!buf.failed);
	return buf_str(&buf);
}

/* --- reading them ----------------------------------------------------------- */

enum { SIDE_MAX = 200 };

struct modules {
	int side;			/* with the quiet zone */
	bool dark[SIDE_MAX][SIDE_MAX];	/* [y][x] */
};

/* Of the one path of dark modules. */
static void
read_svg(struct str svg, struct modules *ret_modules)
{
	const char *z = arena_strz(arena, svg), *at = strstr(z, "viewBox=");
	int x, y, n, m, used;

	*ret_modules = (struct modules){ 0 };
	ck_assert_ptr_nonnull(at);
	ck_assert_int_eq(sscanf(at, "viewBox=\"0 0 %d %d\"", &ret_modules->side,
	    &n), 2);
	ck_assert_int_eq(n, ret_modules->side);
	at = strstr(z, "<path d=\"");
	ck_assert_ptr_nonnull(at);
	for (at += 9; *at == 'M'; at += used) {
		ck_assert_int_eq(sscanf(at, "M%d %dh%dv1h-%dz%n", &x, &y, &n, &m,
		    &used), 4);
		ck_assert_int_eq(n, m);
		for (int i = 0; i < n; i++)
			ret_modules->dark[y][x + i] = true;
	}
	ck_assert_str_eq(at, "\"/></svg>\n");
}

/* From the middle of each module; all of its pixels must be the same. */
static void
read_png(struct str png, int side, int size_px, struct modules *ret_modules)
{
	int module = size_px / side, edge = (size_px - module * (side - 2 * QR_QUIET)) / 2;
	png_image image = { .version = PNG_IMAGE_VERSION };
	unsigned char *p = arena_alloc(arena, (size_t)size_px * (size_t)size_px);

	*ret_modules = (struct modules){ .side = side };
	ck_assert_int_ne(png_image_begin_read_from_memory(&image, png.p, png.n), 0);
	ck_assert_int_eq((int)image.width, size_px);
	ck_assert_int_eq((int)image.height, size_px);
	image.format = PNG_FORMAT_GRAY;
	ck_assert_int_ne(png_image_finish_read(&image, NULL, p, 0, NULL), 0);
	for (int y = 0; y < size_px; y++)
		for (int x = 0; x < size_px; x++) {
			int mx = x - edge < 0 ? 0 : (x - edge) / module + QR_QUIET;
			int my = y - edge < 0 ? 0 : (y - edge) / module + QR_QUIET;
			bool dark = p[y * size_px + x] < 128;
			bool within = x >= edge && y >= edge && x < size_px - edge
			    && y < size_px - edge;

			/* A passed assertion costs a system call. */
			if (!within && dark)
				ck_abort_msg("%d %d is dark", x, y);
			if (!within || mx >= side || my >= side)
				continue;
			if ((x - edge) % module == 0 && (y - edge) % module == 0)
				ret_modules->dark[my][mx] = dark;
			if (ret_modules->dark[my][mx] != dark)
				ck_abort_msg("module %d %d has two colours", mx, my);
		}
}

/* The corner's pattern, 7 x 7 (ISO/IEC 18004, 5.3.2.1). */
static void
assert_finder(const struct modules *modules, int left, int top)
{
	for (int y = 0; y < 7; y++)
		for (int x = 0; x < 7; x++) {
			int ring = abs(x - 3) > abs(y - 3) ? abs(x - 3) : abs(y - 3);

			ck_assert_msg(modules->dark[top + y][left + x]
			    == (ring != 2), "finder at %d %d", left, top);
		}
}

static void
assert_is_code(const struct modules *modules)
{
	int far = modules->side - QR_QUIET - 7;

	assert_finder(modules, QR_QUIET, QR_QUIET);
	assert_finder(modules, far, QR_QUIET);
	assert_finder(modules, QR_QUIET, far);
	for (int y = 0; y < modules->side; y++)
		for (int x = 0; x < modules->side; x++)
			if (x < QR_QUIET || y < QR_QUIET
			    || x >= modules->side - QR_QUIET
			    || y >= modules->side - QR_QUIET)
				ck_assert_msg(!modules->dark[y][x],
				    "quiet zone, %d %d", x, y);
}

/* Bits of the format beside the upper left finder, unmasked (Annex C). */
static int
correction(const struct modules *modules)
{
	return modules->dark[QR_QUIET + 8][QR_QUIET] << 1
	    | modules->dark[QR_QUIET + 8][QR_QUIET + 1];
}

/* --- cases ------------------------------------------------------------------ */

START_TEST(both_show_the_same_code)
{
	static const int sizes[] = { QR_SIZE_MIN, 200, 256, 511, 512, 513, 1000,
		QR_SIZE_MAX };
	struct modules svg, png;

	read_svg(svg_of(url), &svg);
	ck_assert_int_eq(svg.side, URL_MODULES + 2 * QR_QUIET);
	assert_is_code(&svg);
	/* M is 00, and its mask is 10. */
	ck_assert_int_eq(correction(&svg), 2);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		read_png(png_of(url, sizes[i]), svg.side, sizes[i], &png);
		ck_assert_msg(memcmp(&svg, &png, sizeof svg) == 0, "%d px", sizes[i]);
	}
}
END_TEST

START_TEST(a_png_has_one_bit_a_pixel)
{
	struct str png = png_of(url, QR_SIZE_USUAL);

	/* Bit depth, greyscale, no interlace (PNG 11.2.2). */
	ck_assert_mem_eq(png.p + 24, "\1\0\0\0\0", 5);
	ck_assert_uint_lt(png.n, 2500);
	ck_assert_uint_lt(png_of(url, QR_SIZE_MAX).n, 8000);
}
END_TEST

START_TEST(an_svg_says_nothing_of_the_text)
{
	struct str svg = svg_of(STR("\"/><script>alert(1)</script>"));

	ck_assert(str_starts(svg, STR("<svg xmlns=\"http://www.w3.org/2000/svg\" "
	    "viewBox=\"0 0 ")));
	ck_assert_ptr_nonnull(memmem(svg.p, svg.n, "crispEdges", 10));
	ck_assert_ptr_null(memmem(svg.p, svg.n, "script", 6));
	ck_assert_ptr_null(memmem(svg.p, svg.n, "alert", 5));
}
END_TEST

START_TEST(every_length_is_a_code)
{
	static const size_t lengths[] = { 1, 14, 15, 100, 300, QR_TEXT_MAX };
	char text[QR_TEXT_MAX];
	struct modules modules;
	int last = 0;

	memset(text, 'x', sizeof text);
	text[0] = (char)0xc3;
	text[1] = (char)0xa9;
	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		read_svg(svg_of((struct str){ text, lengths[i] }), &modules);
		assert_is_code(&modules);
		ck_assert_int_ge(modules.side, last);
		last = modules.side;
	}
	ck_assert_int_gt(last, 100);
}
END_TEST

START_TEST(what_cannot_be_drawn_is_refused)
{
	static const char long_text[QR_TEXT_MAX + 1];
	char full[QR_TEXT_MAX];
	struct { struct str text; int size_px; } rows[] = {
		{ STR(""), 256 }, { STR_NULL, 256 }, { STR("a\0b"), 256 },
		{ { long_text, sizeof long_text }, 256 }, { url, QR_SIZE_MIN - 1 },
		{ url, QR_SIZE_MAX + 1 }, { url, 0 }, { url, -5 },
		/* 129 modules and more on 128 pixels. */
		{ { full, sizeof full }, QR_SIZE_MIN } };
	struct buf buf;

	memset(full, 'x', sizeof full);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		buf_init(&buf, arena, 0, 1 << 20);
		ck_assert_msg(qr_png(&buf, rows[i].text, rows[i].size_px, &err)
		    == RC_INVALID, "%zu", i);
		ck_assert_uint_eq(buf.n, 0);
		if (i < 4)
			ck_assert_msg(qr_svg(&buf, rows[i].text, &err)
			    == RC_INVALID, "%zu", i);
	}
}
END_TEST

START_TEST(a_full_buffer_says_so)
{
	struct buf buf;

	buf_init(&buf, arena, 0, 100);
	ok(qr_svg(&buf, url, &err));
	ck_assert(buf.failed);
	buf_init(&buf, arena, 0, 100);
	ok(qr_png(&buf, url, 512, &err));
	ck_assert(buf.failed);
}
END_TEST

UNIT_MAIN_FIXTURE("qr", setup, teardown, both_show_the_same_code,
    a_png_has_one_bit_a_pixel, an_svg_says_nothing_of_the_text,
    every_length_is_a_code, what_cannot_be_drawn_is_refused, a_full_buffer_says_so)
