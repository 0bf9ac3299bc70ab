#include "config.h"

#include "unit.h"

#include "codec/html.h"

START_TEST(text_is_escaped_for_both_places)
{
	static const struct { const char *in, *out; } rows[] = {
		{ "", "" }, { "plain text", "plain text" },
		{ "<script>alert(\"1\")</script>",
		    "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;" },
		{ "a & b's", "a &amp; b&#39;s" }, { "&amp;", "&amp;amp;" },
		{ "a\n\tb", "a\n\tb" }, { "a\x01\r\x7f", "a\xef\xbf\xbd\xef\xbf\xbd"
		    "\xef\xbf\xbd" },
		{ "\xc3\xa4 \xf0\x9f\x92\x8e", "\xc3\xa4 \xf0\x9f\x92\x8e" },
		{ "\xf0\x9f\x92<b>", "\xef\xbf\xbd&lt;b&gt;" },
		{ "a\xc2\x85\xe2\x80\xae", "a\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xc3\"", "\xef\xbf\xbd&quot;" },
	};
	struct arena *arena = arena_new();

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		ck_assert_str(html_escape(arena, str_of(rows[i].in)), rows[i].out);
	ck_assert_str(html_escape(arena, STR("a\0b")), "a\xef\xbf\xbd" "b");
	ck_assert_str(html_escape(arena, STR("\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"")),
	    "&quot;&quot;&quot;&quot;&quot;&quot;&quot;&quot;"
	    "&quot;&quot;&quot;&quot;&quot;&quot;&quot;&quot;");
	arena_free(arena);
}
END_TEST

UNIT_MAIN("html", text_is_escaped_for_both_places)
