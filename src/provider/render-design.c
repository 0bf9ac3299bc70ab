#include "config.h"

#include "provider/render-design.h"

#include <math.h>

const char *const render_pieces[PIECE_COUNT] = {
	"ring", "pendant", "earrings", "bracelet"
};

const char *const render_settings[SETTING_COUNT] = {
	"claws", "six_claws", "bezel", "halo", "three_stone"
};

const char *const render_bands[BAND_COUNT] = {
	"round", "tapered", "flat", "knife_edge", "twisted", "split", "pave"
};

/* Words of free text and what they choose. The first that stands there wins. */
struct word {
	const char *word;
	int value;
};

static const struct word piece_words[] = {
	{ "earring", PIECE_EARRINGS }, { "ear stud", PIECE_EARRINGS },
	{ "stud", PIECE_EARRINGS }, { "hoop", PIECE_EARRINGS },
	{ "bracelet", PIECE_BRACELET }, { "bangle", PIECE_BRACELET },
	{ "cuff", PIECE_BRACELET }, { "pendant", PIECE_PENDANT },
	{ "necklace", PIECE_PENDANT }, { "locket", PIECE_PENDANT },
	{ "choker", PIECE_PENDANT }, { "ring", PIECE_RING },
	{ "engagement", PIECE_RING }, { NULL, 0 }
};

static const struct word setting_words[] = {
	{ "halo", SETTING_HALO }, { "bezel", SETTING_BEZEL },
	{ "rubover", SETTING_BEZEL }, { "three stone", SETTING_THREE_STONE },
	{ "three-stone", SETTING_THREE_STONE }, { "trilogy", SETTING_THREE_STONE },
	{ "side stone", SETTING_THREE_STONE }, { "six claw", SETTING_SIX_CLAWS },
	{ "six prong", SETTING_SIX_CLAWS }, { "vintage", SETTING_HALO },
	{ "art deco", SETTING_HALO }, { "solitaire", SETTING_CLAWS },
	{ "claw", SETTING_CLAWS }, { "prong", SETTING_CLAWS },
	{ "modern", SETTING_BEZEL }, { "minimal", SETTING_CLAWS }, { NULL, 0 }
};

static const struct word band_words[] = {
	{ "twisted", BAND_TWISTED }, { "twist", BAND_TWISTED },
	{ "rope", BAND_TWISTED }, { "braided", BAND_TWISTED },
	{ "vine", BAND_TWISTED }, { "pave", BAND_PAVE },
	{ "pavé", BAND_PAVE }, { "diamond band", BAND_PAVE },
	{ "split shank", BAND_SPLIT }, { "split", BAND_SPLIT },
	{ "knife edge", BAND_KNIFE }, { "knife-edge", BAND_KNIFE },
	{ "flat", BAND_FLAT }, { "cathedral", BAND_TAPERED },
	{ "tapered", BAND_TAPERED }, { "comfort", BAND_ROUND }, { NULL, 0 }
};

static bool
choose(const struct word *words, struct str text, int *value)
{
	for (; words->word != NULL; words++)
		if (gems_text_has(text, words->word)) {
			*value = words->value;
			return true;
		}
	return false;
}

const char *
render_piece_in(struct str text)
{
	int piece;

	return choose(piece_words, text, &piece) ? render_pieces[piece] : NULL;
}

/* What a variation looks like unless the words say otherwise. */
static const struct look {
	enum render_setting setting;
	enum render_band band;
} looks[PIECE_COUNT][VIEW_COUNT] = {
	[PIECE_RING] = { { SETTING_CLAWS, BAND_TAPERED }, { SETTING_HALO, BAND_PAVE },
	    { SETTING_BEZEL, BAND_FLAT }, { SETTING_SIX_CLAWS, BAND_TWISTED } },
	[PIECE_PENDANT] = { { SETTING_CLAWS, BAND_ROUND }, { SETTING_HALO, BAND_ROUND },
	    { SETTING_BEZEL, BAND_FLAT }, { SETTING_SIX_CLAWS, BAND_TWISTED } },
	[PIECE_EARRINGS] = { { SETTING_CLAWS, BAND_ROUND }, { SETTING_HALO, BAND_ROUND },
	    { SETTING_BEZEL, BAND_FLAT }, { SETTING_SIX_CLAWS, BAND_TWISTED } },
	[PIECE_BRACELET] = { { SETTING_CLAWS, BAND_TAPERED }, { SETTING_HALO, BAND_PAVE },
	    { SETTING_BEZEL, BAND_FLAT }, { SETTING_SIX_CLAWS, BAND_TWISTED } },
};

static void
choose_variation(struct render_design *design, struct str text)
{
	int variation = design->variation % VIEW_COUNT, value;
	const struct look *look = &looks[design->piece][variation];

	design->view = variation;
	design->setting = look->setting;
	design->band = look->band;
	if (choose(setting_words, text, &value))
		design->setting = (enum render_setting)value;
	if (choose(band_words, text, &value))
		design->band = (enum render_band)value;
}

