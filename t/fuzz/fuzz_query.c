#include "config.h"

#include "fuzz.h"

#include "base/utf8.h"
#include "codec/url.h"

/* The link that we build from what was read is read as the same. */
static void
check_link(struct arena *arena, const struct pairs *params, struct err *err)
{
	struct pairs again;
	struct buf buf;

	buf_init(&buf, arena, 0, 1 << 24);
	for (size_t i = 0; i < params->n; i++)
		buf_add_param(&buf, arena_strz(arena, params->rows[i].name),
		    params->rows[i].value);
	assert(!buf.failed);
	assert(url_query(arena, params->n == 0 ? STR("")
	    : str_slice(buf_str(&buf), 1, buf.n), &again, err) == RC_OK);
	assert(again.n == params->n);
	for (size_t i = 0; i < params->n; i++) {
		assert(str_eq(again.rows[i].name, params->rows[i].name));
		assert(str_eq(again.rows[i].value, params->rows[i].value));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena *arena = fuzz_arena();
	struct pairs params;
	struct err err;

	err_init(&err);
	if (url_query(arena, fuzz_str(data, n), &params, &err) != RC_OK) {
		assert(err.rc == RC_BAD_QUERY && err.fault_count == 1);
		assert(utf8_valid(err.faults->pointer));
		return 0;
	}
	assert(err.rc == RC_OK && params.n <= URL_PARAMS_MAX);
	for (size_t i = 0; i < params.n; i++) {
		const struct pair *pair = &params.rows[i];

		assert(pair->name.n > 0 && pair->value.p != NULL);
		assert(utf8_valid(pair->name) && utf8_valid(pair->value));
		assert(pairs_count(&params, pair->name) == 1);
		assert(str_eq(pairs_get(&params, pair->name), pair->value));
	}
	check_link(arena, &params, &err);
	return 0;
}
