#include "config.h"

#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "provider/png.h"
#include "provider/render-scene.h"
#include "provider/render.h"

#define POVRAY "/usr/bin/povray"

/* A private folder with a pretended povray in it. */
struct stand {
	struct arena *arena;
	char folder[UNIT_PATH];
	char program[UNIT_PATH + 32];
};

static void
stand_init(struct stand *stand, const char *script)
{
	FILE *file;

	stand->arena = arena_new();
	ck_assert_ptr_nonnull(mkdtemp(unit_path(stand->folder, "render-XXXXXX")));
	(void)snprintf(stand->program, sizeof stand->program, "%s/povray", stand->folder);
	file = fopen(stand->program, "w");
	ck_assert_ptr_nonnull(file);
	fprintf(file, "#!/bin/sh\nexec 9>>%s/log\n%s\n", stand->folder, script);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(chmod(stand->program, 0700), 0);
}

static int
count_files(const char *folder, const char *prefix)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int count = 0;

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)) != NULL)
		count += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
	closedir(dir);
	return count;
}

/* Nothing of a child stays behind. */
static void
stand_done(struct stand *stand)
{
	char command[128];

	ck_assert_int_eq(count_files(stand->folder, "bezel-render-"), 0);
	(void)snprintf(command, sizeof command, "rm -rf %s", stand->folder);
	ck_assert_int_eq(system(command), 0);
	arena_free(stand->arena);
}

static struct provider *
open_stand(struct stand *stand, int max_parallel, int64_t wall_limit_ms)
{
	const struct render_options options = { .povray = stand->program,
		.temp_folder = stand->folder, .max_parallel = max_parallel,
		.wall_limit_ms = wall_limit_ms };

	return render_open(stand->arena, &options);
}

static const struct provider_result *
finish(struct provider *provider, struct provider_call *call)
{
	const struct provider_result *result = provider_result(call);
	int64_t until = clock_mono_ms() + 40000;

	while (result->outcome == PROVIDER_RUNNING && clock_mono_ms() < until)
		provider_wait(provider, 500);
	return result;
}

static struct str
scene_of(struct arena *arena, const struct provider_request *request)
{
	struct render_design design;

	render_design_of(request, &design);
	return render_scene(arena, &design, 0);
}

START_TEST(scenes_hold_no_user_text)
{
	static const char evil[] = "zqxevil#include\"/etc/passwd\"} ring <script>\n";
	struct arena *arena = arena_new();
	struct str words = str_of(evil), json, scene;
	struct provider_request request = { .prompt = words, .gem_type = words, .cut = words,
		.color = words, .transparency = words, .size_simple = words,
		.metals = { words, words, words, words }, .metal_count = 4, .finish = words,
		.reference = words, .reference_mime = words, .is_refinement = true,
		.change = { words, 1, { words }, 1 },
		.earlier = &(struct provider_change){ words, 1, { words }, 1 },
		.earlier_count = 1, .base_image = words, .base_parameters = STR(
		"{\"gem_type\":\"zqxevil ruby\",\"cut\":\"zqxevil\",\"color\":\"zqxevil\","
		"\"piece\":\"zqxevil\",\"metal\":\"zqxevil\",\"band_scale\":\"zqxevil\","
		"\"view\":99,\"width_mm\":1e300}") };
	struct render_design design;

	scene = scene_of(arena, &request);
	ck_assert(scene.n > 1000);
	ck_assert(!str_contains_nocase(scene, STR("zqx")));
	ck_assert(!str_contains_nocase(scene, STR("passwd")));
	ck_assert(!str_contains_nocase(scene, STR("#include")));
	ck_assert(!str_contains_nocase(scene, STR("nan")));
	ck_assert(!str_contains_nocase(scene, STR("inf,")));
	render_design_of(&request, &design);
	json = render_design_json(arena, &design);
	ck_assert(!str_contains_nocase(json, STR("zqx")));
	ck_assert_str_eq(design.species->name, "Ruby");
	ck_assert(design.width_mm <= 16);
	arena_free(arena);
}
END_TEST

