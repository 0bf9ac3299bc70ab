#include "config.h"

#include "provider/cut.h"

/* Half the thickness of the girdle, in half widths. */
#define GIRDLE 0.035

enum { MAX_MAINS = 8, LEVELS = 4 };

/* A cut on its way: the body and what the facets are measured by. */
struct work {
	struct solid *solid;
	enum gem_cut_id cut;
	double ratio, index;
	bool ok;
};

static void
facet(struct work *work, struct plane plane)
{
	work->ok = solid_clip(work->solid, plane) && work->ok;
}

/* A facet with a horizontal normal n at this place of the girdle, which leans
 * in by `angle` degrees: above for the crown, below for the pavilion. */
static struct plane
leaning(struct vec at, struct vec n, double angle, enum cut_tag tag)
{
	double up = tag == CUT_CROWN ? cos(radians(angle)) : -cos(radians(angle));

	return plane_at(at, vec(n.x * sin(radians(angle)), up,
	    n.z * sin(radians(angle))), tag);
}

/* The point at height y where two planes meet. */
static struct vec
meet(struct plane a, struct plane b, double y)
{
	double da = a.distance - a.normal.y * y, db = b.distance - b.normal.y * y;
	double det = a.normal.x * b.normal.z - b.normal.x * a.normal.z;

	return vec((da * b.normal.z - db * a.normal.z) / det, y,
	    (a.normal.x * db - b.normal.x * da) / det);
}

static void
girdle(struct work *work, double t_from, double t_to, int pieces)
{
	for (int i = 0; i < pieces; i++) {
		double t = t_from + (t_to - t_from) * (i + 0.5) / pieces;

		facet(work, plane_at(cut_outline(work->cut, work->ratio, t),
		    cut_outline_normal(work->cut, work->ratio, t), CUT_GIRDLE));
	}
}

static struct vec
at_height(struct vec p, double y)
{
	return vec(p.x, y, p.z);
}

/* Mains of a brilliant touch the girdle at g, breaks meet there at m; m[i] lies
 * before g[i]. Closed: the last is followed by the first; a heart's half ends
 * on the mirror instead. */
struct brilliant {
	int mains;
	bool closed;
	double g[MAX_MAINS], m[MAX_MAINS + 1];
	double crown_angle, pavilion_angle, table;
};

/* The mirror image at x = 0. */
static struct vec
mirrored(struct vec p)
{
	return vec(-p.x, p.y, p.z);
}

static struct plane
mirrored_plane(struct plane p)
{
	p.normal.x = -p.normal.x;
	return p;
}

/* The facets between main i and the next one on one side of the girdle: the
 * star (crown only) and two breaks. A side that ends on the mirror has its own
 * image as neighbour, whose break is not ours. */
struct neighbours {
	struct plane a, b;	/* mains */
	struct vec ga, gb, m;	/* on the girdle's rim */
	struct vec va, vb;	/* corners of the table */
	bool star, other_break;
};

static void
between(struct work *work, const struct neighbours *n, double y_rim, double y_meet,
    enum cut_tag tag)
{
	const struct vec centre = vec(work->cut == CUT_HEART ? -0.3 : 0, 0, 0);
	struct vec s = meet(n->a, n->b, y_meet), m = at_height(n->m, y_rim);

	if (tag == CUT_CROWN && n->star)
		facet(work, plane_through(n->va, n->vb, s, centre, tag));
	facet(work, plane_through(s, at_height(n->ga, y_rim), m, centre, tag));
	if (n->other_break)
		facet(work, plane_through(s, m, at_height(n->gb, y_rim), centre, tag));
}

static void
brilliant_side(struct work *work, const struct brilliant *cut, enum cut_tag tag,
    double y_rim, double y_table, double y_meet)
{
	struct plane mains[MAX_MAINS];
	struct vec g[MAX_MAINS], v[MAX_MAINS], normal;
	double angle = tag == CUT_CROWN ? cut->crown_angle : cut->pavilion_angle;

	for (int i = 0; i < cut->mains; i++) {
		g[i] = cut_outline(work->cut, work->ratio, cut->g[i]);
		normal = cut_outline_normal(work->cut, work->ratio, cut->g[i]);
		mains[i] = leaning(at_height(g[i], y_rim), normal, angle, tag);
		v[i] = at_height(vec_sub(g[i], vec_scale(normal,
		    (y_table - y_rim) / tan(radians(angle)))), y_table);
		facet(work, mains[i]);
	}
	for (int i = 0; i < cut->mains; i++) {
		int next = (i + 1) % cut->mains;
		struct neighbours n = { mains[i], mains[next], g[i], g[next],
			cut_outline(work->cut, work->ratio, cut->m[i + 1]), v[i], v[next],
			true, true };

		if (!cut->closed && next == 0) {
			/* the cleft */
			n.star = n.other_break = false;
			n.b = mirrored_plane(n.a);
			n.gb = mirrored(n.ga);
			n.vb = mirrored(n.va);
		}
		between(work, &n, y_rim, y_meet, tag);
	}
	if (!cut->closed) {
		struct neighbours n = { mains[0], mirrored_plane(mains[0]), g[0],
			mirrored(g[0]), cut_outline(work->cut, work->ratio, cut->m[0]),
			v[0], mirrored(v[0]), true, false };

		between(work, &n, y_rim, y_meet, tag);
	}
}

