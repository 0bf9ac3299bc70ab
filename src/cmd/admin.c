#include "config.h"

#include "cmd/admin.h"

#include <errno.h>
#include <stdio.h>

#include "app/admin-announce.h"
#include "app/session-cache.h"
#include "base/clock.h"
#include "cmd/open.h"
#include "store/users.h"

enum { USERS_SHOWN = 100, REPORT_DAYS = 30 };

/* --- members ------------------------------------------------------------- */

static int
admin_users_list(struct admin *a, struct err *err)
{
	struct users_query query = { .tier = a->args.tier,
		.disabled = a->args.disabled };
	struct str *docs = arena_many(a->arena, ADMIN_LIST_MAX, struct str);
	size_t n;

	if (query.tier != NULL && strcmp(query.tier, "free") != 0
	    && strcmp(query.tier, "premium") != 0)
		return cmd_usage("--tier is free or premium");
	if (!admin_args_number("--limit", a->args.limit, USERS_SHOWN,
	    ADMIN_LIST_MAX, &query.limit))
		return 2;
	if (a->args.email != NULL) {
		char *p = arena_strz(a->arena, str_of(a->args.email));

		query.email_prefix = str_of(p);
		for (; *p != '\0'; p++)
			*p = *p >= 'A' && *p <= 'Z' ? (char)(*p + 'a' - 'A') : *p;
	}
	if (admin_users(&a->app, a->arena, &query, docs, &n, err) != RC_OK)
		return 1;
	admin_print_users(&a->out, docs, n, a->args.json);
	return 0;
}

static int
admin_users_show(struct admin *a, struct err *err)
{
	struct admin_member member;

	if (admin_member(&a->app, a->arena, str_of(a->args.operands[0]), &member,
	    err) != RC_OK)
		return 1;
	admin_print_member(&a->out, &a->app, &member, a->args.json);
	return 0;
}

static void
say_sessions(struct admin *a, int64_t n)
{
	buf_printf(&a->out, "%lld sessions ended", (long long)n);
	if (n > 0)
		buf_printf(&a->out, "; services take them for %lld s at most",
		    (long long)a->cmd->conf->session_cache_s);
	buf_add_char(&a->out, '\n');
}

static int
admin_users_disable(struct admin *a, struct err *err)
{
	struct admin_done done;

	if (admin_disable(&a->app, a->arena, &a->actor,
	    str_of(a->args.operands[0]), str_of(a->args.reason), &done, err)
	    != RC_OK)
		return 1;
	buf_printf(&a->out, "%.*s is disabled%s\n", STR_FMT(done.user.id),
	    done.changed ? "" : " already");
	if (done.changed)
		say_sessions(a, done.sessions);
	return 0;
}

static int
admin_users_enable(struct admin *a, struct err *err)
{
	struct admin_done done;

	if (admin_enable(&a->app, a->arena, &a->actor,
	    str_of(a->args.operands[0]), &done, err) != RC_OK)
		return 1;
	buf_printf(&a->out, "%.*s is %s\n", STR_FMT(done.user.id),
	    done.changed ? "enabled" : "not disabled");
	return 0;
}

static int
admin_users_set_tier(struct admin *a, struct err *err)
{
	const char *tier = a->args.operands[1];
	struct admin_done done;
	int64_t until_ms = TIME_NULL;

	if (strcmp(tier, "free") != 0 && strcmp(tier, "premium") != 0)
		return cmd_usage("a tier is free or premium");
	if (a->args.until != NULL) {
		if (strcmp(tier, "free") == 0)
			return cmd_usage("free has no end");
		if (!admin_args_day(a->args.until, &until_ms))
			return cmd_usage("--until is a day: YYYY-MM-DD");
		until_ms += INT64_C(24) * 3600 * 1000;	/* its end */
	}
	if (admin_set_tier(&a->app, a->arena, &a->actor,
	    str_of(a->args.operands[0]), tier, until_ms, &done, err) != RC_OK)
		return 1;
	buf_printf(&a->out, "%.*s is %s%s", STR_FMT(done.user.id), tier,
	    done.changed ? "" : " already");
	if (until_ms != TIME_NULL) {
		buf_addz(&a->out, " until ");
		buf_add_time(&a->out, until_ms);
	}
	buf_add_char(&a->out, '\n');
	return 0;
}

static int
admin_users_set_email(struct admin *a, struct err *err)
{
	struct admin_done done;

	if (admin_set_email(&a->app, a->arena, &a->actor,
	    str_of(a->args.operands[0]), str_of(a->args.operands[1]), &done, err)
	    != RC_OK)
		return 1;
	buf_printf(&a->out, "%.*s has %s\n", STR_FMT(done.user.id), done.changed
	    ? "another address, which is to be confirmed"
	    : "this address already");
	if (done.changed)
		say_sessions(a, done.sessions);
	return 0;
}

static int
admin_sessions_revoke(struct admin *a, struct err *err)
{
	struct admin_done done;

	if (admin_revoke_sessions(&a->app, a->arena, &a->actor,
	    str_of(a->args.operands[0]), &done, err) != RC_OK)
		return 1;
	say_sessions(a, done.sessions);
	return 0;
}

/* --- announcements and figures ------------------------------------------- */

