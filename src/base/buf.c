#include "config.h"

#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

void
buf_init(struct buf *buf, struct arena *arena, size_t room, size_t max)
{
	*buf = (struct buf){ .arena = arena, .max = max };
	if (room > 0)
		(void)buf_reserve(buf, room);
}

bool
buf_reserve(struct buf *buf, size_t n)
{
	size_t room;
	char *p;

	if (buf->failed)
		return false;
	if (n <= buf->room - buf->n)
		return true;
	if (n > buf->max - buf->n) {
		buf->failed = true;
		return false;
	}
	room = buf->room == 0 ? 64 : buf->room;
	while (room - buf->n < n)
		room *= 2;
	if (room > buf->max)
		room = buf->max;
	p = arena_alloc_raw(buf->arena, room);
	if (buf->n > 0)
		memcpy(p, buf->p, buf->n);
	buf->p = p;
	buf->room = room;
	return true;
}

void
buf_add_hex(struct buf *buf, const void *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *bytes = p;

	for (size_t i = 0; i < n; i++) {
		char pair[2] = { digits[bytes[i] >> 4], digits[bytes[i] & 15] };

		buf_add(buf, pair, 2);
	}
}

void
buf_add_i64(struct buf *buf, int64_t v)
{
	char digits[20];
	size_t at = sizeof digits;
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

	do
		digits[--at] = (char)('0' + u % 10);
	while ((u /= 10) > 0);
	if (v < 0)
		digits[--at] = '-';
	buf_add(buf, digits + at, sizeof digits - at);
}

void
buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list ap, again;
	size_t left;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	/* What fits, as it mostly does, is written once. */
	left = buf->failed ? 0 : buf->room - buf->n;
	n = vsnprintf(left > 0 ? buf->p + buf->n : NULL, left, fmt, ap);
	va_end(ap);
	if (n < 0)
		die("buf_printf: bad format");
	/* One byte more for the NUL that vsnprintf writes. */
	if ((size_t)n >= left && buf_reserve(buf, (size_t)n + 1))
		(void)vsnprintf(buf->p + buf->n, (size_t)n + 1, fmt, again);
	if (!buf->failed)
		buf->n += (size_t)n;
	va_end(again);
}
