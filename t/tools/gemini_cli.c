/*
 * gemini_cli - calls of the gemini driver from the command line, for tests.
 *
 * Prints one JSON array with the result of each call, in the order they were made.
 */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "codec/json.h"
#include "net/net.h"
#include "provider/gemini.h"

struct job {
	struct arena *arena;
	struct gemini_options options;
	struct net_options net;
	struct provider_request request;
	int parallel;		/* calls of one round */
	int rounds;		/* one after the other */
	int pause_ms;		/* between rounds */
	int cancel_ms;		/* -1: calls are not cancelled */
	const char *save;	/* where the last picture goes */
};

static _Noreturn void
fail(const char *text)
{
	(void)fprintf(stderr, "gemini_cli: %s\n", text);
	exit(2);
}

static struct str
read_file(struct arena *arena, const char *path)
{
	FILE *file = fopen(path, "rb");
	struct buf buf;
	char piece[8192];
	size_t n;

	if (file == NULL)
		fail(path);
	buf_init(&buf, arena, 0, 64 * 1024 * 1024);
	while ((n = fread(piece, 1, sizeof piece, file)) > 0)
		buf_add(&buf, piece, n);
	(void)fclose(file);
	return buf_str(&buf);
}

static const char *
outcome_word(enum provider_outcome outcome)
{
	static const char *const words[] = { "running", "ok", "refused", "retry",
		"failed", "cancelled" };

	return words[outcome];
}

static void
add_member(struct buf *out, const char *name, struct str value)
{
	buf_printf(out, ",\"%s\":", name);
	if (value.p == NULL)
		buf_addz(out, "null");
	else
		buf_add_json(out, value);
}

static void
add_result(struct buf *out, const struct provider_result *result)
{
	buf_printf(out, "{\"outcome\":\"%s\"", outcome_word(result->outcome));
	add_member(out, "reason", result->reason);
	add_member(out, "message", result->message);
	add_member(out, "detail", result->detail);
	add_member(out, "mime", result->mime);
	add_member(out, "model", result->model);
	buf_printf(out, ",\"alarm\":%s,\"retry_after_ms\":%lld,"
	    "\"attempts_left_at_most\":%d,\"image_bytes\":%zu,"
	    "\"cost_microusd\":%lld,\"took_ms\":%lld,\"parameters\":",
	    result->alarm ? "true" : "false", (long long)result->retry_after_ms,
	    result->attempts_left_at_most, result->image.n,
	    (long long)result->cost_microusd, (long long)result->took_ms);
	buf_add_str(out, result->parameters.p == NULL ? STR("null") : result->parameters);
	buf_add_char(out, '}');
}

static void
save_picture(const char *path, struct str image)
{
	FILE *file = fopen(path, "wb");

	if (file == NULL || fwrite(image.p, 1, image.n, file) != image.n
	    || fclose(file) != 0)
		fail(path);
}

static bool
any_running(struct provider_call **calls, int n)
{
	for (int i = 0; i < n; i++)
		if (provider_result(calls[i])->outcome == PROVIDER_RUNNING)
			return true;
	return false;
}

static void
run_round(const struct job *job, struct provider *provider, struct buf *out)
{
	struct provider_call **calls = arena_many(job->arena, (size_t)job->parallel,
	    struct provider_call *);
	int64_t from_ms = clock_mono_ms();

	for (int i = 0; i < job->parallel; i++) {
		struct provider_request request = job->request;

		request.variation += i;
		calls[i] = provider_start(provider, job->arena, &request);
	}
	while (any_running(calls, job->parallel)) {
		provider_wait(provider, job->cancel_ms >= 0 ? 20 : 1000);
		if (job->cancel_ms >= 0 && clock_mono_ms() - from_ms > job->cancel_ms)
			for (int i = 0; i < job->parallel; i++)
				provider_cancel(calls[i]);
	}
	for (int i = 0; i < job->parallel; i++) {
		const struct provider_result *result = provider_result(calls[i]);

		if (out->n > 1)
			buf_add_char(out, ',');
		add_result(out, result);
		if (job->save != NULL && result->outcome == PROVIDER_OK)
			save_picture(job->save, result->image);
	}
}

static int
number(const char *text)
{
	int64_t v;

	if (!str_to_i64(str_of(text), &v) || v < -1 || v > 1000000)
		fail(text);
	return (int)v;
}

enum {
	BASE_URL = 'u', KEY = 'k', MODELS = 'm', PROMPT = 'p', HELP = 'h', RATIO = 256,
	SIZE, TIMEOUT, PARALLEL, BREAKER, CA_FILE, CALLS, ROUNDS, PAUSE, CANCEL, VARIATION,
	DRAFT, REFERENCE, BASE, CHANGE, STRENGTH, PRESERVE, GEM, SAVE
};

