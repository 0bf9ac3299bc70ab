/*
 * solid.h - a convex body made by clipping a box with half-spaces.
 *
 * Faces keep the tag of the half-space that made them, their corners run
 * counter-clockwise seen from outside (by the right-hand rule on the axes as
 * numbers). Belongs to the arena.
 */
#ifndef BEZEL_PROVIDER_SOLID_H
#define BEZEL_PROVIDER_SOLID_H

#include "base/arena.h"
#include "provider/vec.h"

enum {
	SOLID_MAX_VERTICES = 4096,	/* in all clips together */
	SOLID_MAX_FACES = 400,
	SOLID_MAX_CORNERS = 160		/* of one face */
};

/* The points with dot(normal, p) <= distance; the normal has length 1. */
struct plane {
	struct vec normal;
	double distance;
	int tag;
};

struct solid_face {
	int tag;
	int corners[SOLID_MAX_CORNERS];
	int count;
};

struct solid {
	struct vec vertices[SOLID_MAX_VERTICES];
	int vertex_count;
	struct solid_face faces[SOLID_MAX_FACES];
	int face_count;
};

/* The plane through three points, looking away from the point inside. */
struct plane plane_through(struct vec a, struct vec b, struct vec c,
    struct vec inside, int tag);
/* The plane through a point with this (any length) outward normal. */
struct plane plane_at(struct vec point, struct vec normal, int tag);

/* A box of that half size around the origin; its faces are tagged -1. */
struct solid *solid_box(struct arena *arena, double half);
/* Keeps what is inside the half-space. False: nothing would be left, or the
 * body outgrew its limits; then it is unchanged. */
bool solid_clip(struct solid *solid, struct plane plane);
/* Drops the vertices that no face uses. */
void solid_compact(struct solid *solid);

#endif
