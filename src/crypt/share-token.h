/*
 * share-token.h - the text in a share's link, which only we can have written.
 *
 * Base64url of 48 bytes: version (1), id of the key (1), nonce (12), the design's id
 * hidden (16), the first 18 bytes of HMAC-SHA256 over those 30 (RFC 2104, section 5: at
 * least half of it). 48 and 30 are multiples of 3, so there are no padding bits, each
 * token has one spelling, and the MAC begins with a character.
 *
 * The id is hidden by exclusive or with HMAC-SHA256 of what stands before it, under a key
 * of its own: to who has not that key the 28 bytes are random, and two links of one
 * design have nothing in common. It is there so that a link is read by `_id` alone, which
 * takes the database two thirds of a read by an index. It opens nothing: the
 * design says which token is its own. The nonce is random; that two of 2^32 are the same
 * has a chance of 2^-33, and then they tell in what two ids differ.
 *
 * The first 24 characters hold no MAC: the handle, a name of the share for caches (the tag
 * h-<handle>) that does not open it.
 *
 * Version 2 is the only one: links of version 1, which knew no design, are none (they
 * were never released; an owner who changes one gets a new one). Two keys are valid
 * and one of them signs (keyring.h). What is checked costs one MAC and no allocation.
 *
 * Tests: each wrong bit of the text, other lengths, versions, keys and master keys
 * are refused (t/unit/check_share_token.c).
 */
#ifndef BEZEL_CRYPT_SHARE_TOKEN_H
#define BEZEL_CRYPT_SHARE_TOKEN_H

#include "base/buf.h"
#include "base/err.h"
#include "base/uuid.h"
#include "crypt/keyring.h"

enum { SHARE_TOKEN_CHARS = 64, SHARE_HANDLE_CHARS = 24 };

/* A new one, by the key that signs. design_id must be one that uuid_is(). */
struct str share_token_new(const struct keyring *keyring, struct arena *arena,
    struct str design_id);

/* Whether it is one of ours under one of both keys: length, alphabet of what is signed,
 * version, key, then the whole text in constant time. Needs no database. */
must_use bool share_token_ok(const struct keyring *keyring, struct str token);

/* The same, and for which design it was made. */
must_use bool share_token_open(const struct keyring *keyring, struct str token,
    char ret_design_id[UUID_TEXT]);

/* For who only refuses what is made up (nginx/share-forged.conf.in): lines "KIND KEY;" of
 * the first three characters of a token, which hold version, key and two bits of the nonce,
 * and in hex the key of its MAC. Who has these keys can make tokens, which open nothing. */
void share_token_print_keys(const struct keyring *keyring, struct buf *buf);

/* The first characters of a token that is ok, or of anything as long. */
struct str share_token_handle(struct str token);

#endif
