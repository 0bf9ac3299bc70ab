/*
 * identities.h - accounts of people whom a provider has named: which account an
 * identity opens, how one comes to be, and how an identity goes again.
 *
 * An identity is issuer and subject; an e-mail address is none. Accounts are never
 * merged because addresses are equal: an account that is in use gets another identity
 * from its owner alone, who is signed in. Nothing that a provider gives us for later
 * use (access tokens) is kept.
 */
#ifndef BEZEL_APP_IDENTITIES_H
#define BEZEL_APP_IDENTITIES_H

#include "app/sessions.h"
#include "oauth/oauth.h"

struct identity;

/* Whether the configuration offers it; any process may ask. */
bool app_provider_on(const struct conf *conf, enum oauth_provider provider);

/* Signs in whom the provider has named. Of somebody new with an address that the
 * provider has verified it makes an account. Without one *ret_pending is the value of a
 * cookie, and *ret_signed_in's token null: the person waits for provider-email.h.
 * device is the cookie of a browser that has signed in before, or null.
 * RC_ACCOUNT_EXISTS: the address is another account's, which is in use;
 * RC_ACCOUNT_DISABLED; RC_RATE. */
enum rc app_identity_sign_in(struct app *app, struct arena *arena,
    const struct actor *actor, enum oauth_provider provider,
    const struct oauth_identity *who, struct str device,
    struct signed_in *ret_signed_in, struct str *ret_pending,
    struct err *err) must_use;

/* From now on it opens the actor's account too. Linked already is linked.
 * RC_IDENTITY_TAKEN: it opens another one, or the account has one of this provider. */
enum rc app_identity_link(struct app *app, struct arena *arena,
    const struct actor *actor, enum oauth_provider provider,
    const struct oauth_identity *who, struct err *err) must_use;

enum { APP_IDENTITIES_MAX = 10 };
/* Also whether the account has a password. RC_NO_SESSION: the account has gone. */
enum rc app_identities_list(struct app *app, struct arena *arena,
    const struct actor *actor, struct str *ret_docs, size_t *ret_n,
    bool *ret_has_password, struct err *err) must_use;

/* One of the actor's; RC_NOT_FOUND. RC_LAST_WAY_IN: without a password the account
 * keeps one of a provider that is offered. */
enum rc app_identity_unlink(struct app *app, struct arena *arena,
    const struct actor *actor, struct str id, struct err *err) must_use;

/* What a person at a provider (its word) has wanted us to forget, by a request that the provider
 * has signed (RC_MALFORMED, RC_FORBIDDEN): the identity goes, what waits for an
 * address, and the name where it was the provider's; sessions end when no other way in
 * is left. The account stays: its address was proven to us, and by mail its owner gets
 * in. *ret_code is the same for each request of a person, known or not. */
enum rc app_provider_forget(struct app *app, struct arena *arena,
    const struct actor *actor, const char *provider,
    struct str signed_request, struct str *ret_code, struct err *err) must_use;

/* When that was; RC_NOT_FOUND. *ret_title is the provider's name. */
enum rc app_provider_forgotten(struct app *app, struct arena *arena,
    struct str code, int64_t *ret_done_ms, const char **ret_title,
    struct err *err) must_use;

/* --- for the files of this layer ----------------------------------------- */

/* A new account with its first identity. */
struct newcomer {
	struct app *app;
	const struct actor *actor;
	struct user *user;
	struct identity *identity;
	enum oauth_provider provider;
	struct user *replaces;	/* an unconfirmed one, or NULL */
};

/* Of app, actor and provider, which are set. email is normalized and proven; who's own
 * address is not looked at. */
void newcomer_fill(struct newcomer *n, struct arena *arena,
    const struct oauth_identity *who, struct str email);

/* Who has an address stands in the way of a newcomer (RC_ACCOUNT_EXISTS), or not:
 * nobody (NULL), or one who never came, whom the newcomer replaces. */
enum rc newcomer_look(struct app *app, struct arena *arena, struct str email,
    struct user **ret_replaces, struct err *err) must_use;

/* In a transaction. RC_CONFLICT: things have changed since newcomer_look(). */
enum rc newcomer_insert(struct newcomer *n, struct store *store,
    struct arena *arena, struct err *err) must_use;

/* Mail about the ways into an account; fit for a transaction. */
enum rc identity_mail(struct app *app, struct arena *arena, const char *template,
    const struct user *user, enum oauth_provider provider,
    struct err *err) must_use;

#endif
