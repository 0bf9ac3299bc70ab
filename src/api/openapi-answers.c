#include "config.h"

#include "api/openapi.h"

#include "api/call.h"
#include "codec/json.h"
#include "schema/documents.h"

enum { CHANGES = HTTP_POST | HTTP_PUT | HTTP_PATCH | HTTP_DELETE,
	BODIES = JSON_BODY | PATCH_BODY | FORM_BODY | FORM_DATA };

static bool
among(const char *const *names, const char *name)
{
	while (*names != NULL && strcmp(*names, name) != 0)
		names++;
	return *names != NULL;
}

bool
openapi_has_etag(const struct route *route)
{
	static const char *const names[] = { "me_get", "me_edit", "picture_jpeg",
		"share_file", NULL };

	return (route->reply != NULL && !(route->guards & PAGE)
	    && (route->reply == &doc_design || route->reply == &doc_job
	    || route->reply == &doc_folder)) || among(names, route->name);
}

/* A page with a password has none, nor a link whose design is damaged. */
bool
openapi_may_have_etag(const struct route *route)
{
	static const char *const names[] = { "share_put", "share_get",
		"share_view", "share_page", "share_card", NULL };

	return openapi_has_etag(route) || among(names, route->name);
}

/* Pictures, which nginx keeps or has lying there. */
bool
openapi_has_ranges(const struct route *route)
{
	static const char *const names[] = { "picture_jpeg", "share_file", NULL };

	return among(names, route->name);
}

/* --- refusals ------------------------------------------------------------ */

static const struct refusal {
	int status;
	const char *name, *text, *header;	/* one that is always there */
} refusals[] = {
	{ 400, "Malformed", "The request cannot be parsed (malformed), a query "
	    "parameter is not understood (bad_query, bad_cursor), or an API key came "
	    "without an Idempotency-Key (idempotency_key_required)", NULL },
	{ 401, "Unauthorized", "Nobody is signed in (session_required, "
	    "session_expired), password or API key are not right "
	    "(wrong_credentials, invalid_api_key), or this is not for everybody "
	    "(not_public); WWW-Authenticate says what would do",
	    "WWW-Authenticate" },
	{ 403, "Forbidden", "This needs an account, a fresh sign-in or a password, "
	    "the request comes from another site, or the API key lacks the scope "
	    "(scope_required; WWW-Authenticate names it) or may not do this at all",
	    NULL },
	{ 404, "NotFound", "There is nothing here, or it is another's", NULL },
	{ 409, "Conflict", "It is not in a state that allows this, there is no room "
	    "for more, or a request with this Idempotency-Key is still running",
	    NULL },
	{ 410, "Gone", "The link or the time for this has ended (link_expired)",
	    NULL },
	{ 412, "PreconditionFailed", "It has changed since: If-Match names "
	    "another version", NULL },
	{ 413, "TooLarge", "The body is too large", NULL },
	{ 415, "UnsupportedMediaType", "The body is of another media type", NULL },
	{ 416, "RangeNotSatisfiable", "There is nothing in the range that was asked "
	    "for (range_not_satisfiable)", "Content-Range" },
	{ 422, "Invalid", "The body has faults, all in `errors` (invalid), or the "
	    "Idempotency-Key came with another body before "
	    "(idempotency_mismatch)", NULL },
	{ 428, "PreconditionRequired", "With an API key this needs If-Match", NULL },
	{ 429, "TooMany", "The quota is used up (quota_exceeded), or this came too "
	    "often (rate_limited)", "Retry-After" },
	{ 501, "NotOffered", "This format is not offered (format_unknown)", NULL },
	{ 503, "Unavailable", "The service cannot answer now; with the same "
	    "Idempotency-Key it may be tried again", "Retry-After" },
	{ 507, "StorageFull", "There is no room to store this", NULL },
};

enum { REFUSALS = sizeof refusals / sizeof refusals[0] };

