#include "config.h"

#include "image/program/card.h"

#include <math.h>

#include "image/image.h"
#include "image/program/text.h"

/*
 * The picture stands whole at the left, or in the middle when there is no text. Its edges
 * go on to the card's as a soft ground: the colours of its last rows and columns, blurred;
 * towards the text the ground becomes paper, or night when the picture is dark.
 */
enum {
	W = IMAGE_CARD_WIDTH, H = IMAGE_CARD_HEIGHT,
	BESIDE_TEXT = 720,	/* px: the widest picture beside a text */
	MARGIN = 64, GAP = 26,	/* of the text */
	FEATHER = 80,		/* px: where the picture becomes ground */
	DAWN = 130, DUSK = 240,	/* px before and behind its edge: ground becomes paper */
	COARSE = 10,		/* the ground is made so much smaller */
	COARSE_W = W / COARSE, COARSE_H = H / COARSE,
	INSET = 160,		/* px */
	DARK_BELOW = 118	/* of 255 */
};

struct tone {
	float paper[3], ink[3], accent[3];
	float strength;		/* of the paper where the text stands */
};

static const struct tone
light = { { 252, 250, 246 }, { 42, 38, 36 }, { 124, 92, 42 }, 0.64F },
dark = { { 17, 16, 19 }, { 246, 240, 230 }, { 214, 178, 112 }, 0.66F };

/* Where the picture is. */
struct place {
	int left, top, width, height;
	int text_left, text_width;	/* 0: none */
};

/* --- the parts ------------------------------------------------------------- */

static struct place
arrange(const VipsImage *full, bool with_text)
{
	double most = with_text ? BESIDE_TEXT : W;
	double scale = fmin(most / full->Xsize, (double)H / full->Ysize);
	struct place place = { 0 };

	place.width = (int)fmax(1, round(full->Xsize * scale));
	place.height = (int)fmax(1, round(full->Ysize * scale));
	place.top = (H - place.height) / 2;
	if (with_text) {
		place.text_left = place.width + GAP;
		place.text_width = W - MARGIN - place.text_left;
	} else
		place.left = (W - place.width) / 2;
	return place;
}

/* Three bands, in its size on the card. */
static int
fit_picture(VipsObject *context, VipsImage *full, const struct place *place,
    VipsImage **out)
{
	VipsImage **t = (VipsImage **)vips_object_local_array(context, 2);
	VipsArrayDouble *white = vips_array_double_newv(3, 255.0, 255.0, 255.0);
	VipsImage *opaque = full;
	int failed = 0;

	if (vips_image_hasalpha(full)) {
		failed = vips_flatten(full, &t[0], "background", white, NULL);
		opaque = t[0];
	}
	vips_area_unref(VIPS_AREA(white));
	if (failed != 0 || vips_thumbnail_image(opaque, &t[1], place->width,
	    "height", place->height, "size", VIPS_SIZE_FORCE, "no_rotate", TRUE,
	    NULL) != 0)
		return -1;
	*out = vips_image_copy_memory(t[1]);
	return *out == NULL ? -1 : 0;
}

/* The picture's edges, drawn out to the whole card: floats, COARSE_W x COARSE_H. What is blurred begins
 * somewhat within those that fade, else a stone near them would glow beyond. */
static int
make_ground(VipsObject *context, VipsImage *picture, const struct place *place,
    VipsImage **out)
{
	VipsImage **t = (VipsImage **)vips_object_local_array(context, 4);
	int aside = INSET < place->width / 4 ? INSET : place->width / 4;
	int above = INSET < place->height / 4 ? INSET : place->height / 4;
	int left = place->left > 0 ? aside : 0, top = place->top > 0 ? above : 0;
	int width = place->width - left -
	    (place->left + place->width < W ? aside : 0);

	if (vips_thumbnail_image(picture, &t[0], (width + COARSE - 1) / COARSE,
	    "height", (place->height - 2 * top + COARSE - 1) / COARSE,
	    "size", VIPS_SIZE_FORCE, "no_rotate", TRUE, NULL) != 0 ||
	    vips_embed(t[0], &t[1], (place->left + left) / COARSE,
		(place->top + top) / COARSE, COARSE_W, COARSE_H,
		"extend", VIPS_EXTEND_COPY, NULL) != 0 ||
	    vips_cast_float(t[1], &t[2], NULL) != 0 ||
	    vips_gaussblur(t[2], &t[3], top > 0 ? 16.0 : 7.0, "precision",
		VIPS_PRECISION_FLOAT, NULL) != 0)
		return -1;
	*out = vips_image_copy_memory(t[3]);
	return *out == NULL ? -1 : 0;
}

/* --- mixing ---------------------------------------------------------------- */

/* From 0 at 0 to 1 at 1, without corners. */
static float
smooth(float x)
{
	x = x < 0 ? 0 : x > 1 ? 1 : x;
	return x * x * (3 - 2 * x);
}

static float
mix(float a, float b, float share)
{
	return a + (b - a) * share;
}

/* How much of a picture's line there is at a point of it: edges that the card does not
 * cut off fade. */
static float
presence(int at, int from, int n, int end)
{
	float share = 1;
	float feather = FEATHER < n / 4 ? FEATHER : (float)n / 4;

	if (at < from || at >= from + n)
		return 0;
	if (from > 0)
		share *= smooth(((float)(at - from) + 0.5F) / feather);
	if (from + n < end)
		share *= smooth(((float)(from + n - at) - 0.5F) / feather);
	return share;
}

