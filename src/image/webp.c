#include "config.h"

#include "image/webp.h"

#include <stdint.h>
#include <string.h>

/*
 * "RIFF" size "WEBP", then chunks: name, size, bytes, and one byte of padding
 * when the size is odd. Sizes have 32 bits, least byte first. The simple form
 * has one chunk, VP8 or VP8L. The extended form begins with VP8X, of which the
 * first byte holds flags; transparency of a VP8 is in an ALPH before it.
 */
enum { NAME = 4, RIFF_HEAD = 12, CHUNK_HEAD = 8, VP8X_BYTES = 10,
	FLAG_ALPHA = 0x10 };

static uint32_t
number_at(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	return (uint32_t)u[0] | (uint32_t)u[1] << 8 | (uint32_t)u[2] << 16 |
	    (uint32_t)u[3] << 24;
}

static void
put_number(char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (char)(v >> 8 * i);
}

static bool
is_named(const char *chunk, const char *name)
{
	return memcmp(chunk, name, NAME) == 0;
}

/* The chunks of one picture as they are found. */
struct parts {
	char *extended, *alpha, *colours;
};

/* The whole size of the chunk at p, of which n bytes are there; 0: it is cut. */
static size_t
chunk_size(const char *p, size_t n)
{
	size_t size;

	if (n < CHUNK_HEAD)
		return 0;
	size = number_at(p + NAME);
	size += CHUNK_HEAD + (size & 1);
	return size <= n ? size : 0;
}

static bool
find_parts(char *p, size_t n, struct parts *ret_parts)
{
	struct parts parts = { NULL, NULL, NULL };
	size_t size;

	for (size_t at = RIFF_HEAD; at < n; at += size) {
		size = chunk_size(p + at, n - at);
		if (size == 0 || is_named(p + at, "ANMF"))
			return false;
		if (is_named(p + at, "VP8X") && at == RIFF_HEAD &&
		    size == CHUNK_HEAD + VP8X_BYTES)
			parts.extended = p + at;
		else if (is_named(p + at, "ALPH") && parts.colours == NULL)
			parts.alpha = p + at;
		else if ((is_named(p + at, "VP8 ") || is_named(p + at, "VP8L")) &&
		    parts.colours == NULL)
			parts.colours = p + at;
	}
	*ret_parts = parts;
	return parts.colours != NULL;
}

static size_t
move_chunk(char *to, const char *chunk)
{
	size_t size = number_at(chunk + NAME);

	size += CHUNK_HEAD + (size & 1);
	memmove(to, chunk, size);
	return size;
}

bool
webp_strip(char *p, size_t *n)
{
	struct parts parts;
	size_t whole, at = RIFF_HEAD;

	if (*n < RIFF_HEAD || !is_named(p, "RIFF") || !is_named(p + 8, "WEBP"))
		return false;
	whole = (size_t)number_at(p + NAME) + CHUNK_HEAD;
	if (whole > *n || !find_parts(p, whole, &parts))
		return false;
	/* Without ALPH the simple form says all. */
	if (parts.alpha != NULL && parts.extended != NULL) {
		at += move_chunk(p + at, parts.extended);
		p[RIFF_HEAD + CHUNK_HEAD] = FLAG_ALPHA;
		at += move_chunk(p + at, parts.alpha);
	}
	at += move_chunk(p + at, parts.colours);
	put_number(p + NAME, (uint32_t)(at - CHUNK_HEAD));
	*n = at;
	return true;
}
