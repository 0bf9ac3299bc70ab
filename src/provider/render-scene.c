#include "config.h"

#include "provider/render-scene.h"

enum { MAX_BOUNDS = 32768, BOUND_EVERY = 7 };

void
scene_part(struct scene *scene, struct vec turn, struct vec move)
{
	scene->turn = turn;
	scene->move = move;
	buf_addz(&scene->out, "union{\n");
}

void
scene_part_end(struct scene *scene)
{
	buf_printf(&scene->out, "rotate<%.4f,%.4f,%.4f>translate<%.4f,%.4f,%.4f>}\n",
	    scene->turn.x, scene->turn.y, scene->turn.z, scene->move.x,
	    scene->move.y, scene->move.z);
	scene->turn = scene->move = vec(0, 0, 0);
}

/* As POV-Ray turns: about x, then y, then z. */
static struct vec
turned(struct vec p, struct vec degrees)
{
	double x = radians(degrees.x), y = radians(degrees.y), z = radians(degrees.z);

	p = vec(p.x, p.y * cos(x) - p.z * sin(x), p.y * sin(x) + p.z * cos(x));
	p = vec(p.x * cos(y) + p.z * sin(y), p.y, p.z * cos(y) - p.x * sin(y));
	return vec(p.x * cos(z) - p.y * sin(z), p.x * sin(z) + p.y * cos(z), p.z);
}

void
scene_show(struct scene *scene, struct vec point)
{
	if (scene->bounds == NULL)
		scene->bounds = arena_many(scene->arena, MAX_BOUNDS, struct vec);
	if (!scene->aside && scene->bound_count < MAX_BOUNDS)
		scene->bounds[scene->bound_count++] = vec_add(turned(point, scene->turn),
		    scene->move);
}

struct grid
scene_grid(struct scene *scene, int nu, int nv)
{
	return (struct grid){ arena_many(scene->arena, (size_t)(nu * nv), struct vec),
		nu, nv, false, false };
}

static struct vec
grid_at(const struct grid *grid, int u, int v)
{
	if (grid->closed_u)
		u = (u + grid->nu) % grid->nu;
	if (grid->closed_v)
		v = (v + grid->nv) % grid->nv;
	u = u < 0 ? 0 : u >= grid->nu ? grid->nu - 1 : u;
	v = v < 0 ? 0 : v >= grid->nv ? grid->nv - 1 : v;
	return grid->points[u * grid->nv + v];
}

static struct vec
grid_normal(const struct grid *grid, int u, int v)
{
	struct vec du = vec_sub(grid_at(grid, u + 1, v), grid_at(grid, u - 1, v));
	struct vec dv = vec_sub(grid_at(grid, u, v + 1), grid_at(grid, u, v - 1));

	/* At a round end one direction has no length: take a neighbour's. */
	if (vec_length(dv) < 1e-9) {
		int in = u == 0 ? 1 : u - 1;

		return vec_unit(vec_sub(grid_at(grid, u, v), grid_at(grid, in, v)));
	}
	return vec_unit(vec_cross(du, dv));
}

static void
add_face(struct buf *out, int a, int b, int c)
{
	buf_printf(out, "<%d,%d,%d>", a, b, c);
}

void
scene_mesh_of(struct scene *scene, const struct grid *grid, const char *looks)
{
	int us = grid->closed_u ? grid->nu : grid->nu - 1;
	int vs = grid->closed_v ? grid->nv : grid->nv - 1;
	struct buf *out = &scene->out;

	buf_printf(out, "mesh2{vertex_vectors{%d", grid->nu * grid->nv);
	for (int i = 0; i < grid->nu * grid->nv; i++)
		buf_printf(out, ",<%.4f,%.4f,%.4f>", grid->points[i].x,
		    grid->points[i].y, grid->points[i].z);
	for (int i = 0; i < grid->nu * grid->nv; i += BOUND_EVERY)
		scene_show(scene, grid->points[i]);
	buf_printf(out, "}\nnormal_vectors{%d", grid->nu * grid->nv);
	for (int u = 0; u < grid->nu; u++)
		for (int v = 0; v < grid->nv; v++) {
			struct vec n = grid_normal(grid, u, v);

			buf_printf(out, ",<%.3f,%.3f,%.3f>", n.x, n.y, n.z);
		}
	buf_printf(out, "}\nface_indices{%d,", us * vs * 2);
	for (int u = 0; u < us; u++)
		for (int v = 0; v < vs; v++) {
			int a = u * grid->nv + v, b = (u + 1) % grid->nu * grid->nv + v;
			int c = (u + 1) % grid->nu * grid->nv + (v + 1) % grid->nv;
			int d = u * grid->nv + (v + 1) % grid->nv;

			add_face(out, a, b, c);
			add_face(out, a, c, d);
		}
	buf_printf(out, "}\n%s}\n", looks);
}