/* What cannot be told from a row's guards. */
static const struct {
	int status;
	const char *names[12];
} further[] = {
	{ 401, { "auth_login", "oembed" } },
	{ 403, { "share_view", "auth_google", "auth_google_callback",
	    "auth_facebook", "auth_facebook_callback", "auth_facebook_deletion",
	    "share_file" } },
	{ 404, { "auth_google", "auth_google_callback", "auth_facebook",
	    "auth_facebook_callback", "auth_facebook_deletion", "design_create",
	    "design_bulk", "design_list", "folder_reorder", "oembed",
	    "guest_get", "me_email_confirm" } },
	{ 409, { "guest_start", "design_edit", "design_delete", "share_put",
	    "share_revoke", "identity_unlink", "auth_provider_email",
	    "auth_provider_confirm", "share_unlock", "folder_edit", "me_email_confirm",
	    "auth_email_undo" } },
	{ 410, { "auth_verify_email", "auth_reset_confirm",
	    "auth_provider_confirm", "share_restore", "share_view",
	    "share_unlock", "picture_jpeg", "me_email_confirm",
	    "auth_email_undo" } },
	{ 501, { "oembed" } },
	{ 507, { "upload_create", "photo_set", "picture_jpeg", "share_card" } },
};

static bool
has_further(const struct route *route, int status)
{
	for (size_t i = 0; i < sizeof further / sizeof further[0]; i++)
		for (size_t k = 0; further[i].status == status && k < 12
		    && further[i].names[k] != NULL; k++)
			if (strcmp(further[i].names[k], route->name) == 0)
				return true;
	return false;
}

static bool
by_guards(const struct route *route, int status)
{
	unsigned guards = route->guards;
	bool keys = route_scope(guards) >= 0;

	switch (status) {
	case 400:
	case 429:	/* the flood guard is in front of all */
	case 503:	/* so is what stands in for a worker that has died */
		return true;
	case 401:
		return (guards & WHO) != 0;
	case 403:
		return (guards & WHO)
		    || ((route->match.verb & CHANGES) && !(guards & ANYONE));
	case 404:
		return strchr(route->match.pattern, '{') != NULL;
	case 409:
		return (guards & IDEM) != 0;
	case 412:
		return (guards & MATCH) != 0;
	case 413:
		return (route->match.verb & CHANGES) != 0;
	case 415:
		return (guards & BODIES) != 0;
	case 416:
		return openapi_has_ranges(route);
	case 422:
		return (guards & (BODIES | IDEM)) != 0;
	case 428:
		return keys && openapi_needs_match(route);
	default:
		return false;
	}
}

/* People are there: errors are pages, but for those of the guards in front. */
static bool
is_page(const struct route *route)
{
	return strncmp(route->match.pattern, "/s/", 3) == 0
	    || strncmp(route->match.pattern, "/u/", 3) == 0;
}

static void
print_refusals(struct buf *buf, const struct route *route)
{
	for (size_t i = 0; i < REFUSALS; i++)
		if (by_guards(route, refusals[i].status)
		    || has_further(route, refusals[i].status)
		    || (refusals[i].status == 410 && is_page(route)))
			buf_printf(buf, ",\"%d\":{\"$ref\":"
			    "\"#/components/responses/%s\"}", refusals[i].status,
			    is_page(route) ? "Page" : refusals[i].name);
	buf_printf(buf, ",\"default\":{\"$ref\":\"#/components/responses/%s\"}",
	    is_page(route) ? "Page" : "Problem");
}

#define PROBLEM "\"application/problem+json\":{\"schema\":{" \
	"\"$ref\":\"#/components/schemas/Problem\"}}"

static void
print_header(struct buf *buf, const char *name, bool first)
{
	buf_printf(buf, "%s\"%s\":{\"$ref\":\"#/components/headers/%s\"}",
	    first ? "" : ",", name, name);
}

