/*
 * generations.h - making pictures: further ones, refinements, and how it goes.
 */
#ifndef BEZEL_APP_GENERATIONS_H
#define BEZEL_APP_GENERATIONS_H

#include "app/app.h"
#include "app/idem.h"

struct body_generation;
struct body_refinement;

struct app_generation {
	struct str id;
	struct str doc;		/* a job, as BSON */
	int64_t position;	/* in the queue, or -1 */
	int64_t updated_at_ms, revision;
	struct quota quota;	/* after a charge; limit 0: not known */
};

/* More pictures of a design, with overrides. */
enum rc app_generation_create(struct app *app, struct arena *arena,
    const struct actor *actor, struct str design_id,
    const struct body_generation *body, const struct idem *idem,
    struct app_generation *ret_generation, struct err *err) must_use;

/* A changed version of one picture. */
enum rc app_refinement_create(struct app *app, struct arena *arena,
    const struct actor *actor, struct str design_id,
    const struct body_refinement *body, const struct idem *idem,
    struct app_generation *ret_generation, struct err *err) must_use;

enum rc app_generation_get(struct app *app, struct arena *arena,
    const struct actor *actor, struct str id,
    struct app_generation *ret_generation, struct err *err) must_use;

/* All of a design that are remembered (a week after their end), newest first,
 * older than after_id (null: from the newest). */
enum rc app_generation_list(struct app *app, struct arena *arena,
    const struct actor *actor, struct str design_id, struct str after_id,
    int limit, struct str *ret_docs, size_t *ret_n, struct err *err) must_use;

/* Stops what has not ended; pictures that are there stay. What waits in the queue
 * has ended when this returns, what runs is ended by its worker. */
enum rc app_generation_cancel(struct app *app, struct arena *arena,
    const struct actor *actor, struct str id, const struct idem *idem,
    struct app_generation *ret_generation, struct err *err) must_use;

/* Tries the pictures again that did not come. Free, unless the charge had been
 * given back: then it is taken again. */
enum rc app_generation_retry(struct app *app, struct arena *arena,
    const struct actor *actor, struct str id, const struct idem *idem,
    struct app_generation *ret_generation, struct err *err) must_use;

#endif
