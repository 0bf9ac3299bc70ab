#include "config.h"

#include "codec/html.h"

#include "base/utf8.h"

static const char *
reference_of(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/* Most text is plain: its runs are copied at once. */
static size_t
plain_run(struct str text, size_t from)
{
	/* ASCII that can be seen, but for the five that have references. */
	static const bool plain[256] = {
		[' ' ... '!'] = true, ['#' ... '%'] = true, ['(' ... ';'] = true,
		['='] = true, ['?' ... '~'] = true,
	};
	size_t i = from;

	while (i < text.n && plain[(unsigned char)text.p[i]])
		i++;
	return i - from;
}

void
buf_add_html(struct buf *buf, struct str text)
{
	for (size_t i = 0; i < text.n;) {
		size_t run = plain_run(text, i), len;
		struct str piece;
		const char *reference;

		buf_add(buf, text.p + i, run);
		i += run;
		if (i == text.n)
			break;
		len = utf8_char(text.p + i, text.n - i)
		    + utf8_bad(text.p + i, text.n - i);
		piece = str_slice(text, i, i + len);
		reference = utf8_has_controls(piece, true)
		    ? "\xef\xbf\xbd" : reference_of(text.p[i]);
		if (reference != NULL)
			buf_addz(buf, reference);
		else
			buf_add_str(buf, piece);
		i += len;
	}
}

struct str
html_escape(struct arena *arena, struct str text)
{
	struct buf buf;

	buf_init(&buf, arena, text.n, 6 * text.n);
	buf_add_html(&buf, text);
	return buf_str(&buf);
}
