/*
 * tokens.h - the collection `one_time_tokens`: links that were sent by mail and work
 * once, and sign-ins by a provider that wait for an address. A document holds no
 * secret: the link's MAC is made when the mail is.
 */
#ifndef BEZEL_STORE_TOKENS_H
#define BEZEL_STORE_TOKENS_H

#include "store/store.h"

struct one_time_token;

enum rc tokens_insert(struct store *store, struct arena *arena,
    const struct one_time_token *token, struct err *err) must_use;

/* Used or not; RC_NOT_FOUND. */
enum rc tokens_get(struct store *store, struct arena *arena, struct str id,
    struct one_time_token *ret_token, struct err *err) must_use;

/* Unused, and in time. */
bool token_holds(const struct one_time_token *token, int64_t now_ms);

/* Sets RC_LINK_EXPIRED, for a link that does nothing any more, whatever the reason. */
enum rc tokens_over(struct err *err);

/* Uses it: it is there, of this purpose, live at now_ms and unused, in one conditional
 * update; else RC_LINK_EXPIRED. */
enum rc tokens_use(struct store *store, struct arena *arena, struct str id,
    const char *purpose, int64_t now_ms, struct one_time_token *ret_token,
    struct err *err) must_use;

/* Whether any link to a user's account still holds. */
enum rc tokens_live(struct store *store, struct arena *arena,
    struct str user_id, int64_t now_ms, bool *ret_live,
    struct err *err) must_use;

/* Those of a user and purpose (NULL: of all), used or not. */
enum rc tokens_remove(struct store *store, struct arena *arena,
    struct str user_id, const char *purpose, struct err *err) must_use;

/* Those of a user and purpose that were made then or later. */
enum rc tokens_remove_since(struct store *store, struct arena *arena,
    struct str user_id, const char *purpose, int64_t since_ms,
    struct err *err) must_use;

/* Those that wait for an address of this person at a provider. */
enum rc tokens_remove_subject(struct store *store, struct arena *arena,
    struct str issuer, struct str subject, struct err *err) must_use;

#endif
