#include "config.h"

#include "codec/url.h"

#include "base/utf8.h"

static int
hex_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10
	    : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte that "%XX" at the begin of text stands for, or 0, which is refused
 * like any other fault. */
static char
escaped_byte(struct str text)
{
	int high = text.n < 3 ? -1 : hex_value(text.p[1]);
	int low = text.n < 3 ? -1 : hex_value(text.p[2]);

	return high < 0 || low < 0 ? '\0' : (char)(high << 4 | low);
}

bool
url_decode(struct arena *arena, struct str text, enum url_flags flags,
    struct str *ret_text)
{
	char *out = arena_alloc(arena, text.n + 1);
	size_t at = 0;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (c < 0x21 || c > 0x7e)
			return false;
		if (c == '+' && (flags & URL_PLUS_IS_SPACE) != 0) {
			c = ' ';
		} else if (c == '%') {
			c = escaped_byte(str_slice(text, i, text.n));
			if (c == '\0')
				return false;
			i += 2;
		}
		out[at++] = c;
	}
	if (!utf8_valid((struct str){ out, at }))
		return false;
	*ret_text = (struct str){ out, at };
	return true;
}

static bool
is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
	    || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_'
	    || c == '~';
}

void
buf_add_url(struct buf *buf, struct str text)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		char triple[3] = { '%', digits[c >> 4], digits[c & 15] };

		if (is_unreserved(text.p[i]))
			buf_add_char(buf, text.p[i]);
		else
			buf_add(buf, triple, sizeof triple);
	}
}

struct str
url_encode(struct arena *arena, struct str text)
{
	struct buf buf;

	buf_init(&buf, arena, text.n, 3 * text.n);
	buf_add_url(&buf, text);
	return buf_str(&buf);
}

void
buf_add_param(struct buf *buf, const char *name, struct str value)
{
	struct str link = buf_str(buf);

	buf_add_char(buf, str_find(link, '?') < link.n ? '&' : '?');
	buf_add_url(buf, str_of(name));
	buf_add_char(buf, '=');
	buf_add_url(buf, value);
}

/* The begin of name says enough. */
static enum rc
refuse(struct arena *arena, enum rc code, struct str name, const char *word,
    const char *sentence, struct err *err)
{
	name = name.n > 64 ? str_slice(name, 0, 64) : name;
	(void)err_set(err, code, "%s", sentence);
	err_fault(err, arena, utf8_repair(arena, name), word, "%s", sentence);
	return code;
}

static enum rc
add_pair(struct arena *arena, struct str piece, enum rc code,
    struct pairs *params, struct err *err)
{
	struct str raw_name = str_cut(&piece, '=');
	struct pair *pair;
	struct str name;

	if (params->n == URL_PARAMS_MAX)
		return refuse(arena, code, raw_name, "too_many",
		    "There are more than 32 parameters", err);
	pair = &params->rows[params->n];
	if (!url_decode(arena, raw_name, URL_PLUS_IS_SPACE, &name)
	    || !url_decode(arena, piece, URL_PLUS_IS_SPACE, &pair->value))
		return refuse(arena, code, raw_name, "bad_encoding",
		    "A parameter is not percent-encoded UTF-8", err);
	if (name.n == 0)
		return refuse(arena, code, name, "no_name",
		    "A parameter has no name", err);
	if (pairs_count(params, name) > 0)
		return refuse(arena, code, name, "repeated",
		    "A parameter is given twice", err);
	pair->name = name;
	params->n++;
	return RC_OK;
}

enum rc
url_pairs(struct arena *arena, struct str text, enum rc code,
    struct pairs *ret_params, struct err *err)
{
	struct pairs params = { arena_many(arena, URL_PARAMS_MAX, struct pair), 0 };

	while (text.n > 0) {
		struct str piece = str_cut(&text, '&');
		enum rc rc = piece.n == 0 ? RC_OK
		    : add_pair(arena, piece, code, &params, err);

		if (rc != RC_OK)
			return rc;
	}
	*ret_params = params;
	return RC_OK;
}

enum rc
url_query(struct arena *arena, struct str query, struct pairs *ret_params,
    struct err *err)
{
	return url_pairs(arena, query, RC_BAD_QUERY, ret_params, err);
}

static bool
is_part(struct str part)
{
	return part.n > 0 && part.n <= URL_PART_MAX && !str_eqz(part, ".")
	    && !str_eqz(part, "..") && str_find(part, '/') == part.n
	    && str_find(part, '\\') == part.n;
}

bool
url_path_split(struct arena *arena, struct str path, struct url_path *ret_path)
{
	struct url_path found = { .n = 0 };

	if (path.n == 0 || path.p[0] != '/')
		return false;
	path = str_slice(path, 1, path.n);
	while (path.p != NULL && !(found.n == 0 && path.n == 0)) {
		struct str raw = str_cut(&path, '/'), *part = &found.parts[found.n];

		if (found.n == URL_PARTS_MAX || raw.n > 3 * URL_PART_MAX
		    || !url_decode(arena, raw, 0, part) || !is_part(*part))
			return false;
		found.n++;
	}
	*ret_path = found;
	return true;
}
