/*
 * work-slot.h - one picture of a job: what is asked for (work-request.c,
 * work-parameters.c), its call and end (work-slot.c), its landing
 * (work-landing.c). Only for the steps of jobs.
 */
#ifndef BEZEL_APP_WORK_SLOT_H
#define BEZEL_APP_WORK_SLOT_H

#include "app/app.h"
#include "provider/provider.h"
#include "schema/documents.h"
#include "store/uploads.h"

struct image_result;

enum { SLOTS_MAX = 4 };

struct work_call {
	struct provider_call *call;	/* NULL: none */
	struct provider_request request;
	struct api_usage usage;
	bool waiting;			/* not again in this claim */
};

/* A job in hand. */
struct work {
	struct app *app;
	struct arena *arena;
	const volatile bool *stop;
	struct job *job;
	struct str token;		/* of the lease */
	struct design design;
	struct provider *provider;	/* the app's, or that of test mode */
	struct provider_request request;	/* what all slots share */
	struct work_call calls[SLOTS_MAX];
	int running;
	bool cancelled;
	struct str last_error;
	/* clock_mono_ms(); leave_by_ms: 0 until we are told to stop */
	int64_t next_heartbeat_ms, lease_ends_ms, leave_by_ms;
};

/* Holds the lease, once a second or more often; sees the user's wish to stop.
 * RC_CONFLICT: the job is somebody else's now. work.c */
enum rc work_heartbeat(struct work *w, struct err *err) must_use;

/* The same for a call that asks whether to go on (its arg is a struct work_pulse): no
 * when the lease is lost, which err says, and leave_ms after we were told to leave. */
struct work_pulse {
	struct work *w;
	int64_t leave_ms;
	struct err *err;
};
bool work_beat(void *arg);

/* Queued or running: it has not reached its end. */
bool slot_open(const struct slot *slot);

/* Fills w->request from the design, the job's overrides and the base picture. */
enum rc slot_prepare(struct work *w, struct err *err) must_use;

/* Generation parameters as BSON: what the provider told, with the job's
 * overrides, as much as a free object holds. */
struct str work_parameters(struct work *w, struct str told);

/* A picture on its way into its design: the object first, then the documents. */
struct landing {
	struct work *w;
	struct slot slot;	/* as it will be */
	struct work_call *call;
	struct str key, thumbnail_key, parameters;
	double cost_usd, seconds;
	bool landed;		/* it is in the design */
};

/* Stores the objects and fills their keys. */
enum rc landing_store(struct landing *l, const struct image_result *image,
    struct err *err) must_use;
/* One transaction: the job's slot, the design's picture, the row of the call. A
 * design that is gone is no failure: l->landed stays false, the work is cancelled.
 * RC_CONFLICT when the lease is lost. Objects that nothing will name are removed. */
enum rc landing_commit(struct landing *l, struct err *err) must_use;

enum rc slot_start(struct work *w, size_t i, struct err *err) must_use;
enum rc slot_take(struct work *w, size_t i, const struct provider_result *result,
    struct err *err) must_use;
enum rc slot_end(struct work *w, struct slot *slot, const char *status,
    struct str reason, struct str message, struct err *err) must_use;

#endif
