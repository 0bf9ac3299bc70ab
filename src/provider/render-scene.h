/*
 * render-scene.h - a design as a scene in POV-Ray's language.
 *
 * The text holds numbers and our own words only. In mask mode (render.h) tests
 * tell the pixels of stone and metal apart.
 */
#ifndef BEZEL_PROVIDER_RENDER_SCENE_H
#define BEZEL_PROVIDER_RENDER_SCENE_H

#include "provider/cut.h"
#include "provider/render-design.h"
#include "provider/render.h"

enum { SCENE_MAX_BYTES = 16 * 1024 * 1024 };

/* Null: the scene outgrew its maximum (our mistake). */
struct str render_scene(struct arena *arena, const struct render_design *design,
    enum render_flags flags);

/* --- between the files that write a scene ------------------------------- */

struct scene {
	struct buf out;
	struct arena *arena;
	const struct render_design *design;
	bool mask, draft, from_above;
	double ratio;		/* of the stone */
	struct cut_mesh *stone;	/* NULL: cabochon or pearl */
	double stone_top, stone_bottom;	/* y seen from the girdle, mm */
	struct vec *bounds;	/* what the camera must show */
	int bound_count;
	struct vec turn, move;	/* of the part that is being written */
	bool aside;		/* it need not be shown: a chain, a declaration */
	double ground_y;
};

/* Where bodies that follow stand: turned about x, then y, then z (degrees), then
 * moved. Parts do not nest. */
void scene_part(struct scene *scene, struct vec turn, struct vec move);
void scene_part_end(struct scene *scene);

/* A point of the part the camera must show. Grids show themselves. */
void scene_show(struct scene *scene, struct vec point);

/* A surface through nu * nv points, u outer; closed round u or v. */
struct grid {
	struct vec *points;
	int nu, nv;
	bool closed_u, closed_v;
};
struct grid scene_grid(struct scene *scene, int nu, int nv);
void scene_mesh(struct scene *scene, const struct grid *grid, const char *texture);
/* The same with "texture{...} interior{...}" written out. */
void scene_mesh_of(struct scene *scene, const struct grid *grid, const char *looks);

/* A body swept along a path: at each station a centre, two axes across and the
 * half sizes along them. Power 2 is round, 5 is nearly square. */
struct station {
	struct vec centre, a, b;
	double half_a, half_b;
};
void scene_sweep(struct scene *scene, const struct station *stations, int count,
    bool closed, double power, int around, const char *texture);
/* A smooth curve through the points, t from 0 to count - 1. */
struct vec scene_curve(const struct vec *points, int count, double t);
/* A wire of that radius through points, with round ends. */
void scene_wire(struct scene *scene, const struct vec *points, int count,
    double radius_from, double radius_to, const char *texture);

/* render-contour.c: the closed curve `out` mm outside the girdle (inside it if
 * negative) at y = 0, from greatest z towards +x; round at corners, without
 * loops; fewer than LINE_FEWEST points: no such curve. Places on it are ways along it in mm. */
enum { LINE_POINTS = 1024, LINE_FEWEST = 32 };
struct line {
	struct vec points[LINE_POINTS];
	double way[LINE_POINTS + 1];
	int count;
};
void scene_line(const struct scene *scene, double out, struct line *ret_line);
double scene_line_length(const struct line *line);
struct vec scene_line_at(const struct line *line, double way);
struct vec scene_line_normal(const struct line *line, double way);
double scene_line_near(const struct line *line, struct vec p);
/* As many places with equal chords between them, the first at way 0; the chord. */
double scene_line_divide(const struct line *line, int count, double *ret_ways);

/* render-look.c: textures, sky, light, ground, camera. */
void scene_looks(struct scene *scene);
void scene_world(struct scene *scene);

/* render-stone.c: declares Stone and SideStone, both with the girdle at the
 * origin; SideStone is a round one of 1 mm width. */
void scene_stones(struct scene *scene);

/* render-head.c: the setting round a stone at the origin whose foot goes down to
 * foot_y (negative). Reach: how far it stands out beyond the girdle, mm. */
void scene_head(struct scene *scene, double foot_y);
double scene_head_reach(const struct scene *scene);
/* How much stouter metal is round a larger stone; 1 at 8 mm. */
double scene_stoutness(const struct scene *scene);
/* A bar that follows the girdle `out` mm outside it, all of it scaled. */
void scene_hoop(struct scene *scene, double scale, double out, double y,
    double half_across, double half_high, double power, const char *texture);

/* render-halo.c: small stones round the main one. */
void scene_halo(struct scene *scene);
double scene_halo_reach(const struct scene *scene);

/* render-claws.c: claws at those places of the girdle. */
void scene_claws(struct scene *scene, const double *t, int count, double scale,
    double foot_y);
/* The height of the crown that far inside the girdle. */
double scene_crown_height(const struct scene *scene, double inset);

/* render-band.c: the band of a ring or bracelet; the end of its top is at inner +
 * 2 * half_thick. */
struct band {
	double inner, half_wide, half_thick, power;
};
struct band scene_band_of(const struct scene *scene, double inner);
void scene_band(struct scene *scene, const struct band *band);
/* 0 below low, 1 above high (or the other way round), smooth between. */
double scene_smooth(double low, double high, double v);

/* render-chain.c: a pendant's bail at z, and the chain through it. */
void scene_chain(struct scene *scene, double z);

/* render-piece.c: the whole. */
void scene_piece(struct scene *scene);

#endif
