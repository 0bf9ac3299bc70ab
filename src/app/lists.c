#include "config.h"

#include "app/lists.h"

#include "crypt/base64url.h"
#include "crypt/token.h"

/* The key of one list: an HMAC of what the list is. */
static struct str
list_key(const struct app *app, struct arena *arena, struct str list)
{
	unsigned char *key = arena_alloc(arena, SHA256_BYTES);

	hmac_sha256(keyring_key(&app->keyring, KEY_CURSOR), list, key);
	return (struct str){ (const char *)key, SHA256_BYTES };
}

struct str
app_cursor_seal(const struct app *app, struct arena *arena, struct str list,
    struct str payload)
{
	struct str token = token_sign(arena, list_key(app, arena, list), payload);

	return base64url(arena, token.p, token.n);
}

bool
app_cursor_open(const struct app *app, struct arena *arena, struct str list,
    struct str cursor, struct str *ret_payload)
{
	struct str token;

	return base64url_decode(arena, cursor, &token)
	    && token_verify(list_key(app, arena, list), token, ret_payload);
}
