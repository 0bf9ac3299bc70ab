#include "config.h"

#include "api/api.h"

#include "api/call.h"
#include "api/share-common.h"
#include "app/designs.h"
#include "app/views.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/uuid.h"
#include "schema/documents.h"

#define GET HTTP_GET
#define POST HTTP_POST
#define PUT HTTP_PUT
#define PATCH HTTP_PATCH
#define DELETE HTTP_DELETE
#define DOC_PTR_NONE NULL
#define DOC_PTR_design &doc_design
#define DOC_PTR_job &doc_job
#define DOC_PTR_guest_session &doc_guest_session
#define DOC_PTR_upload &doc_upload
#define DOC_PTR_body_select &doc_body_select
#define DOC_PTR_body_generation &doc_body_generation
#define DOC_PTR_body_refinement &doc_body_refinement
#define DOC_PTR_user &doc_user
#define DOC_PTR_api_key &doc_api_key
#define DOC_PTR_body_register &doc_body_register
#define DOC_PTR_body_login &doc_body_login
#define DOC_PTR_body_token &doc_body_token
#define DOC_PTR_body_email &doc_body_email
#define DOC_PTR_body_new_password &doc_body_new_password
#define DOC_PTR_body_password &doc_body_password
#define DOC_PTR_body_bulk &doc_body_bulk
#define DOC_PTR_body_folder_order &doc_body_folder_order
#define DOC_PTR_folder &doc_folder
#define DOC_PTR_body_leave &doc_body_leave
#define DOC_PTR_export &doc_export
#define DOC_PTR_body_share &doc_body_share
#define DOC_PTR_body_unlock &doc_body_unlock
/* Shapes have no document. */
#define DOC_PTR_bulk_result NULL
#define DOC_PTR_folder_list NULL
#define DOC_PTR_share NULL
#define DOC_PTR_shared_design NULL
#define DOC_PTR_mail_sent NULL
#define DOC_PTR_link_used NULL
#define DOC_PTR_providers NULL
#define DOC_PTR_identity_list NULL
#define DOC_PTR_data_deletion NULL
#define DOC_PTR_usage NULL
#define DOC_PTR_share_analytics NULL
#define DOC_PTR_session_list NULL
#define DOC_PTR_catalog NULL
#define DOC_PTR_checks NULL
#define DOC_PTR_versions NULL
#define DOC_PTR_problem_type NULL
#define DOC_PTR_oembed NULL

