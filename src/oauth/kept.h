/*
 * kept.h - for drivers of oauth.h only: a provider's document, kept in this process.
 */
#ifndef BEZEL_OAUTH_KEPT_H
#define BEZEL_OAUTH_KEPT_H

#include "oauth/oauth-http.h"

enum {
	KEPT_LEAST_MS = 5 * 60 * 1000,		/* whatever Cache-Control says */
	KEPT_MOST_MS = 24 * 60 * 60 * 1000,	/* nothing is used for longer */
	KEPT_PAUSE_MS = 60 * 1000		/* between renewals that were not due */
};

enum kept_flags {
	KEPT_RENEW = 1 << 0	/* although it is fresh, unless that was done just now */
};

struct kept {
	struct arena *arena;
	struct str text;		/* null: nothing is kept */
	int64_t fresh_until_ms, until_ms;	/* clock_mono_ms() */
	int64_t renewed_ms;		/* by KEPT_RENEW; 0: never */
};

void kept_init(struct kept *kept);
void kept_done(struct kept *kept);

/* A word when the text is not one to keep, else NULL. */
typedef const char *kept_judge(struct arena *arena, struct str text, void *object);

/* The text is a copy in call->scratch. Fails only when there is none to use: a
 * fetch that fails leaves the old one in its place. */
enum rc kept_get(struct kept *kept, struct oauth_call *call,
    const struct oauth_request *request, kept_judge *judge, void *object,
    enum kept_flags flags, struct str *ret_text, struct err *err) must_use;

#endif
