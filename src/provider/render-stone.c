#include "config.h"

#include "provider/render-scene.h"

struct color {
	double r, g, b;
};

/* sRGB to linear light. */
static double
linear(unsigned v)
{
	double s = v / 255.0;

	return s <= 0.04045 ? s / 12.92 : pow((s + 0.055) / 1.055, 2.4);
}

static struct color
linear_color(uint32_t rgb)
{
	return (struct color){ linear(rgb >> 16 & 255), linear(rgb >> 8 & 255),
		linear(rgb & 255) };
}

/* Beer and Lambert: light that has gone path_mm through the stone has the
 * colour's own share left of each channel. POV-Ray takes exp(-(1 - fade_color) *
 * way / fade_distance). */
static void
absorption(struct buf *out, struct color c, double path_mm)
{
	double r = -log(fmax(c.r, 0.004)), g = -log(fmax(c.g, 0.004));
	double b = -log(fmax(c.b, 0.004)), most = fmax(r, fmax(g, b));

	if (most < 1e-3)
		return;
	buf_printf(out, " fade_power 1001 fade_distance %.4f fade_color rgb<%.4f,%.4f,%.4f>",
	    path_mm / most, 1 - r / most, 1 - g / most, 1 - b / most);
}

static double
middle_index(const struct gem_species *species)
{
	return (species->ri_low + species->ri_high) / 2;
}

/* Small stones are a few dozen pixels: instead of a ray's whole way their pavilion
 * shows what such ways end in, bright and dark wedges that the crown's facets
 * break into a brilliant's pattern. */
static void
small_back(struct scene *scene)
{
	/* from the girdle (0.5) to the axis (1) */
	static const char *const wedges[] = {
		"[0.58 rgb 0.02][0.58 rgb 1.4][0.70 rgb 0.9][0.70 rgb 0.03][0.84 rgb 0.08]"
		    "[0.84 rgb 1.1]",
		"[0.56 rgb 1.2][0.56 rgb 0.10][0.66 rgb 0.03][0.66 rgb 1.2][0.86 rgb 1.5]"
		    "[0.86 rgb 0.05]",
		"[0.62 rgb 0.75][0.62 rgb 0.30][0.74 rgb 1.0][0.74 rgb 0.40][0.90 rgb 0.55]"
		    "[0.90 rgb 0.95]" };
	static const char order[] = "0120210212010212";
	struct buf *out = &scene->out;

	for (int i = 0; i < 3; i++)
		buf_printf(out, "#declare Side_wedge%d=pigment{cylindrical color_map{%s}}\n", i,
		    wedges[i]);
	buf_addz(out, "#declare Side_back=texture{pigment{radial pigment_map{");
	for (int i = 0; i < 16; i++)
		buf_printf(out, "[%.4f Side_wedge%c][%.4f Side_wedge%c]", i / 16.0, order[i],
		    (i + 1) / 16.0, order[i]);
	buf_addz(out, "}}finish{ambient 0 diffuse 0 emission 0.80 reflection 0.15}}\n");
}

/* Outside a mirror after Fresnel. Inside, the crown lets pass what is not totally
 * reflected, and the pavilion mirrors as if foiled: a stone never shows its
 * setting through a window, and a ray never splits inside. */
static void
crystal(struct scene *scene, const char *name, struct color c, double index,
    double path_mm, bool milky, bool small)
{
	struct buf *out = &scene->out;

	if (milky)
		buf_printf(out, "#declare %s_out=texture{pigment{rgbt<%.3f,%.3f,%.3f,0.62>}"
		    "finish{ambient 0 diffuse 0.75 specular 0.5 roughness 0.004 "
		    "reflection{0,1 fresnel}conserve_energy}}\n", name, c.r, c.g, c.b);
	else
		buf_printf(out, "#declare %s_out=texture{pigment{rgbt 1}finish{ambient 0 "
		    "diffuse 0 reflection{0,%s fresnel}conserve_energy}}\n", name, small ? "1" : "0.75");
	buf_printf(out, "#declare %s_in=texture{pigment{rgbt 1}finish{ambient 0 diffuse 0}}\n",
	    name);
	if (small)
		small_back(scene);
	else
		buf_printf(out, "#declare %s_back=texture{pigment{rgb<%.3f,%.3f,%.3f>}finish{ambient 0 diffuse 0 "
	    "emission %s reflection{0.78,0.99 falloff 1}}}\n", name, c.r, c.g, c.b,
		    c.r + c.g + c.b > 2 ? "0" : "0.11");
	buf_printf(out, "#declare %s_shell=texture{pigment{rgb<%.3f,%.3f,%.3f>}finish{ambient 0 "
	    "diffuse 0 emission 0.3 reflection{0.05,0.9 fresnel}}}\n", name,
	    c.r * 0.6, c.g * 0.6, c.b * 0.6);
	buf_printf(out, "#declare %s_deep=interior{ior %.4f", name, index);
	/* Fire, where it shows and where there is time for it. */
	if (index > 1.85 && !small && !scene->draft)
		buf_addz(out, " dispersion 1.04 dispersion_samples 3");
	absorption(out, c, path_mm);
	buf_addz(out, "}\n");
}

