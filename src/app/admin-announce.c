#include "config.h"

#include "app/admin-announce.h"

#include "app/audit.h"
#include "app/post.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "crypt/hash.h"
#include "schema/documents.h"
#include "store/users.h"

enum { PAGE = 200, DAY_MS = 24 * 3600 * 1000 };

/* --- ids ----------------------------------------------------------------- */

static struct str
id_of(struct arena *arena, int64_t ms, struct str words)
{
	unsigned char digest[SHA256_BYTES];

	sha256(words, digest);
	return uuid_of(arena, ms, digest);
}

/* A NUL between them: neither can hold one. */
static struct str
announcement_id(struct arena *arena, const struct announcement *a, int64_t ms)
{
	struct buf words;

	buf_init(&words, arena, 1024, 1 << 17);
	buf_printf(&words, "announce %lld ", (long long)ms);
	buf_add_str(&words, a->list);
	buf_add_char(&words, '\0');
	buf_add_str(&words, a->subject);
	buf_add_char(&words, '\0');
	buf_add_str(&words, a->text);
	return id_of(arena, ms, buf_str(&words));
}

static enum rc
resume_id(struct arena *arena, const struct announcement *a, struct str id,
    struct err *err)
{
	int64_t ms = uuid_ms(id), age_ms = clock_now_ms() - ms;

	if (!uuid_is(id) || age_ms < 0)
		return err_set(err, RC_INVALID,
		    "That is no id of an announcement.");
	if (age_ms > (int64_t)ANNOUNCE_RESUME_DAYS * DAY_MS)
		return err_set(err, RC_INVALID, "That announcement is over %d days"
		    " old: who has had it is not known any more.",
		    ANNOUNCE_RESUME_DAYS);
	if (!str_eq(announcement_id(arena, a, ms), id))
		return err_set(err, RC_INVALID, "That announcement had another"
		    " list, subject or text.");
	return RC_OK;
}

enum rc
admin_announce_begin(struct arena *arena, struct announcement *a,
    struct str resume, struct err *err)
{
	if (a->subject.n == 0 || !utf8_valid(a->subject)
	    || utf8_count(a->subject) > ANNOUNCE_SUBJECT_MAX
	    || utf8_has_controls(a->subject, false))
		return err_set(err, RC_INVALID, "A subject is one line of up to %d"
		    " characters.", ANNOUNCE_SUBJECT_MAX);
	if (a->text.n == 0 || !utf8_valid(a->text)
	    || utf8_count(a->text) > ANNOUNCE_TEXT_MAX
	    || utf8_has_controls(a->text, true))
		return err_set(err, RC_INVALID, "The text has 1 to %d characters of"
		    " UTF-8, and no control characters but ends of lines.",
		    ANNOUNCE_TEXT_MAX);
	if (resume.p == NULL)
		a->id = announcement_id(arena, a, clock_now_ms());
	else if (resume_id(arena, a, resume, err) == RC_OK)
		a->id = resume;
	return err->rc;
}

/* --- queueing ------------------------------------------------------------ */

struct run {
	struct app *app;
	const struct actor *actor;
	const struct announcement *announcement;
	bool dry_run;
	struct announced done;
	char last[UUID_TEXT];
};

static enum rc
queue_one(struct run *run, struct arena *arena, const struct user *user,
    struct err *err)
{
	const struct announcement *a = run->announcement;
	struct mail_order order;
	enum rc rc;

	post_address(&order, "announce", user);
	order.subject = a->subject;
	order.text = a->text;
	order.list = a->list;
	rc = post_enqueue_bulk(run->app, arena, &order, user->id, id_of(arena,
	    uuid_ms(a->id), arena_printf(arena, "%.*s %.*s", STR_FMT(a->id),
	    STR_FMT(user->id))), err);
	if (rc == RC_CONFLICT) {
		err_init(err);
		run->done.before++;
		return RC_OK;
	}
	run->done.queued += rc == RC_OK;
	return rc;
}

/* *ret_more: there may be a page behind this one. */
static enum rc
queue_page(struct run *run, struct arena *arena, bool *ret_more, struct err *err)
{
	struct user *users = arena_many(arena, PAGE, struct user);
	struct str after = run->done.members == 0 ? STR_NULL
	    : arena_str(arena, (struct str){ run->last, UUID_TEXT });
	size_t n;
	bool moved = false;

	if (users_wanting(run->app->store, arena,
	    arena_strz(arena, run->announcement->list), after, PAGE, users, &n,
	    err) != RC_OK)
		return err->rc;
	for (size_t i = 0; i < n; i++) {
		if (!uuid_is(users[i].id))	/* none of ours */
			continue;
		if (!run->dry_run
		    && queue_one(run, arena, &users[i], err) != RC_OK)
			return err->rc;
		run->done.members++;
		memcpy(run->last, users[i].id.p, UUID_TEXT);
		moved = true;
	}
	*ret_more = moved && n == PAGE;
	return RC_OK;
}

static enum rc
note(struct run *run, struct arena *arena, const char *what, struct err *err)
{
	const struct announcement *a = run->announcement;

	return run->dry_run ? RC_OK : audit_write(run->app, arena, run->actor,
	    "announced", STR_NULL, arena_printf(arena, "%s %.*s %.*s: %lld of %lld"
	    " mails queued", what, STR_FMT(a->list), STR_FMT(a->id),
	    (long long)run->done.queued, (long long)run->done.members).p, err);
}

enum rc
admin_announce(struct app *app, const struct actor *actor,
    const struct announcement *announcement, bool dry_run,
    struct announced *ret, struct err *err)
{
	struct run run = { .app = app, .actor = actor, .dry_run = dry_run,
		.announcement = announcement };
	struct arena *arena = arena_new();
	bool more = true;

	if (note(&run, arena, "begun", err) == RC_OK) {
		while (more && queue_page(&run, arena, &more, err) == RC_OK)
			arena_reset(arena);
		if (err->rc == RC_OK)
			(void)!note(&run, arena, "done", err);
	}
	arena_free(arena);
	*ret = run.done;
	return err->rc;
}

/* --- sending ------------------------------------------------------------- */

enum rc
admin_announce_wanted(struct app *app, struct arena *arena, struct str user_id,
    const struct mail_order *order, bool *ret_wanted, struct err *err)
{
	const struct email_notifications *wants;
	struct user user;
	enum rc rc = user_id.p == NULL ? RC_NOT_FOUND
	    : users_get(app->store, arena, user_id, &user, NULL, err);

	if (rc == RC_NOT_FOUND) {
		err_init(err);
		*ret_wanted = false;
		return RC_OK;
	}
	if (rc != RC_OK)
		return rc;
	wants = &user.preferences.email_notifications;
	*ret_wanted = user.disabled_at == TIME_NULL && user.email_verified
	    && str_eq(user.email, order->to) && (str_eqz(order->list,
	    "new_features") ? wants->new_features : wants->design_tips);
	return RC_OK;
}
