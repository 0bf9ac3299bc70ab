/*
 * password.h - passwords of accounts and of shares: Argon2id, sealed.
 */
#ifndef BEZEL_APP_PASSWORD_H
#define BEZEL_APP_PASSWORD_H

#include "app/app.h"
#include "store/seal.h"

struct user;

/* Faults at `pointer` of the body when it is too easy to guess: a common one, or the
 * e-mail address or name in other words. */
void app_password_faults(struct arena *arena, struct str pointer,
    struct str password, struct str email, struct str full_name,
    struct err *err);

/* Of anything that has a password: `use` and owner_id are those of seal.h. At most as
 * many at once as there are cores: RC_UNAVAILABLE beyond. */
enum rc app_password_seal_as(struct app *app, struct arena *arena,
    enum seal_use use, struct str owner_id, struct str password,
    struct str *ret_sealed, struct err *err) must_use;
/* sealed is null where there is none, which takes as long. */
enum rc app_password_check_as(struct app *app, enum seal_use use,
    struct str owner_id, struct str sealed, struct str password,
    bool *ret_match, bool *ret_outdated, struct err *err) must_use;

/* Of accounts. */
enum rc app_password_seal(struct app *app, struct arena *arena,
    struct str user_id, struct str password, struct str *ret_sealed,
    struct err *err) must_use;

/* Whether it is the password of that account (NULL: of none, which takes as long);
 * *ret_outdated when its hash should be made anew. */
enum rc app_password_check(struct app *app, const struct user *user,
    struct str password, bool *ret_match, bool *ret_outdated,
    struct err *err) must_use;

#endif
