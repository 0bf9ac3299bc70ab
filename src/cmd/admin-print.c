#include "config.h"

#include "cmd/admin.h"

#include <stdio.h>

#include "app/me.h"
#include "base/clock.h"
#include "codec/json.h"

static void
add_time(struct buf *buf, int64_t ms)
{
	if (ms == TIME_NULL)
		buf_addz(buf, "-");
	else
		buf_add_time(buf, ms);
}

static void
add_json_time(struct buf *buf, const char *name, int64_t ms)
{
	buf_printf(buf, "\"%s\":", name);
	buf_add_json_time(buf, ms);
}

static void
read_user(struct buf *buf, struct str doc, struct user *user)
{
	doc_read(&doc_user, doc, user, buf->arena);
}

/* What owners see, and no more of what is stored but these. */
static void
add_json_user(struct buf *buf, struct str doc, const struct user *user)
{
	struct encode how = { .view = OWNER };
	struct buf more;

	buf_init(&more, buf->arena, 128, 1024);
	buf_printf(&more, "\"plan\":\"%s\",",
	    app_me_premium(user) ? "premium" : "free");
	add_json_time(&more, "disabled_at", user->disabled_at);
	doc_encode(buf, &doc_user, doc, &how, buf_str(&more));
}

/* --- members ------------------------------------------------------------- */

void
admin_print_users(struct buf *buf, const struct str *docs, size_t n, bool json)
{
	struct user user;

	if (json)
		buf_addz(buf, "{\"items\":[");
	for (size_t i = 0; i < n; i++) {
		read_user(buf, docs[i], &user);
		if (json) {
			buf_addz(buf, i > 0 ? ",\n" : "\n");
			add_json_user(buf, docs[i], &user);
			continue;
		}
		buf_printf(buf, "%.*s  ", STR_FMT(user.id));
		add_time(buf, user.created_at);
		buf_printf(buf, "  %-7s  %s%.*s%s\n",
		    app_me_premium(&user) ? "premium" : "free",
		    user.disabled_at != TIME_NULL ? "disabled  " : "",
		    STR_FMT(user.email),
		    user.email_verified ? "" : "  (not confirmed)");
	}
	if (json)
		buf_addz(buf, "]}\n");
	else
		buf_printf(buf, "%zu members\n", n);
}

static void
add_field(struct buf *buf, const char *name, struct str value)
{
	buf_printf(buf, "%-14s %.*s\n", name, STR_FMT(value.p != NULL ? value
	    : STR("-")));
}

static void
add_time_field(struct buf *buf, const char *name, int64_t ms)
{
	buf_printf(buf, "%-14s ", name);
	add_time(buf, ms);
	buf_add_char(buf, '\n');
}

static void
add_use(struct buf *buf, const char *name, const struct quota *month,
    const struct quota *day, bool json)
{
	buf_printf(buf, json ? "\"%s\":{\"month\":%lld,\"month_limit\":%lld,"
	    "\"day\":%lld,\"day_limit\":%lld}" : "%-14s %lld of %lld this month, "
	    "%lld of %lld today\n", name, (long long)(month->limit - month->left),
	    (long long)month->limit, (long long)(day->limit - day->left),
	    (long long)day->limit);
}

static void
add_json_member(struct buf *buf, const struct app_me_usage *usage,
    const struct admin_member *m)
{
	buf_addz(buf, "{\"user\":");
	add_json_user(buf, m->doc, &m->user);
	buf_addz(buf, ",\"usage\":{");
	add_use(buf, "designs", &usage->designs_month, &usage->designs_day, true);
	buf_add_char(buf, ',');
	add_use(buf, "refinements", &usage->refinements_month,
	    &usage->refinements_day, true);
	buf_printf(buf, "},\"designs\":%lld,\"designs_in_trash\":%lld,"
	    "\"sessions\":%lld,\"events\":[", (long long)m->designs,
	    (long long)m->trashed, (long long)m->sessions);
	for (size_t i = 0; i < m->event_count; i++) {
		if (i > 0)
			buf_add_char(buf, ',');
		admin_print_event(buf, buf->arena, m->events[i], true);
		buf->n--;	/* its end of line */
	}
	buf_addz(buf, "]}\n");
}