/* Of the ground where the text will stand. */
static float
brightness(const VipsImage *ground, const struct place *place)
{
	const float *p = (const float *)(const void *)ground->data;
	double sum = 0;
	int n = 0;

	for (int y = 0; y < COARSE_H; y++)
		for (int x = place->text_left / COARSE; x < COARSE_W; x++, n++) {
			const float *v = p + 3 * (y * COARSE_W + x);

			sum += 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2];
		}
	return (float)(sum / n);
}

/* Noise of half a step, so that soft grounds show no bands. */
static float
grain(uint32_t *state)
{
	*state = *state * 1664525U + 1013904223U;
	return (float)(*state >> 8) / (1 << 24);
}

struct layers {
	const struct place *place;
	const VipsImage *ground, *picture;
	const struct text_sheet *sheet;		/* NULL: none */
	const struct tone *tone;
	float picture_share[W], paper_share[W];	/* of a column */
};

static void
fill_columns(struct layers *layers)
{
	const struct place *place = layers->place;
	int dawn = place->left + place->width - DAWN;

	for (int x = 0; x < W; x++) {
		layers->picture_share[x] = presence(x, place->left, place->width, W);
		layers->paper_share[x] = layers->sheet == NULL ? 0 :
		    layers->tone->strength *
		    smooth((float)(x - dawn) / (DAWN + DUSK));
	}
}

/* Between which two of n coarse points a point lies; how far. */
static float
between(int at, int n, int *ret_first, int *ret_second)
{
	float where = ((float)at + 0.5F) / COARSE - 0.5F;

	where = where < 0 ? 0 : where;
	*ret_first = (int)where;
	*ret_second = *ret_first + 1 < n ? *ret_first + 1 : *ret_first;
	return where - (float)*ret_first;
}

/* One row of the ground in its full width. */
static void
ground_row(const VipsImage *ground, int y, float *out)
{
	const float *p = (const float *)(const void *)ground->data;
	int above, below, left, right;
	float down = between(y, COARSE_H, &above, &below), aside;
	float line[COARSE_W * 3];

	for (int i = 0; i < COARSE_W * 3; i++)
		line[i] = mix(p[above * COARSE_W * 3 + i],
		    p[below * COARSE_W * 3 + i], down);
	for (int x = 0; x < W; x++) {
		aside = between(x, COARSE_W, &left, &right);
		for (int band = 0; band < 3; band++)
			*out++ = mix(line[left * 3 + band],
			    line[right * 3 + band], aside);
	}
}

/* Picture on ground, and paper on both. */
static void
mix_row(const struct layers *layers, int y, float *out)
{
	const struct place *place = layers->place;
	const VipsPel *picture = layers->picture->data +
	    (ptrdiff_t)(y - place->top) * place->width * 3;
	float down = presence(y, place->top, place->height, H);

	ground_row(layers->ground, y, out);
	for (int x = 0; x < W; x++) {
		float share = down * layers->picture_share[x];
		const VipsPel *p = picture + (ptrdiff_t)(x - place->left) * 3;

		for (int band = 0; band < 3; band++) {
			if (share > 0)
				*out = mix(*out, (float)p[band], share);
			*out = mix(*out, layers->tone->paper[band],
			    layers->paper_share[x]);
			out++;
		}
	}
}

static void
write_row(const struct layers *layers, int y, float *row)
{
	const struct text_sheet *sheet = layers->sheet;
	size_t at = (size_t)y * (size_t)sheet->stride;
	float *v = row + 3 * (ptrdiff_t)layers->place->text_left;

	for (int x = 0; x < sheet->width; x++, at++, v += 3) {
		float ink = (float)sheet->ink[at] / 255;
		float accent = (float)sheet->accent[at] / 255;

		for (int band = 0; band < 3; band++)
			v[band] = mix(mix(v[band], layers->tone->ink[band], ink),
			    layers->tone->accent[band], accent);
	}
}

static int
mix_all(const struct layers *layers, VipsImage **out)
{
	enum { BYTES = W * H * 3 };
	VipsPel *pixels = g_malloc(BYTES);
	VipsPel *to = pixels;
	float row[W * 3];
	uint32_t noise = 1;

	for (int y = 0; y < H; y++) {
		mix_row(layers, y, row);
		if (layers->sheet != NULL)
			write_row(layers, y, row);
		for (int i = 0; i < W * 3; i++) {
			float v = row[i] + grain(&noise);

			*to++ = (VipsPel)(v < 0 ? 0 : v > 255 ? 255 : v);
		}
	}
	*out = vips_image_new_from_memory_copy(pixels, BYTES, W, H, 3,
	    VIPS_FORMAT_UCHAR);
	g_free(pixels);
	if (*out == NULL)
		return -1;
	(*out)->Type = VIPS_INTERPRETATION_sRGB;
	return 0;
}

int
card_make(VipsObject *card, VipsImage *full,
    const struct image_card_text *text, VipsImage **out)
{
	VipsImage **t = (VipsImage **)vips_object_local_array(card, 2);
	struct place place = arrange(full, text_can_show(text));
	struct text_sheet sheet;
	struct layers layers = { .place = &place };
	int failed;

	if (fit_picture(card, full, &place, &t[0]) != 0 ||
	    make_ground(card, t[0], &place, &t[1]) != 0)
		return -1;
	layers.picture = t[0];
	layers.ground = t[1];
	layers.tone = brightness(t[1], &place) < DARK_BELOW ? &dark : &light;
	if (place.text_width > 0 &&
	    text_sheet_init(&sheet, text, place.text_width, H))
		layers.sheet = &sheet;
	fill_columns(&layers);
	failed = mix_all(&layers, out);
	if (layers.sheet != NULL)
		text_sheet_done(&sheet);
	return failed;
}
