#include "config.h"

#include "cmd/cmd.h"

#include <stdio.h>

#include "api/api.h"
#include "app/app.h"
#include "cmd/open.h"
#include "crypt/share-token.h"
#include "schema/schema.h"
#include "store/role.h"

/* What nginx shares of the installation's keys. */
static void
print_secret(struct buf *buf, struct cmd *cmd, struct err *err)
{
	struct keyring keyring;

	if (open_keys(cmd->conf, &keyring, err) != RC_OK)
		return;
	if (strcmp(cmd->args[0], "share-keys") == 0) {
		share_token_print_keys(&keyring, buf);
	} else {
		buf_add_str(buf, app_media_secret(&keyring, cmd->arena));
		buf_add_char(buf, '\n');
	}
	keyring_done(&keyring);
}

int
cmd_print(struct cmd *cmd, struct err *err)
{
	static const struct {
		const char *name;
		void (*print)(struct buf *buf);
	} parts[] = {
#define PRINT(function, name, text) { name, function },
#include "cmd/prints.def"
#undef PRINT
	};
	struct buf buf;

	if (cmd->args[0] == NULL || cmd->args[1] != NULL) {
		for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
			(void)fprintf(stderr, "bezel print %s\n", parts[i].name);
		return cmd_usage("print needs one of these words");
	}
	buf_init(&buf, cmd->arena, 1 << 16, 1 << 24);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		if (strcmp(parts[i].name, cmd->args[0]) != 0)
			continue;
		if (parts[i].print != NULL)
			parts[i].print(&buf);
		else
			print_secret(&buf, cmd, err);
		cmd_put(&buf);
		return 0;
	}
	return cmd_usage("print does not know that word");
}