static const char *
pigment_of(struct scene *scene, struct color c)
{
	enum gem_look look = scene->design->species->look;
	double r = c.r, g = c.g, b = c.b;

	switch (look) {
	case GEM_LOOK_OPAL:
		/* flakes of pure colour, softened by broad drifts and a milky body */
		return arena_printf(scene->arena, "average pigment_map{"
		    "[0.45 rgb<%.3f,%.3f,%.3f>]"
		    "[1.5 crackle solid turbulence 0.35 octaves 3 color_map{"
		    "[0 rgb<0.05,0.50,0.70>][0.25 rgb<0.03,0.62,0.30>][0.45 rgb<0.10,0.28,0.85>]"
		    "[0.6 rgb<0.20,0.75,0.45>][0.75 rgb<0.95,0.45,0.08>][0.88 rgb<0.85,0.12,0.18>]"
		    "[1 rgb<0.35,0.14,0.75>]}scale<1.3,1.3,1.0>]"
		    "[0.8 bozo turbulence 0.5 color_map{[0.25 rgb<0.06,0.55,0.40>]"
		    "[0.45 rgb<0.10,0.35,0.80>][0.6 rgb<0.60,0.70,0.75>]"
		    "[0.75 rgb<0.90,0.55,0.15>]}scale 1.6]}", r, g, b).p;
	case GEM_LOOK_VEINED:
		return arena_printf(scene->arena, "crackle turbulence 0.25 color_map{"
		    "[0 rgb<0.05,0.03,0.02>][0.045 rgb<0.09,0.06,0.03>]"
		    "[0.09 rgb<%.3f,%.3f,%.3f>][1 rgb<%.3f,%.3f,%.3f>]}scale 2.6",
		    r * 0.85, g * 0.85, b * 0.85, r, g, b).p;
	case GEM_LOOK_FLECKED:
		return arena_printf(scene->arena, "granite turbulence 0.2 color_map{"
		    "[0 rgb<%.3f,%.3f,%.3f>][0.55 rgb<%.3f,%.3f,%.3f>]"
		    "[0.70 rgb<%.3f,%.3f,%.3f>][0.73 rgb<0.9,0.62,0.18>]"
		    "[1 rgb<0.95,0.7,0.25>]}scale 1.6", r * 0.6, g * 0.6, b * 0.6, r, g, b,
		    r, g, b).p;
	case GEM_LOOK_MARBLED:
		return arena_printf(scene->arena, "wrinkles turbulence 0.6 color_map{"
		    "[0 rgb<%.3f,%.3f,%.3f>][0.6 rgb<%.3f,%.3f,%.3f>]"
		    "[1 rgb<%.3f,%.3f,%.3f>]}scale 4", r * 0.6, g * 0.65, b * 0.6, r, g, b,
		    r * 0.7 + 0.3, g * 0.7 + 0.3, b * 0.7 + 0.28).p;
	case GEM_LOOK_PEARL:
		/* overtones: rose to the rim, a breath of green within */
		return arena_printf(scene->arena, "aoi color_map{[0.5 rgb<%.3f,%.3f,%.3f>]"
		    "[0.60 rgb<%.3f,%.3f,%.3f>][0.72 rgb<%.3f,%.3f,%.3f>]"
		    "[0.86 rgb<%.3f,%.3f,%.3f>][1 rgb<%.3f,%.3f,%.3f>]}",
		    r * 0.55, g * 0.46, b * 0.50, r * 0.86, g * 0.70, b * 0.74,
		    r * 0.92, g * 0.84, b * 0.84, r * 0.86, g * 0.88, b * 0.84,
		    r * 0.82, g * 0.80, b * 0.79).p;
	default:
		return arena_printf(scene->arena, "rgb<%.3f,%.3f,%.3f>", r, g, b).p;
	}
}

/* A pearl's lustre is a mirror just under a skin that is not quite even: the mean of
 * mirrors that are each turned a little, spread evenly over a disc (Vogel's spiral).
 * A mirror below 0.09 would be left out (adc_bailout). */
