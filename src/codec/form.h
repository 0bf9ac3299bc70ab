/*
 * form.h - application/x-www-form-urlencoded bodies: the rules are those of
 * queries (url.h).
 */
#ifndef BEZEL_CODEC_FORM_H
#define BEZEL_CODEC_FORM_H

#include "codec/pairs.h"

/* content_type is the request's header. Another type or a charset that is not
 * UTF-8 is RC_MEDIA_TYPE, a body against the rules RC_MALFORMED with the field
 * in err->faults. */
must_use enum rc form_parse(struct arena *arena, struct str content_type,
    struct str body, struct pairs *ret_fields, struct err *err);

#endif