static void
brilliant(struct work *work, const struct brilliant *cut)
{
	double crown = (1 - cut->table) * tan(radians(cut->crown_angle));
	double depth = tan(radians(cut->pavilion_angle));
	double from = cut->m[0], to = cut->closed ? cut->m[0] + 1 : cut->m[cut->mains];

	girdle(work, from, to, cut->mains * 10);
	brilliant_side(work, cut, CUT_CROWN, GIRDLE, GIRDLE + crown, GIRDLE + crown * 0.58);
	brilliant_side(work, cut, CUT_PAVILION, -GIRDLE, -GIRDLE - depth,
	    -GIRDLE - depth * 0.76);
	facet(work, plane_at(vec(0, GIRDLE + crown, 0), vec(0, 1, 0), CUT_TABLE));
}

static struct brilliant
brilliant_of(enum gem_cut_id cut)
{
	static const double marquise[] = { 0.16, 0.40, 0.60, 0.84 };
	static const double pear[] = { 0.16, 0.42, 0.70, 0.90 };
	static const double heart[] = { 0.13, 0.37, 0.62, 0.87 };
	struct brilliant b = { .mains = cut == CUT_TRILLION ? 6 : 8, .closed = true };
	const double *half = cut == CUT_MARQUISE ? marquise : cut == CUT_PEAR ? pear :
	    cut == CUT_HEART ? heart : NULL;

	b.table = cut == CUT_TRILLION ? 0.62 : 0.57;
	for (int i = 0; i < b.mains; i++) {
		if (half == NULL)
			b.g[i] = (double)i / b.mains;
		else
			b.g[i] = i < 4 ? half[i] / 2 : 1 - half[7 - i] / 2;
	}
	if (cut == CUT_HEART) {
		b.mains = 4;
		b.closed = false;
		for (int i = 0; i < 4; i++)
			b.g[i] = 1 - half[3 - i] / 2;
		b.m[0] = 0.5;
		b.m[4] = 1;
	} else if (half != NULL) {
		b.m[0] = 0;
		b.m[b.mains] = 1;
	} else {
		b.m[0] = -0.5 / b.mains;
		b.m[b.mains] = 1 - 0.5 / b.mains;
	}
	for (int i = 1; i < b.mains; i++)
		b.m[i] = (b.g[i - 1] + b.g[i]) / 2;
	return b;
}

/* Mains a little above the critical angle, which the table of real cutters
 * follows too: about 41 degrees for diamond, 43 for quartz. */
static double
pavilion_angle(double index)
{
	double angle = 40.7 + (2.42 - index) * 2.8;

	return fmin(fmax(angle, 40.2), 44);
}

/* A row of a step cut: it begins at this inset from the girdle. */
struct step {
	double inset, angle;
};

static void
step_sides(struct work *work, const struct vec *at, const struct vec *normals,
    int sides, const struct step *steps, int rows, enum cut_tag tag)
{
	double y = tag == CUT_CROWN ? GIRDLE : -GIRDLE, sign = tag == CUT_CROWN ? 1 : -1;

	for (int row = 0; row < rows; row++) {
		if (row > 0)
			y += sign * (steps[row].inset - steps[row - 1].inset) *
			    tan(radians(steps[row - 1].angle));
		for (int i = 0; i < sides; i++) {
			/* Corners step in less, so that they stay corners. */
			double share = fabs(normals[i].x * normals[i].z) > 0.1 ? 0.72 : 1;
			struct vec p = vec_sub(at[i], vec_scale(normals[i],
			    steps[row].inset * share));
			double angle = atan(tan(radians(steps[row].angle)) / share);

			facet(work, leaning(at_height(p, y), normals[i],
			    angle / radians(1), tag));
		}
	}
}

/* The middles of the straight sides and their directions. */
static int
straight_sides(const struct work *work, struct vec at[8], struct vec normals[8])
{
	double claws[8], t[8] = { 0, 0.25, 0.5, 0.75 };
	int sides = 4;

	if (work->cut != CUT_BAGUETTE && work->cut != CUT_PRINCESS) {
		(void)cut_claws(work->cut, work->ratio, claws);
		memcpy(t + 4, claws, 4 * sizeof *claws);
		sides = 8;
	}
	for (int i = 0; i < sides; i++) {
		at[i] = cut_outline(work->cut, work->ratio, t[i]);
		normals[i] = cut_outline_normal(work->cut, work->ratio, t[i]);
	}
	return sides;
}

