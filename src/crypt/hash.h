/*
 * hash.h - digests, MACs, key derivation, comparison in constant time.
 *
 * Computed by OpenSSL 3 (EVP). These functions do not fail: an OpenSSL that
 * cannot compute SHA-256 is exhaustion or a broken machine and ends the process.
 */
#ifndef BEZEL_CRYPT_HASH_H
#define BEZEL_CRYPT_HASH_H

#include "base/arena.h"

enum { SHA256_BYTES = 32, MD5_BYTES = 16 };

/* FIPS 180-4. */
void sha256(struct str s, unsigned char ret_digest[SHA256_BYTES]);
/* 64 lower-case hexadecimal characters. */
struct str sha256_hex(struct arena *arena, struct str s);

/* RFC 2104 with SHA-256. */
void hmac_sha256(struct str key, struct str s,
    unsigned char ret_mac[SHA256_BYTES]);

/* The same with a key of 32 bytes that the process has as long as it lives: what is
 * computed of the key alone is kept, for the last eight, and is half of the work of a
 * short text. Not for keys that are to be forgotten. */
void hmac_sha256_kept(struct str key, struct str s,
    unsigned char ret_mac[SHA256_BYTES]);

/* RFC 5869 with SHA-256, extract and expand; n is at most 255 * 32. */
void hkdf_sha256(struct str secret, struct str salt, struct str info,
    unsigned char *ret_key, size_t n);

/* Only for nginx, which knows nothing else: for its secure_link (token.h) and the names
 * of its cache's files. MD5 is broken for signatures and must not get another use. */
void md5(struct str s, unsigned char ret_digest[MD5_BYTES]);

/* Takes as long for every b of the length of a. The length is no secret. */
bool str_eq_ct(struct str a, struct str b);

#endif
