/*
 * device.h - cookies that know a browser again. They open nothing by themselves.
 */
#ifndef BEZEL_APP_DEVICE_H
#define BEZEL_APP_DEVICE_H

#include "app/app.h"

enum {
	DEVICE_LIFE_S = 365 * 24 * 3600,
	BROWSER_LIFE_S = 48 * 3600,	/* as long as the link of a registration */
	PENDING_LIFE_S = 24 * 3600
};

/* Where this user has signed in: guesses from there are counted apart, so that
 * whoever attacks an account does not lock its owner out. */
struct str device_token(struct app *app, struct arena *arena,
    struct str user_id);
/* The id of that browser, or null unless the token is one of ours, of this user. */
struct str device_of_user(const struct app *app, struct str token,
    struct str user_id);

/* Where somebody has registered, whether an account came of it or not: there the link
 * in the mail signs in too; elsewhere it only proves the address, so that nobody is
 * led into an account that another has prepared. */
struct str browser_token(struct app *app, struct arena *arena, struct str id);
struct str browser_of(const struct app *app, struct str token);

/* Where a sign-in by a provider waits for an address: the id of its one-time token. */
struct str pending_token(struct app *app, struct arena *arena, struct str id);
struct str pending_of(const struct app *app, struct str token);

#endif
