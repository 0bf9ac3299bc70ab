/*
 * render_cli.c - one picture, or its scene, from the command line: for tests and
 * for looking at what the renderer does.
 *
 *	render_cli [--mask] [--above] [--scene] out=FILE [key=value ...]
 *
 * Keys: prompt type cut color transparency size length width height carat metal
 * metal2 finish variation seed quality(draft|final) px refine base strength
 * preserve povray. The parameters go to standard output.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "provider/render-scene.h"
#include "provider/render.h"

struct cli {
	struct provider_request request;
	struct render_options options;
	const char *out;
	bool scene;
	enum render_flags flags;
};

static bool
take_text(struct provider_request *r, const char *key, struct str value)
{
	struct { const char *key; struct str *to; } rows[] = {
		{ "prompt", &r->prompt }, { "type", &r->gem_type }, { "cut", &r->cut },
		{ "color", &r->color }, { "transparency", &r->transparency },
		{ "size", &r->size_simple }, { "finish", &r->finish },
		{ "base", &r->base_parameters }, { "refine", &r->change.prompt } };

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (strcmp(rows[i].key, key) == 0) {
			*rows[i].to = value;
			r->is_refinement = r->is_refinement || strcmp(key, "refine") == 0;
			return true;
		}
	return false;
}

static bool
take_number(struct provider_request *r, const char *key, const char *value)
{
	struct { const char *key; double *to; } rows[] = {
		{ "length", &r->length_mm }, { "width", &r->width_mm },
		{ "height", &r->height_mm }, { "carat", &r->carat_weight },
		{ "strength", &r->change.strength } };

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (strcmp(rows[i].key, key) == 0) {
			*rows[i].to = strtod(value, NULL);
			return true;
		}
	return false;
}

static bool
take(struct cli *cli, const char *key, const char *value)
{
	struct provider_request *r = &cli->request;

	if (take_text(r, key, str_of(value)) || take_number(r, key, value))
		return true;
	if (strcmp(key, "metal") == 0 || strcmp(key, "metal2") == 0)
		r->metals[r->metal_count++ % PROVIDER_METALS_MAX] = str_of(value);
	else if (strcmp(key, "preserve") == 0 && r->change.preserve_count < PROVIDER_PRESERVE_MAX)
		r->change.preserve[r->change.preserve_count++] = str_of(value);
	else if (strcmp(key, "variation") == 0)
		r->variation = atoi(value);
	else if (strcmp(key, "seed") == 0)
		r->seed = (uint32_t)strtoul(value, NULL, 10);
	else if (strcmp(key, "quality") == 0)
		r->quality = strcmp(value, "final") == 0 ? PROVIDER_FINAL : PROVIDER_DRAFT;
	else if (strcmp(key, "px") == 0)
		cli->options.draft_px = cli->options.final_px = atoi(value);
	else if (strcmp(key, "povray") == 0)
		cli->options.povray = value;
	else if (strcmp(key, "out") == 0)
		cli->out = value;
	else
		return false;
	return true;
}

static int
write_file(const char *path, struct str bytes)
{
	FILE *file = fopen(path, "wb");

	if (file == NULL || fwrite(bytes.p, 1, bytes.n, file) != bytes.n || fclose(file) != 0) {
		perror(path);
		return 1;
	}
	return 0;
}

static int
picture(struct cli *cli, struct arena *arena)
{
	struct provider *provider = render_open(arena, &cli->options);
	const struct provider_result *result;
	struct provider_call *call;
	int status = 1;

	call = render_start_flags(provider, arena, &cli->request, cli->flags);
	result = provider_result(call);
	while (result->outcome == PROVIDER_RUNNING)
		provider_wait(provider, 1000);
	if (result->outcome == PROVIDER_OK) {
		printf("%.*s\n", STR_FMT(result->parameters));
		status = write_file(cli->out, result->image);
	} else {
		fprintf(stderr, "%.*s: %.*s\n", STR_FMT(result->reason), STR_FMT(result->detail));
	}
	provider_close(provider);
	return status;
}

int
main(int argc, char **argv)
{
	struct cli cli = { .request = { .seed = 1 } };
	struct arena *arena = arena_new();
	int status;

	for (int i = 1; i < argc; i++) {
		char *equals = strchr(argv[i], '=');

		if (strcmp(argv[i], "--mask") == 0) {
			cli.flags |= RENDER_MASK;
		} else if (strcmp(argv[i], "--above") == 0) {
			cli.flags |= RENDER_FROM_ABOVE;
		} else if (strcmp(argv[i], "--scene") == 0) {
			cli.scene = true;
		} else if (equals != NULL) {
			*equals = '\0';
			if (!take(&cli, argv[i], equals + 1))
				equals = NULL;
		}
		if (equals == NULL && strncmp(argv[i], "--", 2) != 0) {
			fprintf(stderr, "render_cli: %s is not understood\n", argv[i]);
			return 2;
		}
	}
	if (cli.out == NULL) {
		fprintf(stderr, "render_cli: out=FILE is missing\n");
		return 2;
	}
	if (cli.scene) {
		struct render_design design;

		render_design_of(&cli.request, &design);
		status = write_file(cli.out, render_scene(arena, &design,
		    cli.flags));
	} else {
		status = picture(&cli, arena);
	}
	arena_free(arena);
	return status;
}
