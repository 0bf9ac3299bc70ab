#include "config.h"

#include "cmd/cmd.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/session-cache.h"
#include "base/clock.h"
#include "base/log.h"
#include "cmd/open.h"
#include "cmd/worker.h"
#include "net/net.h"

/*
 * The supervisor. It owns the sockets and the shared memory, no database client,
 * and does three things: keeps as many workers as configured, replaces those
 * that die (with a growing delay) or hang, and passes signals on.
 */

enum {
	PROCESSES_MAX = 512,
	TICK_MS = 250,
	BACKLOG = 1024,
	DELAY_LEAST_MS = 100, DELAY_MOST_MS = 10000,
	STEADY_MS = 10000,		/* alive so long: its next death is a first one */
	DEATHS_FAILING = 3,
	HANG_MARGIN_MS = 5000,
	START_TIMES = 2,		/* a start may take so many times a request's time */
	PROBE_S = 5,
	GRACE_MS = 30000		/* for jobs; web workers drain in less */
};

struct process {
	pid_t pid;			/* 0: not running */
	enum worker_role role;
	bool leaving;			/* of the old configuration, or stopping */
	int64_t began_ms, start_at_ms, delay_ms;
	int deaths;			/* without a steady life between them */
	int64_t kill_at_ms;		/* when leaving */
};

struct supervisor {
	struct cmd *cmd;
	struct worker_context context;
	struct process processes[PROCESSES_MAX];
	int count;
	bool stopping;
	bool reload_waits;		/* until old processes have left */
	pid_t check;			/* asks the provider; 0: has ended */
};

#ifdef BEZEL_COVERAGE
void __gcov_dump(void);		/* gcc's and clang's; they have no header for it */
#endif

static void *
share(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static enum rc
make_context(struct supervisor *s, struct err *err)
{
	struct worker_context *c = &s->context;
	int pair[2];

	c->conf = s->cmd->conf;
	c->shared = shared_new();
	c->sessions = session_cache_new();
	c->pulses = share(PROCESSES_MAX * sizeof *c->pulses);
	c->traces = share(PROCESSES_MAX * sizeof *c->traces);
	if (c->pulses == NULL || c->traces == NULL
	    || socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) != 0)
		return err_set(err, RC_INTERNAL, "out of memory or descriptors");
	c->wake_send_fd = pair[0];
	c->wake_receive_fd = pair[1];
	if (fcgi_listen(c->conf->listen, BACKLOG, &c->listen_fd, err) != RC_OK)
		return err->rc;
	return fcgi_listen(c->conf->listen_slow, BACKLOG, &c->listen_slow_fd, err);
}

/* The end of a child: nothing of the supervisor's is run or flushed. */
static _Noreturn void
leave(int status)
{
#ifdef BEZEL_COVERAGE
	__gcov_dump();
#endif
	_exit(status);
}

/* The others have leases, and others to take over. */
static bool
has_pulse(enum worker_role role)
{
	return role == WORKER_WEB || role == WORKER_SLOW;
}

static void
spawn(struct supervisor *s, int i)
{
	struct process *p = &s->processes[i];
	pid_t parent = getpid(), pid;

	s->context.pulses[i] = (struct fcgi_pulse){
		.busy_since_ms = has_pulse(p->role) ? clock_mono_ms() : 0 };
	pid = fork();
	if (pid == 0) {
		/* When the supervisor goes, so do its workers. */
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != parent)
			leave(1);
		leave(worker_run(&s->context, p->role, i));
	}
	if (pid < 0) {
		p->start_at_ms = clock_mono_ms() + DELAY_MOST_MS;
		return;
	}
	p->pid = pid;
	p->began_ms = clock_mono_ms();
}

/* Asks the provider about key and models, once for each configuration, in a process
 * for which nobody waits and which is not replaced. */
static void
check_provider(struct supervisor *s)
{
	pid_t parent = getpid();

	if (s->check != 0)
		(void)kill(s->check, SIGKILL);
	s->check = 0;
	if (!check_wanted(s->context.conf))
		return;
	s->check = fork();
	if (s->check == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != parent)
			_exit(1);
		_exit(worker_check(&s->context));
	}
	if (s->check < 0)
		s->check = 0;
}

static int64_t
wanted(const struct conf *conf, enum worker_role role)
{
	switch (role) {
	case WORKER_WEB: return conf->web_workers;
	case WORKER_SLOW: return conf->slow_workers;
	case WORKER_JOB: return conf->job_workers;
	default: return 1;
	}
}

static bool
row_is_free(const struct supervisor *s, int i)
{
	return i >= s->count
	    || (s->processes[i].pid == 0 && s->processes[i].leaving);
}

