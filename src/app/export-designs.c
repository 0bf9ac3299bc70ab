#include "config.h"

#include "app/export-pack.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/uuid.h"
#include "codec/html.h"
#include "store/designs.h"

enum {
	AT_ONCE = 20,
	DESIGN_MAX = 8 * 1024 * 1024,
	SLUG_MAX = 40,
	NAMES_MAX = 2 * (DESIGN_IMAGES_MAX + DESIGN_REFINEMENTS_MAX)
};

/* An object and its file in the folder of the design. */
struct named {
	struct str key, name;
	int64_t made_ms;
};

struct names {
	struct arena *arena;
	struct named rows[NAMES_MAX];
	size_t n;
};

/* --- names --------------------------------------------------------------- */

/* Words as part of a file's name that every system takes: "Deep red!" is
 * "deep-red". */
static struct str
slug(struct arena *arena, struct str text)
{
	struct buf buf;

	buf_init(&buf, arena, SLUG_MAX, SLUG_MAX + 1);
	for (size_t i = 0; i < text.n && buf.n < SLUG_MAX; i++) {
		char c = text.p[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			buf_add_char(&buf, c);
		else if (buf.n > 0 && buf.p[buf.n - 1] != '-')
			buf_add_char(&buf, '-');
	}
	while (buf.n > 0 && buf.p[buf.n - 1] == '-')
		buf.n--;
	return buf_str(&buf);
}

static void
add_names(struct names *names, struct str full, struct str thumbnail,
    struct str name, int64_t made_ms)
{
	if (names->n + 2 > NAMES_MAX)
		return;
	names->rows[names->n++] = (struct named){ full, name, made_ms };
	names->rows[names->n++] = (struct named){ thumbnail,
		arena_printf(names->arena, "small/%.*s", STR_FMT(name)),
		made_ms };
}

static void
name_all(struct names *names, const struct design *design)
{
	struct arena *arena = names->arena;
	struct str stone = slug(arena, arena_printf(arena, "%.*s %.*s",
	    STR_FMT(design->gem_data.color), STR_FMT(design->gem_data.type)));

	for (size_t i = 0; i < design->generated_images.n; i++) {
		const struct generated_image *image =
		    &design->generated_images.items[i];

		add_names(names, image->image_url, image->thumbnail_url,
		    arena_printf(arena, "%02d-%.*s.webp", (int)i + 1,
		    STR_FMT(stone)), image->generated_at);
	}
	for (size_t i = 0; i < design->refinements.n; i++) {
		const struct refinement *r = &design->refinements.items[i];

		add_names(names, r->refined_image_url, r->refined_thumbnail_url,
		    arena_printf(arena, "refinement-%02d-%.*s.webp", (int)i + 1,
		    STR_FMT(slug(arena, r->prompt))), r->refined_at);
	}
}

/* A key in design.json: the file beside it, or the reference picture. */
static void
add_name(void *arg, struct buf *buf, struct str key)
{
	const struct names *names = arg;
	struct str folder = str_cut(&key, '/');
	struct str whole = { folder.p, folder.n + (key.p == NULL ? 0
	    : 1 + key.n) };

	for (size_t i = 0; i < names->n; i++)
		if (names->rows[i].key.p != NULL
		    && str_eq(names->rows[i].key, whole)) {
			buf_add_char(buf, '"');
			buf_add_str(buf, names->rows[i].name);
			buf_add_char(buf, '"');
			return;
		}
	if (uuid_is(folder))
		buf_printf(buf, "\"../../uploads/%.*s.webp\"", STR_FMT(folder));
	else
		buf_addz(buf, "null");
}

/* --- index.html ---------------------------------------------------------- */

static const char page_head[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width\">"
    "<title>Designs</title><style>"
    ":root{color-scheme:light dark;--ink:#222;--paper:#f4f4f4;--card:#fff;--soft:#666}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6e6e6;--paper:#1b1b1b;"
    "--card:#262626;--soft:#a0a0a0}}"
    "*{box-sizing:border-box}body{margin:0 auto;max-width:76rem;padding:2rem 1rem;"
    "font:1rem/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}"
    "h1{font-weight:500;letter-spacing:.02em}.all{display:grid;gap:1.25rem;"
    "grid-template-columns:repeat(auto-fill,minmax(17rem,1fr))}"
    "article{background:var(--card);border-radius:.75rem;overflow:hidden;"
    "box-shadow:0 1px 4px #0003;display:flex;flex-direction:column}"
    "article>a img{display:block;width:100%;aspect-ratio:1;object-fit:cover;background:#8884}"
    ".text{padding:.75rem 1rem 1rem}h2{margin:0;font-size:1.05rem;font-weight:600}"
    ".soft{color:var(--soft);font-size:.875rem}p{margin:.4rem 0;overflow-wrap:anywhere}"
    ".more{display:flex;flex-wrap:wrap;gap:.4rem;margin-top:.6rem}"
    ".more img{width:3.5rem;height:3.5rem;object-fit:cover;border-radius:.4rem}"
    "a:focus-visible{outline:3px solid #4a7dff;outline-offset:2px}"
    "</style></head><body><h1>Designs</h1>\n";

static void
add_link(struct buf *buf, const struct design *design, const struct names *names,
    size_t i, struct str alt)
{
	const struct named *full = &names->rows[i], *small = &names->rows[i + 1];

	buf_printf(buf, "<a href=\"designs/%.*s/%.*s\"><img loading=\"lazy\" src=\""
	    "designs/%.*s/%.*s\" alt=\"", STR_FMT(design->id),
	    STR_FMT(full->name), STR_FMT(design->id), STR_FMT(small->name));
	buf_add_html(buf, alt);
	buf_addz(buf, "\"></a>");
}

/* The pair of names of what the design shows; 0 when that is not known. */
static size_t
shown(const struct design *design)
{
	const struct current_version *current = design->current_version;

	for (size_t i = 0; current != NULL && i < design->generated_images.n; i++)
		if (str_eq(current->image_id,
		    design->generated_images.items[i].image_id))
			return 2 * i;
	for (size_t i = 0; current != NULL && i < design->refinements.n; i++)
		if (str_eq(current->image_id,
		    design->refinements.items[i].refinement_id))
			return 2 * (design->generated_images.n + i);
	return 0;
}

static void
add_words(struct buf *buf, const struct design *design)
{
	const struct material_preferences *m = &design->material_preferences;
	char day[11];

	buf_addz(buf, "<p>");
	buf_add_html(buf, design->original_prompt);
	buf_addz(buf, "</p><p class=\"soft\">");
	for (size_t i = 0; i < m->metals.n; i++) {
		buf_addz(buf, i == 0 ? "" : ", ");
		buf_add_html(buf, m->metals.items[i]);
	}
	if (m->finish.p != NULL) {
		buf_addz(buf, ", ");
		buf_add_html(buf, m->finish);
	}
	if (design->created_at != TIME_NULL) {
		clock_day(design->created_at, day);
		buf_printf(buf, " \xc2\xb7 %s", day);
	}
	buf_printf(buf, "%s%s</p>", design->is_favorite ? " \xc2\xb7 starred" : "",
	    design->is_deleted ? " \xc2\xb7 in the trash" : "");
}

static enum rc
add_card(struct pack *p, const struct design *design, const struct names *names,
    struct err *err)
{
	const struct gem_data *gem = &design->gem_data;
	struct str title = arena_printf(p->page, "%.*s %.*s, %.*s",
	    STR_FMT(gem->color), STR_FMT(gem->type), STR_FMT(gem->cut));
	size_t main = shown(design);
	struct buf buf;

	buf_init(&buf, p->page, 4096, DESIGN_MAX);
	buf_addz(&buf, "<article>");
	if (main < names->n)
		add_link(&buf, design, names, main, title);
	buf_addz(&buf, "<div class=\"text\"><h2>");
	buf_add_html(&buf, title);
	buf_addz(&buf, "</h2>");
	add_words(&buf, design);
	buf_addz(&buf, "<div class=\"more\">");
	for (size_t i = 0; i < names->n; i += 2)
		if (i != main)
			add_link(&buf, design, names, i, STR("another version"));
	buf_addz(&buf, "</div></div></article>\n");
	return spool_write(p->cards, buf.p, buf.failed ? 0 : buf.n, err);
}

enum rc
pack_index(struct pack *p, struct err *err)
{
	struct str name = STR("index.html"), cards;

	if (pack_over(p))
		return RC_OK;
	if (zip_begin(p->zip, name, ZIP_DEFLATE, p->now_ms, err) != RC_OK
	    || zip_add(p->zip, str_of(page_head), err) != RC_OK
	    || zip_add(p->zip, p->designs == 0 ? STR("<p>There are none.</p>\n")
	    : STR("<div class=\"all\">\n"), err) != RC_OK
	    || spool_map(p->cards, p->w->arena, &cards, err) != RC_OK
	    || zip_add(p->zip, cards, err) != RC_OK
	    || zip_add(p->zip, p->designs == 0 ? STR("</body></html>\n")
	    : STR("</div></body></html>\n"), err) != RC_OK)
		return err->rc;
	p->export->files_done++;
	return RC_OK;
}

/* --- designs ------------------------------------------------------------- */

static enum rc
pack_design(struct pack *p, struct str doc, struct err *err)
{
	struct design *design = arena_one(p->page, struct design);
	struct names *names = arena_one(p->page, struct names);
	struct encode how = { .view = OWNER, .url = add_name, .url_arg = names };
	struct buf buf;

	doc_read(&doc_design, doc, design, p->page);
	if (!uuid_is(design->id))
		return RC_OK;		/* none of ours */
	names->arena = p->page;
	name_all(names, design);
	buf_init(&buf, p->page, doc.n * 2, DESIGN_MAX);
	doc_encode(&buf, &doc_design, doc, &how, STR_NULL);
	buf_add_char(&buf, '\n');
	if (pack_text(p, arena_printf(p->page, "designs/%.*s/design.json",
	    STR_FMT(design->id)), buf_str(&buf), err) != RC_OK)
		return err->rc;
	for (size_t i = 0; i < names->n && !pack_over(p); i++)
		if (pack_object(p, arena_printf(p->page, "designs/%.*s/%.*s",
		    STR_FMT(design->id), STR_FMT(names->rows[i].name)),
		    names->rows[i].key, names->rows[i].made_ms, err) != RC_OK)
			return err->rc;
	p->designs++;
	return add_card(p, design, names, err);
}

/* The place of the last one, for the page behind it. */
static bool
go_on(struct designs_query *query, char *ret_id, size_t room, struct str doc)
{
	struct str id;

	if (!doc_peek_str(doc, "_id", &id)
	    || !doc_peek_time(doc, "created_at", &query->after_ms))
		return false;
	(void)snprintf(ret_id, room, "%.*s", STR_FMT(id));
	query->after_id = str_of(ret_id);
	return true;
}

static enum rc
pack_some(struct pack *p, bool deleted, struct err *err)
{
	struct store_owner owner = { p->user->id, STR_NULL };
	struct designs_query query = { .deleted = deleted, .is_favorite = -1, .shared = -1,
		.sort = BY_CREATED_DESC, .limit = AT_ONCE };
	char last[64];
	bool more = true;

	while (more && !pack_over(p)) {
		struct str docs[AT_ONCE];
		size_t n;

		if (designs_list(p->w->app->store, p->page, owner, &query, docs,
		    &n, err) != RC_OK)
			return err->rc;
		for (size_t i = 0; i < n && !pack_over(p); i++)
			if (pack_design(p, docs[i], err) != RC_OK)
				return err->rc;
		more = n == AT_ONCE && go_on(&query, last, sizeof last,
		    docs[n - 1]);
		arena_reset(p->page);
	}
	return RC_OK;
}

enum rc
pack_designs(struct pack *p, struct err *err)
{
	if (pack_some(p, false, err) != RC_OK)
		return err->rc;
	return pack_some(p, true, err);
}
