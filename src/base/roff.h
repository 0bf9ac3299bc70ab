/*
 * roff.h - what the printed pages of the manual have in common: mdoc(7) source.
 */
#ifndef BEZEL_BASE_ROFF_H
#define BEZEL_BASE_ROFF_H

#include "base/buf.h"

/* Date, title and version. */
void roff_add_head(struct buf *buf, const char *title, int section);

/* Words as they are, nothing in them is roff's: a line for each sentence, as
 * mdoc(7) wants it, without a newline at the end. */
void roff_add_text(struct buf *buf, struct str text);

#endif