static void
straight_girdle(struct work *work, const struct vec *at, const struct vec *normals,
    int sides)
{
	for (int i = 0; i < sides; i++)
		facet(work, plane_at(at[i], normals[i], CUT_GIRDLE));
}

static double
crown_height(const struct step *steps, int rows, double table_inset)
{
	double y = 0;

	for (int i = 0; i < rows; i++)
		y += ((i + 1 < rows ? steps[i + 1].inset : table_inset) -
		    steps[i].inset) * tan(radians(steps[i].angle));
	return y;
}

static void
step_cut(struct work *work)
{
	double low = pavilion_angle(work->index);
	const struct step crown[] = { { 0, 47 }, { 0.14, 38 }, { 0.27, 29 } };
	const struct step pavilion[] = { { 0, low + 13 }, { 0.26, low + 6 }, { 0.60, low } };
	const struct step baguette_crown[] = { { 0, 36 } };
	const struct step baguette_pavilion[] = { { 0, low + 8 }, { 0.42, low } };
	bool baguette = work->cut == CUT_BAGUETTE;
	double inset = baguette ? 0.36 : work->cut == CUT_ASSCHER ? 0.44 : 0.40;
	struct vec at[8], normals[8];
	int sides = straight_sides(work, at, normals);

	straight_girdle(work, at, normals, sides);
	if (baguette) {
		step_sides(work, at, normals, sides, baguette_crown, 1, CUT_CROWN);
		step_sides(work, at, normals, sides, baguette_pavilion, 2, CUT_PAVILION);
	} else {
		step_sides(work, at, normals, sides, crown, 3, CUT_CROWN);
		step_sides(work, at, normals, sides, pavilion, 3, CUT_PAVILION);
	}
	facet(work, plane_at(vec(0, GIRDLE + crown_height(baguette ? baguette_crown :
	    crown, baguette ? 1 : 3, inset), 0), vec(0, 1, 0), CUT_TABLE));
}

/* Chevrons: from each corner's ridge facets run to the middles of the sides,
 * row under row; a row is held at this inset of the ridge. */
static void
princess_pavilion(struct work *work)
{
	static const struct { double inset, turn, steeper; } rows[LEVELS] = {
		{ 0, 0, 14 }, { 0.06, 12, 6 }, { 0.28, 24, 1 }, { 0.52, 36, -2 } };
	double low = pavilion_angle(work->index), y = -GIRDLE;

	for (int row = 0; row < LEVELS; row++) {
		double in = 1 - rows[row].inset;

		if (row > 0)
			y -= (rows[row].inset - rows[row - 1].inset) * sqrt(2) *
			    cos(radians(45 - rows[row - 1].turn)) *
			    tan(radians(low + rows[row - 1].steeper));
		for (int i = 0; i < 8; i++) {
			double way = i & 1 ? 1 : -1;
			double side = 90 * (i / 2), corner = radians(side + 45 * way);
			double a = radians(side + way * rows[row].turn);

			facet(work, leaning(vec(sin(corner) * in * sqrt(2), y,
			    cos(corner) * in * sqrt(2)), vec(sin(a), 0, cos(a)),
			    low + rows[row].steeper, CUT_PAVILION));
		}
	}
}

static void
princess(struct work *work)
{
	static const struct step crown[] = { { 0, 40 }, { 0.16, 27 } };
	struct vec at[8], normals[8];
	int sides = straight_sides(work, at, normals);

	straight_girdle(work, at, normals, sides);
	step_sides(work, at, normals, sides, crown, 2, CUT_CROWN);
	for (int i = 0; i < 4; i++) {
		/* kites at the corners, flatter than the ridge there */
		double a = radians(45 + 90 * i);
		struct vec n = vec(sin(a), 0, cos(a));

		facet(work, leaning(vec(n.x * sqrt(2), GIRDLE, n.z * sqrt(2)), n, 23,
		    CUT_CROWN));
	}
	facet(work, plane_at(vec(0, GIRDLE + crown_height(crown, 2, 0.33), 0),
	    vec(0, 1, 0), CUT_TABLE));
	princess_pavilion(work);
}

/* A straight-sided stone with a brilliant's pavilion: from the ridge below each
 * cut corner facets fan out to both sides, row under row. */
