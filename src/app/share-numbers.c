#include "config.h"

#include "app/share-numbers.h"

#include "app/audit.h"
#include "base/clock.h"
#include "base/log.h"
#include "crypt/share-keys.h"
#include "store/installation.h"

enum { STEP_MS = 10000 };

enum rc
share_numbers_compare(struct app *app, struct arena *arena,
    struct share_numbers *ret_numbers, struct err *err)
{
	struct share_numbers numbers = { .state = SHARE_NUMBERS_UNRECORDED };
	enum rc rc = installation_share_keys(app->store, arena, numbers.recorded,
	    err);

	for (size_t i = 0; i < KEYRING_SHARE_KEYS; i++)
		numbers.here[i] = app->keyring.share[i].id;
	if (rc == RC_OK) {
		numbers.steps = share_keys_ahead(numbers.here, numbers.recorded);
		numbers.state = numbers.steps == 0 ? SHARE_NUMBERS_SAME
		    : numbers.steps < 0 ? SHARE_NUMBERS_BEHIND
		    : SHARE_NUMBERS_AHEAD;
		if (numbers.steps < 0)
			numbers.steps = -numbers.steps;
	} else if (rc != RC_NOT_FOUND)
		return rc;
	err_init(err);
	*ret_numbers = numbers;
	return RC_OK;
}

struct str
share_numbers_text(const struct app *app, struct arena *arena,
    const struct share_numbers *numbers)
{
	const unsigned char *here = numbers->here, *recorded = numbers->recorded;

	if (numbers->state == SHARE_NUMBERS_BEHIND)
		return arena_printf(arena, "This host is behind in the keys of links, by"
		    " %d of their steps: %s.share, or that it is not there, means %u and"
		    " %u; the installation has %u and %u. Links may be dead here that"
		    " live elsewhere. Run bezel keys fetch-shares, then reload bezel.",
		    numbers->steps, app->conf->master_key_file, here[0], here[1],
		    recorded[0], recorded[1]);
	if (numbers->state == SHARE_NUMBERS_AHEAD)
		return arena_printf(arena, "The database is behind in the keys of links,"
		    " by %d of their steps: it has %u and %u, %s.share of this host %u"
		    " and %u. It was put back from a backup, or has not been told. Run"
		    " bezel db apply here.", numbers->steps, recorded[0], recorded[1],
		    app->conf->master_key_file, here[0], here[1]);
	return STR_NULL;
}

enum rc
share_numbers_record(struct app *app, struct arena *arena,
    struct share_numbers *ret_numbers, struct err *err)
{
	struct share_numbers numbers;

	if (share_numbers_compare(app, arena, &numbers, err) != RC_OK)
		return err->rc;
	if (numbers.state == SHARE_NUMBERS_UNRECORDED
	    || numbers.state == SHARE_NUMBERS_AHEAD) {
		enum rc rc = installation_record_share_keys(app->store, arena,
		    numbers.state == SHARE_NUMBERS_AHEAD ? numbers.recorded : NULL,
		    numbers.here, err);

		/* Hosts may start together: another one has told first. */
		if (rc != RC_OK && rc != RC_CONFLICT)
			return rc;
		err_init(err);
		return share_numbers_compare(app, arena, ret_numbers, err);
	}
	*ret_numbers = numbers;
	return RC_OK;
}

/* --- a step --------------------------------------------------------------- */

struct step {
	struct app *app;
	const struct actor *actor;
	const struct share_numbers *numbers;
	const unsigned char *next;
};

static enum rc
record_step(struct store *store, struct arena *arena, void *arg, struct err *err)
{
	const struct step *step = arg;
	const unsigned char *was = step->numbers->state
	    == SHARE_NUMBERS_UNRECORDED ? NULL : step->numbers->recorded;

	if (installation_record_share_keys(store, arena, was, step->next, err)
	    != RC_OK)
		return err->rc;
	return audit_write(step->app, arena, step->actor, "share_keys_rotated",
	    STR_NULL, arena_printf(arena, "share/v2/%u signs, share/v2/%u is valid",
	    step->next[0], step->next[1]).p, err);
}

enum rc
share_numbers_step(struct app *app, struct arena *arena,
    const struct actor *actor, const struct share_numbers *numbers,
    const unsigned char next[KEYRING_SHARE_KEYS], struct err *err)
{
	struct step step = { app, actor, numbers, next };

	return store_transaction(app->store, arena, clock_mono_ms() + STEP_MS,
	    record_step, &step, err);
}

/* --- a service that runs -------------------------------------------------- */

enum { KNOWN_FINE = 1, KNOWN_WRONG, KNOWN_UNREADABLE };

void
share_numbers_watch(struct app *app, struct arena *arena, int *known)
{
	struct share_numbers numbers;
	struct str text;
	struct err err;
	int now;

	err_init(&err);
	if (share_numbers_compare(app, arena, &numbers, &err) != RC_OK) {
		/* That the database is away is for others to tell. */
		if (err.rc != RC_UNAVAILABLE && *known != KNOWN_UNREADABLE) {
			log_event(LOG_ERROR, "share_keys.unknown", LOG_Z("message",
			    err.message), LOG_Z("detail", err.detail), LOG_END);
			*known = KNOWN_UNREADABLE;
		}
		return;
	}
	text = share_numbers_text(app, arena, &numbers);
	now = text.p == NULL ? KNOWN_FINE : KNOWN_WRONG;
	metric_set(app->shared, METRIC_share_keys_failing, now == KNOWN_WRONG);
	if (now == KNOWN_WRONG && *known != now)
		log_event(LOG_ERROR, "share_keys.differ", LOG_STR("message", text),
		    LOG_END);
	*known = now;
}
