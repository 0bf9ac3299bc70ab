#include "config.h"

#include "provider/render-scene.h"

/* Inner radius of a ring of middle size and of a bracelet, mm. */
#define RING_RADIUS 8.6
#define BRACELET_RADIUS 25.0

static void
show_outline(struct scene *scene)
{
	double half = scene->design->width_mm / 2;

	for (int i = 0; i < 48; i++) {
		struct vec p = cut_outline(scene->design->cut->id, scene->ratio, i / 48.0);

		scene_show(scene, vec(p.x * half, 0, p.z * half));
	}
	scene_show(scene, vec(0, scene->stone_top, 0));
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
		scene_part(scene, vec(0, 0, -14.0 * way), vec(x * way, y - 0.5, 0));
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
		scene_part_end(scene);
	}
}

static void
ring(struct scene *scene, double inner)
{
	const struct band band = scene_band_of(scene, inner);
	double top = inner + 2 * band.half_thick;
	double y = top + (scene->design->band == BAND_TWISTED ? 1.2 : 0.1) -
	    scene->stone_bottom;

	if (scene->design->species->look == GEM_LOOK_PEARL)
		y += 0.6;
	scene_band(scene, &band);
	scene_part(scene, vec(0, 0, 0), vec(0, y, 0));
	scene_head(scene, inner + band.half_thick - y);
	show_outline(scene);
	scene_part_end(scene);
	if (scene->design->setting == SETTING_THREE_STONE)
		side_heads(scene, y);
	scene->ground_y = -top;
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

	scene_part(scene, vec(0, 0, 0), vec(0, 0, 0));
	scene_head(scene, foot);
	show_outline(scene);
	scene_part_end(scene);
	if (scene->design->setting == SETTING_THREE_STONE)
		side_heads(scene, 0);
	scene->ground_y = foot - 0.35;
	jump_ring(scene, z + 0.55, -0.4);
	scene_chain(scene, z + 3.1);
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

	scene_part(scene, vec(drop ? 0 : -12, turn, drop ? 0 : turn * 0.6),
	    vec(x, 0, away));
	scene_head(scene, foot);
	show_outline(scene);
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
	scene_part_end(scene);
}

static void
earrings(struct scene *scene)
{
	bool drop = scene->design->band == BAND_FLAT || scene->design->band == BAND_TWISTED;
	double half = scene->design->width_mm / 2 + head_reach(scene);
	double foot = scene->stone_bottom - 0.2, apart = half + (drop ? 2.6 : 1.0);
	double away = drop ? 0 : greatest_z(scene) * 0.75 + head_reach(scene) * 0.8;

	/* studs lie one behind the other, drops side by side */
	apart *= drop ? 1 : 0.76;
	earring(scene, -apart, -away, 8, drop, foot);
	earring(scene, apart, away, -10, drop, foot);
	scene->ground_y = drop ? foot - 0.3 : foot - 5.5;
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
		ring(scene, BRACELET_RADIUS);
		break;
	default:
		ring(scene, RING_RADIUS);
		break;
	}
}
