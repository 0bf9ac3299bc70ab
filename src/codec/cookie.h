/*
 * cookie.h - Cookie and Set-Cookie (RFC 6265).
 *
 * Browsers send the cookies of every program on the same host, so a pair that
 * is not cookie syntax is skipped and does no harm; what counts is that one of
 * ours is there exactly once.
 */
#ifndef BEZEL_CODEC_COOKIE_H
#define BEZEL_CODEC_COOKIE_H

#include "codec/pairs.h"

enum { COOKIES_MAX = 64, COOKIES_MAX_BYTES = 8192 };

/* All Cookie headers of a request; names and values are slices of them. More
 * than the two limits is RC_MALFORMED. */
must_use enum rc cookie_parse(struct arena *arena, const struct str *headers,
    size_t n, struct pairs *ret_cookies, struct err *err);

/* Null when there is none; RC_MALFORMED when there are two, since the order
 * of equal names says nothing (RFC 6265, 4.2.2). */
must_use enum rc cookie_get(const struct pairs *cookies, struct str name,
    struct str *ret_value, struct err *err);

enum cookie_flags {
	COOKIE_SECURE = 1 << 0,
	COOKIE_HTTP_ONLY = 1 << 1,
	COOKIE_STRICT = 1 << 2		/* SameSite=Strict instead of Lax */
};

struct cookie {
	struct str name, value, path;
	int64_t max_age_s;		/* 0 removes it at once */
	enum cookie_flags flags;
};

/* The value of a Set-Cookie header. Name, value and path must be of cookie
 * syntax, and the rules of __Host- and __Secure- kept: anything else is a
 * mistake of the caller and ends the process. */
struct str cookie_set(struct arena *arena, const struct cookie *cookie);

#endif
