#include "config.h"

#include "provider/render-design.h"
#include "provider/render.h"

#include <math.h>
#include <stdlib.h>

struct str
render_design_json(struct arena *arena, const struct render_design *design)
{
	struct buf buf;

	buf_init(&buf, arena, 1024, PARAMETERS_MAX_BYTES);
	buf_printf(&buf, "{\"preview_render\":true,\"renderer\":\"%s\",\"seed\":%lu,"
	    "\"variation\":%d,\"profile\":\"%s\"", RENDER_VERSION,
	    (unsigned long)design->seed, design->variation,
	    design->quality == PROVIDER_DRAFT ? "draft" : "final");
	buf_printf(&buf, ",\"piece\":\"%s\",\"setting\":\"%s\",\"band\":\"%s\",\"view\":%d",
	    render_pieces[design->piece], render_settings[design->setting],
	    render_bands[design->band], design->view);
	buf_printf(&buf, ",\"gem_type\":\"%s\",\"cut\":\"%s\",\"color\":\"%s\","
	    "\"transparency\":\"%s\"", design->species->name, design->cut->name,
	    design->color->name, gem_transparencies[design->transparency]);
	buf_printf(&buf, ",\"length_mm\":%.3f,\"width_mm\":%.3f,\"depth_mm\":%.3f",
	    design->length_mm, design->width_mm, design->depth_mm);
	buf_printf(&buf, ",\"metal\":\"%s\",\"accent_metal\":\"%s\",\"finish\":\"%s\","
	    "\"band_scale\":%.3f}", gem_metals[design->metal].name,
	    gem_metals[design->accent].name, gem_finishes[design->finish],
	    design->band_scale);
	return buf_str(&buf);
}

/* The value of a member in a flat object, a string without its quotes; null
 * when there is none. Names and values of ours have no escapes, and whatever
 * comes out is only looked up in tables. */
static struct str
member(struct str json, const char *name)
{
	size_t n = strlen(name), at, end;

	for (at = 0; at + n + 3 <= json.n; at++) {
		if (json.p[at] != '"' || memcmp(json.p + at + 1, name, n) != 0 ||
		    json.p[at + 1 + n] != '"')
			continue;
		at += n + 2;
		while (at < json.n && (json.p[at] == ' ' || json.p[at] == ':'))
			at++;
		if (at == json.n)
			return STR_NULL;
		if (json.p[at] == '"') {
			end = at + 1 + str_find(str_slice(json, at + 1, json.n), '"');
			return str_slice(json, at + 1, end);
		}
		for (end = at; end < json.n && strchr(",} \r\n\t", json.p[end]) == NULL;)
			end++;
		return str_slice(json, at, end);
	}
	return STR_NULL;
}

static void
take_word(struct str json, const char *name, const char *const *words, int count,
    int *value)
{
	struct str found = member(json, name);

	for (int i = 0; i < count; i++)
		if (str_eqz(found, words[i]))
			*value = i;
}

static void
take_number(struct str json, const char *name, double low, double high, double *value)
{
	struct str found = member(json, name);
	char text[32] = "", *end;
	double v;

	if (found.n == 0 || found.n >= sizeof text)
		return;
	memcpy(text, found.p, found.n);
	v = strtod(text, &end);
	if (*end == '\0' && isfinite(v))
		*value = fmin(fmax(v, low), high);
}

static void
take_stone(struct render_design *design, struct str json)
{
	struct str name = member(json, "gem_type");
	const struct gem_species *species = name.n == 0 ? NULL : gems_find_species(name);
	const struct gem_color *color;
	const struct gem_cut *cut;
	int transparency = (int)design->transparency;

	if (species != NULL)
		design->species = species;
	name = member(json, "cut");
	cut = name.n == 0 ? NULL : gems_find_cut(name);
	if (cut != NULL)
		design->cut = cut;
	name = member(json, "color");
	color = name.n == 0 ? NULL : gems_find_color(design->species->id, name);
	if (color != NULL)
		design->color = color;
	take_word(json, "transparency", gem_transparencies, GEM_TRANSPARENCY_COUNT,
	    &transparency);
	design->transparency = (enum gem_transparency_id)transparency;
	take_number(json, "length_mm", 2, 56, &design->length_mm);
	take_number(json, "width_mm", 2, 16, &design->width_mm);
	take_number(json, "depth_mm", 1, 40, &design->depth_mm);
}

static void
take_metal(struct str json, const char *name, enum gem_metal_id *metal)
{
	struct str found = member(json, name);
	const struct gem_metal *row = found.n == 0 ? NULL : gems_find_metal(found);

	if (row != NULL)
		*metal = row->id;
}

void
render_design_take_json(struct render_design *design, struct str json)
{
	int piece = (int)design->piece, setting = (int)design->setting;
	int band = (int)design->band, finish = (int)design->finish;
	double view = design->view;

	if (json.n == 0)
		return;
	take_word(json, "piece", render_pieces, PIECE_COUNT, &piece);
	take_word(json, "setting", render_settings, SETTING_COUNT, &setting);
	take_word(json, "band", render_bands, BAND_COUNT, &band);
	take_word(json, "finish", gem_finishes, FINISH_COUNT, &finish);
	take_number(json, "view", 0, VIEW_COUNT - 1, &view);
	take_number(json, "band_scale", 0.5, 2, &design->band_scale);
	design->piece = (enum render_piece)piece;
	design->setting = (enum render_setting)setting;
	design->band = (enum render_band)band;
	design->finish = (enum gem_finish_id)finish;
	design->view = (int)view;
	take_stone(design, json);
	take_metal(json, "metal", &design->metal);
	take_metal(json, "accent_metal", &design->accent);
}
