#include "config.h"

#include "cmd/cmd.h"

#include <stdio.h>

#include "app/audit.h"
#include "app/share-numbers.h"
#include "base/clock.h"
#include "cmd/admin.h"
#include "cmd/open.h"
#include "crypt/share-keys.h"
#include "store/keys.h"

typedef int keys_fn(struct cmd *cmd, struct app *app, struct err *err);

/* Before it is begun, so that no change of a key goes unnoted, and when it is done. */
static enum rc
note(struct cmd *cmd, struct app *app, const char *kind, const char *detail,
    struct err *err)
{
	struct actor actor = admin_operator(cmd->arena);

	return audit_write(app, cmd->arena, &actor, kind, STR_NULL, detail, err);
}

static enum rc
note_done(struct cmd *cmd, struct app *app, const char *kind,
    const struct keys_done *done, struct err *err)
{
	return note(cmd, app, kind, arena_printf(cmd->arena, "done: fields/%lld, "
	    "%lld of %lld values sealed anew, %lld unreadable, %lld keys removed",
	    (long long)done->number, (long long)done->resealed,
	    (long long)done->values, (long long)done->unreadable,
	    (long long)done->removed).p, err);
}

static const char *
state_of(const struct keys_row *row)
{
	if (!row->opens)
		return "does not open with the master key";
	if (row->number == 0)
		return "not made by bezel";
	if (row->rotating)
		return "current, rotation not ended";
	return row->current ? "current" : "old";
}

static int
list(struct cmd *cmd, struct app *app, struct err *err)
{
	struct keys_row *rows;
	bool bad = false;
	int64_t lost;
	size_t n;

	if (keys_list(app->store, cmd->arena, &rows, &n, &lost, err) != RC_OK)
		return 1;
	for (size_t i = 0; i < n; i++) {
		char made[CLOCK_TEXT_BYTES];

		clock_text(rows[i].created_ms, made);
		(void)printf("fields/%lld  %.*s  %.*s  %lld values  %s\n",
		    (long long)rows[i].number, STR_FMT(rows[i].id),
		    CLOCK_TEXT_BYTES, made, (long long)rows[i].values,
		    state_of(&rows[i]));
		bad |= !rows[i].opens;
	}
	if (n == 0)
		(void)printf("there are no data keys yet\n");
	if (lost > 0)
		(void)printf("%lld values were sealed with keys that are not there\n",
		    (long long)lost);
	return bad || lost > 0;
}

/* Whether some values were left as they are: the exit status. */
static int
say_values(const struct keys_done *done)
{
	(void)printf("sealed %lld of %lld values anew with fields/%lld\n",
	    (long long)done->resealed, (long long)done->values,
	    (long long)done->number);
	if (done->unreadable > 0)
		(void)printf("%lld values cannot be opened and were left as they "
		    "are\n", (long long)done->unreadable);
	return done->unreadable > 0;
}

static int
rotate(struct cmd *cmd, struct app *app, struct err *err)
{
	struct keys_done done;

	if (note(cmd, app, "keys_rotated", "begun", err) != RC_OK
	    || keys_rotate(app->store, &done, err) != RC_OK
	    || note_done(cmd, app, "keys_rotated", &done, err) != RC_OK)
		return 1;
	if (done.resumed)
		(void)printf("went on with a rotation that had not ended\n");
	return say_values(&done);
}

static int
prune(struct cmd *cmd, struct app *app, struct err *err)
{
	struct keys_done done;
	int status;

	if (note(cmd, app, "keys_pruned", "begun", err) != RC_OK
	    || keys_prune(app->store, KEYS_PRUNE_AGE_MS, &done, err) != RC_OK
	    || note_done(cmd, app, "keys_pruned", &done, err) != RC_OK)
		return 1;
	status = say_values(&done);
	(void)printf("removed %lld old data keys\n", (long long)done.removed);
	return status;
}

static int
rewrap(struct cmd *cmd, struct app *app, struct err *err)
{
	int64_t wrapped, fine;
	struct keyring old;
	struct conf conf = *cmd->conf;

	conf.master_key_file = cmd->args[1];
	if (open_keys(&conf, &old, err) != RC_OK)
		return 1;
	if (note(cmd, app, "keys_rewrapped", "begun", err) == RC_OK)
		(void)!keys_rewrap(app->store, keyring_key(&old, KEY_SEAL),
		    &wrapped, &fine, err);
	keyring_done(&old);
	if (err->rc != RC_OK || note(cmd, app, "keys_rewrapped",
	    arena_printf(cmd->arena, "done: %lld data keys, %lld were fine",
	    (long long)wrapped, (long long)fine).p, err) != RC_OK)
		return 1;
	(void)printf("wrapped %lld data keys anew; %lld were fine already\n",
	    (long long)wrapped, (long long)fine);
	return 0;
}

/* --- links to designs ----------------------------------------------------- */

static void
say_shares(const unsigned char ids[KEYRING_SHARE_KEYS])
{
	(void)printf("share/v2/%u  signs\nshare/v2/%u  %s\n", ids[0], ids[1],
	    ids[1] == (unsigned char)(ids[0] + 1) ? "known, signs next"
	    : "valid, the one before");
}

