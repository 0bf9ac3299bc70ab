/*
 * cut.h - the shape of a cut stone: outline and facets.
 *
 * A stone stands with its table up (+y) and its girdle round y = 0; the length
 * runs along z and the width along x. Millimetres. A cut is a list of
 * half-spaces; the body is their intersection (solid.h). A heart is two such
 * bodies, mirrored at x = 0, without the faces in which they touch.
 */
#ifndef BEZEL_PROVIDER_CUT_H
#define BEZEL_PROVIDER_CUT_H

#include "gems/gems.h"
#include "provider/solid.h"

struct cut_size {
	double length_mm, width_mm;
	double refractive_index;	/* steers the pavilion angle */
};

struct cut_mesh {
	struct vec *vertices;
	int vertex_count;
	int (*triangles)[3];
	bool *is_back;		/* of each triangle: is it of the pavilion? */
	int triangle_count;
	int facet_count;	/* polished facets: without the girdle's */
	double top_mm, bottom_mm;	/* y of the table and of the culet (negative) */
	double girdle_mm;	/* half its thickness */
};

/* Tags of the planes of a cut. */
enum cut_tag { CUT_TABLE, CUT_CROWN, CUT_GIRDLE, CUT_PAVILION, CUT_MIRROR };

/* A point of the girdle seen from above, t from 0 to 1 round it, for a stone of
 * half width 1; ratio is length to width. Heart: with its cleft. */
struct vec cut_outline(enum gem_cut_id cut, double ratio, double t);
/* The direction outwards at that point (length 1, in the plane y = 0). */
struct vec cut_outline_normal(enum gem_cut_id cut, double ratio, double t);
/* Where claws belong: t of each; at most 8. */
int cut_claws(enum gem_cut_id cut, double ratio, double ret_t[8]);

/* The convex body of a faceted cut in units of half the width (of the heart:
 * its half with x <= 0). NULL: cabochon, which has no facets. */
struct solid *cut_solid(struct arena *arena, enum gem_cut_id cut,
    const struct cut_size *size);
/* The same as closed triangles in millimetres. NULL as above. */
struct cut_mesh *cut_mesh(struct arena *arena, enum gem_cut_id cut,
    const struct cut_size *size);

#endif
