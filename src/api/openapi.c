#include "config.h"

#include "api/api.h"

#include "api/call.h"
#include "api/openapi.h"
#include "codec/json.h"
#include "schema/documents.h"

static const struct {
	const char *name;
	const struct doc *doc;
	unsigned view;
} components[] = {
	{ "Design", &doc_design, OWNER },
	{ "DesignNew", &doc_design, IN_NEW },
	{ "DesignEdit", &doc_design, IN_EDIT },
	{ "Generation", &doc_job, OWNER },
	{ "GuestSession", &doc_guest_session, OWNER },
	{ "Upload", &doc_upload, OWNER },
	{ "User", &doc_user, OWNER },
	{ "UserEdit", &doc_user, IN_EDIT },
	{ "Register", &doc_body_register, IN_NEW },
	{ "Login", &doc_body_login, IN_NEW },
	{ "LinkToken", &doc_body_token, IN_NEW },
	{ "EmailAddress", &doc_body_email, IN_NEW },
	{ "NewPassword", &doc_body_new_password, IN_NEW },
	{ "PasswordChange", &doc_body_password, IN_NEW },
	{ "AccountDeletion", &doc_body_leave, IN_NEW },
	{ "Export", &doc_export, OWNER },
	{ "Session", &doc_session, OWNER },
	{ "Identity", &doc_identity, OWNER },
	{ "ApiKey", &doc_api_key, OWNER },
	{ "ApiKeyNew", &doc_api_key, IN_NEW },
	{ "Select", &doc_body_select, IN_NEW },
	{ "Bulk", &doc_body_bulk, IN_NEW },
	{ "Folder", &doc_folder, OWNER },
	{ "FolderNew", &doc_folder, IN_NEW },
	{ "FolderEdit", &doc_folder, IN_EDIT },
	{ "FolderOrder", &doc_body_folder_order, IN_NEW },
	{ "ShareSettings", &doc_body_share, IN_NEW },
	{ "ShareUnlock", &doc_body_unlock, IN_NEW },
	{ "GenerationNew", &doc_body_generation, IN_NEW },
	{ "RefinementNew", &doc_body_refinement, IN_NEW },
};

static const char *
component_of(const struct doc *doc, unsigned view)
{
	for (size_t i = 0; i < sizeof components / sizeof components[0]; i++)
		if (components[i].doc == doc && components[i].view == view)
			return components[i].name;
	die("openapi: a route's document is no component");
}

/* --- shapes: what is no document ----------------------------------------- */

struct shape_row {
	const char *word, *component;	/* of a row that begins an object */
	bool open;
	const char *key, *schema, *text;	/* of a member */
	bool need;
};

#define TEXT "\"type\":\"string\""
#define TEXT_OR_NULL "\"type\":[\"string\",\"null\"]"
#define TIME_OR_NULL "\"type\":[\"string\",\"null\"],\"format\":\"date-time\""
#define RGB "\"type\":\"string\",\"pattern\":\"^#[0-9a-f]{6}$\""
#define BOOLEAN "\"type\":\"boolean\""
#define INTEGER "\"type\":\"integer\""
#define NUMBER "\"type\":\"number\""
#define PAIR "\"type\":\"array\",\"items\":{\"type\":\"number\"}," \
	"\"minItems\":2,\"maxItems\":2"
#define TEXTS "\"type\":\"array\",\"items\":{\"type\":\"string\"}"
#define WORDS(list) "\"type\":\"string\",\"enum\":[" list "]"
#define REF(name) "\"$ref\":\"#/components/schemas/" name "\""
#define LIST(name) "\"type\":\"array\",\"items\":{" REF(name) "}"
#define SHAPE(w, c) { .word = #w, .component = c },
#define OPEN_SHAPE(w, c) { .word = #w, .component = c, .open = true },
#define MEMBER(k, s, t) { .key = k, .schema = s, .text = t, .need = true },
#define MAYBE(k, s, t) { .key = k, .schema = s, .text = t },
static const struct shape_row shapes[] = {
#include "api/shapes.def"
};

enum { SHAPE_ROWS = sizeof shapes / sizeof shapes[0] };

