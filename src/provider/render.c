#include "config.h"

#include "provider/render.h"

#include <errno.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "provider/png.h"
#include "provider/provider-driver.h"
#include "provider/render-child.h"
#include "provider/render-scene.h"

enum { MAX_PARALLEL = 64, REAP_POLL_MS = 5, READ_BYTES = 65536 };

struct render_call {
	struct provider_call call;
	struct render_call *next;
	struct render *render;
	struct render_design design;
	struct render_child child;
	struct buf png;
	int64_t deadline_ms;
	bool running, listed;
	enum render_flags flags;
};

struct render {
	struct provider provider;
	struct render_options options;
	struct render_call *first;	/* in the order of their start */
	int running;
};

static bool
ended(const struct render_call *call)
{
	return call->call.result.outcome != PROVIDER_RUNNING;
}

static void
leave(struct render_call *call)
{
	struct render_call **at = &call->render->first;

	if (call->running)
		call->render->running--;
	call->running = false;
	for (; call->listed && *at != NULL; at = &(*at)->next)
		if (*at == call) {
			*at = call->next;
			break;
		}
	call->listed = false;
}

static void
end(struct render_call *call, enum provider_outcome outcome, const char *reason,
    const char *message, struct str detail)
{
	struct provider_result *result = &call->call.result;

	leave(call);
	result->outcome = outcome;
	result->reason = str_of(reason);
	result->message = str_of(message);
	result->detail = detail;
	result->took_ms = provider_took_ms(&call->call);
}

static void
end_without_renderer(struct render_call *call)
{
	end(call, PROVIDER_FAILED, "no_renderer", "Pictures cannot be rendered on this server.",
	    arena_printf(call->call.arena, "%s cannot be run", call->render->options.povray));
	call->call.result.alarm = true;
}

static void
end_with_picture(struct render_call *call)
{
	struct provider_result *result = &call->call.result;
	struct arena *arena = call->call.arena;
	struct str png = png_strip(arena, buf_str(&call->png));

	if (png.p == NULL) {
		end(call, PROVIDER_FAILED, "bad_output", "The picture came out damaged.",
		    arena_printf(arena, "%zu bytes, not a PNG", call->png.n));
		return;
	}
	result->image = png;
	result->mime = STR("image/png");
	result->parameters = render_design_json(arena, &call->design);
	end(call, PROVIDER_OK, "ok", "", STR_NULL);
}

static void
end_by_status(struct render_call *call, int status)
{
	struct arena *arena = call->call.arena;

	if (WIFSIGNALED(status))
		end(call, PROVIDER_RETRY, "killed", "Rendering was interrupted.",
		    arena_printf(arena, "signal %d", WTERMSIG(status)));
	else if (WEXITSTATUS(status) == CHILD_EXIT_NO_PROGRAM)
		end_without_renderer(call);
	else if (WEXITSTATUS(status) != 0 || call->png.failed)
		end(call, PROVIDER_FAILED, "bad_output", "The picture could not be rendered.",
		    arena_printf(arena, "exit %d after %zu bytes", WEXITSTATUS(status),
		    call->png.n));
	else
		end_with_picture(call);
}

static const char *
antialias(const struct render_call *call)
{
	if (call->flags & RENDER_MASK)
		return "-A";
	return call->design.quality == PROVIDER_DRAFT ? "+A0.25 +AM1 +R2 -J" :
	    "+A0.45 +AM1 +R2 -J";
}

static void
launch(struct render_call *call)
{
	struct render *render = call->render;
	struct arena *scratch;
	struct render_child_job job = { render->options.povray, render->options.temp_folder,
		STR_NULL, call->design.quality == PROVIDER_DRAFT ? render->options.draft_px :
		render->options.final_px, antialias(call) };
	struct err err;

	err_init(&err);
	if (access(job.povray, X_OK) != 0) {
		end_without_renderer(call);
		return;
	}
	scratch = arena_new();
	job.scene = render_scene(scratch, &call->design, call->flags);
	if (job.scene.p == NULL)
		die("a scene outgrew its maximum");
	if (render_child_start(&call->child, &job, &err) != RC_OK) {
		end(call, PROVIDER_RETRY, "unavailable", "The picture cannot be rendered now.",
		    arena_str(call->call.arena, str_of(err.detail)));
	} else {
		call->running = true;
		render->running++;
		call->deadline_ms = clock_mono_ms() + render->options.wall_limit_ms;
	}
	arena_free(scratch);
}

/* Whether a call ended by it. */
static bool
launch_waiting(struct render *render)
{
	struct render_call *call, *next;
	bool any = false;

	for (call = render->first; call != NULL; call = next) {
		next = call->next;
		if (call->running || render->running >= render->options.max_parallel)
			continue;
		launch(call);
		any |= ended(call);
	}
	return any;
}

static void
forget(void *object)
{
	struct render_call *call = object;

	leave(call);
	render_child_kill(&call->child);
}

