#include "config.h"

#include "crypt/hash.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "base/buf.h"

enum { KEPT_KEYS = 8 };

static void
must(bool worked)
{
	if (!worked)
		die("crypt: OpenSSL failed");
}

/* Looking an algorithm up costs more than hashing a short text: once a process. */
static const EVP_MD *
fetched(const char *name, EVP_MD **md)
{
	if (*md == NULL)
		*md = EVP_MD_fetch(NULL, name, NULL);
	must(*md != NULL);
	return *md;
}

static void
digest(const EVP_MD *md, struct str s, unsigned char *ret_digest)
{
	static EVP_MD_CTX *ctx;

	if (ctx == NULL)
		ctx = EVP_MD_CTX_new();
	must(ctx != NULL && EVP_DigestInit_ex2(ctx, md, NULL) == 1
	    && EVP_DigestUpdate(ctx, s.p, s.n) == 1
	    && EVP_DigestFinal_ex(ctx, ret_digest, NULL) == 1);
}

void
sha256(struct str s, unsigned char ret_digest[SHA256_BYTES])
{
	static EVP_MD *md;

	digest(fetched("SHA256", &md), s, ret_digest);
}

struct str
sha256_hex(struct arena *arena, struct str s)
{
	unsigned char digest[SHA256_BYTES];
	struct buf hex;

	sha256(s, digest);
	buf_init(&hex, arena, 2 * SHA256_BYTES, 2 * SHA256_BYTES);
	buf_add_hex(&hex, digest, sizeof digest);
	return buf_str(&hex);
}

static EVP_MAC_CTX *
new_hmac(void)
{
	static char digest_name[] = "SHA256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
		    digest_name, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);

	must(ctx != NULL && EVP_MAC_CTX_set_params(ctx, params) == 1);
	EVP_MAC_free(mac);
	return ctx;
}

/* Key and digest looked up by name at each call are why it is not HMAC(). Of a null key
 * the context's last one is taken again. */
static void
compute(EVP_MAC_CTX *ctx, struct str key, struct str s,
    unsigned char ret_mac[SHA256_BYTES])
{
	size_t n;

	must(EVP_MAC_init(ctx, (const unsigned char *)key.p, key.n, NULL) == 1
	    && EVP_MAC_update(ctx, (const unsigned char *)s.p, s.n) == 1
	    && EVP_MAC_final(ctx, ret_mac, &n, SHA256_BYTES) == 1);
}

void
hmac_sha256(struct str key, struct str s, unsigned char ret_mac[SHA256_BYTES])
{
	static EVP_MAC_CTX *ctx;

	if (ctx == NULL)
		ctx = new_hmac();
	if (key.p == NULL)
		key = STR("");
	compute(ctx, key, s, ret_mac);
}

void
hmac_sha256_kept(struct str key, struct str s,
    unsigned char ret_mac[SHA256_BYTES])
{
	static struct {
		unsigned char key[SHA256_BYTES];
		EVP_MAC_CTX *ctx;
	} kept[KEPT_KEYS];
	static unsigned next;
	unsigned i;

	if (key.n != sizeof kept[0].key)
		die("hmac_sha256_kept: no key of ours");
	for (i = 0; i < KEPT_KEYS; i++)
		if (kept[i].ctx != NULL
		    && CRYPTO_memcmp(kept[i].key, key.p, key.n) == 0) {
			compute(kept[i].ctx, STR_NULL, s, ret_mac);
			return;
		}
	i = next++ % KEPT_KEYS;
	if (kept[i].ctx == NULL)
		kept[i].ctx = new_hmac();
	memcpy(kept[i].key, key.p, key.n);
	compute(kept[i].ctx, key, s, ret_mac);
}

static OSSL_PARAM
octets(const char *name, struct str s)
{
	return OSSL_PARAM_construct_octet_string(name, (void *)(uintptr_t)s.p,
	    s.n);
}

void
hkdf_sha256(struct str secret, struct str salt, struct str info,
    unsigned char *ret_key, size_t n)
{
	static char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
		octets(OSSL_KDF_PARAM_KEY, secret),
		octets(OSSL_KDF_PARAM_SALT, salt),
		octets(OSSL_KDF_PARAM_INFO, info),
		OSSL_PARAM_construct_end(),
	};
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);

	must(ctx != NULL && EVP_KDF_derive(ctx, ret_key, n, params) == 1);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
}

void
md5(struct str s, unsigned char ret_digest[MD5_BYTES])
{
	static EVP_MD *md;

	digest(fetched("MD5", &md), s, ret_digest);
}

bool
str_eq_ct(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || CRYPTO_memcmp(a.p, b.p, a.n) == 0);
}
