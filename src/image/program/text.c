#include "config.h"

#include "image/program/text.h"

#include <cairo-ft.h>
#include <pango/pangocairo.h>
#include <pango/pangofc-fontmap.h>

#include "image/image.h"
#include "image/program/fonts.h"

enum {
	TITLE_CHARS = 300,		/* more are cut before they are laid out */
	MARKS_MAX = 3			/* combining ones on a letter */
};

static PangoFontMap *fonts;		/* NULL: there are none */
static PangoContext *context;
static const FcFontSet *found;

/* --- the fonts ------------------------------------------------------------- */

/* One file stays open, in all its sizes: nothing of this is given back. */
static bool
keep_open(FcPattern *pattern)
{
	PangoFontDescription *wanted =
	    pango_fc_font_description_from_pattern(pattern, FALSE);
	PangoFont *font;
	cairo_scaled_font_t *scaled = NULL;

	pango_font_description_set_absolute_size(wanted, 40 * PANGO_SCALE);
	font = pango_font_map_load_font(fonts, context, wanted);
	if (font != NULL)
		scaled = pango_cairo_font_get_scaled_font(PANGO_CAIRO_FONT(font));
	pango_font_description_free(wanted);
	return scaled != NULL && pango_font_get_hb_font(font) != NULL &&
	    cairo_ft_scaled_font_lock_face(scaled) != NULL;
}

static void
set_options(void)
{
	cairo_font_options_t *options = cairo_font_options_create();

	cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
	cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
	cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
	pango_cairo_context_set_font_options(context, options);
	cairo_font_options_destroy(options);
	pango_context_set_round_glyph_positions(context, FALSE);
}

void
text_start(const char *folder)
{
	const struct image_card_text all = { STR_INIT("Aa \xd7\x90 \xe4\xb8\xad"),
		STR_INIT("Aa"), STR_INIT("1") };
	struct text_sheet sheet;

	found = fonts_find(folder);
	if (found == NULL || found->nfont == 0)
		return;
	fonts = pango_cairo_font_map_new_for_font_type(CAIRO_FONT_TYPE_FT);
	context = pango_font_map_create_context(fonts);
	pango_context_set_language(context, pango_language_from_string("en"));
	set_options();
	for (int i = 0; i < found->nfont; i++)
		if (!keep_open(found->fonts[i])) {
			fonts = NULL;
			return;
		}
	/* What is read at the first use is read now. */
	if (text_sheet_init(&sheet, &all, 400, 400))
		text_sheet_done(&sheet);
}

/* --- what can be shown ----------------------------------------------------- */

static bool
has_glyph(gunichar c)
{
	FcCharSet *set;

	for (int i = 0; i < found->nfont; i++)
		if (FcPatternGetCharSet(found->fonts[i], FC_CHARSET, 0, &set) ==
		    FcResultMatch && FcCharSetHasChar(set, c))
			return true;
	return false;
}

static bool
is_joiner(gunichar c)
{
	return c == 0x200c || c == 0x200d;
}

static bool
is_shown(gunichar c)
{
	if (is_joiner(c))
		return true;
	/* Selectors of variants, and what else is no letter. */
	if ((c >= 0xfe00 && c <= 0xfe0f) || c == 0xfffc || c == 0xfffd)
		return false;
	switch (g_unichar_type(c)) {
	case G_UNICODE_CONTROL:
	case G_UNICODE_FORMAT:
	case G_UNICODE_SURROGATE:
	case G_UNICODE_PRIVATE_USE:
	case G_UNICODE_UNASSIGNED:
	case G_UNICODE_LINE_SEPARATOR:
	case G_UNICODE_PARAGRAPH_SEPARATOR:
		return false;
	default:
		return has_glyph(c);
	}
}

/* Without what no font can show, and one space where there were some. Valid UTF-8. */
static GString *
showable(struct str text)
{
	GString *out = g_string_new(NULL);
	const char *end = text.p + text.n;
	int chars = 0, marks = 0;
	bool space = false, seen = false;

	for (const char *p = text.p; p < end && chars < TITLE_CHARS;
	    p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);

		if (g_unichar_isspace(c)) {
			space = out->len > 0;
			continue;
		}
		marks = g_unichar_ismark(c) ? marks + 1 : 0;
		if (marks > MARKS_MAX || !is_shown(c))
			continue;
		if (space)
			g_string_append_c(out, ' ');
		g_string_append_unichar(out, c);
		space = false;
		seen = seen || g_unichar_isgraph(c);
		chars++;
	}
	if (!seen)
		g_string_truncate(out, 0);
	return out;
}

