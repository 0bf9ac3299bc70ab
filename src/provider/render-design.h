/*
 * render-design.h - what is to be pictured, in enumerated values and numbers.
 *
 * A request (provider.h) is turned into a design by looking its words up in
 * tables; nothing of the user's text goes further than this. The same request,
 * variation and seed give the same design.
 */
#ifndef BEZEL_PROVIDER_RENDER_DESIGN_H
#define BEZEL_PROVIDER_RENDER_DESIGN_H

#include "base/buf.h"
#include "gems/gems.h"
#include "provider/provider.h"

enum render_piece { PIECE_RING, PIECE_PENDANT, PIECE_EARRINGS, PIECE_BRACELET, PIECE_COUNT };

enum render_setting {
	SETTING_CLAWS,
	SETTING_SIX_CLAWS,
	SETTING_BEZEL,
	SETTING_HALO,
	SETTING_THREE_STONE,
	SETTING_COUNT
};

enum render_band {
	BAND_ROUND,
	BAND_TAPERED,
	BAND_FLAT,
	BAND_KNIFE,
	BAND_TWISTED,
	BAND_SPLIT,
	BAND_PAVE,
	BAND_COUNT
};

enum { VIEW_COUNT = 4, PARAMETERS_MAX_BYTES = 2048 };

struct render_design {
	enum render_piece piece;
	enum render_setting setting;
	enum render_band band;
	int view;		/* 0 to 3: camera and light */
	const struct gem_species *species;
	const struct gem_cut *cut;
	const struct gem_color *color;
	enum gem_transparency_id transparency;
	double length_mm, width_mm, depth_mm;
	enum gem_metal_id metal, accent;	/* accent: of the head; often the same */
	enum gem_finish_id finish;
	double band_scale;	/* 1: usual width */
	int variation;
	uint32_t seed;
	enum provider_quality quality;
};

extern const char *const render_pieces[PIECE_COUNT];
extern const char *const render_settings[SETTING_COUNT];
extern const char *const render_bands[BAND_COUNT];

/* Never fails: what is not said or not understood becomes what is usual. */
void render_design_of(const struct provider_request *request,
    struct render_design *ret_design);

/* The piece that a text speaks of ("ring"), or NULL. */
const char *render_piece_in(struct str text);

/* One JSON object, as result.parameters; and the reverse: takes over what it
 * finds by name and leaves the rest of *design alone. */
struct str render_design_json(struct arena *arena,
    const struct render_design *design);
void render_design_take_json(struct render_design *design, struct str json);

#endif
