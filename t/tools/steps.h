/*
 * steps.h - what the files of t/tools/steps share: a run, and the scenarios.
 *
 * A scenario prepares what has to be there (with parts that do not fail), and
 * is then run with parts of which one fails. Scenarios that belong together are
 * a file with a table; steps.c knows the tables. What a function finds wrong with
 * the test itself ends the program (complain()).
 */
#ifndef T_TOOLS_STEPS_H
#define T_TOOLS_STEPS_H

#include "app/app.h"
#include "app/idem.h"
#include "crypt/share-token.h"
#include "schema/documents.h"
#include "store/db.h"

enum { TRIES_MAX = 40 };

/* What a user of one run keeps, over a process that dies as well. */
struct run {
	char session[37], address[40], design[37], make_key[37], refine_key[37],
	    user[37], folder[37], cookie[200], link[200],
	    token[SHARE_TOKEN_CHARS + 1];
	int n, calls, tries, done;
	bool fired, stuck;
	char where[800];		/* of what did not come to its end */
};

struct scenario {
	const char *name;		/* NULL ends a table */
	void (*prepare)(struct app *clean, struct run *run);	/* or NULL */
	void (*run)(struct app *app, struct app *clean, struct run *run,
	    bool hangs);
};
extern const struct scenario scenarios_designs[], scenarios_joining[],
    scenarios_folders[], scenarios_leaving[], scenarios_sharing[],
    scenarios_email[];

extern const char long_ago[];		/* a date, as MongoDB's JSON writes it */

void complain(const char *what, const struct err *err)
    __attribute__((noreturn));
void copy(char *to, size_t room, struct str s);

/* As a script of provider/flaky.h says; "": as it should. */
void open_provider(struct arena *arena, struct app *app, const char *script);

/* Who asks in this run, as guest or as member. */
struct actor actor_of(struct arena *arena, const struct run *run);
struct actor member_of(struct arena *arena, const struct run *run);

/* The Idempotency-Key of a POST, as the guards take it. */
struct idem_ask ask_of(const struct actor *actor, struct str path,
    const char *key);
enum rc take_key(struct app *app, struct arena *arena, const struct actor *actor,
    struct str path, const char *key, struct idem *ret_idem, struct err *err);

/* Looks at and changes what is stored. */
bool any(struct app *clean, struct arena *arena, const char *collection,
    const bson_t *filter);
void set_all(struct app *clean, struct arena *arena, const char *collection,
    const bson_t *filter, const bson_t *update);

/* The run's jobs with such a status: its design's, or its account's. */
bson_t *jobs_of(struct arena *arena, const struct run *run,
    const char *status);

/* What waits is due, what is leased has run out. */
void pass_time(struct app *clean, struct arena *arena, const struct run *run);

/* A request's body; that of a design with two variations. */
void decode(struct arena *arena, const struct doc *table, const char *text,
    void *body);
void decode_design(struct arena *arena, struct design *design);

/* Again and again, as clients and schedulers do, until it is accepted. */
typedef enum rc step_fn(struct app *app, struct arena *arena, struct run *run,
    struct err *err);
void until_done(struct app *app, struct app *clean, struct run *run,
    step_fn *step, const char *name);

/* What the workers do, until none of the run's jobs is left. One that hangs is
 * told to leave after a while. */
void work_until_ended(struct app *app, struct app *clean, struct run *run,
    bool hangs);

/* A member with a design, an upload and pictures. */
void prepare_member(struct app *clean, struct run *run);

/* Steps of more than one scenario, or of another host. */
enum rc count_views(struct app *app, struct arena *arena, struct run *run,
    struct err *err);
enum rc run_orphans(struct app *app, struct arena *arena, struct run *run,
    struct err *err);
void prepare_made(struct app *clean, struct run *run);

#endif