static const struct gem_color *
usual_color(enum gem_species_id species)
{
	size_t count;

	return gems_colors(species, &count);
}

static void
choose_stone(struct render_design *design, const struct provider_request *request)
{
	const struct gem_species *species = gems_find_species(request->gem_type);
	const struct gem_color *color = NULL;
	int transparency;

	if (species == NULL)
		species = gems_find_species(request->prompt);
	design->species = species != NULL ? species : &gem_species[GEM_DIAMOND];
	design->cut = gems_find_cut(request->cut);
	if (design->species->look == GEM_LOOK_PEARL)
		design->cut = &gem_cuts[CUT_ROUND];	/* pearls are not cut */
	else if (design->cut == NULL)
		design->cut = &gem_cuts[design->species->transparency == GEM_TRANSPARENT ?
		    CUT_ROUND : CUT_CABOCHON];
	if (request->color.n > 0)
		color = gems_find_color(design->species->id, request->color);
	design->color = color != NULL ? color : usual_color(design->species->id);
	transparency = gems_find_transparency(request->transparency);
	design->transparency = transparency < 0 ? design->species->transparency :
	    (enum gem_transparency_id)transparency;
}

/* A length a picture can show; 0 when it was not said. */
static double
said(double mm)
{
	return isfinite(mm) && mm > 0 ? fmin(fmax(mm, 2), 40) : 0;
}

/* The width of a small, medium and large stone of that piece. */
static double
simple_width(struct str simple, enum render_piece piece)
{
	double scale = piece == PIECE_BRACELET ? 1.5 : 1;

	if (str_eq_nocase(simple, STR("small")))
		return 6 * scale;
	return (str_eq_nocase(simple, STR("large")) ? 10 : 8) * scale;
}

static void
choose_size(struct render_design *design, const struct provider_request *request)
{
	double ratio = design->cut->length_to_width, width = said(request->width_mm);
	double length = said(request->length_mm);
	struct gem_size size;

	if (width > 0 && length > 0)
		ratio = fmin(fmax(length / width, 0.4), 3.5);
	else if (length > 0)
		width = length / ratio;
	if (width == 0 && gems_size(design->species->id, design->cut->id,
	    request->carat_weight, ratio, &size))
		width = size.width_mm;
	if (width == 0)
		width = simple_width(request->size_simple, design->piece) / sqrt(ratio) *
		    (ratio > 1.6 ? 1.1 : 1);
	width = fmin(fmax(width, 3), 16);
	design->width_mm = width;
	design->length_mm = width * ratio;
	design->depth_mm = said(request->height_mm);
	if (design->depth_mm == 0)
		design->depth_mm = fmin(width, width * ratio) * design->cut->depth_usual / 100;
}

static void
choose_metal(struct render_design *design, const struct provider_request *request)
{
	const struct gem_metal *metal = NULL, *accent = NULL;
	int finish = gems_find_finish(request->finish);

	if (request->metal_count > 0)
		metal = gems_find_metal(request->metals[0]);
	if (metal == NULL)
		metal = gems_find_metal(request->prompt);
	if (request->metal_count > 1)
		accent = gems_find_metal(request->metals[1]);
	design->metal = metal != NULL ? metal->id : METAL_YELLOW_GOLD;
	design->accent = accent != NULL ? accent->id : design->metal;
	design->finish = finish < 0 ? FINISH_POLISHED : (enum gem_finish_id)finish;
}

static bool
kept(const struct provider_change *change, const char *word)
{
	for (size_t i = 0; i < change->preserve_count; i++)
		if (gems_text_has(change->preserve[i], word))
			return true;
	return false;
}

/* "emerald" alone is the stone: a cut is named by its own words here. */
static const struct gem_cut *
cut_in_words(struct str text)
{
	const struct gem_cut *cut;

	if (gems_text_has(text, "emerald cut") || gems_text_has(text, "emerald-cut"))
		return &gem_cuts[CUT_EMERALD];
	for (int i = 0; i < CUT_COUNT; i++)
		if (i != CUT_EMERALD && gems_text_has(text, gem_cuts[i].name))
			return &gem_cuts[i];
	cut = gems_find_cut(text);
	return cut == NULL || cut->id == CUT_EMERALD ? NULL : cut;
}

/* Colour words stand for metals too: "rose gold" does not make a stone rose. */
static const struct gem_color *
color_in_words(enum gem_species_id species, struct str text)
{
	const struct gem_color *color = gems_find_color(species, text);
	static const char *const gold[] = { "rose gold", "yellow gold", "white gold",
		"pink gold", "red gold", "gold", "golden", "silver" };

	for (size_t i = 0; color != NULL && i < sizeof gold / sizeof gold[0]; i++)
		if (gems_text_has(text, gold[i]) && !gems_text_has(text, "stone"))
			return NULL;
	return color;
}

