#include "config.h"

#include "provider/render-scene.h"

/* Inner radius of a ring of middle size and of a bracelet, mm. */
#define RING_RADIUS 8.6
#define BRACELET_RADIUS 25.0

static double
smooth(double low, double high, double v)
{
	v = fmin(fmax((v - low) / (high - low), 0), 1);
	return v * v * (3 - 2 * v);
}

/* --- the band of a ring or bracelet: a circle in the plane z = 0 ---------- */

struct band {
	double inner, half_wide, half_thick, power;
};

static struct band
band_of(const struct scene *scene, double inner)
{
	static const struct band bands[BAND_COUNT] = {
		[BAND_ROUND] = { 0, 1.25, 0.92, 2.3 },
		[BAND_TAPERED] = { 0, 1.15, 0.90, 2.4 },
		[BAND_FLAT] = { 0, 2.1, 0.75, 6 },
		[BAND_KNIFE] = { 0, 1.45, 1.1, 1.35 },
		[BAND_TWISTED] = { 0, 0.80, 0.80, 2 },
		[BAND_SPLIT] = { 0, 0.85, 0.80, 2.4 },
		[BAND_PAVE] = { 0, 1.25, 0.95, 4 },
	};
	struct band band = bands[scene->design->band];
	double scale = inner > 15 ? 1.7 : 1;

	band.inner = inner;
	band.half_wide *= scene->design->band_scale * scale;
	band.half_thick *= sqrt(scene->design->band_scale) * (inner > 15 ? 1.45 : 1);
	return band;
}

/* Degrees from the top; 180 is the bottom. */
static double
from_top(double angle)
{
	return fabs(angle > 180 ? angle - 360 : angle);
}

static struct station
band_station(const struct scene *scene, const struct band *band, double angle,
    int strand)
{
	enum render_band kind = scene->design->band;
	double a = radians(angle), top = from_top(angle), z = 0, lift = 0;
	double wide = band->half_wide, thick = band->half_thick;
	struct vec radial = vec(sin(a), cos(a), 0), across = vec(0, 0, 1);

	if (kind == BAND_TAPERED) {
		wide *= 0.86 + 0.40 * smooth(170, 40, top) - 0.35 * smooth(60, 0, top);
	} else if (kind == BAND_SPLIT) {
		z = strand * (0.55 + 1.6 * smooth(85, 22, top)) * band->half_wide * 1.15;
	} else if (kind == BAND_TWISTED) {
		double turn = radians(angle * (band->inner > 15 ? 14 : 9)) +
		    radians(180) * (strand > 0);

		z = cos(turn) * thick * 0.92;
		lift = sin(turn) * thick * 0.92 + thick * 0.8;
	} else if (kind != BAND_FLAT) {
		wide *= 0.86 + 0.14 * smooth(150, 30, top);
	}
	return (struct station){ vec_add(vec_scale(radial, band->inner + thick + lift),
		vec(0, 0, z)), across, radial, wide, thick };
}

static void
strand(struct scene *scene, const struct band *band, int which)
{
	int count = scene->draft ? 144 : 288, around = scene->draft ? 20 : 32;
	struct station *stations = arena_many(scene->arena, (size_t)count, struct station);

	for (int i = 0; i < count; i++)
		stations[i] = band_station(scene, band, 360.0 * i / count, which);
	scene_sweep(scene, stations, count, true, band->power, around, "Metal");
}

static void
pave(struct scene *scene, const struct band *band)
{
	double size = fmin(band->half_wide * 1.35, 1.75 * (band->inner > 15 ? 1.6 : 1));
	double radius = band->inner + 2 * band->half_thick;
	double step = size * 1.08 / radius / radians(1);
	double first = (scene->design->width_mm / 2 + 1.6) / radius / radians(1);

	for (double at = first; at < fmin(first + 62, 95); at += step)
		for (int way = -1; way <= 1; way += 2) {
			buf_printf(&scene->out, "object{SideStone scale %.4f translate<0,%.4f,0>"
			    "rotate<0,0,%.4f>}\n", size, radius + 0.2 * size, at * way);
			for (int side = -1; side <= 1; side += 2)
				buf_printf(&scene->out, "sphere{<0,%.4f,%.4f>,%.4f texture{Metal}"
				    "rotate<0,0,%.4f>}\n", radius + 0.16 * size, side * size * 0.46,
				    size * 0.15, (at + step / 2) * way);
		}
}

