#include "config.h"

#include "cmd/admin.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/uuid.h"

enum { EVENTS_SHOWN = 20 };

static bool
is_kind(const char *kind)
{
	for (size_t i = 0; enum_audit_kind.values[i] != NULL; i++)
		if (strcmp(enum_audit_kind.values[i], kind) == 0)
			return true;
	return false;
}

/* Ids of what was shown lately: clocks of hosts differ, so events may come a little
 * behind younger ones. */
enum { FOLLOW_NAP_MS = 1000, FOLLOW_BACK_MS = 10000 };
struct seen {
	char ids[ADMIN_LIST_MAX][UUID_TEXT];
	size_t n;
};

static bool
was_seen(const struct seen *seen, struct str id)
{
	for (size_t i = 0; i < seen->n; i++)
		if (id.n == UUID_TEXT && memcmp(seen->ids[i], id.p, id.n) == 0)
			return true;
	return false;
}

/* Shows what is new, oldest first, and remembers all of it. */
static void
show_events(struct admin *a, struct arena *arena, const struct str *docs,
    size_t n, struct seen *seen)
{
	static struct seen now;
	struct str id;

	now.n = 0;
	a->out.n = 0;
	for (size_t i = n; i-- > 0;) {
		if (!doc_peek_str(docs[i], "_id", &id) || id.n != UUID_TEXT)
			continue;
		memcpy(now.ids[now.n++], id.p, UUID_TEXT);
		if (!was_seen(seen, id))
			admin_print_event(&a->out, arena, docs[i], a->args.json);
	}
	cmd_put(&a->out);
	(void)fflush(stdout);
	a->out.n = 0;
	*seen = now;
}

/* Until a signal, or nobody reads. */
static int
follow(struct admin *a, struct admin_events *query, struct seen *seen,
    struct err *err)
{
	struct str *docs = arena_many(a->arena, ADMIN_LIST_MAX, struct str);
	struct arena *arena = arena_new();
	size_t n;

	query->limit = ADMIN_LIST_MAX;
	while (!ferror(stdout)) {
		clock_sleep_ms(FOLLOW_NAP_MS);
		query->since_ms = clock_now_ms() - FOLLOW_BACK_MS;
		if (admin_audit(&a->app, arena, query, docs, &n, err) != RC_OK)
			break;
		show_events(a, arena, docs, n, seen);
		arena_reset(arena);
	}
	arena_free(arena);
	return 1;
}

int
admin_audit_tail(struct admin *a, struct err *err)
{
	struct admin_events query = { .since_ms = TIME_NULL,
		.kind = str_of(a->args.kind) };
	struct str *docs = arena_many(a->arena, ADMIN_LIST_MAX, struct str);
	static struct seen seen;
	struct user user;
	size_t n;

	if (a->args.kind != NULL && !is_kind(a->args.kind))
		return cmd_usage("there are no events of that kind; docs/schema.md"
		    " names them");
	if (a->args.since != NULL && !admin_args_day(a->args.since,
	    &query.since_ms) && !clock_parse(str_of(a->args.since),
	    &query.since_ms))
		return cmd_usage("--since is a day, or like 2026-11-22T10:00:00Z");
	if (!admin_args_number("-n", a->args.limit, EVENTS_SHOWN, ADMIN_LIST_MAX,
	    &query.limit))
		return 2;
	if (a->args.user != NULL) {
		/* Of an account that is gone there may be events still. */
		query.user_id = str_of(a->args.user);
		if (!uuid_is(query.user_id)) {
			if (admin_find(&a->app, a->arena, query.user_id, &user,
			    NULL, err) != RC_OK)
				return 1;
			query.user_id = user.id;
		}
	}
	if (admin_audit(&a->app, a->arena, &query, docs, &n, err) != RC_OK)
		return 1;
	show_events(a, a->arena, docs, n, &seen);
	return a->args.follow ? follow(a, &query, &seen, err) : 0;
}
