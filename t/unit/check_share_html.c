#include "config.h"

#include "unit.h"

#include "api/share-html.h"
#include "codec/base64.h"
#include "crypt/hash.h"
#include "schema/schema.h"

#define TOKEN "AgFtest-token_of_64_characters-and-no-other-thing-at-all-in-it--"

static struct arena *arena;

static struct share_view
usual(void)
{
	return (struct share_view){ .state = SHARE_OPEN, .token = STR(TOKEN),
		.design_id = STR("019a0000-0000-7000-8000-00000000000d"),
		.owner_id = STR("019a0000-0000-7000-8000-00000000000e"),
		.title = STR("Ruby ring"), .stone = STR("Ruby, oval, 1.2 ct"),
		.gem_type = STR("Ruby"), .cut = STR("oval"), .color = STR("red"),
		.transparency = STR("Transparent"), .size = STR("1.2 ct"),
		.metals = STR("Rose gold and platinum"), .finish = STR("polished"),
		.picture = { .key = STR("folder-of-keys/0123.webp"),
		    .name = STR("0123.webp"),
		    .thumbnail_key = STR("folder-of-keys/4567.webp"),
		    .thumbnail_name = STR("4567.webp") },
		.created_at_ms = 1795392000000,
		.expires_ms = TIME_NULL, .etag = STR("\"e\""),
		.tag_share = STR("s-0123456789abcdef"),
		.tag_design = STR("d-0123456789abcdef") };
}

static struct str
page_of(const struct share_view *view)
{
	struct buf buf;

	buf_init(&buf, arena, 0, 1 << 20);
	share_html_page(&buf, STR("https://bezel.example"), view);
	ck_assert(!buf.failed);
	return buf_str(&buf);
}

static struct str
form_of(struct str fault)
{
	struct buf buf;

	buf_init(&buf, arena, 0, 1 << 20);
	share_html_form(&buf, fault);
	return buf_str(&buf);
}

static int
times(struct str text, const char *needle)
{
	size_t n = strlen(needle);
	int found = 0;

	for (size_t i = 0; i + n <= text.n; i++)
		found += memcmp(text.p + i, needle, n) == 0;
	return found;
}

#define HAS(text, needle) ck_assert_msg(times((text), (needle)) > 0, \
	"%s is missing", (needle))
#define HAS_NOT(text, needle) ck_assert_msg(times((text), (needle)) == 0, \
	"%s is there", (needle))

/* The policy's word for a text. */
static const char *
source_of(struct str text)
{
	unsigned char digest[SHA256_BYTES];
	struct buf buf;

	sha256(text, digest);
	buf_init(&buf, arena, 0, 100);
	buf_addz(&buf, "-src 'sha256-");
	buf_add_base64(&buf, (struct str){ (const char *)digest, SHA256_BYTES });
	buf_addz(&buf, "';");
	return arena_strz(arena, buf_str(&buf));
}

/* What stands between a tag and its end. */
static struct str
inside(struct str page, const char *open, const char *close)
{
	const char *from = memmem(page.p, page.n, open, strlen(open)), *to;

	ck_assert_ptr_nonnull(from);
	from += strlen(open);
	to = memmem(from, (size_t)(page.p + page.n - from), close, strlen(close));
	ck_assert_ptr_nonnull(to);
	return (struct str){ from, (size_t)(to - from) };
}

static struct str
message_of(void)
{
	struct buf buf;

	buf_init(&buf, arena, 0, 1 << 20);
	share_html_message(&buf, STR("Gone & <away>"), STR("It's over"));
	return buf_str(&buf);
}

static void
check_sheet(struct str page, const struct share_sheet *sheet, int scripts)
{
	ck_assert(str_eq(inside(page, "<style>", "</style>"), sheet->style));
	ck_assert_msg(times(sheet->policy, source_of(sheet->style)) == 1,
	    "style-src must be %s", source_of(sheet->style));
	ck_assert_int_eq(times(sheet->policy, "sha256-"), 1 + scripts);
	HAS_NOT(sheet->policy, "unsafe");
	HAS(sheet->policy, "default-src 'none'; ");
	HAS(sheet->policy, "frame-ancestors 'none'");
	HAS(sheet->policy, "base-uri 'none'; form-action ");
	ck_assert_int_eq(times(page, "<style"), 1);
	ck_assert_int_eq(times(page, "<script"), scripts);
	HAS_NOT(page, " style=");
	HAS_NOT(page, " on");
	HAS_NOT(page, "javascript:");
	HAS_NOT(sheet->style, "</");
}

