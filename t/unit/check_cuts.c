#include "config.h"

#include "unit.h"

#include <math.h>

#include "provider/cut.h"

static const double indices[] = { 1.45, 1.58, 1.77, 2.417, 2.67 };

enum { INDICES = sizeof indices / sizeof indices[0] };

static struct cut_size
size_of(enum gem_cut_id cut, double ratio, double index)
{
	(void)cut;
	return (struct cut_size){ 8 * ratio, 8, index };
}

/* Every directed edge once, its reverse once: closed. Here and below libcheck hears of what is
 * wrong alone: it writes to a file at each assertion, and there are millions. */
static void
check_closed(const struct solid *solid, const char *name)
{
	for (int f = 0; f < solid->face_count; f++)
		for (int i = 0; i < solid->faces[f].count; i++) {
			int a = solid->faces[f].corners[i], same = 0, reverse = 0;
			int b = solid->faces[f].corners[(i + 1) % solid->faces[f].count];

			for (int g = 0; g < solid->face_count; g++)
				for (int j = 0; j < solid->faces[g].count; j++) {
					int c = solid->faces[g].corners[j];
					int d = solid->faces[g].corners[(j + 1) %
					    solid->faces[g].count];

					same += c == a && d == b;
					reverse += c == b && d == a;
				}
			if (same != 1 || reverse != 1)
				ck_abort_msg("%s: edge %d-%d", name, a, b);
		}
}

/* No vertex stands outside the plane of any face. */
static void
check_convex(const struct solid *solid, const char *name)
{
	for (int f = 0; f < solid->face_count; f++) {
		const struct solid_face *face = &solid->faces[f];
		struct vec first = solid->vertices[face->corners[0]], normal = vec(0, 0, 0);

		for (int i = 1; i + 1 < face->count; i++)
			normal = vec_add(normal, vec_cross(
			    vec_sub(solid->vertices[face->corners[i]], first),
			    vec_sub(solid->vertices[face->corners[i + 1]], first)));
		if (vec_length(normal) < 1e-9)
			continue;	/* a sliver: its neighbours speak for it */
		normal = vec_unit(normal);
		for (int i = 0; i < solid->vertex_count; i++)
			if (!(vec_dot(normal, vec_sub(solid->vertices[i], first)) < 1e-5))
				ck_abort_msg("%s: vertex %d is outside face %d by %g", name, i, f,
				    vec_dot(normal, vec_sub(solid->vertices[i], first)));
	}
}

static void
check_euler(const struct solid *solid, const char *name)
{
	int corners = 0;

	for (int f = 0; f < solid->face_count; f++) {
		ck_assert_msg(solid->faces[f].tag >= 0, "%s: the box shows", name);
		corners += solid->faces[f].count;
	}
	ck_assert_int_eq(corners % 2, 0);
	ck_assert_msg(solid->vertex_count - corners / 2 + solid->face_count == 2,
	    "%s: %d - %d + %d", name, solid->vertex_count, corners / 2, solid->face_count);
}

START_TEST(cuts_are_closed_and_convex)
{
	static const double stretch[] = { 1, 1.3, 1.8 };
	struct arena *arena = arena_new();

	for (int c = 0; c < CUT_COUNT; c++)
		for (int i = 0; i < INDICES; i++)
			for (int s = 0; s < 3; s++) {
				struct cut_size size = size_of(c, c == CUT_PEAR ||
				    c == CUT_MARQUISE ? stretch[s] + 0.3 : stretch[s], indices[i]);
				struct solid *solid = cut_solid(arena, c, &size);

				if (c == CUT_CABOCHON) {
					ck_assert_ptr_null(solid);
					continue;
				}
				check_closed(solid, gem_cuts[c].name);
				check_convex(solid, gem_cuts[c].name);
				check_euler(solid, gem_cuts[c].name);
				arena_reset(arena);
			}
	arena_free(arena);
}
END_TEST