/* --- laying out ------------------------------------------------------------ */

/* How a line of text looks. */
struct look {
	int px, lines;		/* letters; the most lines */
	int spacing;		/* between letters, a 1000th of px */
	bool italic;
};

/* The largest that fits is taken. */
static const struct look titles[] = { { 72, 2, 0, false },
	{ 62, 3, 0, false }, { 52, 4, 0, false }, { 43, 5, 0, false } };
static const struct look stones[] = { { 31, 2, 0, true }, { 26, 3, 0, true } };
static const struct look metals[] = { { 20, 2, 110, false } };
static const struct look mark = { 25, 1, 160, false };

static PangoLayout *
lay_out(const GString *text, const struct look *look, int width)
{
	PangoLayout *layout = pango_layout_new(context);
	PangoFontDescription *font = pango_font_description_new();
	PangoAttrList *attributes = pango_attr_list_new();

	pango_font_description_set_family_static(font, FONT_FAMILIES);
	pango_font_description_set_absolute_size(font, look->px * PANGO_SCALE);
	if (look->italic)
		pango_font_description_set_style(font, PANGO_STYLE_ITALIC);
	pango_layout_set_font_description(layout, font);
	pango_font_description_free(font);
	if (look->spacing != 0)
		pango_attr_list_insert(attributes, pango_attr_letter_spacing_new(
		    look->px * look->spacing * PANGO_SCALE / 1000));
	pango_layout_set_attributes(layout, attributes);
	pango_attr_list_unref(attributes);
	pango_layout_set_text(layout, text->str, (int)text->len);
	pango_layout_set_alignment(layout, PANGO_ALIGN_CENTER);
	pango_layout_set_line_spacing(layout, 0.95F);
	pango_layout_set_width(layout, width * PANGO_SCALE);
	return layout;
}

static bool
fits(PangoLayout *layout, int lines)
{
	PangoRectangle logical;

	pango_layout_set_wrap(layout, PANGO_WRAP_WORD);
	pango_layout_get_extents(layout, NULL, &logical);
	return pango_layout_get_line_count(layout) <= lines &&
	    logical.width <= pango_layout_get_width(layout);
}

/* As narrow as it can be with as many lines, so that no last line has one word. */
static void
balance(PangoLayout *layout)
{
	int lines = pango_layout_get_line_count(layout);
	int high = pango_layout_get_width(layout) / PANGO_SCALE;
	int low = high / 2, middle;

	if (lines < 2)
		return;
	while (high - low > 4) {
		middle = (low + high) / 2;
		pango_layout_set_width(layout, middle * PANGO_SCALE);
		if (fits(layout, lines))
			high = middle;
		else
			low = middle;
	}
	pango_layout_set_width(layout, high * PANGO_SCALE);
}

/* In the largest look that holds all of it, else cut in the smallest. */
static PangoLayout *
set_text(const GString *text, const struct look *looks, size_t n, int width)
{
	PangoLayout *layout = NULL;

	for (size_t i = 0; i < n; i++) {
		g_clear_object(&layout);
		layout = lay_out(text, &looks[i], width);
		if (fits(layout, looks[i].lines)) {
			balance(layout);
			return layout;
		}
	}
	pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
	pango_layout_set_height(layout, -looks[n - 1].lines);
	pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
	return layout;
}

/* --- drawing --------------------------------------------------------------- */

/* What stands below each other; a layout of NULL is a rule. */
struct stack {
	struct { PangoLayout *layout; int gap; int height; } items[4];
	int n, height;
};

enum { RULE_WIDTH = 64, RULE_HEIGHT = 2, MARK_FROM_BELOW = 62 };

static int
height_of(PangoLayout *layout)
{
	int height;

	pango_layout_get_pixel_size(layout, NULL, &height);
	return height;
}

/* The gap is to what stands above. */
static void
push(struct stack *stack, PangoLayout *layout, int gap)
{
	int height = layout == NULL ? RULE_HEIGHT : height_of(layout);

	gap = stack->n == 0 ? 0 : gap;
	stack->items[stack->n].layout = layout;
	stack->items[stack->n].gap = gap;
	stack->items[stack->n++].height = height;
	stack->height += gap + height;
}