static void
band_body(struct scene *scene, const struct band *band)
{
	if (scene->design->band == BAND_SPLIT || scene->design->band == BAND_TWISTED) {
		strand(scene, band, -1);
		strand(scene, band, 1);
	} else {
		strand(scene, band, 0);
	}
	if (scene->design->band == BAND_PAVE)
		pave(scene, band);
}

static void
show_outline(struct scene *scene, struct vec centre, double out)
{
	double half = scene->design->width_mm / 2;

	for (int i = 0; i < 24; i++) {
		struct vec p = cut_outline(scene->design->cut->id, scene->ratio, i / 24.0);
		struct vec n = cut_outline_normal(scene->design->cut->id, scene->ratio, i / 24.0);

		scene_show(scene, vec_add(centre, vec(p.x * half + n.x * out, 0,
		    p.z * half + n.z * out)));
	}
	scene_show(scene, vec_add(centre, vec(0, scene->stone_top, 0)));
}

static double
head_reach(const struct scene *scene)
{
	return scene->design->setting == SETTING_HALO ? 2.2 : 0.8;
}

/* A round stone at each side, leaning outwards. */
static void
side_heads(struct scene *scene, double y)
{
	double size = 0.52 * fmin(scene->design->width_mm, scene->design->length_mm);
	double x = scene->design->width_mm / 2 + size / 2 + 0.35;

	for (int way = -1; way <= 1; way += 2) {
		buf_addz(&scene->out, "union{\n");
		buf_printf(&scene->out, "object{SideStone scale %.4f}\n", size);
		for (int i = 0; i < 4; i++) {
			double a = radians(45 + 90 * i), r = size / 2;
			const struct vec points[] = {
				vec(sin(a) * r * 0.3, -size * 0.62, cos(a) * r * 0.3),
				vec(sin(a) * r * 0.8, -size * 0.3, cos(a) * r * 0.8),
				vec(sin(a) * (r + 0.2), 0, cos(a) * (r + 0.2)),
				vec(sin(a) * (r - 0.3), size * 0.16, cos(a) * (r - 0.3)) };

			scene_wire(scene, points, 4, 0.34, 0.26, "Accent");
		}
		buf_printf(&scene->out, "rotate<0,0,%.2f>translate<%.4f,%.4f,0>}\n",
		    -14.0 * way, x * way, y - 0.5);
	}
}

static void
ring(struct scene *scene, double inner, double shown)
{
	const struct band band = band_of(scene, inner);
	double top = inner + 2 * band.half_thick;
	double y = top + (scene->design->band == BAND_TWISTED ? 1.2 : 0.1) -
	    scene->stone_bottom;

	if (scene->design->species->look == GEM_LOOK_PEARL)
		y += 0.6;
	band_body(scene, &band);
	buf_addz(&scene->out, "union{\n");
	scene_head(scene, inner + band.half_thick - y);
	buf_printf(&scene->out, "translate<0,%.4f,0>}\n", y);
	if (scene->design->setting == SETTING_THREE_STONE)
		side_heads(scene, y);
	show_outline(scene, vec(0, y, 0), head_reach(scene));
	for (double a = -shown; a <= shown; a += 10)
		scene_show(scene, vec(sin(radians(a)) * top, cos(radians(a)) * top, 0));
	scene->ground_y = -top;
}

/* --- chains ---------------------------------------------------------------- */

static void
declare_link(struct scene *scene)
{
	struct station stations[40];

	buf_addz(&scene->out, "#declare Link=");
	for (int i = 0; i < 40; i++) {
		double a = radians(9 * i);
		struct vec n = vec_unit(vec(cos(a) * 1.05, 0, sin(a) * 0.68));

		stations[i] = (struct station){ vec(cos(a) * 0.68, 0, sin(a) * 1.05),
			vec_unit(vec(n.x, 0, n.z)), vec(0, 1, 0), 0.25, 0.25 };
	}
	scene_sweep(scene, stations, 40, true, 2, 12, "Metal");
}

