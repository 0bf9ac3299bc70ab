/*
 * vec.h - points and directions of a scene, in millimetres unless said.
 *
 * POV-Ray's axes: x to the right, y up, z away from the one who looks.
 */
#ifndef BEZEL_PROVIDER_VEC_H
#define BEZEL_PROVIDER_VEC_H

#include <math.h>

struct vec {
	double x, y, z;
};

static inline struct vec
vec(double x, double y, double z)
{
	return (struct vec){ x, y, z };
}

static inline struct vec
vec_add(struct vec a, struct vec b)
{
	return vec(a.x + b.x, a.y + b.y, a.z + b.z);
}

static inline struct vec
vec_sub(struct vec a, struct vec b)
{
	return vec(a.x - b.x, a.y - b.y, a.z - b.z);
}

static inline struct vec
vec_scale(struct vec a, double s)
{
	return vec(a.x * s, a.y * s, a.z * s);
}

static inline double
vec_dot(struct vec a, struct vec b)
{
	return a.x * b.x + a.y * b.y + a.z * b.z;
}

static inline struct vec
vec_cross(struct vec a, struct vec b)
{
	return vec(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z,
	    a.x * b.y - a.y * b.x);
}

static inline double
vec_length(struct vec a)
{
	return sqrt(vec_dot(a, a));
}

/* Of length 1; the null vector stays. */
static inline struct vec
vec_unit(struct vec a)
{
	double length = vec_length(a);

	return length > 0 ? vec_scale(a, 1 / length) : a;
}

static inline struct vec
vec_mix(struct vec a, struct vec b, double t)
{
	return vec_add(vec_scale(a, 1 - t), vec_scale(b, t));
}

static inline double
radians(double degrees)
{
	return degrees * (3.14159265358979323846 / 180);
}

#endif
