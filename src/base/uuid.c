#include "config.h"

#include "base/uuid.h"

#include <errno.h>
#include <sys/random.h>

#include "base/clock.h"

void
random_bytes(void *p, size_t n)
{
	char *at = p;

	while (n > 0) {
		ssize_t got = getrandom(at, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			die("getrandom failed");
		at += got;
		n -= (size_t)got;
	}
}

static bool
is_dash(size_t i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

void
uuid_text(const unsigned char bytes[16], char ret_text[UUID_TEXT])
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0, k = 0; i < UUID_TEXT; i++) {
		if (is_dash(i)) {
			ret_text[i] = '-';
			continue;
		}
		ret_text[i] = hex[k % 2 == 0 ? bytes[k / 2] >> 4
		    : bytes[k / 2] & 15];
		k++;
	}
}

struct str
uuid_of(struct arena *arena, int64_t time_ms, const unsigned char tail[16])
{
	unsigned char b[16];
	uint64_t ms = (uint64_t)time_ms;
	char *text = arena_alloc(arena, UUID_TEXT + 1);

	memcpy(b, tail, sizeof b);
	for (int i = 0; i < 6; i++)
		b[i] = (unsigned char)(ms >> (40 - 8 * i));
	b[6] = (unsigned char)(0x70 | (b[6] & 0x0f));
	b[8] = (unsigned char)(0x80 | (b[8] & 0x3f));
	uuid_text(b, text);
	return (struct str){ text, UUID_TEXT };
}

struct str
uuid_new(struct arena *arena)
{
	unsigned char tail[16];

	random_bytes(tail, sizeof tail);
	return uuid_of(arena, clock_now_ms(), tail);
}

static unsigned
digit(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

void
uuid_bytes(struct str s, unsigned char ret_bytes[16])
{
	for (size_t i = 0, k = 0; i < UUID_TEXT; i += 2) {
		if (is_dash(i))
			i++;
		ret_bytes[k++] = (unsigned char)(digit(s.p[i]) << 4
		    | digit(s.p[i + 1]));
	}
}

int64_t
uuid_ms(struct str id)
{
	int64_t ms = 0;

	for (size_t i = 0; i < 13 && i < id.n; i++)
		if (id.p[i] != '-')
			ms = ms << 4 | digit(id.p[i]);
	return ms;
}

bool
uuid_is(struct str s)
{
	static const unsigned char hex[256] = {
		['0' ... '9'] = 1, ['a' ... 'f'] = 1,
	};
	unsigned dashes, digits = 0;

	if (s.n != UUID_TEXT)
		return false;
	/* Without a branch in it: lists have hundreds of them. */
	for (size_t i = 0; i < UUID_TEXT; i++)
		digits += hex[(unsigned char)s.p[i]];
	dashes = (s.p[8] == '-') + (s.p[13] == '-') + (s.p[18] == '-')
	    + (s.p[23] == '-');
	return digits == UUID_TEXT - 4 && dashes == 4;
}