/* Scales of a refinement: strength 0.5 is as said, 1.0 twice as much. */
static double
stronger(double factor, double strength)
{
	double s = isfinite(strength) && strength > 0 ? fmin(strength, 1) : 0.5;

	return 1 + (factor - 1) * 2 * s;
}

static bool
has_any(struct str text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (gems_text_has(text, *words))
			return true;
	return false;
}

static void
refine_stone(struct render_design *design, const struct provider_change *change)
{
	static const char *const bigger[] = { "bigger", "bigger stone", "larger",
		"larger stone", NULL };
	static const char *const smaller[] = { "smaller", "smaller stone", "tinier", NULL };
	struct str text = change->prompt;
	const struct gem_species *species = gems_find_species(text);
	const struct gem_cut *cut = cut_in_words(text);
	const struct gem_color *color;
	double scale = 1, ratio;

	if (species != NULL && cut != NULL && cut->id == CUT_EMERALD &&
	    species->id == GEM_EMERALD)
		species = NULL;
	if (species != NULL && species != design->species) {
		design->species = species;
		design->color = usual_color(species->id);
		design->transparency = species->transparency;
	}
	color = color_in_words(design->species->id, text);
	if (color != NULL)
		design->color = color;
	if (cut != NULL && cut != design->cut) {
		ratio = cut->length_to_width;
		design->width_mm *= sqrt(design->length_mm / design->width_mm / ratio);
		design->length_mm = design->width_mm * ratio;
		design->depth_mm = fmin(design->width_mm, design->length_mm) *
		    cut->depth_usual / 100;
		design->cut = cut;
	}
	if (has_any(text, bigger))
		scale = stronger(1.25, change->strength);
	else if (has_any(text, smaller))
		scale = 1 / stronger(1.25, change->strength);
	if (design->width_mm * scale > 16)
		scale = 16 / design->width_mm;
	design->width_mm *= scale;
	design->length_mm *= scale;
	design->depth_mm *= scale;
}

static void
refine_band(struct render_design *design, const struct provider_change *change)
{
	static const char *const thinner[] = { "thinner", "thin", "slimmer", "slim",
		"narrower", "delicate", "dainty", "finer", NULL };
	static const char *const wider[] = { "wider", "thicker", "chunky", "chunkier",
		"broader", "bolder", "wide", NULL };
	struct str text = change->prompt;
	int value;

	if (choose(band_words, text, &value))
		design->band = (enum render_band)value;
	if (has_any(text, thinner))
		design->band_scale /= stronger(1.3, change->strength);
	else if (has_any(text, wider))
		design->band_scale *= stronger(1.3, change->strength);
	design->band_scale = fmin(fmax(design->band_scale, 0.5), 2);
}

static void
refine_metal(struct render_design *design, struct str text)
{
	const struct gem_metal *metal = gems_find_metal(text);
	int finish = gems_find_finish(text);

	/* "yellow" and "rose" alone may mean the stone. */
	if (metal != NULL && (gems_text_has(text, metal->name) ||
	    gems_text_has(text, "gold") || gems_text_has(text, "silver") ||
	    metal->id >= METAL_PLATINUM)) {
		design->metal = metal->id;
		design->accent = metal->id;
	}
	if (finish >= 0)
		design->finish = (enum gem_finish_id)finish;
}

static void
refine(struct render_design *design, const struct provider_change *change)
{
	struct str text = change->prompt;
	int value;

	if (choose(piece_words, text, &value))
		design->piece = (enum render_piece)value;
	if (!kept(change, "setting") && choose(setting_words, text, &value))
		design->setting = (enum render_setting)value;
	if (!kept(change, "stone") && !kept(change, "gem"))
		refine_stone(design, change);
	if (!kept(change, "band"))
		refine_band(design, change);
	if (!kept(change, "metal"))
		refine_metal(design, text);
	/* A strong wish may also change the view. */
	if (change->strength > 0.8 && change->preserve_count == 0)
		design->view = (design->view + 1) % VIEW_COUNT;
}

void
render_design_of(const struct provider_request *request,
    struct render_design *ret_design)
{
	struct render_design design = { .band_scale = 1, .seed = request->seed,
		.quality = request->quality };
	int piece = PIECE_RING;

	design.variation = request->variation < 0 ? 0 : request->variation;
	(void)choose(piece_words, request->prompt, &piece);
	design.piece = (enum render_piece)piece;
	choose_stone(&design, request);
	choose_size(&design, request);
	choose_metal(&design, request);
	choose_variation(&design, request->prompt);
	if (request->is_refinement) {
		render_design_take_json(&design, request->base_parameters);
		for (size_t i = 0; i < request->earlier_count; i++)
			refine(&design, &request->earlier[i]);
		refine(&design, &request->change);
	}
	*ret_design = design;
}