/* A link at p that lies along the direction, turned round it. */
static void
link_at(struct scene *scene, struct vec p, struct vec along, double roll)
{
	struct vec side = vec_unit(vec_cross(vec(0, 1, 0), along));
	struct vec up = vec_cross(along, side);
	struct vec x = vec_add(vec_scale(side, cos(roll)), vec_scale(up, sin(roll)));
	struct vec y = vec_cross(along, x);

	buf_printf(&scene->out, "object{Link matrix<%.4f,%.4f,%.4f,%.4f,%.4f,%.4f,"
	    "%.4f,%.4f,%.4f,%.4f,%.4f,%.4f>}\n", x.x, x.y, x.z, y.x, y.y, y.z,
	    along.x, along.y, along.z, p.x, p.y, p.z);
}

/* From the bail at z up and away to both sides, sinking to the ground. */
static struct vec
chain_point(double s, int way, struct vec from, double ground)
{
	double fall = smooth(0, 9, s);

	return vec(way * (s * 0.42 + 0.9 * smooth(0, 5, s)),
	    from.y + (ground + 0.75 - from.y) * fall, from.z + s * 0.9);
}

static void
chain(struct scene *scene, struct vec from)
{
	enum { WIRE = 60 };
	struct vec last, p, along;
	double roll = 0, gone;

	for (int way = -1; way <= 1; way += 2) {
		if (scene->design->band == BAND_FLAT || scene->design->band == BAND_TWISTED) {
			struct station stations[WIRE];

			for (int i = 0; i < WIRE; i++) {
				double s = 42.0 * i / WIRE;

				p = chain_point(s, way, from, scene->ground_y);
				along = vec_unit(vec_sub(chain_point(s + 0.1, way, from,
				    scene->ground_y), p));
				stations[i].centre = p;
				stations[i].a = vec_unit(vec_cross(vec(0, 1, 0), along));
				stations[i].b = vec_cross(along, stations[i].a);
				stations[i].half_a = scene->design->band == BAND_FLAT ? 0.75 : 0.6;
				stations[i].half_b = 0.6;
			}
			scene_sweep(scene, stations, WIRE, false, 2.2, 16, "Metal");
			continue;
		}
		last = chain_point(0, way, from, scene->ground_y);
		gone = 0;
		for (double s = 0; s < 42; s += 0.02) {
			p = chain_point(s, way, from, scene->ground_y);
			gone += vec_length(vec_sub(p, last));
			last = p;
			if (gone < 1.5)
				continue;
			gone = 0;
			along = vec_unit(vec_sub(chain_point(s + 0.05, way, from,
			    scene->ground_y), p));
			link_at(scene, p, along, radians(roll));
			roll += 90;
		}
	}
}

static void
bail(struct scene *scene, double z, double y)
{
	enum { POINTS = 64 };
	struct station stations[POINTS];

	for (int i = 0; i < POINTS; i++) {
		double a = radians(360.0 * i / POINTS);
		struct vec n = vec(0, cos(a), sin(a));

		stations[i] = (struct station){ vec(0, y + cos(a) * 1.55, z + sin(a) * 2.1),
			vec(1, 0, 0), vec_unit(vec(0, cos(a) / 1.55, sin(a) / 2.1)),
			0.55 + 0.55 * (0.5 + 0.5 * n.z), 0.30 };
	}
	scene_sweep(scene, stations, POINTS, true, 3, 16, "Metal");
}

static void
jump_ring(struct scene *scene, double z, double y)
{
	buf_printf(&scene->out, "torus{0.85,0.28 scale<1,1,1.1> translate<0,%.4f,%.4f>"
	    "texture{Metal}}\n", y, z);
}