static int
shares(struct cmd *cmd, struct app *app, struct err *err)
{
	struct share_numbers numbers;
	struct str text;

	if (share_numbers_compare(app, cmd->arena, &numbers, err) != RC_OK)
		return 1;
	say_shares(numbers.here);
	text = share_numbers_text(app, cmd->arena, &numbers);
	if (text.p != NULL)
		(void)printf("%.*s\n", STR_FMT(text));
	return text.p != NULL;
}

static enum rc
differ(const struct app *app, struct arena *arena,
    const struct share_numbers *numbers, struct err *err)
{
	(void)err_set(err, RC_CONFLICT, "Nothing was changed.");
	return err_detail(err, "%.*s", STR_FMT(share_numbers_text(app, arena,
	    numbers)));
}

static enum rc
write_shares(struct cmd *cmd, const unsigned char ids[KEYRING_SHARE_KEYS],
    struct err *err)
{
	return share_keys_write(cmd->arena, cmd->conf->master_key_file, ids, err);
}

static int
fetch_shares(struct cmd *cmd, struct app *app, struct err *err)
{
	struct share_numbers numbers;

	if (share_numbers_compare(app, cmd->arena, &numbers, err) != RC_OK)
		return 1;
	if (numbers.state == SHARE_NUMBERS_UNRECORDED)
		(void)err_set(err, RC_NOT_FOUND, "The database has nothing of the keys"
		    " of links yet: bezel db apply on a host that has the right file"
		    " records them.");
	else if (numbers.state == SHARE_NUMBERS_AHEAD)
		(void)!differ(app, cmd->arena, &numbers, err);
	else
		(void)!write_shares(cmd, numbers.recorded, err);
	if (err->rc != RC_OK)
		return 1;
	say_shares(numbers.recorded);
	(void)printf("Reload bezel on this host, if it has not these numbers yet.\n");
	return 0;
}

/* Takes a step, or ends one that was recorded before the file could be written. */
static enum rc
step_shares(struct cmd *cmd, struct app *app, struct share_numbers *numbers,
    bool *ret_resumed, struct err *err)
{
	struct actor actor = admin_operator(cmd->arena);
	unsigned char next[KEYRING_SHARE_KEYS];

	*ret_resumed = numbers->state == SHARE_NUMBERS_BEHIND
	    && numbers->steps == 1;
	memcpy(next, *ret_resumed ? numbers->recorded : numbers->here, sizeof next);
	if (!*ret_resumed) {
		if (numbers->state == SHARE_NUMBERS_BEHIND
		    || numbers->state == SHARE_NUMBERS_AHEAD)
			return differ(app, cmd->arena, numbers, err);
		(void)share_keys_next(next);
		/* Whether it can be written shows before anything has changed. */
		if (write_shares(cmd, numbers->here, err) != RC_OK
		    || share_numbers_step(app, cmd->arena, &actor, numbers, next,
		    err) != RC_OK)
			return err->rc;
	}
	memcpy(numbers->here, next, sizeof next);
	return write_shares(cmd, next, err);
}

static int
rotate_shares(struct cmd *cmd, struct app *app, struct err *err)
{
	struct share_numbers numbers;
	bool resumed, more;

	if (share_numbers_compare(app, cmd->arena, &numbers, err) != RC_OK
	    || step_shares(cmd, app, &numbers, &resumed, err) != RC_OK)
		return 1;
	if (resumed)
		(void)printf("ended the step that was taken already\n");
	say_shares(numbers.here);
	more = numbers.here[1] == (unsigned char)(numbers.here[0] + 1);
	(void)printf("Run bezel keys fetch-shares on the other hosts and reload bezel"
	    " on all%s.\n", more ? ", then run this again: from then on the new key"
	    " signs" : ": new links are signed with the new key");
	return 0;
}

static const struct {
	const char *name;
	int args;
	const char *usage;	/* when there is another number of arguments */
	keys_fn *run;
} words[] = {
	{ "list", 0, "keys list takes no argument", list },
	{ "rotate", 0, "keys rotate takes no argument", rotate },
	{ "prune", 0, "keys prune takes no argument", prune },
	{ "shares", 0, "keys shares takes no argument", shares },
	{ "rotate-shares", 0, "keys rotate-shares takes no argument",
	    rotate_shares },
	{ "fetch-shares", 0, "keys fetch-shares takes no argument", fetch_shares },
	{ "rewrap", 1, "keys rewrap needs the file of the old master key", rewrap },
};

int
cmd_keys(struct cmd *cmd, struct err *err)
{
	static const char needs[] = "keys needs list, rotate, prune, rewrap, shares,"
	    " rotate-shares or fetch-shares";
	struct app app = { .wake_fd = -1 };
	int args = 0;

	if (cmd->args[0] == NULL)
		return cmd_usage(needs);
	while (cmd->args[args + 1] != NULL)
		args++;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strcmp(words[i].name, cmd->args[0]) != 0)
			continue;
		if (args != words[i].args)
			return cmd_usage(words[i].usage);
		if (open_app(cmd->arena, cmd->conf, OPEN_STORE, "bezel-keys", &app,
		    err) != RC_OK)
			return 1;
		return words[i].run(cmd, &app, err);
	}
	return cmd_usage(needs);
}