START_TEST(same_request_same_scene)
{
	struct arena *arena = arena_new();
	struct provider_request request = { .prompt = STR("a ring"), .seed = 5 };
	struct str a = scene_of(arena, &request), b = scene_of(arena, &request), c;

	ck_assert(str_eq(a, b));
	request.seed = 6;
	c = scene_of(arena, &request);
	ck_assert(!str_eq(a, c));
	request.seed = 5;
	request.variation = 1;
	ck_assert(!str_eq(a, scene_of(arena, &request)));
	arena_free(arena);
}
END_TEST

/* Chords of one length, no two places nearer than that: stones neither overlap
 * nor leave gaps, at a cleft and at points too. */
START_TEST(a_halo_is_even_round_every_cut)
{
	enum { COUNT = 24 };
	struct arena *arena = arena_new();
	struct line *line = arena_one(arena, struct line);
	struct render_design design = { .width_mm = 8 };
	struct scene *scene = arena_one(arena, struct scene);
	double ways[COUNT], chord;

	for (int i = 0; i < CUT_COUNT; i++) {
		design.cut = &gem_cuts[i];
		scene->arena = arena;
		scene->design = &design;
		scene->ratio = design.cut->length_to_width;
		scene_line(scene, 1.2, line);
		ck_assert_int_ge(line->count, LINE_FEWEST);
		chord = scene_line_divide(line, COUNT, ways);
		for (int a = 0; a < COUNT; a++)
			for (int b = 0; b < a; b++) {
				double far = vec_length(vec_sub(scene_line_at(line, ways[a]),
				    scene_line_at(line, ways[b])));

				ck_assert_msg(far > chord * 0.97, "%s: %d and %d: %.3f of %.3f",
				    design.cut->name, b, a, far, chord);
				if (a - b == 1 || a - b == COUNT - 1)
					ck_assert_msg(far < chord * 1.03, "%s: %d and %d: %.3f of %.3f",
					    design.cut->name, b, a, far, chord);
			}
	}
	scene_line(scene, -100, line);
	ck_assert_int_lt(line->count, LINE_FEWEST);
	arena_free(arena);
}
END_TEST

START_TEST(words_choose_the_piece_and_its_style)
{
	static const struct { const char *prompt; enum render_piece piece; } pieces[] = {
		{ "A dainty ring for my mother", PIECE_RING }, { "EARRINGS with rubies", PIECE_EARRINGS },
		{ "a necklace", PIECE_PENDANT }, { "tennis bracelet", PIECE_BRACELET },
		{ "something nice", PIECE_RING }, { "bring me luck", PIECE_RING },
		{ "pendant that goes with my ring", PIECE_PENDANT } };
	struct provider_request request = { .seed = 1 };
	struct render_design design;

	for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
		request.prompt = str_of(pieces[i].prompt);
		render_design_of(&request, &design);
		ck_assert_msg(design.piece == pieces[i].piece, "%s", pieces[i].prompt);
	}
	request.prompt = STR("a halo ring with a twisted band of rose gold and an opal");
	render_design_of(&request, &design);
	ck_assert_int_eq(design.setting, SETTING_HALO);
	ck_assert_int_eq(design.band, BAND_TWISTED);
	ck_assert_int_eq(design.metal, METAL_ROSE_GOLD);
	ck_assert_int_eq(design.species->id, GEM_OPAL);
	ck_assert_int_eq(design.cut->id, CUT_CABOCHON);
	request = (struct provider_request){ .gem_type = STR("Diamond"), .cut = STR("Round"),
		.carat_weight = 1.022 };
	render_design_of(&request, &design);
	ck_assert(fabs(design.width_mm - 6.5) < 0.05);
	request = (struct provider_request){ .gem_type = STR("Ruby"), .cut = STR("Oval"),
		.length_mm = 12, .width_mm = 6 };
	render_design_of(&request, &design);
	ck_assert(fabs(design.length_mm - 12) < 1e-9 && fabs(design.width_mm - 6) < 1e-9);
}
END_TEST

