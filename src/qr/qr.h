/*
 * qr.h - a text as a QR code (ISO/IEC 18004), to be scanned from paper or a screen.
 *
 * Error correction M (15 %), the smallest version that holds the text as bytes, a quiet
 * zone of four modules on each side (ISO/IEC 18004, 5.3.8), black on white.
 */
#ifndef BEZEL_QR_QR_H
#define BEZEL_QR_QR_H

#include "base/buf.h"
#include "base/err.h"

enum {
	QR_TEXT_MAX = 1024,		/* bytes */
	QR_QUIET = 4,			/* modules */
	QR_SIZE_MIN = 128, QR_SIZE_MAX = 2048, QR_SIZE_USUAL = 512	/* px of a PNG */
};

/*
 * Appends an SVG of one path, with a viewBox in modules and no size of its own.
 * RC_INVALID: the text is empty, too long, or has a NUL.
 */
enum rc qr_svg(struct buf *buf, struct str text, struct err *err) must_use;

/*
 * Appends a PNG of one bit a pixel, of size_px a side exactly: modules of as many whole
 * pixels as fit, what is left over is a wider quiet zone. RC_INVALID also when a
 * module would be smaller than a pixel, or the size is not within the limits.
 */
enum rc qr_png(struct buf *buf, struct str text, int size_px,
    struct err *err) must_use;

#endif
