/*
 * migrate.h - the server's collections against the rows.
 *
 * Validators are `moderate` with action `error`: a document that is bad already
 * can still be trashed. Applying twice changes nothing, and the second time reads no
 * collection. Counting documents and building indexes of large ones takes minutes: the
 * store should have a command_timeout_ms for that.
 */
#ifndef BEZEL_STORE_MIGRATE_H
#define BEZEL_STORE_MIGRATE_H

#include "base/buf.h"
#include "store/store.h"

enum migrate_mode {
	MIGRATE_PLAN,	/* say what apply would do, and count what it would refuse */
	MIGRATE_APPLY,
	MIGRATE_CHECK	/* only whether there is anything to do */
};

/* Lines for people go to report. *ret_changes: collections that differ. */
enum rc store_migrate(struct store *store, struct arena *arena,
    enum migrate_mode mode, struct buf *report, int *ret_changes,
    struct err *err) must_use;

/* Whether every collection has been applied as the rows are: one read. */
enum rc store_migrated(struct store *store, struct arena *arena,
    bool *ret_current, struct err *err) must_use;

#endif
