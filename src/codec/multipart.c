#include "config.h"

#include "codec/multipart.h"

#include "base/utf8.h"
#include "codec/header.h"

static enum rc
malformed(struct err *err, const char *sentence)
{
	return err_set(err, RC_MALFORMED, "%s", sentence);
}

/* RFC 2046, 5.1.1: 1 to 70 of these characters, the last one not a space. */
static bool
is_boundary(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
		    || (c >= '0' && c <= '9')
		    || (c != '\0' && strchr("'()+_,-./:=? ", c) != NULL)))
			return false;
	}
	return s.n >= 1 && s.n <= 70 && s.p[s.n - 1] != ' ';
}

/* CRLF, two dashes, and the boundary of the header. */
static enum rc
find_delimiter(struct arena *arena, struct str content_type,
    struct str *ret_delimiter, struct err *err)
{
	struct str type, boundary;
	struct pairs params;

	if (!header_parse(arena, content_type, &type, &params)
	    || !str_eq_nocase(type, STR("multipart/form-data")))
		return err_set(err, RC_MEDIA_TYPE,
		    "The body must be multipart/form-data");
	boundary = pairs_get(&params, STR("boundary"));
	if (!is_boundary(boundary))
		return malformed(err, "The boundary of the body is missing or"
		    " impossible");
	*ret_delimiter = arena_printf(arena, "\r\n--%.*s", STR_FMT(boundary));
	return RC_OK;
}

/* Takes the line at the begin of *text without its CRLF. */
static bool
take_line(struct str *text, struct str *ret_line)
{
	size_t n = str_find(*text, '\r');

	if (n > MULTIPART_LINE_MAX || text->n - n < 2 || text->p[n + 1] != '\n')
		return false;
	*ret_line = str_slice(*text, 0, n);
	*text = str_slice(*text, n + 2, text->n);
	return true;
}

static bool
is_text(struct str s, size_t max)
{
	return s.n <= max && !utf8_has_controls(s, false);
}

/* form-data; name="x"; filename="y" */
static enum rc
read_disposition(struct arena *arena, struct str value, struct part *part,
    struct err *err)
{
	struct pairs params;
	struct str kind;

	if (part->name.p != NULL
	    || !header_parse(arena, value, &kind, &params)
	    || !str_eq_nocase(kind, STR("form-data")))
		return malformed(err, "A part's Content-Disposition is not one"
		    " form-data");
	/* Two names of one file could differ; RFC 7578, 4.2 forbids it. */
	if (pairs_count(&params, STR("filename*")) > 0)
		return malformed(err, "A part has filename*, which forms may not"
		    " use");
	part->name = pairs_get(&params, STR("name"));
	part->filename = pairs_get(&params, STR("filename"));
	if (part->name.n == 0 || !is_text(part->name, MULTIPART_NAME_MAX)
	    || !is_text(part->filename, MULTIPART_FILENAME_MAX))
		return malformed(err, "A part's name is missing or impossible");
	return RC_OK;
}

static enum rc
read_type(struct arena *arena, struct str value, struct part *part,
    struct err *err)
{
	struct pairs params;
	struct str type;

	if (part->type.p != NULL || !header_parse(arena, value, &type, &params)
	    || (type.n >= 10 && str_eq_nocase(str_slice(type, 0, 10),
	    STR("multipart/"))))
		return malformed(err, "A part's Content-Type is not one of a file"
		    " or field");
	part->type = value;
	return RC_OK;
}

static enum rc
read_header(struct arena *arena, struct str line, struct part *part,
    struct err *err)
{
	struct str name = str_cut(&line, ':'), value = str_trim(line);

