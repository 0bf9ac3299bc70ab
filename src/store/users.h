/*
 * users.h - the collection `users`.
 */
#ifndef BEZEL_STORE_USERS_H
#define BEZEL_STORE_USERS_H

#include "store/store.h"

struct user;

/* RC_CONFLICT: the e-mail address is taken. */
enum rc users_insert(struct store *store, struct arena *arena,
    const struct user *user, struct err *err) must_use;

/* Disabled or not; RC_NOT_FOUND. ret_doc may be NULL. */
enum rc users_get(struct store *store, struct arena *arena, struct str id,
    struct user *ret_user, struct str *ret_doc, struct err *err) must_use;
enum rc users_by_email(struct store *store, struct arena *arena,
    struct str email, struct user *ret_user, struct err *err) must_use;

/* Sets the members of `set` (BSON of a document with top-level keys) when the stored
 * updated_at is if_match_ms (TIME_NULL: whatever it is) and the account is not
 * disabled; else RC_NOT_FOUND. updated_at rises. */
enum rc users_set(struct store *store, struct arena *arena, struct str id,
    int64_t if_match_ms, struct str set, struct str *ret_doc,
    struct err *err) must_use;

/* A new sealed password, which only a proven address may bring: RC_NOT_FOUND when the
 * account has another address now, or is disabled. */
enum rc users_set_password(struct store *store, struct arena *arena,
    struct str id, struct str email, struct str sealed,
    struct err *err) must_use;

/* The same by somebody who has shown the password of *user, as it was read: when that
 * is not the stored one any more, RC_CREDENTIALS. */
enum rc users_replace_password(struct store *store, struct arena *arena,
    const struct user *user, struct str sealed, struct err *err) must_use;

/* No password any more, unless the address is confirmed. */
enum rc users_void_password(struct store *store, struct arena *arena,
    struct str id, struct err *err) must_use;

/* What the address of a user who leaves becomes (users_close). */
struct str users_freed_email(struct arena *arena, struct str id);

/* The address is proven, if it is still that. */
enum rc users_verify_email(struct store *store, struct arena *arena,
    struct str id, struct str email, struct err *err) must_use;

/* An account that nobody ever signed in to, with an address that nobody has confirmed:
 * somebody typed both, and another has proven the address. *ret_removed is 0 when it is
 * none of those (any more). */
enum rc users_remove_unconfirmed(struct store *store, struct arena *arena,
    struct str id, struct str email, int64_t *ret_removed,
    struct err *err) must_use;

/* Such accounts, made before before_ms, by rising id behind after_id ("" at first). */
enum rc users_unconfirmed(struct store *store, struct arena *arena,
    int64_t before_ms, struct str after_id, int limit, struct user *ret_users,
    size_t *ret_n, struct err *err) must_use;

/* In a transaction about the ways into an account: of two at once one waits for the
 * other, because both write here. unname: the name goes too. Disabled or not;
 * RC_NOT_FOUND. */
enum rc users_note(struct store *store, struct arena *arena, struct str id,
    bool unname, struct err *err) must_use;

/* In the transaction that begins a session: last_login_at rises to now_ms if the
 * account is as it was read (not disabled, the same password); else RC_CREDENTIALS. */
enum rc users_signed_in(struct store *store, struct arena *arena,
    const struct user *user, int64_t now_ms, struct err *err) must_use;

/* last_login_at rises to now_ms. */
enum rc users_logged_in(struct store *store, struct arena *arena, struct str id,
    int64_t now_ms, struct err *err) must_use;

/* Designs that a guest had made are this user's from now on. */
enum rc users_add_designs(struct store *store, struct arena *arena,
    struct str id, int64_t count, struct err *err) must_use;

/* --- another address (users-email.c) ------------------------------------- */

/* An address that a link was sent to, until when it holds; in the place of an earlier
 * one. RC_NOT_FOUND: there is no such account, or it is disabled. */
enum rc users_set_pending_email(struct store *store, struct arena *arena,
    struct str id, struct str email, int64_t until_ms,
    struct err *err) must_use;

/* None any more; *ret_dropped is false when there was none. */
enum rc users_drop_pending_email(struct store *store, struct arena *arena,
    struct str id, bool *ret_dropped, struct err *err) must_use;

