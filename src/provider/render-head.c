#include "config.h"

#include "provider/render-scene.h"

enum { RIM_POINTS = 192 };

double
scene_stoutness(const struct scene *scene)
{
	return sqrt(scene->design->width_mm / 8);
}

void
scene_hoop(struct scene *scene, double scale, double out, double y, double half_across,
    double half_high, double power, const char *texture)
{
	struct station stations[RIM_POINTS];
	struct line *line = arena_one(scene->arena, struct line);

	scene_line(scene, out, line);
	if (line->count < LINE_FEWEST)
		return;		/* there is no room inside */
	for (int i = 0; i < RIM_POINTS; i++) {
		double way = scene_line_length(line) * i / RIM_POINTS;
		struct vec p = scene_line_at(line, way);

		stations[i] = (struct station){ vec(p.x * scale, y, p.z * scale),
			scene_line_normal(line, way), vec(0, 1, 0), half_across, half_high };
	}
	scene_sweep(scene, stations, RIM_POINTS, true, power, 16, texture);
}

/* A wall all round, through points of which x is mm outside the girdle and y the
 * height, smoothed. */
static void
wall(struct scene *scene, const struct vec *points, int count)
{
	enum { STEPS = 32 };
	struct grid grid = scene_grid(scene, RIM_POINTS, STEPS);
	struct line *line = arena_one(scene->arena, struct line);
	const double base = 0.25 * scene_stoutness(scene);

	scene_line(scene, base, line);
	for (int u = 0; u < RIM_POINTS; u++) {
		double way = scene_line_length(line) * u / RIM_POINTS;
		struct vec p = scene_line_at(line, way), n = scene_line_normal(line, way);

		for (int v = 0; v < STEPS; v++) {
			struct vec at = scene_curve(points, count,
			    (double)v / (STEPS - 1) * (count - 1));
			struct vec q = vec_add(p, vec_scale(n, at.x - base));

			grid.points[u * STEPS + v] = vec(q.x, at.y, q.z);
		}
	}
	grid.closed_u = true;
	scene_mesh(scene, &grid, "Accent");
}

/* A wall from the girdle's outline down to a smaller copy of it. */
static void
cup(struct scene *scene, double scale_top, double y_top, double scale_low, double y_low)
{
	struct grid grid = scene_grid(scene, RIM_POINTS, 12);
	struct line *line = arena_one(scene->arena, struct line);

	scene_line(scene, 0, line);
	for (int u = 0; u < grid.nu; u++)
		for (int v = 0; v < grid.nv; v++) {
			double s = (double)v / (grid.nv - 1);
			double scale = scale_top + (scale_low - scale_top) * s * s * (2 - s);
			struct vec p = scene_line_at(line, scene_line_length(line) * u / grid.nu);

			grid.points[u * grid.nv + v] = vec(p.x * scale,
			    y_top + (y_low - y_top) * s, p.z * scale);
		}
	grid.closed_u = true;
	scene_mesh(scene, &grid, "Accent");
}

/* The rail right under the girdle that the claws stand by, and one lower down. */
static void
gallery(struct scene *scene, double foot_y)
{
	double s = scene_stoutness(scene), r = 0.28 * s;
	double half = fmin(scene->design->width_mm, scene->design->length_mm) / 2;

	/* followed inwards, not shrunk: so they stay clear of a long stone's keel */
	if (scene->design->setting != SETTING_HALO)
		scene_hoop(scene, 1, 0.02 * s, fmax(-0.72 * s, foot_y * 0.4), 0.19 * s,
		    0.22 * s, 2.4, "Accent");
	scene_hoop(scene, 1, -0.26 * half, foot_y * 0.58, r, r * 1.1, 2.4, "Accent");
	scene_hoop(scene, 1, -0.56 * half, foot_y * 0.95, r * 1.2, r * 1.1, 2.4, "Accent");
}

/* Metal rubbed over the edge of the stone: its lip lies on the crown. */
static void
bezel(struct scene *scene, double foot_y)
{
	double s = scene_stoutness(scene), low = fmax(foot_y, -1.5 * s);
	double over = (scene->stone != NULL ? 0.20 : 0.34) * s;
	double lip = scene_crown_height(scene, over), edge = scene_crown_height(scene, 0);
	const struct vec points[] = {
		vec(-over - 0.04 * s, lip - 0.06 * s, 0), vec(-over, lip + 0.08 * s, 0),
		vec(-over * 0.55, lip + 0.17 * s, 0), vec(0.02 * s, lip + 0.12 * s, 0),
		vec(0.28 * s, (lip + edge) / 2, 0), vec(0.44 * s, edge - 0.30 * s, 0),
		vec(0.44 * s, low * 0.7, 0), vec(0.34 * s, low, 0), vec(-0.1 * s, low - 0.05 * s, 0) };

	wall(scene, points, sizeof points / sizeof points[0]);
	if (foot_y < low)
		cup(scene, 1.0, low + 0.2, 0.42, foot_y);
}

/* A pearl sits in a cup on a peg. */
static void
pearl_cup(struct scene *scene, double foot_y)
{
	double w = scene->design->width_mm / 2;

	cup(scene, 0.92, -w * 0.46, 0.16, fmin(foot_y, -w * 1.12));
	scene_hoop(scene, 0.92, 0, -w * 0.45, 0.13, 0.15, 2, "Accent");
}

double
scene_head_reach(const struct scene *scene)
{
	if (scene->design->species->look == GEM_LOOK_PEARL)
		return 0;
	return scene->design->setting == SETTING_HALO ? scene_halo_reach(scene) :
	    0.55 * scene_stoutness(scene);
}

void
scene_head(struct scene *scene, double foot_y)
{
	static const double six[] = { 1 / 12.0, 3 / 12.0, 5 / 12.0, 7 / 12.0, 9 / 12.0, 11 / 12.0 };
	const struct render_design *design = scene->design;
	bool round = design->cut->id == CUT_ROUND || design->cut->id == CUT_OVAL ||
	    design->cut->id == CUT_CABOCHON || design->cut->id == CUT_CUSHION;
	double claws[8];
	int count = cut_claws(design->cut->id, scene->ratio, claws);

	buf_addz(&scene->out, "object{Stone}\n");
	if (design->species->look == GEM_LOOK_PEARL) {
		pearl_cup(scene, foot_y);
		return;
	}
	if (design->setting == SETTING_HALO)
		scene_halo(scene);
	if (design->setting == SETTING_BEZEL) {
		bezel(scene, foot_y);
	} else {
		if (design->setting == SETTING_SIX_CLAWS && round)
			scene_claws(scene, six, 6, 0.9, foot_y);
		else
			scene_claws(scene, claws, count, 1, foot_y);
		gallery(scene, foot_y);
	}
}