static const char *
shape_of(const char *word)
{
	for (size_t i = 0; i < SHAPE_ROWS; i++)
		if (shapes[i].word != NULL && strcmp(shapes[i].word, word) == 0)
			return shapes[i].component;
	return NULL;
}

/* The object that begins in row i. */
static void
print_shape(struct buf *buf, size_t i)
{
	const char *comma = "";

	buf_printf(buf, ",\"%s\":{\"type\":\"object\"%s,\"properties\":{",
	    shapes[i].component, shapes[i].open ? ""
	    : ",\"additionalProperties\":false");
	for (size_t k = i + 1; k < SHAPE_ROWS && shapes[k].key != NULL; k++) {
		buf_printf(buf, "%s\"%s\":{%s,\"description\":", comma,
		    shapes[k].key, shapes[k].schema);
		buf_add_json(buf, str_of(shapes[k].text));
		buf_add_char(buf, '}');
		comma = ",";
	}
	buf_addz(buf, "},\"required\":[");
	comma = "";
	for (size_t k = i + 1; k < SHAPE_ROWS && shapes[k].key != NULL; k++)
		if (shapes[k].need) {
			buf_printf(buf, "%s\"%s\"", comma, shapes[k].key);
			comma = ",";
		}
	buf_addz(buf, "]}");
}

/* --- documents ----------------------------------------------------------- */

/* What an answer has besides the members of its document. */
static const char *
more_members(const struct doc *doc)
{
	if (doc == &doc_design)
		return "\"generation\":{\"$ref\":\"#/components/schemas/Generation\"},"
		    "\"share\":{\"$ref\":\"#/components/schemas/Share\"},"
		    "\"damaged\":{\"$ref\":\"#/components/schemas/Damaged\"}";
	if (doc == &doc_job)
		return "\"queue_position\":{\"type\":[\"integer\",\"null\"]},"
		    "\"damaged\":{\"$ref\":\"#/components/schemas/Damaged\"}";
	if (doc == &doc_guest_session)
		return "\"uses_left\":{\"type\":\"integer\"},"
		    "\"uses_limit\":{\"type\":\"integer\"},"
		    "\"seconds_left\":{\"type\":\"integer\"},"
		    "\"damaged\":{\"$ref\":\"#/components/schemas/Damaged\"}";
	if (doc == &doc_folder)
		return "\"damaged\":{\"$ref\":\"#/components/schemas/Damaged\"}";
	if (doc == &doc_api_key)
		return "\"key\":{\"type\":\"string\",\"description\":\"The key "
		    "itself, in the answer that makes it and never again\"},"
		    "\"damaged\":{\"$ref\":\"#/components/schemas/Damaged\"}";
	if (doc == &doc_export)
		return "\"url\":{\"type\":[\"string\",\"null\"]},"
		    "\"damaged\":{\"$ref\":\"#/components/schemas/Damaged\"}";
	return "\"url\":{\"type\":\"string\"},"
	    "\"thumbnail_url\":{\"type\":\"string\"},"
	    "\"damaged\":{\"$ref\":\"#/components/schemas/Damaged\"}";
}

static void
print_component(struct buf *buf, size_t i)
{
	static const char properties[] = "\"properties\":{";
	struct buf text;
	size_t at;

	buf_printf(buf, "%s\"%s\":", i == 0 ? "" : ",", components[i].name);
	buf_init(&text, buf->arena, 8192, 1 << 20);
	schema_print_component(&text, components[i].doc, components[i].view);
	if (components[i].view != OWNER) {
		buf_add_str(buf, buf_str(&text));
		return;
	}
	/* The first "properties" is the document's own. */
	at = (size_t)((const char *)memmem(text.p, text.n, properties,
	    sizeof properties - 1) - text.p) + sizeof properties - 1;
	buf_add(buf, text.p, at);
	buf_addz(buf, more_members(components[i].doc));
	buf_add_char(buf, ',');
	buf_add(buf, text.p + at, text.n - at);
}

