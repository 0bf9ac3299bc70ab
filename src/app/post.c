#include "config.h"

#include "app/post.h"

#include "app/accounts.h"
#include "app/admin-announce.h"
#include "app/charge.h"
#include "app/email-change.h"
#include "app/links.h"
#include "app/work-slot.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "codec/email.h"
#include "mail/mail.h"
#include "mail/template.h"
#include "store/jobs.h"
#include "store/users.h"

enum {
	LEAVE_MS = 20000,		/* the supervisor waits for 30 s */
	END_NAP_MS = 500,
	LAST_ERROR_MAX = 400,		/* bytes; its row takes 500 characters */
	GIVE_UP_TIMES = 4320		/* of the first wait: three days of 60 s */
};

static enum rc
enqueue(struct app *app, struct arena *arena, const struct mail_order *order,
    struct str user_id, struct str id, int32_t priority, struct err *err)
{
	struct actor actor = { .kind = ACTOR_NONE, .owner.user_id = user_id };
	struct mail_order copy = *order;
	struct job job;

	if (!email_is(order->to))
		return err_set(err, RC_INVALID, "This is not an address that mail"
		    " can be sent to.");
	job_init(&job, arena, &actor, "mail", id, STR_NULL, 0, 0);
	job.priority = priority;
	job.mail_order = &copy;
	return jobs_insert(app->store, arena, &job, err);
}

void
post_address(struct mail_order *order, const char *template,
    const struct user *user)
{
	doc_init(&doc_mail_order, order);
	order->template = str_of(template);
	order->to = user->email;
	order->name = user->full_name;
}

enum rc
post_enqueue(struct app *app, struct arena *arena,
    const struct mail_order *order, struct str user_id, struct err *err)
{
	return enqueue(app, arena, order, user_id, uuid_new(arena),
	    JOB_PRIORITY_MAIL, err);
}

enum rc
post_enqueue_bulk(struct app *app, struct arena *arena,
    const struct mail_order *order, struct str user_id, struct str id,
    struct err *err)
{
	return enqueue(app, arena, order, user_id, id, JOB_PRIORITY_BULK, err);
}

/* --- when again ---------------------------------------------------------- */

int64_t
post_wait_s(int64_t base_s, int tries, int64_t age_s, int minutes)
{
	static const int16_t times[] = { 1, 5, 30, 120, 480, 1440 };
	enum { STEPS = sizeof times / sizeof times[0] };
	int64_t wait_s = base_s * times[tries < 1 ? 0
	    : tries > STEPS ? STEPS - 1 : tries - 1];
	int64_t left_s = base_s * GIVE_UP_TIMES - age_s;

	/* A link that is dead when it arrives is worse than none. */
	if (minutes > 0)
		return age_s + wait_s < minutes * 60 && left_s > 0 ? wait_s : -1;
	if (left_s <= 0)
		return -1;
	return wait_s < left_s ? wait_s : left_s;
}

/* --- what is written ----------------------------------------------------- */

/* The page where a link leads, with the token when there is one. */
static struct str
page_link(const struct work *w, const char *page, const char *purpose)
{
	const struct mail_order *order = w->job->mail_order;
	struct str base = w->app->conf->base_url;

	if (page == NULL)
		return STR_NULL;
	if (purpose == NULL || order->token_id.p == NULL)
		return arena_printf(w->arena, "%.*s%s", STR_FMT(base), page);
	return arena_printf(w->arena, "%.*s%s#token=%.*s", STR_FMT(base), page,
	    STR_FMT(link_token(&w->app->keyring, w->arena, purpose,
	    order->token_id)));
}

static struct str
unsubscribe_link(const struct work *w)
{
	const struct mail_order *order = w->job->mail_order;

	if (order->list.p == NULL || w->job->user_id.p == NULL)
		return STR_NULL;
	return arena_printf(w->arena, "%.*s/u/%.*s",
	    STR_FMT(w->app->conf->base_url), STR_FMT(link_unsubscribe(
	    &w->app->keyring, w->arena, w->job->user_id, order->list)));
}

/* All of it from the job: a further try writes the same. */
static void
write_message(const struct work *w, const struct mail_template *template,
    struct mail_message *message)
{
	const struct mail_order *order = w->job->mail_order;
	struct str studio = mail_studio(w->app->mail);
	struct mail_values values = {
		.studio = studio.p != NULL ? studio : w->app->conf->base.host,
		.name = order->name, .detail = order->detail,
		.subject = order->subject, .text = order->text,
		.time_ms = w->job->created_at,
		.link = page_link(w, template->page, template->name),
		.second_link = page_link(w, template->second_page, NULL),
		.unsubscribe = unsubscribe_link(w) };

	*message = (struct mail_message){ .id = w->job->id,
		.date_ms = w->job->created_at, .to.address = order->to };
	mail_template_fill(template, w->arena, &values, message);
}

/* --- how it ends --------------------------------------------------------- */

/* For the operator, who may see addresses in the database anyway. */
static struct str
last_error(const struct work *w, const struct mail_result *result)
{
	struct str text = arena_printf(w->arena, "%.*s %d: %.*s%s%.*s",
	    STR_FMT(result->reason), result->code, STR_FMT(result->detail),
	    result->reply.n > 0 ? "; the relay said: " : "",
	    STR_FMT(result->reply));

	return utf8_head(text, LAST_ERROR_MAX);
}

static void
log_result(const struct work *w, enum log_level level, const char *event,
    const struct mail_result *result)
{
	log_event(level, event, LOG_STR("job", w->job->id),
	    LOG_STR("reason", result->reason), LOG_INT("code", result->code),
	    LOG_INT("attempts", w->job->attempts),
	    LOG_STR("detail", result->detail), LOG_END);
}

