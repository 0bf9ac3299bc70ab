#include "config.h"

#include "provider/solid.h"

/* Nearer to the plane than this counts as on it, so that facets which are meant
 * to meet in a point do. */
#define ON_PLANE 1e-7

struct plane
plane_at(struct vec point, struct vec normal, int tag)
{
	normal = vec_unit(normal);
	return (struct plane){ normal, vec_dot(normal, point), tag };
}

struct plane
plane_through(struct vec a, struct vec b, struct vec c, struct vec inside, int tag)
{
	struct plane plane = plane_at(a, vec_cross(vec_sub(b, a), vec_sub(c, a)), tag);

	if (vec_dot(plane.normal, inside) > plane.distance) {
		plane.normal = vec_scale(plane.normal, -1);
		plane.distance = -plane.distance;
	}
	return plane;
}

struct solid *
solid_box(struct arena *arena, double half)
{
	static const int corners[6][4] = {
		{ 0, 4, 6, 2 }, { 1, 3, 7, 5 }, { 0, 1, 5, 4 },
		{ 2, 6, 7, 3 }, { 0, 2, 3, 1 }, { 4, 5, 7, 6 } };
	struct solid *solid = arena_one(arena, struct solid);

	for (int i = 0; i < 8; i++)
		solid->vertices[i] = vec(i & 1 ? half : -half,
		    i & 2 ? half : -half, i & 4 ? half : -half);
	solid->vertex_count = 8;
	for (int i = 0; i < 6; i++) {
		solid->faces[i] = (struct solid_face){ .tag = -1, .count = 4 };
		memcpy(solid->faces[i].corners, corners[i], sizeof corners[i]);
	}
	solid->face_count = 6;
	return solid;
}

/* One clip on its way: signed distances, and where cut edges were cut. */
struct clip {
	struct solid *solid;
	double distances[SOLID_MAX_VERTICES];
	struct { int a, b, vertex; } cuts[SOLID_MAX_CORNERS * 2];
	int cut_count;
	int next[SOLID_MAX_VERTICES];	/* the rim of the new face; -1 none */
	bool failed;
};

static int
cut_edge(struct clip *clip, int a, int b)
{
	struct solid *solid = clip->solid;
	double da = clip->distances[a], db = clip->distances[b];
	int low = a < b ? a : b, high = a < b ? b : a, i;

	for (i = 0; i < clip->cut_count; i++)
		if (clip->cuts[i].a == low && clip->cuts[i].b == high)
			return clip->cuts[i].vertex;
	if (solid->vertex_count == SOLID_MAX_VERTICES ||
	    clip->cut_count == SOLID_MAX_CORNERS * 2) {
		clip->failed = true;
		return a;
	}
	clip->cuts[i].a = low;
	clip->cuts[i].b = high;
	clip->cuts[i].vertex = solid->vertex_count++;
	clip->cut_count++;
	solid->vertices[clip->cuts[i].vertex] =
	    vec_mix(solid->vertices[a], solid->vertices[b], da / (da - db));
	clip->distances[clip->cuts[i].vertex] = 0;
	return clip->cuts[i].vertex;
}

static void
clip_face(struct clip *clip, const struct solid_face *face,
    struct solid_face *ret_face)
{
	struct solid_face out = { .tag = face->tag };

	for (int i = 0; i < face->count; i++) {
		int a = face->corners[i], b = face->corners[(i + 1) % face->count];
		double da = clip->distances[a], db = clip->distances[b];

		if (out.count + 2 > SOLID_MAX_CORNERS) {
			clip->failed = true;
			break;
		}
		if (da <= 0)
			out.corners[out.count++] = a;
		if ((da < 0 && db > 0) || (da > 0 && db < 0))
			out.corners[out.count++] = cut_edge(clip, a, b);
	}
	*ret_face = out;
}

/* The new face: the reverse of the edges that lie on the plane. */
static bool
close_rim(struct clip *clip, const struct solid_face *faces, int count,
    struct solid_face *ret_rim)
{
	int edges = 0, first = -1, at;

	for (int i = 0; i < clip->solid->vertex_count; i++)
		clip->next[i] = -1;
	for (int f = 0; f < count; f++)
		for (int i = 0; i < faces[f].count; i++) {
			int a = faces[f].corners[i];
			int b = faces[f].corners[(i + 1) % faces[f].count];

			if (clip->distances[a] == 0 && clip->distances[b] == 0) {
				if (clip->next[b] != -1)
					return false;
				clip->next[b] = a;
				first = b;
				edges++;
			}
		}
	if (edges < 3 || edges > SOLID_MAX_CORNERS)
		return false;
	for (at = first; ret_rim->count < edges && at != -1; at = clip->next[at])
		ret_rim->corners[ret_rim->count++] = at;
	return ret_rim->count == edges && at == first;
}

bool
solid_clip(struct solid *solid, struct plane plane)
{
	struct arena *scratch;
	struct clip *clip;
	struct solid_face *faces, rim = { .tag = plane.tag };
	int old_vertices = solid->vertex_count, count = 0;
	bool outside = false, inside = false, ok;

	scratch = arena_new();
	clip = arena_one(scratch, struct clip);
	faces = arena_many(scratch, SOLID_MAX_FACES, struct solid_face);
	clip->solid = solid;
	for (int i = 0; i < solid->vertex_count; i++) {
		double d = vec_dot(plane.normal, solid->vertices[i]) - plane.distance;

		clip->distances[i] = fabs(d) < ON_PLANE ? 0 : d;
	}
	for (int f = 0; f < solid->face_count; f++)
		for (int i = 0; i < solid->faces[f].count; i++) {
			double d = clip->distances[solid->faces[f].corners[i]];

			outside |= d > 0;
			inside |= d < 0;
		}
	if (!outside || !inside) {
		arena_free(scratch);
		return inside;
	}
	for (int f = 0; f < solid->face_count; f++) {
		clip_face(clip, &solid->faces[f], &faces[count]);
		if (faces[count].count >= 3)
			count++;
	}
	ok = !clip->failed && count < SOLID_MAX_FACES &&
	    close_rim(clip, faces, count, &rim);
	if (ok) {
		faces[count++] = rim;
		memcpy(solid->faces, faces, (size_t)count * sizeof *faces);
		solid->face_count = count;
	} else {
		solid->vertex_count = old_vertices;
	}
	arena_free(scratch);
	return ok;
}

void
solid_compact(struct solid *solid)
{
	int map[SOLID_MAX_VERTICES], count = 0;

	for (int i = 0; i < solid->vertex_count; i++)
		map[i] = -1;
	for (int f = 0; f < solid->face_count; f++)
		for (int i = 0; i < solid->faces[f].count; i++)
			map[solid->faces[f].corners[i]] = 0;
	for (int i = 0; i < solid->vertex_count; i++)
		if (map[i] == 0) {
			solid->vertices[count] = solid->vertices[i];
			map[i] = count++;
		}
	for (int f = 0; f < solid->face_count; f++)
		for (int i = 0; i < solid->faces[f].count; i++)
			solid->faces[f].corners[i] = map[solid->faces[f].corners[i]];
	solid->vertex_count = count;
}
