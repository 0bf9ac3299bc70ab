/*
 * jobs.h - the loops of job workers, of the scheduler, of the sweeper, and of who looks after links.
 */
#ifndef BEZEL_JOBS_JOBS_H
#define BEZEL_JOBS_JOBS_H

#include "app/app.h"

/* Works until *stop: a datagram on wake_fd, or two seconds, and it looks for
 * jobs again. Errors are logged and waited out. */
void jobs_run(struct app *app, int wake_fd, const volatile bool *stop);

/* Looks after what caches hold of links (app/share-watch.h), and whether this host's keys
 * of links are right (app/share-numbers.h), until *stop: in a process of its own, for a
 * sweep may take minutes. */
void jobs_watch(struct app *app, const volatile bool *stop);

/* Run what is due by the clock until *stop. What may take minutes is swept, so that what
 * is scheduled, counts and looks, is not late. */
void jobs_schedule(struct app *app, const volatile bool *stop);
void jobs_sweep(struct app *app, const volatile bool *stop);

#endif
