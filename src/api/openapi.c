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

const char *
openapi_component(const struct doc *doc, unsigned view)
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

const char *
openapi_shape(const char *word)
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
	/* What is left out of a share's settings stays as it is. */
	schema_print_component(&text, components[i].doc, components[i].view,
	    components[i].doc != &doc_body_share);
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

/* What a path begins with, and of what kind its operations are. */
static const struct {
	const char *path, *name, *text;
} tags[] = {
	{ "/v1/designs/{id}/share", "shares", "Links to designs, and who looks" },
	{ "/v1/designs/{id}/generations", "generations",
	    "Pictures on their way" },
	{ "/v1/designs/{id}/refinements", "generations", NULL },
	{ "/v1/designs", "designs", "Pieces, and what was made of them" },
	{ "/v1/generations", "generations", NULL },
	{ "/v1/uploads", "designs", NULL },
	{ "/v1/folders", "folders", "Where designs are put" },
	{ "/v1/shares", "shares", NULL },
	{ "/v1/api-keys", "api-keys", "Keys of programs" },
	{ "/v1/me", "account", "One's own account" },
	{ "/v1/auth", "sign-in", "Accounts, passwords and providers" },
	{ "/v1/guest-session", "sign-in", NULL },
	{ "/v1/oembed", "pages", "What people and other sites open" },
	{ "/s/", "pages", NULL },
	{ "/u/", "pages", NULL },
	{ "/media/", "designs", NULL },
	{ "/v1/", "service", "The service itself" },
};

enum { TAGS = sizeof tags / sizeof tags[0] };

static const char *
tag_of(const struct route *route)
{
	for (size_t i = 0; i < TAGS; i++)
		if (str_starts(str_of(route->match.pattern), str_of(tags[i].path)))
			return tags[i].name;
	die("openapi: a route has no tag");
}

static void
print_tags(struct buf *buf)
{
	const char *comma = "";

	buf_addz(buf, "\"tags\":[");
	for (size_t i = 0; i < TAGS; i++) {
		if (tags[i].text == NULL)
			continue;
		buf_printf(buf, "%s{\"name\":\"%s\",\"description\":\"%s\"}", comma,
		    tags[i].name, tags[i].text);
		comma = ",";
	}
	buf_addz(buf, "],");
}

/* The first sentence is the summary. */
static void
print_texts(struct buf *buf, const char *text)
{
	const char *end = strstr(text, ". ");
	size_t n = end == NULL ? strlen(text) : (size_t)(end - text);

	buf_addz(buf, ",\"summary\":");
	buf_add_json(buf, (struct str){ text, n });
	if (end != NULL) {
		buf_addz(buf, ",\"description\":");
		buf_add_json(buf, str_of(end + 2));
	}
}

static void
print_route(struct buf *buf, const struct route *route)
{
	static const char *const verbs[] = { "get", "head", "post", "put", "patch",
		"delete" };

	buf_printf(buf, "\"%s\":{\"operationId\":\"%s\",\"tags\":[\"%s\"]",
	    verbs[__builtin_ctz(route->match.verb)], route->name, tag_of(route));
	print_texts(buf, route->text);
	if (route->guards & WHO)
		openapi_security(buf, route);
	openapi_parameters(buf, route);
	openapi_body(buf, route);
	openapi_responses(buf, route);
	buf_add_char(buf, '}');
}

/* The answer of a list. */
static void
print_pages(struct buf *buf)
{
	for (size_t i = 0; i < route_count; i++) {
		bool seen = !(routes[i].guards & PAGE);
		const char *name;

		for (size_t k = 0; k < i && !seen; k++)
			seen = (routes[k].guards & PAGE)
			    && routes[k].reply == routes[i].reply;
		if (seen)
			continue;
		name = openapi_component(routes[i].reply, OWNER);
		buf_printf(buf, ",\"%sPage\":{\"type\":\"object\","
		    "\"additionalProperties\":false,\"required\":[\"items\","
		    "\"next_cursor\"],\"properties\":{\"items\":{\"type\":\"array\","
		    "\"items\":{\"$ref\":\"#/components/schemas/%s\"}},"
		    "\"next_cursor\":{\"type\":[\"string\",\"null\"],"
		    "\"description\":\"For `cursor`; null on the last page\"}}}",
		    name, name);
	}
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
	    ".jpg. An API key is sent as `Authorization: Bearer`; browsers have a "
	    "cookie, and send Origin or Sec-Fetch-Site with what changes "
	    "something.\"},", VERSION);
	print_tags(buf);
	buf_addz(buf, "\"paths\":{");
	print_paths(buf);
	buf_addz(buf, "\n},\"components\":{");
	openapi_security_schemes(buf);
	buf_add_char(buf, ',');
	openapi_headers(buf);
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
	print_pages(buf);
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