static enum rc
read_text(struct arena *arena, const char *path, struct str *ret_text,
    struct err *err)
{
	enum { MOST = 4 * ANNOUNCE_TEXT_MAX + 1 };
	char *p = arena_alloc(arena, MOST);
	FILE *file = fopen(path, "re");
	size_t n, kept = 0;
	bool bad;

	if (file == NULL)
		return err_set(err, RC_INVALID, "%s: %s", path, strerror(errno));
	n = fread(p, 1, MOST, file);
	for (size_t i = 0; i < n; i++)	/* of another system's line ends */
		if (p[i] != '\r')
			p[kept++] = p[i];
	while (kept > 0 && (p[kept - 1] == '\n' || p[kept - 1] == ' '))
		kept--;
	*ret_text = (struct str){ p, kept };
	bad = ferror(file) != 0;
	(void)fclose(file);	/* only read from */
	return bad ? err_set(err, RC_INVALID, "%s cannot be read.", path) : RC_OK;
}

static int
admin_announce_run(struct admin *a, struct err *err)
{
	struct announcement say = { .list = str_of(a->args.list),
		.subject = str_of(a->args.subject) };
	struct announced done;

	if (say.list.p == NULL || say.subject.p == NULL
	    || a->args.text_file == NULL)
		return cmd_usage("announce needs --list, --subject, --text-file");
	if (!str_eqz(say.list, "new_features") && !str_eqz(say.list, "design_tips"))
		return cmd_usage("--list is new_features or design_tips");
	if (read_text(a->arena, a->args.text_file, &say.text, err) != RC_OK
	    || admin_announce_begin(a->arena, &say, str_of(a->args.resume), err)
	    != RC_OK)
		return 1;
	if (!a->args.dry_run) {		/* before anything can break it off */
		(void)printf("announcement %.*s\n", STR_FMT(say.id));
		(void)fflush(stdout);
	}
	(void)!admin_announce(&a->app, &a->actor, &say, a->args.dry_run, &done,
	    err);
	if (a->args.dry_run)
		buf_printf(&a->out, "%lld members would get it\n",
		    (long long)done.members);
	else
		buf_printf(&a->out, "%lld members: %lld mails queued, %lld were"
		    " before\n", (long long)done.members, (long long)done.queued,
		    (long long)done.before);
	if (err->rc != RC_OK && !a->args.dry_run)
		buf_printf(&a->out, "broken off: go on with --resume %.*s and the"
		    " same words\n", STR_FMT(say.id));
	return err->rc != RC_OK;
}

static int
admin_report_run(struct admin *a, struct err *err)
{
	struct admin_day *days;
	int count;

	if (!admin_args_number("--days", a->args.days, REPORT_DAYS,
	    ADMIN_REPORT_DAYS_MAX, &count))
		return 2;
	days = arena_many(a->arena, (size_t)count, struct admin_day);
	if (admin_report(&a->app, a->arena, count, days, err) != RC_OK)
		return 1;
	admin_print_report(&a->out, days, count, a->args.json);
	return 0;
}

/* --- words --------------------------------------------------------------- */

static const struct {
	const char *name, *args, *text;
	int operands;
	admin_fn *run;
} rows[] = {
#define ADMIN(function, name, operands, args, text) \
	{ name, args, text, operands, function },
#include "cmd/admin.def"
#undef ADMIN
};

static int
show_help(void)
{
	(void)printf("usage: bezel [--config FILE] admin WORDS [ARGUMENT ...]\n\n");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		(void)printf("  %s %s\n      %s\n", rows[i].name, rows[i].args,
		    rows[i].text);
	(void)printf("\nExit status: 0 done, 1 refused or failed, 2 used "
	    "wrongly.\n");
	return 0;
}

/* How many words of the command are those of the row's name; 0: they are not. */
static int
words_of(const char *name, char *const *words)
{
	struct str rest = str_of(name);
	int n = 0;

	while (rest.p != NULL) {
		struct str word = str_cut(&rest, ' ');

		if (words[n] == NULL || !str_eqz(word, words[n]))
			return 0;
		n++;
	}
	return n;
}

static int
run_row(struct cmd *cmd, size_t row, char *const *words, struct err *err)
{
	struct admin admin = { .cmd = cmd, .arena = cmd->arena,
		.app = { .shared = shared_new(), .sessions = session_cache_new(),
		.wake_fd = -1 } };
	int status = admin_args_read(words, rows[row].operands, rows[row].args,
	    &admin.args);

	if (status != 0)
		return status;
	admin.actor = admin_operator(cmd->arena);
	buf_init(&admin.out, cmd->arena, 1 << 14, 1 << 26);
	if (open_app(cmd->arena, cmd->conf, OPEN_STORE, "bezel-admin", &admin.app,
	    err) != RC_OK)
		return 1;
	status = rows[row].run(&admin, err);
	cmd_put(&admin.out);
	return status;
}

int
cmd_admin(struct cmd *cmd, struct err *err)
{
	for (size_t i = 0; cmd->args[i] != NULL; i++)
		if (strcmp(cmd->args[i], "--help") == 0
		    || strcmp(cmd->args[i], "-h") == 0)
			return show_help();
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int n = words_of(rows[i].name, cmd->args);

		if (n > 0)
			return run_row(cmd, i, cmd->args + n, err);
	}
	return cmd_usage("admin knows users, sessions, audit, announce and report;"
	    " see bezel admin --help");
}
