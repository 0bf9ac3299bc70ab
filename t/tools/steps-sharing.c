/* steps-sharing.c - scenarios of steps: a member's link, and who looks at it. */
#include "config.h"

#include "steps.h"

#include "app/shares.h"
#include "app/views.h"
#include "base/clock.h"
#include "crypt/share-token.h"

static enum rc
put_share(struct app *app, struct arena *arena, struct run *run, struct err *err)
{
	struct actor actor = member_of(arena, run);
	struct body_share body;
	struct app_share made;

	decode(arena, &doc_body_share, "{\"title\":\"A ring\"}", &body);
	return app_share_put(app, arena, &actor, str_of(run->design), TIME_NULL,
	    &body, &made, err);
}

static enum rc
revoke_share(struct app *app, struct arena *arena, struct run *run,
    struct err *err)
{
	struct actor actor = member_of(arena, run);

	return app_share_revoke(app, arena, &actor, str_of(run->design),
	    TIME_NULL, err);
}

static enum rc
restore_share(struct app *app, struct arena *arena, struct run *run,
    struct err *err)
{
	struct actor actor = member_of(arena, run);
	struct app_share back;

	return app_share_restore(app, arena, &actor, str_of(run->design), &back,
	    err);
}

/* The client that got no answer asks again, and remembers what had one. */
static void
share(struct app *app, struct app *clean, struct run *run, bool hangs)
{
	static step_fn *const steps[] = { put_share, revoke_share, restore_share,
		revoke_share };

	(void)hangs;
	while (run->done < (int)(sizeof steps / sizeof steps[0]) && !run->stuck) {
		until_done(app, clean, run, steps[run->done], "share");
		run->done += !run->stuck;
	}
}

/* --- who looks at it ------------------------------------------------------- */

static enum rc
look_as(struct app *app, struct arena *arena, struct run *run,
    const char *address, const char *agent, struct err *err)
{
	const struct view view = { .token = str_of(run->token),
		.agent = str_of(agent), .address = str_of(address) };

	return app_view_take(app, arena, &view, err);
}

#define BROWSER "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

static enum rc
look_first(struct app *app, struct arena *arena, struct run *run,
    struct err *err)
{
	return look_as(app, arena, run, run->address, BROWSER, err);
}

static enum rc
look_second(struct app *app, struct arena *arena, struct run *run,
    struct err *err)
{
	return look_as(app, arena, run, "2001:db8::1", BROWSER, err);
}

static enum rc
look_robot(struct app *app, struct arena *arena, struct run *run,
    struct err *err)
{
	return look_as(app, arena, run, run->address, "Twitterbot/1.0", err);
}

enum rc
count_views(struct app *app, struct arena *arena, struct run *run,
    struct err *err)
{
	int64_t counted;

	(void)run;
	return app_views_count(app, arena, &counted, err);
}

/* Counted between two looks too. */
static void
look(struct app *app, struct app *clean, struct run *run, bool hangs)
{
	(void)hangs;
	for (int day = 0; day < 2; day++) {
		clock_set_skew_ms((int64_t)day * 24 * 3600 * 1000);
		until_done(app, clean, run, look_first, "first");
		until_done(app, clean, run, count_views, "count");
		until_done(app, clean, run, look_second, "second");
		until_done(app, clean, run, look_robot, "robot");
		until_done(app, clean, run, look_first, "reload");
		until_done(app, clean, run, count_views, "count");
	}
	clock_set_skew_ms(0);
}

/* A member's design with a link. */
static void
prepare_link(struct app *clean, struct run *run)
{
	struct arena *arena = arena_new();

	prepare_member(clean, run);
	copy(run->token, sizeof run->token, share_token_new(&clean->keyring,
	    arena, str_of(run->design)));
	set_all(clean, arena, "designs", db_json(arena, "{\"_id\":\"%s\"}",
	    run->design), db_json(arena, "{\"$set\":{\"share_settings.is_shared\":"
	    "true,\"share_settings.share_token\":\"%s\"}}", run->token));
	arena_free(arena);
}

const struct scenario scenarios_sharing[] = {
	/* made, revoked, brought back and revoked again */
	{ "share", prepare_member, share },
	/* looked at by two people and a robot, and again the day after */
	{ "look", prepare_link, look },
	{ NULL, NULL, NULL },
};
