#include "config.h"

#include "app/catalog.h"

#include "base/clock.h"
#include "codec/json.h"
#include "gems/gems.h"
#include "schema/documents.h"

static void
names(struct buf *buf, const char *const *values, size_t n)
{
	buf_add_char(buf, '[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_add_char(buf, ',');
		buf_add_json(buf, str_of(values[i]));
	}
	buf_add_char(buf, ']');
}

static void
enum_names(struct buf *buf, const struct enum_set *set)
{
	size_t n = 0;

	while (set->values[n] != NULL)
		n++;
	names(buf, set->values, n);
}

static void
gem_types(struct buf *buf)
{
	for (size_t i = 0; i < GEM_SPECIES_COUNT; i++) {
		const struct gem_species *s = &gem_species[i];
		const struct gem_color *colors;
		size_t n;

		colors = gems_colors(s->id, &n);
		buf_addz(buf, i == 0 ? "{\"name\":" : ",{\"name\":");
		buf_add_json(buf, str_of(s->name));
		buf_printf(buf, ",\"specific_gravity\":%.15g,\"refractive_index\":"
		    "[%.15g,%.15g],\"hardness\":[%.15g,%.15g],\"transparency\":",
		    s->sg, s->ri_low, s->ri_high, s->mohs_low, s->mohs_high);
		buf_add_json(buf, str_of(gem_transparencies[s->transparency]));
		buf_addz(buf, ",\"colors\":[");
		for (size_t k = 0; k < n; k++) {
			buf_addz(buf, k == 0 ? "{\"name\":" : ",{\"name\":");
			buf_add_json(buf, str_of(colors[k].name));
			buf_printf(buf, ",\"rgb\":\"#%06x\"}",
			    (unsigned)colors[k].rgb);
		}
		buf_addz(buf, "]}");
	}
}

static void
metals(struct buf *buf)
{
	for (size_t i = 0; i < METAL_COUNT; i++) {
		const struct gem_alloy *alloys;
		size_t n;

		alloys = gems_alloys(gem_metals[i].id, &n);
		buf_addz(buf, i == 0 ? "{\"name\":" : ",{\"name\":");
		buf_add_json(buf, str_of(gem_metals[i].name));
		buf_printf(buf, ",\"rgb\":\"#%06x\",\"alloys\":[",
		    (unsigned)gem_metals[i].rgb);
		for (size_t k = 0; k < n; k++) {
			buf_addz(buf, k == 0 ? "{\"grade\":" : ",{\"grade\":");
			buf_add_json(buf, str_of(alloys[k].grade));
			buf_printf(buf, ",\"fineness\":%d,\"density\":%.15g}",
			    alloys[k].fineness, alloys[k].density);
		}
		buf_addz(buf, "]}");
	}
}

void
app_catalog_print(const struct app *app, struct buf *buf)
{
	buf_addz(buf, "{\"gem_types\":[");
	gem_types(buf);
	buf_addz(buf, "],\"cuts\":[");
	for (size_t i = 0; i < CUT_COUNT; i++) {
		buf_addz(buf, i == 0 ? "{\"name\":" : ",{\"name\":");
		buf_add_json(buf, str_of(gem_cuts[i].name));
		buf_printf(buf, ",\"length_to_width\":%.15g,\"facets\":[%d,%d]}",
		    gem_cuts[i].length_to_width, gem_cuts[i].facets_low,
		    gem_cuts[i].facets_high);
	}
	buf_addz(buf, "],\"metals\":[");
	metals(buf);
	buf_addz(buf, "],\"finishes\":");
	enum_names(buf, &enum_finish);
	buf_addz(buf, ",\"transparencies\":");
	enum_names(buf, &enum_transparency);
	buf_addz(buf, ",\"sizes\":");
	enum_names(buf, &enum_stone_size);
	buf_printf(buf, ",\"limits\":{\"prompt_characters\":1000,"
	    "\"variations\":{\"min\":2,\"max\":4,\"default\":3},"
	    "\"metals\":4,\"upload_bytes\":10485760,\"guest_daily\":%lld},"
	    "\"provider\":\"%s\"}", (long long)app->conf->guest_daily,
	    app->conf->provider == CONF_PROVIDER_GEMINI ? "gemini"
	    : app->conf->provider == CONF_PROVIDER_MEM ? "mem" : "render");
}

/* --- advice -------------------------------------------------------------- */

static double
known(double v)
{
	return isnan(v) ? 0 : v;
}

static void
add_check(struct buf *buf, bool *first, const char *code, const char *level,
    struct str message)
{
	buf_printf(buf, "%s{\"code\":\"%s\",\"level\":\"%s\",\"message\":",
	    *first ? "" : ",", code, level);
	*first = false;
	buf_add_json(buf, message);
	buf_add_char(buf, '}');
}

