/*
 * html.h - text for HTML.
 */
#ifndef BEZEL_CODEC_HTML_H
#define BEZEL_CODEC_HTML_H

#include "base/buf.h"

/* For text between tags and for attribute values in quotes of either kind, the
 * only two places where foreign text may stand (never in a script, a style, or
 * an attribute without quotes). & < > " ' become references; bad UTF-8,
 * controls other than tab and newline, and bidi overrides become U+FFFD. */
void buf_add_html(struct buf *buf, struct str text);
struct str html_escape(struct arena *arena, struct str text);

#endif
