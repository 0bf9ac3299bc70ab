/*
 * cmd.h - subcommands. Each gets the configuration and its own arguments and
 * returns the exit status: 0 done, 1 refused or failed, 2 used wrongly.
 */
#ifndef BEZEL_CMD_CMD_H
#define BEZEL_CMD_CMD_H

#include "base/buf.h"
#include "conf/conf.h"

struct cmd {
	struct arena *arena;		/* of the process */
	struct conf *conf;
	int conf_argc;			/* to read the configuration again */
	char **conf_argv;
	char **args;			/* after the command's name, ends with NULL */
};

typedef int cmd_fn(struct cmd *cmd, struct err *err);

/* Says on standard error what was wrong. Returns 2. */
int cmd_usage(const char *what);

/* To standard output. */
void cmd_put(const struct buf *buf);

/* docs/bezel.1, in mdoc(7). */
void cmd_print_man(struct buf *buf);

#define COMMAND(function, name, args, text, more) cmd_fn cmd_##function;
#include "cmd/commands.def"
#undef COMMAND

#endif
