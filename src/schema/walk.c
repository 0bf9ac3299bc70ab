#include "config.h"

#include "schema/walk.h"

#include "base/lanes.h"
#include "base/utf8.h"
#include "base/uuid.h"

static void
add_pointer(struct buf *buf, const struct pointer *pointer)
{
	if (pointer == NULL)
		return;
	add_pointer(buf, pointer->up);
	buf_add_char(buf, '/');
	if (pointer->name.p == NULL) {
		buf_add_i64(buf, (int64_t)pointer->index);
		return;
	}
	for (size_t i = 0; i < pointer->name.n; i++) {
		char c = pointer->name.p[i];

		/* RFC 6901, section 3 */
		if (c == '~' || c == '/')
			buf_addz(buf, c == '~' ? "~0" : "~1");
		else
			buf_add_char(buf, c);
	}
}

struct str
pointer_text(const struct pointer *pointer, struct arena *arena)
{
	struct buf buf;

	buf_init(&buf, arena, 64, 1024);
	add_pointer(&buf, pointer);
	return buf_str(&buf);
}

/* Most text is printable ASCII: then it is UTF-8 without control characters,
 * and its bytes are its characters. */
static bool
is_plain(struct str s)
{
	lanes odd = { 0 };
	unsigned char rest = 0;
	size_t i = 0;

	for (; s.n - i >= LANES; i += LANES)
		odd |= lanes_odd(lanes_load(s.p + i));
	for (; i < s.n; i++)
		rest |= (unsigned char)(s.p[i] - 0x20) > 0x7e - 0x20;
	return rest == 0 && lanes_none(odd);
}

const char *
fits_text(const struct field *field, enum field_type type, struct str s)
{
	size_t count;

	if (type == FIELD_UUID)
		return uuid_is(s) ? NULL : "not_a_uuid";
	if (is_plain(s)) {
		count = s.n;
	} else {
		if (!utf8_valid(s))
			return "bad_utf8";
		if (memchr(s.p, '\0', s.n) != NULL
		    || utf8_has_controls(s, (field->flags & MULTILINE) != 0))
			return "forbidden_character";
		count = utf8_count(s);
	}
	if ((double)count < field->limits.min)
		return "too_short";
	if ((double)count > field->limits.max)
		return "too_long";
	return NULL;
}

const char *
fits_number(const struct field *field, double v)
{
	if (!isfinite(v))
		return "not_a_number";
	if (v < field->limits.min)
		return "too_small";
	if (v > field->limits.max)
		return "too_large";
	return NULL;
}

bool
fits_enum(const struct enum_set *set, struct str s)
{
	for (size_t i = 0; set->values[i] != NULL; i++)
		if (str_eqz(s, set->values[i]))
			return true;
	return false;
}

bool
free_name_ok(struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
		    || c == '_'))
			return false;
	}
	return name.n > 0;
}