START_TEST(refinements_start_from_the_base)
{
	struct arena *arena = arena_new();
	struct provider_request request = { .gem_type = STR("Sapphire"), .cut = STR("Round"),
		.metals = { STR("Platinum") }, .metal_count = 1, .prompt = STR("a ring") };
	struct render_design base, design;

	render_design_of(&request, &base);
	/* The design's data may have moved on: what counts is what made the base. */
	request.base_parameters = render_design_json(arena, &base);
	request.gem_type = STR("Onyx");
	request.is_refinement = true;
	request.change.strength = 0.5;
	request.change.prompt = STR("rose gold, oval, halo and a thinner band");
	render_design_of(&request, &design);
	ck_assert_int_eq(design.species->id, GEM_SAPPHIRE);
	ck_assert_int_eq(design.metal, METAL_ROSE_GOLD);
	ck_assert_int_eq(design.cut->id, CUT_OVAL);
	ck_assert_int_eq(design.setting, SETTING_HALO);
	ck_assert(fabs(design.band_scale - 1 / 1.3) < 0.01);
	ck_assert_str_eq(design.color->name, "Blue");
	request.change.prompt = STR("make it a bigger pink stone, matte finish");
	request.change.strength = 1;
	render_design_of(&request, &design);
	ck_assert_str_eq(design.color->name, "Pink");
	ck_assert(fabs(design.width_mm / base.width_mm - 1.5) < 0.01);
	ck_assert_int_eq(design.finish, FINISH_MATTE);
	ck_assert_int_eq(design.metal, METAL_PLATINUM);
	request.change.prompt = STR("an emerald instead, in yellow gold");
	request.change.preserve[0] = STR("metal");
	request.change.preserve_count = 1;
	render_design_of(&request, &design);
	ck_assert_int_eq(design.species->id, GEM_EMERALD);
	ck_assert_str_eq(design.color->name, "Green");
	ck_assert_int_eq(design.cut->id, CUT_ROUND);
	ck_assert_int_eq(design.metal, METAL_PLATINUM);
	request.change.prompt = STR("emerald cut and a bezel");
	request.change.preserve[0] = STR("setting");
	render_design_of(&request, &design);
	ck_assert_int_eq(design.species->id, GEM_SAPPHIRE);
	ck_assert_int_eq(design.cut->id, CUT_EMERALD);
	ck_assert_int_eq(design.setting, base.setting);
	arena_free(arena);
}
END_TEST

