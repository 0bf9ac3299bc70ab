#include "config.h"

#include "provider/png.h"

#include "base/buf.h"

static const char signature[8] = "\x89PNG\r\n\x1a\n";

enum { CHUNK_FRAME = 12, STORED_MAX = 65535, MAX_CHUNK = 64 * 1024 * 1024 };

static uint32_t
crc(const char *p, size_t n)
{
	uint32_t c = 0xffffffffu;

	for (size_t i = 0; i < n; i++) {
		c ^= (uint8_t)p[i];
		for (int bit = 0; bit < 8; bit++)
			c = c & 1 ? c >> 1 ^ 0xedb88320u : c >> 1;
	}
	return ~c;
}

static uint32_t
get32(const char *p)
{
	const uint8_t *b = (const uint8_t *)p;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static void
add32(struct buf *buf, uint32_t v)
{
	const uint8_t b[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
		(uint8_t)v };

	buf_add(buf, b, sizeof b);
}

static bool
shows(const char *type)
{
	static const char *const kept[] = { "IHDR", "PLTE", "tRNS", "gAMA", "sRGB", "IDAT",
		"IEND" };

	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
		if (memcmp(type, kept[i], 4) == 0)
			return true;
	return false;
}

struct str
png_strip(struct arena *arena, struct str png)
{
	struct buf out;
	size_t at = sizeof signature;
	uint32_t length;
	bool data = false;

	if (png.n < at || memcmp(png.p, signature, at) != 0)
		return STR_NULL;
	buf_init(&out, arena, png.n, png.n);
	buf_add(&out, signature, at);
	for (;;) {
		const char *chunk = png.p + at;

		if (png.n - at < CHUNK_FRAME)
			return STR_NULL;
		length = get32(chunk);
		if (length > MAX_CHUNK || png.n - at - CHUNK_FRAME < length ||
		    crc(chunk + 4, length + 4) != get32(chunk + 8 + length))
			return STR_NULL;
		if (at == sizeof signature && memcmp(chunk + 4, "IHDR", 4) != 0)
			return STR_NULL;
		data |= memcmp(chunk + 4, "IDAT", 4) == 0;
		if (shows(chunk + 4))
			buf_add(&out, chunk, length + CHUNK_FRAME);
		at += length + CHUNK_FRAME;
		if (memcmp(chunk + 4, "IEND", 4) == 0)
			return data && at == png.n ? buf_str(&out) : STR_NULL;
	}
}

static void
add_chunk(struct buf *buf, const char *type, struct str body)
{
	size_t start;

	add32(buf, (uint32_t)body.n);
	start = buf->n;
	buf_add(buf, type, 4);
	buf_add_str(buf, body);
	add32(buf, crc(buf->p + start, buf->n - start));
}

/* zlib's frame round stored blocks (RFC 1950, RFC 1951 section 3.2.4). */
static struct str
stored(struct arena *arena, struct str raw)
{
	struct buf buf;
	uint32_t a = 1, b = 0;

	buf_init(&buf, arena, raw.n + raw.n / 1000 + 64, raw.n + raw.n / 1000 + 64);
	buf_add(&buf, "\x78\x01", 2);
	for (size_t at = 0; at < raw.n; at += STORED_MAX) {
		size_t n = raw.n - at < STORED_MAX ? raw.n - at : STORED_MAX;
		const uint8_t head[5] = { at + n == raw.n, (uint8_t)n, (uint8_t)(n >> 8),
			(uint8_t)~n, (uint8_t)(~n >> 8) };

		buf_add(&buf, head, sizeof head);
		buf_add(&buf, raw.p + at, n);
	}
	for (size_t i = 0; i < raw.n; i++) {
		a = (a + (uint8_t)raw.p[i]) % 65521;
		b = (b + a) % 65521;
	}
	add32(&buf, b << 16 | a);
	return buf_str(&buf);
}

struct str
png_encode(struct arena *arena, const uint8_t *rgb, int width, int height)
{
	static const char depth_and_rest[5] = { 8, 2, 0, 0, 0 };
	struct buf raw, head, out;
	size_t row = (size_t)width * 3, all = (row + 1) * (size_t)height;

	buf_init(&raw, arena, all, all);
	for (int y = 0; y < height; y++) {
		buf_add_char(&raw, 0);
		buf_add(&raw, rgb + row * (size_t)y, row);
	}
	buf_init(&head, arena, 16, 16);
	add32(&head, (uint32_t)width);
	add32(&head, (uint32_t)height);
	buf_add(&head, depth_and_rest, sizeof depth_and_rest);
	buf_init(&out, arena, all + all / 500 + 256, all + all / 500 + 256);
	buf_add(&out, signature, sizeof signature);
	add_chunk(&out, "IHDR", buf_str(&head));
	add_chunk(&out, "IDAT", stored(arena, buf_str(&raw)));
	add_chunk(&out, "IEND", STR(""));
	return buf_str(&out);
}
