/*
 * api-keys.h - keys of partners' programs.
 *
 * A key is "bzl_live_" or "bzl_test_", 32 hexadecimal characters that name its row, and
 * 32 random bytes as base64url. The database holds the SHA-256 of the whole text, so
 * that no changed character, not even of the mode, opens anything. What was looked up
 * is kept in memory for a while, with the sessions (session-cache.h).
 *
 * A test key acts for a place of its own beside the account's (ACTOR_TEST in app.h).
 */
#ifndef BEZEL_APP_API_KEYS_H
#define BEZEL_APP_API_KEYS_H

#include "app/app.h"
#include "app/idem.h"

struct api_key;

enum { API_KEY_TEXT = 9 + 32 + 43, API_KEYS_LIVE_MAX = 20 };

/* The id that a key names, whether there is such a row or not; false for a text that
 * is no key. */
bool app_api_key_parse(struct arena *arena, struct str text, struct str *ret_id);

/* Fills actor when the key is live. RC_API_KEY when it is none, was revoked or has
 * expired, or its account is closed; RC_UNAVAILABLE. Notes the use once an hour. */
enum rc app_api_key_recognise(struct app *app, struct arena *arena,
    struct str text, struct actor *actor, struct err *err) must_use;

/* body has been decoded. *ret_text is the key, which nobody sees again; a mail tells
 * the account's owner. RC_FRESH_LOGIN, RC_ALREADY_CREATED (idem->id says which) for a
 * repeated request, RC_LIMIT_REACHED for more than API_KEYS_LIVE_MAX. */
enum rc app_api_key_create(struct app *app, struct arena *arena,
    const struct actor *actor, struct api_key *body, const struct idem *idem,
    struct str *ret_text, struct err *err) must_use;

/* Newest first, also those that ended in the last 30 days. */
enum rc app_api_key_list(struct app *app, struct arena *arena,
    const struct actor *actor, struct str after_id, int limit,
    struct str *ret_docs, size_t *ret_n, struct err *err) must_use;

/* Revoked already is revoked. RC_NOT_FOUND for what is none of the actor's. */
enum rc app_api_key_revoke(struct app *app, struct arena *arena,
    const struct actor *actor, struct str id, struct err *err) must_use;

#endif
