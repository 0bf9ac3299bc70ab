/*
 * multipart.h - multipart/form-data (RFC 7578) of a body that is whole in memory.
 *
 * Strict: lines end in CRLF, nothing stands before the first boundary, only
 * CRLF after the last, and a body without its last boundary is malformed.
 * Names are given once. What comes out lives as long as body and arena both do.
 */
#ifndef BEZEL_CODEC_MULTIPART_H
#define BEZEL_CODEC_MULTIPART_H

#include "base/err.h"

enum {
	MULTIPART_PARTS_MAX = 16,
	MULTIPART_HEADERS_MAX = 8,	/* lines of one part */
	MULTIPART_LINE_MAX = 1024,	/* bytes of such a line */
	MULTIPART_NAME_MAX = 100,	/* bytes */
	MULTIPART_FILENAME_MAX = 255	/* bytes */
};

struct part {
	struct str name;
	struct str filename;	/* what the client says, or null; never a path of ours */
	struct str type;	/* its Content-Type as it stands there, or null */
	struct str data;
};

struct multipart {
	struct part *parts;
	size_t n;
};

/* content_type is the request's header. Another type is RC_MEDIA_TYPE, a
 * missing or impossible boundary RC_MALFORMED. */
must_use enum rc multipart_parse(struct arena *arena, struct str content_type,
    struct str body, struct multipart *ret_multipart, struct err *err);

/* Null when there is no part of that name. */
const struct part *multipart_get(const struct multipart *multipart,
    struct str name);

#endif