void
admin_print_member(struct buf *buf, const struct app *app,
    const struct admin_member *m, bool json)
{
	const struct user *user = &m->user;
	struct app_me_usage usage = app_me_usage(app, user);

	if (json) {
		add_json_member(buf, &usage, m);
		return;
	}
	add_field(buf, "id", user->id);
	add_field(buf, "email", user->email);
	add_field(buf, "confirmed", user->email_verified ? STR("yes") : STR("no"));
	add_field(buf, "name", user->full_name);
	add_field(buf, "made by", user->auth_provider);
	add_time_field(buf, "created", user->created_at);
	add_time_field(buf, "last sign-in", user->last_login_at);
	add_time_field(buf, "disabled", user->disabled_at);
	add_field(buf, "plan", usage.premium ? STR("premium") : STR("free"));
	if (str_eqz(user->subscription.tier, "premium")) {
		add_time_field(buf, "premium from", user->subscription.started_at);
		add_time_field(buf, "premium until", user->subscription.expires_at);
	}
	add_use(buf, "designs", &usage.designs_month, &usage.designs_day, false);
	add_use(buf, "refinements", &usage.refinements_month,
	    &usage.refinements_day, false);
	buf_printf(buf, "%-14s %lld, %lld of them in the trash\n", "stored",
	    (long long)m->designs, (long long)m->trashed);
	buf_printf(buf, "%-14s %lld\n", "sessions", (long long)m->sessions);
	for (size_t i = m->event_count; i-- > 0;)
		admin_print_event(buf, buf->arena, m->events[i], false);
}

/* --- the audit log ------------------------------------------------------- */

void
admin_print_event(struct buf *buf, struct arena *arena, struct str doc, bool json)
{
	struct encode how = { .view = OWNER };
	struct audit_event e;
	struct buf more;

	doc_read(&doc_audit_event, doc, &e, arena);
	if (json) {
		buf_init(&more, arena, 256, 4096);
		buf_addz(&more, "\"network\":");
		buf_add_json(&more, e.network);
		if (e.request_id.p != NULL) {
			buf_addz(&more, ",\"request_id\":");
			buf_add_json(&more, e.request_id);
		}
		doc_encode(buf, &doc_audit_event, doc, &how, buf_str(&more));
		buf_add_char(buf, '\n');
		return;
	}
	add_time(buf, e.created_at);
	buf_printf(buf, "  %-20.*s  user %-36.*s  by %.*s", STR_FMT(e.kind),
	    STR_FMT(e.user_id.p != NULL ? e.user_id : STR("-")), STR_FMT(e.by));
	if (e.network.n > 0)
		buf_printf(buf, "  from %.*s", STR_FMT(e.network));
	if (e.detail.p != NULL)
		buf_printf(buf, "  (%.*s)", STR_FMT(e.detail));
	buf_add_char(buf, '\n');
}

/* --- the report ---------------------------------------------------------- */

static void
add_figures(struct buf *buf, const char *day, const struct report_figures *f,
    bool json)
{
	if (!json) {
		buf_printf(buf, "%-10s %9lld %9lld %9lld %9lld %9lld %11.4f\n", day,
		    (long long)f->sign_ups, (long long)f->designs,
		    (long long)f->calls, (long long)f->pictures,
		    (long long)f->failures, f->cost_usd);
		return;
	}
	buf_printf(buf, "{\"day\":\"%s\",\"sign_ups\":%lld,\"designs\":%lld,"
	    "\"calls\":%lld,\"pictures\":%lld,\"failures\":%lld,\"cost_usd\":",
	    day, (long long)f->sign_ups, (long long)f->designs,
	    (long long)f->calls, (long long)f->pictures, (long long)f->failures);
	buf_add_json_number(buf, f->cost_usd);
	buf_add_char(buf, '}');
}

void
admin_print_report(struct buf *buf, const struct admin_day *days, int count,
    bool json)
{
	struct report_figures all = { 0 };

	if (json)
		buf_addz(buf, "{\"days\":[\n");
	else
		buf_printf(buf, "%-10s %9s %9s %9s %9s %9s %11s\n", "day",
		    "sign-ups", "designs", "calls", "pictures", "failures",
		    "cost (USD)");
	for (int i = 0; i < count; i++) {
		const struct report_figures *f = &days[i].figures;

		all.sign_ups += f->sign_ups;
		all.designs += f->designs;
		all.calls += f->calls;
		all.pictures += f->pictures;
		all.failures += f->failures;
		all.cost_usd += f->cost_usd;
		add_figures(buf, days[i].day, f, json);
		if (json)
			buf_addz(buf, i + 1 < count ? ",\n" : "");
	}
	if (json)
		buf_addz(buf, "],\n\"total\":");
	add_figures(buf, "total", &all, json);
	if (json)
		buf_addz(buf, "}\n");
}
