/*
 * post.h - mail as a job: ordered in the transaction that is its reason, written
 * and sent by a job worker.
 *
 * A request waits for no relay, and mail is sent if and only if the transaction
 * is committed. What is sent again, because a worker died between the relay's
 * acceptance and the end of the job, is the same message with the same
 * Message-ID. Addresses stand in the job and in no line of a log.
 */
#ifndef BEZEL_APP_POST_H
#define BEZEL_APP_POST_H

#include "app/app.h"

struct mail_order;
struct user;
struct work;

/* A new order of that template to the owner of an account. */
void post_address(struct mail_order *order, const char *template,
    const struct user *user);

/* One insert, fit for a transaction: app_wake() after the commit is the caller's.
 * user_id may be null, for an address without an account. RC_INVALID: the address
 * is none (email_is()). order is from doc_init(&doc_mail_order). */
enum rc post_enqueue(struct app *app, struct arena *arena,
    const struct mail_order *order, struct str user_id, struct err *err) must_use;

/* The same as a job of that id, behind everything that somebody waits for. What is
 * there already is RC_CONFLICT. */
enum rc post_enqueue_bulk(struct app *app, struct arena *arena,
    const struct mail_order *order, struct str user_id, struct str id,
    struct err *err) must_use;

/* The step of a job of kind "mail". */
enum rc post_run(struct work *w, struct err *err) must_use;

/* Seconds to the next try after so many, or -1 when it is given up: a job that
 * began so long ago and is of use for so many minutes (0: always). base_s is
 * mail_retry_s. */
int64_t post_wait_s(int64_t base_s, int tries, int64_t age_s, int minutes);

#endif