/* Facets of our own cuts: as published, or what our pattern has where the
 * sources name several patterns. */
START_TEST(facets_are_counted)
{
	static const struct { enum gem_cut_id cut; int facets; } expected[] = {
		{ CUT_ROUND, 57 }, { CUT_OVAL, 57 }, { CUT_CUSHION, 57 }, { CUT_MARQUISE, 57 },
		{ CUT_PEAR, 57 }, { CUT_TRILLION, 43 }, { CUT_BAGUETTE, 13 } };
	struct arena *arena = arena_new();

	for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
		struct cut_size size = size_of(expected[i].cut,
		    gem_cuts[expected[i].cut].length_to_width, 2.417);

		ck_assert_msg(cut_mesh(arena, expected[i].cut, &size)->facet_count ==
		    expected[i].facets, "%s: %d", gem_cuts[expected[i].cut].name,
		    cut_mesh(arena, expected[i].cut, &size)->facet_count);
	}
	for (int c = 0; c < CUT_COUNT; c++) {
		struct cut_size size = size_of(c, gem_cuts[c].length_to_width, 1.77);
		struct cut_mesh *mesh = cut_mesh(arena, c, &size);

		if (mesh == NULL)
			continue;
		/* our princess, radiant and step cuts are the plainer patterns */
		ck_assert_msg(mesh->facet_count <= gem_cuts[c].facets_high &&
		    mesh->facet_count >= gem_cuts[c].facets_low * 0.64, "%s: %d facets",
		    gem_cuts[c].name, mesh->facet_count);
	}
	arena_free(arena);
}
END_TEST

START_TEST(meshes_have_the_size_that_was_asked)
{
	struct arena *arena = arena_new();

	for (int c = 0; c < CUT_COUNT; c++) {
		double ratio = gem_cuts[c].length_to_width;
		struct cut_size size = size_of(c, ratio, 1.77);
		struct cut_mesh *mesh = cut_mesh(arena, c, &size);
		double low_x = 0, high_x = 0, low_z = 0, high_z = 0;

		if (mesh == NULL)
			continue;
		for (int i = 0; i < mesh->vertex_count; i++) {
			low_x = fmin(low_x, mesh->vertices[i].x);
			high_x = fmax(high_x, mesh->vertices[i].x);
			low_z = fmin(low_z, mesh->vertices[i].z);
			high_z = fmax(high_z, mesh->vertices[i].z);
		}
		ck_assert_msg(fabs(high_x - low_x - 8) < 0.25, "%s is %g wide",
		    gem_cuts[c].name, high_x - low_x);
		ck_assert_msg(fabs((high_z - low_z) / (high_x - low_x) / ratio - 1) < 0.05,
		    "%s is %g long", gem_cuts[c].name, high_z - low_z);
		ck_assert_msg(mesh->top_mm > 0.5 && mesh->bottom_mm < -1, "%s", gem_cuts[c].name);
	}
	arena_free(arena);
}
END_TEST

/* As a solid of triangles the heart's two halves are one closed body too. */
START_TEST(meshes_enclose_a_volume)
{
	struct arena *arena = arena_new();

	for (int c = 0; c < CUT_COUNT; c++) {
		struct cut_size size = size_of(c, gem_cuts[c].length_to_width, 1.77);
		struct cut_mesh *mesh = cut_mesh(arena, c, &size);
		struct vec sum = vec(0, 0, 0);
		double volume = 0;
		int back = 0;

		if (mesh == NULL)
			continue;
		for (int i = 0; i < mesh->triangle_count; i++) {
			struct vec p = mesh->vertices[mesh->triangles[i][0]];
			struct vec q = mesh->vertices[mesh->triangles[i][1]];
			struct vec r = mesh->vertices[mesh->triangles[i][2]];
			struct vec cross = vec_cross(vec_sub(q, p), vec_sub(r, p));

			sum = vec_add(sum, cross);
			volume += vec_dot(p, vec_cross(q, r)) / 6;
			back += mesh->is_back[i];
		}
		/* the outward areas of a closed body cancel out */
		ck_assert_msg(vec_length(sum) < 1e-3, "%s: %g", gem_cuts[c].name, vec_length(sum));
		ck_assert_msg(volume > 0.2 * 8 * 8 * (mesh->top_mm - mesh->bottom_mm) / 2,
		    "%s: %g mm3", gem_cuts[c].name, volume);
		ck_assert_int_gt(back, 4);
		ck_assert_int_lt(back, mesh->triangle_count - 4);
	}
	arena_free(arena);
}
END_TEST

