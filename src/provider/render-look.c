#include "config.h"

#include "provider/render-scene.h"

/* Metals by daylight, linear light: what a polished surface gives back. */
static const struct metal_look {
	double r, g, b;
} metal_looks[METAL_COUNT] = {
	[METAL_YELLOW_GOLD] = { 1.00, 0.72, 0.27 },
	[METAL_WHITE_GOLD] = { 0.83, 0.80, 0.74 },
	[METAL_ROSE_GOLD] = { 0.98, 0.60, 0.46 },
	[METAL_PLATINUM] = { 0.72, 0.73, 0.75 },
	[METAL_PALLADIUM] = { 0.62, 0.62, 0.63 },
	[METAL_STERLING_SILVER] = { 0.95, 0.95, 0.95 },
};

static void
metal(struct scene *scene, const char *name, enum gem_metal_id id)
{
	const struct metal_look *m = &metal_looks[id];
	enum gem_finish_id finish = scene->design->finish;
	struct buf *out = &scene->out;

	if (scene->mask) {
		buf_printf(out, "#declare %s=texture{pigment{rgb<0,1,0>}finish{ambient 0 "
		    "diffuse 0 emission 1}}\n", name);
		return;
	}
	buf_printf(out, "#declare %s=texture{pigment{rgb<%.3f,%.3f,%.3f>}", name,
	    m->r, m->g, m->b);
	/* hammered is polished too: its dints are the body's own */
	if (finish == FINISH_MATTE)
		buf_addz(out, "finish{ambient 0 emission 0.03 diffuse 0.66 brilliance 1.3 specular 0.95 "
		    "roughness 0.17 metallic reflection{0.05 metallic}}}\n");
	else
		buf_addz(out, "finish{ambient 0 diffuse 0 reflection{0.95 metallic}}}\n");
}

void
scene_looks(struct scene *scene)
{
	buf_addz(&scene->out, "global_settings{assumed_gamma 1.0 max_trace_level 6 "
	    "adc_bailout 0.09}\n");
	metal(scene, "Metal", scene->design->metal);
	metal(scene, "Accent", scene->design->accent);
}

/* A bright (or dark) patch of the sky in that direction: "spherical" is a round
 * one, "boxed" one with corners; so wide and so high by half. The edge is how
 * much of it fades. */
static void
patch(struct buf *out, const char *shape, struct vec towards, double wide,
    double high, double light, double edge)
{
	towards = vec_unit(towards);
	buf_printf(out, " pigment{%s color_map{[0 rgbt<%.2f,%.2f,%.2f,1>]"
	    "[%.2f rgbt<%.2f,%.2f,%.2f,0>]}scale<%.3f,%.3f,%.3f>rotate<0,%.2f,0>"
	    "translate<%.3f,%.3f,%.3f>}\n", shape, light, light, light, edge, light,
	    light, light, wide, high, fmax(wide, high),
	    atan2(towards.x, towards.z) / radians(1), towards.x, towards.y, towards.z);
}