START_TEST(the_policies_allow_what_is_inline_and_no_more)
{
	struct share_view view = usual();
	struct str page = page_of(&view), policy = share_sheet_page.policy;

	check_sheet(page, &share_sheet_page, 1);
	ck_assert(str_eq(inside(page, "<script>", "</script>"), share_script));
	ck_assert_msg(times(policy, source_of(share_script)) == 1,
	    "script-src must be %s", source_of(share_script));
	HAS(policy, "; connect-src 'self'");
	HAS(policy, "form-action 'none'");
	HAS_NOT(share_script, "</");
	check_sheet(form_of(STR_NULL), &share_sheet_form, 0);
	HAS(share_sheet_form.policy, "form-action 'self'");
	check_sheet(message_of(), &share_sheet_note, 0);
	HAS(share_sheet_note.policy, "form-action 'none'");
}
END_TEST

/* Who asks for what is not there gets few bytes. */
START_TEST(messages_are_short)
{
	ck_assert_uint_le(message_of().n, 2560);
}
END_TEST

START_TEST(a_page_says_what_there_is)
{
	struct share_view view = usual();
	struct str page = page_of(&view), bare;

	HAS(page, "<title>Ruby ring</title>");
	HAS(page, "<h1 dir=\"auto\">Ruby ring</h1>");
	HAS(page, "<dt>Stone</dt><dd>Ruby, oval, 1.2 ct</dd>");
	HAS(page, "<dt>Colour</dt><dd>red, transparent</dd>");
	HAS(page, "<dt>Metal</dt><dd>Rose gold and platinum</dd>");
	HAS(page, "<dt>Finish</dt><dd>polished</dd>");
	HAS(page, "<time datetime=\"2026-11-23\">23 November 2026</time>");
	HAS(page, "not to scale</figcaption>");
	HAS(page, "<img src=\"/s/" TOKEN "/i/0123.webp\" srcset=\"/s/" TOKEN
	    "/i/4567.webp 300w, /s/" TOKEN "/i/0123.webp 1024w\"");
	HAS(page, "width=\"1024\" height=\"1024\" class=\"square\" alt=\"Ruby ring: Ruby, oval, 1.2 ct."
	    " Rose gold and platinum, polished\"");
	HAS_NOT(page, "Shared until");
	HAS_NOT(page, "described");
	view.finish = view.transparency = STR_NULL;
	view.picture.thumbnail_name = STR_NULL;
	view.expires_ms = 1796256000000;
	view.created_at_ms = 1772323200000;
	bare = page_of(&view);
	HAS_NOT(bare, "Finish");
	HAS(bare, "<dt>Colour</dt><dd>red</dd>");
	HAS(bare, "alt=\"Ruby ring: Ruby, oval, 1.2 ct. Rose gold and platinum\"");
	HAS_NOT(bare, "srcset");
	HAS(bare, "Shared until <time datetime=\"2026-12-03\">3 December 2026</time>");
	HAS(bare, "<time datetime=\"2026-03-01\">1 March 2026</time>");
	view.metals = view.color = view.stone = STR_NULL;
	bare = page_of(&view);
	HAS_NOT(bare, "<dt>Stone");
	HAS_NOT(bare, "<dt>Colour");
	HAS_NOT(bare, "<dt>Metal");
}
END_TEST

START_TEST(words_of_others_are_text)
{
	struct share_view view = usual();
	struct str page;

	view.title = STR("</title><script>alert(1)</script>\" onload='x' &amp;");
	view.prompt = STR("</p><img src=x onerror=\"alert(2)\">\n\xe2\x80\xaetxet"
	    "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \xf0\x9f\x92\x8e \xff");
	view.stone = STR("<b>ruby");
	view.color = STR("\"red\"");
	view.metals = STR("gold & 'silver'");
	view.finish = STR("</dd>");
	page = page_of(&view);
	ck_assert_int_eq(times(page, "<script"), 1);
	ck_assert_int_eq(times(page, "<img"), 2);	/* ours, and the pixel */
	HAS_NOT(page, "<b>");
	HAS_NOT(page, "alert(2)\"");
	HAS_NOT(page, "\xe2\x80\xae");
	HAS_NOT(page, "\xff");
	HAS(page, "<title>&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot; "
	    "onload=&#39;x&#39; &amp;amp;</title>");
	HAS(page, "content=\"&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;"
	    "&quot; onload=&#39;x&#39; &amp;amp;\">");
	HAS(page, "dir=\"auto\">&lt;/p&gt;&lt;img src=x onerror=&quot;alert(2)&quot;"
	    "&gt;\n\xef\xbf\xbdtxet\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d "
	    "\xf0\x9f\x92\x8e \xef\xbf\xbd</p>");
	HAS(page, "<dd>gold &amp; &#39;silver&#39;</dd>");
	HAS(page, "<dd>&lt;/dd&gt;</dd>");
	HAS(page, "<dd>&quot;red&quot;, transparent</dd>");
}
END_TEST

