#include "config.h"

#include "codec/cookie.h"

#include <assert.h>

#include "base/buf.h"
#include "codec/header.h"

/* cookie-octet: printable without space, quote, comma, semicolon, backslash. */
static bool
is_octet(char c)
{
	return c > 0x20 && c < 0x7f && c != '"' && c != ',' && c != ';'
	    && c != '\\';
}

/* Quotes around a value belong to it, as browsers see it. */
static bool
is_value(struct str s)
{
	if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
		s = str_slice(s, 1, s.n - 1);
	for (size_t i = 0; i < s.n; i++)
		if (!is_octet(s.p[i]))
			return false;
	return true;
}

static enum rc
add_header(struct str header, struct pairs *cookies, struct err *err)
{
	while (header.p != NULL) {
		struct str value = str_trim(str_cut(&header, ';'));
		struct str name = str_cut(&value, '=');

		if (value.p == NULL || !header_is_token(name) || !is_value(value))
			continue;
		if (cookies->n == COOKIES_MAX)
			return err_set(err, RC_MALFORMED,
			    "There are more than %d cookies", COOKIES_MAX);
		cookies->rows[cookies->n++] = (struct pair){ name, value };
	}
	return RC_OK;
}

enum rc
cookie_parse(struct arena *arena, const struct str *headers, size_t n,
    struct pairs *ret_cookies, struct err *err)
{
	struct pairs cookies = { arena_many(arena, COOKIES_MAX, struct pair), 0 };
	size_t room = COOKIES_MAX_BYTES;
	enum rc rc;

	for (size_t i = 0; i < n; i++) {
		if (headers[i].n > room)
			return err_set(err, RC_MALFORMED,
			    "Cookies are longer than %d bytes", COOKIES_MAX_BYTES);
		room -= headers[i].n;
		rc = add_header(headers[i], &cookies, err);
		if (rc != RC_OK)
			return rc;
	}
	*ret_cookies = cookies;
	return RC_OK;
}

enum rc
cookie_get(const struct pairs *cookies, struct str name, struct str *ret_value,
    struct err *err)
{
	if (pairs_count(cookies, name) > 1)
		return err_set(err, RC_MALFORMED, "The cookie %.*s is sent twice",
		    STR_FMT(name));
	*ret_value = pairs_get(cookies, name);
	return RC_OK;
}

static bool
is_path(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 0x20 || s.p[i] > 0x7e || s.p[i] == ';')
			return false;
	return s.n > 0 && s.p[0] == '/';
}

struct str
cookie_set(struct arena *arena, const struct cookie *c)
{
	bool secure = (c->flags & COOKIE_SECURE) != 0;
	bool host = str_starts(c->name, STR("__Host-"));
	struct buf buf;

	assert(header_is_token(c->name) && is_value(c->value) && is_path(c->path));
	assert(!host || (secure && str_eqz(c->path, "/")));
	assert(!str_starts(c->name, STR("__Secure-")) || secure);
	buf_init(&buf, arena, 256, COOKIES_MAX_BYTES);
	buf_add_str(&buf, c->name);
	buf_add_char(&buf, '=');
	buf_add_str(&buf, c->value);
	buf_addz(&buf, "; Path=");
	buf_add_str(&buf, c->path);
	buf_addz(&buf, "; Max-Age=");
	buf_add_i64(&buf, c->max_age_s);
	buf_addz(&buf, (c->flags & COOKIE_STRICT) != 0 ? "; SameSite=Strict"
	    : "; SameSite=Lax");
	buf_addz(&buf, secure ? "; Secure" : "");
	buf_addz(&buf, (c->flags & COOKIE_HTTP_ONLY) != 0 ? "; HttpOnly" : "");
	assert(!buf.failed);
	return buf_str(&buf);
}
