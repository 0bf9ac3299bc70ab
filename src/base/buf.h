/*
 * buf.h - a growing byte buffer with a maximum.
 *
 * Append freely and ask once: the first append over the maximum marks the
 * buffer as failed and later ones do nothing. The bytes belong to the arena
 * and stay where they are until the next append.
 */
#ifndef BEZEL_BASE_BUF_H
#define BEZEL_BASE_BUF_H

#include "base/arena.h"

struct buf {
	char *p;
	size_t n;
	size_t room;
	size_t max;
	struct arena *arena;
	bool failed;
};

void buf_init(struct buf *buf, struct arena *arena, size_t room, size_t max);
/* Makes place for n more bytes; false when that is over the maximum. */
bool buf_reserve(struct buf *buf, size_t n);
void buf_add_hex(struct buf *buf, const void *p, size_t n);
void buf_add_i64(struct buf *buf, int64_t v);
void buf_printf(struct buf *buf, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static inline void
buf_add(struct buf *buf, const void *p, size_t n)
{
	if (n == 0 || (n > buf->room - buf->n && !buf_reserve(buf, n))
	    || buf->failed)
		return;
	memcpy(buf->p + buf->n, p, n);
	buf->n += n;
}

static inline void
buf_add_str(struct buf *buf, struct str s)
{
	buf_add(buf, s.p, s.n);
}

static inline void
buf_addz(struct buf *buf, const char *z)
{
	buf_add(buf, z, strlen(z));
}

static inline void
buf_add_char(struct buf *buf, char c)
{
	buf_add(buf, &c, 1);
}

static inline struct str
buf_str(const struct buf *buf)
{
	return (struct str){ buf->p == NULL ? "" : buf->p, buf->n };
}

#endif
