#include "config.h"

#include "provider/render-scene.h"

/* Curves at a distance from the girdle. */

enum { FINE = 720, ARC_DEGREES = 5 };

static void
add(struct line *line, struct vec p)
{
	if (line->count < LINE_POINTS)
		line->points[line->count++] = p;
}

/* Is a point that ought to lie `out` away from the outline nearer to another part
 * of it? So it is on the wrong side of a cleft, or inside of a corner. */
static bool
too_near(const struct vec *girdle, struct vec p, double out)
{
	double least = fabs(out) * 0.985;

	for (int i = 0; i < FINE; i++) {
		double x = p.x - girdle[i].x, z = p.z - girdle[i].z;

		if (x * x + z * z < least * least)
			return true;
	}
	return false;
}

/* Outside a corner the curve is an arc. */
static void
add_arc(struct line *line, struct vec p, struct vec from, struct vec to, double out)
{
	double turn = vec_cross(from, to).y;	/* outwards turns from z to x */
	int steps = (int)(asin(fmin(fabs(turn), 1)) / radians(ARC_DEGREES));

	for (int i = 1; turn > 0 && i <= steps; i++)
		add(line, vec_add(p, vec_scale(vec_unit(vec_mix(from, to,
		    (double)i / (steps + 1))), out)));
}

void
scene_line(const struct scene *scene, double out, struct line *ret_line)
{
	enum gem_cut_id cut = scene->design->cut->id;
	double half = scene->design->width_mm / 2, ratio = scene->ratio;
	struct vec *girdle = arena_many(scene->arena, FINE, struct vec);
	struct vec normal, last = cut_outline_normal(cut, ratio, -1.0 / FINE);
	bool doubtful = out < 0 || cut == CUT_HEART;
	int kept = 0;

	ret_line->count = 0;
	for (int i = 0; i < FINE; i++)
		girdle[i] = vec_scale(cut_outline(cut, ratio, (double)i / FINE), half);
	for (int i = 0; i < FINE; i++) {
		normal = cut_outline_normal(cut, ratio, (double)i / FINE);
		if (out > 0)
			add_arc(ret_line, girdle[i], last, normal, out);
		add(ret_line, vec_add(girdle[i], vec_scale(normal, out)));
		last = normal;
	}
	for (int i = 0; i < ret_line->count; i++)
		if (!doubtful || !too_near(girdle, ret_line->points[i], out))
			ret_line->points[kept++] = ret_line->points[i];
	ret_line->count = kept;
	ret_line->way[0] = 0;
	for (int i = 0; i < kept; i++)
		ret_line->way[i + 1] = ret_line->way[i] + vec_length(vec_sub(
		    ret_line->points[(i + 1) % kept], ret_line->points[i]));
}

double
scene_line_length(const struct line *line)
{
	return line->way[line->count];
}

struct vec
scene_line_at(const struct line *line, double way)
{
	double whole = scene_line_length(line);
	int low = 0, high = line->count;

	way -= floor(way / whole) * whole;
	while (high - low > 1) {
		int middle = (low + high) / 2;

		if (line->way[middle] <= way)
			low = middle;
		else
			high = middle;
	}
	return vec_mix(line->points[low], line->points[(low + 1) % line->count],
	    (way - line->way[low]) / fmax(line->way[low + 1] - line->way[low], 1e-9));
}

struct vec
scene_line_normal(const struct line *line, double way)
{
	double step = scene_line_length(line) / FINE * 3;
	struct vec along = vec_sub(scene_line_at(line, way + step),
	    scene_line_at(line, way - step));

	return vec_unit(vec(-along.z, 0, along.x));
}

double
scene_line_near(const struct line *line, struct vec p)
{
	int best = 0;
	double least = 1e9, d;

	for (int i = 0; i < line->count; i++) {
		d = hypot(line->points[i].x - p.x, line->points[i].z - p.z);
		if (d < least) {
			least = d;
			best = i;
		}
	}
	return line->way[best];
}

/* Walks `count` chords of that length; how far along the line that leads. */
static double
walk(const struct line *line, double chord, int count, double *ret_ways)
{
	double whole = scene_line_length(line), step = whole / FINE, way = 0, far, last;
	struct vec from, p;

	for (int i = 0; i < count; i++) {
		if (ret_ways != NULL)
			ret_ways[i] = way;
		from = scene_line_at(line, way);
		last = 0;
		for (way += chord * 0.9; way < 1.2 * whole; way += step) {
			p = scene_line_at(line, way);
			far = vec_length(vec_sub(p, from));
			if (far >= chord) {
				way -= step * (far - chord) / fmax(far - last, 1e-9);
				break;
			}
			last = far;
		}
	}
	return way;
}

double
scene_line_divide(const struct line *line, int count, double *ret_ways)
{
	double whole = scene_line_length(line);
	double low = 0.5 * whole / count, high = 1.05 * whole / count;

	for (int i = 0; i < 24; i++) {
		double middle = (low + high) / 2;

		if (walk(line, middle, count, NULL) < whole)
			low = middle;
		else
			high = middle;
	}
	(void)walk(line, low, count, ret_ways);
	return low;
}
