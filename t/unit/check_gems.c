#include "config.h"

#include "unit.h"

#include <math.h>

#include "gems/gems.h"

#define ck_near(a, b, tolerance) \
	ck_assert_msg(fabs((a) - (b)) <= (tolerance), "%g is not %g", (double)(a), (double)(b))

static double
carat(enum gem_species_id species, enum gem_cut_id cut, double l, double w, double d)
{
	struct gem_weight weight;

	ck_assert(gems_weight(species, cut, l, w, d, &weight));
	ck_near(weight.low, weight.carat * 0.9, 1e-9);
	ck_near(weight.high, weight.carat * 1.1, 1e-9);
	return weight.carat;
}

START_TEST(published_examples_of_weight)
{
	ck_near(carat(GEM_DIAMOND, CUT_ROUND, 10, 10, 6), 3.66, 0.001);
	ck_near(carat(GEM_DIAMOND, CUT_ROUND, 6.5, 6.5, 3.965), 1.022, 0.001);
	ck_near(carat(GEM_SAPPHIRE, CUT_ROUND, 6.5, 6.5, 3.965), 1.206, 0.001);
	ck_near(carat(GEM_DIAMOND, CUT_OVAL, 8, 6, 3.7), 1.124, 0.001);
}
END_TEST

START_TEST(diamond_factors_follow_length_to_width)
{
	/* emerald cut: 0.0080 up to 1.25, 0.0092 at 1.5, 0.0100 at 2.0 */
	ck_near(carat(GEM_DIAMOND, CUT_EMERALD, 6, 6, 4), 36 * 4 * 0.0080, 1e-9);
	ck_near(carat(GEM_DIAMOND, CUT_EMERALD, 9, 6, 4), 54 * 4 * 0.0092, 1e-9);
	ck_near(carat(GEM_DIAMOND, CUT_EMERALD, 10.5, 6, 4), 63 * 4 * 0.0096, 1e-9);
	ck_near(carat(GEM_DIAMOND, CUT_EMERALD, 24, 6, 4), 144 * 4 * 0.0106, 1e-9);
	/* the longer side may be called the width */
	ck_near(carat(GEM_DIAMOND, CUT_PEAR, 6, 9, 4), 54 * 4 * 0.0060, 1e-9);
	/* cushions: square and rectangular */
	ck_near(carat(GEM_RUBY, CUT_CUSHION, 6, 6, 4), 36 * 4 * 4.0 * 0.0018, 1e-9);
	ck_near(carat(GEM_RUBY, CUT_CUSHION, 8, 6, 4), 49 * 4 * 4.0 * 0.0022, 1e-9);
	/* no factor for diamond cabochons: the general form */
	ck_near(carat(GEM_DIAMOND, CUT_CABOCHON, 8, 6, 4), 48 * 4 * 3.52 * 0.0027, 1e-9);
}
END_TEST

START_TEST(size_and_weight_are_each_others_reverse)
{
	struct gem_size size;
	struct gem_weight weight;

	for (int s = 0; s < GEM_SPECIES_COUNT; s++)
		for (int c = 0; c < CUT_COUNT; c++) {
			ck_assert(gems_size(s, c, 1.7, 0, &size));
			ck_near(size.length_mm / size.width_mm,
			    gem_cuts[c].length_to_width, 1e-9);
			ck_assert(gems_weight(s, c, size.length_mm,
			    size.width_mm, size.depth_mm, &weight));
			ck_near(weight.carat, 1.7, 1e-6);
			ck_assert(!weight.depth_assumed);
		}
	ck_assert(!gems_size(GEM_RUBY, CUT_ROUND, 0, 0, &size));
	ck_assert(!gems_size(GEM_RUBY, CUT_ROUND, NAN, 0, &size));
	ck_assert(!gems_weight(GEM_RUBY, CUT_ROUND, 5, 0, 3, &weight));
	ck_assert(!gems_weight(GEM_RUBY, CUT_ROUND, 5, -5, 3, &weight));
	ck_assert(!gems_weight(GEM_RUBY, CUT_ROUND, INFINITY, 5, 3, &weight));
}
END_TEST

START_TEST(advice_says_light_and_heavy_and_what_it_assumed)
{
	struct gem_weight weight;

	ck_assert_int_eq(gems_check_weight(GEM_DIAMOND, CUT_ROUND, 6.5, 6.5, 0,
	    1.0, &weight), GEM_ADVICE_FITS);
	ck_assert(weight.depth_assumed && !weight.unsourced);
	ck_near(weight.carat, 1.022, 0.001);
	ck_assert_int_eq(gems_check_weight(GEM_DIAMOND, CUT_ROUND, 6.5, 6.5, 0,
	    0.9, &weight), GEM_ADVICE_LIGHT);
	ck_assert_int_eq(gems_check_weight(GEM_DIAMOND, CUT_ROUND, 6.5, 6.5, 0,
	    1.2, &weight), GEM_ADVICE_HEAVY);
	ck_assert_int_eq(gems_check_weight(GEM_DIAMOND, CUT_ROUND, 6.5, 6.5, 0,
	    0, &weight), GEM_ADVICE_NONE);
	/* the published depth of a marquise is missing, a trillion's k is ours */
	ck_assert(gems_weight(GEM_RUBY, CUT_MARQUISE, 10, 5, 0, &weight) && weight.unsourced);
	ck_assert(gems_weight(GEM_RUBY, CUT_MARQUISE, 10, 5, 3, &weight) && !weight.unsourced);
	ck_assert(gems_weight(GEM_RUBY, CUT_TRILLION, 6, 6, 3, &weight) && weight.unsourced);
	ck_assert(gems_weight(GEM_DIAMOND, CUT_TRILLION, 6, 6, 3, &weight) && !weight.unsourced);
}
END_TEST

