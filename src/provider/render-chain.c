#include "config.h"

#include "provider/render-scene.h"

static void
declare_link(struct scene *scene)
{
	struct station stations[40];

	buf_addz(&scene->out, "#declare Link=");
	for (int i = 0; i < 40; i++) {
		double a = radians(9 * i);
		struct vec n = vec_unit(vec(cos(a) * 1.05, 0, sin(a) * 0.68));

		stations[i] = (struct station){ vec(cos(a) * 0.68, 0, sin(a) * 1.05),
			vec_unit(vec(n.x, 0, n.z)), vec(0, 1, 0), 0.25, 0.25 };
	}
	scene_sweep(scene, stations, 40, true, 2, 12, "Metal");
}

/* A link at p that lies along the direction, turned round it. */
static void
link_at(struct scene *scene, struct vec p, struct vec along, double roll)
{
	struct vec side = vec_unit(vec_cross(vec(0, 1, 0), along));
	struct vec up = vec_cross(along, side);
	struct vec x = vec_add(vec_scale(side, cos(roll)), vec_scale(up, sin(roll)));
	struct vec y = vec_cross(along, x);

	buf_printf(&scene->out, "object{Link matrix<%.4f,%.4f,%.4f,%.4f,%.4f,%.4f,"
	    "%.4f,%.4f,%.4f,%.4f,%.4f,%.4f>}\n", x.x, x.y, x.z, y.x, y.y, y.z,
	    along.x, along.y, along.z, p.x, p.y, p.z);
}

/* From the bail at z up and away to both sides, sinking to the ground. */
static struct vec
chain_point(double s, int way, struct vec from, double ground)
{
	double fall = scene_smooth(0, 9, s);

	return vec(way * (s * 0.42 + 0.9 * scene_smooth(0, 5, s)),
	    from.y + (ground + 0.75 - from.y) * fall, from.z + s * 0.9);
}

static void
chain(struct scene *scene, struct vec from)
{
	struct vec last, p, along;
	double roll = 0, gone;

	for (int way = -1; way <= 1; way += 2) {
		last = chain_point(0, way, from, scene->ground_y);
		gone = 0;
		for (double s = 0; s < 42; s += 0.02) {
			p = chain_point(s, way, from, scene->ground_y);
			gone += vec_length(vec_sub(p, last));
			last = p;
			if (gone < 1.5)
				continue;
			gone = 0;
			along = vec_unit(vec_sub(chain_point(s + 0.05, way, from,
			    scene->ground_y), p));
			link_at(scene, p, along, radians(roll));
			roll += 90;
		}
	}
}

static void
bail(struct scene *scene, double z, double y)
{
	enum { POINTS = 64 };
	struct station stations[POINTS];

	for (int i = 0; i < POINTS; i++) {
		double a = radians(360.0 * i / POINTS);
		struct vec n = vec(0, cos(a), sin(a));

		stations[i] = (struct station){ vec(0, y + cos(a) * 1.55, z + sin(a) * 2.1),
			vec(1, 0, 0), vec_unit(vec(0, cos(a) / 1.55, sin(a) / 2.1)),
			0.55 + 0.55 * (0.5 + 0.5 * n.z), 0.30 };
	}
	scene_sweep(scene, stations, POINTS, true, 3, 16, "Metal");
}


void
scene_chain(struct scene *scene, double z)
{
	bail(scene, z, 0.1);
	scene->aside = true;
	declare_link(scene);
	chain(scene, vec(0, 0.4, z + 1));
	scene->aside = false;
}
