#include "config.h"

#include "provider/render-scene.h"

/* A halo from the girdle outwards: a gap too narrow to look through, a rail, which claws
 * go through, the stones, a rail. Millimetres at stoutness 1. */
#define GAP 0.03
#define RAIL 0.26
#define STONE 1.55
#define DEEP 0.12		/* its girdle lies that far below the main one's */

enum { MAX_SMALL = 96 };

double
scene_halo_reach(const struct scene *scene)
{
	return (GAP + 2 * RAIL + STONE) * scene_stoutness(scene);
}

/* Whole and equal on both sides of the stone's mirrors. */
static int
count_of(const struct scene *scene, double length, double size)
{
	enum gem_cut_id cut = scene->design->cut->id;
	int by = cut == CUT_PEAR || cut == CUT_HEART ? 2 : cut == CUT_TRILLION ? 3 : 4;
	int count = (int)lround(length / (size * 1.05) / by) * by;

	return count < 8 ? 8 : count > MAX_SMALL ? MAX_SMALL : count;
}

static void
small_stone(struct scene *scene, struct vec p, double size, int number)
{
	uint32_t h = (scene->design->seed + (uint32_t)number * 2654435761u) * 2246822519u;

	buf_printf(&scene->out, "object{SideStone rotate<%.2f,%.1f,%.2f>scale %.4f "
	    "translate<%.4f,%.4f,%.4f>}\n", (double)(h >> 8 & 255) / 42 - 3, 137.5 * number,
	    (double)(h >> 16 & 255) / 42 - 3, size, p.x, p.y, p.z);
}

/* Two beads half sunk between a stone and the next. */
static void
beads(struct scene *scene, const struct line *line, double way, double size, double y)
{
	struct vec p = scene_line_at(line, way), n = scene_line_normal(line, way);

	for (int side = -1; side <= 1; side += 2)
		buf_printf(&scene->out, "sphere{0,%.4f scale<1,0.7,1>translate<%.4f,%.4f,%.4f>"
		    "texture{Accent}}\n", size * 0.14, p.x + n.x * side * size * 0.36, y,
		    p.z + n.z * side * size * 0.36);
}

void
scene_halo(struct scene *scene)
{
	double s = scene_stoutness(scene), out = (GAP + RAIL + STONE / 2) * s;
	double y = -DEEP * s, ways[MAX_SMALL], rail = RAIL * s / 2, chord, size;
	double edge = STONE * s / 2 + rail * 0.75;
	struct line *line = arena_one(scene->arena, struct line);
	int count;

	scene_line(scene, out, line);
	count = count_of(scene, scene_line_length(line), STONE * s);
	chord = scene_line_divide(line, count, ways);
	size = fmin(chord / 1.035, STONE * s * 1.08);
	scene_hoop(scene, 1, out - edge, y - 0.42 * s, rail, 0.44 * s, 3, "Accent");
	scene_hoop(scene, 1, out + edge, y - 0.52 * s, rail, 0.54 * s, 3, "Accent");
	scene_hoop(scene, 1, out, y - 0.82 * s, edge, 0.12 * s, 4, "Accent");
	for (int i = 0; i < count; i++) {
		double next = i + 1 < count ? ways[i + 1] : scene_line_length(line);
		struct vec p = scene_line_at(line, ways[i]);

		small_stone(scene, vec(p.x, y, p.z), size, i);
		beads(scene, line, (ways[i] + next) / 2, size, y);
	}
}
