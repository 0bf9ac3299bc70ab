#include "config.h"

#include "fuzz.h"

#include "base/utf8.h"
#include "codec/form.h"

/* The first line is the Content-Type, the rest the body. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena *arena = fuzz_arena();
	struct str body = fuzz_str(data, n), type = str_cut(&body, '\n');
	struct pairs fields;
	struct err err;
	enum rc rc;

	err_init(&err);
	rc = form_parse(arena, type, body, &fields, &err);
	assert(rc == err.rc);
	assert(rc == RC_OK || rc == RC_MALFORMED || rc == RC_MEDIA_TYPE);
	if (rc != RC_OK)
		return 0;
	for (size_t i = 0; i < fields.n; i++) {
		assert(pairs_count(&fields, fields.rows[i].name) == 1);
		assert(utf8_valid(fields.rows[i].value));
		assert(str_find(fields.rows[i].value, '\0') == fields.rows[i].value.n);
	}
	return 0;
}
