/*
 * limit.h - how often something may be tried in a window of time, by a counter in the
 * database that all hosts share. For what costs money or guesses secrets; against
 * floods nginx stands.
 */
#ifndef BEZEL_APP_LIMIT_H
#define BEZEL_APP_LIMIT_H

#include "app/app.h"

struct limit {
	const char *name;
	struct str who;		/* an address, an account, a browser: hashed here */
	int64_t most, window_s;
	int64_t amount;		/* what a try counts for, mostly 1 */
};

/* Counts a try; RC_RATE, and when to come again, beyond `most` in this window. */
enum rc limit_take(struct app *app, struct arena *arena,
    const struct limit *limit, struct err *err) must_use;

/* It was none after all. */
void limit_give_back(struct app *app, struct arena *arena,
    const struct limit *limit);

/* All of them or none. */
enum rc limits_take(struct app *app, struct arena *arena,
    const struct limit *limits, size_t n, struct err *err) must_use;
void limits_give_back(struct app *app, struct arena *arena,
    const struct limit *limits, size_t n);

#endif
