/*
 * shared.h - memory that all processes of one `bezel serve` share: counters,
 * worker pulses, a gate for each owner, and who keeps a worker busy.
 *
 * Made by the supervisor before it forks; survives workers that die. A gate
 * keeps one owner's parallel transactions from colliding (they would retry each
 * other to a standstill) and remembers the owner's place in the fair queue.
 */
#ifndef BEZEL_APP_SHARED_H
#define BEZEL_APP_SHARED_H

#include "base/buf.h"

enum metric {
#define METRIC(name, kind, help) METRIC_##name,
#include "app/metrics.def"
#undef METRIC
	METRIC_COUNT
};

struct shared;

struct shared *shared_new(void);	/* ends the process when there is no memory */

void metric_add(struct shared *shared, enum metric metric, int64_t n);
void metric_set(struct shared *shared, enum metric metric, int64_t n);
int64_t metric_get(const struct shared *shared, enum metric metric);
/* Prometheus text format. */
void metrics_print(struct buf *buf, const struct shared *shared);
/* The rows alone, for the manual. */
void metrics_print_reference(struct buf *buf);

/* Enters the owner's gate, waiting at most until deadline_ms (clock_mono_ms());
 * false then. A process that dies inside leaves it open. */
bool gate_enter(struct shared *shared, struct str owner, int64_t deadline_ms);
/* The same without waiting: false when somebody is inside, also ourselves. */
bool gate_try(struct shared *shared, struct str owner);
void gate_leave(struct shared *shared, struct str owner);

/* This owner, or address, was refused; and whether so within the last minute, or, seldom, a
 * stranger who shares the gate. A hint: who was will be again, and is better asked alone. */
void gate_note_refusal(struct shared *shared, struct str owner);
bool gate_refused_lately(struct shared *shared, struct str owner);

/* Inside the gate: the next rank of this owner, at least now_ms, and a quantum behind the
 * owner's last; and that it was given to somebody. */
int64_t gate_rank(struct shared *shared, struct str owner, int64_t now_ms);
void gate_ranked(struct shared *shared, struct str owner, int64_t rank);

/* For what keeps a worker busy: false when the same one is at it already (or, seldom,
 * another that hashes alike), without waiting. A process that dies inside leaves it
 * open. */
bool solo_enter(struct shared *shared, struct str who);
void solo_leave(struct shared *shared, struct str who);

/* At most as many processes as there are cores between both, for what keeps a core
 * busy: the number of a place, or -1 when there is none. A process that dies inside
 * leaves its place. */
int core_enter(struct shared *shared);
void core_leave(struct shared *shared, int place);

#endif