/* A refinement of a refinement keeps what the first one said. */
START_TEST(refinements_build_on_each_other)
{
	struct arena *arena = arena_new();
	struct provider_change earlier[] = { { .prompt = STR("a twisted band"),
		.strength = 0.5 }, { .prompt = STR("a halo, matte, and a ruby"),
		.strength = 1 } };
	struct provider_request request = { .gem_type = STR("Sapphire"), .cut = STR("Round"),
		.metals = { STR("Platinum") }, .metal_count = 1, .prompt = STR("a ring"),
		.earlier = earlier, .earlier_count = 1 };
	struct render_design base, design, once;

	render_design_of(&request, &base);
	ck_assert_int_ne(base.band, BAND_TWISTED);	/* steps are of refinements only */
	request.base_parameters = render_design_json(arena, &base);
	request.is_refinement = true;
	request.change = (struct provider_change){ .prompt = STR("rose gold"),
		.strength = 0.5 };
	render_design_of(&request, &design);
	ck_assert_int_eq(design.band, BAND_TWISTED);
	ck_assert_int_eq(design.metal, METAL_ROSE_GOLD);
	ck_assert_int_eq(design.setting, base.setting);
	/* The newest wins, and each step minds what it was to keep. */
	request.earlier_count = 2;
	earlier[1].preserve[0] = STR("setting");
	earlier[1].preserve_count = 1;
	request.change.prompt = STR("a flat band and an emerald, polished");
	render_design_of(&request, &design);
	ck_assert_int_eq(design.band, BAND_FLAT);
	ck_assert_int_eq(design.species->id, GEM_EMERALD);
	ck_assert_int_eq(design.finish, FINISH_POLISHED);
	ck_assert_int_eq(design.setting, base.setting);
	/* Each with its own strength: two steps are one step, then another. */
	earlier[0].prompt = STR("a bigger stone");
	earlier[0].strength = 1;
	request.earlier_count = 1;
	request.change = (struct provider_change){ .prompt = STR("a thinner band"),
		.strength = 0.5 };
	render_design_of(&request, &design);
	ck_assert(fabs(design.width_mm / base.width_mm - 1.5) < 0.01);
	ck_assert(fabs(design.band_scale - 1 / 1.3) < 0.01);
	request.earlier_count = 0;
	request.change = earlier[0];
	render_design_of(&request, &once);
	ck_assert(design.width_mm == once.width_mm);
	/* What the scene is written from tells all of it. */
	request.earlier = (struct provider_change[]){ { .prompt = STR("a twisted band") } };
	request.earlier_count = 1;
	request.change = (struct provider_change){ .prompt = STR("rose gold") };
	render_design_of(&request, &design);
	ck_assert(str_contains_nocase(render_design_json(arena, &design),
	    STR("\"band\":\"twisted\"")));
	ck_assert(str_contains_nocase(render_scene(arena, &design, 0),
	    STR("rgb<0.980,0.600,0.460>")));
	arena_free(arena);
}
END_TEST

START_TEST(parameters_come_back_with_any_spacing)
{
	struct render_design design, other;
	struct provider_request request = { .gem_type = STR("Opal"), .prompt = STR("pendant"),
		.finish = STR("Hammered"), .variation = 2, .seed = 9 };
	struct arena *arena = arena_new();
	struct str json;

	render_design_of(&request, &design);
	json = render_design_json(arena, &design);
	ck_assert(str_contains_nocase(json, STR("\"preview_render\":true")));
	ck_assert(str_contains_nocase(json, STR("\"seed\":9")));
	request = (struct provider_request){ .seed = 9, .variation = 2 };
	render_design_of(&request, &other);
	render_design_take_json(&other, json);
	ck_assert(str_eq(render_design_json(arena, &other), json));
	render_design_of(&request, &other);
	render_design_take_json(&other, STR("{ \"metal\" : \"Palladium\" ,\n \"view\" : 3 }"));
	ck_assert_int_eq(other.metal, METAL_PALLADIUM);
	ck_assert_int_eq(other.view, 3);
	/* cut short anywhere it is still harmless */
	for (size_t n = 0; n <= json.n; n++)
		render_design_take_json(&other, str_slice(json, 0, n));
	arena_free(arena);
}
END_TEST

START_TEST(no_program_is_an_alarm)
{
	struct stand stand;
	struct provider *provider;
	const struct provider_result *result;
	struct provider_request request = { .seed = 1 };
	struct render_options options = { .povray = "/nonexistent/povray" };

	stand_init(&stand, "exit 0");
	options.temp_folder = stand.folder;
	provider = render_open(stand.arena, &options);
	result = finish(provider, provider_start(provider, stand.arena, &request));
	ck_assert_int_eq(result->outcome, PROVIDER_FAILED);
	ck_assert_str(result->reason, "no_renderer");
	ck_assert(result->alarm);
	provider_close(provider);
	/* executable by its mode, but no program */
	options.povray = stand.program;
	ck_assert_int_eq(truncate(stand.program, 0), 0);
	provider = render_open(stand.arena, &options);
	result = finish(provider, provider_start(provider, stand.arena, &request));
	ck_assert_str(result->reason, "no_renderer");
	provider_close(provider);
	stand_done(&stand);
}
END_TEST