/* Of one route alone. */
static const struct {
	const char *route, *name, *text;
} parameters[] = {
	{ "auth_google", "return_to", "A path of the studio; / when left out" },
	{ "auth_google", "link", "1: link the account that is signed in" },
	{ "auth_facebook", "return_to", "A path of the studio; / when left out" },
	{ "auth_facebook", "link", "1: link the account that is signed in" },
	{ "auth_google_callback", "state", "As it was sent there" },
	{ "auth_google_callback", "code", "For one use, here" },
	{ "auth_google_callback", "iss", "Who answers (RFC 9207)" },
	{ "auth_google_callback", "error", "In the place of a code" },
	{ "auth_facebook_callback", "state", "As it was sent there" },
	{ "auth_facebook_callback", "code", "For one use, here" },
	{ "auth_facebook_callback", "error", "In the place of a code" },
	{ "oembed", "url", "The address of the share's page" },
	{ "oembed", "format", "json, or nothing" },
	{ "oembed", "maxwidth", "In pixels" },
	{ "oembed", "maxheight", "In pixels" },
};

static void
print_own_parameters(struct buf *buf, const struct route *route, bool *first)
{
	for (size_t i = 0; i < sizeof parameters / sizeof parameters[0]; i++) {
		if (strcmp(parameters[i].route, route->name) != 0)
			continue;
		buf_printf(buf, "%s{\"name\":\"%s\",\"in\":\"query\",\"description\":"
		    "\"%s\",\"schema\":{\"type\":\"string\"}}", *first ? "" : ",",
		    parameters[i].name, parameters[i].text);
		*first = false;
	}
}

/* Of pages the first two, of the list of designs all. */
static const struct {
	const char *name, *schema, *text;
} list_params[] = {
	{ "limit", "\"type\":\"integer\",\"minimum\":1,\"maximum\":100,"
	    "\"default\":20", "Items of a page" },
	{ "cursor", TEXT, "next_cursor of the page before, with the same filters" },
	{ "folder_id", TEXT, "A folder's id, or none: those in no folder" },
	{ "is_favorite", BOOLEAN, "Starred or not" },
	{ "shared", BOOLEAN, "With a link or without; of those with one `share` tells "
	    "it to browsers and to keys with shares:read" },
	{ "q", TEXT ",\"maxLength\":200", "Words, as they stand in the prompt, the "
	    "stone's type or its colour; capitals do not matter. A search of more "
	    "than half a second is given up with 503 search_timeout" },
	{ "gem_type", TEXT, "The stone's type" },
	{ "metal", TEXT, "One of its metals" },
	{ "deleted", BOOLEAN ",\"default\":false", "Those in the trash" },
	{ "sort", WORDS("\"-created_at\",\"created_at\",\"-updated_at\"")
	    ",\"default\":\"-created_at\"", "In which order" },
};

static void
print_parameters(struct buf *buf, const struct route *route)
{
	bool first = true;

	buf_addz(buf, ",\"parameters\":[");
	for (const char *name = strchr(route->match.pattern, '{'); name != NULL;
	    name = strchr(name + 1, '{')) {
		int n = (int)(strchr(name, '}') - name - 1);

		buf_printf(buf, "%s{\"name\":\"%.*s\",\"in\":\"path\","
		    "\"required\":true,\"schema\":{\"type\":\"string\"%s}}",
		    first ? "" : ",", n, name + 1,
		    n == 2 ? ",\"format\":\"uuid\"" : "");
		first = false;
	}
	if (route->guards & PAGE) {
		size_t n = strcmp(route->name, "design_list") == 0
		    ? sizeof list_params / sizeof list_params[0] : 2;

		for (size_t i = 0; i < n; i++) {
			buf_printf(buf, "%s{\"name\":\"%s\",\"in\":\"query\","
			    "\"description\":\"%s\",\"schema\":{%s}}",
			    first ? "" : ",", list_params[i].name,
			    list_params[i].text, list_params[i].schema);
			first = false;
		}
	}
	print_own_parameters(buf, route, &first);
	if (strcmp(route->name, "design_delete") == 0) {
		buf_addz(buf, ",{\"name\":\"purge\",\"in\":\"query\",\"schema\":"
		    "{\"type\":\"boolean\"}}");
	}
	if (route->guards & IDEM) {
		buf_printf(buf, "%s{\"name\":\"Idempotency-Key\",\"in\":\"header\","
		    "%s\"schema\":{\"type\":\"string\",\"maxLength\":255}}",
		    first ? "" : ",", route_scope(route->guards) < 0 ? ""
		    : "\"description\":\"Required from API keys\",");
		first = false;
	}
	if (route->guards & MATCH)
		buf_printf(buf, "%s{\"name\":\"If-Match\",\"in\":\"header\","
		    "%s\"schema\":{\"type\":\"string\"}}", first ? "" : ",",
		    openapi_needs_match(route) ? "\"description\":\"Required from API "
		    "keys\"," : "");
	buf_add_char(buf, ']');
}

