#include "config.h"

#include "api/api.h"

#include "api/call.h"
#include "api/share-common.h"
#include "api/together.h"
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

void
call_begin(struct call *call, struct app *app, struct http_exchange *exchange)
{
	struct http_request *request = &exchange->request;

	*call = (struct call){ .app = app, .arena = request->arena,
		.request = request, .response = &exchange->response,
		.media = { .app = app, .arena = request->arena } };
	name_request(request);
}

enum rc
call_admit(struct call *call, struct err *err)
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

void
call_end(struct call *call, struct err *err, int64_t commands)
{
	if (err->rc == RC_OK && call->response->body.failed)
		(void)err_set(err, RC_INTERNAL, "The answer is too large.");
	if (err->rc != RC_OK)
		refuse(call, err);
	http_header(call->response, "X-Request-Id", call->request->request_id);
	count_request(call, commands);
	log_context(STR_NULL);
}

void
call_handle(struct call *call, struct err *err)
{
	if (clock_mono_ms() < call->actor.deadline_ms)
		(void)call->route->handler(call, err);
	else {
		err->retry_after_s = 2;
		(void)err_set(err, RC_UNAVAILABLE, "There is too much to do now.");
	}
}

bool
call_handled(struct call *call, const struct err *err)
{
	if (err->rc != RC_OK)
		return app_idem_release(call->app, call->arena, &call->idem);
	if (call->idem.replay)
		http_header(call->response, "Idempotent-Replayed", STR("true"));
	return true;
}

void
api_handle(void *arg, struct http_exchange *exchange)
{
	struct app *app = arg;
	int64_t commands = store_commands(app->store);
	struct call call;
	struct err err;

	if (exchange->work != NULL) {
		joint_end(exchange->work);
		return;
	}
	err_init(&err);
	call_begin(&call, app, exchange);
	if (call_admit(&call, &err) == RC_OK
	    && call_take_key(&call, &err) == RC_OK) {
		call_handle(&call, &err);
		(void)call_handled(&call, &err);
		app_idem_end(app);
	}
	call_end(&call, &err, store_commands(app->store) - commands);
}
