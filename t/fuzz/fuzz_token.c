#include "config.h"

#include "fuzz.h"

#include "crypt/token.h"

static void
check_base64url(struct arena *arena, struct str text)
{
	struct str bytes, again;

	if (base64url_decode(arena, text, &bytes))
		assert(str_eq(base64url(arena, bytes.p, bytes.n), text));
	assert(base64url_decode(arena, base64url(arena, text.p, text.n), &again));
	assert(str_eq(again, text));
}

/* The input as a payload, and its token with one bit changed. */
static void
check_sign(struct arena *arena, struct str key, struct str payload)
{
	struct str token, read;
	size_t bit;
	char *p;

	if (payload.n > TOKEN_MAX - TOKEN_MAC_CHARS - 1)
		return;
	token = token_sign(arena, key, payload);
	assert(token_verify(key, token, &read) && str_eq(read, payload));
	p = arena_strz(arena, token);
	bit = (payload.n * 31 + (payload.n > 0 ? (unsigned char)payload.p[0] : 0))
	    % (token.n * 8);
	p[bit / 8] = (char)(p[bit / 8] ^ 1 << bit % 8);
	assert(!token_verify(key, (struct str){ p, token.n }, &read));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena *arena = fuzz_arena();
	struct str key = STR("0123456789abcdef0123456789abcdef");
	struct str text = fuzz_str(data, n), payload;

	/* Only what we sign ourselves is ever accepted. */
	if (token_verify(key, text, &payload))
		assert(str_eq(text, token_sign(arena, key, payload)));
	check_base64url(arena, text);
	check_sign(arena, key, text);
	return 0;
}
