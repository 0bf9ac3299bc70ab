/*
 * work.h - what a job worker does: claims a job and brings it to its end.
 *
 * A generation is driven slot by slot: all slots that are due run at once, each
 * picture lands as soon as it is there. Whatever kills the worker, the lease
 * runs out and another one goes on: slots that have landed stay, others are
 * called again. The order is: object first, then one transaction of job, design
 * and usage row.
 */
#ifndef BEZEL_APP_WORK_H
#define BEZEL_APP_WORK_H

#include "app/app.h"

/* Claims and works on one job; *ret_worked is false when there was none. An error
 * is the database's or the store's; the lease then runs out by itself. stop may
 * become true at any time: the job is given back then. */
enum rc app_work_once(struct app *app, struct arena *arena,
    const volatile bool *stop, bool *ret_worked, struct err *err) must_use;

#endif
