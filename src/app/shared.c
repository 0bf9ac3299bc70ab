#include "config.h"

#include "app/shared.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <time.h>

#include "base/clock.h"

enum {
	/* Each worker may be in several at once (gate_try): so many that strangers
	 * seldom meet in one. */
	GATES = 4096,
	SOLOS = 512,
	CORES_MAX = 64,
	/* Virtual milliseconds that one generation of an owner stands for. An
	 * owner with many in the queue falls behind by this much for each, so a
	 * newcomer goes ahead of all but the first few. No database read is
	 * needed: two reads (lowest rank in the queue, the owner's last) would
	 * cost more than they give. */
	RANK_QUANTUM = 60000,
	REFUSAL_MS = 60000	/* a refusal is remembered so long */
};

struct gate {
	pthread_mutex_t mutex;
	int64_t last_rank;
	_Atomic int64_t refused_ms;	/* mono; 0: never */
};

struct shared {
	_Atomic int64_t metrics[METRIC_COUNT];
	struct gate gates[GATES];
	pthread_mutex_t solo[SOLOS];
	int cores;
	pthread_mutex_t core[CORES_MAX];
};

struct shared *
shared_new(void)
{
	struct shared *shared = mmap(NULL, sizeof *shared,
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t attr;

	if (shared == MAP_FAILED)
		die("no shared memory");
	(void)pthread_mutexattr_init(&attr);
	(void)pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	(void)pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	for (int i = 0; i < GATES; i++)
		(void)pthread_mutex_init(&shared->gates[i].mutex, &attr);
	for (int i = 0; i < SOLOS; i++)
		(void)pthread_mutex_init(&shared->solo[i], &attr);
	shared->cores = get_nprocs() < CORES_MAX ? get_nprocs() : CORES_MAX;
	for (int i = 0; i < shared->cores; i++)
		(void)pthread_mutex_init(&shared->core[i], &attr);
	(void)pthread_mutexattr_destroy(&attr);
	return shared;
}

void
metric_add(struct shared *shared, enum metric metric, int64_t n)
{
	(void)atomic_fetch_add_explicit(&shared->metrics[metric], n,
	    memory_order_relaxed);
}

void
metric_set(struct shared *shared, enum metric metric, int64_t n)
{
	atomic_store_explicit(&shared->metrics[metric], n, memory_order_relaxed);
}

int64_t
metric_get(const struct shared *shared, enum metric metric)
{
	return atomic_load_explicit(&shared->metrics[metric],
	    memory_order_relaxed);
}

static const struct {
	const char *name, *kind, *help;
} rows[METRIC_COUNT] = {
#define COUNTER "counter"
#define GAUGE "gauge"
#define METRIC(name, kind, help) { "bezel_" #name, kind, help },
#include "app/metrics.def"
#undef METRIC
#undef COUNTER
#undef GAUGE
};

void
metrics_print(struct buf *buf, const struct shared *shared)
{
	for (int i = 0; i < METRIC_COUNT; i++)
		buf_printf(buf, "# HELP %s %s\n# TYPE %s %s\n%s %lld\n",
		    rows[i].name, rows[i].help, rows[i].name, rows[i].kind,
		    rows[i].name,
		    (long long)metric_get(shared, (enum metric)i));
}

void
metrics_print_reference(struct buf *buf)
{
	buf_addz(buf, "| metric | type | what |\n|---|---|---|\n");
	for (int i = 0; i < METRIC_COUNT; i++)
		buf_printf(buf, "| `%s` | %s | %s |\n", rows[i].name,
		    rows[i].kind, rows[i].help);
}

/* FNV-1a: collisions only make two owners wait for each other. */
static uint32_t
hash_of(struct str owner)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < owner.n; i++)
		hash = (hash ^ (unsigned char)owner.p[i]) * 16777619u;
	return hash;
}

static struct gate *
gate_of(struct shared *shared, struct str owner)
{
	return &shared->gates[hash_of(owner) % GATES];
}

static bool
try_lock(pthread_mutex_t *mutex)
{
	int error = pthread_mutex_trylock(mutex);

	if (error == EOWNERDEAD)
		error = pthread_mutex_consistent(mutex);
	return error == 0;
}

bool
gate_enter(struct shared *shared, struct str owner, int64_t deadline_ms)
{
	struct gate *gate = gate_of(shared, owner);
	int64_t left = deadline_ms - clock_mono_ms();
	struct timespec until;
	int error;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	if (left > 0) {
		until.tv_sec += left / 1000;
		until.tv_nsec += left % 1000 * 1000000;
		if (until.tv_nsec >= 1000000000) {
			until.tv_sec++;
			until.tv_nsec -= 1000000000;
		}
	}
	error = pthread_mutex_timedlock(&gate->mutex, &until);
	if (error == EOWNERDEAD)
		error = pthread_mutex_consistent(&gate->mutex);
	return error == 0;
}

bool
gate_try(struct shared *shared, struct str owner)
{
	return try_lock(&gate_of(shared, owner)->mutex);
}

void
gate_leave(struct shared *shared, struct str owner)
{
	(void)pthread_mutex_unlock(&gate_of(shared, owner)->mutex);
}

void
gate_note_refusal(struct shared *shared, struct str owner)
{
	gate_of(shared, owner)->refused_ms = clock_mono_ms();
}

bool
gate_refused_lately(struct shared *shared, struct str owner)
{
	int64_t at_ms = gate_of(shared, owner)->refused_ms;

	return at_ms != 0 && clock_mono_ms() - at_ms < REFUSAL_MS;
}

int64_t
gate_rank(struct shared *shared, struct str owner, int64_t now_ms)
{
	int64_t rank = gate_of(shared, owner)->last_rank + RANK_QUANTUM;

	return rank < now_ms ? now_ms : rank;
}

void
gate_ranked(struct shared *shared, struct str owner, int64_t rank)
{
	gate_of(shared, owner)->last_rank = rank;
}

bool
solo_enter(struct shared *shared, struct str who)
{
	return try_lock(&shared->solo[hash_of(who) % SOLOS]);
}

void
solo_leave(struct shared *shared, struct str who)
{
	(void)pthread_mutex_unlock(&shared->solo[hash_of(who) % SOLOS]);
}

int
core_enter(struct shared *shared)
{
	for (int i = 0; i < shared->cores; i++)
		if (try_lock(&shared->core[i]))
			return i;
	return -1;
}

void
core_leave(struct shared *shared, int place)
{
	(void)pthread_mutex_unlock(&shared->core[place]);
}