static struct provider_call *
start(struct provider *provider, struct arena *arena,
    const struct provider_request *request, enum render_flags flags)
{
	struct render *render = (struct render *)provider;
	struct render_call *call = arena_one(arena, struct render_call), **at;

	call->call = (struct provider_call){ provider, arena, { .outcome = PROVIDER_RUNNING,
		.attempts_left_at_most = -1, .model = STR(RENDER_VERSION) }, clock_mono_ms() };
	call->render = render;
	call->flags = flags;
	call->child.fd = -1;
	buf_init(&call->png, arena, 0, CHILD_PNG_BYTES);
	render_design_of(request, &call->design);
	for (at = &render->first; *at != NULL;)
		at = &(*at)->next;
	*at = call;
	call->listed = true;
	arena_defer(arena, forget, call);
	(void)launch_waiting(render);
	return &call->call;
}

static struct provider_call *
render_start(struct provider *provider, struct arena *arena,
    const struct provider_request *request)
{
	return start(provider, arena, request, 0);
}

struct provider_call *
render_start_flags(struct provider *provider, struct arena *arena,
    const struct provider_request *request, enum render_flags flags)
{
	return start(provider, arena, request, flags);
}

static void
read_some(struct render_call *call)
{
	char bytes[READ_BYTES];
	ssize_t n;

	while ((n = read(call->child.fd, bytes, sizeof bytes)) > 0)
		buf_add(&call->png, bytes, (size_t)n);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		(void)close(call->child.fd);
		call->child.fd = -1;
	}
}

/* Moves one running call on. */
static void
step(struct render_call *call)
{
	int status;

	if (call->child.fd >= 0)
		read_some(call);
	if (call->child.fd < 0 && render_child_reap(&call->child, &status)) {
		end_by_status(call, status);
	} else if (clock_mono_ms() >= call->deadline_ms) {
		render_child_kill(&call->child);
		end(call, PROVIDER_RETRY, "timeout", "Rendering took too long.",
		    arena_printf(call->call.arena, "over %lld ms",
		    (long long)call->render->options.wall_limit_ms));
	}
}

static bool
step_all(struct render *render)
{
	struct render_call *call, *next;
	bool any = false;

	for (call = render->first; call != NULL; call = next) {
		next = call->next;
		if (!call->running)
			continue;
		step(call);
		any |= ended(call);
	}
	return any;
}

/* Sleeps until a child writes, a deadline passes or `until` comes. */
static void
sleep_until(struct render *render, int64_t until_ms)
{
	struct pollfd fds[MAX_PARALLEL];
	nfds_t count = 0;
	int64_t left;

	for (struct render_call *call = render->first; call != NULL; call = call->next) {
		if (!call->running)
			continue;
		if (call->deadline_ms < until_ms)
			until_ms = call->deadline_ms;
		if (call->child.fd >= 0)
			fds[count++] = (struct pollfd){ call->child.fd, POLLIN, 0 };
		else if (clock_mono_ms() + REAP_POLL_MS < until_ms)
			until_ms = clock_mono_ms() + REAP_POLL_MS;
	}
	left = until_ms - clock_mono_ms();
	/* An interrupted sleep is a short one: the caller looks at the time. */
	(void)poll(fds, count, left > 0 ? (int)left : 0);
}

static void
render_wait(struct provider *provider, int timeout_ms)
{
	struct render *render = (struct render *)provider;
	int64_t until_ms = clock_mono_ms() + (timeout_ms > 0 ? timeout_ms : 0);
	bool any = launch_waiting(render);

	while (render->first != NULL) {
		any |= step_all(render);
		any |= launch_waiting(render);
		if (any || clock_mono_ms() >= until_ms)
			break;
		sleep_until(render, until_ms);
	}
}

static void
render_cancel(struct provider_call *provider_call)
{
	struct render_call *call = (struct render_call *)provider_call;

	render_child_kill(&call->child);
	end(call, PROVIDER_CANCELLED, "cancelled", "Rendering was cancelled.", STR_NULL);
}

static void
render_close(struct provider *provider)
{
	struct render *render = (struct render *)provider;

	while (render->first != NULL)
		render_cancel(&render->first->call);
}

static const struct provider_driver driver = {
	"render", render_start, render_wait, render_cancel, render_close, NULL, false
};

struct provider *
render_open(struct arena *process_arena, const struct render_options *options)
{
	struct render *render = arena_one(process_arena, struct render);
	struct render_options *o = &render->options;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	render->provider.driver = &driver;
	*o = *options;
	o->povray = arena_strz(process_arena, str_of(o->povray != NULL ? o->povray :
	    "/usr/bin/povray"));
	o->temp_folder = arena_strz(process_arena, str_of(o->temp_folder != NULL ?
	    o->temp_folder : "/tmp"));
	if (o->draft_px <= 0)
		o->draft_px = 256;
	if (o->final_px <= 0)
		o->final_px = 1024;
	if (o->max_parallel <= 0)
		o->max_parallel = cores > 0 ? (int)cores : 1;
	if (o->max_parallel > MAX_PARALLEL)
		o->max_parallel = MAX_PARALLEL;
	if (o->wall_limit_ms <= 0)
		o->wall_limit_ms = 120000;
	render_child_sweep(o->temp_folder);
	return &render->provider;
}
