/*
 * facebook.h - Facebook Login, by the plain flow: dialog, code, token, profile.
 *
 * There is no ID token: who it is says the Graph API. The token is inspected first
 * (debug_token), so that one made for another app is not taken, and the profile
 * must be of the person whom that names. An e-mail is often missing and never said
 * to be verified. The code is bound to the app secret; the flow knows no PKCE.
 */
#ifndef BEZEL_OAUTH_FACEBOOK_H
#define BEZEL_OAUTH_FACEBOOK_H

#include "oauth/oauth.h"

struct net;

/* The issuer of Facebook's identities, as in its own ID tokens. Ids are those of
 * one app. */
#define FACEBOOK_ISSUER "https://www.facebook.com"

/* All of it must live as long as process_arena. */
struct facebook_options {
	struct str app_id, app_secret;
	/* Without a slash at the end; https, or http on a loopback address, which net
	 * must allow. */
	struct str graph_url, dialog_url;
	struct str version;		/* "v25.0" */
};

/* net lives longer than process_arena. */
void facebook_open(struct arena *process_arena, struct net *net,
    const struct facebook_options *options, struct oauth *oauth);

/* The lower-case hexadecimal HMAC-SHA256 by which a call of the Graph API shows that
 * it knows the app secret. */
struct str facebook_proof(struct arena *arena, struct str app_secret,
    struct str access_token);

enum { FACEBOOK_SIGNED_MAX = 4096 };

/* A signed_request (see oauth_read_signed()): "<base64url(HMAC-SHA256)>.<base64url(
 * JSON)>". The text of the MAC is compared, in constant time and before anything is
 * decoded. NULL when it is good; else "size", "form", "signature" or, of what was
 * signed, "payload", "algorithm", "user_id", "issued_at", "expires". */
const char *facebook_read_signed(struct arena *arena, struct str app_secret,
    struct str text, int64_t now_s, struct oauth_signed *ret_signed) must_use;

#endif
