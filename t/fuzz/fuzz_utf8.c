#include "config.h"

#include "fuzz.h"

#include "base/log.h"
#include "base/utf8.h"
#include "codec/html.h"

static void
check_repair(struct arena *arena, struct str text)
{
	struct str good = utf8_repair(arena, text);

	assert(utf8_valid(good));
	assert(utf8_valid(text) == (good.p == text.p));
	assert(utf8_count(good) == utf8_count(text));
	assert(good.n <= 3 * text.n);
	assert(utf8_repair(arena, good).p == good.p);
	if (!utf8_valid(text))
		assert(utf8_has_controls(text, true));
	if (utf8_has_controls(text, true))
		assert(utf8_has_controls(text, false));
}

/* Nothing is left that could end a text or an attribute. */
static void
check_html(struct arena *arena, struct str text)
{
	struct str html = html_escape(arena, text);

	assert(!utf8_has_controls(html, true));
	for (size_t i = 0; i < html.n; i++)
		assert(strchr("<>\"'", html.p[i]) == NULL);
}

static void
check_log(struct str text)
{
	char line[200];
	struct str out = { line, log_json_text(line, sizeof line, text) };

	assert(out.n >= 2 && out.n <= sizeof line && utf8_valid(out));
	assert(line[0] == '"' && line[out.n - 1] == '"');
	for (size_t i = 0; i < out.n; i++)
		assert((unsigned char)line[i] >= 0x20);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena *arena = fuzz_arena();
	struct str text = fuzz_str(data, n);

	check_repair(arena, text);
	check_html(arena, text);
	check_log(text);
	return 0;
}
