#include "config.h"

#include "fuzz.h"

#include "base/utf8.h"
#include "codec/url.h"

static void
check_decode(struct arena *arena, struct str text, enum url_flags flags)
{
	struct str out, back;

	if (!url_decode(arena, text, flags, &out))
		return;
	assert(utf8_valid(out) && out.n <= text.n);
	assert(memchr(out.p, '\0', out.n) == NULL);
	assert(url_decode(arena, url_encode(arena, out), flags, &back));
	assert(str_eq(out, back));
}

/* What we write is what we read, if it can be read at all. */
static void
check_encode(struct arena *arena, struct str text)
{
	struct str encoded = url_encode(arena, text), back;
	bool readable = utf8_valid(text) && str_find(text, '\0') == text.n;

	assert(url_decode(arena, encoded, 0, &back) == readable);
	assert(!readable || str_eq(back, text));
}

static void
check_path(struct arena *arena, struct str text)
{
	struct url_path path;

	if (!url_path_split(arena, text, &path))
		return;
	for (size_t i = 0; i < path.n; i++) {
		struct str part = path.parts[i];

		assert(part.n > 0 && part.n <= URL_PART_MAX && utf8_valid(part));
		assert(str_find(part, '/') == part.n && str_find(part, '\0') == part.n);
		assert(!str_eqz(part, ".") && !str_eqz(part, ".."));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena *arena = fuzz_arena();
	struct str text = fuzz_str(data, n);

	check_decode(arena, text, 0);
	check_decode(arena, text, URL_PLUS_IS_SPACE);
	check_encode(arena, text);
	check_path(arena, text);
	return 0;
}
