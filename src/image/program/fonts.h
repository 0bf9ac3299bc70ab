/*
 * fonts.h - which fonts cards are written with, and where they lie.
 *
 * Only these: the system's would be looked through at each start, and their caches
 * written.
 */
#ifndef BEZEL_IMAGE_PROGRAM_FONTS_H
#define BEZEL_IMAGE_PROGRAM_FONTS_H

#include <fontconfig/fontconfig.h>

/* The families of the table of fonts.c, in its order. */
#define FONT_FAMILIES "EB Garamond,DejaVu Sans,Droid Sans Fallback," \
	"NanumGothic,Noto Sans Devanagari,Noto Sans Thai"

/* Those that are below the folder, as fontconfig's own set from now on; NULL when it
 * cannot have one. */
const FcFontSet *fonts_find(const char *folder);

#endif
