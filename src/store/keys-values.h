/*
 * keys-values.h - every sealed value of the database, one after the other. Nobody
 * outside of store/ includes it.
 *
 * Where they are comes from the rows (doc_sealed_paths()). Each collection is read in
 * the order of its _id, KEYS_BATCH documents a command, nothing but the sealed paths:
 * what is written meanwhile may be seen or not.
 */
#ifndef BEZEL_STORE_KEYS_VALUES_H
#define BEZEL_STORE_KEYS_VALUES_H

#include <bson/bson.h>

#include "store/store.h"

enum { KEYS_BATCH = 500 };

struct keys_value {
	const char *collection;
	const bson_iter_t *id;		/* stands on the document's _id */
	struct str path;		/* "webhooks.3.secret" */
	struct str sealed;
};

/* arena is that of the batch. What is not RC_OK ends the walk. */
typedef enum rc keys_value_fn(struct store *store, struct arena *arena,
    const struct keys_value *value, void *arg, struct err *err);

enum rc keys_each_value(struct store *store, keys_value_fn *fn, void *arg,
    struct err *err) must_use;

#endif
