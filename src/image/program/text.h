/*
 * text.h - the letters of a card, by pango and cairo.
 *
 * No file can be opened once the sandbox is closed, so the fonts are found and opened
 * before, by their names (the table in fonts.c), in a font configuration of our own, and
 * stay open. What they cannot show is left out of a text.
 */
#ifndef BEZEL_IMAGE_PROGRAM_TEXT_H
#define BEZEL_IMAGE_PROGRAM_TEXT_H

#include "base/str.h"

struct image_card_text;

/* How much of each pixel is covered, by ink and by the accent colour: 0 to 255. */
struct text_sheet {
	int width, height, stride;	/* px; bytes a row */
	const unsigned char *ink, *accent;
	void *surfaces[2];
};

/* Opens the fonts below the folder. None is no error, but there will be no text. */
void text_start(const char *folder);

/* A column of the height, all of the text in its middle. False: there is no text, or
 * no font that could show it. */
bool text_sheet_init(struct text_sheet *ret_sheet,
    const struct image_card_text *text, int width, int height);
void text_sheet_done(struct text_sheet *sheet);

/* Whether there would be any text. */
bool text_can_show(const struct image_card_text *text);

#endif
