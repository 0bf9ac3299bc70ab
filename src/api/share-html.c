#include "config.h"

#include "api/share-html.h"

#include "base/clock.h"
#include "codec/html.h"
#include "codec/url.h"
#include "schema/schema.h"

/* Of a page without a long prompt: one piece of memory holds it. */
enum { PAGE_BYTES = 12 * 1024, FORM_BYTES = 6 * 1024, NOTE_BYTES = 4 * 1024 };

/* Pixels of a picture and its thumbnail (IMAGE_THUMBNAIL_SIDE). */
#define SIDE "1024"
#define THUMBNAIL_SIDE "300"

/* Appends pieces that are HTML already. */
#define ADD(buf, ...) add_pieces(buf, (const struct str[]){ __VA_ARGS__ }, \
	sizeof((const struct str[]){ __VA_ARGS__ }) / sizeof(struct str))

static void
add_pieces(struct buf *buf, const struct str *pieces, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_add_str(buf, pieces[i]);
}

/* --- what all pages have ---------------------------------------------------- */

/* Links of other people's are not for search engines. */
static const struct str head = STR_INIT("<!doctype html>\n"
    "<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n"
    "<meta name=\"robots\" content=\"noindex\">\n"
    "<link rel=\"icon\" href=\"/icon.svg\" type=\"image/svg+xml\">\n");

static const struct str mark = STR_INIT("<a class=\"mark\" href=\"/\">"
    "<svg width=\"22\" height=\"22\" viewBox=\"0 0 32 32\" aria-hidden=\"true\">"
    "<circle cx=\"16\" cy=\"16\" r=\"13\" fill=\"none\" stroke=\"currentColor\" "
    "stroke-width=\"2\"/><path d=\"M16 7.6l5.9 2.5 2.5 5.9-2.5 5.9-5.9 2.5-5.9-2.5"
    "L7.6 16l2.5-5.9z\"/></svg><span>bezel</span></a>");

static void
begin(struct buf *buf, struct str title)
{
	ADD(buf, head, STR("<title>"), title, STR("</title>\n"));
}

static void
begin_body(struct buf *buf, const struct share_sheet *sheet, struct str kind)
{
	ADD(buf, STR("<style>"), sheet->style, STR("</style>\n</head>\n<body>\n"
	    "<main class=\""), kind, STR("\">\n"));
}

static void
end(struct buf *buf)
{
	buf_add_str(buf, STR("</body>\n</html>\n"));
}

/* --- a design --------------------------------------------------------------- */

/* What several places of the page say, escaped once. */
struct said {
	const struct share_view *view;
	struct str url, title;
	struct str what;		/* stone, metals, finish in a sentence */
	struct str picture, thumbnail;	/* their addresses */
};

static void
prepare(struct arena *arena, struct str base_url, const struct share_view *view,
    struct said *ret_said)
{
	struct str base = html_escape(arena, base_url);
	struct str what = ARENA_JOIN(arena, view->stone,
	    view->metals.n > 0 ? STR(". ") : STR(""), view->metals,
	    view->finish.n > 0 ? STR(", ") : STR(""), view->finish);
	struct str pictures = ARENA_JOIN(arena, STR("/s/"), view->token,
	    STR("/i/"));

	*ret_said = (struct said){ .view = view,
		.title = html_escape(arena, view->title),
		.what = html_escape(arena, what),
		.url = ARENA_JOIN(arena, base, STR("/s/"), view->token),
		.picture = ARENA_JOIN(arena, pictures, view->picture.name),
		.thumbnail = ARENA_JOIN(arena, pictures,
		    view->picture.thumbnail_name) };
}

