#include "config.h"

#include "qr/qr.h"

#include <errno.h>
#include <png.h>
#include <qrencode.h>

enum { AUTO = 0, DARK = 1 };	/* the smallest version; libqrencode's lowest bit */

static enum rc
failed(const char *what, struct err *err)
{
	int number = errno;

	(void)err_set(err, RC_INTERNAL, "The QR code could not be drawn.");
	return err_detail(err, "%s: %s", what, strerrordesc_np(number));
}

/* Freed with QRcode_free(). */
static enum rc
encode(struct str text, QRcode **ret_code, struct err *err)
{
	QRcode *code;

	if (text.n == 0 || text.n > QR_TEXT_MAX || str_find(text, '\0') < text.n)
		return err_set(err, RC_INVALID, "A QR code holds 1 to %d bytes of "
		    "text.", QR_TEXT_MAX);
	code = QRcode_encodeData((int)text.n, (const unsigned char *)text.p, AUTO,
	    QR_ECLEVEL_M);
	if (code == NULL)
		return failed("QRcode_encodeData", err);
	*ret_code = code;
	return RC_OK;
}

static bool
is_dark(const QRcode *code, int x, int y)
{
	return (code->data[y * code->width + x] & DARK) != 0;
}

/* --- SVG ------------------------------------------------------------------- */

/* Each run of dark modules is a rectangle of the path. */
static void
add_row(struct buf *buf, const QRcode *code, int y)
{
	for (int x = 0, n; x < code->width; x += n) {
		bool dark = is_dark(code, x, y);

		for (n = 1; x + n < code->width && is_dark(code, x + n, y) == dark;
		    n++)
			;
		if (dark)
			buf_printf(buf, "M%d %dh%dv1h-%dz", x + QR_QUIET,
			    y + QR_QUIET, n, n);
	}
}

enum rc
qr_svg(struct buf *buf, struct str text, struct err *err)
{
	QRcode *code;
	int side;

	if (encode(text, &code, err) != RC_OK)
		return err->rc;
	side = code->width + 2 * QR_QUIET;
	buf_printf(buf, "<svg xmlns=\"http://www.w3.org/2000/svg\" "
	    "viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\">"
	    "<path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/><path d=\"", side, side,
	    side, side);
	for (int y = 0; y < code->width; y++)
		add_row(buf, code, y);
	buf_addz(buf, "\"/></svg>\n");
	QRcode_free(code);
	return RC_OK;
}

/* --- PNG ------------------------------------------------------------------- */

static void
write_bytes(png_structp png, png_bytep p, size_t n)
{
	buf_add(png_get_io_ptr(png), p, n);
}

static void
flush_nothing(png_structp png)
{
	(void)png;
}

/* Where the code stands in the picture. */
struct layout {
	int size_px, module_px, edge_px;
};

/* One bit a pixel, 1 is white. */
static void
fill_row(const QRcode *code, const struct layout *layout, int y,
    unsigned char row[QR_SIZE_MAX / 8])
{
	int end_px = layout->edge_px + code->width * layout->module_px;

	memset(row, 0xff, QR_SIZE_MAX / 8);
	if (y < layout->edge_px || y >= end_px)
		return;
	for (int x = layout->edge_px; x < end_px; x++)
		if (is_dark(code, (x - layout->edge_px) / layout->module_px,
		    (y - layout->edge_px) / layout->module_px))
			row[x / 8] &= (unsigned char)~(0x80 >> x % 8);
}

/* A function of its own: nothing of it is needed after libpng's jump. */
static bool
write_png(png_structp png, png_infop info, const QRcode *code,
    const struct layout *layout)
{
	unsigned char row[QR_SIZE_MAX / 8];

	if (setjmp(png_jmpbuf(png)) != 0)
		return false;
	png_set_IHDR(png, info, (png_uint_32)layout->size_px,
	    (png_uint_32)layout->size_px, 1, PNG_COLOR_TYPE_GRAY,
	    PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
	    PNG_FILTER_TYPE_DEFAULT);
	png_write_info(png, info);
	for (int y = 0; y < layout->size_px; y++) {
		fill_row(code, layout, y, row);
		png_write_row(png, row);
	}
	png_write_end(png, NULL);
	return true;
}

static enum rc
draw(struct buf *buf, const QRcode *code, int size_px, struct err *err)
{
	struct layout layout = { .size_px = size_px,
		.module_px = size_px / (code->width + 2 * QR_QUIET) };
	png_structp png;
	png_infop info;
	bool done;

	if (layout.module_px == 0)
		return err_set(err, RC_INVALID, "The code has %d modules a side: "
		    "too many for %d pixels.", code->width, size_px);
	layout.edge_px = (size_px - code->width * layout.module_px) / 2;
	png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	info = png == NULL ? NULL : png_create_info_struct(png);
	if (info == NULL) {
		png_destroy_write_struct(&png, NULL);
		return failed("png_create_write_struct", err);
	}
	png_set_write_fn(png, buf, write_bytes, flush_nothing);
	done = write_png(png, info, code, &layout);
	png_destroy_write_struct(&png, &info);
	return done ? RC_OK : failed("libpng", err);
}

enum rc
qr_png(struct buf *buf, struct str text, int size_px, struct err *err)
{
	QRcode *code;

	if (size_px < QR_SIZE_MIN || size_px > QR_SIZE_MAX)
		return err_set(err, RC_INVALID, "A QR code has %d to %d pixels.",
		    QR_SIZE_MIN, QR_SIZE_MAX);
	if (encode(text, &code, err) != RC_OK)
		return err->rc;
	(void)draw(buf, code, size_px, err);
	QRcode_free(code);
	return err->rc;
}
