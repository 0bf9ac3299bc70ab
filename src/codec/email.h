/*
 * email.h - e-mail addresses, and the one form in which they are stored and compared.
 *
 * An address is what every relay takes without extensions: the dot-atom form of
 * RFC 5321, 4.1.2, in ASCII. Neither quoted local parts nor SMTPUTF8: libcurl
 * before 8.21 writes an envelope address as it is, so one with CR and LF in it
 * would be a second recipient.
 *
 * The one form: trimmed, lower case, the domain in ASCII (IDNA 2008, UTS #46
 * mapping): "Anna@Bücher.example" is "anna@xn--bcher-kva.example".
 */
#ifndef BEZEL_CODEC_EMAIL_H
#define BEZEL_CODEC_EMAIL_H

#include "base/arena.h"

enum { EMAIL_MAX = 254, EMAIL_LOCAL_MAX = 64 };	/* bytes, RFC 5321 4.5.3.1 */

/* local@domain: no spaces, controls, brackets or quotes, one @, EMAIL_MAX bytes at
 * most. The domain may be one label ("localhost"): a relay's own matter. */
bool email_is(struct str address);

/* False when it is no address of the public net, whose domain has two labels at
 * least; *ret_email belongs to arena. */
bool email_normalize(struct arena *arena, struct str text, struct str *ret_email);

#endif
