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
	if (scene->design->species->look == GEM_LOOK_PEARL)
		for (int i = 0; i < 48; i++)
			for (int j = -3; j <= 3; j++)
				scene_show(scene, vec(half * sin(radians(7.5 * i)) * cos(radians(30 * j)),
				    half * sin(radians(30 * j)), half * scene->ratio *
				    cos(radians(7.5 * i)) * cos(radians(30 * j))));
	scene_show(scene, vec(0, scene->stone_top, 0));
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

/* Where the setting ends at the top, in the middle. */
static double
greatest_z(struct scene *scene)
{
	struct line *line = arena_one(scene->arena, struct line);

	scene_line(scene, scene_head_reach(scene), line);
	return scene_line_at(line, 0).z;
}

static void
pendant(struct scene *scene)
{
	double foot = scene->stone_bottom - 0.2, z = greatest_z(scene);

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

/* Up from the drop, over the ear and down behind it: across the drop's face. */
static void
ear_hook(struct scene *scene, double z, double y)
{
	const struct vec points[] = { vec(0, y, z), vec(0, y + 0.5, z + 1.8),
		vec(0, y - 0.4, z + 4.6), vec(0, y - 2.6, z + 6.2), vec(0, y - 5.0, z + 5.2),
		vec(0, y - 6.2, z + 2.0), vec(0, y - 6.6, z - 1.8), vec(0, y - 7.3, z - 4.4) };

	scene_wire(scene, points, 8, 0.28, 0.25, "Metal");
}

/* A small round stone in a collar above the drop. */
static void
drop_top(struct scene *scene, double z)
{
	jump_ring(scene, z + 0.6, -0.5);
	buf_printf(&scene->out, "object{SideStone scale 2.9 translate<0,0,%.4f>}\n"
	    "difference{cylinder{<0,-1.4,%.4f>,<0,0.16,%.4f>,1.78}"
	    "cylinder{<0,-2,%.4f>,<0,1,%.4f>,1.42}texture{Metal}}\n",
	    z + 3.2, z + 3.2, z + 3.2, z + 3.2, z + 3.2);
	buf_printf(&scene->out, "torus{1.60,0.20 translate<0,0.14,%.4f>texture{Metal}}\n",
	    z + 3.2);
	ear_hook(scene, z + 4.9, -0.4);
}

/* A drop hangs before the ground, a stud lies on it on its post. */
static void
earring(struct scene *scene, double x, double away, double turn, bool drop, double foot)
{
	scene_part(scene, vec(drop ? 0 : -12, drop ? 0 : turn, drop ? turn * 2.2 : turn * 0.6),
	    vec(x, 0, away));
	scene_head(scene, foot);
	show_outline(scene);
	if (drop)
		drop_top(scene, greatest_z(scene));
	else
		buf_printf(&scene->out, "cylinder{<0,%.4f,0>,<0,%.4f,0>,0.42 texture{Metal}}\n",
		    foot, foot - 6.5);
	scene_part_end(scene);
}

static void
earrings(struct scene *scene)
{
	bool drop = scene->design->band == BAND_FLAT || scene->design->band == BAND_TWISTED;
	double half = scene->design->width_mm / 2 + scene_head_reach(scene);
	double foot = scene->stone_bottom - 0.2, apart = half + (drop ? 2.6 : 1.0);
	bool round = scene->design->cut->id == CUT_ROUND || scene->design->cut->id == CUT_OVAL ||
	    scene->design->cut->id == CUT_CABOCHON;
	double away = drop ? 0 : greatest_z(scene) * 0.75 + 0.1;

	/* studs lie one behind the other, drops side by side */
	apart *= drop || !round ? 1 : 0.76;
	earring(scene, -apart, -away, 8, drop, foot);
	earring(scene, apart, away, -10, drop, foot);
	scene->ground_y = drop ? fmin(foot, -7.8) - 2 : foot - 5.5;
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
