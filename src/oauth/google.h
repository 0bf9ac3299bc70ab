/*
 * google.h - Google, by OpenID Connect: discovery, code flow with PKCE, ID token.
 *
 * The issuer is the only address that is configured. Its discovery document and its
 * keys are fetched when they are first needed and kept as long as Cache-Control
 * says, five minutes at least and a day at most; a day after they were fetched they
 * are not used any more, whatever happens. While a fetch fails the old ones do, and
 * the next is tried a minute later. A kid that is not among the keys makes them be
 * fetched again, at most once a minute.
 *
 * Nothing here is Google's alone but the second spelling of its issuer: any OpenID
 * provider with client_secret_post and RS256 or ES256 may take its place.
 */
#ifndef BEZEL_OAUTH_GOOGLE_H
#define BEZEL_OAUTH_GOOGLE_H

#include "oauth/oauth.h"

struct net;

/* All of it must live as long as process_arena. */
struct google_options {
	/* https, or http on a loopback address, which net must allow. */
	struct str issuer;
	struct str client_id, client_secret;
	struct str prompt;		/* null: the parameter is left out */
};

/* net lives longer than process_arena. */
void google_open(struct arena *process_arena, struct net *net,
    const struct google_options *options, struct oauth *oauth);

#endif
