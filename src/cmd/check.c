#include "config.h"

#include "cmd/cmd.h"

#include <stdio.h>

#include "app/share-numbers.h"
#include "base/log.h"
#include "cmd/open.h"
#include "cmd/worker.h"
#include "net/net.h"
#include "provider/provider.h"

/*
 * What the provider says of itself before any picture is asked for: once when the
 * service starts, after each reload, and by `bezel check`, which also compares the keys
 * of links with the database. Whatever comes of it, the service serves.
 */

static enum rc
ask(struct arena *arena, const struct conf *conf, struct provider_check *ret_check,
    struct err *err)
{
	struct app app = { .wake_fd = -1 };

	if (open_app(arena, conf, OPEN_PROVIDER, "bezel", &app, err) == RC_OK)
		provider_check(app.provider, arena, ret_check);
	return err->rc;
}

bool
check_wanted(const struct conf *conf)
{
	return conf->provider == CONF_PROVIDER_GEMINI && conf->job_workers > 0;
}

static enum log_level
level_of(const struct provider_check *check)
{
	if (check->outcome == PROVIDER_FAILED)
		return LOG_ERROR;
	return check->outcome == PROVIDER_RETRY || check->missing.n > 0
	    ? LOG_WARN : LOG_INFO;
}

void
check_and_log(const struct conf *conf, struct shared *shared)
{
	struct arena *arena = arena_new();
	struct provider_check check;
	struct err err;

	err_init(&err);
	if (ask(arena, conf, &check, &err) != RC_OK)
		check = (struct provider_check){ .outcome = PROVIDER_FAILED,
			.reason = STR("cannot_open"),
			.detail = str_of(err.message) };
	metric_set(shared, METRIC_provider_failing,
	    check.outcome == PROVIDER_FAILED);
	if (check.outcome == PROVIDER_FAILED)
		metric_add(shared, METRIC_provider_alarms_total, 1);
	log_event(level_of(&check), "provider.check",
	    LOG_STR("reason", check.reason), LOG_STR("models", check.models),
	    LOG_STR("missing", check.missing), LOG_STR("detail", check.detail),
	    LOG_INT("took_ms", check.took_ms), LOG_END);
	arena_free(arena);
}

static void
say(const char *name, struct str value)
{
	if (value.n > 0)
		(void)printf("%s: %.*s\n", name, STR_FMT(value));
}

/* Whether those of this host are the installation's. */
static bool
compare_share_keys(struct app *app, struct arena *arena)
{
	struct share_numbers numbers;
	struct str text;
	struct err err;

	err_init(&err);
	text = share_numbers_compare(app, arena, &numbers, &err) != RC_OK
	    ? str_of(err.message) : share_numbers_text(app, arena, &numbers);
	say("share_keys", text.p == NULL ? STR("ok") : text);
	return text.p == NULL;
}

int
cmd_check(struct cmd *cmd, struct err *err)
{
	struct app app = { .wake_fd = -1 };
	struct provider_check check;
	bool good;

	net_global_init();
	if (open_app(cmd->arena, cmd->conf, OPEN_PROVIDER | OPEN_STORE,
	    "bezel-check", &app, err) != RC_OK)
		return 1;
	provider_check(app.provider, cmd->arena, &check);
	say("provider", check.reason);
	say("models", check.models);
	say("missing", check.missing);
	say("detail", check.detail);
	good = compare_share_keys(&app, cmd->arena);
	return check.outcome == PROVIDER_OK && good ? 0 : 1;
}