static void
radiant(struct work *work)
{
	double low = pavilion_angle(work->index), y = -GIRDLE, turn;
	const struct step crown[] = { { 0, 42 }, { 0.18, 31 } };
	const struct step girdle_row[] = { { 0, low + 15 } };
	static const struct { double inset, steeper, turn; } rows[LEVELS] = {
		{ 0, 15, 0 }, { 0.07, 9, 33 }, { 0.30, 4, 21 }, { 0.56, 0, 9 } };
	struct vec at[8], normals[8];
	int sides = straight_sides(work, at, normals);

	straight_girdle(work, at, normals, sides);
	step_sides(work, at, normals, sides, crown, 2, CUT_CROWN);
	facet(work, plane_at(vec(0, GIRDLE + crown_height(crown, 2, 0.36), 0),
	    vec(0, 1, 0), CUT_TABLE));
	step_sides(work, at, normals, sides, girdle_row, 1, CUT_PAVILION);
	for (int row = 1; row < LEVELS; row++) {
		y -= (rows[row].inset - rows[row - 1].inset) *
		    cos(radians(rows[row - 1].turn)) *
		    tan(radians(low + rows[row - 1].steeper));
		for (int i = 4; i < sides; i++)
			for (int way = -1; way <= 1; way += 2) {
				struct vec n = normals[i];

				turn = radians(rows[row].turn * way);
				facet(work, leaning(at_height(vec_sub(at[i],
				    vec_scale(n, rows[row].inset)), y),
				    vec(n.x * cos(turn) - n.z * sin(turn), 0,
				    n.x * sin(turn) + n.z * cos(turn)),
				    low + rows[row].steeper, CUT_PAVILION));
			}
	}
}

struct solid *
cut_solid(struct arena *arena, enum gem_cut_id cut, const struct cut_size *size)
{
	struct work work = { solid_box(arena, 8), cut,
		size->length_mm / size->width_mm, size->refractive_index, true };
	struct brilliant b;

	switch (cut) {
	case CUT_CABOCHON:
		return NULL;
	case CUT_EMERALD:
	case CUT_ASSCHER:
	case CUT_BAGUETTE:
		step_cut(&work);
		break;
	case CUT_PRINCESS:
		princess(&work);
		break;
	case CUT_RADIANT:
		radiant(&work);
		break;
	default:
		b = brilliant_of(cut);
		b.pavilion_angle = pavilion_angle(size->refractive_index);
		b.crown_angle = size->refractive_index > 2 ? 34.5 : 37;
		if (cut == CUT_HEART)
			facet(&work, plane_at(vec(0, 0, 0), vec(1, 0, 0), CUT_MIRROR));
		brilliant(&work, &b);
		break;
	}
	if (!work.ok)
		die("a cut has facets that do not close");
	solid_compact(work.solid);
	return work.solid;
}

static void
add_triangles(struct cut_mesh *mesh, const struct solid *solid, double scale,
    bool mirror)
{
	int first = mesh->vertex_count;

	for (int i = 0; i < solid->vertex_count; i++) {
		struct vec p = vec_scale(solid->vertices[i], scale);

		mesh->vertices[mesh->vertex_count++] = mirror ? mirrored(p) : p;
		mesh->top_mm = fmax(mesh->top_mm, p.y);
		mesh->bottom_mm = fmin(mesh->bottom_mm, p.y);
	}
	for (int f = 0; f < solid->face_count; f++) {
		const struct solid_face *face = &solid->faces[f];

		if (face->tag == CUT_MIRROR)
			continue;
		mesh->facet_count += face->tag != CUT_GIRDLE &&
		    (face->tag != CUT_TABLE || !mirror);
		for (int i = 1; i + 1 < face->count; i++) {
			int *t = mesh->triangles[mesh->triangle_count];

			mesh->is_back[mesh->triangle_count++] = face->tag == CUT_PAVILION;
			t[0] = first + face->corners[0];
			t[1] = first + face->corners[mirror ? i + 1 : i];
			t[2] = first + face->corners[mirror ? i : i + 1];
		}
	}
}

struct cut_mesh *
cut_mesh(struct arena *arena, enum gem_cut_id cut, const struct cut_size *size)
{
	struct solid *solid = cut_solid(arena, cut, size);
	struct cut_mesh *mesh;
	int corners = 0, halves = cut == CUT_HEART ? 2 : 1;

	if (solid == NULL)
		return NULL;
	for (int f = 0; f < solid->face_count; f++)
		corners += solid->faces[f].count;
	mesh = arena_one(arena, struct cut_mesh);
	mesh->vertices = arena_many(arena, (size_t)(solid->vertex_count * halves), struct vec);
	mesh->triangles = arena_array(arena, (size_t)(corners * halves), sizeof *mesh->triangles);
	mesh->is_back = arena_many(arena, (size_t)(corners * halves), bool);
	mesh->girdle_mm = GIRDLE * size->width_mm / 2;
	for (int half = 0; half < halves; half++)
		add_triangles(mesh, solid, size->width_mm / 2, half == 1);
	return mesh;
}
