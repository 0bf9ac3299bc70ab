#include "config.h"

#include "cmd/cmd.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/uuid.h"
#include "codec/email.h"
#include "cmd/open.h"
#include "mail/mail.h"
#include "mail/template.h"
#include "net/net.h"

static const char *const sentences[] = {
	[MAIL_SENT] = "sent",
	[MAIL_LATER] = "not now; the same may go later",
	[MAIL_NEVER] = "refused, and will be",
	[MAIL_MISCONFIGURED] = "nothing will go until this is mended",
};

static void
say(const char *name, struct str value)
{
	if (value.n > 0)
		(void)printf("%s: %.*s\n", name, STR_FMT(value));
}

static int
report(const struct mail_message *message, const struct mail_result *result)
{
	say("mail", str_of(sentences[result->outcome]));
	say("reason", result->reason);
	if (result->code != 0)
		(void)printf("code: %d\n", result->code);
	say("detail", result->detail);
	say("relay", result->reply);
	say("id", message->id);
	return result->outcome == MAIL_SENT ? 0 : 1;
}

int
cmd_mail(struct cmd *cmd, struct err *err)
{
	struct app app = { .wake_fd = -1 };
	struct mail_message message = { .id = uuid_new(cmd->arena),
		.date_ms = clock_now_ms() };
	struct mail_values values = { .time_ms = message.date_ms };
	struct mail_result result;

	if (cmd->args[0] == NULL || strcmp(cmd->args[0], "test") != 0
	    || cmd->args[1] == NULL || cmd->args[2] != NULL)
		return cmd_usage("mail needs test and an address");
	message.to.address = str_of(cmd->args[1]);
	if (!email_is(message.to.address))
		return cmd_usage("that is no address: local@domain, in ASCII");
	net_global_init();
	if (open_app(cmd->arena, cmd->conf, OPEN_MAIL, "bezel-mail", &app, err)
	    != RC_OK)
		return 1;
	values.studio = mail_studio(app.mail).p != NULL ? mail_studio(app.mail)
	    : cmd->conf->base.host;
	mail_template_fill(mail_template_find(STR("test")), cmd->arena, &values,
	    &message);
	if (mail_send(app.mail, cmd->arena, &message, NULL, NULL, &result, err)
	    != RC_OK)
		return 1;
	return report(&message, &result);
}