START_TEST(bad_output_and_failures_are_told_apart)
{
	static const struct { const char *script, *reason; enum provider_outcome outcome; } rows[] = {
		{ "echo no picture", "bad_output", PROVIDER_FAILED },
		{ "exit 0", "bad_output", PROVIDER_FAILED },
		{ "exit 1", "bad_output", PROVIDER_FAILED },
		{ "kill -SEGV $$", "killed", PROVIDER_RETRY },
		{ "kill -KILL $$", "killed", PROVIDER_RETRY } };

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct stand stand;
		struct provider *provider;
		const struct provider_result *result;
		struct provider_request request = { .seed = 1 };

		stand_init(&stand, rows[i].script);
		provider = open_stand(&stand, 1, 20000);
		result = finish(provider, provider_start(provider, stand.arena, &request));
		ck_assert_int_eq(result->outcome, rows[i].outcome);
		ck_assert_str(result->reason, rows[i].reason);
		ck_assert(!result->alarm);
		ck_assert(result->message.n > 0 && result->detail.n > 0);
		provider_close(provider);
		stand_done(&stand);
	}
}
END_TEST

/* The pretended povray writes its pid and that of a child of its own. */
static const char sleeper[] = "sleep 60 &\necho $$ $! >&9\nwait";

static bool
gone(struct stand *stand)
{
	char path[UNIT_PATH + 32];
	int pids[2];
	FILE *file;
	struct stat st;

	(void)snprintf(path, sizeof path, "%s/log", stand->folder);
	file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fscanf(file, "%d %d", &pids[0], &pids[1]), 2);
	fclose(file);
	/* a killed grandchild may stay a zombie until init reaps it */
	for (int i = 0; i < 2; i++) {
		int64_t until = clock_mono_ms() + 3000;

		for (;;) {
			char state = 'X';

			(void)snprintf(path, sizeof path, "/proc/%d/stat", pids[i]);
			if (stat(path, &st) != 0)
				break;
			file = fopen(path, "r");
			if (file == NULL)
				break;
			if (fscanf(file, "%*d %*s %c", &state) != 1)
				state = 'X';
			fclose(file);
			if (state == 'Z' || state == 'X')
				break;
			if (clock_mono_ms() > until)
				return false;
			clock_sleep_ms(10);
		}
	}
	return true;
}

static void
await_log(struct stand *stand)
{
	char path[UNIT_PATH + 32];
	struct stat st;

	(void)snprintf(path, sizeof path, "%s/log", stand->folder);
	for (int i = 0; i < 1000 && (stat(path, &st) != 0 || st.st_size < 3); i++)
		clock_sleep_ms(10);
	ck_assert(stat(path, &st) == 0 && st.st_size >= 3);
}

START_TEST(over_its_time_a_call_is_killed_with_all_it_started)
{
	struct stand stand;
	struct provider *provider;
	const struct provider_result *result;
	struct provider_request request = { .seed = 1 };
	int64_t from = clock_mono_ms();

	stand_init(&stand, sleeper);
	provider = open_stand(&stand, 1, 800);
	result = finish(provider, provider_start(provider, stand.arena, &request));
	ck_assert_int_eq(result->outcome, PROVIDER_RETRY);
	ck_assert_str(result->reason, "timeout");
	ck_assert_int_ge(result->took_ms, 800);
	ck_assert_int_lt(clock_mono_ms() - from, 15000);
	ck_assert(gone(&stand));
	provider_close(provider);
	stand_done(&stand);
}
END_TEST

