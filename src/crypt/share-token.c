#include "config.h"

#include "crypt/share-token.h"

#include "crypt/base64url.h"

/* nginx/nginx.conf.in knows the version, too: by the first two characters. */
enum { TOKEN_VERSION = 2, NONCE_BYTES = 12, ID_BYTES = 16,
	ID_AT = 2 + NONCE_BYTES, SIGNED_BYTES = ID_AT + ID_BYTES, MAC_BYTES = 18,
	TOKEN_BYTES = SIGNED_BYTES + MAC_BYTES };

_Static_assert(BASE64URL_CHARS(TOKEN_BYTES) == SHARE_TOKEN_CHARS
    && BASE64URL_CHARS(SIGNED_BYTES) > SHARE_HANDLE_CHARS, "the text's parts");
_Static_assert(TOKEN_BYTES % 3 == 0 && SIGNED_BYTES % 3 == 0,
    "no padding bits, and what is signed ends with a character");

static void
mac_of(const unsigned char key[KEY_BYTES], const unsigned char *p, size_t n,
    unsigned char ret_mac[SHA256_BYTES])
{
	hmac_sha256_kept((struct str){ (const char *)key, KEY_BYTES },
	    (struct str){ (const char *)p, n }, ret_mac);
}

/* Appends the MAC to the signed bytes that stand before it. */
static void
sign(const struct keyring_share *share, unsigned char bytes[TOKEN_BYTES])
{
	unsigned char mac[SHA256_BYTES];

	mac_of(share->key, bytes, SIGNED_BYTES, mac);
	memcpy(bytes + SIGNED_BYTES, mac, MAC_BYTES);
}

/* Hides an id, or shows the one that is hidden. */
static void
hide(const struct keyring_share *share, const unsigned char bytes[ID_AT],
    const unsigned char id[ID_BYTES], unsigned char ret_id[ID_BYTES])
{
	unsigned char mask[SHA256_BYTES];

	mac_of(share->id_key, bytes, ID_AT, mask);
	for (int i = 0; i < ID_BYTES; i++)
		ret_id[i] = id[i] ^ mask[i];
}

struct str
share_token_new(const struct keyring *keyring, struct arena *arena,
    struct str design_id)
{
	const struct keyring_share *share = &keyring->share[0];
	unsigned char bytes[TOKEN_BYTES] = { TOKEN_VERSION, share->id };
	unsigned char id[ID_BYTES];

	if (!uuid_is(design_id))
		die("share_token_new: no id of a design");
	uuid_bytes(design_id, id);
	random_bytes(bytes + 2, NONCE_BYTES);
	hide(share, bytes, id, bytes + ID_AT);
	sign(share, bytes);
	return base64url(arena, bytes, sizeof bytes);
}

/* The key that signed it, if that is valid; the number is no secret. */
static const struct keyring_share *
key_of(const struct keyring *keyring, unsigned id)
{
	for (int i = 0; i < KEYRING_SHARE_KEYS; i++)
		if (keyring->share[i].id == id)
			return &keyring->share[i];
	return NULL;
}

/* Made anew from its signed bytes and compared as text: so whatever has several
 * spellings or is no base64url at all is refused without being decoded. Only what is
 * signed is decoded. Null for what is not ours. */
static const struct keyring_share *
check(const struct keyring *keyring, struct str token,
    unsigned char ret_bytes[TOKEN_BYTES])
{
	char text[SHARE_TOKEN_CHARS];
	struct buf buf = { .p = text, .room = sizeof text, .max = sizeof text };
	const struct keyring_share *share;

	if (token.n != SHARE_TOKEN_CHARS
	    || !base64url_decode_to(str_slice(token, 0,
	    BASE64URL_CHARS(SIGNED_BYTES)), ret_bytes)
	    || ret_bytes[0] != TOKEN_VERSION)
		return NULL;
	share = key_of(keyring, ret_bytes[1]);
	if (share == NULL)
		return NULL;
	sign(share, ret_bytes);
	buf_add_base64url(&buf, ret_bytes, TOKEN_BYTES);
	return str_eq_ct(buf_str(&buf), token) ? share : NULL;
}

bool
share_token_ok(const struct keyring *keyring, struct str token)
{
	unsigned char bytes[TOKEN_BYTES];

	return check(keyring, token, bytes) != NULL;
}

bool
share_token_open(const struct keyring *keyring, struct str token,
    char ret_design_id[UUID_TEXT])
{
	unsigned char bytes[TOKEN_BYTES], id[ID_BYTES];
	const struct keyring_share *share = check(keyring, token, bytes);

	if (share == NULL)
		return false;
	hide(share, bytes, bytes + ID_AT, id);
	uuid_text(id, ret_design_id);
	return true;
}

void
share_token_print_keys(const struct keyring *keyring, struct buf *buf)
{
	for (int i = 0; i < KEYRING_SHARE_KEYS * 4; i++) {
		const struct keyring_share *share = &keyring->share[i / 4];
		const unsigned char bytes[] = { TOKEN_VERSION, share->id,
			(unsigned char)(i % 4 << 6) };

		/* Of the last byte the first two bits are in the third character. */
		buf_add_base64url(buf, bytes, sizeof bytes);
		buf->n--;
		buf_add_char(buf, ' ');
		buf_add_hex(buf, share->key, KEY_BYTES);
		buf_addz(buf, ";\n");
	}
}

struct str
share_token_handle(struct str token)
{
	return str_slice(token, 0, SHARE_HANDLE_CHARS);
}
