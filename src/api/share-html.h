/*
 * share-html.h - the pages below /s/: a shared design, the form for its password, and
 * what is said instead. Only for api.
 *
 * HTML in one pass, whole without script. What people wrote is escaped here, once;
 * arguments are plain text. Everything constant is in share-style.c.
 */
#ifndef BEZEL_API_SHARE_HTML_H
#define BEZEL_API_SHARE_HTML_H

#include "app/shares.h"
#include "base/buf.h"

/* Of SHARE_OPEN or SHARE_UNLOCKED. Only the first tells other programs about itself:
 * canonical address, preview card, oEmbed. */
void share_html_page(struct buf *buf, struct str base_url,
    const struct share_view *view);

/* Of SHARE_LOCKED. fault says what was wrong with a password that was tried, or is
 * null. The form goes to the address of the page. */
void share_html_form(struct buf *buf, struct str fault);

/* Instead of a page. The same bytes for the same words. */
void share_html_message(struct buf *buf, struct str heading, struct str text);

/* What the pages hold inline, each without its tag; their policies allow these very
 * texts by their SHA-256 and no others. Only share_html_page() has the script. */
struct share_sheet {
	struct str style, policy;
};
extern const struct share_sheet share_sheet_page, share_sheet_form,
    share_sheet_note;
extern const struct str share_script;
/* Begins the hash of the page's style: changes when the look does. */
extern const struct str share_look_version;

#endif
