/*
 * jobs.h - the collection `jobs`: leases, slots, positions.
 *
 * A worker holds a job by a lease: lease_token is a new UUID for each claim and
 * stands in the filter of every write of that worker, so a worker that slept
 * beyond its lease changes nothing. Lease times are the server's ($$NOW).
 */
#ifndef BEZEL_STORE_JOBS_H
#define BEZEL_STORE_JOBS_H

#include "store/store.h"

struct charge;
struct job;
struct slot;
struct api_usage;

enum {
	JOB_POSITION_MAX = 1000,
	JOB_PRIORITY = 10,		/* of what people wait for in a line */
	JOB_PRIORITY_BULK = 20,		/* of what nobody waits for */
	JOB_PRIORITY_PURGE = 4,		/* a short call, and somebody wants it gone */
	JOB_PRIORITY_MAIL = 5		/* short, and somebody looks at the inbox */
};

enum rc jobs_insert(struct store *store, struct arena *arena,
    const struct job *job, struct err *err) must_use;

/* In one command. */
enum rc jobs_insert_many(struct store *store, struct arena *arena,
    const struct job *jobs, size_t n, struct err *err) must_use;

enum rc jobs_get(struct store *store, struct arena *arena,
    struct store_owner owner, struct str id, struct str *ret_doc,
    struct err *err) must_use;

/* Generations and refinements of a design, newest first, older than after_id
 * (null: from the newest): at most limit. */
enum rc jobs_of_design(struct store *store, struct arena *arena,
    struct store_owner owner, struct str design_id, struct str after_id,
    int limit, struct str *ret_docs, size_t *ret_n, struct err *err) must_use;

/* How many queued jobs go before one of this priority and rank. */
enum rc jobs_position(struct store *store, struct arena *arena,
    int32_t priority, int64_t rank, int64_t *ret_position,
    struct err *err) must_use;

/* The next job that may run, or one whose lease ran out; *ret_found is false
 * when there is none. */
enum rc jobs_claim(struct store *store, struct arena *arena, struct str token,
    int64_t lease_ms, struct job *ret_job, bool *ret_found,
    struct err *err) must_use;

/* Extends the lease; RC_CONFLICT when it is lost. *ret_cancel: the user wants
 * it to stop. */
enum rc jobs_heartbeat(struct store *store, struct arena *arena, struct str id,
    struct str token, int64_t lease_ms, bool *ret_cancel,
    struct err *err) must_use;

/* Writes one slot as it is in `slot` when the lease is held and the stored slot
 * still has `from` (a status); else RC_CONFLICT. */
enum rc jobs_set_slot(struct store *store, struct arena *arena, struct str id,
    struct str token, const struct slot *slot, const char *from,
    struct err *err) must_use;

/* Whether somebody may still be at work on this picture. A job that is not there
 * any more has none. */
enum rc jobs_slot_open(struct store *store, struct arena *arena, struct str id,
    struct str image_id, bool *ret_open, struct err *err) must_use;

/* Gives the job back to the queue for run_at_ms (server's clock plus wait_ms). */
enum rc jobs_requeue(struct store *store, struct arena *arena, struct str id,
    struct str token, int64_t wait_ms, struct str last_error,
    struct err *err) must_use;

/* The same, and from now on it stands in the line as if it were asked for when
 * wait_ms are over: what waits for hours is in nobody's way. */
enum rc jobs_postpone(struct store *store, struct arena *arena, struct str id,
    struct str token, int64_t wait_ms, struct str last_error,
    struct err *err) must_use;

/* Ends it as failed, with the reason for the operator. */
enum rc jobs_give_up(struct store *store, struct arena *arena, struct str id,
    struct str token, struct str last_error, struct err *err) must_use;

/* Ends it with a status; RC_CONFLICT when the lease is lost. */
enum rc jobs_end(struct store *store, struct arena *arena, struct str id,
    struct str token, const char *status, bool charge_returned,
    struct err *err) must_use;

/* The user's wish, for what nobody works on: of a queued job every open slot is
 * cancelled, and the caller holds the lease `token`, to end it in the same
 * transaction. *ret_found is false when it is not queued. */
enum rc jobs_cancel_queued(struct store *store, struct arena *arena,
    struct store_owner owner, struct str id, struct str token,
    const char *reason, const char *message, struct job *ret_job,
    bool *ret_found, struct err *err) must_use;

/* The same for a running one: its worker will see it. RC_CONFLICT when it has
 * ended already. */
enum rc jobs_cancel_running(struct store *store, struct arena *arena,
    struct store_owner owner, struct str id, struct err *err) must_use;

/* Failed, refused and cancelled slots become queued again; RC_CONFLICT when the
 * job has not ended or has none. charge: of a new taking, or NULL. */
enum rc jobs_retry(struct store *store, struct arena *arena,
    struct store_owner owner, struct str id, int64_t rank,
    const struct charge *charge, struct str *ret_doc,
    struct err *err) must_use;

/* Jobs that ended before before_ms go. */
enum rc jobs_tidy(struct store *store, struct arena *arena, int64_t before_ms,
    int64_t *ret_deleted, struct err *err) must_use;
/* One that has ended. */
enum rc jobs_remove_ended(struct store *store, struct arena *arena,
    struct str id, struct err *err) must_use;

/* --- purges, which go together ------------------------------------------------ */

/* Queued ones that are due, at most limit. */
enum rc jobs_due_purges(struct store *store, struct arena *arena, int limit,
    struct job *ret_jobs, size_t *ret_n, struct err *err) must_use;
/* Of these ids, those that nobody has claimed meanwhile: succeeded, or not before
 * wait_ms are over. */
enum rc jobs_end_queued(struct store *store, struct arena *arena,
    const struct str *ids, size_t n, struct err *err) must_use;
enum rc jobs_delay_queued(struct store *store, struct arena *arena,
    const struct str *ids, size_t n, int64_t wait_ms, struct err *err) must_use;

enum rc jobs_count(struct store *store, struct arena *arena,
    const char *status, int64_t *ret_count, struct err *err) must_use;

/* --- api_usage_log ------------------------------------------------------- */

/* A call that begins; inserted once by its _id. */
enum rc usage_begin(struct store *store, struct arena *arena,
    const struct api_usage *usage, struct err *err) must_use;
/* How it ended; repeating it changes nothing. */
enum rc usage_end(struct store *store, struct arena *arena,
    const struct api_usage *usage, struct err *err) must_use;

#endif