static void
print_body(struct buf *buf, const struct route *route)
{
	if (route->guards & FORM_DATA)
		buf_addz(buf, ",\"requestBody\":{\"required\":true,\"content\":"
		    "{\"multipart/form-data\":{\"schema\":{\"type\":\"object\","
		    "\"required\":[\"file\"],\"properties\":{\"file\":{\"type\":"
		    "\"string\",\"format\":\"binary\"}}}}}}");
	else if (route->guards & SIGNED)
		buf_addz(buf, ",\"requestBody\":{\"required\":true,\"content\":"
		    "{\"application/x-www-form-urlencoded\":{\"schema\":{\"type\":"
		    "\"object\",\"required\":[\"signed_request\"],\"properties\":"
		    "{\"signed_request\":{\"type\":\"string\"}}}}}}");
	else if (strcmp(route->name, "share_page_unlock") == 0)
		buf_addz(buf, ",\"requestBody\":{\"required\":true,\"content\":"
		    "{\"application/x-www-form-urlencoded\":{\"schema\":{\"type\":"
		    "\"object\",\"required\":[\"password\"],\"properties\":"
		    "{\"password\":{\"type\":\"string\"}}}}}}");
	else if (route->guards & FORM_BODY)
		buf_addz(buf, ",\"requestBody\":{\"required\":true,\"content\":"
		    "{\"application/x-www-form-urlencoded\":{\"schema\":{\"type\":"
		    "\"object\",\"properties\":{\"List-Unsubscribe\":{\"type\":"
		    "\"string\",\"const\":\"One-Click\"}}}}}}");
	else if (route->body != NULL)
		buf_printf(buf, ",\"requestBody\":{\"required\":%s,\"content\":"
		    "{\"%s\":{\"schema\":{\"$ref\":\"#/components/schemas/%s\"}}}}",
		    route->guards & MAY_BODY ? "false" : "true",
		    route->guards & PATCH_BODY ? "application/merge-patch+json"
		    : "application/json", component_of(route->body,
		    route->guards & PATCH_BODY ? IN_EDIT : IN_NEW));
}

static void
print_responses(struct buf *buf, const struct route *route)
{
	buf_printf(buf, ",\"responses\":{\"%d\":{\"description\":", route->status);
	buf_add_json(buf, str_of(route->text));
	if (route->guards & PAGE)
		buf_printf(buf, ",\"content\":{\"application/json\":{\"schema\":"
		    "{\"type\":\"object\",\"required\":[\"items\",\"next_cursor\"],"
		    "\"properties\":{\"items\":{\"type\":\"array\",\"items\":{\"$ref\""
		    ":\"#/components/schemas/%s\"}},\"next_cursor\":{\"type\":"
		    "[\"string\",\"null\"]}}}}}", component_of(route->reply, OWNER));
	else if (route->reply != NULL)
		buf_printf(buf, ",\"content\":{\"application/json\":{\"schema\":"
		    "{\"$ref\":\"#/components/schemas/%s\"}}}",
		    component_of(route->reply, OWNER));
	else if (strcmp(route->name, "picture_jpeg") == 0)
		buf_addz(buf, ",\"content\":{\"image/jpeg\":{}}");
	else if (strcmp(route->name, "share_file") == 0)
		buf_addz(buf, ",\"content\":{\"image/webp\":{}}");
	else if ((route->guards & ANYONE) && shape_of(route->reply_word) == NULL)
		buf_addz(buf, ",\"content\":{\"text/html\":{}}");
	else if (shape_of(route->reply_word) != NULL)
		buf_printf(buf, ",\"content\":{\"application/json\":{\"schema\":"
		    "{\"$ref\":\"#/components/schemas/%s\"}}}",
		    shape_of(route->reply_word));
	else if (route->status == 200)
		buf_addz(buf, ",\"content\":{\"application/json\":{}}");
	if (strcmp(route->name, "guest_start") == 0)
		buf_printf(buf, "},\"200\":{\"description\":\"Renewed\","
		    "\"content\":{\"application/json\":{\"schema\":{\"$ref\":"
		    "\"#/components/schemas/%s\"}}}",
		    component_of(route->reply, OWNER));
	if (strcmp(route->name, "share_put") == 0)
		buf_printf(buf, "},\"200\":{\"description\":\"Changed\","
		    "\"content\":{\"application/json\":{\"schema\":{\"$ref\":"
		    "\"#/components/schemas/%s\"}}}", shape_of(route->reply_word));
	buf_addz(buf, "}");
	openapi_refusals(buf, route);
	buf_addz(buf, ",\"default\":{\"$ref\":\"#/components/responses/Problem\"}}");
}

