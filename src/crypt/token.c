#include "config.h"

#include "crypt/token.h"

#include <assert.h>

static void
add_mac(struct buf *buf, struct str key, struct str payload)
{
	unsigned char mac[SHA256_BYTES];

	hmac_sha256(key, payload, mac);
	buf_add_base64url(buf, mac, sizeof mac);
}

struct str
token_sign(struct arena *arena, struct str key, struct str payload)
{
	struct buf buf;

	buf_init(&buf, arena, payload.n + 1 + TOKEN_MAC_CHARS, TOKEN_MAX);
	buf_add_str(&buf, payload);
	buf_add_char(&buf, '.');
	add_mac(&buf, key, payload);
	assert(!buf.failed);
	return buf_str(&buf);
}

bool
token_verify(struct str key, struct str token, struct str *ret_payload)
{
	unsigned char mac[SHA256_BYTES];
	char text[TOKEN_MAC_CHARS];
	struct buf buf = { .p = text, .room = sizeof text, .max = sizeof text };
	struct str payload;

	if (token.n <= TOKEN_MAC_CHARS || token.n > TOKEN_MAX)
		return false;
	payload = str_slice(token, 0, token.n - TOKEN_MAC_CHARS - 1);
	if (token.p[payload.n] != '.')
		return false;
	hmac_sha256(key, payload, mac);
	buf_add_base64url(&buf, mac, sizeof mac);
	if (!str_eq_ct(buf_str(&buf), str_slice(token, payload.n + 1, token.n)))
		return false;
	*ret_payload = payload;
	return true;
}

struct str
token_secure_link(struct arena *arena, struct str text)
{
	unsigned char digest[MD5_BYTES];

	md5(text, digest);
	return base64url(arena, digest, sizeof digest);
}
