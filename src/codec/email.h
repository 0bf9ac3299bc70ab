/*
 * email.h - e-mail addresses in the one form in which they are stored and compared.
 *
 * Trimmed, the domain in ASCII (IDNA 2008, UTS #46 mapping) and lower case, the local
 * part lower case: "Anna@Bücher.example" is "anna@xn--bcher-kva.example". What RFC
 * 5321 allows but nobody uses (quoted local parts, address literals, local parts
 * beyond ASCII) is refused, and with it whatever could become an SMTP command.
 */
#ifndef BEZEL_CODEC_EMAIL_H
#define BEZEL_CODEC_EMAIL_H

#include "base/arena.h"

enum { EMAIL_MAX = 254, EMAIL_LOCAL_MAX = 64 };	/* bytes, RFC 5321 4.5.3.1 */

/* False when it is no address; *ret_email belongs to arena. */
bool email_normalize(struct arena *arena, struct str text, struct str *ret_email);

#endif
