#include "config.h"

#include "codec/header.h"

static bool
is_tchar(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
	    || (c >= '0' && c <= '9')
	    || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

bool
header_is_token(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_tchar(s.p[i]))
			return false;
	return s.n > 0;
}

static size_t
token_length(struct str s)
{
	size_t n = 0;

	while (n < s.n && is_tchar(s.p[n]))
		n++;
	return n;
}

static struct str
skip_space(struct str s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = str_slice(s, 1, s.n);
	return s;
}

/* A quoted-string at the begin of *text, which moves behind it. */
static bool
take_quoted(struct arena *arena, struct str *text, struct str *ret_value)
{
	char *out = arena_alloc(arena, text->n);
	size_t at = 0;

	for (size_t i = 1; i < text->n; i++) {
		if (text->p[i] == '"') {
			*ret_value = (struct str){ out, at };
			*text = str_slice(*text, i + 1, text->n);
			return true;
		}
		if (text->p[i] == '\\' && ++i == text->n)
			break;
		out[at++] = text->p[i];
	}
	return false;
}

static bool
take_value(struct arena *arena, struct str *text, struct str *ret_value)
{
	size_t n;

	if (text->n > 0 && text->p[0] == '"')
		return take_quoted(arena, text, ret_value);
	n = token_length(*text);
	*ret_value = str_slice(*text, 0, n);
	*text = str_slice(*text, n, text->n);
	return n > 0;
}

static struct str
lower(struct arena *arena, struct str s)
{
	char *copy = arena_strz(arena, s);

	for (size_t i = 0; i < s.n; i++)
		if (copy[i] >= 'A' && copy[i] <= 'Z')
			copy[i] = (char)(copy[i] + 'a' - 'A');
	return (struct str){ copy, s.n };
}

/* "name=value" at the begin of *text, which moves behind it. */
static bool
take_param(struct arena *arena, struct str *text, struct pairs *params)
{
	size_t n = token_length(*text);
	struct pair pair;

	if (n == 0 || n == text->n || text->p[n] != '='
	    || params->n == HEADER_PARAMS_MAX)
		return false;
	pair.name = lower(arena, str_slice(*text, 0, n));
	*text = str_slice(*text, n + 1, text->n);
	if (!take_value(arena, text, &pair.value)
	    || pairs_count(params, pair.name) > 0)
		return false;
	params->rows[params->n++] = pair;
	return true;
}

static bool
has_controls(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] < 0x20 && s.p[i] != '\t')
		    || s.p[i] == 0x7f)
			return true;
	return false;
}

bool
header_parse(struct arena *arena, struct str text, struct str *ret_value,
    struct pairs *ret_params)
{
	struct pairs params = {
		arena_many(arena, HEADER_PARAMS_MAX, struct pair), 0
	};
	struct str value;
	size_t semicolon;

	if (text.p == NULL || has_controls(text))
		return false;
	semicolon = str_find(text, ';');
	value = str_trim(str_slice(text, 0, semicolon));
	text = str_slice(text, semicolon, text.n);
	while (text.n > 0) {
		if (text.p[0] != ';')
			return false;
		text = skip_space(str_slice(text, 1, text.n));
		/* RFC 9110 lets a parameter be empty: "a; ;b=c". */
		if (text.n > 0 && text.p[0] != ';'
		    && !take_param(arena, &text, &params))
			return false;
		text = skip_space(text);
	}
	*ret_value = value;
	*ret_params = params;
	return true;
}

bool
header_bearer(struct str text, struct str *ret_token)
{
	struct str token = str_trim(text), scheme = str_cut(&token, ' ');

	if (token.p == NULL || !str_eq_nocase(scheme, STR("Bearer")))
		return false;
	token = str_trim(token);
	if (token.n == 0 || !str_is_visible(token))
		return false;
	*ret_token = token;
	return true;
}