static const struct option names[] = {
	{ "base-url", required_argument, NULL, BASE_URL },
	{ "key", required_argument, NULL, KEY },
	{ "models", required_argument, NULL, MODELS },
	{ "prompt", required_argument, NULL, PROMPT },
	{ "ratio", required_argument, NULL, RATIO },
	{ "size", required_argument, NULL, SIZE },
	{ "timeout-ms", required_argument, NULL, TIMEOUT },
	{ "max-parallel", required_argument, NULL, PARALLEL },
	{ "breaker-ms", required_argument, NULL, BREAKER },
	{ "ca-file", required_argument, NULL, CA_FILE },
	{ "calls", required_argument, NULL, CALLS },
	{ "rounds", required_argument, NULL, ROUNDS },
	{ "pause-ms", required_argument, NULL, PAUSE },
	{ "cancel-ms", required_argument, NULL, CANCEL },
	{ "variation", required_argument, NULL, VARIATION },
	{ "draft", no_argument, NULL, DRAFT },
	{ "reference", required_argument, NULL, REFERENCE },
	{ "base", required_argument, NULL, BASE },
	{ "change", required_argument, NULL, CHANGE },
	{ "strength", required_argument, NULL, STRENGTH },
	{ "preserve", required_argument, NULL, PRESERVE },
	{ "gem", required_argument, NULL, GEM },
	{ "save", required_argument, NULL, SAVE },
	{ "help", no_argument, NULL, HELP },
	{ NULL, 0, NULL, 0 }
};

static void
help(void)
{
	(void)puts("gemini_cli: calls of the gemini driver, results as JSON\n");
	for (const struct option *option = names; option->name != NULL; option++)
		(void)printf("  --%s%s\n", option->name,
		    option->has_arg == required_argument ? " VALUE" : "");
	exit(0);
}

static void
set_models(struct job *job, struct str list)
{
	struct str items[GEMINI_MODELS_MAX];
	size_t n = 0;
	struct err err;

	err_init(&err);
	while (list.p != NULL && n < GEMINI_MODELS_MAX)
		items[n++] = str_cut(&list, ',');
	if (gemini_models_read(job->arena, items, n, &job->options.models, &err)
	    != RC_OK)
		fail(err.message);
	job->options.model_count = n;
}

static void
set_option(struct job *job, int option, const char *value)
{
	struct provider_request *request = &job->request;

	switch (option) {
	case BASE_URL: job->options.base_url = str_of(value); break;
	case KEY: job->options.api_key = str_of(value); break;
	case MODELS: set_models(job, str_of(value)); break;
	case PROMPT: request->prompt = str_of(value); break;
	case RATIO: job->options.aspect_ratio = str_of(value); break;
	case SIZE: job->options.image_size = str_of(value); break;
	case TIMEOUT: job->options.timeout_ms = number(value); break;
	case PARALLEL: job->options.max_parallel = number(value); break;
	case BREAKER: job->options.breaker_ms = number(value); break;
	case CA_FILE: job->net.ca_file = value; break;
	case CALLS: job->parallel = number(value); break;
	case ROUNDS: job->rounds = number(value); break;
	case PAUSE: job->pause_ms = number(value); break;
	case CANCEL: job->cancel_ms = number(value); break;
	case VARIATION: request->variation = number(value); break;
	case DRAFT: request->quality = PROVIDER_DRAFT; break;
	case REFERENCE: request->reference = read_file(job->arena, value); break;
	case BASE:
		request->is_refinement = true;
		request->base_image = read_file(job->arena, value);
		break;
	case CHANGE: request->change.prompt = str_of(value); break;
	case STRENGTH: request->change.strength = atof(value); break;
	case PRESERVE:
		if (request->change.preserve_count == PROVIDER_PRESERVE_MAX)
			fail("too many --preserve");
		request->change.preserve[request->change.preserve_count++] = str_of(value);
		break;
	case GEM: request->gem_type = str_of(value); break;
	case SAVE: job->save = value; break;
	case HELP: help(); break;
	default: exit(2);
	}
}

int
main(int argc, char **argv)
{
	struct job job = { .arena = arena_new(), .parallel = 1, .rounds = 1,
		.cancel_ms = -1, .net = { .allow_loopback_http = true },
		.request = { .quality = PROVIDER_FINAL, .change = { .strength = 0.5 } } };
	struct provider *provider;
	struct net *net;
	struct buf out;
	struct err err;
	int option;

	err_init(&err);
	set_models(&job, STR("gemini-2.5-flash-image,gemini-3.1-flash-image"));
	while ((option = getopt_long(argc, argv, "u:k:m:p:h", names, NULL)) != -1)
		set_option(&job, option, optarg);
	net_global_init();
	net = net_open(&job.net);
	if (gemini_open(job.arena, net, &job.options, &provider, &err) != RC_OK)
		fail(err.message);
	buf_init(&out, job.arena, 4096, 16 * 1024 * 1024);
	buf_add_char(&out, '[');
	for (int i = 0; i < job.rounds; i++) {
		if (i > 0)
			clock_sleep_ms(job.pause_ms);
		run_round(&job, provider, &out);
	}
	buf_addz(&out, "]\n");
	(void)fwrite(out.p, 1, out.n, stdout);
	provider_close(provider);
	arena_free(job.arena);
	net_close(net);
	return 0;
}
