/*
 * oauth.h - sign-in by another's word: Google (OpenID Connect), Facebook (OAuth).
 *
 * A struct oauth is opened once per process and lives until exit; a provider is on
 * when its driver was opened (google.h, facebook.h). One sign-in is two requests of
 * a browser: oauth_begin() gives the address to send it to, oauth_finish() turns
 * the code it came back with into an identity that every check has passed. Between
 * the two the caller keeps what a struct oauth_flow holds, bound to the browser,
 * for one use.
 *
 * Both may ask the provider and wait for it, so they belong on slow workers; they
 * end when three quarters of the time to the caller's deadline are over, after
 * OAUTH_MOST_MS at the latest. Answers are bounded, redirects are not followed.
 *
 * Errors: RC_NOT_FOUND (the provider is off), RC_SIGN_IN_UNAVAILABLE (no usable
 * answer, it may work later), RC_SIGN_IN_REFUSED (the provider does not take the
 * code: used, expired, another's), RC_SIGN_IN_INVALID (an answer that one of our
 * checks refuses), RC_INTERNAL (our own set-up: client id, secret, addresses).
 * err->detail is "<provider> <step>: <word>", then particulars; never a code, a
 * token or a secret. The words of each step stand in docs/operators.md.
 */
#ifndef BEZEL_OAUTH_OAUTH_H
#define BEZEL_OAUTH_OAUTH_H

#include "base/err.h"

struct oauth;

enum oauth_provider {
#define OAUTH_PROVIDER(name, word, title) OAUTH_##name,
#include "oauth/providers.def"
#undef OAUTH_PROVIDER
	OAUTH_PROVIDERS
};

enum {
	OAUTH_MOST_MS = 8000,
	OAUTH_CODE_MAX = 2048,		/* bytes; a longer one is refused unread */
	OAUTH_SUBJECT_MAX = 255,
	OAUTH_EMAIL_MAX = 254,		/* RFC 5321, 4.5.3.1.3 */
	OAUTH_NAME_MAX = 200,
	OAUTH_PICTURE_MAX = 2048
};

/* What both halves of a sign-in share. All of it is ours and must be there, also for
 * a provider that has no use for it. */
struct oauth_flow {
	struct str redirect_uri;	/* registered at the provider; the same twice */
	struct str state;		/* for begin: comes back beside the code */
	struct str nonce;		/* comes back within the ID token */
	struct str code_verifier;	/* RFC 7636: 43 to 128 of A-Z a-z 0-9 - . _ ~ */
	int64_t deadline_ms;		/* of the request, clock_mono_ms() */
};

/* issuer and subject together name a person for good; an e-mail does not. */
struct oauth_identity {
	struct str issuer, subject;
	struct str email;		/* null: not told */
	bool email_verified;		/* once, by the provider; never for Facebook */
	/* The provider itself gives out this address, so it is the person's still:
	 * Google with @gmail.com or a hosted domain. */
	bool email_authoritative;
	struct str name, picture_url;	/* null: not told; the URL is https */
};

/* "google", "facebook"; the other way round false when there is none. */
const char *oauth_word(enum oauth_provider provider);
const char *oauth_title(enum oauth_provider provider);
bool oauth_provider_of(struct str word, enum oauth_provider *ret_provider);

struct oauth *oauth_new(struct arena *process_arena);

/* The address belongs to arena. */
enum rc oauth_begin(struct oauth *oauth, struct arena *arena,
    enum oauth_provider provider, const struct oauth_flow *flow,
    struct str *ret_url, struct err *err) must_use;

/* code and iss as they came back, decoded; iss is null when it did not. */
enum rc oauth_finish(struct oauth *oauth, struct arena *arena,
    enum oauth_provider provider, const struct oauth_flow *flow, struct str code,
    struct str iss, struct oauth_identity *ret_identity, struct err *err) must_use;

/* What "error=" of a callback means. Its text is the browser's: not to be shown. */
enum oauth_return {
	OAUTH_CANCELLED,	/* the person did not want to */
	OAUTH_LATER,		/* the provider cannot at the moment */
	OAUTH_SETUP,		/* the provider does not take our request */
	OAUTH_UNKNOWN
};
enum oauth_return oauth_return_of(struct str error);

/* A request of the provider itself, signed with the secret that we share:
 * Facebook's callbacks for deletion and deauthorisation. */
struct oauth_signed {
	struct str issuer, subject;
	int64_t issued_at_s;
};

/* Nobody is asked. RC_NOT_FOUND: the provider is off or has no such requests;
 * RC_MALFORMED; RC_FORBIDDEN: not signed with our secret, by another algorithm, or not
 * for this moment. */
enum rc oauth_read_signed(struct oauth *oauth, struct arena *arena,
    enum oauth_provider provider, struct str signed_request,
    struct oauth_signed *ret_signed, struct err *err) must_use;

#endif
