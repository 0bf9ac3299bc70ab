/*
 * fuzz_card_text - the words of a card, from what people wrote to letters: they are
 * laid out and drawn by pango and cairo, whatever they are, into a sheet of the size that
 * was asked for.
 */
#include "config.h"

#include "fuzz.h"

#include "image/image.h"
#include "image/program/text.h"
#include "image/proto.h"

enum { WIDTH = 430, HEIGHT = 630, NARROW = 120 };	/* of a card, and of none */

/* Sets of fonts for a script are kept by pango where no pointer to them is seen: a few
 * kilobytes a script, whatever is drawn. */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:libfontconfig";
}

/* Each byte can be read; where there is no text there is no sheet. */
static void
check_sheet(const struct image_card_text *text, int width)
{
	struct text_sheet sheet;
	unsigned sum = 0;

	if (!text_sheet_init(&sheet, text, width, HEIGHT)) {
		assert(!text_can_show(text));
		return;
	}
	assert(sheet.width == width && sheet.height == HEIGHT
	    && sheet.stride >= width);
	for (int i = 0; i < sheet.stride * HEIGHT; i++)
		sum += sheet.ink[i] + sheet.accent[i];
	assert(sum > 0);		/* the mark at least */
	text_sheet_done(&sheet);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static bool started;
	struct image_card_text text;

	if (!started)
		text_start("/usr/share/fonts");
	started = true;
	if (n > IMAGE_TEXT_MAX
	    || !image_card_text_read(fuzz_str(data, n), &text))
		return 0;
	check_sheet(&text, WIDTH);
	check_sheet(&text, NARROW);
	return 0;
}
