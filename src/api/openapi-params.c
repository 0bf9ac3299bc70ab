#include "config.h"

#include "api/openapi.h"

#include "api/call.h"

#define TEXT "\"type\":\"string\""
#define BOOLEAN "\"type\":\"boolean\""
#define COUNT(min, max) "\"type\":\"integer\",\"minimum\":" min ",\"maximum\":" max

struct parameter {
	const char *route, *name, *schema, *text;
};

/* Of one route alone. */
static const struct parameter own[] = {
	{ "auth_google", "return_to", TEXT ",\"pattern\":\"^/[A-Za-z0-9/_-]*$\"",
	    "A path of the studio; / when left out" },
	{ "auth_google", "link", TEXT ",\"const\":\"1\"",
	    "1: link the account that is signed in" },
	{ "auth_facebook", "return_to", TEXT ",\"pattern\":\"^/[A-Za-z0-9/_-]*$\"",
	    "A path of the studio; / when left out" },
	{ "auth_facebook", "link", TEXT ",\"const\":\"1\"",
	    "1: link the account that is signed in" },
	{ "auth_google_callback", "state", TEXT, "As it was sent there" },
	{ "auth_google_callback", "code", TEXT, "For one use, here" },
	{ "auth_google_callback", "iss", TEXT, "Who answers (RFC 9207)" },
	{ "auth_google_callback", "error", TEXT, "In the place of a code" },
	{ "auth_facebook_callback", "state", TEXT, "As it was sent there" },
	{ "auth_facebook_callback", "code", TEXT, "For one use, here" },
	{ "auth_facebook_callback", "error", TEXT, "In the place of a code" },
	{ "oembed", "url", TEXT ",\"format\":\"uri-reference\"",
	    "The address of the share's page" },
	{ "oembed", "format", TEXT ",\"const\":\"json\"",
	    "json, or nothing; others are answered with 501" },
	{ "oembed", "maxwidth", COUNT("1", "100000"), "In pixels" },
	{ "oembed", "maxheight", COUNT("1", "100000"), "In pixels" },
	{ "share_qr_png", "size", COUNT("128", "2048") ",\"default\":512",
	    "Pixels a side" },
	{ "share_analytics", "days", COUNT("1", "365") ",\"default\":30",
	    "How many, with today" },
	{ "design_delete", "purge", BOOLEAN ",\"default\":false",
	    "Out of the trash, for ever" },
};

/* Of pages the first two, of the list of designs all. */
static const struct parameter of_lists[] = {
	{ "", "limit", COUNT("1", "100") ",\"default\":20", "Items of a page" },
	{ "", "cursor", TEXT ",\"minLength\":1",
	    "next_cursor of the page before, with the same filters" },
	{ "", "folder_id", TEXT, "A folder's id, or none: those in no folder" },
	{ "", "is_favorite", BOOLEAN, "Starred or not" },
	{ "", "shared", BOOLEAN, "With a link or without; of those with one `share` "
	    "tells it to browsers and to keys with shares:read" },
	{ "", "q", TEXT ",\"maxLength\":200", "Words, as they stand in the prompt, the "
	    "stone's type or its colour; capitals do not matter. A search of more "
	    "than half a second is given up with 503 search_timeout" },
	{ "", "gem_type", TEXT, "The stone's type" },
	{ "", "metal", TEXT, "One of its metals" },
	{ "", "deleted", BOOLEAN ",\"default\":false", "Those in the trash" },
	{ "", "sort", TEXT ",\"enum\":[\"-created_at\",\"created_at\","
	    "\"-updated_at\"],\"default\":\"-created_at\"", "In which order" },
};

static void
print_one(struct buf *buf, const struct parameter *p, const char *in, bool *first)
{
	buf_printf(buf, "%s{\"name\":\"%s\",\"in\":\"%s\",\"description\":\"%s\","
	    "\"schema\":{%s}}", *first ? "" : ",", p->name, in, p->text, p->schema);
	*first = false;
}

static void
print_path_parameters(struct buf *buf, const char *pattern, bool *first)
{
	for (const char *name = strchr(pattern, '{'); name != NULL;
	    name = strchr(name + 1, '{')) {
		int n = (int)(strchr(name, '}') - name - 1);

		buf_printf(buf, "%s{\"name\":\"%.*s\",\"in\":\"path\","
		    "\"required\":true,\"schema\":{\"type\":\"string\"%s}}",
		    *first ? "" : ",", n, name + 1,
		    n == 2 ? ",\"format\":\"uuid\"" : "");
		*first = false;
	}
}

/* Of a key; browsers may leave them out, so no client can be made to send them. */
static void
print_care(struct buf *buf, const struct route *route, bool *first)
{
	bool keys = route_scope(route->guards) >= 0;

	if (route->guards & IDEM)
		print_one(buf, &(struct parameter){ .name = "Idempotency-Key",
		    .schema = TEXT ",\"minLength\":1,\"maxLength\":255,"
		    "\"pattern\":\"^[!-~]+$\"", .text = keys
		    ? "One for each thing that is to be done, the same when it is "
		    "tried again. Required from API keys"
		    : "One for each thing that is to be done, the same when it is "
		    "tried again" }, "header", first);
	if (route->guards & MATCH)
		print_one(buf, &(struct parameter){ .name = "If-Match",
		    .schema = TEXT ",\"pattern\":\"^([*]|\\\"[0-9]+-[!-~]*\\\")$\"",
		    .text = openapi_needs_match(route)
		    ? "The ETag that this is to change, or *. Required from API keys"
		    : "The ETag that this is to change, or *" }, "header", first);
	if (openapi_may_have_etag(route) && route->match.verb == HTTP_GET)
		print_one(buf, &(struct parameter){ .name = "If-None-Match",
		    .schema = TEXT, .text = "The ETag that one has: 304 when it is "
		    "the present one" }, "header", first);
	if (openapi_has_ranges(route))
		print_one(buf, &(struct parameter){ .name = "Range",
		    .schema = TEXT, .text = "A part of it: bytes=0-1023" },
		    "header", first);
}

