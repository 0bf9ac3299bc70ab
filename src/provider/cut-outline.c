#include "config.h"

#include "provider/cut.h"

/* How much of the half width is cut off at each corner. */
static double
corner_of(enum gem_cut_id cut)
{
	switch (cut) {
	case CUT_EMERALD:
		return 0.30;
	case CUT_ASSCHER:
		return 0.52;
	case CUT_RADIANT:
		return 0.26;
	default:
		return 0;
	}
}

/* Walks a quarter outline of straight sides by its length, s from 0 to 1. */
static struct vec
walk(const struct vec *points, int count, double s)
{
	double total = 0, length;

	for (int i = 0; i + 1 < count; i++)
		total += vec_length(vec_sub(points[i + 1], points[i]));
	s *= total;
	for (int i = 0; i + 1 < count; i++) {
		length = vec_length(vec_sub(points[i + 1], points[i]));
		if (s <= length && length > 0)
			return vec_mix(points[i], points[i + 1], s / length);
		s -= length;
	}
	return points[count - 1];
}

static struct vec
straight(enum gem_cut_id cut, double ratio, double s)
{
	double c = corner_of(cut);
	const struct vec points[] = { { 0, 0, ratio }, { 1 - c, 0, ratio },
		{ 1, 0, ratio - c }, { 1, 0, c - ratio }, { 1 - c, 0, -ratio },
		{ 0, 0, -ratio } };

	return walk(points, 6, s);
}

static double
signed_pow(double v, double power)
{
	return v < 0 ? -pow(-v, power) : pow(v, power);
}

/* A side that swells like 1 - u^power from its widest (u = 0) to a point. */
static struct vec
swell(double power, double u, double z_wide, double z_tip)
{
	return vec(1 - pow(u, power), 0, z_wide + (z_tip - z_wide) * u);
}

static struct vec
pear(double ratio, double s)
{
	if (s < 0.6)
		return swell(1.75, 1 - s / 0.6, 1 - ratio, ratio);
	s = radians(90) * (s - 0.6) / 0.4;
	return vec(cos(s), 0, 1 - ratio - sin(s));
}

/* From the cleft over the lobe and down to the tip. */
static struct vec
heart(double ratio, double s)
{
	const double radius = 0.53, centre = 0.47;
	double wide = ratio - radius, start = radians(180) - asin(
	    sqrt(radius * radius - centre * centre) / radius);

	if (s < 0.5) {
		s = start * (1 - s / 0.5);
		return vec(centre + radius * cos(s), 0, wide + radius * sin(s));
	}
	return swell(1.7, (s - 0.5) / 0.5, wide, -ratio);
}

/* By its support function, which is convex and a triangle with round corners. */
static struct vec
trillion(double ratio, double s)
{
	const double b = 0.15, c = -0.015;
	double a = radians(180) * s;
	double h = 1 + b * cos(3 * a) + c * cos(6 * a);
	double dh = -3 * b * sin(3 * a) - 6 * c * sin(6 * a);

	return vec((h * sin(a) + dh * cos(a)) / (1 - c), 0,
	    ratio * (h * cos(a) - dh * sin(a)) / (1 - c));
}

/* The half with x >= 0, s from 0 (greatest z) to 1. */
static struct vec
half_outline(enum gem_cut_id cut, double ratio, double s)
{
	double a = radians(180) * s;

	switch (cut) {
	case CUT_CUSHION:
		return vec(signed_pow(sin(a), 2 / 2.9), 0,
		    ratio * signed_pow(cos(a), 2 / 2.9));
	case CUT_MARQUISE:
		return swell(1.8, fabs(1 - 2 * s), 0, s < 0.5 ? ratio : -ratio);
	case CUT_PEAR:
		return pear(ratio, s);
	case CUT_HEART:
		return heart(ratio, s);
	case CUT_TRILLION:
		return trillion(ratio, s);
	case CUT_PRINCESS:
	case CUT_EMERALD:
	case CUT_ASSCHER:
	case CUT_RADIANT:
	case CUT_BAGUETTE:
		return straight(cut, ratio, s);
	default:
		return vec(sin(a), 0, ratio * cos(a));
	}
}

struct vec
cut_outline(enum gem_cut_id cut, double ratio, double t)
{
	struct vec p;

	t -= floor(t);
	p = half_outline(cut, ratio, t <= 0.5 ? 2 * t : 2 - 2 * t);
	if (t > 0.5)
		p.x = -p.x;
	return p;
}

struct vec
cut_outline_normal(enum gem_cut_id cut, double ratio, double t)
{
	const double step = 1e-4;
	struct vec along = vec_sub(cut_outline(cut, ratio, t + step),
	    cut_outline(cut, ratio, t - step));

	/* Seen from above t runs from +z to +x: outwards is to its left. */
	return vec_unit(vec(-along.z, 0, along.x));
}

/* Where the path length of straight sides puts the middle of a corner. */
static double
corner_t(enum gem_cut_id cut, double ratio)
{
	double c = corner_of(cut), side = c * sqrt(2);
	double total = 2 * (1 - c) + 2 * side + 2 * (ratio - c);

	return (1 - c + side / 2) / total / 2;
}

int
cut_claws(enum gem_cut_id cut, double ratio, double ret_t[8])
{
	static const double four[] = { 0.125, 0.375, 0.625, 0.875 };
	static const double marquise[] = { 0, 0.17, 0.33, 0.5, 0.67, 0.83 };
	static const double pear[] = { 0, 0.23, 0.40, 0.60, 0.77 };
	static const double heart[] = { 0.5, 0.10, 0.26, 0.74, 0.90 };
	static const double trillion[] = { 0, 1 / 3.0, 2 / 3.0 };
	const double *from = four;
	int count = 4;

	switch (cut) {
	case CUT_MARQUISE:
		from = marquise, count = 6;
		break;
	case CUT_PEAR:
		from = pear, count = 5;
		break;
	case CUT_HEART:
		from = heart, count = 5;
		break;
	case CUT_TRILLION:
		from = trillion, count = 3;
		break;
	case CUT_PRINCESS:
	case CUT_EMERALD:
	case CUT_ASSCHER:
	case CUT_RADIANT:
	case CUT_BAGUETTE:
		ret_t[0] = corner_t(cut, ratio);
		ret_t[1] = 0.5 - ret_t[0];
		ret_t[2] = 0.5 + ret_t[0];
		ret_t[3] = 1 - ret_t[0];
		return 4;
	default:
		break;
	}
	memcpy(ret_t, from, (size_t)count * sizeof *from);
	return count;
}