static bool
rows_suffice(const struct supervisor *s, const struct conf *conf)
{
	int64_t n = 0;

	for (int role = 0; role < WORKER_ROLE_COUNT; role++)
		n -= wanted(conf, role);
	for (int i = 0; i < PROCESSES_MAX; i++)
		n += row_is_free(s, i);
	return n >= 0;
}

/* A row for each process of the configuration; old rows that have ended are
 * used again. */
static void
add_processes(struct supervisor *s)
{
	for (int role = 0; role < WORKER_ROLE_COUNT; role++)
		for (int64_t n = wanted(s->context.conf, role); n > 0; n--) {
			int i = 0;

			while (i < PROCESSES_MAX && !row_is_free(s, i))
				i++;
			if (i == PROCESSES_MAX)
				return;
			if (i == s->count)
				s->count++;
			s->processes[i] = (struct process){ .role = role };
			spawn(s, i);
		}
}

static void
died(struct supervisor *s, struct process *p, int status)
{
	int64_t lived = clock_mono_ms() - p->began_ms;

	p->pid = 0;
	if (p->leaving)
		return;
	metric_add(s->context.shared, METRIC_worker_restarts_total, 1);
	p->deaths = lived > STEADY_MS ? 1 : p->deaths + 1;
	p->delay_ms = p->deaths == 1 ? DELAY_LEAST_MS : p->delay_ms * 2;
	if (p->delay_ms > DELAY_MOST_MS)
		p->delay_ms = DELAY_MOST_MS;
	p->start_at_ms = clock_mono_ms() + p->delay_ms;
	log_event(LOG_ERROR, "worker.died", LOG_Z("worker",
	    worker_role_name(p->role)), LOG_INT("signal",
	    WIFSIGNALED(status) ? WTERMSIG(status) : 0), LOG_INT("status",
	    WIFEXITED(status) ? WEXITSTATUS(status) : 0),
	    LOG_INT("delay_ms", p->delay_ms), LOG_END);
}

static void
reap(struct supervisor *s)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == s->check)
			s->check = 0;
		for (int i = 0; i < s->count; i++)
			if (s->processes[i].pid == pid)
				died(s, &s->processes[i], status);
	}
}

/* Whether no process of that role lasts. Those that leave do not count. */
static bool
fails(const struct supervisor *s, enum worker_role role)
{
	int64_t steady = clock_mono_ms() - STEADY_MS;
	bool any = false;

	for (int i = 0; i < s->count; i++) {
		const struct process *p = &s->processes[i];

		if (p->role != role || p->leaving)
			continue;
		if (p->deaths < DEATHS_FAILING
		    || (p->pid != 0 && p->began_ms < steady))
			return false;
		any = true;
	}
	return any;
}

static void
tell_failing(struct supervisor *s)
{
	static const enum metric gauges[WORKER_ROLE_COUNT] = {
		[WORKER_WEB] = METRIC_web_failing,
		[WORKER_SLOW] = METRIC_uploads_failing,
		[WORKER_JOB] = METRIC_jobs_failing,
		[WORKER_SCHEDULER] = METRIC_scheduler_failing,
		[WORKER_SWEEPER] = METRIC_sweeper_failing,
		[WORKER_SHARES] = METRIC_shares_failing,
	};

	for (int role = 0; role < WORKER_ROLE_COUNT; role++) {
		bool now = fails(s, role);

		if (now == metric_get(s->context.shared, gauges[role]))
			continue;
		metric_set(s->context.shared, gauges[role], now);
		log_event(now ? LOG_ERROR : LOG_WARN, now ? "workers.failing"
		    : "workers.recovered", LOG_Z("worker",
		    worker_role_name(role)), LOG_END);
	}
}

/* A start asks the database as a request does, for what the process before it left,
 * and opens the parts besides. */
static bool
hangs(const struct supervisor *s, int i, int64_t now)
{
	const struct fcgi_pulse *pulse = &s->context.pulses[i];
	int64_t most = s->context.conf->request_deadline_ms + HANG_MARGIN_MS, busy;

	if (!pulse->serving)		/* looked at first: the end of a start sets it last */
		most *= START_TIMES;
	busy = pulse->busy_since_ms;
	return busy != 0 && now - busy > most;
}

/* Starts what is due, kills what hangs, repeats SIGTERM to those who leave (one
 * can be lost between libfcgi's test and its accept). */
