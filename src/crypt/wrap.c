#include "config.h"

#include "crypt/wrap.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/uuid.h"
#include "crypt/hash.h"

enum { HALF = WRAP_KEY_BYTES / 2, BLOCK = 16, SHA512_BYTES = 64 };

static void
must(bool worked)
{
	if (!worked)
		die("crypt: OpenSSL failed");
}

static const unsigned char *
bytes(const char *p)
{
	return (const unsigned char *)p;
}

/* HMAC(aad | IV | ciphertext | bits of aad), the first half. */
static void
mac_of(struct arena *arena, struct str key, struct str aad, struct str sealed,
    unsigned char ret_mac[SHA512_BYTES])
{
	uint64_t bits = 8 * (uint64_t)aad.n;
	unsigned char length[8], *text;
	unsigned int n = SHA512_BYTES;

	for (int i = 0; i < 8; i++)
		length[i] = (unsigned char)(bits >> (56 - 8 * i));
	text = arena_alloc(arena, aad.n + sealed.n + sizeof length);
	if (aad.n > 0)
		memcpy(text, aad.p, aad.n);
	memcpy(text + aad.n, sealed.p, sealed.n);
	memcpy(text + aad.n + sealed.n, length, sizeof length);
	must(HMAC(EVP_sha512(), key.p, HALF, text, aad.n + sealed.n
	    + sizeof length, ret_mac, &n) != NULL);
}

struct str
wrap_close(struct arena *arena, struct str key, struct str aad, struct str plain)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	unsigned char *out, mac[SHA512_BYTES];
	int n = 0, last = 0;

	must(ctx != NULL && key.n >= WRAP_KEY_BYTES && plain.n <= WRAP_PLAIN_MAX);
	out = arena_alloc(arena, WRAP_IV_BYTES + plain.n + BLOCK + WRAP_MAC_BYTES);
	random_bytes(out, WRAP_IV_BYTES);
	must(EVP_EncryptInit_ex2(ctx, EVP_aes_256_cbc(), bytes(key.p) + HALF, out,
	    NULL) == 1
	    && EVP_EncryptUpdate(ctx, out + WRAP_IV_BYTES, &n, bytes(plain.p),
	    (int)plain.n) == 1
	    && EVP_EncryptFinal_ex(ctx, out + WRAP_IV_BYTES + n, &last) == 1);
	EVP_CIPHER_CTX_free(ctx);
	n += WRAP_IV_BYTES + last;
	mac_of(arena, key, aad, (struct str){ (char *)out, (size_t)n }, mac);
	memcpy(out + n, mac, WRAP_MAC_BYTES);
	return (struct str){ (char *)out, (size_t)n + WRAP_MAC_BYTES };
}

static bool
is_genuine(struct arena *arena, struct str key, struct str aad, struct str wrapped)
{
	size_t n = wrapped.n - WRAP_MAC_BYTES;
	unsigned char mac[SHA512_BYTES];

	mac_of(arena, key, aad, str_slice(wrapped, 0, n), mac);
	return str_eq_ct((struct str){ (char *)mac, WRAP_MAC_BYTES },
	    str_slice(wrapped, n, wrapped.n));
}

bool
wrap_open(struct arena *arena, struct str key, struct str aad, struct str wrapped,
    struct str *ret_plain)
{
	size_t least = WRAP_IV_BYTES + BLOCK + WRAP_MAC_BYTES;
	EVP_CIPHER_CTX *ctx;
	unsigned char *out;
	int n = 0, last = 0;
	bool good;

	if (key.n < WRAP_KEY_BYTES || wrapped.n < least
	    || wrapped.n > least + WRAP_PLAIN_MAX
	    || !is_genuine(arena, key, aad, wrapped))
		return false;
	ctx = EVP_CIPHER_CTX_new();
	must(ctx != NULL);
	out = arena_alloc(arena, wrapped.n);
	good = EVP_DecryptInit_ex2(ctx, EVP_aes_256_cbc(), bytes(key.p) + HALF,
	    bytes(wrapped.p), NULL) == 1
	    && EVP_DecryptUpdate(ctx, out, &n, bytes(wrapped.p) + WRAP_IV_BYTES,
	    (int)(wrapped.n - WRAP_IV_BYTES - WRAP_MAC_BYTES)) == 1
	    && EVP_DecryptFinal_ex(ctx, out + n, &last) == 1;
	EVP_CIPHER_CTX_free(ctx);
	if (good)
		*ret_plain = (struct str){ (char *)out, (size_t)(n + last) };
	return good;
}
