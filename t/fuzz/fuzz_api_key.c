#include "config.h"

#include "fuzz.h"

#include "app/api-keys.h"
#include "base/uuid.h"
#include "codec/header.h"

/* An Authorization header: what names a row is a key from end to end, and names one
 * row. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena *arena = fuzz_arena();
	struct str header = fuzz_str(data, n), text, id;
	size_t at = sizeof "bzl_live_" - 1;

	if (!header_bearer(header, &text))
		return 0;
	assert(text.n > 0 && str_find(text, ' ') == text.n);
	if (!app_api_key_parse(arena, text, &id))
		return 0;
	assert(text.n == API_KEY_TEXT && uuid_is(id));
	assert(str_starts(text, STR("bzl_live_"))
	    || str_starts(text, STR("bzl_test_")));
	/* The id's last group stands first, then the rest without its dashes. */
	assert(str_eq(str_slice(text, at, at + 12), str_slice(id, 24, 36)));
	assert(str_eq(str_slice(text, at + 12, at + 20), str_slice(id, 0, 8)));
	assert(str_eq(str_slice(text, at + 28, at + 32), str_slice(id, 19, 23)));
	return 0;
}
