/* steps-sharing.c - scenarios of steps: a member's link. */
#include "config.h"

#include "steps.h"

#include "app/shares.h"

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

const struct scenario scenarios_sharing[] = {
	/* made, revoked, brought back and revoked again */
	{ "share", prepare_member, share },
	{ NULL, NULL, NULL },
};
