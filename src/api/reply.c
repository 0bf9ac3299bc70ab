#include "config.h"

#include "api/call.h"

#include "app/designs.h"
#include "app/generations.h"
#include "base/log.h"
#include "schema/documents.h"

enum { RETRY_AFTER_S = 2 };

void
reply_json(struct call *call, struct buf *body)
{
	call->response->content_type = "application/json";
	if (body != &call->response->body)
		call->response->body = *body;
}

bool
may_read_shares(const struct call *call)
{
	return call->actor.key_id.p == NULL
	    || (call->actor.key_scopes >> SCOPE_SHARES_READ & 1);
}

/* The token of a link opens it for anybody: it is not shown to a key that may not read
 * shares, nor when the link is revoked and only kept for undo. */
static struct str
without_link(const struct call *call, struct str design)
{
	struct str token;
	bool is_shared = false;

	if (!doc_peek_str(design, "share_settings.share_token", &token))
		return design;
	(void)doc_peek_bool(design, "share_settings.is_shared", &is_shared);
	return is_shared && may_read_shares(call) ? design
	    : doc_with_null(call->arena, design, "share_settings",
	    "share_token");
}

void
add_document(struct call *call, struct buf *buf, const struct doc *doc,
    struct str bson, struct str more)
{
	struct encode how = { .view = OWNER, .url = app_media_url,
		.url_arg = &call->media };
	struct str id = STR("?");

	if (doc == &doc_design)
		bson = without_link(call, bson);
	doc_encode(buf, doc, bson, &how, more);
	if (how.faults == 0)
		return;
	metric_add(call->app->shared, METRIC_damaged_documents_total, 1);
	(void)doc_peek_str(bson, "_id", &id);
	log_event(LOG_WARN, "document.damaged", LOG_Z("document", doc->name),
	    LOG_STR("id", id), LOG_INT("faults", how.faults), LOG_END);
}

bool
reply_not_modified(struct call *call)
{
	struct http_response *response = call->response;

	response->cache_control = "private, no-cache";
	if (call->request->if_none_match.p == NULL
	    || !(call->request->verb & (HTTP_GET | HTTP_HEAD))
	    || !http_etag_in(call->request->if_none_match, response->etag))
		return false;
	response->status = 304;
	return true;
}

static struct str
generation_members(struct call *call, int64_t position)
{
	return position < 0 ? STR("\"queue_position\":null")
	    : arena_printf(call->arena, "\"queue_position\":%lld",
	    (long long)position);
}

void
reply_design(struct call *call, const struct app_design *design)
{
	struct buf *body = &call->response->body, generation;
	struct str more = STR_NULL;

	if (design->updated_at_ms != TIME_NULL)
		call->response->etag = arena_printf(call->arena,
		    "\"%lld-%lld-o%lld.%lld\"", (long long)design->updated_at_ms,
		    (long long)app_media_epoch(), (long long)design->revision,
		    (long long)design->position);
	if (design->updated_at_ms != TIME_NULL && reply_not_modified(call))
		return;
	if (design->generation.p != NULL) {
		buf_init(&generation, call->arena, 1024, 64 * 1024);
		buf_addz(&generation, "\"generation\":");
		add_document(call, &generation, &doc_job, design->generation,
		    generation_members(call, design->position));
		more = buf_str(&generation);
	}
	(void)buf_reserve(body, design->doc.n * 2 + more.n);
	add_document(call, body, &doc_design, design->doc, more);
	call->response->content_type = "application/json";
}

void
reply_generation(struct call *call, const struct app_generation *generation)
{
	call->response->etag = arena_printf(call->arena, "\"%lld-g%lld.%lld\"",
	    (long long)generation->updated_at_ms,
	    (long long)generation->revision, (long long)generation->position);
	if (reply_not_modified(call))
		return;
	add_document(call, &call->response->body, &doc_job, generation->doc,
	    generation_members(call, generation->position));
	call->response->content_type = "application/json";
}

void
reply_quota(struct call *call, const struct quota *quota)
{
	if (quota->limit == 0)
		return;
	http_header_printf(call->response, "RateLimit-Policy",
	    "\"gen\";q=%lld;w=86400", (long long)quota->limit);
	http_header_printf(call->response, "RateLimit", "\"gen\";r=%lld;t=%lld",
	    (long long)quota->left, (long long)quota->reset_s);
}

void
reply_accepted(struct call *call, const char *where, struct str id)
{
	http_header(call->response, "Location", arena_printf(call->arena,
	    "%s%.*s", where, STR_FMT(id)));
	http_header_printf(call->response, "Retry-After", "%d", RETRY_AFTER_S);
}

enum rc
reply_refused(struct call *call, const struct quota *quota, struct err *err)
{
	if (err->rc == RC_QUOTA)
		reply_quota(call, quota);
	return err->rc;
}