void
openapi_parameters(struct buf *buf, const struct route *route)
{
	size_t n = !(route->guards & PAGE) ? 0
	    : strcmp(route->name, "design_list") != 0 ? 2
	    : sizeof of_lists / sizeof of_lists[0];
	bool first = true;

	buf_addz(buf, ",\"parameters\":[");
	print_path_parameters(buf, route->match.pattern, &first);
	for (size_t i = 0; i < n; i++)
		print_one(buf, &of_lists[i], "query", &first);
	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
		if (strcmp(own[i].route, route->name) == 0)
			print_one(buf, &own[i], "query", &first);
	print_care(buf, route, &first);
	buf_add_char(buf, ']');
}

/* --- bodies -------------------------------------------------------------- */

/* What the forms of FORM_BODY have in them. */
static const struct {
	const char *route, *fields;
} forms[] = {
	{ "auth_facebook_deletion", "\"required\":[\"signed_request\"],"
	    "\"properties\":{\"signed_request\":{\"type\":\"string\"}}" },
	{ "unsubscribe", "\"properties\":{\"List-Unsubscribe\":{\"type\":"
	    "\"string\",\"const\":\"One-Click\"}}" },
	{ "share_page_unlock", "\"required\":[\"password\"],\"properties\":"
	    "{\"password\":{\"type\":\"string\",\"minLength\":1,"
	    "\"maxLength\":1000}}" },
};

static const char *
fields_of(const struct route *route)
{
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
		if (strcmp(forms[i].route, route->name) == 0)
			return forms[i].fields;
	return "\"properties\":{}";
}

/* A body that does what the route is for. t/schemathesis sends each of them. */
static const struct {
	const char *route, *json;
} examples[] = {
	{ "auth_register", "{\"email\":\"anna@example.net\","
	    "\"password\":\"a stone of 7 carats\",\"full_name\":\"Anna\"}" },
	{ "me_edit", "{\"preferences\":{\"theme\":\"dark\"}}" },
	{ "api_key_create", "{\"name\":\"till\",\"mode\":\"test\","
	    "\"scopes\":[\"designs:read\",\"generate\"]}" },
	{ "design_create", "{\"original_prompt\":\"a slim ring with a halo\","
	    "\"gem_data\":{\"type\":\"Sapphire\",\"cut\":\"Oval\","
	    "\"color\":\"blue\",\"transparency\":\"Transparent\","
	    "\"size\":{\"carat_weight\":1.5}},\"material_preferences\":"
	    "{\"metals\":[\"Rose Gold\"],\"finish\":\"Polished\"},"
	    "\"num_variations_requested\":3}" },
	{ "design_edit", "{\"is_favorite\":true}" },
	{ "generation_create", "{\"num_variations\":2,"
	    "\"prompt\":\"the same with a wider band\"}" },
	{ "refinement_create", "{\"prompt\":\"a darker blue\","
	    "\"refinement_strength\":0.3,\"preserve_elements\":[\"the band\"]}" },
	{ "share_put", "{\"title\":\"For you\",\"show_prompt\":false}" },
	{ "folder_create", "{\"name\":\"Rings\",\"color\":\"#336699\"}" },
	{ "folder_edit", "{\"name\":\"Slim rings\"}" },
};

static const char *
example_of(const struct route *route)
{
	for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++)
		if (strcmp(examples[i].route, route->name) == 0)
			return examples[i].json;
	return NULL;
}

void
openapi_body(struct buf *buf, const struct route *route)
{
	const char *example = example_of(route);

	if (route->guards & FORM_DATA)
		buf_addz(buf, ",\"requestBody\":{\"required\":true,\"content\":"
		    "{\"multipart/form-data\":{\"schema\":{\"type\":\"object\","
		    "\"required\":[\"file\"],\"properties\":{\"file\":{\"type\":"
		    "\"string\",\"format\":\"binary\"}}}}}}");
	else if (route->guards & FORM_BODY)
		buf_printf(buf, ",\"requestBody\":{\"required\":true,\"content\":"
		    "{\"application/x-www-form-urlencoded\":{\"schema\":{\"type\":"
		    "\"object\",%s}}}}", fields_of(route));
	else if (route->body != NULL)
		buf_printf(buf, ",\"requestBody\":{\"required\":%s,\"content\":"
		    "{\"%s\":{\"schema\":{\"$ref\":\"#/components/schemas/%s\"}"
		    "%s%s}}}", route->guards & MAY_BODY ? "false" : "true",
		    route->guards & PATCH_BODY ? "application/merge-patch+json"
		    : "application/json", openapi_component(route->body,
		    route->guards & PATCH_BODY ? IN_EDIT : IN_NEW),
		    example == NULL ? "" : ",\"example\":",
		    example == NULL ? "" : example);
}
