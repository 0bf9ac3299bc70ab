/*
 * mime.h - text in 7-bit lines: quoted-printable bodies and encoded-words.
 */
#ifndef BEZEL_MAIL_MIME_H
#define BEZEL_MAIL_MIME_H

#include "base/buf.h"
#include "base/err.h"

enum {
	MIME_LINE_MAX = 76,	/* RFC 2045, 6.7 (5) and RFC 2047, 2 */
	MIME_WORD_MAX = 75	/* of an encoded-word, RFC 2047, 2 */
};

/* RFC 2045, 6.7. Lines of text end with \n, those written with CRLF; at the end
 * of text the line is ended too. \r is a byte like others: callers refuse it. */
void mime_add_quoted_printable(struct buf *buf, struct str text);

/* RFC 2047, 4.1 ("B"): words of whole characters, a line each. text is valid
 * UTF-8; column is where the line stands that the first word goes into. Returns
 * the column behind the last. */
size_t mime_add_words(struct buf *buf, size_t column, struct str text);

/* Whether text may stand in a header as it is: printable ASCII that is no
 * encoded-word and fits into the line. */
must_use bool mime_is_plain(size_t column, struct str text);

#endif