static int
look_after(struct supervisor *s)
{
	int64_t now = clock_mono_ms();
	int alive = 0;

	for (int i = 0; i < s->count; i++) {
		struct process *p = &s->processes[i];

		if (p->pid == 0 && !p->leaving && now >= p->start_at_ms)
			spawn(s, i);
		if (p->pid == 0)
			continue;
		alive++;
		if (hangs(s, i, now)) {
			log_event(LOG_ERROR, "worker.hangs",
			    LOG_INT("worker_pid", p->pid), LOG_Z("doing",
			    s->context.pulses[i].serving ? "request" : "start"),
			    LOG_END);
			(void)kill(p->pid, SIGKILL);
		} else if (p->leaving) {
			(void)kill(p->pid, now >= p->kill_at_ms ? SIGKILL
			    : SIGTERM);
		}
	}
	metric_set(s->context.shared, METRIC_workers, alive);
	return alive;
}

static void
refuse_reload(const struct err *err)
{
	log_event(LOG_ERROR, "reload.refused", LOG_Z("message", err->message),
	    LOG_STR("at", err->faults == NULL ? STR_NULL
	    : err->faults->pointer), LOG_Z("detail", err->detail), LOG_END);
}

static void
leave_all(struct supervisor *s)
{
	for (int i = 0; i < s->count; i++) {
		if (!s->processes[i].leaving)
			s->processes[i].kill_at_ms = clock_mono_ms() + GRACE_MS;
		s->processes[i].leaving = true;
	}
}

/* Opens what the workers would open, in a process of its own: whatever it finds
 * (a secret that cannot be read, a program or a disk that is not there), the
 * workers that run now are not touched. */
static bool
probe(const struct conf *conf)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct err err;

		(void)alarm(PROBE_S);
		err_init(&err);
		if (worker_probe(conf, &err) == RC_OK)
			leave(0);
		refuse_reload(&err);
		leave(1);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* A broken configuration changes nothing. */
static void
reload(struct supervisor *s)
{
	struct conf *conf = arena_one(s->cmd->arena, struct conf);
	struct err err;
	char **words;

	err_init(&err);
	s->reload_waits = false;
	if (open_conf(s->cmd->arena, s->cmd->conf_argc, s->cmd->conf_argv, conf,
	    &words, &err) != RC_OK) {
		refuse_reload(&err);
		return;
	}
	if (!rows_suffice(s, conf)) {
		s->reload_waits = true;
		return;
	}
	if (!probe(conf))
		return;
	log_event(LOG_INFO, "reload", LOG_END);
	/* The sockets stay: other paths need a restart. */
	conf->listen = s->context.conf->listen;
	conf->listen_slow = s->context.conf->listen_slow;
	s->context.conf = conf;
	leave_all(s);
	add_processes(s);
	check_provider(s);
}

static void
take_signal(struct supervisor *s, int signal)
{
	if ((signal == SIGHUP || s->reload_waits) && !s->stopping) {
		reload(s);
	} else if (signal == SIGTERM || signal == SIGINT) {
		log_event(LOG_INFO, "stopping", LOG_END);
		s->stopping = true;
		leave_all(s);
	}
}

/* Until a worker is to be started, at most a tick: rounding up to a tick would
 * add a quarter of a second to each delay. */
static struct timespec
until_due(const struct supervisor *s)
{
	int64_t now = clock_mono_ms(), wait = TICK_MS;

	for (int i = 0; i < s->count; i++) {
		const struct process *p = &s->processes[i];
		int64_t left = p->start_at_ms - now;

		if (p->pid == 0 && !p->leaving && left < wait)
			wait = left < 1 ? 1 : left;
	}
	return (struct timespec){ 0, wait * 1000000 };
}

static void
supervise(struct supervisor *s, const sigset_t *signals)
{
	add_processes(s);
	check_provider(s);
	log_event(LOG_INFO, "serving", LOG_Z("socket", s->context.conf->listen),
	    LOG_INT("processes", s->count), LOG_END);
	for (;;) {
		struct timespec wait = until_due(s);
		int signal = sigtimedwait(signals, NULL, &wait);

		if (signal > 0 || s->reload_waits)
			take_signal(s, signal);
		reap(s);
		tell_failing(s);
		if (look_after(s) == 0 && s->stopping)
			return;
	}
}

int
cmd_serve(struct cmd *cmd, struct err *err)
{
	static struct supervisor s;
	struct keyring keyring;
	sigset_t signals;

	log_init(cmd->conf->log_level, "supervisor");
	s.cmd = cmd;
	if (open_keys(cmd->conf, &keyring, err) != RC_OK
	    || make_context(&s, err) != RC_OK)
		return 1;
	keyring_done(&keyring);
	net_global_init();
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	(void)sigaddset(&signals, SIGHUP);
	(void)sigaddset(&signals, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &signals, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	supervise(&s, &signals);
	(void)unlink(s.context.conf->listen);
	(void)unlink(s.context.conf->listen_slow);
	log_event(LOG_INFO, "stopped", LOG_END);
	return 0;
}
