/*
 * ending.h - how a generation ends, whoever ends it: the worker that is done with
 * its last slot, or the user who stops it before a worker has begun.
 */
#ifndef BEZEL_APP_ENDING_H
#define BEZEL_APP_ENDING_H

#include "app/app.h"

struct job;

/* The reason of a slot that the user stopped, and the same for people. */
#define ENDING_STOPPED "cancelled"
#define ENDING_STOPPED_MESSAGE "You stopped it."

/* In a transaction of whoever holds the lease `token`: the job gets the status
 * that its slots (none of them open) give it, the design waits for it no longer,
 * and what was charged goes back when no picture has landed. RC_CONFLICT when the
 * lease is lost. */
enum rc ending_write(struct app *app, struct arena *arena, const struct job *job,
    struct str token, struct err *err) must_use;

/* After the commit: a line in the log. */
void ending_log(const struct job *job);

#endif
