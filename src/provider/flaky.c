#include "config.h"

#include "provider/flaky.h"

#include <unistd.h>

#include "base/clock.h"
#include "provider/provider-driver.h"

enum { MAX_STEPS = 64, MAX_SLOTS = 1024, MAX_MS = 3600000, NAP_MS = 5, CRASH_STATUS = 70 };

enum fault_kind { FAULT_OK, FAULT_RESULT, FAULT_RATE, FAULT_DAMAGED, FAULT_HANG, FAULT_EXIT };

static const struct fault_row {
	const char *word;
	enum fault_kind kind;
	enum provider_outcome outcome;
	const char *reason;
	bool alarm;
} fault_rows[] = {
	{ "ok", FAULT_OK, PROVIDER_OK, "", false },
	{ "retry", FAULT_RESULT, PROVIDER_RETRY, "unavailable", false },
	{ "rate_limited", FAULT_RATE, PROVIDER_RETRY, "rate_limited", false },
	{ "timeout", FAULT_RESULT, PROVIDER_RETRY, "timeout", false },
	{ "killed", FAULT_RESULT, PROVIDER_RETRY, "killed", false },
	{ "refused", FAULT_RESULT, PROVIDER_REFUSED, "image_safety", false },
	{ "failed", FAULT_RESULT, PROVIDER_FAILED, "bad_output", false },
	{ "alarm", FAULT_RESULT, PROVIDER_FAILED, "no_renderer", true },
	{ "damaged", FAULT_DAMAGED, PROVIDER_OK, "ok", false },
	{ "hang", FAULT_HANG, PROVIDER_RUNNING, "", false },
	{ "exit", FAULT_EXIT, PROVIDER_RUNNING, "", false },
};

struct flaky_step {
	bool every, each_slot;
	int64_t number;
	const struct fault_row *fault;
	int64_t ms;
};

struct slot_count {
	uint64_t key;
	int64_t calls;
};

struct flaky {
	struct provider provider;
	struct provider *inner;
	struct flaky_step steps[MAX_STEPS];
	int step_count;
	struct slot_count slots[MAX_SLOTS];
	int slot_count, calls;
	struct flaky_call *first;
};

struct flaky_call {
	struct provider_call call;
	struct flaky_call *next;
	struct flaky *flaky;
	const struct provider_request *request;
	const struct flaky_step *step;	/* NULL: as the wrapped one does */
	struct provider_call *inner;	/* NULL: not started */
	int64_t due_ms;
	bool listed;
};

static uint64_t
slot_key(const struct provider_request *request)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < request->prompt.n; i++)
		h = (h ^ (uint8_t)request->prompt.p[i]) * 1099511628211u;
	h = (h ^ request->seed) * 1099511628211u;
	return (h ^ (uint64_t)request->variation ^ (uint64_t)request->is_refinement << 8) *
	    1099511628211u;
}

/* The number of this call within its slot, from 1. When there are too many
 * slots they share the last count. */
static int64_t
count_slot(struct flaky *flaky, const struct provider_request *request)
{
	uint64_t key = slot_key(request);
	int i;

	for (i = 0; i < flaky->slot_count && flaky->slots[i].key != key;)
		i++;
	if (i == flaky->slot_count) {
		if (i == MAX_SLOTS)
			i--;
		else
			flaky->slots[flaky->slot_count++] = (struct slot_count){ key, 0 };
	}
	return ++flaky->slots[i].calls;
}

static const struct flaky_step *
step_for(const struct flaky *flaky, int64_t call, int64_t slot_call)
{
	for (int i = 0; i < flaky->step_count; i++) {
		const struct flaky_step *step = &flaky->steps[i];

		if (step->every || step->number == (step->each_slot ? slot_call : call))
			return step;
	}
	return NULL;
}

static void
leave(struct flaky_call *call)
{
	struct flaky_call **at;

	for (at = &call->flaky->first; call->listed && *at != NULL; at = &(*at)->next)
		if (*at == call) {
			*at = call->next;
			break;
		}
	call->listed = false;
}

static void
forget(void *object)
{
	leave(object);
}

static void
end(struct flaky_call *call, enum provider_outcome outcome, const char *reason)
{
	struct provider_result *result = &call->call.result;

	leave(call);
	result->outcome = outcome;
	result->reason = str_of(reason);
	result->message = STR("This was asked for by a test.");
	result->took_ms = provider_took_ms(&call->call);
}

static void
inflict(struct flaky_call *call)
{
	struct provider_result *result = &call->call.result;
	const struct fault_row *fault = call->step->fault;

	if (fault->kind == FAULT_EXIT)
		_exit(CRASH_STATUS);
	if (fault->kind == FAULT_DAMAGED) {
		result->image = STR("\x89PNG\r\n\x1a\n and no more");
		result->mime = STR("image/png");
		result->model = STR("flaky");
		result->parameters = STR("{}");
	}
	if (fault->kind == FAULT_RATE)
		result->retry_after_ms = call->step->ms;
	result->alarm = fault->alarm;
	end(call, fault->outcome, fault->reason);
}

