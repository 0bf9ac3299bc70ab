#include "config.h"

#include "gems/gems.h"

#include <math.h>

/* Rectangular cushions, ((l + w) / 2)^2 [W4]; from this ratio on they count as
 * rectangular (our own border). */
#define CUSHION_LONG_K 0.0022
#define CUSHION_LONG_RATIO 1.1

static const struct factor_row {
	enum gem_cut_id cut;
	double ratio, factor;
} factors[] = {
#define CUT(id, ...)
#define FACTOR(cut, ratio, factor) { CUT_##cut, ratio, factor },
#include "gems/cuts.def"
#undef FACTOR
#undef CUT
};

enum { FACTOR_COUNT = sizeof factors / sizeof factors[0] };

/* The whole factor of a diamond, or 0 when the cut has none. */
static double
diamond_factor(enum gem_cut_id cut, double ratio)
{
	const struct factor_row *low = NULL, *row;

	for (int i = 0; i < FACTOR_COUNT; i++) {
		row = &factors[i];
		if (row->cut != cut)
			continue;
		if (ratio <= row->ratio)
			return low == NULL ? row->factor : low->factor +
			    (row->factor - low->factor) * (ratio - low->ratio) /
			    (row->ratio - low->ratio);
		low = row;
	}
	return low == NULL ? 0 : low->factor;
}

static double
area(enum gem_area kind, double length_mm, double width_mm)
{
	double mean = (length_mm + width_mm) / 2;

	return kind == GEM_AREA_MEAN ? mean * mean : length_mm * width_mm;
}

static double
carat_of(enum gem_species_id species, const struct gem_cut *cut,
    double length_mm, double width_mm, double depth_mm)
{
	double ratio = length_mm > width_mm ? length_mm / width_mm : width_mm / length_mm;
	double factor = species == GEM_DIAMOND ? diamond_factor(cut->id, ratio) : 0;
	double k = cut->k;

	if (factor > 0)
		return area(cut->diamond_area, length_mm, width_mm) * depth_mm * factor;
	if (cut->id == CUT_CUSHION && ratio >= CUSHION_LONG_RATIO)
		k = CUSHION_LONG_K;
	return area(cut->area, length_mm, width_mm) * depth_mm *
	    gem_species[species].sg * k;
}

static bool
usable(double v)
{
	return isfinite(v) && v >= 0;
}

bool
gems_weight(enum gem_species_id species, enum gem_cut_id cut_id,
    double length_mm, double width_mm, double depth_mm,
    struct gem_weight *ret_weight)
{
	const struct gem_cut *cut = &gem_cuts[cut_id];
	struct gem_weight weight = { .depth_assumed = depth_mm == 0 };

	if (!usable(length_mm) || !usable(width_mm) || !usable(depth_mm) ||
	    width_mm == 0)
		return false;
	if (length_mm == 0)
		length_mm = width_mm * cut->length_to_width;
	if (depth_mm == 0)
		depth_mm = fmin(length_mm, width_mm) * cut->depth_usual / 100;
	weight.unsourced = (weight.depth_assumed &&
	    (cut->depth_low == 0 || cut->depth_high == 0)) ||
	    (cut_id == CUT_TRILLION && species != GEM_DIAMOND);
	weight.carat = carat_of(species, cut, length_mm, width_mm, depth_mm);
	weight.low = weight.carat * (100 - GEM_WEIGHT_SPREAD_PERCENT) / 100;
	weight.high = weight.carat * (100 + GEM_WEIGHT_SPREAD_PERCENT) / 100;
	*ret_weight = weight;
	return true;
}

bool
gems_size(enum gem_species_id species, enum gem_cut_id cut_id, double carat,
    double length_to_width, struct gem_size *ret_size)
{
	const struct gem_cut *cut = &gem_cuts[cut_id];
	double ratio = length_to_width > 0 ? length_to_width : cut->length_to_width;
	double depth = cut->depth_usual / 100, width;

	if (!isfinite(carat) || carat <= 0 || !isfinite(ratio) || ratio <= 0)
		return false;
	/* The weight goes with the cube of the width. */
	width = cbrt(carat / carat_of(species, cut, ratio, 1,
	    depth * fmin(ratio, 1)));
	*ret_size = (struct gem_size){ width * ratio, width,
		width * depth * fmin(ratio, 1) };
	return true;
}

enum gem_advice
gems_check_weight(enum gem_species_id species, enum gem_cut_id cut,
    double length_mm, double width_mm, double depth_mm, double carat,
    struct gem_weight *ret_weight)
{
	struct gem_weight weight;

	if (!isfinite(carat) || carat <= 0 ||
	    !gems_weight(species, cut, length_mm, width_mm, depth_mm, &weight))
		return GEM_ADVICE_NONE;
	*ret_weight = weight;
	if (carat < weight.low)
		return GEM_ADVICE_LIGHT;
	return carat > weight.high ? GEM_ADVICE_HEAVY : GEM_ADVICE_FITS;
}
