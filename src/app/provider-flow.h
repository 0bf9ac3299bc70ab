/*
 * provider-flow.h - one sign-in with a provider: away to it, and back.
 *
 * What must be kept between the two is in a cookie of the browser, under a MAC: which
 * sign-in, of which provider, until when, where to go afterwards, whose account is to
 * be linked. State, nonce and the PKCE verifier are MACs of the sign-in's id, so none
 * of them is stored anywhere. To begin writes nothing. To come back writes the id into
 * `oauth_states` before the code is used: each sign-in comes back once.
 *
 * A browser is in one sign-in at a time: the last that it began.
 */
#ifndef BEZEL_APP_PROVIDER_FLOW_H
#define BEZEL_APP_PROVIDER_FLOW_H

#include "app/sessions.h"

enum { FLOW_LIFE_S = 600, FLOW_PATH_MAX = 300 };

/* An own path that a browser may be sent to after a sign-in: "/account?tab=1". */
bool flow_path_is(struct str path);

/* provider is its word. link: for the account of the actor, a member who has signed in
 * lately. return_to passes flow_path_is(). RC_NOT_FOUND: the provider is off;
 * RC_NO_SESSION, RC_FRESH_LOGIN of a link; oauth_begin()'s. */
enum rc app_flow_begin(struct app *app, struct arena *arena,
    const struct actor *actor, const char *provider, struct str return_to,
    bool link, struct str *ret_url, struct str *ret_cookie,
    struct err *err) must_use;

/* What a browser brought back; each may be null. */
struct flow_back {
	struct str cookie;		/* of app_flow_begin() */
	struct str device;		/* of a browser that has signed in before */
	struct str state, code, iss, error;
};

struct flow_end {
	bool ours;			/* the state is this browser's: its cookie goes */
	bool link;			/* it was to link an account */
	struct str return_to;		/* when ours */
	struct signed_in in;		/* its token null: nobody is signed in */
	struct str pending;		/* a cookie: an address is wanted */
};

/* ret_end is filled as far as it came, also on failure. RC_NOT_FOUND: the provider is
 * off; RC_SIGN_IN_STATE: not begun in this browser, too long ago, or over;
 * RC_SIGN_IN_CANCELLED; oauth_finish()'s and those of identities.h. */
enum rc app_flow_finish(struct app *app, struct arena *arena,
    const struct actor *actor, const char *provider, const struct flow_back *back,
    struct flow_end *ret_end, struct err *err) must_use;

/* Appends ["google",...]: what is offered. Any process may ask. */
void app_flow_providers_print(const struct app *app, struct buf *buf);

#endif