#define LOOKS(looks) (looks), sizeof (looks) / sizeof (looks)[0]

static void
fill(struct stack *stack, const struct image_card_text *text, int width)
{
	GString *title = showable(text->title), *stone = showable(text->stone);
	GString *metal = showable(text->metals);

	if (title->len > 0)
		push(stack, set_text(title, LOOKS(titles), width), 0);
	if (title->len > 0 && stone->len + metal->len > 0)
		push(stack, NULL, 26);
	if (stone->len > 0)
		push(stack, set_text(stone, LOOKS(stones), width), 24);
	if (metal->len > 0)
		push(stack, set_text(metal, LOOKS(metals), width), 14);
	(void)g_string_free(title, TRUE);
	(void)g_string_free(stone, TRUE);
	(void)g_string_free(metal, TRUE);
}

/* The layouts are given back. */
static void
draw(cairo_t *ink, cairo_t *accent, struct stack *stack, int width, int top)
{
	for (int i = 0; i < stack->n; i++) {
		PangoLayout *layout = stack->items[i].layout;

		top += stack->items[i].gap;
		if (layout == NULL) {
			cairo_rectangle(accent, (width - RULE_WIDTH) / 2, top,
			    RULE_WIDTH, RULE_HEIGHT);
			cairo_fill(accent);
		} else {
			cairo_move_to(ink, (width - pango_layout_get_width(layout)
			    / (double)PANGO_SCALE) / 2, top);
			pango_cairo_show_layout(ink, layout);
			g_object_unref(layout);
		}
		top += stack->items[i].height;
	}
}

static void
draw_mark(cairo_t *accent, int width, int height)
{
	GString *name = g_string_new("bezel");
	PangoLayout *layout = lay_out(name, &mark, width);

	/* The space behind the last letter does not count. */
	cairo_move_to(accent, mark.px * mark.spacing / 2000.0,
	    height - MARK_FROM_BELOW - height_of(layout) / 2);
	pango_cairo_show_layout(accent, layout);
	g_object_unref(layout);
	(void)g_string_free(name, TRUE);
}

static cairo_t *
begin(struct text_sheet *sheet, int i)
{
	cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_A8,
	    sheet->width, sheet->height);
	cairo_t *cairo = cairo_create(surface);

	sheet->surfaces[i] = surface;
	return cairo;
}

static const unsigned char *
finish(struct text_sheet *sheet, int i, cairo_t *cairo)
{
	cairo_surface_t *surface = sheet->surfaces[i];

	cairo_destroy(cairo);
	cairo_surface_flush(surface);
	sheet->stride = cairo_image_surface_get_stride(surface);
	return cairo_image_surface_get_data(surface);
}

bool
text_can_show(const struct image_card_text *text)
{
	const struct str parts[] = { text->title, text->stone, text->metals };
	bool any = false;

	for (size_t i = 0; fonts != NULL && i < 3; i++) {
		GString *part = showable(parts[i]);

		any = any || part->len > 0;
		(void)g_string_free(part, TRUE);
	}
	return any;
}

bool
text_sheet_init(struct text_sheet *ret_sheet,
    const struct image_card_text *text, int width, int height)
{
	struct stack stack = { .n = 0 };
	cairo_t *ink, *accent;

	if (!text_can_show(text))
		return false;
	*ret_sheet = (struct text_sheet){ .width = width, .height = height };
	ink = begin(ret_sheet, 0);
	accent = begin(ret_sheet, 1);
	fill(&stack, text, width);
	/* In the middle of what the mark leaves. */
	draw(ink, accent, &stack, width,
	    (height - MARK_FROM_BELOW / 2 - stack.height) / 2);
	draw_mark(accent, width, height);
	ret_sheet->ink = finish(ret_sheet, 0, ink);
	ret_sheet->accent = finish(ret_sheet, 1, accent);
	if (ret_sheet->ink != NULL && ret_sheet->accent != NULL)
		return true;
	text_sheet_done(ret_sheet);
	return false;
}

void
text_sheet_done(struct text_sheet *sheet)
{
	cairo_surface_destroy(sheet->surfaces[0]);
	cairo_surface_destroy(sheet->surfaces[1]);
}