START_TEST(cancel_kills_with_all_it_started)
{
	struct stand stand;
	struct provider *provider;
	struct provider_call *call;
	struct provider_request request = { .seed = 1 };

	stand_init(&stand, sleeper);
	provider = open_stand(&stand, 1, 60000);
	call = provider_start(provider, stand.arena, &request);
	await_log(&stand);
	ck_assert_int_eq(count_files(stand.folder, "bezel-render-"), 1);
	provider_cancel(call);
	ck_assert_int_eq(provider_result(call)->outcome, PROVIDER_CANCELLED);
	ck_assert(gone(&stand));
	provider_cancel(call);
	ck_assert_int_eq(provider_result(call)->outcome, PROVIDER_CANCELLED);
	provider_close(provider);
	stand_done(&stand);
}
END_TEST

START_TEST(the_end_of_the_arena_ends_the_call)
{
	struct stand stand;
	struct provider *provider;
	struct provider_request request = { .seed = 1 };
	struct arena *job = arena_new();

	stand_init(&stand, sleeper);
	provider = open_stand(&stand, 1, 60000);
	(void)provider_start(provider, job, &request);
	(void)provider_start(provider, job, &request);	/* waits for its turn */
	await_log(&stand);
	arena_free(job);
	ck_assert(gone(&stand));
	provider_wait(provider, 5000);	/* returns at once: nothing is on its way */
	provider_close(provider);
	stand_done(&stand);
}
END_TEST

/* Each child notes when it begins and ends; never more than two between. */
START_TEST(no_more_than_max_parallel_at_once)
{
	struct stand stand;
	struct provider *provider;
	struct provider_call *calls[6];
	struct provider_request request = { .seed = 1 };
	char path[UNIT_PATH + 32], word[8];
	FILE *file;
	int now = 0, most = 0, ends = 0;

	/* The first waits for the second, however slow the machine is. */
	stand_init(&stand, "echo begin >&9\nn=0\n"
	    "while [ $(grep -c begin \"${0%/*}/log\") -lt 2 ] && [ $n -lt 100 ]; do\n"
	    "sleep 0.1; n=$((n + 1)); done\nsleep 0.3\necho end >&9");
	provider = open_stand(&stand, 2, 60000);
	for (int i = 0; i < 6; i++)
		calls[i] = provider_start(provider, stand.arena, &request);
	provider_cancel(calls[5]);	/* while it waits for its turn */
	for (int i = 0; i < 5; i++)
		ck_assert_str(finish(provider, calls[i])->reason, "bad_output");
	ck_assert_int_eq(provider_result(calls[5])->outcome, PROVIDER_CANCELLED);
	(void)snprintf(path, sizeof path, "%s/log", stand.folder);
	file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	while (fscanf(file, "%7s", word) == 1) {
		now += strcmp(word, "begin") == 0 ? 1 : -1;
		ends += strcmp(word, "end") == 0;
		most = now > most ? now : most;
	}
	fclose(file);
	ck_assert_int_eq(most, 2);
	ck_assert_int_eq(ends, 5);
	provider_close(provider);
	stand_done(&stand);
}
END_TEST

