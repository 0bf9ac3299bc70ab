#include "config.h"

#include "mail/mime.h"

#include "base/utf8.h"
#include "codec/base64.h"

static const char word_head[] = "=?UTF-8?B?", word_tail[] = "?=";

enum {
	WORD_AROUND = sizeof word_head - 1 + sizeof word_tail - 1,
	WORD_LEAST = WORD_AROUND + 8	/* four bytes: any character */
};

/* Space and tab only where something follows them in the line. */
static bool
is_literal(struct str line, size_t i)
{
	unsigned char c = (unsigned char)line.p[i];

	if (c == ' ' || c == '\t')
		return i + 1 < line.n;
	return c > ' ' && c < 0x7f && c != '=';
}

static void
add_line(struct buf *buf, struct str line)
{
	size_t column = 0;

	for (size_t i = 0; i < line.n; i++) {
		size_t width = is_literal(line, i) ? 1 : 3;

		/* The last column is kept for the '=' of a soft break. */
		if (column + width > MIME_LINE_MAX - (i + 1 < line.n)) {
			buf_addz(buf, "=\r\n");
			column = 0;
		}
		if (width == 1)
			buf_add_char(buf, line.p[i]);
		else
			buf_printf(buf, "=%02X", (unsigned)(unsigned char)line.p[i]);
		column += width;
	}
	buf_addz(buf, "\r\n");
}

void
mime_add_quoted_printable(struct buf *buf, struct str text)
{
	while (text.n > 0)
		add_line(buf, str_cut(&text, '\n'));
}

/* As many whole characters as an encoded-word of that many columns holds. */
static struct str
word_of(struct str text, size_t columns)
{
	size_t most = columns > MIME_WORD_MAX ? MIME_WORD_MAX : columns;

	return utf8_head(text, (most - WORD_AROUND) / 4 * 3);
}

size_t
mime_add_words(struct buf *buf, size_t column, struct str text)
{
	while (text.n > 0) {
		struct str word;

		if (column + WORD_LEAST > MIME_LINE_MAX) {
			buf_addz(buf, "\r\n ");
			column = 1;
		}
		word = word_of(text, MIME_LINE_MAX - column);
		buf_addz(buf, word_head);
		buf_add_base64(buf, word);
		buf_addz(buf, word_tail);
		column += WORD_AROUND + base64_size(word.n);
		text = str_slice(text, word.n, text.n);
		if (text.n > 0) {
			buf_addz(buf, "\r\n ");
			column = 1;
		}
	}
	return column;
}

bool
mime_is_plain(size_t column, struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < ' ' || text.p[i] > '~'
		    || (text.p[i] == '=' && i + 1 < text.n && text.p[i + 1] == '?'))
			return false;
	/* Space at an end would be lost. */
	return column + text.n <= MIME_LINE_MAX
	    && str_trim(text).n == text.n;
}
