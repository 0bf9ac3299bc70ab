#include "config.h"

#include "fuzz.h"

#include "base/buf.h"
#include "crypt/keyring.h"
#include "crypt/share-token.h"

#define DESIGN STR("0190a5b0-0000-7000-8000-000000000001")

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

/* A token of ours with one bit changed, cut, or with more behind it is none any more.
 * (The input laid over it would not do: libFuzzer learns whole tokens.) */
static void
check_changed(struct arena *arena, struct str token, struct str text)
{
	unsigned first = text.n > 0 ? (unsigned char)text.p[0] : 0;
	size_t bit = (text.n * 31 + first) % (token.n * 8);
	char *p = arena_strz(arena, token);

	p[bit / 8] = (char)(p[bit / 8] ^ 1 << bit % 8);
	assert(!share_token_ok(ring(), (struct str){ p, token.n }));
	assert(!share_token_ok(ring(), str_slice(token, 0, bit / 8)));
	assert(!share_token_ok(ring(), arena_printf(arena, "%.*s%c",
	    STR_FMT(token), first)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena *arena = fuzz_arena();
	struct str text = fuzz_str(data, n), token;

	char id[UUID_TEXT];

	if (share_token_open(ring(), text, id)) {
		assert(text.n == SHARE_TOKEN_CHARS && uuid_is((struct str){ id, UUID_TEXT }));
		for (size_t i = 0; i < text.n; i++)
			assert(str_find(STR("ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "abcdefghijklmnopqrstuvwxyz0123456789-_"), text.p[i]) < 64);
		assert(share_token_handle(text).n == SHARE_HANDLE_CHARS);
	}
	token = share_token_new(ring(), arena, DESIGN);
	assert(share_token_open(ring(), token, id)
	    && str_eq((struct str){ id, UUID_TEXT }, DESIGN));
	check_changed(arena, token, text);
	return 0;
}