START_TEST(the_child_has_nothing_it_does_not_need)
{
	struct stand stand;
	struct provider *provider;
	struct provider_request request = { .seed = 1 };
	char path[UNIT_PATH + 32], text[2048] = "";
	FILE *file;
	int leak, fd;

	/* sh itself adds PWD and the like to an empty environment */
	stand_init(&stand, "{ tr '\\0' '\\n' </proc/$$/environ | sed 's/^/env /'; ls /proc/$$/fd | "
	    "sed 's/^/fd /'; ulimit -t; ulimit -v; ulimit -f; pwd; ls -ld . | cut -c1-10; ls; "
	    "readlink /proc/$$/fd/0; nice; } >&9 2>&9");
	fd = open("/etc/hostname", O_RDONLY);
	ck_assert_int_ge(fd, 0);
	leak = fcntl(fd, F_DUPFD, 7);
	ck_assert_int_eq(leak, 7);
	provider = open_stand(&stand, 1, 20000);
	(void)finish(provider, provider_start(provider, stand.arena, &request));
	(void)snprintf(path, sizeof path, "%s/log", stand.folder);
	file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_gt(fread(text, 1, sizeof text - 1, file), 0);
	fclose(file);
	close(leak);
	ck_assert_msg(strstr(text, "env ") == NULL, "%s", text);
	/* 3 and 4 are the shell's pipe for a moment, 9 and more its own */
	close(fd);
	for (fd = 5; fd < 9; fd++) {
		char line[16];

		(void)snprintf(line, sizeof line, "fd %d\n", fd);
		ck_assert_msg(strstr(text, line) == NULL, "%s", text);
	}
	ck_assert_msg(strstr(text, "\n180\n1048576\n") != NULL, "%s", text);
	ck_assert_msg(strstr(text, "drwx------\nscene.pov\n/dev/null\n") != NULL, "%s", text);
	ck_assert_msg(strstr(text, "/dev/null\n1") != NULL, "%s", text);
	provider_close(provider);
	stand_done(&stand);
}
END_TEST

START_TEST(folders_of_the_dead_are_swept)
{
	struct stand stand;
	char path[UNIT_PATH + 64], file_path[UNIT_PATH + 96];
	FILE *file;
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	stand_init(&stand, "exit 0");
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	(void)snprintf(path, sizeof path, "%s/bezel-render-%d-abcdef", stand.folder, (int)pid);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	(void)snprintf(file_path, sizeof file_path, "%s/scene.pov", path);
	file = fopen(file_path, "w");
	ck_assert_ptr_nonnull(file);
	fclose(file);
	(void)snprintf(path, sizeof path, "%s/bezel-render-%d-live", stand.folder, (int)getpid());
	ck_assert_int_eq(mkdir(path, 0700), 0);
	provider_close(open_stand(&stand, 1, 1000));
	ck_assert_int_eq(count_files(stand.folder, "bezel-render-"), 1);
	ck_assert_int_eq(rmdir(path), 0);
	stand_done(&stand);
}
END_TEST

/* --- with the real povray ------------------------------------------------- */

static const struct provider_result *
real(struct arena *arena, struct provider *provider, struct provider_request *request)
{
	const struct provider_result *result = finish(provider,
	    provider_start(provider, arena, request));

	ck_assert_msg(result->outcome == PROVIDER_OK, "%.*s: %.*s", STR_FMT(result->reason),
	    STR_FMT(result->detail));
	ck_assert_str(result->mime, "image/png");
	ck_assert(str_eq(png_strip(arena, result->image), result->image));
	return result;
}

START_TEST(equal_scenes_give_equal_bytes)
{
	struct arena *arena = arena_new();
	const struct render_options options = { .draft_px = 64 };
	struct provider *provider = render_open(arena, &options);
	struct provider_request request = { .prompt = STR("ring"), .seed = 4 };
	struct str first = real(arena, provider, &request)->image;

	clock_sleep_ms(1100);	/* the PNG would carry the second */
	ck_assert(str_eq(real(arena, provider, &request)->image, first));
	request.variation = 2;
	ck_assert(!str_eq(real(arena, provider, &request)->image, first));
	provider_close(provider);
	arena_free(arena);
}
END_TEST

