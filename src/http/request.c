#include "config.h"

#include "http/request.h"

static const struct {
	const char *name;
	enum http_method verb;
} methods[] = {
	{ "GET", HTTP_GET }, { "HEAD", HTTP_HEAD }, { "POST", HTTP_POST },
	{ "PUT", HTTP_PUT }, { "PATCH", HTTP_PATCH }, { "DELETE", HTTP_DELETE },
};

const char *
http_method_name(enum http_method verb)
{
	for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
		if (methods[i].verb == verb)
			return methods[i].name;
	return "OTHER";
}

enum rc
http_request_parse(struct http_request *request, struct err *err)
{
	struct str uri = request->uri, host;

	request->verb = HTTP_OTHER;
	for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
		if (str_eqz(request->method, methods[i].name))
			request->verb = methods[i].verb;
	/* The absolute form (RFC 9112, 3.2.2) names a host, which we do not read. */
	if (str_starts(uri, STR("http://")) || str_starts(uri, STR("https://"))) {
		uri = str_slice(uri, str_find(uri, '/') + 2, uri.n);
		host = uri;
		host = str_cut(&host, '?');
		uri = str_slice(uri, str_find(host, '/'), uri.n);
		if (uri.n == 0 || uri.p[0] == '?')	/* RFC 9110, 4.2.3 */
			uri = arena_printf(request->arena, "/%.*s", STR_FMT(uri));
	}
	request->path = str_cut(&uri, '?');
	request->query = uri;
	if (!url_path_split(request->arena, request->path, &request->parts))
		return err_set(err, RC_NOT_FOUND, "There is nothing at this path.");
	if (request->twice)
		return err_set(err, RC_MALFORMED,
		    "A header that must come once came twice.");
	return RC_OK;
}

bool
http_media_type_is(struct str content_type, const char *type)
{
	return str_eq_nocase(str_trim(str_cut(&content_type, ';')),
	    str_of(type));
}

bool
http_etag_in(struct str list, struct str etag)
{
	if (str_eqz(str_trim(list), "*"))
		return true;
	while (list.p != NULL && etag.n > 0) {
		/* Our own tags hold no comma, so a plain cut is exact for them. */
		struct str tag = str_trim(str_cut(&list, ','));

		if (str_starts(tag, STR("W/")))
			tag = str_slice(tag, 2, tag.n);
		if (str_eq(tag, etag))
			return true;
	}
	return false;
}