static void
pearl(struct scene *scene, struct color c)
{
	int mirrors = scene->draft ? 6 : 14;
	struct buf *out = &scene->out;

	buf_printf(out, "#declare Stone_skin=pigment{%s}\n#declare Stone_out=texture{"
	    "average texture_map{", pigment_of(scene, c));
	for (int i = 0; i < mirrors; i++) {
		double r = sqrt((i + 0.5) / mirrors), a = 2.39996 * i;

		buf_printf(out, "[1 pigment{Stone_skin}normal{gradient <%.4f,%.4f,%.4f>,%.4f "
		    "scale 200 translate 50}finish{ambient 0 emission 0.06 diffuse 0.75 "
		    "specular 0.30 roughness 0.03 reflection{0.10,0.32 fresnel}}]\n",
		    cos(a), 0.5 * sin(a), 0.8 * sin(a), 1.2 * r);
	}
	buf_addz(out, "}}\n");
}

static void
opaque(struct scene *scene, struct color c)
{
	if (scene->design->species->look == GEM_LOOK_PEARL)
		pearl(scene, c);
	else
		buf_printf(&scene->out, "#declare Stone_out=texture{pigment{%s}finish{ambient 0 "
		    "emission 0.08 diffuse 0.75 specular 0.55 roughness 0.004 "
		    "reflection{0.0,0.9 fresnel}}}\n", pigment_of(scene, c));
	buf_printf(&scene->out, "#declare Stone_in=texture{Stone_out}\n"
	    "#declare Stone_back=texture{Stone_out}\n#declare Stone_shell=texture{Stone_out}\n"
	    "#declare Stone_deep=interior{ior %.3f}\n",
	    middle_index(scene->design->species));
}

/* Moonstone: clear depth under a milky skin that glows. */
static void
sheen(struct scene *scene, struct color c)
{
	buf_printf(&scene->out, "#declare Stone_out=texture{pigment{aoi color_map{"
	    "[0.5 rgbt<%.3f,%.3f,%.3f,0.75>][0.8 rgbt<%.3f,%.3f,%.3f,0.35>]"
	    "[1 rgbt<%.3f,%.3f,%.3f,0.15>]}}finish{ambient 0 emission 0.12 diffuse 0.7 "
	    "specular 0.5 roughness 0.006 reflection{0,0.9 fresnel}}}\n"
	    "#declare Stone_in=texture{pigment{rgbt 1}finish{ambient 0 diffuse 0}}\n"
	    "#declare Stone_back=texture{pigment{rgb 0}finish{ambient 0 diffuse 0 "
	    "reflection{0.6,0.95 falloff 1}}}\n#declare Stone_shell=texture{pigment{rgb 0.5}finish{ambient 0 diffuse 0.5 "
	    "reflection{0.05,0.9 fresnel}}}\n#declare Stone_deep=interior{ior %.3f}\n", c.r, c.g, c.b, c.r * 0.9,
	    c.g * 0.95, c.b, c.r * 0.75, c.g * 0.88, c.b,
	    middle_index(scene->design->species));
}

static void
materials(struct scene *scene)
{
	const struct render_design *design = scene->design;
	struct color c = linear_color(design->color->rgb);
	const struct color white = { 0.93, 0.94, 0.95 };
	bool dark = c.r + c.g + c.b < 0.06;

	if (scene->mask) {
		buf_addz(&scene->out, "#declare Stone_out=texture{pigment{rgb<1,0,0>}finish{"
		    "ambient 0 diffuse 0 emission 1}}\n#declare Stone_in=texture{Stone_out}\n"
		    "#declare Stone_back=texture{Stone_out}#declare Stone_shell=texture{"
		    "Stone_out}#declare Side_shell=texture{pigment{rgb<0,0,1>}finish{ambient 0 "
		    "diffuse 0 emission 1}}#declare Side_back=texture{pigment{"
		    "rgb<0,0,1>}finish{ambient 0 diffuse 0 emission 1}}\n"
		    "#declare Stone_deep=interior{}\n#declare Side_out=texture{pigment{"
		    "rgb<0,0,1>}finish{ambient 0 diffuse 0 emission 1}}\n#declare Side_in="
		    "texture{Side_out}\n#declare Side_deep=interior{}\n");
		return;
	}
	if (design->species->look == GEM_LOOK_SHEEN &&
	    design->transparency != GEM_OPAQUE)
		sheen(scene, c);
	else if (design->transparency == GEM_OPAQUE || dark)
		opaque(scene, c);
	else
		crystal(scene, "Stone", c, middle_index(design->species),
		    0.72 * fmin(design->width_mm, design->length_mm),
		    design->transparency == GEM_SEMI_TRANSPARENT, false);
	crystal(scene, "Side", white, 2.417, 3, false, true);
}