static void
print_route(struct buf *buf, const struct route *route)
{
	static const char *const verbs[] = { "get", "head", "post", "put", "patch",
		"delete" };

	buf_printf(buf, "\"%s\":{\"operationId\":\"%s\",\"summary\":",
	    verbs[__builtin_ctz(route->match.verb)], route->name);
	buf_add_json(buf, str_of(route->text));
	if (route->guards & WHO)
		openapi_security(buf, route);
	print_parameters(buf, route);
	print_body(buf, route);
	print_responses(buf, route);
	buf_add_char(buf, '}');
}

/* Rows of one path stand together, whatever their order in the table. */
static void
print_paths(struct buf *buf)
{
	bool first_path = true;

	for (size_t i = 0; i < route_count; i++) {
		const char *path = routes[i].match.pattern;
		bool seen = (routes[i].guards & INFRA) != 0;

		for (size_t k = 0; k < i && !seen; k++)
			seen = strcmp(routes[k].match.pattern, path) == 0;
		if (seen)
			continue;
		buf_printf(buf, "%s\n\"%s\":{", first_path ? "" : ",", path);
		first_path = false;
		for (size_t k = i; k < route_count; k++)
			if (strcmp(routes[k].match.pattern, path) == 0) {
				if (k > i)
					buf_add_char(buf, ',');
				print_route(buf, &routes[k]);
			}
		buf_add_char(buf, '}');
	}
}

void
api_print_openapi(struct buf *buf)
{
	buf_printf(buf, "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"bezel\","
	    "\"version\":\"%s\",\"description\":\"AI jewelry design studio. "
	    "Addresses of pictures are signed and end after one to two hours; the "
	    "pictures are WebP, and JPEG when .webp at the end is replaced with "
	    ".jpg.\"},"
	    "\"paths\":{", VERSION);
	print_paths(buf);
	buf_addz(buf, "\n},\"components\":{");
	openapi_security_schemes(buf);
	buf_addz(buf, ",\"responses\":{");
	openapi_problem_responses(buf);
	buf_addz(buf, "},\"schemas\":{\n");
	for (size_t i = 0; i < sizeof components / sizeof components[0]; i++)
		print_component(buf, i);
	buf_addz(buf, ",\"Damaged\":{\"type\":\"array\",\"description\":\"What did "
	    "not fit in the stored document\",\"items\":{" REF("Damage") "}}");
	for (size_t i = 0; i < SHAPE_ROWS; i++)
		if (shapes[i].word != NULL)
			print_shape(buf, i);
	buf_addz(buf, "}}}\n");
}

void
api_print_routes(struct buf *buf)
{
	buf_addz(buf, "| method | path | status | what | scope of API keys |\n"
	    "|---|---|---|---|---|\n");
	for (size_t i = 0; i < route_count; i++)
		buf_printf(buf, "| %s | `%s` | %d | %s | %s |\n",
		    http_method_name(routes[i].match.verb),
		    routes[i].match.pattern, routes[i].status, routes[i].text,
		    openapi_keys_column(routes[i].guards));
}
