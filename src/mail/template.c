#include "config.h"

#include "mail/template.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "codec/html.h"

#define TEXT_MAX ((size_t)MAIL_PART_MAX)

#define GREET MAIL_TEMPLATE_GREET
#define SENTENCES(...) { __VA_ARGS__ }
const struct mail_template mail_templates[] = {
#define TEMPLATE(name_, page_, minutes_, flags_, subject_, heading_, before_, ...) \
	{ #name_, page_, minutes_, flags_, subject_, heading_, before_, __VA_ARGS__ },
#include "mail/templates.def"
#undef TEMPLATE
	{ .name = NULL }
};
#undef SENTENCES
#undef GREET

const struct mail_template *
mail_template_find(struct str name)
{
	for (const struct mail_template *t = mail_templates; t->name != NULL; t++)
		if (str_eqz(name, t->name))
			return t;
	return NULL;
}

/* --- values -------------------------------------------------------------- */

struct value {
	const char *name;
	struct str text;
};

enum { VALUES = 5 };

/* What is being written: both parts at once, sentence by sentence. */
struct writer {
	struct arena *arena;
	struct value values[VALUES];
	struct buf text, html;
};

/* Valid UTF-8 without control characters; newlines stay where they may. */
static struct str
clean(struct arena *arena, struct str s, bool newlines)
{
	struct buf buf;

	if (s.p == NULL)
		return s;
	buf_init(&buf, arena, s.n, s.n);
	for (size_t i = 0; i < s.n;) {
		size_t len = utf8_char(s.p + i, s.n - i);
		struct str piece = str_slice(s, i, i + (len > 0 ? len : 1));

		if (len > 0 && !utf8_has_controls(piece, newlines))
			buf_add_str(&buf, piece);
		i += piece.n;
	}
	return str_trim(buf_str(&buf));
}

/* "22 November 2026, 17:33 UTC" */
static struct str
time_text(struct arena *arena, int64_t ms)
{
	static const char *const months[] = { "January", "February", "March",
		"April", "May", "June", "July", "August", "September", "October",
		"November", "December" };
	char text[CLOCK_TEXT_BYTES + 1] = "";	/* 2026-11-22T19:16:53.000Z */
	int month, day;

	clock_text(ms, text);
	month = (text[5] - '0') * 10 + text[6] - '0';
	day = (text[8] - '0') * 10 + text[9] - '0';
	return arena_printf(arena, "%d %s %.4s, %.5s UTC", day, months[month - 1],
	    text, text + 11);
}

/* A sentence with its values, or null when one of them is not there. */
static struct str
fill(const struct writer *w, const char *sentence)
{
	struct str rest = str_of(sentence);
	struct buf buf;

	buf_init(&buf, w->arena, 256, 2 * TEXT_MAX);
	while (rest.p != NULL) {
		struct str name;
		size_t i = 0;

		buf_add_str(&buf, str_cut(&rest, '{'));
		if (rest.p == NULL)
			break;
		name = str_cut(&rest, '}');
		while (i < VALUES && !str_eqz(name, w->values[i].name))
			i++;
		if (i == VALUES)
			die("templates.def: a value that is not known");
		if (w->values[i].text.n == 0)
			return STR_NULL;
		buf_add_str(&buf, w->values[i].text);
	}
	return buf_str(&buf);
}

/* --- the two parts ------------------------------------------------------- */

static const char html_head[] =
    "<!doctype html>\n"
    "<html lang=\"en\"><head><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<title>";
static const char html_top[] = "</title></head>\n"
    "<body style=\"margin:0;padding:32px 16px;background:#f6f3ee;color:#2b2622;"
    "font:16px/1.6 Georgia,'Times New Roman',serif\">\n"
    "<div style=\"max-width:34em;margin:0 auto;padding:32px;background:#fffdfa;"
    "border:1px solid #e6dfd3;border-top:3px solid #b08d57;border-radius:4px\">\n";
static const char html_button[] =
    "display:inline-block;padding:12px 24px;background:#2b2622;color:#fffdfa;"
    "text-decoration:none;border-radius:4px";
static const char html_foot[] =
    "</div>\n<p style=\"max-width:34em;margin:16px auto 0;text-align:center;"
    "font-size:13px;color:#7a7067\">";

/* A paragraph of both. In the HTML a line's end stays one. */
static void
add_paragraph(struct writer *w, const char *open, struct str words,
    const char *close)
{
	struct str rest = words;

	buf_add_str(&w->text, words);
	buf_addz(&w->text, "\n\n");
	buf_addz(&w->html, open);
	while (rest.p != NULL) {
		buf_add_html(&w->html, str_cut(&rest, '\n'));
		if (rest.p != NULL)
			buf_addz(&w->html, "<br>\n");
	}
	buf_addz(&w->html, close);
	buf_add_char(&w->html, '\n');
}

/* Paragraphs of words: an empty line is between two. */
static void
add_words(struct writer *w, struct str words)
{
	while (words.n > 0) {
		const char *gap = memmem(words.p, words.n, "\n\n", 2);
		size_t n = gap == NULL ? words.n : (size_t)(gap - words.p);

		if (n > 0)
			add_paragraph(w, "<p style=\"margin:0 0 16px\">",
			    str_slice(words, 0, n), "</p>");
		words = str_slice(words, gap == NULL ? n : n + 2, words.n);
		while (words.n > 0 && words.p[0] == '\n')
			words = str_slice(words, 1, words.n);
	}
}

static void
add_sentences(struct writer *w, const char *const *sentences)
{
	for (int i = 0; i < MAIL_TEMPLATE_SENTENCES && sentences[i] != NULL; i++)
		add_words(w, fill(w, sentences[i]));
}

/* The text shows where a link leads, so the HTML does too, below a button. */
static void
add_link(struct writer *w, const char *label, struct str url, const char *style)
{
	if (label == NULL || url.n == 0)
		return;
	buf_printf(&w->text, "%s:\n%.*s\n\n", label, STR_FMT(url));
	buf_addz(&w->html, "<p style=\"margin:24px 0\"><a href=\"");
	buf_add_html(&w->html, url);
	buf_printf(&w->html, "\" style=\"%s\">", style);
	buf_add_html(&w->html, str_of(label));
	buf_addz(&w->html, "</a></p>\n");
}

static void
add_address(struct writer *w, struct str url)
{
	buf_addz(&w->html, "<p style=\"margin:0 0 16px;font-size:13px;color:#7a7067;"
	    "word-break:break-all\">");
	buf_add_html(&w->html, url);
	buf_addz(&w->html, "</p>\n");
}

static void
add_head(struct writer *w, const struct mail_template *t,
    const struct mail_values *values, struct str subject)
{
	struct str heading = fill(w, t->heading);
	struct str name = clean(w->arena, values->name, false);

	buf_addz(&w->html, html_head);
	buf_add_html(&w->html, subject);
	buf_addz(&w->html, html_top);
	add_paragraph(w, "<h1 style=\"margin:0 0 24px;font-size:24px;line-height:1.3;"
	    "font-weight:normal\">", heading.n > 0 ? heading : STR("News"),
	    "</h1>");
	if ((t->flags & MAIL_TEMPLATE_GREET) && name.n > 0)
		add_words(w, arena_printf(w->arena, "Hello %.*s,",
		    STR_FMT(name)));
	else
		add_words(w, STR("Hello,"));
}

static void
add_foot(struct writer *w, struct str unsubscribe)
{
	struct str studio = w->values[0].text;

	if (unsubscribe.n > 0)
		add_link(w, "Unsubscribe", unsubscribe, "color:#7a7067");
	buf_addz(&w->text, "-- \n");
	buf_add_str(&w->text, studio);
	buf_add_char(&w->text, '\n');
	buf_addz(&w->html, html_foot);
	buf_add_html(&w->html, studio);
	buf_addz(&w->html, "</p>\n</body></html>\n");
}

void
mail_template_fill(const struct mail_template *t, struct arena *arena,
    const struct mail_values *values, struct mail_message *message)
{
	struct str studio = clean(arena, values->studio, false);
	struct writer w = { .arena = arena, .values = {
		{ "studio", studio.n > 0 ? studio : STR("the studio") },
		{ "time", time_text(arena, values->time_ms) },
		{ "detail", clean(arena, values->detail, false) },
		{ "subject", clean(arena, values->subject, false) },
		{ "text", clean(arena, values->text, true) } } };
	struct str subject = fill(&w, t->subject);

	if (subject.n == 0)
		subject = w.values[0].text;
	buf_init(&w.text, arena, 2048, 2 * TEXT_MAX);
	buf_init(&w.html, arena, 4096, 8 * TEXT_MAX);
	add_head(&w, t, values, subject);
	add_sentences(&w, t->before);
	add_link(&w, t->button, values->link, html_button);
	if (t->button != NULL && values->link.n > 0)
		add_address(&w, values->link);
	add_link(&w, t->second, values->second_link, "color:#8a6a35");
	add_sentences(&w, t->after);
	add_foot(&w, values->unsubscribe);
	message->subject = subject;
	message->text = buf_str(&w.text);
	message->html = buf_str(&w.html);
	message->unsubscribe_url = values->unsubscribe;
	message->to.name = t->flags & MAIL_TEMPLATE_GREET
	    ? clean(arena, values->name, false) : STR_NULL;
}
