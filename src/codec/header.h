/*
 * header.h - values of headers with parameters (RFC 9110, section 5.6):
 *
 *	multipart/form-data; boundary="a b"; charset=utf-8
 */
#ifndef BEZEL_CODEC_HEADER_H
#define BEZEL_CODEC_HEADER_H

#include "codec/pairs.h"

enum { HEADER_PARAMS_MAX = 16 };

/* At least one character, all of them "tchar". */
bool header_is_token(struct str s);

/* What stands before the first ';' without the space around it (not checked
 * further), and the parameters, their names in lower case, quotes and
 * backslashes of values removed. A null text, a repeated parameter, control characters and
 * anything else that is not that syntax are refused. */
must_use bool header_parse(struct arena *arena, struct str text,
    struct str *ret_value, struct pairs *ret_params);

/* The token of an Authorization value "Bearer <token>" (RFC 6750, 2.1; the scheme in
 * any case): characters that are printable and no spaces. False for anything else. */
must_use bool header_bearer(struct str text, struct str *ret_token);

#endif