void
openapi_problem_responses(struct buf *buf)
{
	for (size_t i = 0; i < REFUSALS; i++) {
		buf_printf(buf, "\"%s\":{\"description\":\"%s\",\"headers\":{",
		    refusals[i].name, refusals[i].text);
		print_header(buf, "X-Request-Id", true);
		if (refusals[i].header != NULL)
			print_header(buf, refusals[i].header, false);
		buf_addz(buf, "},\"content\":{" PROBLEM "}},");
	}
	buf_addz(buf, "\"Page\":{\"description\":\"A page for people that says what "
	    "is wrong\",\"content\":{\"text/html\":{\"schema\":{\"type\":\"string\"}},"
	    PROBLEM "}},\"Problem\":{\"description\":\"What went wrong (RFC 9457)\","
	    "\"content\":{" PROBLEM "}}");
}

/* --- headers ------------------------------------------------------------- */

static const struct {
	const char *name, *schema, *text;
	bool need;	/* where it is named, it is always there */
} headers[] = {
	{ "X-Request-Id", "\"type\":\"string\"", "For those who ask an operator",
	    true },
	{ "ETag", "\"type\":\"string\"", "For If-Match and If-None-Match", true },
	{ "Location", "\"type\":\"string\",\"format\":\"uri-reference\"",
	    "Where it is", true },
	{ "Retry-After", "\"type\":\"integer\",\"minimum\":0",
	    "Seconds after which to ask again", true },
	{ "WWW-Authenticate", "\"type\":\"string\"", "RFC 6750, section 3", true },
	{ "Content-Range", "\"type\":\"string\"", "Which bytes, and of how many", true },
	{ "Link", "\"type\":\"string\"", "rel=next: the next page, when there is one",
	    false },
	{ "Idempotent-Replayed", "\"type\":\"string\",\"const\":\"true\"",
	    "An earlier request with this Idempotency-Key has done it", false },
	{ "RateLimit-Policy", "\"type\":\"string\"", "What there is in all", false },
	{ "RateLimit", "\"type\":\"string\"",
	    "What is left, and the seconds until it begins anew", false },
};

void
openapi_headers(struct buf *buf)
{
	buf_addz(buf, "\"headers\":{");
	for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
		buf_printf(buf, "%s\"%s\":{\"description\":\"%s\",\"required\":%s,"
		    "\"schema\":{%s}}", i == 0 ? "" : ",", headers[i].name,
		    headers[i].text, headers[i].need ? "true" : "false",
		    headers[i].schema);
	buf_add_char(buf, '}');
}

static void
print_headers(struct buf *buf, const struct route *route, int status)
{
	static const char *const with_location[] = { "guest_start", "folder_create",
		"api_key_create", "share_put", NULL };
	bool accepted = status == 202 && (route->guards & IDEM);

	buf_addz(buf, ",\"headers\":{");
	print_header(buf, "X-Request-Id", true);
	if (openapi_has_etag(route))
		print_header(buf, "ETag", false);
	else if (openapi_may_have_etag(route))
		buf_addz(buf, ",\"ETag\":{\"schema\":{\"type\":\"string\"}}");
	if (accepted || status == 303 || (status == 201
	    && among(with_location, route->name)))
		print_header(buf, "Location", false);
	if (accepted)
		print_header(buf, "Retry-After", false);
	if (status == 206)
		print_header(buf, "Content-Range", false);
	if (route->guards & PAGE)
		print_header(buf, "Link", false);
	if (route->guards & IDEM)
		print_header(buf, "Idempotent-Replayed", false);
	if (accepted || strncmp(route->name, "guest_", 6) == 0) {
		print_header(buf, "RateLimit-Policy", false);
		print_header(buf, "RateLimit", false);
	}
	buf_add_char(buf, '}');
}

/* --- what was asked for -------------------------------------------------- */

static const char *
picture_type(const struct route *route)
{
	static const struct { const char *route, *type; } rows[] = {
		{ "picture_jpeg", "image/jpeg" }, { "share_card", "image/jpeg" },
		{ "share_qr_svg", "image/svg+xml" },
		{ "share_qr_png", "image/png" },
		{ "share_pixel", "image/gif" }, { "share_file", "image/webp" } };

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (strcmp(route->name, rows[i].route) == 0)
			return rows[i].type;
	return NULL;
}

