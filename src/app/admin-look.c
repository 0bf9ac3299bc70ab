#include "config.h"

#include "app/admin.h"

#include "base/clock.h"
#include "store/audit.h"
#include "store/sessions.h"
#include "store/users.h"

enum { DAY_MS = 24 * 3600 * 1000 };

enum rc
admin_users(struct app *app, struct arena *arena, struct users_query *query,
    struct str *ret_docs, size_t *ret_n, struct err *err)
{
	if (query->limit > ADMIN_LIST_MAX)
		query->limit = ADMIN_LIST_MAX;
	return users_list(app->store, arena, query, clock_now_ms(), ret_docs,
	    ret_n, err);
}

enum rc
admin_audit(struct app *app, struct arena *arena,
    const struct admin_events *events, struct str *ret_docs, size_t *ret_n,
    struct err *err)
{
	struct audit_query query = { .user_id = events->user_id,
		.kind = events->kind, .limit = events->limit < ADMIN_LIST_MAX
		? events->limit : ADMIN_LIST_MAX };

	if (events->since_ms != TIME_NULL)
		query.from_id = audit_first_id(arena, events->since_ms);
	return audit_find(app->store, arena, &query, ret_docs, ret_n, err);
}

enum rc
admin_member(struct app *app, struct arena *arena, struct str who,
    struct admin_member *ret_member, struct err *err)
{
	struct admin_member *m = ret_member;
	struct admin_events events = { .since_ms = TIME_NULL,
		.limit = ADMIN_EVENTS };
	struct str *sessions = arena_many(arena, SESSIONS_MAX, struct str);
	size_t n;

	if (admin_find(app, arena, who, &m->user, &m->doc, err) != RC_OK)
		return err->rc;
	events.user_id = m->user.id;
	if (report_designs(app->store, arena, m->user.id, &m->designs,
	    &m->trashed, err) != RC_OK
	    || sessions_of_user(app->store, arena, m->user.id, clock_now_ms(),
	    sessions, &n, err) != RC_OK
	    || admin_audit(app, arena, &events, m->events, &m->event_count, err)
	    != RC_OK)
		return err->rc;
	m->sessions = (int64_t)n;
	return RC_OK;
}

enum rc
admin_report(struct app *app, struct arena *arena, int count,
    struct admin_day *ret_days, struct err *err)
{
	int64_t now_ms = clock_now_ms();
	int64_t from_ms = now_ms - now_ms % DAY_MS - (count - 1) * (int64_t)DAY_MS;

	/* A day at a time: none takes longer than a command may. */
	for (int i = 0; i < count; i++, from_ms += DAY_MS) {
		clock_day(from_ms, ret_days[i].day);
		if (report_figures(app->store, arena, from_ms, from_ms + DAY_MS,
		    &ret_days[i].figures, err) != RC_OK)
			return err->rc;
	}
	return RC_OK;
}
