/*
 * password.h - passwords of accounts: Argon2id, sealed.
 */
#ifndef BEZEL_APP_PASSWORD_H
#define BEZEL_APP_PASSWORD_H

#include "app/app.h"

struct user;

/* Faults at `pointer` of the body when it is too easy to guess: a common one, or the
 * e-mail address or name in other words. */
void app_password_faults(struct arena *arena, struct str pointer,
    struct str password, struct str email, struct str full_name,
    struct err *err);

/* At most as many at once as there are cores: RC_UNAVAILABLE beyond. */
enum rc app_password_seal(struct app *app, struct arena *arena,
    struct str user_id, struct str password, struct str *ret_sealed,
    struct err *err) must_use;

/* Whether it is the password of that account (NULL: of none, which takes as long);
 * *ret_outdated when its hash should be made anew. */
enum rc app_password_check(struct app *app, const struct user *user,
    struct str password, bool *ret_match, bool *ret_outdated,
    struct err *err) must_use;

#endif
