/*
 * gems.h - what is known of stones, cuts and metals.
 *
 * The rows stand in species.def, colors.def, cuts.def and metals.def with their
 * sources; everything here is constant and lives for ever. Lengths are in
 * millimetres, weights in carats (0.2 g), specific gravity in g/cm3. Weights
 * from sizes are estimates of un-mounted stones of usual proportions: advice
 * with a range, never a reason to refuse.
 */
#ifndef BEZEL_GEMS_GEMS_H
#define BEZEL_GEMS_GEMS_H

#include "base/str.h"

enum gem_species_id {
#define SPECIES(id, ...) GEM_##id,
#include "gems/species.def"
#undef SPECIES
	GEM_SPECIES_COUNT,
	GEM_ANY = GEM_SPECIES_COUNT	/* in colour rows: of no certain species */
};

enum gem_cut_id {
#define CUT(id, ...) CUT_##id,
#include "gems/cuts.def"
#undef CUT
	CUT_COUNT
};

enum gem_metal_id {
#define METAL(id, ...) METAL_##id,
#include "gems/metals.def"
#undef METAL
	METAL_COUNT
};

enum gem_finish_id { FINISH_POLISHED, FINISH_MATTE, FINISH_HAMMERED, FINISH_COUNT };

enum gem_transparency_id {
	GEM_TRANSPARENT,
	GEM_SEMI_TRANSPARENT,
	GEM_OPAQUE,
	GEM_TRANSPARENCY_COUNT
};

/* What makes a species look like itself beyond its colour. */
enum gem_look {
	GEM_LOOK_CRYSTAL,	/* clear */
	GEM_LOOK_PEARL,		/* lustre */
	GEM_LOOK_OPAL,		/* play of colour */
	GEM_LOOK_VEINED,	/* dark matrix: turquoise */
	GEM_LOOK_FLECKED,	/* gold flecks: lapis lazuli */
	GEM_LOOK_MARBLED,	/* clouds: jade */
	GEM_LOOK_SHEEN,		/* a glow that floats: moonstone */
	GEM_LOOK_PLAIN		/* onyx */
};

enum gem_area { GEM_AREA_PRODUCT, GEM_AREA_MEAN };

struct gem_species {
	enum gem_species_id id;
	const char *name;
	double sg, sg_low, sg_high;
	double ri_low, ri_high;
	double mohs_low, mohs_high;
	enum gem_transparency_id transparency;
	enum gem_look look;
	const char *words;
};

struct gem_color {
	enum gem_species_id species;
	const char *name;
	uint32_t rgb;		/* sRGB, 0xRRGGBB */
	const char *words;
};

struct gem_cut {
	enum gem_cut_id id;
	const char *name;
	double length_to_width;
	enum gem_area area;
	double k;
	enum gem_area diamond_area;
	double depth_low, depth_high;	/* percent of the width; 0: unsourced */
	double depth_usual;
	int facets_low, facets_high;	/* without the girdle's */
	const char *words;
};

struct gem_metal {
	enum gem_metal_id id;
	const char *name;
	uint32_t rgb;
	const char *words;
};

struct gem_alloy {
	enum gem_metal_id metal;
	const char *grade;
	int fineness;		/* parts per 1000 */
	double density, density_low, density_high;
};

/* The catalogue, in the order in which a composer offers it. */
extern const struct gem_species gem_species[GEM_SPECIES_COUNT];
extern const struct gem_cut gem_cuts[CUT_COUNT];
extern const struct gem_metal gem_metals[METAL_COUNT];
extern const char *const gem_finishes[FINISH_COUNT];
extern const char *const gem_transparencies[GEM_TRANSPARENCY_COUNT];

/* The usual colours of a species (or of GEM_ANY), the most usual first. */
const struct gem_color *gems_colors(enum gem_species_id species,
    size_t *ret_count);
/* The alloys of a metal, the usual one first. */
const struct gem_alloy *gems_alloys(enum gem_metal_id metal, size_t *ret_count);

/*
 * The nearest row for free text: its own name, else one of its words, else a
 * name or word that stands in the text (the longest wins, the earlier of
 * equals), else a name with at most two letters wrong. NULL: nothing is near.
 */
const struct gem_species *gems_find_species(struct str text);
const struct gem_cut *gems_find_cut(struct str text);
const struct gem_metal *gems_find_metal(struct str text);
/* The colours of the species first, then those of no certain species. */
const struct gem_color *gems_find_color(enum gem_species_id species,
    struct str text);
/* -1: nothing is near. */
int gems_find_finish(struct str text);
int gems_find_transparency(struct str text);

/* Whether the word or phrase stands in the text between word borders, whatever
 * the case; a plural "s" may follow. */
bool gems_text_has(struct str text, const char *phrase);

struct gem_weight {
	double carat, low, high;	/* low and high: the range to expect, +/- 10 % */
	bool depth_assumed;	/* no depth was given: the usual one was taken */
	bool unsourced;		/* a figure in this has no public source */
};

enum { GEM_WEIGHT_SPREAD_PERCENT = 10 };

/* Depth 0 means "not said"; so does length 0 (then the cut's usual ratio). False:
 * no width, or something negative or not finite. */
bool gems_weight(enum gem_species_id species, enum gem_cut_id cut,
    double length_mm, double width_mm, double depth_mm,
    struct gem_weight *ret_weight);

struct gem_size {
	double length_mm, width_mm, depth_mm;
};

/* The size of a stone of this weight with the cut's usual depth. Length to
 * width 0 means the usual. False: no weight. */
bool gems_size(enum gem_species_id species, enum gem_cut_id cut, double carat,
    double length_to_width, struct gem_size *ret_size);

enum gem_advice {
	GEM_ADVICE_NONE,	/* nothing to compare */
	GEM_ADVICE_FITS,
	GEM_ADVICE_LIGHT,	/* the weight is less than the size suggests */
	GEM_ADVICE_HEAVY
};

/* Holds a weight against a size; the range that was expected is in *ret_weight. */
enum gem_advice gems_check_weight(enum gem_species_id species,
    enum gem_cut_id cut, double length_mm, double width_mm, double depth_mm,
    double carat, struct gem_weight *ret_weight);

#endif