START_TEST(pavilions_follow_the_critical_angle)
{
	struct arena *arena = arena_new();

	for (int i = 0; i < INDICES; i++) {
		struct cut_size size = size_of(CUT_ROUND, 1, indices[i]);
		struct cut_mesh *mesh = cut_mesh(arena, CUT_ROUND, &size);
		/* the mains run straight from the girdle to the culet */
		double angle = atan((-mesh->bottom_mm - mesh->girdle_mm) / 4) / radians(1);
		double critical = asin(1 / indices[i]) / radians(1);

		if (indices[i] > 1.5)
			ck_assert_msg(angle > critical, "%g: %g <= %g", indices[i], angle, critical);
		ck_assert(angle > 40 && angle < 44.1);
	}
	arena_free(arena);
}
END_TEST

START_TEST(outlines_are_closed_and_look_outwards)
{
	for (int c = 0; c < CUT_COUNT; c++)
		for (int i = 0; i < 200; i++) {
			double t = i / 200.0 + 0.0013;
			struct vec p = cut_outline(c, 1.4, t), next = cut_outline(c, 1.4, t + 0.005);
			struct vec n = cut_outline_normal(c, 1.4, t);

			ck_assert_msg(vec_length(vec_sub(p, next)) < 0.4, "%s jumps at %g",
			    gem_cuts[c].name, t);
			ck_assert_msg(vec_dot(n, p) > -0.35, "%s looks inwards at %g",
			    gem_cuts[c].name, t);
			ck_assert(fabs(vec_length(n) - 1) < 1e-6);
			ck_assert(fabs(p.x) < 1.001 && fabs(p.z) < 1.4 * 1.16);
		}
}
END_TEST

START_TEST(clipping_refuses_what_leaves_nothing)
{
	struct arena *arena = arena_new();
	struct solid *solid = solid_box(arena, 1);
	int faces = solid->face_count;

	ck_assert(!solid_clip(solid, plane_at(vec(0, -2, 0), vec(0, 1, 0), 1)));
	ck_assert_int_eq(solid->face_count, faces);
	ck_assert(solid_clip(solid, plane_at(vec(0, 2, 0), vec(0, 1, 0), 1)));
	ck_assert_int_eq(solid->face_count, faces);
	/* through an edge: nothing to cut */
	ck_assert(solid_clip(solid, plane_at(vec(1, 1, 0), vec(1, 1, 0), 1)));
	ck_assert_int_eq(solid->face_count, faces);
	/* a corner off */
	ck_assert(solid_clip(solid, plane_at(vec(0.8, 0.8, 0.8), vec(1, 1, 1), 7)));
	ck_assert_int_eq(solid->face_count, faces + 1);
	ck_assert_int_eq(solid->faces[faces].tag, 7);
	ck_assert_int_eq(solid->faces[faces].count, 3);
	check_closed(solid, "box");
	arena_free(arena);
}
END_TEST

UNIT_MAIN("cuts", cuts_are_closed_and_convex, facets_are_counted,
    meshes_have_the_size_that_was_asked, meshes_enclose_a_volume,
    pavilions_follow_the_critical_angle, outlines_are_closed_and_look_outwards,
    clipping_refuses_what_leaves_nothing)
