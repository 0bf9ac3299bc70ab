/*
 * designs-change.h - the one way in which a design is changed, so that whoever keeps
 * what its link shows learns of each change that matters, and of no other.
 *
 * A change is what $set of an update by a pipeline takes: a document of keys (with dots)
 * and expressions. It is sent with updated_at, which rises in any case, and with
 * link_changed_at, which rises (by the server's clock) when the design has a link, or
 * gets one, and a member gets another value: any member but those that a table here
 * says no link shows. So a new member counts until somebody says that it does not.
 *
 * Besides this only counters, costs and tokens that are forgotten are written to designs.
 */
#ifndef BEZEL_STORE_DESIGNS_CHANGE_H
#define BEZEL_STORE_DESIGNS_CHANGE_H

#include "store/db.h"

/* Those that match: one, or with DB_MULTI all. ret_matched may be NULL. */
enum rc designs_change(struct store *store, struct arena *arena,
    const bson_t *filter, const bson_t *fields, enum db_update_flags flags,
    int64_t *ret_matched, struct err *err) must_use;

/* One; the document as it is afterwards, and RC_NOT_FOUND when nothing matched. */
enum rc designs_change_one(struct store *store, struct arena *arena,
    const bson_t *filter, const bson_t *fields, struct str *ret_doc,
    struct err *err) must_use;

#endif
