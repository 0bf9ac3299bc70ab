/*
 * designs.h - designs of their owner: make, read, list, change, trash, purge.
 */
#ifndef BEZEL_APP_DESIGNS_H
#define BEZEL_APP_DESIGNS_H

#include "app/app.h"
#include "app/idem.h"
#include "store/designs.h"

struct json_value;
struct design;

/* A design as it is shown: the stored documents, as BSON. */
struct app_design {
	struct str id;
	struct str doc;
	struct str generation;	/* of a generation on its way, or null */
	int64_t position;	/* of that in the queue, or -1 */
	int64_t updated_at_ms;	/* TIME_NULL when the stored one is no time */
	int64_t revision;	/* of the generation */
	struct quota quota;	/* after a charge; limit 0: not known */
};

/* body has been decoded. One transaction: quota, design, job. */
enum rc app_design_create(struct app *app, struct arena *arena,
    const struct actor *actor, struct design *body, const struct idem *idem,
    struct app_design *ret_design, struct err *err) must_use;

/* One of several that are to be made by one transaction. */
struct app_creation {
	struct arena *arena;		/* of its request */
	const struct actor *actor;
	struct design *body;
	const struct idem *idem;
	enum { CREATION_ALONE, CREATION_MADE, CREATION_UNKNOWN } state;
	struct app_design design;	/* made */
};

/* Makes those that can be made together: all of them or none. The others are to be made
 * by app_design_create(), which nothing stands in the way of: ALONE. When nobody knows
 * whether they were made, err says so, and they are not to be tried again: UNKNOWN. */
void app_designs_create_together(struct app *app, struct arena *arena,
    struct app_creation *creations, size_t n, struct err *err);

enum rc app_design_get(struct app *app, struct arena *arena,
    const struct actor *actor, struct str id, struct app_design *ret_design,
    struct err *err) must_use;

/* Several designs are about to be asked for, each by one who may or may not have it:
 * they are read by one command. app_designs_forget_ahead() comes before arena's end. */
enum rc app_designs_read_ahead(struct app *app, struct arena *arena,
    const struct str *ids, size_t n, struct err *err) must_use;
void app_designs_forget_ahead(struct app *app);

enum rc app_design_list(struct app *app, struct arena *arena,
    const struct actor *actor, const struct designs_query *query,
    struct str *ret_docs, size_t *ret_n, struct err *err) must_use;

/* if_match is an updated_at, or TIME_NULL. RC_PRECONDITION when it has changed. */
enum rc app_design_edit(struct app *app, struct arena *arena,
    const struct actor *actor, struct str id, int64_t if_match_ms,
    const struct json_value *patch, struct app_design *ret_design,
    struct err *err) must_use;

enum rc app_design_select(struct app *app, struct arena *arena,
    const struct actor *actor, struct str id, int64_t if_match_ms,
    struct str image_id, struct app_design *ret_design,
    struct err *err) must_use;

/* To the trash, from the trash, and away with its pictures. */
enum rc app_design_trash(struct app *app, struct arena *arena,
    const struct actor *actor, struct str id, int64_t if_match_ms,
    struct err *err) must_use;
enum rc app_design_restore(struct app *app, struct arena *arena,
    const struct actor *actor, struct str id, int64_t if_match_ms,
    struct app_design *ret_design, struct err *err) must_use;
enum rc app_design_purge(struct app *app, struct arena *arena,
    const struct actor *actor, struct str id, int64_t if_match_ms,
    struct err *err) must_use;

#endif
