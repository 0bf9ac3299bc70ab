/*
 * links.h - what links in mail carry.
 *
 * A link token names a one-time token of the database and what it is for, under a
 * MAC: nothing secret is stored, and a database that was read gives no links. It
 * stands in the fragment of a page of the studio, which no server logs. Whether
 * the one-time token is there, unused and in time, is for the database to say.
 */
#ifndef BEZEL_APP_LINKS_H
#define BEZEL_APP_LINKS_H

#include "base/err.h"
#include "crypt/keyring.h"

struct one_time_token;

enum { VERIFY_LIFE_S = 48 * 3600, RESET_LIFE_S = 15 * 60 };

/* token_sign(KEY_MAIL, "<purpose>.<id>"); purpose is a template's name
 * ("password_reset"), id a UUID. */
struct str link_token(const struct keyring *keyring, struct arena *arena,
    const char *purpose, struct str id);
/* The id, a slice of token, of one made for that purpose and no other. */
must_use bool link_token_verify(const struct keyring *keyring,
    const char *purpose, struct str token, struct str *ret_id);

/* The one-time token of such a link, as it is stored. */
void link_one_time(struct one_time_token *token, struct str id,
    const char *purpose, struct str user_id, struct str email, int64_t now_ms,
    int life_s);

/* The token of /u/<token>: turns one list of a member off, and does nothing
 * else. It does not end: old mail must unsubscribe too. */
struct str link_unsubscribe(const struct keyring *keyring, struct arena *arena,
    struct str user_id, struct str list);
must_use bool link_unsubscribe_verify(const struct keyring *keyring,
    struct str token, struct str *ret_user_id, struct str *ret_list);

#endif
