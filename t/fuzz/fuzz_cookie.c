#include "config.h"

#include "fuzz.h"

#include "codec/cookie.h"
#include "codec/header.h"

/* A cookie that was read can be set, and is then read as the same. */
static void
check_set(struct arena *arena, const struct pair *pair)
{
	struct str set = cookie_set(arena, &(struct cookie){ .name = pair->name,
	    .value = pair->value, .path = STR("/"), .flags = COOKIE_SECURE });
	struct str header = str_cut(&set, ';'), value;
	struct pairs again;
	struct err err;

	err_init(&err);
	assert(cookie_parse(arena, &header, 1, &again, &err) == RC_OK);
	assert(cookie_get(&again, pair->name, &value, &err) == RC_OK);
	assert(again.n == 1 && str_eq(value, pair->value));
}

static void
check_header(struct arena *arena, struct str text)
{
	struct pairs params;
	struct str value;

	if (!header_parse(arena, text, &value, &params))
		return;
	assert(fuzz_is_within(value, text) && params.n <= HEADER_PARAMS_MAX);
	for (size_t i = 0; i < params.n; i++) {
		assert(header_is_token(params.rows[i].name));
		assert(pairs_count(&params, params.rows[i].name) == 1);
		assert(str_find(params.rows[i].value, '\n') == params.rows[i].value.n);
	}
}

/* Each line is one Cookie header; all of it is another header. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena *arena = fuzz_arena();
	struct str rest = fuzz_str(data, n), headers[4];
	size_t count = 0;
	struct pairs cookies;
	struct err err;

	check_header(arena, rest);
	while (rest.p != NULL && count < 4)
		headers[count++] = str_cut(&rest, '\n');
	err_init(&err);
	if (cookie_parse(arena, headers, count, &cookies, &err) != RC_OK) {
		assert(err.rc == RC_MALFORMED);
		return 0;
	}
	assert(cookies.n <= COOKIES_MAX);
	for (size_t i = 0; i < cookies.n; i++) {
		struct str name = cookies.rows[i].name, value;
		bool once = pairs_count(&cookies, name) == 1;

		assert((cookie_get(&cookies, name, &value, &err) == RC_OK) == once);
		/* The set form adds some 50 bytes. */
		if (!str_starts(name, STR("__")) && cookies.rows[i].value.n
		    + name.n < COOKIES_MAX_BYTES - 100)
			check_set(arena, &cookies.rows[i]);
	}
	return 0;
}
