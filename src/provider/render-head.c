#include "config.h"

#include "provider/render-scene.h"

enum { RIM_POINTS = 144, MAX_SMALL = 96 };

/* How much thicker or thinner metal is for a larger or smaller stone. */
static double
stoutness(const struct scene *scene)
{
	return sqrt(scene->design->width_mm / 8);
}

/* A point of the girdle, `out` mm outside it, at that height. */
static struct vec
rim(const struct scene *scene, double t, double out, double y)
{
	enum gem_cut_id cut = scene->design->cut->id;
	double half = scene->design->width_mm / 2;
	struct vec p = cut_outline(cut, scene->ratio, t);
	struct vec n = cut_outline_normal(cut, scene->ratio, t);

	return vec(p.x * half + n.x * out, y, p.z * half + n.z * out);
}

/* The height of the crown that far inside the girdle. */
static double
crown_height(const struct scene *scene, double inset)
{
	double half = fmin(scene->design->width_mm, scene->design->length_mm) / 2;
	double left = 1 - fmin(inset / half, 1);

	if (scene->stone != NULL)
		return fmin(scene->stone->girdle_mm + inset * 0.72, scene->stone_top);
	return scene->stone_top * sqrt(1 - left * left);
}

/* A closed sweep that follows the girdle. */
static void
hoop(struct scene *scene, double scale, double out, double y, double half_across,
    double half_high, double power, const char *texture)
{
	struct station stations[RIM_POINTS];

	for (int i = 0; i < RIM_POINTS; i++) {
		double t = (double)i / RIM_POINTS;
		struct vec p = rim(scene, t, out, 0);

		stations[i] = (struct station){ vec(p.x * scale, y, p.z * scale),
			cut_outline_normal(scene->design->cut->id, scene->ratio, t),
			vec(0, 1, 0), half_across, half_high };
	}
	scene_sweep(scene, stations, RIM_POINTS, true, power, 16, texture);
}

/* A wall from the girdle's outline down to a smaller copy of it. */
static void
cup(struct scene *scene, double scale_top, double y_top, double scale_low, double y_low)
{
	struct grid grid = scene_grid(scene, RIM_POINTS, 12);

	for (int u = 0; u < grid.nu; u++)
		for (int v = 0; v < grid.nv; v++) {
			double s = (double)v / (grid.nv - 1);
			double scale = scale_top + (scale_low - scale_top) * s * s * (2 - s);
			struct vec p = rim(scene, (double)u / grid.nu, 0.3, 0);

			grid.points[u * grid.nv + v] = vec(p.x * scale,
			    y_top + (y_low - y_top) * s, p.z * scale);
		}
	grid.closed_u = true;
	scene_mesh(scene, &grid, "Accent");
}

void
scene_claws(struct scene *scene, const double *t, int count, double scale,
    double foot_y)
{
	double r = 0.44 * stoutness(scene) * scale, grip = 0.75 * stoutness(scene);

	for (int i = 0; i < count; i++) {
		struct vec points[6], low = rim(scene, t[i], 0, foot_y);
		struct vec mid = rim(scene, t[i], 0, foot_y * 0.52);

		points[0] = vec(low.x * 0.32, foot_y, low.z * 0.32);
		points[1] = vec(mid.x * 0.78, foot_y * 0.52, mid.z * 0.78);
		points[2] = rim(scene, t[i], r * 0.75, foot_y * 0.08);
		points[3] = rim(scene, t[i], r * 0.72, crown_height(scene, 0) + r * 0.7);
		points[4] = rim(scene, t[i], -grip * 0.45, crown_height(scene, grip * 0.45) + r * 0.85);
		points[5] = rim(scene, t[i], -grip, crown_height(scene, grip) + r * 0.45);
		scene_wire(scene, points, 6, r * 1.15, r * 0.82, "Accent");
	}
}

static void
gallery(struct scene *scene, double foot_y)
{
	double r = 0.34 * stoutness(scene);

	hoop(scene, 0.76, 0, foot_y * 0.50, r, r * 1.1, 2.4, "Accent");
	hoop(scene, 0.38, 0, foot_y * 0.93, r * 1.2, r * 1.1, 2.4, "Accent");
}

static void
bezel(struct scene *scene, double foot_y)
{
	double s = stoutness(scene), low = fmax(foot_y, -1.5 * s);
	double lip = crown_height(scene, 0.25) + 0.22 * s;

	hoop(scene, 1, 0.28 * s, (lip + low) / 2, 0.50 * s, (lip - low) / 2, 3.2, "Accent");
	if (foot_y < low)
		cup(scene, 1.0, low + 0.2, 0.42, foot_y);
}

/* Small stones round the main one, evenly by length. */
static void
halo(struct scene *scene)
{
	double s = stoutness(scene), size = 1.55 * s, out = size / 2 + 0.28 * s;
	double length = 0, step, at = 0;
	struct vec last = rim(scene, 0, out, 0), placed = vec(1e9, 0, 0), p;
	int count;
	enum { FINE = 1440 };

	hoop(scene, 1, out, -0.68 * s, size / 2 + 0.26 * s, 0.46 * s, 4.5, "Accent");
	for (int i = 1; i <= FINE; i++) {
		p = rim(scene, (double)i / FINE, out, 0);
		length += vec_length(vec_sub(p, last));
		last = p;
	}
	count = (int)(length / (size * 1.07));
	count = count < 6 ? 6 : count > MAX_SMALL ? MAX_SMALL : count;
	step = length / count;
	at = step / 2;
	for (int i = 1; i <= FINE; i++) {
		p = rim(scene, (double)i / FINE, out, 0);
		at += vec_length(vec_sub(p, last));
		last = p;
		if (at < step)
			continue;
		at -= step;
		if (vec_length(vec_sub(p, placed)) < size * 0.8)
			continue;
		placed = p;
		buf_printf(&scene->out, "object{SideStone scale %.4f translate<%.4f,%.4f,%.4f>}\n",
		    size, p.x, 0.12 * s, p.z);
		for (int way = -1; way <= 1; way += 2) {
			struct vec n = vec_unit(vec(p.x, 0, p.z));
			struct vec side = vec(-n.z * size / 2, 0, n.x * size / 2);
			struct vec b = vec_add(p, vec_add(side, vec_scale(n, way * size * 0.36)));

			buf_printf(&scene->out, "sphere{<%.4f,%.4f,%.4f>,%.4f texture{Accent}}\n",
			    b.x, 0.10 * s, b.z, 0.20 * s);
		}
	}
}

/* A pearl sits in a cup on a peg. */
static void
pearl_cup(struct scene *scene, double foot_y)
{
	double w = scene->design->width_mm / 2;

	cup(scene, 0.52, -w * 0.86, 0.16, fmin(foot_y, -w * 1.08));
	hoop(scene, 0.52, 0, -w * 0.85, 0.16, 0.16, 2, "Accent");
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
	if (design->setting == SETTING_HALO)
		halo(scene);
	if (design->species->look == GEM_LOOK_PEARL) {
		pearl_cup(scene, foot_y);
	} else if (design->setting == SETTING_BEZEL) {
		bezel(scene, foot_y);
	} else {
		if (design->setting == SETTING_SIX_CLAWS && round)
			scene_claws(scene, six, 6, 0.9, foot_y);
		else
			scene_claws(scene, claws, count, 1, foot_y);
		gallery(scene, foot_y);
	}
}