static void
sky(struct scene *scene)
{
	struct buf *out = &scene->out;

	/* dark round the horizon, so that metal has edges */
	buf_addz(out, "sky_sphere{pigment{gradient y color_map{"
	    "[0 rgb 0.05][0.5 rgb 0.05][0.60 rgb 0.10][0.74 rgb 0.22][0.88 rgb 0.55]"
	    "[1 rgb 0.40]}scale 2 translate -1}\n");
	/* soft boxes: left, right, behind; a lamp above */
	patch(out, "boxed", vec(-0.9, 0.75, -0.2), 0.42, 0.42, 3.2, 0.25);
	patch(out, "boxed", vec(0.95, 0.50, -0.35), 0.34, 0.34, 2.4, 0.25);
	patch(out, "boxed", vec(0.30, 0.42, 0.9), 0.30, 0.30, 2.0, 0.25);
	patch(out, "boxed", vec(-0.65, 0.40, 0.9), 0.20, 0.20, 2.4, 0.25);
	patch(out, "spherical", vec(0.30, 0.92, 0.12), 0.17, 0.17, 7.0, 0.4);
	/* strips at the sides and before the piece: crisp lines along metal */
	patch(out, "boxed", vec(-0.9, 0.12, -0.5), 0.05, 0.40, 5.0, 0.15);
	patch(out, "boxed", vec(0.8, 0.16, 0.55), 0.04, 0.40, 4.0, 0.15);
	patch(out, "boxed", vec(0.15, 0.20, -1), 0.45, 0.045, 3.0, 0.2);
	/* dark cards between them */
	patch(out, "boxed", vec(-0.16, 0.85, -0.5), 0.06, 0.30, 0.05, 0.5);
	patch(out, "boxed", vec(0.26, 0.82, -0.5), 0.05, 0.30, 0.05, 0.5);
	/* what the table mirrors: dark, so that it shows the stone's own colour */
	patch(out, "spherical", vec(-0.30, 0.84, 0.46), 0.27, 0.27, 0.18, 0.35);
	patch(out, "spherical", vec(0.22, 0.87, 0.44), 0.27, 0.27, 0.18, 0.35);
	buf_addz(out, "}\n");
}

static void
light(struct scene *scene)
{
	struct buf *out = &scene->out;

	buf_addz(out, "light_source{<-70,120,-50> rgb 0.95");
	/* Jittered, sixteen points give an even penumbra with a little grain, where
	 * 49 without give steps, and cost a third more of the whole picture. */
	if (!scene->draft)
		buf_addz(out, " area_light <34,0,0>,<0,0,34>,4,4 adaptive 1 jitter circular orient");
	buf_addz(out, "}\nlight_source{<80,90,-80> rgb 0.28 shadowless}\n");
}

/* Lightest in the middle, darker towards the picture's edge and dark far off, in
 * so much light at these places. */
static void
plane(struct scene *scene, struct vec centre, double radius, double near, double edge,
    double far, double warm, bool mirrored)
{
	const double light[] = { far, far * 1.6, edge * 0.78, edge, near };
	static const double at[] = { 0, 0.40, 0.68, 0.86, 1 };
	struct buf *out = &scene->out;

	buf_addz(out, "plane{y,0 texture{pigment{spherical color_map{");
	for (int i = 0; i < 5; i++)
		buf_printf(out, "[%.2f rgb<%.3f,%.3f,%.3f>]", at[i], light[i],
		    light[i] * (1 - 0.4 * warm), light[i] * (1 - warm));
	buf_printf(out, "}scale %.3f}finish{ambient 0 %s}}"
	    "translate<%.3f,%.3f,%.3f>no_shadow %s}\n", radius, mirrored ? "emission 0.75 diffuse 0" :
	    "emission 0.28 diffuse 0.55", centre.x, scene->ground_y, centre.z,
	    mirrored ? "no_image" : "no_reflection");
}

/* The ground as the looker sees it, and a darker one that metal and stones
 * mirror: their lower edges would vanish in a ground of the same light, and
 * shadows in a mirror would cost more than they show. Below
 * white metals both are darker. `half` is half of what the picture shows, mm. */
static void
ground(struct scene *scene, struct vec centre, double half)
{
	bool white = metal_looks[scene->design->metal].b > 0.55;
	double light = white ? 0.55 : 0.97;

	plane(scene, centre, half * 6, light, light * 0.85, 0.05, 0.02, false);
	plane(scene, vec(0, 0, 0), half * 4, light * (white ? 0.90 : 0.98),
	    light * (white ? 0.66 : 0.60), white ? 0.07 : 0.04, white ? 0.02 : 0.14, true);
}

struct camera {
	struct vec from, at, right, up, forward;
};

static const double VIEW_ANGLE = 26;

static void
look(struct camera *camera)
{
	camera->forward = vec_unit(vec_sub(camera->at, camera->from));
	camera->right = vec_unit(vec_cross(vec(0, 1, 0), camera->forward));
	camera->up = vec_cross(camera->forward, camera->right);
}