/* For programs that make a preview of a link. */
static void
add_preview(struct buf *buf, const struct said *said, struct str base_url)
{
	struct str card = ARENA_JOIN(buf->arena, said->url, STR("/card.jpg"));

	ADD(buf, STR("<link rel=\"canonical\" href=\""), said->url,
	    STR("\">\n<meta name=\"description\" content=\""), said->what,
	    STR(". AI-generated concept, not to scale.\">\n"
	    "<meta property=\"og:type\" content=\"website\">\n"
	    "<meta property=\"og:site_name\" content=\"bezel\">\n"
	    "<meta property=\"og:url\" content=\""), said->url,
	    STR("\">\n<meta property=\"og:title\" content=\""), said->title,
	    STR("\">\n<meta property=\"og:description\" content=\""), said->what,
	    STR(". AI-generated concept, not to scale.\">\n"
	    "<meta property=\"og:image\" content=\""), card,
	    STR("\">\n<meta property=\"og:image:type\" content=\"image/jpeg\">\n"
	    "<meta property=\"og:image:width\" content=\"1200\">\n"
	    "<meta property=\"og:image:height\" content=\"630\">\n"
	    "<meta property=\"og:image:alt\" content=\""), said->title, STR(": "),
	    said->what, STR("\">\n"
	    "<meta name=\"twitter:card\" content=\"summary_large_image\">\n"
	    "<meta name=\"twitter:title\" content=\""), said->title,
	    STR("\">\n<meta name=\"twitter:description\" content=\""), said->what,
	    STR(". AI-generated concept, not to scale.\">\n"
	    "<meta name=\"twitter:image\" content=\""), card,
	    STR("\">\n<meta name=\"twitter:image:alt\" content=\""), said->title,
	    STR(": "), said->what, STR("\">\n"
	    "<link rel=\"alternate\" type=\"application/json+oembed\" href=\""));
	buf_add_html(buf, base_url);
	buf_add_str(buf, STR("/v1/oembed?url="));
	buf_add_url(buf, base_url);
	ADD(buf, STR("%2Fs%2F"), said->view->token,
	    STR("&amp;format=json\">\n"));
}

static void
add_picture(struct buf *buf, const struct said *said)
{
	ADD(buf, STR("<figure><img src=\""), said->picture);
	if (said->view->picture.thumbnail_name.n > 0)
		ADD(buf, STR("\" srcset=\""), said->thumbnail, STR(" "
		    THUMBNAIL_SIDE "w, "), said->picture, STR(" " SIDE "w\" "
		    "sizes=\"(min-width:60rem) min(64vw,100vh), "
		    "(min-width:40rem) 72vh, 100vw"));
	/* Every provider makes squares. Should one not, it is shown whole within. */
	ADD(buf, STR("\" width=\"" SIDE "\" height=\"" SIDE "\" class=\"square\" "
	    "alt=\""), said->title, STR(": "), said->what,
	    STR("\" fetchpriority=\"high\">\n<figcaption>AI-generated concept, "
	    "not to scale</figcaption></figure>\n"));
}

static void
add_fact(struct buf *buf, struct str name, struct str value)
{
	if (value.n == 0)
		return;
	ADD(buf, STR("<div><dt>"), name, STR("</dt><dd>"));
	buf_add_html(buf, value);
	buf_add_str(buf, STR("</dd></div>\n"));
}

/* 23 November 2026 */
static void
add_date(struct buf *buf, int64_t ms)
{
	static const char *const months[] = { "January", "February", "March",
		"April", "May", "June", "July", "August", "September", "October",
		"November", "December" };
	char day[11];
	int month;

	clock_day(ms, day);
	month = (day[5] - '0') * 10 + day[6] - '0';
	ADD(buf, STR("<time datetime=\""), str_of(day), STR("\">"));
	buf_addz(buf, day[8] == '0' ? day + 9 : day + 8);
	buf_add_char(buf, ' ');
	buf_addz(buf, months[month - 1]);
	buf_add_char(buf, ' ');
	buf_add(buf, day, 4);
	buf_add_str(buf, STR("</time>"));
}

/* "Blue, transparent": the second is one of our own words. */
static struct str
color_of(struct arena *arena, const struct share_view *view)
{
	struct str text;
	char *p;

	if (view->color.n == 0 || view->transparency.n == 0)
		return view->color.n == 0 ? view->transparency : view->color;
	text = arena_printf(arena, "%.*s, %.*s", STR_FMT(view->color),
	    STR_FMT(view->transparency));
	p = arena_strz(arena, text);
	if (p[view->color.n + 2] >= 'A' && p[view->color.n + 2] <= 'Z')
		p[view->color.n + 2] |= 0x20;
	return (struct str){ p, text.n };
}

static void
add_facts(struct buf *buf, const struct share_view *view)
{
	buf_add_str(buf, STR("<dl>\n"));
	add_fact(buf, STR("Stone"), view->stone);
	add_fact(buf, STR("Colour"), color_of(buf->arena, view));
	add_fact(buf, STR("Metal"), view->metals);
	add_fact(buf, STR("Finish"), view->finish);
	buf_add_str(buf, STR("<div><dt>Designed</dt><dd>"));
	add_date(buf, view->created_at_ms);
	buf_add_str(buf, STR("</dd></div>\n</dl>\n"));
}

