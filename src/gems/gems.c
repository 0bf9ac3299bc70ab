#include "config.h"

#include "gems/gems.h"

const struct gem_species gem_species[GEM_SPECIES_COUNT] = {
#define SPECIES(id, name, sg, sg_low, sg_high, ri_low, ri_high, mohs_low, \
    mohs_high, transparency, look, words) \
	{ GEM_##id, name, sg, sg_low, sg_high, ri_low, ri_high, mohs_low, \
	    mohs_high, GEM_##transparency, GEM_LOOK_##look, words },
#include "gems/species.def"
#undef SPECIES
};

static const struct gem_color colors[] = {
#define COLOR(species, name, rgb, words) { GEM_##species, name, rgb, words },
#include "gems/colors.def"
#undef COLOR
};

enum { COLOR_COUNT = sizeof colors / sizeof colors[0] };

const struct gem_cut gem_cuts[CUT_COUNT] = {
#define CUT(id, name, ratio, area, k, diamond_area, depth_low, depth_high, \
    depth_usual, facets_low, facets_high, words) \
	{ CUT_##id, name, ratio, GEM_AREA_##area, k, GEM_AREA_##diamond_area, \
	    depth_low, depth_high, depth_usual, facets_low, facets_high, words },
#include "gems/cuts.def"
#undef CUT
};

const struct gem_metal gem_metals[METAL_COUNT] = {
#define METAL(id, name, rgb, words) { METAL_##id, name, rgb, words },
#include "gems/metals.def"
#undef METAL
};

static const struct gem_alloy alloys[] = {
#define METAL(id, name, rgb, words)
#define ALLOY(metal, grade, fineness, density, low, high) \
	{ METAL_##metal, grade, fineness, density, low, high },
#include "gems/metals.def"
#undef ALLOY
#undef METAL
};

enum { ALLOY_COUNT = sizeof alloys / sizeof alloys[0] };

const char *const gem_finishes[FINISH_COUNT] = {
	"Polished", "Matte", "Hammered"
};

const char *const gem_transparencies[GEM_TRANSPARENCY_COUNT] = {
	"Transparent", "Semi-transparent", "Opaque"
};

const struct gem_color *
gems_colors(enum gem_species_id species, size_t *ret_count)
{
	size_t first = 0, end;

	while (first < COLOR_COUNT && colors[first].species != species)
		first++;
	for (end = first; end < COLOR_COUNT && colors[end].species == species;)
		end++;
	*ret_count = end - first;
	return colors + first;
}

const struct gem_alloy *
gems_alloys(enum gem_metal_id metal, size_t *ret_count)
{
	size_t first = 0, end;

	while (first < ALLOY_COUNT && alloys[first].metal != metal)
		first++;
	for (end = first; end < ALLOY_COUNT && alloys[end].metal == metal;)
		end++;
	*ret_count = end - first;
	return alloys + first;
}