/* The address of somebody who has left is of no use to the operator. If it fails, the
 * job goes a week later, as all do. */
static void
forget_if_gone(struct work *w)
{
	struct err ignored;
	struct user user;

	err_init(&ignored);
	if (w->job->user_id.p != NULL && users_get(w->app->store, w->arena,
	    w->job->user_id, &user, NULL, &ignored) == RC_NOT_FOUND)
		(void)!jobs_remove_ended(w->app->store, w->arena, w->job->id,
		    &ignored);
}

/* The relay has it: a database that is away for a moment must not make us send it
 * again. */
static enum rc
end_sent(struct work *w, const struct mail_result *result, struct err *err)
{
	metric_add(w->app->shared, METRIC_mail_sent_total, 1);
	log_result(w, LOG_INFO, "mail.sent", result);
	while (jobs_end(w->app->store, w->arena, w->job->id, w->token, "succeeded",
	    false, err) == RC_UNAVAILABLE && clock_mono_ms() < w->lease_ends_ms
	    && !*w->stop) {
		err_init(err);
		clock_sleep_ms(END_NAP_MS);
	}
	if (err->rc == RC_OK)
		forget_if_gone(w);
	return err->rc;
}

static enum rc
end_unsent(struct work *w, struct err *err)
{
	if (jobs_end(w->app->store, w->arena, w->job->id, w->token, "succeeded",
	    false, err) == RC_OK)
		forget_if_gone(w);
	return err->rc;
}

static enum rc
give_up(struct work *w, const struct mail_result *result, struct err *err)
{
	if (jobs_give_up(w->app->store, w->arena, w->job->id, w->token,
	    last_error(w, result), err) != RC_OK)
		return err->rc;
	metric_add(w->app->shared, METRIC_mail_failed_total, 1);
	log_result(w, LOG_ERROR, "mail.given_up", result);
	forget_if_gone(w);
	return RC_OK;
}

static enum rc
try_later(struct work *w, const struct mail_template *template,
    const struct mail_result *result, struct err *err)
{
	bool alarm = result->outcome == MAIL_MISCONFIGURED;
	int64_t wait_s = post_wait_s(w->app->conf->mail_retry_s,
	    w->job->attempts, (clock_now_ms() - w->job->created_at) / 1000,
	    template->minutes);

	if (wait_s < 0)
		return give_up(w, result, err);
	log_result(w, alarm ? LOG_ERROR : LOG_WARN,
	    alarm ? "mail.alarm" : "mail.later", result);
	return jobs_postpone(w->app->store, w->arena, w->job->id, w->token,
	    wait_s * 1000, last_error(w, result), err);
}

/* What failed says whether the relay works: one that refuses an address does. */
static void
count(const struct work *w, const struct mail_result *result)
{
	metric_add(w->app->shared, METRIC_mail_tries_total, 1);
	if (result->outcome == MAIL_MISCONFIGURED)
		metric_add(w->app->shared, METRIC_mail_alarms_total, 1);
	metric_set(w->app->shared, METRIC_mail_failing,
	    result->outcome == MAIL_MISCONFIGURED
	    || (result->outcome == MAIL_LATER && result->code == 0));
}

/* --- the step ------------------------------------------------------------ */

static enum rc
send_message(struct work *w, const struct mail_template *template,
    const struct mail_message *message, struct err *err)
{
	struct mail_result result = { .reason = STR("damaged") };
	struct work_pulse pulse = { w, LEAVE_MS, err };

	if (mail_send(w->app->mail, w->arena, message, work_beat, &pulse, &result, err)
	    == RC_INVALID) {
		result.detail = arena_str(w->arena, str_of(err->message));
		err_init(err);
		return give_up(w, &result, err);
	}
	if (err->rc != RC_OK && result.outcome != MAIL_SENT)
		return err->rc;		/* the lease, or the database */
	err_init(err);
	if (str_eqz(result.reason, "broken_off"))	/* told to stop */
		return jobs_postpone(w->app->store, w->arena, w->job->id,
		    w->token, 0, STR_NULL, err);
	count(w, &result);
	switch (result.outcome) {
	case MAIL_SENT:
		return end_sent(w, &result, err);
	case MAIL_NEVER:
		return give_up(w, &result, err);
	default:
		return try_later(w, template, &result, err);
	}
}

/* By anybody, for an address: its account is not known yet. */
static bool
asked_for(const struct mail_order *order)
{
	return order->token_id.p == NULL
	    && (str_eqz(order->template, "verify_email")
	    || str_eqz(order->template, "password_reset"));
}

enum rc
post_run(struct work *w, struct err *err)
{
	static const struct mail_result damaged = { .reason = STR_INIT("damaged"),
		.detail = STR_INIT("the job has no order that can be read") };
	const struct mail_order *order = w->job->mail_order;
	const struct mail_template *template = order == NULL ? NULL
	    : mail_template_find(order->template);
	struct mail_message message;
	bool wanted = true;

	if (template == NULL)
		return give_up(w, &damaged, err);
	if (asked_for(w->job->mail_order) && app_mail_prepare(w->app, w->arena,
	    w->job->mail_order, w->job->id, w->job->created_at, &wanted, err)
	    != RC_OK)
		return err->rc;
	if (str_eqz(order->template, "email_change")) {
		if (app_email_change_prepare(w->app, w->arena,
		    w->job->mail_order, &wanted, err) != RC_OK)
			return err->rc;
		template = mail_template_find(order->template);
	}
	if (order->list.p != NULL && admin_announce_wanted(w->app, w->arena,
	    w->job->user_id, order, &wanted, err) != RC_OK)
		return err->rc;
	if (!wanted)	/* nobody's address, and nobody is told; or no longer */
		return end_unsent(w, err);
	write_message(w, template, &message);
	return send_message(w, template, &message, err);
}
