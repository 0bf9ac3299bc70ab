#include "config.h"

#include "api/together.h"

#include "api/api.h"
#include "app/designs.h"
#include "app/views.h"
#include "base/clock.h"
#include "base/log.h"

enum { ADMIT_MS = 1000 };	/* for the guards of all */

/* Those that were begun together. */
struct group {
	struct app *app;
	size_t left;
	bool away;		/* the database, when a key was to be freed */
};

/* --- who may be -------------------------------------------------------------- */

/* A path of this pattern, whose last part may be a parameter, and nothing behind it. A
 * link that is made up is of none: it costs no read, so why look for others. */
static bool
is_of(const struct app *app, struct str uri, struct str pattern)
{
	size_t fixed = str_find(pattern, '{');
	struct str last;

	if (fixed >= pattern.n)
		return str_eq(uri, pattern);
	if (uri.n <= fixed || memcmp(uri.p, pattern.p, fixed) != 0)
		return false;
	last = str_slice(uri, fixed, uri.n);
	if (str_eqz(str_slice(pattern, fixed, pattern.n), "{token}"))
		return app_view_is_link(app, last);
	return str_find(last, '/') >= last.n && str_find(last, '?') >= last.n;
}

/* A guess by the line of the request alone: its row is found behind its guards. */
int
api_kind(void *arg, const struct http_request *request)
{
	const struct app *app = arg;

	for (size_t i = 0; i < route_count; i++)
		if (routes[i].together != NULL
		    && str_eqz(request->method,
		    http_method_name(routes[i].match.verb))
		    && is_of(app, request->uri, str_of(routes[i].match.pattern)))
			return (int)i + 1;
	return 0;
}

/* --- to the handler's door ---------------------------------------------------- */

static void
admit(struct joint *joint, struct group *group, struct http_exchange *exchange)
{
	struct app *app = group->app;
	int64_t commands = store_commands(app->store);

	*joint = (struct joint){ .exchange = exchange, .group = group };
	err_init(&joint->err);
	call_begin(&joint->call, app, exchange);
	if (call_admit(&joint->call, &joint->err) == RC_OK)
		joint->state = JOINT_ADMITTED;
	joint->commands = store_commands(app->store) - commands;
	log_context(STR_NULL);
	exchange->work = joint;
}

/* A guard that cannot ask the database, or takes long to, is not asked for all: those
 * behind come alone. Returns how many were begun. */
static size_t
admit_all(struct joint *all, struct group *group, struct http_exchange **exchanges,
    size_t n)
{
	int64_t until_ms = clock_mono_ms() + ADMIT_MS;

	while (group->left < n) {
		struct joint *joint = &all[group->left];

		admit(joint, group, exchanges[group->left++]);
		if (joint->err.rc == RC_UNAVAILABLE
		    || clock_mono_ms() >= until_ms)
			break;
	}
	return group->left;
}

/* One has none, which asks nobody. */
static void
take_key(struct joint *joint)
{
	joint->state = call_take_key(&joint->call, &joint->err) == RC_OK
	    ? JOINT_READY : JOINT_REFUSED;
}

/* Those whose key somebody has stay ADMITTED, and take it when their turn comes: of two
 * that are the same, the other one finds what the first has done. */
static void
take_keys(struct arena *arena, struct joint *all, size_t n)
{
	struct joint **with = arena_many(arena, n, struct joint *);
	struct call **calls = arena_many(arena, n, struct call *);
	bool *taken = arena_many(arena, n, bool);
	size_t count = 0;
	struct err err;

	for (size_t i = 0; i < n; i++)
		if (all[i].state == JOINT_ADMITTED && call_has_key(&all[i].call)) {
			calls[count] = &all[i].call;
			with[count++] = &all[i];
		} else if (all[i].state == JOINT_ADMITTED)
			take_key(&all[i]);
	err_init(&err);
	if (count == 0)
		return;
	(void)!call_take_keys(arena, calls, count, taken, &err);
	for (size_t i = 0; i < count; i++)
		if (err.rc == RC_UNAVAILABLE) {
			with[i]->err = err;
			with[i]->state = JOINT_REFUSED;
		} else if (err.rc == RC_OK && taken[i])
			with[i]->state = JOINT_READY;
}

/* --- and behind it -------------------------------------------------------------- */

void
joint_refuse(struct joint *joint, const struct err *err)
{
	joint->err = *err;
	joint->state = JOINT_DONE;
}

void
joint_end(struct joint *joint)
{
	struct call *call = &joint->call;
	struct app *app = call->app;
	int64_t commands = store_commands(app->store);

	log_context(call->request->request_id);
	if (joint->state == JOINT_ADMITTED)
		take_key(joint);
	if (joint->state == JOINT_READY)
		call_handle(call, &joint->err);
	/* Once is enough to hear that it is away; a lease ends in a minute. */
	if (joint->state != JOINT_REFUSED
	    && (joint->err.rc == RC_OK || !joint->group->away)
	    && !call_handled(call, &joint->err))
		joint->group->away = true;
	call_end(call, &joint->err, joint->commands
	    + store_commands(app->store) - commands);
	if (--joint->group->left > 0)
		return;
	app_designs_forget_ahead(app);
	app_idem_end(app);
}

/* Of those that are ready the first says of which row they are. */
static void
do_together(struct arena *arena, struct joint *all, size_t n)
{
	struct joint **ready = arena_many(arena, n, struct joint *);
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		if (all[i].state == JOINT_READY && all[i].call.route->together != NULL
		    && (count == 0 || all[i].call.route == ready[0]->call.route))
			ready[count++] = &all[i];
	if (count > 1)
		ready[0]->call.route->together(arena, ready, count);
}

/* Those go first that wait for nothing more. */
static void
put_in_order(struct http_exchange **exchanges, const struct joint *all, size_t n)
{
	size_t at = 0;

	for (int waits = 0; waits < 2; waits++)
		for (size_t i = 0; i < n; i++)
			if ((all[i].state == JOINT_ADMITTED
			    || all[i].state == JOINT_READY) == (waits == 1))
				exchanges[at++] = all[i].exchange;
}

void
api_together(void *arg, struct arena *arena, struct http_exchange **exchanges,
    size_t n)
{
	struct joint *all = arena_many(arena, n, struct joint);
	struct group *group = arena_one(arena, struct group);
	struct app *app = group->app = arg;
	int64_t commands;

	n = admit_all(all, group, exchanges, n);
	commands = store_commands(app->store);
	take_keys(arena, all, n);
	do_together(arena, all, n);
	all[0].commands += store_commands(app->store) - commands;
	put_in_order(exchanges, all, n);
}
