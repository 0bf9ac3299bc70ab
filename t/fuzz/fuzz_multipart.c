#include "config.h"

#include "fuzz.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "codec/multipart.h"

#define BOUNDARY "again-0123456789"

static void
add_quoted(struct buf *buf, struct str s)
{
	buf_add_char(buf, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_add_char(buf, '\\');
		buf_add_char(buf, s.p[i]);
	}
	buf_add_char(buf, '"');
}

static void
add_part(struct buf *buf, const struct part *part)
{
	buf_addz(buf, "--" BOUNDARY "\r\nContent-Disposition: form-data; name=");
	add_quoted(buf, part->name);
	if (part->filename.p != NULL) {
		buf_addz(buf, "; filename=");
		add_quoted(buf, part->filename);
	}
	buf_addz(buf, "\r\n\r\n");
	buf_add_str(buf, part->data);
	buf_addz(buf, "\r\n");
}

/* The parts, written again with another boundary, are read as the same. */
static void
check_again(struct arena *arena, const struct multipart *m, struct err *err)
{
	struct multipart again;
	struct buf buf;

	buf_init(&buf, arena, 0, 1 << 24);
	for (size_t i = 0; i < m->n; i++) {
		if (memmem(m->parts[i].data.p, m->parts[i].data.n, BOUNDARY,
		    strlen(BOUNDARY)) != NULL)
			return;
		add_part(&buf, &m->parts[i]);
	}
	buf_addz(&buf, "--" BOUNDARY "--");
	assert(multipart_parse(arena, STR("multipart/form-data; boundary=" BOUNDARY),
	    buf_str(&buf), &again, err) == RC_OK);
	assert(again.n == m->n);
	for (size_t i = 0; i < m->n; i++) {
		assert(str_eq(again.parts[i].name, m->parts[i].name));
		assert(str_eq(again.parts[i].filename, m->parts[i].filename));
		assert(str_eq(again.parts[i].data, m->parts[i].data));
	}
}

/* The first line is the Content-Type, the rest the body. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena *arena = fuzz_arena();
	struct str body = fuzz_str(data, n), type = str_cut(&body, '\n');
	struct multipart m;
	struct err err;
	enum rc rc;

	err_init(&err);
	rc = multipart_parse(arena, type, body, &m, &err);
	assert(rc == err.rc);
	assert(rc == RC_OK || rc == RC_MALFORMED || rc == RC_MEDIA_TYPE);
	if (rc != RC_OK)
		return 0;
	assert(m.n <= MULTIPART_PARTS_MAX);
	for (size_t i = 0; i < m.n; i++) {
		assert(fuzz_is_within(m.parts[i].data, body));
		assert(m.parts[i].name.n > 0);
		assert(!utf8_has_controls(m.parts[i].name, false));
		assert(!utf8_has_controls(m.parts[i].filename, false));
		assert(multipart_get(&m, m.parts[i].name) == &m.parts[i]);
	}
	check_again(arena, &m, &err);
	return 0;
}
