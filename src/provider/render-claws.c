#include "config.h"

#include "provider/render-scene.h"

double
scene_crown_height(const struct scene *scene, double inset)
{
	double half = fmin(scene->design->width_mm, scene->design->length_mm) / 2;
	double left = 1 - fmin(inset / half, 1);

	if (scene->stone != NULL)
		return fmin(scene->stone->girdle_mm + inset * 0.72, scene->stone_top);
	return scene->stone_top * sqrt(1 - left * left);
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

/* Does the girdle come to a point there, which a claw has to shield? */
static bool
is_point(enum gem_cut_id cut, double t)
{
	bool end = fabs(t) < 1e-6 || fabs(t - 0.5) < 1e-6;

	switch (cut) {
	case CUT_PRINCESS:
	case CUT_BAGUETTE:
	case CUT_TRILLION:
		return true;
	case CUT_MARQUISE:
		return end;
	case CUT_PEAR:
		return fabs(t) < 1e-6;
	case CUT_HEART:
		return fabs(t - 0.5) < 1e-6;
	default:
		return false;
	}
}

/* A bar along a stretch of the girdle that ends round. */
static void
stretch(struct scene *scene, const struct line *line, double middle, double half_long,
    double y, double half_across, double half_high, double power)
{
	enum { COUNT = 31 };
	struct station stations[COUNT];

	for (int i = 0; i < COUNT; i++) {
		double x = 2.0 * i / (COUNT - 1) - 1, way = middle + half_long * sin(radians(90) * x);
		double left = sqrt(fmax(1 - pow(fabs(sin(radians(90) * x)), 5), 0));
		struct vec p = scene_line_at(line, way);

		stations[i] = (struct station){ vec(p.x, y, p.z), scene_line_normal(line, way),
			vec(0, 1, 0), half_across * left, half_high * left };
	}
	scene_sweep(scene, stations, COUNT, false, power, 14, "Accent");
}

/* Two short walls that meet at a point, with a lip over the crown. */
static void
v_claw(struct scene *scene, double t, double s)
{
	struct line *line = arena_one(scene->arena, struct line);
	double over = 0.16 * s, high = scene_crown_height(scene, over) + 0.13 * s;
	struct vec p = rim(scene, t, 0, 0);

	scene_line(scene, 0.10 * s, line);
	stretch(scene, line, scene_line_near(line, p), 0.95 * s, (high - 0.50 * s) / 2,
	    0.15 * s, (high + 0.50 * s) / 2, 3);
	scene_line(scene, -over * 0.6, line);
	stretch(scene, line, scene_line_near(line, p), 0.80 * s, high, 0.26 * s, 0.12 * s, 2.2);
}

static void
claw(struct scene *scene, double t, double s, double foot_y)
{
	bool point = is_point(scene->design->cut->id, t);
	/* between the stone and its halo there is room for slim ones only */
	bool halo = scene->design->setting == SETTING_HALO;
	double from = (halo ? 0.24 : 0.36) * s, to = (halo ? 0.25 : 0.25) * s;
	double grip = 0.62 * s;
	struct vec points[6], low = rim(scene, t, 0, foot_y);
	struct vec mid = rim(scene, t, 0, foot_y * 0.52);

	points[0] = vec(low.x * 0.32, foot_y, low.z * 0.32);
	points[1] = vec(mid.x * 0.78, foot_y * 0.52, mid.z * 0.78);
	points[2] = rim(scene, t, point ? 0.08 * s : from * 0.75, foot_y * (point ? 0.18 : 0.10));
	if (point) {
		points[3] = rim(scene, t, 0.06 * s, -0.2 * s);
		scene_wire(scene, points, 4, from * 0.95, to, "Accent");
		v_claw(scene, t, s);
		return;
	}
	points[3] = rim(scene, t, from * 0.80, scene_crown_height(scene, 0) + to * 0.6);
	points[4] = rim(scene, t, -grip * 0.4, scene_crown_height(scene, grip * 0.4) + to);
	points[5] = rim(scene, t, -grip, scene_crown_height(scene, grip) + to * 0.95);
	scene_wire(scene, points, 6, from, to, "Accent");
}

void
scene_claws(struct scene *scene, const double *t, int count, double scale,
    double foot_y)
{
	for (int i = 0; i < count; i++)
		claw(scene, t[i], scene_stoutness(scene) * scale, foot_y);
}
