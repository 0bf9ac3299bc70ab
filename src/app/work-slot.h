/*
 * work-slot.h - one picture of a job: its call, its landing, its end. Only for
 * work.c.
 */
#ifndef BEZEL_APP_WORK_SLOT_H
#define BEZEL_APP_WORK_SLOT_H

#include "app/app.h"
#include "provider/provider.h"
#include "schema/documents.h"
#include "store/uploads.h"

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
	struct provider_request request;	/* what all slots share */
	struct work_call calls[SLOTS_MAX];
	int running;
	bool cancelled;
	struct str last_error;
	int64_t next_heartbeat_ms, lease_ends_ms;	/* clock_mono_ms() */
};

/* Queued or running: it has not reached its end. */
bool slot_open(const struct slot *slot);

/* Fills w->request from the design, the job's overrides and the base picture. */
enum rc slot_prepare(struct work *w, struct err *err) must_use;

/* Generation parameters as BSON: what the provider told, with the job's
 * overrides, as much as a free object holds. */
struct str work_parameters(struct work *w, struct str told);

enum rc slot_start(struct work *w, size_t i, struct err *err) must_use;
enum rc slot_take(struct work *w, size_t i, const struct provider_result *result,
    struct err *err) must_use;
enum rc slot_end(struct work *w, struct slot *slot, const char *status,
    struct str reason, struct str message, struct err *err) must_use;

#endif
