/*
 * cursor.h - pages of lists: from where, and where they go on.
 *
 * A cursor is opaque, base64url of "<payload>.<MAC>"; the MAC covers the
 * principal, the list and its filters, so a cursor of another list is refused
 * (400). filters: names of parameters, NULL at the end.
 */
#ifndef BEZEL_API_CURSOR_H
#define BEZEL_API_CURSOR_H

#include "api/call.h"

/* What the parameter `cursor` holds, or null without one. */
enum rc cursor_open(struct call *call, const char *const *filters,
    struct str *ret_payload, struct err *err) must_use;
struct str cursor_seal(struct call *call, const char *const *filters,
    struct str payload);
/* For what was asked for limit + 1 and is sorted by _id: cuts *n to limit; the cursor
 * of the next page, or null. */
struct str cursor_by_id(struct call *call, const char *const *filters,
    const struct str *docs, size_t *n, int limit);
/* A payload that is not understood. */
enum rc cursor_bad(struct err *err) must_use;

/* Further members of a document's object, or null. */
typedef struct str page_member(struct call *call, struct str doc);

/* The page: {"items":[...],"next_cursor":...} and Link: <...>; rel="next" (RFC
 * 8288). cursor is null on the last one, more may be NULL. */
void cursor_page(struct call *call, const struct doc *doc,
    const struct str *docs, size_t n, page_member *more, struct str cursor);

#endif
