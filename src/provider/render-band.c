#include "config.h"

#include "provider/render-scene.h"

/* The band of a ring or bracelet: a circle in the plane z = 0. */

double
scene_smooth(double low, double high, double v)
{
	v = fmin(fmax((v - low) / (high - low), 0), 1);
	return v * v * (3 - 2 * v);
}

struct band
scene_band_of(const struct scene *scene, double inner)
{
	static const struct band bands[BAND_COUNT] = {
		[BAND_ROUND] = { 0, 1.25, 0.92, 2.3 },
		[BAND_TAPERED] = { 0, 1.15, 0.90, 2.4 },
		[BAND_FLAT] = { 0, 2.1, 0.75, 6 },
		[BAND_KNIFE] = { 0, 1.45, 1.1, 1.35 },
		[BAND_TWISTED] = { 0, 0.66, 0.66, 2 },
		[BAND_SPLIT] = { 0, 0.85, 0.80, 2.4 },
		[BAND_PAVE] = { 0, 1.25, 0.95, 3 },
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
		wide *= 0.86 + 0.40 * scene_smooth(170, 40, top) -
		    0.35 * scene_smooth(60, 0, top);
	} else if (kind == BAND_SPLIT) {
		z = strand * (0.55 + 1.6 * scene_smooth(85, 22, top)) * band->half_wide * 1.15;
	} else if (kind == BAND_TWISTED) {
		double turn = radians(angle * (band->inner > 15 ? 14 : 8)) +
		    radians(180) * (strand > 0);

		z = cos(turn) * thick * 0.90;
		lift = sin(turn) * thick * 0.90 + thick * 0.8;
	} else if (kind != BAND_FLAT) {
		wide *= 0.86 + 0.14 * scene_smooth(150, 30, top);
	}
	return (struct station){ vec_add(vec_scale(radial, band->inner + thick + lift),
		vec(0, 0, z)), across, radial, wide, thick };
}

/* --- what is worked into the outside: the hammer's dints, seats of stones -- */

/* From 0 to 1, the same for the same numbers. */
static double
chance(uint32_t seed, int i, int j)
{
	uint32_t h = seed ^ (uint32_t)i * 374761393u ^ (uint32_t)j * 668265263u;

	h = (h ^ h >> 15) * 2246822519u;
	h = (h ^ h >> 13) * 3266489917u;
	return (double)((h ^ h >> 16) & 0xffff) / 0x10000;
}

/* Shallow bowls of one size, shoulder to shoulder on a shaken honeycomb: how
 * deep the surface lies there, by the way along and across in bowls' widths. The
 * way along is closed after `round` bowls. */
static double
dint(uint32_t seed, double along, double across, int round)
{
	double nearest = 1e9;
	int row = (int)floor(across / 0.866);

	for (int j = row - 1; j <= row + 2; j++) {
		double shift = j & 1 ? 0.5 : 0;
		int column = (int)floor(along - shift);

		for (int i = column - 1; i <= column + 2; i++) {
			int k = (i % round + round) % round;
			double x = i + shift + 0.36 * (chance(seed, k, j) - 0.5) - along;
			double y = 0.866 * j + 0.36 * (chance(seed + 77, k, j) - 0.5) - across;

			nearest = fmin(nearest, x * x + y * y);
		}
	}
	return fmax(1 - nearest / 0.33, 0);
}

/* Where the stones of a set band sit: a trough with round ends. */
struct seats {
	double size, first, last;	/* mm, degrees */
};

static struct seats
seats_of(const struct scene *scene, const struct band *band)
{
	double size = fmin(band->half_wide * 1.42, 1.8 * (band->inner > 15 ? 1.6 : 1));
	double radius = band->inner + 2 * band->half_thick;
	double step = size * 1.06 / radius / radians(1);
	double first = (scene->design->width_mm / 2 + 1.6) / radius / radians(1);

	return (struct seats){ size, first, first +
		floor(fmin(62, 95 - first) / step) * step };
}

static double
trough(const struct band *band, const struct seats *seats, double angle, double z)
{
	double top = from_top(angle), radius = band->inner + 2 * band->half_thick;
	double past = fmax(fmax(seats->first - top, top - seats->last), 0);
	double away = hypot(radians(past) * radius, z) / seats->size;

	return 0.47 * seats->size * scene_smooth(0.53, 0.47, away);
}

struct relief {
	const struct scene *scene;
	const struct band *band;
	struct seats seats;
	double pitch;		/* of the dints, mm; 0: none */
	int dints_round;
};