/* Words of others may be of any script, so the browser finds their direction. */
static void
add_label(struct buf *buf, const struct said *said)
{
	const struct share_view *view = said->view;

	ADD(buf, STR("<div class=\"label\">\n<div class=\"text\">\n"
	    "<h1 dir=\"auto\">"), said->title, STR("</h1>\n"));
	add_facts(buf, view);
	if (view->prompt.n > 0) {
		buf_add_str(buf, STR("<h2>As it was described</h2>\n"
		    "<p class=\"said\" dir=\"auto\">"));
		buf_add_html(buf, view->prompt);
		buf_add_str(buf, STR("</p>\n"));
	}
	ADD(buf, STR("</div>\n<div class=\"foot\">"), mark);
	if (view->expires_ms != TIME_NULL) {
		buf_add_str(buf, STR("<p class=\"until\">Shared until "));
		add_date(buf, view->expires_ms);
		buf_add_str(buf, STR("</p>"));
	}
	ADD(buf, STR("</div>\n<p class=\"paper\">"), said->url,
	    STR("</p>\n</div>\n</main>\n"));
}

void
share_html_page(struct buf *buf, struct str base_url,
    const struct share_view *view)
{
	struct said said;

	(void)buf_reserve(buf, PAGE_BYTES);
	prepare(buf->arena, base_url, view, &said);
	begin(buf, said.title);
	if (view->state == SHARE_OPEN)
		add_preview(buf, &said, base_url);
	begin_body(buf, &share_sheet_page, STR("piece"));
	add_picture(buf, &said);
	add_label(buf, &said);
	ADD(buf, STR("<noscript><img src=\"/s/"), view->token, STR("/v.gif\" "
	    "width=\"1\" height=\"1\" alt=\"\"></noscript>\n<script>"),
	    share_script, STR("</script>\n"));
	end(buf);
}

/* --- other pages -------------------------------------------------------------- */

#define LOCKED "A design with a password"

void
share_html_form(struct buf *buf, struct str fault)
{
	(void)buf_reserve(buf, FORM_BYTES);
	begin(buf, fault.p == NULL ? STR(LOCKED) : STR("Not opened - " LOCKED));
	buf_add_str(buf, STR("<meta property=\"og:type\" content=\"website\">\n"
	    "<meta property=\"og:site_name\" content=\"bezel\">\n"
	    "<meta property=\"og:title\" content=\"" LOCKED "\">\n"
	    "<meta name=\"twitter:card\" content=\"summary\">\n"));
	begin_body(buf, &share_sheet_form, STR("note"));
	buf_add_str(buf, STR("<h1>" LOCKED "</h1>\n<p>Whoever sent you this link "
	    "can tell you the password.</p>\n<form method=\"post\">\n"
	    "<label for=\"password\">Password</label>\n"
	    "<input id=\"password\" name=\"password\" type=\"password\" "
	    "autocomplete=\"off\" required autofocus"));
	if (fault.p != NULL) {
		buf_add_str(buf, STR(" aria-invalid=\"true\" aria-describedby=\""
		    "fault\">\n<p class=\"fault\" id=\"fault\" role=\"alert\">"));
		buf_add_html(buf, fault);
		buf_add_str(buf, STR("</p>\n"));
	} else {
		buf_add_str(buf, STR(">\n"));
	}
	ADD(buf, STR("<button>Show the design</button>\n</form>\n"), mark,
	    STR("\n</main>\n"));
	end(buf);
}

void
share_html_message(struct buf *buf, struct str heading, struct str text)
{
	(void)buf_reserve(buf, NOTE_BYTES);
	heading = html_escape(buf->arena, heading);
	begin(buf, heading);
	begin_body(buf, &share_sheet_note, STR("note"));
	ADD(buf, STR("<h1>"), heading, STR("</h1>\n"));
	if (text.n > 0) {
		buf_add_str(buf, STR("<p>"));
		buf_add_html(buf, text);
		buf_add_str(buf, STR("</p>\n"));
	}
	ADD(buf, mark, STR("\n</main>\n"));
	end(buf);
}