/* The crown or the pavilion of a cut as a mesh of its own. POV-Ray tells the
 * inside by the order of the corners: clockwise seen from outside, by its
 * left-handed axes. */
static void
add_part(struct scene *scene, const struct cut_mesh *mesh, bool back,
    const char *material)
{
	struct buf *out = &scene->out;
	int count = 0;

	for (int i = 0; i < mesh->triangle_count; i++)
		count += mesh->is_back[i] == back;
	buf_printf(out, "mesh2{vertex_vectors{%d", mesh->vertex_count);
	for (int i = 0; i < mesh->vertex_count; i++)
		buf_printf(out, ",<%.5f,%.5f,%.5f>", mesh->vertices[i].x,
		    mesh->vertices[i].y, mesh->vertices[i].z);
	buf_printf(out, "}\nface_indices{%d,", count);
	for (int i = 0; i < mesh->triangle_count; i++)
		if (mesh->is_back[i] == back)
			buf_printf(out, "<%d,%d,%d>", mesh->triangles[i][0],
			    mesh->triangles[i][2], mesh->triangles[i][1]);
	buf_printf(out, "}\ntexture{%s_%s}interior_texture{%s_%s}interior{%s_deep}}\n",
	    material, back ? "shell" : "out", material, back ? "back" : "in", material);
}

static void
declare_mesh(struct scene *scene, const char *name, const struct cut_mesh *mesh,
    const char *material)
{
	buf_printf(&scene->out, "#declare %s=union{", name);
	add_part(scene, mesh, false, material);
	add_part(scene, mesh, true, material);
	buf_addz(&scene->out, "}\n");
}

/* Half of a dome: rings from the girdle to the pole. */
static void
add_dome(struct scene *scene, double height, bool back)
{
	double half = scene->design->width_mm / 2;
	struct grid grid = scene_grid(scene, 24, 144);

	for (int u = 0; u < grid.nu; u++)
		for (int v = 0; v < grid.nv; v++) {
			double a = radians(89.99) * u / (grid.nu - 1);
			struct vec p = cut_outline(scene->design->cut->id, scene->ratio,
			    (double)(back ? v : grid.nv - v) / grid.nv);

			grid.points[u * grid.nv + v] = vec(p.x * half * cos(a),
			    height * sin(a), p.z * half * cos(a));
		}
	grid.closed_v = true;
	scene_mesh_of(scene, &grid, back ?
	    "texture{Stone_shell}interior_texture{Stone_back}interior{Stone_deep}" :
	    "texture{Stone_out}interior_texture{Stone_in}interior{Stone_deep}");
}

/* A high dome on a shallow one. */
static void
declare_dome(struct scene *scene)
{
	double half = fmin(scene->design->width_mm, scene->design->length_mm) / 2;

	scene->stone_top = half * 0.78;
	scene->stone_bottom = -half * 0.24;
	buf_addz(&scene->out, "#declare Stone=union{");
	add_dome(scene, scene->stone_top, false);
	add_dome(scene, scene->stone_bottom, true);
	buf_addz(&scene->out, "}\n");
}

static void
declare_pearl(struct scene *scene)
{
	const struct render_design *design = scene->design;
	double w = design->width_mm / 2, l = design->length_mm / 2;

	scene->stone_top = w;
	scene->stone_bottom = -w;
	buf_printf(&scene->out, "#declare Stone=sphere{0,1 scale<%.4f,%.4f,%.4f>"
	    "texture{Stone_out}interior{Stone_deep}}\n", w, w, l);
}

void
scene_stones(struct scene *scene)
{
	const struct render_design *design = scene->design;
	const struct cut_size size = { design->length_mm, design->width_mm,
		middle_index(design->species) };
	const struct cut_size small = { 1, 1, 2.417 };

	materials(scene);
	if (design->species->look == GEM_LOOK_PEARL)
		declare_pearl(scene);
	else
		scene->stone = cut_mesh(scene->arena, design->cut->id, &size);
	if (scene->stone != NULL) {
		scene->stone_top = scene->stone->top_mm;
		scene->stone_bottom = scene->stone->bottom_mm;
		declare_mesh(scene, "Stone", scene->stone, "Stone");
	} else if (design->species->look != GEM_LOOK_PEARL) {
		declare_dome(scene);
	}
	declare_mesh(scene, "SideStone", cut_mesh(scene->arena, CUT_ROUND, &small), "Side");
}
