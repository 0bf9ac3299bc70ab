/*
 * share-numbers.h - whether the keys of links are the same on all hosts.
 *
 * Their numbers stand in a file of each host (crypt/share-keys.h). A host whose file is
 * old, or was forgotten when it was set up or put back from a backup, takes links for
 * forged that the others have made, and signs new ones with a key that has been retired.
 * So the database has the numbers too. They only go forward there: the furthest that any
 * host has told is right, whichever was told first.
 *
 * The order of a step: the record, with its entry in the audit log, then the file. If
 * the second one does not come about, the host is one step behind what is recorded, all
 * links that are made are known everywhere meanwhile, each host says so, and the same
 * command ends the step.
 */
#ifndef BEZEL_APP_SHARE_NUMBERS_H
#define BEZEL_APP_SHARE_NUMBERS_H

#include "app/app.h"

enum share_numbers_state {
	SHARE_NUMBERS_SAME,
	SHARE_NUMBERS_UNRECORDED,	/* by no version until now: nothing is wrong */
	SHARE_NUMBERS_BEHIND,		/* this host */
	SHARE_NUMBERS_AHEAD
};

struct share_numbers {
	enum share_numbers_state state;
	unsigned char here[KEYRING_SHARE_KEYS];		/* those that this process has read */
	unsigned char recorded[KEYRING_SHARE_KEYS];	/* but UNRECORDED */
	int steps;			/* behind or ahead */
};

/* One read by _id. */
enum rc share_numbers_compare(struct app *app, struct arena *arena,
    struct share_numbers *ret_numbers, struct err *err) must_use;

/* What is wrong and what to do, for people; null when nothing is. */
struct str share_numbers_text(const struct app *app, struct arena *arena,
    const struct share_numbers *numbers);

/* The same, after what this host knows has been recorded, when nothing is or less. */
enum rc share_numbers_record(struct app *app, struct arena *arena,
    struct share_numbers *ret_numbers, struct err *err) must_use;

/* Records the next step of who has compared, with its entry in the audit log. The file
 * is the caller's. RC_CONFLICT when it has been taken meanwhile. */
enum rc share_numbers_step(struct app *app, struct arena *arena,
    const struct actor *actor, const struct share_numbers *numbers,
    const unsigned char next[KEYRING_SHARE_KEYS], struct err *err) must_use;

/* Of a process that looks again and again: sets the gauge, and logs what is new. *known
 * is the process's, 0 at first. */
void share_numbers_watch(struct app *app, struct arena *arena, int *known);

#endif