static void
print_content(struct buf *buf, const struct route *route)
{
	const char *shape = openapi_shape(route->reply_word);

	if (route->guards & PAGE)
		buf_printf(buf, ",\"content\":{\"application/json\":{\"schema\":"
		    "{\"$ref\":\"#/components/schemas/%sPage\"}}}",
		    openapi_component(route->reply, OWNER));
	else if (route->reply != NULL || shape != NULL)
		buf_printf(buf, ",\"content\":{\"application/json\":{\"schema\":"
		    "{\"$ref\":\"#/components/schemas/%s\"}}}", shape != NULL
		    ? shape : openapi_component(route->reply, OWNER));
	else if (picture_type(route) != NULL)
		buf_printf(buf, ",\"content\":{\"%s\":{\"schema\":{\"type\":"
		    "\"string\",\"format\":\"binary\"}}}", picture_type(route));
	else if (route->status == 200)
		buf_addz(buf, (route->guards & ANYONE)
		    ? ",\"content\":{\"text/html\":{\"schema\":{\"type\":\"string\"}}}"
		    : ",\"content\":{\"application/json\":{\"schema\":{\"type\":"
		    "\"object\"}}}");
}

/* What may be done next with what an answer names: OpenAPI's links. */
static const struct {
	const char *route, *name, *to, *id;
} links[] = {
	{ "design_create", "design", "design_get", "/id" },
	{ "design_create", "generation", "generation_get", "/generation/id" },
	{ "design_create", "trash", "design_delete", "/id" },
	{ "generation_create", "generation", "generation_get", "/id" },
	{ "generation_create", "design", "design_get", "/design_id" },
	{ "refinement_create", "generation", "generation_get", "/id" },
	{ "refinement_create", "design", "design_get", "/design_id" },
	{ "folder_create", "folder", "folder_get", "/id" },
	{ "api_key_create", "revoke", "api_key_revoke", "/id" },
	{ "share_put", "share", "share_get", "/design_id" },
};

static void
print_links(struct buf *buf, const struct route *route)
{
	const char *before = ",\"links\":{";

	for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
		if (strcmp(links[i].route, route->name) != 0)
			continue;
		buf_printf(buf, "%s\"%s\":{\"operationId\":\"%s\",\"parameters\":"
		    "{\"id\":\"$response.body#%s\"}}", before, links[i].name,
		    links[i].to, links[i].id);
		before = ",";
	}
	if (*before == ',' && before[1] == '\0')
		buf_add_char(buf, '}');
}

static void
print_answer(struct buf *buf, const struct route *route, int status,
    const char *text)
{
	buf_printf(buf, "\"%d\":{\"description\":", status);
	buf_add_json(buf, str_of(text));
	print_headers(buf, route, status);
	if (status != 204)
		print_content(buf, route);
	if (status == route->status)
		print_links(buf, route);
	buf_add_char(buf, '}');
}

/* Routes that have another good answer. */
static const struct {
	const char *route;
	int status;
	const char *text;
} others[] = {
	{ "guest_start", 200, "Renewed" },
	{ "share_put", 200, "Changed" },
	{ "export_get", 204, "There is none" },
	{ "picture_jpeg", 206, "The part that Range asks for" },
	{ "share_file", 206, "The part that Range asks for" },
};

void
openapi_responses(struct buf *buf, const struct route *route)
{
	buf_addz(buf, ",\"responses\":{");
	print_answer(buf, route, route->status, route->text);
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		if (strcmp(others[i].route, route->name) == 0) {
			buf_add_char(buf, ',');
			print_answer(buf, route, others[i].status, others[i].text);
		}
	if (openapi_may_have_etag(route) && route->match.verb == HTTP_GET)
		buf_addz(buf, ",\"304\":{\"description\":\"It has not changed\"}");
	print_refusals(buf, route);
	buf_add_char(buf, '}');
}