/* Moves a call on; it may end by it. */
static void
step_call(struct flaky_call *call)
{
	bool passes = call->step == NULL || call->step->fault->kind == FAULT_OK;
	const struct provider_result *inner;

	if (clock_mono_ms() < call->due_ms ||
	    (!passes && call->step->fault->kind == FAULT_HANG))
		return;
	if (!passes) {
		inflict(call);
		return;
	}
	if (call->inner == NULL)
		call->inner = provider_start(call->flaky->inner, call->call.arena, call->request);
	inner = provider_result(call->inner);
	if (inner->outcome != PROVIDER_RUNNING) {
		leave(call);
		call->call.result = *inner;
	}
}

static struct provider_call *
flaky_start(struct provider *provider, struct arena *arena,
    const struct provider_request *request)
{
	struct flaky *flaky = (struct flaky *)provider;
	struct flaky_call *call = arena_one(arena, struct flaky_call);
	int64_t slot_call = count_slot(flaky, request);

	call->call = (struct provider_call){ provider, arena, { .outcome = PROVIDER_RUNNING,
		.attempts_left_at_most = -1 }, clock_mono_ms() };
	call->flaky = flaky;
	call->request = request;
	call->step = step_for(flaky, ++flaky->calls, slot_call);
	call->due_ms = call->call.started_ms;
	if (call->step != NULL && call->step->fault->kind != FAULT_RATE)
		call->due_ms += call->step->ms;
	call->next = flaky->first;
	call->listed = true;
	flaky->first = call;
	arena_defer(arena, forget, call);
	step_call(call);
	return &call->call;
}

static bool
step_all(struct flaky *flaky, bool *ret_inner_runs)
{
	struct flaky_call *call, *next;
	bool any = false;

	*ret_inner_runs = false;
	for (call = flaky->first; call != NULL; call = next) {
		next = call->next;
		step_call(call);
		any |= call->call.result.outcome != PROVIDER_RUNNING;
		*ret_inner_runs |= call->listed && call->inner != NULL;
	}
	return any;
}

static void
flaky_wait(struct provider *provider, int timeout_ms)
{
	struct flaky *flaky = (struct flaky *)provider;
	int64_t until_ms = clock_mono_ms() + timeout_ms, left;
	bool inner_runs;

	while (flaky->first != NULL && !step_all(flaky, &inner_runs)) {
		left = until_ms - clock_mono_ms();
		if (left <= 0)
			return;
		if (left > NAP_MS)
			left = NAP_MS;
		if (inner_runs)
			provider_wait(flaky->inner, (int)left);
		else
			clock_sleep_ms(left);
	}
}

static void
flaky_cancel(struct provider_call *provider_call)
{
	struct flaky_call *call = (struct flaky_call *)provider_call;

	if (call->inner != NULL)
		provider_cancel(call->inner);
	end(call, PROVIDER_CANCELLED, "cancelled");
}

static void
flaky_close(struct provider *provider)
{
	struct flaky *flaky = (struct flaky *)provider;

	while (flaky->first != NULL)
		flaky_cancel(&flaky->first->call);
	provider_close(flaky->inner);
}

static void
flaky_check(struct provider *provider, struct arena *arena,
    struct provider_check *ret_check)
{
	provider_check(((struct flaky *)provider)->inner, arena, ret_check);
}

static const struct provider_driver driver = {
	"flaky", flaky_start, flaky_wait, flaky_cancel, flaky_close, flaky_check, false
};

/* "2:retry", "each 1:timeout:50", "*:ok:200" */
static bool
parse_step(struct str text, struct flaky_step *ret_step)
{
	struct str when = str_trim(str_cut(&text, ':')), what = str_cut(&text, ':');
	struct flaky_step step = { .every = str_eqz(when, "*") };

	if (str_starts(when, STR("each "))) {
		step.each_slot = true;
		when = str_trim(str_slice(when, 5, when.n));
	}
	if (!step.every && (!str_to_i64(when, &step.number) || step.number < 1))
		return false;
	for (size_t i = 0; i < sizeof fault_rows / sizeof fault_rows[0]; i++)
		if (str_eqz(str_trim(what), fault_rows[i].word))
			step.fault = &fault_rows[i];
	if (step.fault == NULL || (text.p != NULL && (!str_to_i64(str_trim(text), &step.ms) ||
	    step.ms < 0 || step.ms > MAX_MS)))
		return false;
	*ret_step = step;
	return true;
}

enum rc
provider_flaky_open(struct arena *process_arena, struct provider *inner,
    struct str script, struct provider **ret_provider, struct err *err)
{
	struct flaky *flaky = arena_one(process_arena, struct flaky);
	struct str rest = script, text;

	flaky->provider.driver = &driver;
	flaky->inner = inner;
	while (rest.p != NULL && script.n > 0) {
		text = str_trim(str_cut(&rest, ','));
		if (flaky->step_count == MAX_STEPS)
			return err_set(err, RC_INVALID, "A flaky script has at most %d steps.",
			    MAX_STEPS);
		if (!parse_step(text, &flaky->steps[flaky->step_count++]))
			return err_set(err, RC_INVALID,
			    "\"%.*s\" is not a step of a flaky script.", STR_FMT(text));
	}
	*ret_provider = &flaky->provider;
	return RC_OK;
}

int
provider_flaky_calls(const struct provider *provider)
{
	return ((const struct flaky *)provider)->calls;
}