START_TEST(a_long_prompt_is_whole)
{
	static char words[64 * 1024];
	struct share_view view = usual();
	struct str page;

	memset(words, '<', sizeof words);
	view.prompt = (struct str){ words, sizeof words };
	page = page_of(&view);
	ck_assert_uint_gt(page.n, 4 * sizeof words);
	HAS(page, "&lt;</p>");
	HAS(page, "</html>\n");
}
END_TEST

START_TEST(previews_are_of_open_shares_alone)
{
	static const char *const tags[] = {
		"<link rel=\"canonical\" href=\"https://bezel.example/s/" TOKEN "\">",
		"og:url\" content=\"https://bezel.example/s/" TOKEN "\"",
		"og:title\" content=\"Ruby ring\"",
		"og:image\" content=\"https://bezel.example/s/" TOKEN "/card.jpg\"",
		"og:image:width\" content=\"1200\"",
		"og:image:height\" content=\"630\"", "og:image:alt\" content=\"Ruby",
		"twitter:card\" content=\"summary_large_image\"",
		"twitter:image\" content=\"https://bezel.example/s/" TOKEN
		    "/card.jpg\"",
		"application/json+oembed\" href=\"https://bezel.example/v1/oembed"
		    "?url=https%3A%2F%2Fbezel.example%2Fs%2F" TOKEN
		    "&amp;format=json\"" };
	struct share_view view = usual();
	struct str open = page_of(&view), unlocked;

	view.state = SHARE_UNLOCKED;
	unlocked = page_of(&view);
	for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
		HAS(open, tags[i]);
		HAS_NOT(unlocked, tags[i]);
	}
	HAS_NOT(unlocked, "og:");
	HAS(unlocked, "<h1 dir=\"auto\">Ruby ring</h1>");
	HAS(unlocked, "<script>");
	HAS(open, "<meta name=\"robots\" content=\"noindex\">");
	HAS(unlocked, "<meta name=\"robots\" content=\"noindex\">");
}
END_TEST

START_TEST(nothing_else_gets_out)
{
	struct share_view view = usual();
	struct str page;

	view.prompt = STR("A ring");
	page = page_of(&view);
	HAS_NOT(page, "00000000000d");
	HAS_NOT(page, "00000000000e");
	HAS_NOT(page, "folder-of-keys");
	HAS_NOT(page, "0123456789abcdef");
	HAS_NOT(page, "@example");
}
END_TEST

START_TEST(the_form_and_messages_know_no_design)
{
	struct str form = form_of(STR_NULL), wrong = form_of(STR("<Wrong>"));
	struct str message = message_of();

	HAS(form, "<title>A design with a password</title>");
	HAS(form, "<form method=\"post\">");
	HAS(form, "<label for=\"password\">");
	HAS(form, "noindex");
	HAS_NOT(form, "og:image");
	HAS_NOT(form, "aria-invalid=");
	HAS_NOT(form, "<script");
	HAS_NOT(form, "/s/");
	HAS(wrong, "aria-invalid=\"true\" aria-describedby=\"fault\">");
	HAS(wrong, "id=\"fault\" role=\"alert\">&lt;Wrong&gt;</p>");
	HAS(message, "<h1>Gone &amp; &lt;away&gt;</h1>\n<p>It&#39;s over</p>");
	HAS(message, "<title>Gone &amp; &lt;away&gt;</title>");
	HAS(message, "noindex");
	HAS_NOT(message, "<script");
}
END_TEST

static void
begin(void)
{
	arena = arena_new();
}

static void
end(void)
{
	arena_free(arena);
}

UNIT_MAIN_FIXTURE("share_html", begin, end,
    the_policies_allow_what_is_inline_and_no_more, messages_are_short,
    a_page_says_what_there_is,
    words_of_others_are_text,
    a_long_prompt_is_whole, previews_are_of_open_shares_alone,
    nothing_else_gets_out, the_form_and_messages_know_no_design)