static void
check_weight(struct arena *arena, const struct gem_data *gem, struct buf *buf,
    bool *first)
{
	const struct gem_species *species = gems_find_species(gem->type);
	const struct gem_cut *cut = gems_find_cut(gem->cut);
	const struct dimensions *d = gem->size.dimensions;
	double carat = known(gem->size.carat_weight);
	struct gem_weight w;
	struct gem_size s;
	enum gem_advice advice;

	if (species == NULL || cut == NULL) {
		add_check(buf, first, "unknown_stone", "info", STR("Species or cut "
		    "is not in the catalogue: weight and size are not compared."));
		return;
	}
	if (d != NULL && !isnan(d->width_mm) && carat > 0) {
		advice = gems_check_weight(species->id, cut->id,
		    known(d->length_mm), d->width_mm, known(d->height_mm), carat,
		    &w);
		if (advice == GEM_ADVICE_NONE)
			return;
		add_check(buf, first, advice == GEM_ADVICE_FITS ? "weight_fits"
		    : advice == GEM_ADVICE_LIGHT ? "weight_low" : "weight_high",
		    advice == GEM_ADVICE_FITS ? "ok" : "advice",
		    arena_printf(arena, "A %s %s of this size usually weighs %.2f "
		    "to %.2f ct.%s", cut->name, species->name, w.low, w.high,
		    w.depth_assumed ? " (usual depth taken)" : ""));
	} else if (d != NULL && gems_weight(species->id, cut->id,
	    known(d->length_mm), known(d->width_mm), known(d->height_mm), &w)) {
		add_check(buf, first, "weight_estimate", "info",
		    arena_printf(arena, "A %s %s of this size weighs about %.2f ct "
		    "(%.2f to %.2f).", cut->name, species->name, w.carat, w.low,
		    w.high));
	} else if (carat > 0 && gems_size(species->id, cut->id, carat, 0, &s)) {
		add_check(buf, first, "size_estimate", "info",
		    arena_printf(arena, "A %s %s of %.2f ct is about %.1f x %.1f x "
		    "%.1f mm.", cut->name, species->name, carat, s.length_mm,
		    s.width_mm, s.depth_mm));
	}
}

void
app_checks_print(struct arena *arena, struct str bson, struct buf *buf)
{
	struct design design;
	bool first = true;

	doc_read(&doc_design, bson, &design, arena);
	buf_addz(buf, "{\"checks\":[");
	check_weight(arena, &design.gem_data, buf, &first);
	buf_addz(buf, "],\"note\":\"Estimates of un-mounted stones of usual "
	    "proportions; advice, never a rule.\"}");
}

/* --- versions ------------------------------------------------------------ */

/* Of a damaged document: null where nothing can be shown. */
static void
add_url(struct buf *buf, const char *name, struct str key, doc_url_fn *url,
    void *url_arg)
{
	buf_printf(buf, ",\"%s\":", name);
	if (key.p == NULL)
		buf_addz(buf, "null");
	else
		url(url_arg, buf, key);
}

static void
add_made_at(struct buf *buf, int64_t ms)
{
	buf_addz(buf, ",\"made_at\":");
	buf_add_json_time(buf, ms);
}

void
app_versions_print(struct arena *arena, struct str bson, doc_url_fn *url,
    void *url_arg, struct buf *buf)
{
	struct design design;

	doc_read(&doc_design, bson, &design, arena);
	buf_addz(buf, "{\"current\":");
	if (design.current_version == NULL)
		buf_addz(buf, "null");
	else
		buf_add_json(buf, design.current_version->image_id);
	buf_addz(buf, ",\"versions\":[");
	for (size_t i = 0; i < design.generated_images.n; i++) {
		const struct generated_image *v = &design.generated_images.items[i];

		buf_addz(buf, i == 0 ? "{\"id\":" : ",{\"id\":");
		buf_add_json(buf, v->image_id);
		buf_addz(buf, ",\"type\":\"original\",\"base_id\":null,\"prompt\":");
		buf_add_json(buf, design.original_prompt);
		add_url(buf, "image_url", v->image_url, url, url_arg);
		add_url(buf, "thumbnail_url", v->thumbnail_url, url, url_arg);
		add_made_at(buf, v->generated_at);
		buf_add_char(buf, '}');
	}
	for (size_t i = 0; i < design.refinements.n; i++) {
		const struct refinement *v = &design.refinements.items[i];

		buf_addz(buf, i + design.generated_images.n == 0 ? "{\"id\":"
		    : ",{\"id\":");
		buf_add_json(buf, v->refinement_id);
		buf_addz(buf, ",\"type\":\"refinement\",\"base_id\":");
		buf_add_json(buf, v->base_image_id);
		buf_addz(buf, ",\"prompt\":");
		buf_add_json(buf, v->prompt);
		add_url(buf, "image_url", v->refined_image_url, url, url_arg);
		add_url(buf, "thumbnail_url", v->refined_thumbnail_url, url, url_arg);
		add_made_at(buf, v->refined_at);
		buf_add_char(buf, '}');
	}
	buf_addz(buf, "]}");
}
