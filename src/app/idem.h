/*
 * idem.h - Idempotency-Key: one effect, however often a request is sent.
 */
#ifndef BEZEL_APP_IDEM_H
#define BEZEL_APP_IDEM_H

#include "app/app.h"

/* What a request that may be repeated does: the ids of what it makes are fixed
 * before, so that doing it again makes the same. */
struct idem {
	struct str key;			/* hash; null: no Idempotency-Key */
	struct str id, second_id;	/* for the new resource, and its generation */
	bool replay;			/* done before: only show it */
	int status;			/* of the first answer, for a replay */
	struct str outcome;		/* of many things: a letter for each, or null */
};

/* Who asks for what by which key; body: what makes a repeated request the same. */
struct idem_ask {
	const struct actor *actor;
	const char *method;
	struct str path, key, body;
};

/* Without a key (null) only new ids are made. RC_IDEM_RUNNING, RC_IDEM_MISMATCH,
 * RC_MALFORMED for a key that is none. */
enum rc app_idem_take(struct app *app, struct arena *arena,
    const struct idem_ask *ask, struct idem *ret_idem, struct err *err) must_use;

/* Takes by one command those keys that nobody has, and says which ones. The others are
 * for app_idem_take(): done or running, the same as another of these, or no keys. With
 * an error none is taken, as far as the database can be told. */
enum rc app_idem_take_new(struct app *app, struct arena *arena,
    const struct idem_ask *asks, size_t n, struct idem *ret_idems,
    bool *ret_taken, struct err *err) must_use;

/* Inside the transaction of the effect, or after an effect that may be repeated. */
enum rc app_idem_done(struct app *app, struct arena *arena,
    const struct idem *idem, int status, struct err *err) must_use;

/* The same for several requests, of which some may have no key. */
enum rc app_idem_done_all(struct app *app, struct arena *arena,
    const struct idem *const *idems, size_t n, int status,
    struct err *err) must_use;

/* Of a request that makes many things. */
enum rc app_idem_done_many(struct app *app, struct arena *arena,
    const struct idem *idem, int status, struct str outcome,
    struct err *err) must_use;

/* The request was refused: the key may be used again. False: the database did not say so,
 * and perhaps its lease has to end, in a minute. */
bool app_idem_release(struct app *app, struct arena *arena,
    const struct idem *idem);

/* The request is over, or all that were answered together: whoever comes after us need
 * not free their keys. */
void app_idem_end(struct app *app);

#endif