static double
greatest_z(const struct scene *scene)
{
	return cut_outline(scene->design->cut->id, scene->ratio, 0).z *
	    scene->design->width_mm / 2;
}

static void
pendant(struct scene *scene)
{
	double foot = scene->stone_bottom - 0.2, reach = head_reach(scene);
	double z = greatest_z(scene) + reach;

	buf_addz(&scene->out, "union{\n");
	scene_head(scene, foot);
	buf_addz(&scene->out, "}\n");
	if (scene->design->setting == SETTING_THREE_STONE)
		side_heads(scene, 0);
	scene->ground_y = foot - 0.35;
	declare_link(scene);
	jump_ring(scene, z + 0.55, -0.4);
	bail(scene, z + 3.1, 0.1);
	chain(scene, vec(0, 0.4, z + 4.1));
	show_outline(scene, vec(0, 0, 0), reach + 0.8);
	scene_show(scene, vec(0, 0, z + 6.5));
}

/* --- earrings ---------------------------------------------------------------- */

static void
ear_hook(struct scene *scene, double z, double y)
{
	const struct vec points[] = { vec(0, y, z), vec(0.3, y, z + 1.4),
		vec(-0.6, y, z + 3.2), vec(-2.4, y, z + 4.1), vec(-4.3, y, z + 3.0),
		vec(-5.0, y, z + 0.4), vec(-4.7, y, z - 2.6) };

	scene_wire(scene, points, 7, 0.42, 0.36, "Metal");
}

static void
earring(struct scene *scene, double x, double away, double turn, bool drop, double foot)
{
	double z = greatest_z(scene) + head_reach(scene);

	buf_addz(&scene->out, "union{\n");
	scene_head(scene, foot);
	if (drop) {
		jump_ring(scene, z + 0.6, -0.5);
		buf_printf(&scene->out, "object{SideStone scale 3 translate<0,0,%.4f>}\n", z + 3.2);
		buf_printf(&scene->out, "torus{1.55,0.3 translate<0,-0.05,%.4f>texture{Metal}}\n",
		    z + 3.2);
		ear_hook(scene, z + 4.9, -0.6);
	} else {
		buf_printf(&scene->out, "cylinder{<0,%.4f,0>,<0,%.4f,0>,0.42 texture{Metal}}\n",
		    foot, foot - 6.5);
	}
	buf_printf(&scene->out, "rotate<%.2f,%.2f,%.2f>translate<%.4f,0,%.4f>}\n",
	    drop ? 0.0 : -12.0, turn, drop ? 0.0 : turn * 0.6, x, away);
}

static void
earrings(struct scene *scene)
{
	bool drop = scene->design->band == BAND_FLAT || scene->design->band == BAND_TWISTED;
	double half = scene->design->width_mm / 2 + head_reach(scene);
	double foot = scene->stone_bottom - 0.2, apart = half + (drop ? 2.6 : 1.0);
	double away = drop ? 0 : greatest_z(scene) * 0.75 + head_reach(scene) * 0.8;
	double z = greatest_z(scene) + head_reach(scene);

	/* studs lie one behind the other, drops side by side */
	apart *= drop ? 1 : 0.76;
	earring(scene, -apart, -away, 8, drop, foot);
	earring(scene, apart, away, -10, drop, foot);
	scene->ground_y = drop ? foot - 0.3 : foot - 5.5;
	show_outline(scene, vec(-apart, 0, -away), head_reach(scene) + 0.6);
	show_outline(scene, vec(apart, 0, away), head_reach(scene) + 0.6);
	if (drop) {
		scene_show(scene, vec(-apart - 4, 0, z + 7));
		scene_show(scene, vec(apart, 0, z + 8.5));
	}
}

void
scene_piece(struct scene *scene)
{
	switch (scene->design->piece) {
	case PIECE_PENDANT:
		pendant(scene);
		break;
	case PIECE_EARRINGS:
		earrings(scene);
		break;
	case PIECE_BRACELET:
		ring(scene, BRACELET_RADIUS, 30);
		break;
	default:
		ring(scene, RING_RADIUS, 180);
		break;
	}
}
