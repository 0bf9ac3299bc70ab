/*
 * oauth-http.h - for drivers of oauth.h only: one bounded exchange with a provider.
 */
#ifndef BEZEL_OAUTH_OAUTH_HTTP_H
#define BEZEL_OAUTH_OAUTH_HTTP_H

#include "codec/json.h"
#include "oauth/oauth-driver.h"

enum { OAUTH_REPLY_MAX = 64 * 1024 };

struct oauth_request {
	const char *step;		/* for err->detail */
	struct str url;
	struct str form;		/* null: GET, else POST of this */
	/* The address is the operator's and may be anywhere; else only a public one,
	 * see net.h. */
	bool configured;
};

struct oauth_reply {
	int status;
	struct str body;
	const struct json_value *json;	/* an object, or NULL */
	int64_t fresh_ms;		/* by Cache-Control and Age; -1: not told */
};

/* Any whole answer is RC_OK; the rest is RC_SIGN_IN_UNAVAILABLE with net's word
 * for it. The reply lives in call->scratch. */
enum rc oauth_exchange(struct oauth_call *call, const struct oauth_request *request,
    struct oauth_reply *ret_reply, struct err *err) must_use;

/* Adds "&name=value"; the text begins with a '?' then, which oauth_form() drops. */
struct str oauth_form(const struct buf *buf);

/* RFC 7636, 4.2: the S256 challenge of a verifier. */
struct str oauth_challenge(struct arena *arena, struct str verifier);

/* How long an answer may be kept (RFC 9111): max-age less Age; -1 without it, 0 for
 * no-store and no-cache. Both may be null. */
int64_t oauth_fresh_ms(struct str cache_control, struct str age);

/* Members of an answer, leniently: another type reads as "not told". */
struct str oauth_get_str(const struct json_value *object, const char *name);
/* A string, or a whole number as its digits. */
struct str oauth_get_id(struct arena *arena, const struct json_value *object,
    const char *name);
bool oauth_get_int(const struct json_value *object, const char *name,
    int64_t *ret_value);

/* A word of a provider as it may stand in a log: [a-z0-9_.-], at most 40 bytes;
 * otherwise "other". */
const char *oauth_plain_word(struct arena *arena, struct str word);

/* Personal things as they may be kept, or null: bounded, without controls. */
struct str oauth_email(struct arena *arena, struct str email);
struct str oauth_name(struct arena *arena, struct str name);
struct str oauth_picture(struct arena *arena, struct str url);

#endif