	if (line.p == NULL || !header_is_token(name)
	    || memchr(value.p, '\0', value.n) != NULL)
		return malformed(err, "A part's header is malformed");
	if (str_eq_nocase(name, STR("content-disposition")))
		return read_disposition(arena, value, part, err);
	if (str_eq_nocase(name, STR("content-type")))
		return read_type(arena, value, part, err);
	/* Data are taken as they are, so encoded ones would be misread. */
	if (str_eq_nocase(name, STR("content-transfer-encoding"))
	    && !str_eq_nocase(value, STR("binary"))
	    && !str_eq_nocase(value, STR("8bit"))
	    && !str_eq_nocase(value, STR("7bit")))
		return malformed(err, "A part is encoded, which forms may not be");
	return RC_OK;
}

/* Headers up to the empty line, of which *rest begins behind. */
static enum rc
read_headers(struct arena *arena, struct str *rest, struct part *part,
    struct err *err)
{
	struct str line;
	enum rc rc;

	for (int i = 0; i <= MULTIPART_HEADERS_MAX; i++) {
		if (!take_line(rest, &line))
			return malformed(err, "A part's header is cut or too long");
		if (line.n == 0)
			return part->name.p != NULL ? RC_OK
			    : malformed(err, "A part has no name");
		rc = read_header(arena, line, part, err);
		if (rc != RC_OK)
			return rc;
	}
	return malformed(err, "A part has too many headers");
}

/* The length of the data before the next delimiter that ends its line, or
 * rest.n: a longer word that only begins like the boundary is data. */
static size_t
find_end(struct str rest, struct str delimiter)
{
	size_t at = 0;

	while (at < rest.n) {
		const char *p = memmem(rest.p + at, rest.n - at, delimiter.p,
		    delimiter.n);
		struct str tail;

		if (p == NULL)
			break;
		at = (size_t)(p - rest.p);
		tail = str_slice(rest, at + delimiter.n, rest.n);
		if (str_starts(tail, STR("\r\n")) || str_starts(tail, STR("--")))
			return at;
		at += delimiter.n;
	}
	return rest.n;
}

/* One part: *rest begins with its headers, and then with what follows the
 * delimiter behind it. */
static enum rc
read_part(struct arena *arena, struct str *rest, struct str delimiter,
    struct multipart *found, struct err *err)
{
	struct part *part = &found->parts[found->n];
	size_t end;
	enum rc rc;

	if (found->n == MULTIPART_PARTS_MAX)
		return malformed(err, "The body has too many parts");
	rc = read_headers(arena, rest, part, err);
	if (rc != RC_OK)
		return rc;
	if (multipart_get(found, part->name) != NULL)
		return malformed(err, "Two parts have one name");
	end = find_end(*rest, delimiter);
	if (end == rest->n)
		return malformed(err, "The body ends within a part");
	part->data = str_slice(*rest, 0, end);
	*rest = str_slice(*rest, end + delimiter.n, rest->n);
	found->n++;
	return RC_OK;
}

enum rc
multipart_parse(struct arena *arena, struct str content_type, struct str body,
    struct multipart *ret_multipart, struct err *err)
{
	struct multipart found = {
		arena_many(arena, MULTIPART_PARTS_MAX, struct part), 0
	};
	struct str delimiter = STR_NULL, first;
	enum rc rc = find_delimiter(arena, content_type, &delimiter, err);

	if (rc != RC_OK)
		return rc;
	first = str_slice(delimiter, 2, delimiter.n);	/* no CRLF before it */
	if (!str_starts(body, first))
		return malformed(err, "The body does not begin with its boundary");
	body = str_slice(body, first.n, body.n);
	while (str_starts(body, STR("\r\n"))) {
		body = str_slice(body, 2, body.n);
		rc = read_part(arena, &body, delimiter, &found, err);
		if (rc != RC_OK)
			return rc;
	}
	if (!str_eqz(body, "--") && !str_eqz(body, "--\r\n"))
		return malformed(err, "The body does not end with its boundary");
	*ret_multipart = found;
	return RC_OK;
}

const struct part *
multipart_get(const struct multipart *multipart, struct str name)
{
	for (size_t i = 0; i < multipart->n; i++)
		if (str_eq(multipart->parts[i].name, name))
			return &multipart->parts[i];
	return NULL;
}
