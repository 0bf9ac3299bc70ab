/*
 * url.h - percent-encoding (RFC 3986), queries and paths.
 *
 * Decoding happens once and strictly: what is not printable ASCII, a '%'
 * without two hexadecimal digits, NUL and bad UTF-8 (overlong forms among it)
 * are refused. So what comes out is always valid UTF-8 without NUL.
 */
#ifndef BEZEL_CODEC_URL_H
#define BEZEL_CODEC_URL_H

#include "base/buf.h"
#include "codec/pairs.h"

enum {
	URL_PARAMS_MAX = 32,	/* of a query or form */
	URL_PARTS_MAX = 16,	/* of a path */
	URL_PART_MAX = 1024	/* bytes of one part of a path, decoded */
};

enum url_flags {
	URL_PLUS_IS_SPACE = 1 << 0	/* in queries and forms */
};

must_use bool url_decode(struct arena *arena, struct str text,
    enum url_flags flags, struct str *ret_text);

/* Everything but A-Z a-z 0-9 - . _ ~ becomes %XX, so the result may stand in
 * a path segment and in a query. */
void buf_add_url(struct buf *buf, struct str text);
struct str url_encode(struct arena *arena, struct str text);

/* Adds "?name=value", or with '&' when the link has a query already. */
void buf_add_param(struct buf *buf, const char *name, struct str value);

/* name=value&name=value (the WHATWG form, strictly): '+' is a space, empty
 * pieces are skipped, a name without '=' has the value "". A name that is empty
 * or comes twice is refused, as are more than URL_PARAMS_MAX: with code
 * RC_BAD_QUERY and the parameter in err->faults. */
must_use enum rc url_query(struct arena *arena, struct str query,
    struct pairs *ret_params, struct err *err);

/* The same for any text of that form and another code: for form.c. */
must_use enum rc url_pairs(struct arena *arena, struct str text, enum rc code,
    struct pairs *ret_params, struct err *err);

struct url_path {
	struct str parts[URL_PARTS_MAX];
	size_t n;
};

/* "/v1/designs" -> "v1", "designs", each decoded; "/" has none. False for what
 * can name nothing of ours: bad encoding, an empty part (so a slash at the end
 * too), "." and "..", a part with '/' or '\' in it, too many parts. */
must_use bool url_path_split(struct arena *arena, struct str path,
    struct url_path *ret_path);

#endif