/* The address of an account becomes `email`, if it is still that of *user as it was
 * read. CONFIRMED: it is the pending one, and proven. RESTORED: it is proven, and the
 * password goes. SET: it is not proven; also of a disabled account. RC_NOT_FOUND;
 * RC_CONFLICT: another account has it. No address is pending afterwards. */
enum users_email_how { USERS_EMAIL_CONFIRMED, USERS_EMAIL_RESTORED,
	USERS_EMAIL_SET };
enum rc users_put_email(struct store *store, struct arena *arena,
    const struct user *user, struct str email, enum users_email_how how,
    struct err *err) must_use;

/* Forgets pending addresses whose link does not hold any more. */
enum rc users_forget_pending(struct store *store, struct arena *arena,
    int64_t now_ms, int64_t *ret_changed, struct err *err) must_use;

/* --- administration (users-admin.c) -------------------------------------- */

/* Sets the members of `set`, as users_set(), of an account that may be disabled. */
enum rc users_administer(struct store *store, struct arena *arena,
    struct str id, struct str set, struct err *err) must_use;

/* Newest first; by address when there is a prefix, in lower case. */
struct users_query {
	struct str email_prefix;	/* or null */
	const char *tier;		/* what holds at now_ms, or NULL */
	bool disabled;			/* only those */
	int limit;
};
enum rc users_list(struct store *store, struct arena *arena,
    const struct users_query *query, int64_t now_ms, struct str *ret_docs,
    size_t *ret_n, struct err *err) must_use;

/* Who has a confirmed address, is not disabled and wants a list ("new_features"), by
 * rising id, behind after_id (null: from the first). */
enum rc users_wanting(struct store *store, struct arena *arena, const char *list,
    struct str after_id, int limit, struct user *ret_users, size_t *ret_n,
    struct err *err) must_use;

/* --- leaving ------------------------------------------------------------- */

/* Turns one list of mail off (a word of the set mail_list); nothing happens when it is
 * off, or there is no such account. */
enum rc users_unsubscribe(struct store *store, struct arena *arena,
    struct str id, struct str list, struct err *err) must_use;

/* Nobody signs in any more, and the address is free: it becomes `email`, password, name
 * and photo null. RC_NOT_FOUND when the account is disabled already. */
enum rc users_close(struct store *store, struct arena *arena, struct str id,
    struct str email, struct err *err) must_use;
enum rc users_remove(struct store *store, struct arena *arena, struct str id,
    struct err *err) must_use;

/* --- quota (users-charge.c) ---------------------------------------------- */

enum users_charge_kind { CHARGE_DESIGN, CHARGE_GENERATION, CHARGE_REFINEMENT };

/* What a tier allows. A generation counts as a design here. */
struct users_limits {
	int64_t designs_month, designs_day, refinements_month, refinements_day;
};

/* In one conditional update: the account is not disabled, and under the limits of its
 * tier today and this month (the server's, UTC); counts one. RC_NO_SESSION, RC_QUOTA.
 * *ret_user has only usage_stats and subscription, also with RC_QUOTA. */
enum rc users_charge(struct store *store, struct arena *arena, struct str id,
    enum users_charge_kind kind, const struct users_limits *free,
    const struct users_limits *premium, struct user *ret_user,
    struct err *err) must_use;

/* The same of n different accounts by one command, and one that reads them: RC_QUOTA when
 * not all of them may. The transaction is to end then, for others of them have been
 * charged. */
enum rc users_charge_all(struct store *store, struct arena *arena,
    const struct str *ids, size_t n, enum users_charge_kind kind,
    const struct users_limits *free, const struct users_limits *premium,
    struct user *ret_users, struct err *err) must_use;

/* Gives one back where the counters are still of that day ("2026-11-22") or month. */
enum rc users_give_back(struct store *store, struct arena *arena, struct str id,
    enum users_charge_kind kind, const char *day, struct err *err) must_use;

/* Sets counters of an earlier month and day to 0: reads and charges do not need it. */
enum rc users_tidy_usage(struct store *store, struct arena *arena, int limit,
    int64_t *ret_changed, struct err *err) must_use;

#endif
