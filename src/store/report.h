/*
 * report.h - figures of a time, read from indexes by created_at.
 */
#ifndef BEZEL_STORE_REPORT_H
#define BEZEL_STORE_REPORT_H

#include "store/store.h"

struct report_figures {
	int64_t sign_ups;	/* accounts that are still there */
	int64_t designs;	/* that are still there, those in the trash among them */
	int64_t calls;		/* of the provider */
	int64_t pictures, failures;	/* of calls that gave pictures, or none */
	double cost_usd;
};

/* From from_ms until before to_ms: three commands, each in the time of one. */
enum rc report_figures(struct store *store, struct arena *arena,
    int64_t from_ms, int64_t to_ms, struct report_figures *ret_figures,
    struct err *err) must_use;

/* A member's designs, and how many of them are in the trash. */
enum rc report_designs(struct store *store, struct arena *arena,
    struct str user_id, int64_t *ret_all, int64_t *ret_trashed,
    struct err *err) must_use;

#endif