START_TEST(rows_are_whole)
{
	size_t count, total = 0;

	for (int i = 0; i < GEM_SPECIES_COUNT; i++) {
		const struct gem_species *s = &gem_species[i];
		const struct gem_color *c = gems_colors(s->id, &count);

		ck_assert_int_eq(s->id, i);
		ck_assert_msg(count > 0, "%s has no colour", s->name);
		for (size_t j = 0; j < count; j++)
			ck_assert_int_eq(c[j].species, s->id);
		total += count;
		ck_assert_msg(s->sg_low <= s->sg && s->sg <= s->sg_high, "%s", s->name);
		ck_assert_msg(s->ri_low > 1.3 && s->ri_low <= s->ri_high &&
		    s->ri_high < 2.8, "%s", s->name);
		ck_assert_msg(s->mohs_low <= s->mohs_high && s->mohs_high <= 10, "%s", s->name);
	}
	(void)gems_colors(GEM_ANY, &count);
	ck_assert_uint_ge(count, 12);
	total += count;
	/* every colour row belongs to a run that was found above */
	size_t rows = 0;
#define COLOR(...) rows++;
#include "gems/colors.def"
#undef COLOR
	ck_assert_uint_eq(total, rows);
	for (int i = 0; i < METAL_COUNT; i++) {
		const struct gem_alloy *a = gems_alloys(i, &count);

		ck_assert_msg(count > 0, "%s", gem_metals[i].name);
		for (size_t j = 0; j < count; j++)
			ck_assert_msg(a[j].density_low <= a[j].density &&
			    a[j].density <= a[j].density_high, "%s %s",
			    gem_metals[i].name, a[j].grade);
	}
	for (int i = 0; i < CUT_COUNT; i++)
		ck_assert_msg(gem_cuts[i].length_to_width >= 1 && gem_cuts[i].k > 0.001,
		    "%s", gem_cuts[i].name);
}
END_TEST

START_TEST(free_text_finds_the_nearest_row)
{
	ck_assert_str_eq(gems_find_species(STR("sapphire"))->name, "Sapphire");
	ck_assert_str_eq(gems_find_species(STR("  RUBY "))->name, "Ruby");
	ck_assert_str_eq(gems_find_species(STR("saphire"))->name, "Sapphire");
	ck_assert_str_eq(gems_find_species(STR("a big tsavorite, please"))->name, "Tsavorite Garnet");
	ck_assert_str_eq(gems_find_species(STR("lapis"))->name, "Lapis Lazuli");
	ck_assert_str_eq(gems_find_species(STR("Rhodolite Garnet"))->name, "Rhodolite Garnet");
	ck_assert_ptr_null(gems_find_species(STR("unobtainium")));
	ck_assert_ptr_null(gems_find_species(STR("")));
	ck_assert_ptr_null(gems_find_species(STR_NULL));
	ck_assert_str_eq(gems_find_cut(STR("Emerald cut"))->name, "Emerald");
	ck_assert_str_eq(gems_find_cut(STR("square emerald"))->name, "Asscher");
	ck_assert_str_eq(gems_find_cut(STR("Pear Shaped"))->name, "Pear");
	ck_assert_ptr_null(gems_find_cut(STR("underground")));
	ck_assert_str_eq(gems_find_metal(STR("18k rose gold"))->name, "Rose Gold");
	ck_assert_str_eq(gems_find_metal(STR("gold"))->name, "Yellow Gold");
	ck_assert_str_eq(gems_find_metal(STR("in white gold"))->name, "White Gold");
	ck_assert_str_eq(gems_find_metal(STR("silver"))->name, "Sterling Silver");
	ck_assert_str_eq(gems_find_metal(STR("platnum"))->name, "Platinum");
	ck_assert_str_eq(gems_find_color(GEM_SAPPHIRE, STR("cornflower"))->name, "Blue");
	ck_assert_int_eq(gems_find_color(GEM_SAPPHIRE, STR("purple"))->species, GEM_ANY);
	ck_assert_int_eq(gems_find_color(GEM_DIAMOND, STR("white"))->species, GEM_DIAMOND);
	ck_assert_ptr_null(gems_find_color(GEM_DIAMOND, STR("quickly")));
	ck_assert_int_eq(gems_find_finish(STR("brushed")), FINISH_MATTE);
	ck_assert_int_eq(gems_find_finish(STR("Hammered")), FINISH_HAMMERED);
	ck_assert_int_eq(gems_find_finish(STR("??")), -1);
	ck_assert_int_eq(gems_find_transparency(STR("translucent")), GEM_SEMI_TRANSPARENT);
	ck_assert_int_eq(gems_find_transparency(STR("Opaque")), GEM_OPAQUE);
	ck_assert(gems_text_has(STR("Two earrings"), "earring"));
	ck_assert(!gems_text_has(STR("Two earrings"), "ring"));
	ck_assert(gems_text_has(STR("ring"), "ring"));
	ck_assert(!gems_text_has(STR("bring it"), "ring"));
}
END_TEST

UNIT_MAIN("gems", published_examples_of_weight,
    diamond_factors_follow_length_to_width,
    size_and_weight_are_each_others_reverse,
    advice_says_light_and_heavy_and_what_it_assumed, rows_are_whole,
    free_text_finds_the_nearest_row)