void
scene_mesh(struct scene *scene, const struct grid *grid, const char *texture)
{
	scene_mesh_of(scene, grid, arena_printf(scene->arena, "texture{%s}", texture).p);
}

static double
rounded(double v, double power)
{
	return v < 0 ? -pow(-v, 2 / power) : pow(v, 2 / power);
}

void
scene_sweep(struct scene *scene, const struct station *stations, int count,
    bool closed, double power, int around, const char *texture)
{
	struct grid grid = scene_grid(scene, count, around);

	for (int u = 0; u < count; u++)
		for (int v = 0; v < around; v++) {
			const struct station *s = &stations[u];
			double a = radians(360) * v / around;

			grid.points[u * around + v] = vec_add(s->centre, vec_add(
			    vec_scale(s->a, s->half_a * rounded(cos(a), power)),
			    vec_scale(s->b, s->half_b * rounded(sin(a), power))));
		}
	grid.closed_u = closed;
	grid.closed_v = true;
	scene_mesh(scene, &grid, texture);
}

/* Catmull and Rom. */
struct vec
scene_curve(const struct vec *p, int count, double t)
{
	int i = (int)t;
	struct vec a, b, c, d;

	if (i > count - 2)
		i = count - 2;
	t -= i;
	b = p[i];
	c = p[i + 1];
	a = i > 0 ? p[i - 1] : vec_sub(vec_scale(b, 2), c);
	d = i + 2 < count ? p[i + 2] : vec_sub(vec_scale(c, 2), b);
	return vec_scale(vec_add(vec_add(vec_scale(b, 2),
	    vec_scale(vec_sub(c, a), t)), vec_add(
	    vec_scale(vec_add(vec_sub(vec_scale(a, 2), vec_scale(b, 5)),
	    vec_sub(vec_scale(c, 4), d)), t * t),
	    vec_scale(vec_add(vec_sub(vec_scale(b, 3), a),
	    vec_sub(d, vec_scale(c, 3))), t * t * t))), 0.5);
}

enum { WIRE_STEPS = 22, WIRE_CAP = 5, WIRE_AROUND = 14 };

void
scene_wire(struct scene *scene, const struct vec *points, int count,
    double radius_from, double radius_to, const char *texture)
{
	struct station stations[WIRE_STEPS + 2 * WIRE_CAP];
	int n = WIRE_STEPS + 2 * WIRE_CAP;
	struct vec last_a = vec(0, 0, 0);

	for (int i = 0; i < n; i++) {
		double t = (double)(i - WIRE_CAP) / (WIRE_STEPS - 1), past = 0;
		double radius;
		struct vec along, up;

		if (i < WIRE_CAP)
			past = 1 - (double)i / WIRE_CAP;
		else if (i >= n - WIRE_CAP)
			past = (double)(i - (n - WIRE_CAP) + 1) / WIRE_CAP;
		t = fmin(fmax(t, 0), 1);
		radius = radius_from + (radius_to - radius_from) * t;
		t *= count - 1;
		along = vec_unit(vec_sub(scene_curve(points, count, fmin(t + 0.02, count - 1)),
		    scene_curve(points, count, fmax(t - 0.02, 0))));
		up = vec_length(last_a) > 0 ? last_a :
		    fabs(along.y) < 0.9 ? vec(0, 1, 0) : vec(1, 0, 0);
		stations[i].b = vec_unit(vec_cross(along, up));
		stations[i].a = vec_unit(vec_cross(stations[i].b, along));
		last_a = stations[i].a;
		stations[i].centre = vec_add(scene_curve(points, count, t), vec_scale(along,
		    radius * sin(radians(90) * past) * (i < WIRE_CAP ? -1 : 1)));
		stations[i].half_a = stations[i].half_b = radius * cos(radians(90) * past);
	}
	scene_sweep(scene, stations, n, false, 2, WIRE_AROUND, texture);
}

struct str
render_scene(struct arena *arena, const struct render_design *design,
    enum render_flags flags)
{
	struct scene *scene = arena_one(arena, struct scene);

	buf_init(&scene->out, arena, 1 << 20, SCENE_MAX_BYTES);
	scene->arena = arena;
	scene->design = design;
	scene->mask = flags & RENDER_MASK;
	scene->from_above = flags & RENDER_FROM_ABOVE;
	scene->draft = design->quality == PROVIDER_DRAFT;
	scene->ratio = design->length_mm / design->width_mm;
	buf_addz(&scene->out, "#version 3.7;\n");
	scene_looks(scene);
	scene->aside = true;
	scene_stones(scene);
	scene->aside = false;
	scene_piece(scene);
	scene_world(scene);
	return scene->out.failed ? STR_NULL : buf_str(&scene->out);
}
