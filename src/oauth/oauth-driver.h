/*
 * oauth-driver.h - for drivers of oauth.h only.
 *
 * A driver's own struct begins with a struct oauth_client. oauth.c has checked the
 * flow and the length of the code before it calls one.
 */
#ifndef BEZEL_OAUTH_OAUTH_DRIVER_H
#define BEZEL_OAUTH_OAUTH_DRIVER_H

#include "oauth/oauth.h"

struct net;
struct oauth_client;

/* One oauth_begin() or oauth_finish(). */
struct oauth_call {
	enum oauth_provider provider;
	struct net *net;
	struct arena *scratch;		/* wiped: holds codes and tokens */
	const struct oauth_flow *flow;
	int64_t until_ms;		/* clock_mono_ms() */
	int status;			/* HTTP, of the last answer; 0: none */
};

struct oauth_driver {
	/* ret_url may lie in scratch. */
	enum rc (*begin)(struct oauth_client *client, struct oauth_call *call,
	    struct str *ret_url, struct err *err) must_use;
	/* What ret_identity points at belongs to arena. */
	enum rc (*finish)(struct oauth_client *client, struct oauth_call *call,
	    struct arena *arena, struct str code, struct str iss,
	    struct oauth_identity *ret_identity, struct err *err) must_use;
	/* NULL: the provider sends no such requests. */
	enum rc (*read_signed)(struct oauth_client *client, struct oauth_call *call,
	    struct arena *arena, struct str text, struct oauth_signed *ret_signed,
	    struct err *err) must_use;
};

struct oauth_client {
	const struct oauth_driver *driver;
	struct net *net;
};

/* The provider is on from now on. */
void oauth_add(struct oauth *oauth, enum oauth_provider provider,
    struct oauth_client *client);

/* Fills err: the sentence is that of rc, the detail "<provider> <step>: <word>", and
 * the status of the last answer when that was not 200. */
enum rc oauth_fail(struct err *err, const struct oauth_call *call, enum rc rc,
    const char *step, const char *word);

#endif
