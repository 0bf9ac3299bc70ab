#include "config.h"

#include "cmd/cmd.h"

#include <stdio.h>
#include <unistd.h>

#include "app/retention.h"
#include "app/session-cache.h"
#include "app/share-numbers.h"
#include "base/log.h"
#include "cmd/open.h"
#include "store/migrate.h"

static const struct {
	const char *name, *args, *text;
	cmd_fn *run;
} commands[] = {
#define COMMAND(function, name, args, text, more) { name, args, text, cmd_##function },
#include "cmd/commands.def"
#undef COMMAND
};

void
cmd_put(const struct buf *buf)
{
	(void)fwrite(buf->p, 1, buf->n, stdout);
}

int
cmd_help(struct cmd *cmd, struct err *err)
{
	(void)cmd;
	(void)err;
	(void)printf("bezel %s: an AI jewelry design studio\n\n"
	    "usage: bezel [--config FILE] [--OPTION=VALUE ...] COMMAND\n\n",
	    PACKAGE_VERSION);
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		(void)printf("  %s %s\n      %s\n", commands[i].name,
		    commands[i].args, commands[i].text);
	(void)printf("\nOptions are those of the configuration file; "
	    "`bezel print conf` shows them.\nbezel(1) tells more.\n");
	return 0;
}

int
cmd_version(struct cmd *cmd, struct err *err)
{
	(void)cmd;
	(void)err;
	(void)printf("bezel %s\n", PACKAGE_VERSION);
	return 0;
}

int
cmd_usage(const char *what)
{
	(void)fprintf(stderr, "bezel: %s; see bezel help\n", what);
	return 2;
}

/* Recorded when the database is brought up to date; else looked at. */
static enum rc
db_share_numbers(struct app *app, struct arena *arena, enum migrate_mode mode,
    bool *ret_differ, struct err *err)
{
	struct share_numbers numbers;
	struct str text;

	if ((mode == MIGRATE_APPLY ? share_numbers_record(app, arena, &numbers, err)
	    : share_numbers_compare(app, arena, &numbers, err)) != RC_OK)
		return err->rc;
	text = share_numbers_text(app, arena, &numbers);
	*ret_differ = text.p != NULL;
	if (*ret_differ)
		(void)fprintf(stderr, "bezel: %.*s\n", STR_FMT(text));
	return RC_OK;
}

int
cmd_db(struct cmd *cmd, struct err *err)
{
	static const struct {
		const char *name;
		enum migrate_mode mode;
	} modes[] = {
		{ "plan", MIGRATE_PLAN }, { "apply", MIGRATE_APPLY },
		{ "check", MIGRATE_CHECK },
	};
	struct app app = { 0 };
	struct buf report;
	bool differ = false;
	int changes;

	if (cmd->args[0] == NULL || cmd->args[1] != NULL)
		return cmd_usage("db needs plan, apply or check");
	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
		if (strcmp(modes[i].name, cmd->args[0]) != 0)
			continue;
		buf_init(&report, cmd->arena, 1024, 1 << 20);
		if (open_app(cmd->arena, cmd->conf, OPEN_STORE | OPEN_PATIENT,
		    "bezel-db", &app, err) != RC_OK
		    || store_migrate(app.store, cmd->arena, modes[i].mode,
		    &report, &changes, err) != RC_OK)
			return 1;
		cmd_put(&report);
		(void)printf(modes[i].mode == MIGRATE_APPLY
		    ? "%d collections changed\n"
		    : "%d collections differ from the rows\n", changes);
		if (db_share_numbers(&app, cmd->arena, modes[i].mode, &differ, err)
		    != RC_OK)
			return 1;
		return modes[i].mode == MIGRATE_CHECK && (changes > 0 || differ);
	}
	return cmd_usage("db needs plan, apply or check");
}

int
cmd_retention(struct cmd *cmd, struct err *err)
{
	struct app app = { .shared = shared_new(),
		.sessions = session_cache_new(), .wake_fd = -1 };
	struct app_retention done;
	int64_t orphans;

	if (open_app(cmd->arena, cmd->conf, OPEN_STORE | OPEN_BLOB,
	    "bezel-retention", &app, err) != RC_OK
	    || app_retention_run(&app, cmd->arena, &done, err) != RC_OK
	    || app_orphans_run(&app, cmd->arena, &orphans, err) != RC_OK)
		return 1;
#define RETENTION(name, text) \
	(void)printf("%lld " text "\n", (long long)done.name);
#include "app/retention.def"
#undef RETENTION
	(void)printf("%lld orphaned objects removed\n", (long long)orphans);
	return 0;
}

static void
complain(const struct err *err)
{
	(void)fprintf(stderr, "bezel: %s\n", err->message);
	if (err->detail[0] != '\0')
		(void)fprintf(stderr, "  %s\n", err->detail);
	for (const struct fault *f = err->faults; f != NULL; f = f->next)
		(void)fprintf(stderr, "  %.*s: %.*s\n", STR_FMT(f->pointer),
		    STR_FMT(f->detail));
}

/* help, version and the manual need no configuration that is right. */
static bool
conf_matters(const char *name, char **args)
{
	for (size_t i = 0; args[i] != NULL; i++)
		if (strcmp(args[i], "--help") == 0)
			return false;
	return strcmp(name, "help") != 0 && strcmp(name, "version") != 0
	    && !(strcmp(name, "print") == 0 && (args[0] == NULL
	    || (strcmp(args[0], "media-secret") != 0
	    && strcmp(args[0], "share-keys") != 0)));
}

static int
run_command(struct arena *arena, int argc, char **argv)
{
	struct conf conf;
	struct cmd cmd = { .arena = arena, .conf = &conf, .conf_argc = argc,
		.conf_argv = argv };
	struct err err;
	char **words;
	int status = 1;

	err_init(&err);
	if (argc > 1 && (strcmp(argv[1], "--help") == 0
	    || strcmp(argv[1], "-h") == 0))
		return cmd_help(&cmd, &err);
	if (argc > 1 && strcmp(argv[1], "--version") == 0)
		return cmd_version(&cmd, &err);
	(void)!open_conf(arena, argc, argv, &conf, &words, &err);
	if (words[0] == NULL)
		return cmd_usage("which command?");
	cmd.args = words + 1;
	if (conf_matters(words[0], cmd.args) && err.rc != RC_OK) {
		complain(&err);
		return 1;
	}
	err_init(&err);
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		if (strcmp(commands[i].name, words[0]) == 0) {
			status = commands[i].run(&cmd, &err);
			if (err.rc != RC_OK)
				complain(&err);
			return err.rc != RC_OK ? 1 : status;
		}
	return cmd_usage("there is no such command");
}

int
main(int argc, char **argv)
{
	struct arena *arena = arena_new();
	int status = run_command(arena, argc, argv);

	arena_free(arena);
	return status;
}