/* How far below the plain outside. */
static double
relief_at(const struct relief *relief, double angle, double z, double outward)
{
	double depth = 0, outside = scene_smooth(0.25, 0.65, outward);

	if (relief->pitch > 0)
		depth = 0.07 * relief->pitch * outside * dint(relief->scene->design->seed,
		    angle / 360 * relief->dints_round, z / relief->pitch + 100,
		    relief->dints_round);
	if (relief->scene->design->band == BAND_PAVE && outward > 0)
		depth = fmax(depth, trough(relief->band, &relief->seats, angle, z));
	return depth;
}

/* --- its body -------------------------------------------------------------- */

static double
rounded(double v, double power)
{
	return v < 0 ? -pow(-v, 2 / power) : pow(v, 2 / power);
}

/* Points round the cross-section, spread half by length and half by angle, so
 * that neither faces nor edges want for points. */
static void
profile(const struct band *band, struct vec *points, int count)
{
	enum { FINE = 720 };
	double length[FINE + 1] = { 0 }, share;
	struct vec last = vec(1, 0, 0), p;
	int at = 0;

	for (int i = 1; i <= FINE; i++) {
		double a = radians(360) * i / FINE;

		p = vec(rounded(cos(a), band->power), rounded(sin(a), band->power), 0);
		length[i] = length[i - 1] + hypot((p.x - last.x) * band->half_wide,
		    (p.y - last.y) * band->half_thick);
		last = p;
	}
	for (int v = 0; v < count; v++) {
		do
			share = (length[at] / length[FINE] + (double)at / FINE) / 2;
		while (share < (double)v / count && ++at < FINE);
		points[v] = vec(rounded(cos(radians(360) * at / FINE), band->power),
		    rounded(sin(radians(360) * at / FINE), band->power), 0);
	}
}

enum { MOST_AROUND = 72 };

static void
strand(struct scene *scene, const struct band *band, int which)
{
	bool hammered = scene->design->finish == FINISH_HAMMERED;
	bool worked = hammered || scene->design->band == BAND_PAVE;
	int count = (scene->draft ? 144 : 288) * (worked ? 2 : 1);
	int around = worked ? MOST_AROUND : scene->draft ? 24 : 40;
	double pitch = fmin(1.15 * (band->inner > 15 ? 1.9 : 1), band->half_wide);
	struct relief relief = { scene, band, seats_of(scene, band),
		hammered ? pitch : 0, (int)(radians(360) * (band->inner +
		2 * band->half_thick) / pitch) };
	struct grid grid = scene_grid(scene, count, around);
	struct vec points[MOST_AROUND];

	profile(band, points, around);
	for (int u = 0; u < count; u++) {
		double angle = 360.0 * u / count;
		const struct station s = band_station(scene, band, angle, which);

		for (int v = 0; v < around; v++) {
			double x = points[v].x * s.half_a, y = points[v].y * s.half_b;

			y -= relief_at(&relief, angle, x, points[v].y);
			grid.points[u * around + v] = vec_add(s.centre,
			    vec_add(vec_scale(s.a, x), vec_scale(s.b, y)));
		}
	}
	grid.closed_u = grid.closed_v = true;
	scene_mesh(scene, &grid, "Metal");
}

/* A stone at the top of its seat, turned and tipped a little as setters do, and
 * two beads of metal towards the next. */
static void
pave(struct scene *scene, const struct band *band)
{
	const struct seats seats = seats_of(scene, band);
	double radius = band->inner + 2 * band->half_thick, size = seats.size;
	double step = size * 1.06 / radius / radians(1);
	int number = 0;

	for (double at = seats.first; at < seats.last + step / 2; at += step)
		for (int way = -1; way <= 1; way += 2) {
			buf_printf(&scene->out, "object{SideStone rotate<%.2f,%.1f,%.2f>scale %.4f "
			    "translate<0,%.4f,0>rotate<0,0,%.4f>}\n",
			    6 * chance(scene->design->seed, number, 1) - 3, 137.5 * number,
			    6 * chance(scene->design->seed, number, 2) - 3, size,
			    radius - 0.03 * size, at * way);
			number++;
			for (int side = -1; side <= 1; side += 2)
				buf_printf(&scene->out, "sphere{0,%.4f scale<1,0.7,1>"
				    "translate<0,%.4f,%.4f>texture{Metal}rotate<0,0,%.4f>}\n",
				    size * 0.13, radius - 0.04 * size, side * size * 0.39, (at + step / 2) * way);
		}
}

void
scene_band(struct scene *scene, const struct band *band)
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
