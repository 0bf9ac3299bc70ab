#include "config.h"

#include "base/roff.h"

void
roff_add_head(struct buf *buf, const char *title, int section)
{
	buf_printf(buf, ".\\\" Printed by bezel print, see HACKING.md.\n"
	    ".Dd %s\n.Dt %s %d\n.Os bezel %s\n", BEZEL_DATE, title, section,
	    PACKAGE_VERSION);
}

/* A hyphen within a word is one; the others are the minus of the keyboard. */
static bool
is_minus(struct str text, size_t i)
{
	return i == 0 || text.p[i - 1] == ' ' || text.p[i - 1] == '-'
	    || (i + 1 < text.n && text.p[i + 1] == '-');
}

static bool
ends_sentence(struct str text, size_t i)
{
	return i + 2 < text.n && (text.p[i] == '.' || text.p[i] == '?')
	    && text.p[i + 1] == ' ' && text.p[i + 2] >= 'A'
	    && text.p[i + 2] <= 'Z';
}

void
roff_add_text(struct buf *buf, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (c == '.' && i == 0)
			buf_addz(buf, "\\&");
		if (c == '\\')
			buf_addz(buf, "\\e");
		else if (c == '`')
			buf_addz(buf, "\\(ga");
		else if (c == '\'')
			buf_addz(buf, "\\(aq");
		else if (c == '-' && is_minus(text, i))
			buf_addz(buf, "\\-");
		else
			buf_add_char(buf, c);
		if (ends_sentence(text, i)) {
			buf_add_char(buf, '\n');
			i++;
		}
	}
}