/* Moves the camera until the bounds fill the picture: `fill` of its half. */
static void
fit(const struct scene *scene, struct camera *camera, double fill)
{
	double half = tan(radians(VIEW_ANGLE / 2));

	for (int round = 0; round < 8; round++) {
		double low_x = 1e9, high_x = -1e9, low_y = 1e9, high_y = -1e9, most, far;
		struct vec shift;

		look(camera);
		for (int i = 0; i < scene->bound_count; i++) {
			struct vec d = vec_sub(scene->bounds[i], camera->from);
			double depth = vec_dot(d, camera->forward);
			double x = vec_dot(d, camera->right) / depth / half;
			double y = vec_dot(d, camera->up) / depth / half;

			low_x = fmin(low_x, x), high_x = fmax(high_x, x);
			low_y = fmin(low_y, y), high_y = fmax(high_y, y);
		}
		far = vec_length(vec_sub(camera->at, camera->from));
		shift = vec_add(vec_scale(camera->right, (low_x + high_x) / 2 * half * far),
		    vec_scale(camera->up, (low_y + high_y) / 2 * half * far));
		camera->at = vec_add(camera->at, shift);
		camera->from = vec_add(camera->from, shift);
		most = fmax(high_x - low_x, high_y - low_y) / 2;
		camera->from = vec_sub(camera->at, vec_scale(camera->forward,
		    far * most / fill));
	}
	look(camera);
}

/* Where the camera stands: degrees round the y axis (0: in front) and above. */
static const struct view {
	double round, above;
} views[PIECE_COUNT][VIEW_COUNT] = {
	[PIECE_RING] = { { 28, 57 }, { -24, 61 }, { 38, 54 }, { -36, 59 } },
	[PIECE_PENDANT] = { { 8, 66 }, { -10, 70 }, { 16, 60 }, { -14, 64 } },
	[PIECE_EARRINGS] = { { 6, 60 }, { -12, 62 }, { 12, 64 }, { -8, 66 } },
	[PIECE_BRACELET] = { { 26, 54 }, { -24, 58 }, { 34, 52 }, { -32, 56 } },
};

/* A few degrees by the seed, so that another seed is another picture. */
static double
wobble(uint32_t seed, int which)
{
	uint32_t h = seed * 2654435761u + (uint32_t)which * 40503u;

	h ^= h >> 15;
	h *= 2246822519u;
	h ^= h >> 13;
	return (double)(h % 1000) / 500 - 1;
}

static struct camera
camera(struct scene *scene)
{
	const struct render_design *design = scene->design;
	const struct view *view = &views[design->piece][design->view];
	double round = radians(view->round + 3 * wobble(design->seed, 1));
	double above = radians(view->above + 2 * wobble(design->seed, 2));
	struct camera c = { .at = vec(0, 0, 0) };

	if (scene->from_above) {
		round = 0;
		above = radians(89.9);
	}
	c.from = vec(sin(round) * cos(above) * 100, sin(above) * 100,
	    -cos(round) * cos(above) * 100);
	fit(scene, &c, 0.86);
	buf_printf(&scene->out, "camera{perspective location<%.4f,%.4f,%.4f>"
	    "up y right x angle %.1f look_at<%.4f,%.4f,%.4f>}\n", c.from.x, c.from.y,
	    c.from.z, VIEW_ANGLE, c.at.x, c.at.y, c.at.z);
	return c;
}

void
scene_world(struct scene *scene)
{
	struct camera c = camera(scene);
	double far = (scene->ground_y - c.from.y) / c.forward.y;

	if (scene->mask) {
		buf_addz(&scene->out, "background{rgb 0}\n");
		return;
	}
	sky(scene);
	light(scene);
	ground(scene, vec_add(c.from, vec_scale(c.forward, far)), far * tan(radians(VIEW_ANGLE / 2)));
}
