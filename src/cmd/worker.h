/*
 * worker.h - the processes of `bezel serve`.
 */
#ifndef BEZEL_CMD_WORKER_H
#define BEZEL_CMD_WORKER_H

#include "app/app.h"
#include "fcgi/fcgi.h"

enum worker_role {
	WORKER_WEB,		/* quick requests, kept connections */
	WORKER_SLOW,		/* slow ones, a connection each */
	WORKER_JOB,
	WORKER_SCHEDULER,	/* what is due each second or minute, and is over soon */
	WORKER_SWEEPER,		/* what may take minutes */
	WORKER_SHARES,		/* looks after what caches hold of links */
	WORKER_ROLE_COUNT
};

/* What the supervisor made before the fork. */
struct worker_context {
	const struct conf *conf;
	struct shared *shared;
	struct session_cache *sessions;
	struct fcgi_pulse *pulses;	/* one a process, as are the traces */
	struct app_trace *traces;
	int listen_fd, listen_slow_fd;
	int wake_send_fd, wake_receive_fd;
};

const char *worker_role_name(enum worker_role role);

/* Runs until SIGTERM; returns the exit status. number is that of the pulse and
 * the trace. */
int worker_run(const struct worker_context *context, enum worker_role role,
    int number);

/* Whether there is something to ask the provider: its service is another's, and jobs
 * run here. */
bool check_wanted(const struct conf *conf);
/* Asks, and logs "provider.check"; takes up to 15 s. */
void check_and_log(const struct conf *conf, struct shared *shared);

/* In a process of its own, which ends afterwards: check_and_log(). */
int worker_check(const struct worker_context *context);

/* Whether workers of each role could start with this configuration: opens all
 * their parts. To be called in a process that ends afterwards. */
enum rc worker_probe(const struct conf *conf, struct err *err) must_use;

#endif
