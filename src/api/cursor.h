/*
 * cursor.h - where a list goes on: opaque, and bound to its reader and filters.
 *
 * base64url of "<ms>.<id>.<MAC>"; the MAC covers the principal, all filters and
 * the sort, so a cursor of another list is refused (400).
 */
#ifndef BEZEL_API_CURSOR_H
#define BEZEL_API_CURSOR_H

#include "api/call.h"
#include "app/designs.h"

enum rc cursor_read(struct call *call, struct designs_query *query,
    struct err *err) must_use;
/* Null when that document's id is none. */
struct str cursor_make(struct call *call, const struct designs_query *query,
    struct str last_doc);
/* Link: <...>; rel="next" (RFC 8288). */
void cursor_link(struct call *call, struct str cursor);

#endif
