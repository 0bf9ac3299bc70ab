#include "config.h"

#include "crypt/share-token.h"

#include "base/uuid.h"
#include "crypt/base64url.h"

enum { TOKEN_VERSION = 1, ID_BYTES = 16, SIGNED_BYTES = 2 + ID_BYTES, MAC_BYTES = 24,
	TOKEN_BYTES = SIGNED_BYTES + MAC_BYTES };

_Static_assert(BASE64URL_CHARS(TOKEN_BYTES) == SHARE_TOKEN_CHARS
    && BASE64URL_CHARS(SIGNED_BYTES) == SHARE_HANDLE_CHARS, "the text's parts");
_Static_assert(TOKEN_BYTES % 3 == 0 && SIGNED_BYTES % 3 == 0,
    "no padding bits, and the handle ends with a character");

/* Appends the MAC to the signed bytes that stand before it. */
static void
sign(const struct keyring_share *share, unsigned char bytes[TOKEN_BYTES])
{
	unsigned char mac[SHA256_BYTES];

	hmac_sha256((struct str){ (const char *)share->key, KEY_BYTES },
	    (struct str){ (const char *)bytes, SIGNED_BYTES }, mac);
	memcpy(bytes + SIGNED_BYTES, mac, MAC_BYTES);
}

struct str
share_token_new(const struct keyring *keyring, struct arena *arena)
{
	const struct keyring_share *share = &keyring->share[0];
	unsigned char bytes[TOKEN_BYTES] = { TOKEN_VERSION, share->id };

	random_bytes(bytes + 2, ID_BYTES);
	sign(share, bytes);
	return base64url(arena, bytes, sizeof bytes);
}

/* The key that signed it, if that is valid; the id is no secret. */
static const struct keyring_share *
key_of(const struct keyring *keyring, unsigned id)
{
	for (int i = 0; i < KEYRING_SHARE_KEYS; i++)
		if (keyring->share[i].id == id)
			return &keyring->share[i];
	return NULL;
}

/* Made anew from its signed bytes and compared as text: so whatever has several
 * spellings or is no base64url at all is refused without being decoded. Only the
 * handle is decoded, to have something to sign. */
bool
share_token_ok(const struct keyring *keyring, struct str token)
{
	unsigned char bytes[TOKEN_BYTES];
	char text[SHARE_TOKEN_CHARS];
	struct buf buf = { .p = text, .room = sizeof text, .max = sizeof text };
	const struct keyring_share *share;

	if (token.n != SHARE_TOKEN_CHARS
	    || !base64url_decode_to(share_token_handle(token), bytes)
	    || bytes[0] != TOKEN_VERSION)
		return false;
	share = key_of(keyring, bytes[1]);
	if (share == NULL)
		return false;
	sign(share, bytes);
	buf_add_base64url(&buf, bytes, sizeof bytes);
	return str_eq_ct(buf_str(&buf), token);
}

struct str
share_token_handle(struct str token)
{
	return str_slice(token, 0, SHARE_HANDLE_CHARS);
}
