#include "config.h"

#include "fuzz.h"

#include "base/buf.h"
#include "crypt/keyring.h"
#include "crypt/share-token.h"

static const struct keyring *
ring(void)
{
	static struct keyring keyring;
	static bool made;

	if (!made) {
		keyring_init(&keyring, (const unsigned char *)
		    "0123456789abcdef0123456789abcdef");
		made = true;
	}
	return &keyring;
}

/* A token of ours with the input laid over a part of it: whatever has changed, it is
 * none any more, and cut or with more behind it neither. */
static void
check_changed(struct arena *arena, struct str token, struct str text)
{
	size_t at = text.n > 0 ? (unsigned char)text.p[0] % token.n : 0;
	char *p = arena_strz(arena, token);

	for (size_t i = 1; i < text.n && at + i - 1 < token.n; i++)
		p[at + i - 1] = text.p[i];
	assert(share_token_ok(ring(), (struct str){ p, token.n })
	    == str_eq((struct str){ p, token.n }, token));
	assert(!share_token_ok(ring(), str_slice(token, 0, at)));
	assert(!share_token_ok(ring(), arena_printf(arena, "%.*s%c",
	    STR_FMT(token), text.n > 0 ? text.p[0] : 'A')));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena *arena = fuzz_arena();
	struct str text = fuzz_str(data, n), token;

	if (share_token_ok(ring(), text)) {
		assert(text.n == SHARE_TOKEN_CHARS);
		for (size_t i = 0; i < text.n; i++)
			assert(str_find(STR("ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "abcdefghijklmnopqrstuvwxyz0123456789-_"), text.p[i]) < 64);
		assert(share_token_handle(text).n == SHARE_HANDLE_CHARS);
	}
	token = share_token_new(ring(), arena);
	assert(share_token_ok(ring(), token));
	check_changed(arena, token, text);
	return 0;
}
