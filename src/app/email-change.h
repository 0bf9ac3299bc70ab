/*
 * email-change.h - another e-mail address for an account.
 *
 * A member who has signed in lately asks; a link goes to the new address, and nothing
 * changes before it is followed. It works only for who is signed in to that account: the
 * address may have been mistyped, and whoever gets the mail then must not get the
 * account, whose passwords are reset by that address. The old address gets a link that
 * takes the change back for a week.
 *
 * Who asks does not learn whether the new address has an account: the request is the
 * same, and the worker that sends the mail looks it up.
 */
#ifndef BEZEL_APP_EMAIL_CHANGE_H
#define BEZEL_APP_EMAIL_CHANGE_H

#include "app/app.h"

struct mail_order;
struct one_time_token;
struct user;

/* Asks for a link; the one of an earlier request is void. *ret_present: it is the
 * account's present address, so nothing is sent, and what was asked before is taken
 * back. RC_FRESH_LOGIN, RC_RATE; a fault at /email. */
enum rc app_email_change_ask(struct app *app, struct arena *arena,
    const struct actor *actor, struct str email, bool *ret_present,
    struct err *err) must_use;

/* Takes that back; nothing to take back is fine too. */
enum rc app_email_change_cancel(struct app *app, struct arena *arena,
    const struct actor *actor, struct err *err) must_use;

/* The link: the address changes, all sessions but this one end. RC_LINK_EXPIRED;
 * RC_NOT_FOUND: it is another account's link; RC_ACCOUNT_EXISTS: another account has
 * come to have that address. */
enum rc app_email_change_confirm(struct app *app, struct arena *arena,
    const struct actor *actor, struct str token, struct err *err) must_use;

/* The link that the old address got: the account has that address again, no password,
 * no sessions, no keys, and no way in that was linked since; a link for a new password
 * is sent. RC_LINK_EXPIRED, RC_ACCOUNT_EXISTS, RC_ACCOUNT_DISABLED. */
enum rc app_email_undo(struct app *app, struct arena *arena,
    const struct actor *actor, struct str token, struct err *err) must_use;

/* For the job that sends the link, at that moment: who has this address already gets
 * another message. *ret_wanted is false when the link is void by now. */
enum rc app_email_change_prepare(struct app *app, struct arena *arena,
    struct mail_order *order, bool *ret_wanted, struct err *err) must_use;

/* --- for the files of this layer ----------------------------------------- */

enum {
	EMAIL_CHANGE_LIFE_S = 48 * 3600,
	EMAIL_UNDO_LIFE_S = 7 * 24 * 3600
};

/* A mail to an address of *user; by name when it is the account's and proven. */
void email_order(struct mail_order *order, const char *template,
    const struct user *user, struct str to);

/* In a transaction. Who has the address and has proven it or has ever signed in keeps it:
 * RC_ACCOUNT_EXISTS. An account that was only typed in goes, as it does when a
 * provider vouches for the address. */
enum rc email_make_room(struct app *app, struct store *store,
    struct arena *arena, const struct actor *actor, const struct user *user,
    struct str email, struct err *err) must_use;

/* In a transaction: whatever change was asked for, it is void, and its link too. */
enum rc email_drop_pending(struct app *app, struct store *store,
    struct arena *arena, const struct actor *actor, struct str user_id,
    struct err *err) must_use;

/* In a transaction: links to the account by what was its address are void. Those that
 * take a change back are not: who changes the address twice would be rid of them. */
enum rc email_void_links(struct store *store, struct arena *arena,
    struct str user_id, struct err *err) must_use;

#endif