const struct route routes[] = {
#define ROUTE(verb, path, handler, guards, body, reply, status, text) \
	{ { verb, path }, api_##handler, NULL, #handler, guards, \
	    DOC_PTR_##body, DOC_PTR_##reply, #reply, status, text },
#define ROUTE_TOGETHER(verb, path, handler, together, guards, body, reply, \
    status, text) \
	{ { verb, path }, api_##handler, api_##together, #handler, guards, \
	    DOC_PTR_##body, DOC_PTR_##reply, #reply, status, text },
#include "api/routes.def"
#undef ROUTE
#undef ROUTE_TOGETHER
};
const size_t route_count = sizeof routes / sizeof routes[0];

/* nginx sets a request id; without nginx (tests of one worker) we make one. */
static void
name_request(struct http_request *request)
{
	if (request->request_id.p == NULL || request->request_id.n == 0)
		request->request_id = uuid_new(request->arena);
	log_context(request->request_id);
}

static void
refuse(struct call *call, const struct err *err)
{
	const struct http_request *request = call->request;

	if (str_starts(request->path, STR("/s/")))	/* people are there */
		share_refuse(call, err);
	else
		http_problem(call->response, err, call->app->conf->base_url,
		    request->path, request->request_id);
	if (error_rows[err->rc].status >= 500)
		log_event(LOG_ERROR, "request.failed",
		    LOG_Z("code", error_rows[err->rc].code),
		    LOG_Z("message", err->message), LOG_Z("detail", err->detail),
		    LOG_END);
}

static void
begin(struct call *call, struct app *app, struct http_request *request,
    struct http_response *response)
{
	*call = (struct call){ .app = app, .arena = request->arena,
		.request = request, .response = response,
		.media = { .app = app, .arena = request->arena } };
	name_request(request);
}

/* To its handler's door. */
static enum rc
admit(struct call *call, struct err *err)
{
	struct http_match *match = &call->match;

	if (http_request_parse(call->request, err) != RC_OK)
		return err->rc;
	if (http_route_match(routes, sizeof routes[0], route_count,
	    call->request, match, err) != RC_OK) {
		if (err->rc == RC_METHOD)
			http_header(call->response, "Allow",
			    http_allow(call->arena, match->allowed));
		return err->rc;
	}
	call->route = &routes[match->index];
	call->response->status = call->route->status;
	if (match->param_count > 0)
		call->id = match->params[0];
	return call_guard(call, err);
}

static void
count_request(const struct call *call, int64_t commands)
{
	struct shared *shared = call->app->shared;
	int64_t took_us = clock_mono_us() - call->request->began_us;

	metric_add(shared, METRIC_http_requests_total, 1);
	metric_add(shared, METRIC_http_microseconds_total, took_us);
	metric_add(shared, METRIC_database_commands_total, commands);
	if (call->response->status >= 500)
		metric_add(shared, METRIC_http_errors_total, 1);
	log_event(LOG_DEBUG, "request", LOG_Z("route",
	    call->route == NULL ? "-" : call->route->name),
	    LOG_INT("status", call->response->status),
	    LOG_INT("us", took_us), LOG_END);
}

static void
end(struct call *call, struct err *err, int64_t commands)
{
	if (err->rc == RC_OK && call->response->body.failed)
		(void)err_set(err, RC_INTERNAL, "The answer is too large.");
	if (err->rc != RC_OK)
		refuse(call, err);
	http_header(call->response, "X-Request-Id", call->request->request_id);
	count_request(call, commands);
	log_context(STR_NULL);
}

/* Behind its handler. */
static void
end_handled(struct call *call, const struct err *err)
{
	if (err->rc != RC_OK)
		app_idem_release(call->app, call->arena, &call->idem);
	else if (call->idem.replay)
		http_header(call->response, "Idempotent-Replayed", STR("true"));
}

void
api_handle(void *arg, struct http_request *request,
    struct http_response *response)
{
	struct app *app = arg;
	int64_t commands = store_commands(app->store);
	struct call call;
	struct err err;

	err_init(&err);
	begin(&call, app, request, response);
	if (admit(&call, &err) == RC_OK) {
		(void)call.route->handler(&call, &err);
		end_handled(&call, &err);
		app_idem_end(app);
	}
	end(&call, &err, store_commands(app->store) - commands);
}

/* --- several at once ---------------------------------------------------------- */

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

void
joints_refuse(struct joint *const *joints, size_t n, const struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		joints[i]->err = *err;
		joints[i]->done = true;
	}
}

static void
admit_joint(struct joint *joint, struct app *app, struct http_exchange *exchange)
{
	int64_t commands = store_commands(app->store);

	err_init(&joint->err);
	begin(&joint->call, app, &exchange->request, &exchange->response);
	joint->admitted = admit(&joint->call, &joint->err) == RC_OK;
	joint->commands = store_commands(app->store) - commands;
	log_context(STR_NULL);
}

/* Those that could not be answered with others, by their own handler: not behind their
 * deadline, for the others have theirs. */
static void
answer_joint(struct joint *joint)
{
	struct call *call = &joint->call;

	if (joint->done)
		return;
	if (clock_mono_ms() >= call->actor.deadline_ms)
		(void)err_set(&joint->err, RC_UNAVAILABLE,
		    "The database cannot answer now.");
	else
		(void)call->route->handler(call, &joint->err);
}

static void
end_joint(struct joint *joint)
{
	struct app *app = joint->call.app;
	int64_t commands = store_commands(app->store);

	log_context(joint->call.request->request_id);
	if (joint->admitted) {
		answer_joint(joint);
		end_handled(&joint->call, &joint->err);
	}
	end(&joint->call, &joint->err, joint->commands
	    + store_commands(app->store) - commands);
}

void
api_handle_together(void *arg, struct http_exchange *const *exchanges, size_t n)
{
	struct app *app = arg;
	struct arena *arena = exchanges[0]->request.arena;
	struct joint *all = arena_many(arena, n, struct joint),
	    **admitted = arena_many(arena, n, struct joint *);
	int64_t commands;
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		admit_joint(&all[i], app, exchanges[i]);
		if (all[i].admitted && all[i].call.route->together != NULL
		    && (count == 0 || all[i].call.route == admitted[0]->call.route))
			admitted[count++] = &all[i];
	}
	commands = store_commands(app->store);
	if (count > 1) {
		admitted[0]->call.route->together(admitted, count);
		admitted[0]->commands += store_commands(app->store) - commands;
	}
	for (size_t i = 0; i < n; i++)
		end_joint(&all[i]);
	app_designs_forget_ahead(app);
	app_idem_end(app);
}