/* Every enumerated value once, several at a time: povray understands them all. */
START_TEST(every_value_renders)
{
	enum { LOT = 8 };
	struct arena *arena = arena_new(), *job = arena_new();
	const struct render_options options = { .draft_px = 16 };
	struct provider *provider = render_open(arena, &options);
	static const char *const words[] = { "ring", "pendant", "earrings", "bracelet",
		"ring knife edge", "ring split shank", "ring three stone", "ring cathedral" };
	int total = GEM_SPECIES_COUNT > CUT_COUNT * 3 ? GEM_SPECIES_COUNT : CUT_COUNT * 3;

	for (int i = 0; i < total; i += LOT) {
		struct provider_request requests[LOT] = { 0 };
		struct provider_call *calls[LOT];

		for (int j = 0; j < LOT; j++) {
			struct provider_request *r = &requests[j];
			const struct gem_species *species = &gem_species[(i + j) % GEM_SPECIES_COUNT];
			size_t count;
			const struct gem_color *colors = gems_colors(species->id, &count);

			r->prompt = str_of(words[(i + j) % 8]);
			r->gem_type = str_of(species->name);
			r->color = str_of(colors[(size_t)(i / LOT) % count].name);
			r->cut = str_of(gem_cuts[(i + j) % CUT_COUNT].name);
			r->transparency = str_of(gem_transparencies[(i + j / 3) % GEM_TRANSPARENCY_COUNT]);
			r->metals[0] = str_of(gem_metals[(i + j) % METAL_COUNT].name);
			r->metal_count = 1;
			r->finish = str_of(gem_finishes[(i + j) % FINISH_COUNT]);
			r->variation = (i / LOT + j) % 4;
			calls[j] = provider_start(provider, job, r);
		}
		for (int j = 0; j < LOT; j++) {
			const struct provider_result *result = finish(provider, calls[j]);

			ck_assert_msg(result->outcome == PROVIDER_OK, "%.*s %.*s: %.*s",
			    STR_FMT(requests[j].gem_type), STR_FMT(requests[j].cut),
			    STR_FMT(result->detail));
		}
		arena_reset(job);
	}
	provider_close(provider);
	arena_free(job);
	arena_free(arena);
}
END_TEST

START_TEST(a_final_picture_is_parsed_too)
{
	struct arena *arena = arena_new();
	const struct render_options options = { .final_px = 32 };
	struct provider *provider = render_open(arena, &options);
	struct provider_request request = { .quality = PROVIDER_FINAL, .variation = 1 };
	const struct provider_result *result = real(arena, provider, &request);

	ck_assert(str_contains_nocase(result->parameters, STR("\"profile\":\"final\"")));
	ck_assert_int_eq((uint8_t)result->image.p[19], 32);
	provider_close(provider);
	arena_free(arena);
}
END_TEST

int
main(void)
{
	const TTest *const scenes[] = { scenes_hold_no_user_text, same_request_same_scene,
		a_halo_is_even_round_every_cut,
		words_choose_the_piece_and_its_style, refinements_start_from_the_base,
		refinements_build_on_each_other,
		parameters_come_back_with_any_spacing };
	const TTest *const with_child[] = { no_program_is_an_alarm,
		bad_output_and_failures_are_told_apart,
		over_its_time_a_call_is_killed_with_all_it_started,
		cancel_kills_with_all_it_started, the_end_of_the_arena_ends_the_call,
		no_more_than_max_parallel_at_once, the_child_has_nothing_it_does_not_need,
		folders_of_the_dead_are_swept };
	const TTest *const with_povray[] = { equal_scenes_give_equal_bytes,
		every_value_renders, a_final_picture_is_parsed_too };
	Suite *suite = suite_create("render");
	TCase *tcase = tcase_create("render");

	for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++)
		tcase_add_test(tcase, scenes[i]);
	/* valgrind does not let a child lower its limit of descriptors */
	if (getenv("BEZEL_TEST_VALGRIND") == NULL) {
		for (size_t i = 0; i < sizeof with_child / sizeof with_child[0]; i++)
			tcase_add_test(tcase, with_child[i]);
		if (access(POVRAY, X_OK) == 0)
			for (size_t i = 0; i < sizeof with_povray / sizeof with_povray[0]; i++)
				tcase_add_test(tcase, with_povray[i]);
		else
			printf("%s is not there: its tests are left out\n", POVRAY);
	}
	tcase_set_timeout(tcase, 240);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
