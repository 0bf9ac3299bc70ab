#include "config.h"

#include "store_test.h"

#include "app/post.h"
#include "base/clock.h"
#include "store/jobs.h"

enum { LONG_MS = 60000 };

static struct job job;

static void
insert(struct str id, int priority, int64_t rank)
{
	struct job j;

	make_job(&j, USER_A, id, 2);
	j.priority = priority;
	j.rank = rank;
	OK(jobs_insert(store, arena, &j, &err));
}

static bool
claim(struct str token, int64_t lease_ms)
{
	bool found;

	OK(jobs_claim(store, arena, token, lease_ms, &job, &found, &err));
	return found;
}

START_TEST(jobs_are_claimed_in_their_order)
{
	static const char *const order[] = { ID_OF(3), ID_OF(1), ID_OF(4), ID_OF(2) };
	struct str token = uuid_new(arena);

	insert(STR(ID_OF(1)), 10, 5);
	insert(STR(ID_OF(2)), 10, 9);
	insert(STR(ID_OF(3)), 0, 100);
	insert(STR(ID_OF(4)), 10, 6);
	insert(STR(ID_OF(5)), 0, 1);
	set_raw("jobs", "{\"_id\":\"" ID_OF(5) "\"}", "[{\"$set\":{\"run_at\":"
	    "{\"$add\":[\"$$NOW\",60000]}}}]");	/* not yet */
	for (size_t i = 0; i < 4; i++) {
		ck_assert(claim(token, LONG_MS));
		ck_assert_str(job.id, order[i]);
		ck_assert_str(job.status, "running");
		ck_assert(str_eq(job.lease_token, token));
		ck_assert_int_eq(job.attempts, 1);
		ck_assert_int_eq(job.revision, 1);
		ck_assert_int_gt(job.lease_until, clock_now_ms());
	}
	ck_assert(!claim(token, LONG_MS));
}
END_TEST

START_TEST(the_place_in_the_queue)
{
	int64_t position, n;

	insert(STR(ID_OF(1)), 10, 5);
	insert(STR(ID_OF(2)), 10, 9);
	insert(STR(ID_OF(3)), 0, 100);
	insert(STR(ID_OF(4)), 20, 1);
	OK(jobs_position(store, arena, 10, 5, &position, &err));
	ck_assert_int_eq(position, 1);	/* the one of priority 0, whatever its rank */
	OK(jobs_position(store, arena, 10, 9, &position, &err));
	ck_assert_int_eq(position, 2);
	OK(jobs_position(store, arena, 0, 100, &position, &err));
	ck_assert_int_eq(position, 0);
	OK(jobs_position(store, arena, 20, 1, &position, &err));
	ck_assert_int_eq(position, 3);
	ck_assert(claim(uuid_new(arena), LONG_MS));
	OK(jobs_position(store, arena, 20, 1, &position, &err));
	ck_assert_int_eq(position, 2);
	OK(jobs_count(store, arena, "queued", &n, &err));
	ck_assert_int_eq(n, 3);
	OK(jobs_count(store, arena, "running", &n, &err));
	ck_assert_int_eq(n, 1);
}
END_TEST

START_TEST(only_the_owner_sees_a_job)
{
	struct str doc, id = STR(ID_OF(1));
	bool found;

	insert(id, 10, 1);
	OK(jobs_get(store, arena, USER_A, id, &doc, &err));
	IS(jobs_get(store, arena, USER_B, id, &doc, &err), RC_NOT_FOUND);
	IS(jobs_get(store, arena, GUEST, id, &doc, &err), RC_NOT_FOUND);
	OK(jobs_cancel_queued(store, arena, USER_B, id, uuid_new(arena), "x", "y",
	    &job, &found, &err));
	ck_assert(!found);
	IS(jobs_cancel_running(store, arena, USER_B, id, &err), RC_CONFLICT);
	IS(jobs_retry(store, arena, USER_B, id, 1, NULL, &doc, &err), RC_CONFLICT);
}
END_TEST

START_TEST(a_designs_generations_are_listed_newest_first)
{
	static const char *const ids[] = { ID_OF(1), ID_OF(2), ID_OF(3), ID_OF(4),
		ID_OF(5) };
	struct str docs[4], design, id;
	struct job j;
	size_t n;

	for (size_t i = 0; i < 5; i++) {
		make_job(&j, i == 3 ? USER_B : USER_A, str_of(ids[i]), 1);
		if (i == 4)
			j.kind = STR("object_deletion");
		OK(jobs_insert(store, arena, &j, &err));
	}
	design = j.design_id;
	OK(jobs_of_design(store, arena, USER_A, design, STR_NULL, 4, docs, &n,
	    &err));
	ck_assert_uint_eq(n, 3);
	for (size_t i = 0; i < 3; i++) {
		ck_assert(doc_peek_str(docs[i], "_id", &id));
		ck_assert_str(id, ids[2 - i]);
	}
	OK(jobs_of_design(store, arena, USER_A, design, STR(ID_OF(3)), 1, docs, &n,
	    &err));
	ck_assert_uint_eq(n, 1);
	ck_assert(doc_peek_str(docs[0], "_id", &id));
	ck_assert_str(id, ID_OF(2));
	OK(jobs_of_design(store, arena, GUEST, design, STR_NULL, 4, docs, &n, &err));
	ck_assert_uint_eq(n, 0);
}
END_TEST

/* --- leases --------------------------------------------------------------- */

START_TEST(a_lease_that_ran_out_is_taken_over_and_the_first_is_fenced_off)
{
	struct str first = uuid_new(arena), second = uuid_new(arena);
	struct slot slot;
	bool cancel;

	insert(STR(ID_OF(1)), 10, 1);
	ck_assert(claim(first, 2000));
	ck_assert(!claim(second, LONG_MS));
	slot = job.slots.items[0];
	clock_sleep_ms(2100);
	ck_assert(claim(second, LONG_MS));
	ck_assert_int_eq(job.attempts, 2);
	/* The first one slept: nothing of it counts. */
	IS(jobs_heartbeat(store, arena, job.id, first, LONG_MS, &cancel, &err),
	    RC_CONFLICT);
	slot.status = STR("running");
	IS(jobs_set_slot(store, arena, job.id, first, &slot, "queued", &err),
	    RC_CONFLICT);
	IS(jobs_requeue(store, arena, job.id, first, 0, STR_NULL, &err), RC_CONFLICT);
	IS(jobs_end(store, arena, job.id, first, "failed", false, &err), RC_CONFLICT);
	ck_assert_int_eq(count_of("jobs", "{\"status\":\"running\","
	    "\"slots.0.status\":\"queued\"}"), 1);
	OK(jobs_heartbeat(store, arena, job.id, second, LONG_MS, &cancel, &err));
}
END_TEST

START_TEST(a_heartbeat_holds_the_lease)
{
	struct str token = uuid_new(arena);
	bool cancel = true;

	insert(STR(ID_OF(1)), 10, 1);
	ck_assert(claim(token, 1000));
	for (int i = 0; i < 5; i++) {
		clock_sleep_ms(1100);
		OK(jobs_heartbeat(store, arena, job.id, token, 1000, &cancel, &err));
		ck_assert(!cancel);
		ck_assert(!claim(uuid_new(arena), 1000));
	}
	OK(jobs_cancel_running(store, arena, USER_A, job.id, &err));
	OK(jobs_heartbeat(store, arena, job.id, token, 200, &cancel, &err));
	ck_assert(cancel);
}
END_TEST

START_TEST(a_slot_moves_from_one_state_to_the_next)
{
	struct str token = uuid_new(arena);
	struct slot slot, other;

	insert(STR(ID_OF(1)), 10, 1);
	ck_assert(claim(token, LONG_MS));
	slot = job.slots.items[1];
	slot.status = STR("running");
	slot.attempts = 1;
	OK(jobs_set_slot(store, arena, job.id, token, &slot, "queued", &err));
	IS(jobs_set_slot(store, arena, job.id, token, &slot, "queued", &err),
	    RC_CONFLICT);
	slot.status = STR("refused");
	slot.message = STR("$not {\"an\": operator}");
	slot.reason = STR("$$NOW");
	OK(jobs_set_slot(store, arena, job.id, token, &slot, "running", &err));
	other = slot;
	other.image_id = uuid_new(arena);
	IS(jobs_set_slot(store, arena, job.id, token, &other, "refused", &err),
	    RC_CONFLICT);
	ck_assert_int_eq(count_of("jobs", "{\"slots.0.status\":\"queued\","
	    "\"slots.1.status\":\"refused\",\"slots.1.reason\":\"$$NOW\","
	    "\"revision\":3}"), 1);
}
END_TEST

START_TEST(a_job_goes_back_to_the_queue)
{
	struct str token = uuid_new(arena);

	insert(STR(ID_OF(1)), 10, 1);
	ck_assert(claim(token, LONG_MS));
	OK(jobs_requeue(store, arena, job.id, token, 1000, STR("$x \"y\""), &err));
	ck_assert(!claim(token, LONG_MS));
	clock_sleep_ms(1100);
	ck_assert(claim(token, LONG_MS));
	ck_assert_str(job.last_error, "$x \"y\"");
	OK(jobs_requeue(store, arena, job.id, token, 0, STR_NULL, &err));
	ck_assert(claim(token, LONG_MS));
	ck_assert_str(job.last_error, "$x \"y\"");
	ck_assert_int_eq(job.attempts, 3);
}
END_TEST

START_TEST(what_is_postponed_is_in_nobodys_way)
{
	struct str token = uuid_new(arena);
	int64_t before_ms;

	insert(STR(ID_OF(1)), JOB_PRIORITY_MAIL, 1);
	insert(STR(ID_OF(2)), JOB_PRIORITY, clock_now_ms() + 40);
	ck_assert(claim(token, LONG_MS));
	ck_assert_str(job.id, ID_OF(1));
	before_ms = clock_now_ms();
	OK(jobs_postpone(store, arena, job.id, token, 80, STR("$x \"y\""), &err));
	ck_assert_int_eq(count_of("jobs", "{\"_id\":\"" ID_OF(1) "\",\"status\":"
	    "\"queued\",\"priority\":10,\"lease_token\":null,\"revision\":2,"
	    "\"last_error\":\"$x \\\"y\\\"\"}"), 1);
	clock_sleep_ms(120);
	/* Both are due; the other one was asked for before the wait was over. */
	ck_assert(claim(token, LONG_MS));
	ck_assert_str(job.id, ID_OF(2));
	ck_assert(claim(token, LONG_MS));
	ck_assert_str(job.id, ID_OF(1));
	ck_assert_int_ge(job.rank, before_ms + 80 - 20);
	ck_assert_int_le(job.rank, before_ms + 80 + 10000);
	IS(jobs_postpone(store, arena, job.id, uuid_new(arena), 0, STR_NULL, &err),
	    RC_CONFLICT);
}
END_TEST

/* --- mail ---------------------------------------------------------------- */

struct posting {
	struct app app;
	struct mail_order order;
	bool fail;
};

static enum rc
post_in_transaction(struct store *s, struct arena *a, void *arg, struct err *e)
{
	struct posting *p = arg;

	(void)s;
	if (post_enqueue(&p->app, a, &p->order, STR(ID_OF(7)), e) != RC_OK)
		return e->rc;
	return p->fail ? err_set(e, RC_INVALID, "no") : RC_OK;
}

START_TEST(mail_is_ordered_with_its_reason_or_not_at_all)
{
	struct posting p = { .app = { .store = store }, .fail = true };

	doc_init(&doc_mail_order, &p.order);
	p.order.template = STR("announce");
	p.order.to = STR("anna@example.net");
	p.order.name = STR("Anna");
	p.order.subject = STR("News");
	p.order.text = STR("One\n\nTwo");
	p.order.list = STR("design_tips");
	IS(store_transaction(store, arena, clock_mono_ms() + LONG_MS,
	    post_in_transaction, &p, &err), RC_INVALID);
	ck_assert_int_eq(count_of("jobs", "{}"), 0);
	p.fail = false;
	OK(store_transaction(store, arena, clock_mono_ms() + LONG_MS,
	    post_in_transaction, &p, &err));
	insert(STR(ID_OF(1)), JOB_PRIORITY, 1);
	ck_assert(claim(uuid_new(arena), LONG_MS));	/* before the picture */
	ck_assert_str(job.kind, "mail");
	ck_assert_str(job.user_id, ID_OF(7));
	ck_assert(job.design_id.p == NULL && job.charge == NULL);
	ck_assert_uint_eq(job.slots.n, 0);
	ck_assert_int_eq(job.priority, JOB_PRIORITY_MAIL);
	ck_assert_str(job.mail_order->template, "announce");
	ck_assert_str(job.mail_order->to, "anna@example.net");
	ck_assert_str(job.mail_order->text, "One\n\nTwo");
	ck_assert_str(job.mail_order->list, "design_tips");
	ck_assert(job.mail_order->token_id.p == NULL
	    && job.mail_order->detail.p == NULL);
	OK(jobs_give_up(store, arena, job.id, job.lease_token, STR("$no"), &err));
	ck_assert_int_eq(count_of("jobs", "{\"kind\":\"mail\",\"status\":"
	    "\"failed\",\"last_error\":\"$no\",\"ended_at\":{\"$ne\":null},"
	    "\"lease_token\":null}"), 1);
	IS(jobs_give_up(store, arena, job.id, uuid_new(arena), STR_NULL, &err),
	    RC_CONFLICT);
}
END_TEST

START_TEST(mail_to_no_address_is_not_ordered)
{
	struct posting p = { .app = { .store = store } };

	doc_init(&doc_mail_order, &p.order);
	p.order.template = STR("verify_email");
	p.order.to = STR("a@b\r\nRCPT TO:<c@d>");
	IS(post_enqueue(&p.app, arena, &p.order, STR_NULL, &err), RC_INVALID);
	p.order.to = STR_NULL;
	IS(post_enqueue(&p.app, arena, &p.order, STR_NULL, &err), RC_INVALID);
	ck_assert_int_eq(count_of("jobs", "{}"), 0);
	p.order.to = STR("a@b");
	OK(post_enqueue(&p.app, arena, &p.order, STR_NULL, &err));
	ck_assert_int_eq(count_of("jobs", "{\"kind\":\"mail\",\"user_id\":null}"), 1);
}
END_TEST

/* --- ends ----------------------------------------------------------------- */

static void
end_with(const char *status, const char *slot_status, struct charge *charge)
{
	struct str token = uuid_new(arena);
	struct job j;

	make_job(&j, USER_A, STR(ID_OF(1)), 2);
	j.charge = charge;
	j.slots.items[1].status = str_of(slot_status);
	j.slots.items[0].status = STR("succeeded");
	j.slots.items[1].reason = STR("r");
	OK(jobs_insert(store, arena, &j, &err));
	ck_assert(claim(token, LONG_MS));
	OK(jobs_end(store, arena, j.id, token, status, charge != NULL, &err));
	ck_assert(!claim(token, LONG_MS));
}

START_TEST(what_has_ended_is_ended)
{
	int64_t deleted;
	bool found;

	end_with("failed", "failed", NULL);
	ck_assert_int_eq(count_of("jobs", "{\"status\":\"failed\",\"lease_token\":null,"
	    "\"lease_until\":null,\"ended_at\":{\"$gt\":{\"$date\":"
	    "{\"$numberLong\":\"1000\"}}}}"), 1);
	OK(jobs_cancel_queued(store, arena, USER_A, STR(ID_OF(1)), uuid_new(arena),
	    "x", "y", &job, &found, &err));
	ck_assert(!found);
	IS(jobs_cancel_running(store, arena, USER_A, STR(ID_OF(1)), &err),
	    RC_CONFLICT);
	OK(jobs_tidy(store, arena, 1000, &deleted, &err));
	ck_assert_int_eq(deleted, 0);
	OK(jobs_tidy(store, arena, clock_now_ms() + 1000, &deleted, &err));
	ck_assert_int_eq(deleted, 1);
}
END_TEST

START_TEST(what_failed_is_tried_again)
{
	struct str doc;

	end_with("partially_succeeded", "failed", NULL);
	OK(jobs_retry(store, arena, USER_A, STR(ID_OF(1)), 77, NULL, &doc, &err));
	doc_init(&doc_job, &job);
	ck_assert_int_eq(doc_from_bson(&doc_job, doc, &job, arena, NULL), 0);
	ck_assert_str(job.status, "queued");
	ck_assert_int_eq(job.rank, 77);
	ck_assert(job.ended_at == TIME_NULL);
	ck_assert_str(job.slots.items[0].status, "succeeded");
	ck_assert_str(job.slots.items[1].status, "queued");
	ck_assert_ptr_null(job.slots.items[1].reason.p);
	/* Once */
	IS(jobs_retry(store, arena, USER_A, STR(ID_OF(1)), 78, NULL, &doc, &err),
	    RC_CONFLICT);
}
END_TEST

START_TEST(without_a_missing_picture_nothing_is_tried_again)
{
	struct str doc;

	end_with("cancelled", "succeeded", NULL);
	IS(jobs_retry(store, arena, USER_A, STR(ID_OF(1)), 1, NULL, &doc, &err),
	    RC_CONFLICT);
}
END_TEST

START_TEST(a_returned_charge_is_taken_again)
{
	struct charge charge, again;
	struct str doc;

	doc_init(&doc_charge, &charge);
	charge.principal = STR("user:x");
	charge.address = STR("a");
	charge.day = STR("2026-11-22");
	end_with("failed", "failed", &charge);
	again = charge;
	again.day = STR("2026-11-23");
	again.address = STR("b");
	/* Without a new charge it would be free. */
	IS(jobs_retry(store, arena, USER_A, STR(ID_OF(1)), 1, NULL, &doc, &err),
	    RC_CONFLICT);
	OK(jobs_retry(store, arena, USER_A, STR(ID_OF(1)), 1, &again, &doc, &err));
	ck_assert_int_eq(count_of("jobs", "{\"charge.returned\":false,"
	    "\"charge.day\":\"2026-11-23\",\"charge.address\":\"b\"}"), 1);
}
END_TEST

START_TEST(a_running_job_that_is_cancelled_is_due_first)
{
	struct str token = uuid_new(arena);

	insert(STR(ID_OF(1)), 10, 2);
	ck_assert(claim(token, LONG_MS));
	insert(STR(ID_OF(2)), 10, 1);
	OK(jobs_cancel_running(store, arena, USER_A, STR(ID_OF(1)), &err));
	/* Its worker has not seen it, and wants to wait for a minute. */
	OK(jobs_requeue(store, arena, STR(ID_OF(1)), token, 60000, STR_NULL, &err));
	ck_assert(claim(uuid_new(arena), LONG_MS));
	ck_assert_str(job.id, ID_OF(1));
	ck_assert(job.cancel_requested);
}
END_TEST

START_TEST(a_queued_job_that_is_cancelled_is_held)
{
	struct str token = uuid_new(arena);
	bool found = false;

	make_job(&job, USER_A, STR(ID_OF(1)), 3);
	job.slots.items[0].status = STR("succeeded");
	job.slots.items[1].status = STR("running");
	OK(jobs_insert(store, arena, &job, &err));
	OK(jobs_cancel_queued(store, arena, USER_A, STR(ID_OF(1)), token, "cancelled",
	    "You stopped it.", &job, &found, &err));
	ck_assert(found && job.cancel_requested);
	ck_assert_str(job.slots.items[0].status, "succeeded");
	ck_assert_ptr_null(job.slots.items[0].reason.p);
	for (size_t i = 1; i < 3; i++) {
		ck_assert_str(job.slots.items[i].status, "cancelled");
		ck_assert_str(job.slots.items[i].reason, "cancelled");
		ck_assert_str(job.slots.items[i].message, "You stopped it.");
		ck_assert(job.slots.items[i].ended_at != TIME_NULL);
	}
	/* Once; and the lease is the caller's. */
	OK(jobs_cancel_queued(store, arena, USER_A, STR(ID_OF(1)), uuid_new(arena),
	    "x", "y", &job, &found, &err));
	ck_assert(!found);
	OK(jobs_end(store, arena, STR(ID_OF(1)), token, "partially_succeeded", false,
	    &err));
}
END_TEST

START_TEST(poisoned_slots_do_not_keep_a_job_from_its_end)
{
	bool found = false;

	insert(STR(ID_OF(1)), 10, 1);
	set_raw("jobs", "{}", "{\"$set\":{\"slots\":\"x\"}}");
	OK(jobs_cancel_queued(store, arena, USER_A, STR(ID_OF(1)), uuid_new(arena),
	    "x", "y", &job, &found, &err));
	ck_assert(found);
	ck_assert_uint_eq(job.slots.n, 0);
}
END_TEST

/* A spoilt counter stops nobody: the job counts as tried often enough, and ends. */
START_TEST(poisoned_counters_do_not_stop_the_queue)
{
	insert(STR(ID_OF(1)), 10, 1);
	set_raw("jobs", "{}", "{\"$set\":{\"attempts\":\"x\",\"revision\":null}}");
	ck_assert(claim(uuid_new(arena), LONG_MS));
	ck_assert_int_eq(job.attempts, 1000);
	ck_assert_int_eq(job.revision, 1);
}
END_TEST

static int
claim_all(int i)
{
	struct str token = uuid_new(arena);
	int n = 0;

	(void)i;
	while (claim(token, LONG_MS))
		n++;
	return n;
}

START_TEST(each_job_is_claimed_once)
{
	for (int i = 0; i < 60; i++)
		insert(uuid_new(arena), 10, i % 7);
	ck_assert_int_eq(in_processes(4, claim_all), 60);
	ck_assert_int_eq(count_of("jobs", "{\"attempts\":1}"), 60);
}
END_TEST

START_TEST(the_log_of_calls_has_a_row_for_each)
{
	struct api_usage usage;

	doc_init(&doc_api_usage, &usage);
	usage.id = STR(ID_OF(1));
	usage.api_type = STR("generation");
	usage.model_used = STR("m");
	usage.request.prompt = STR("$ne");
	usage.created_at = 1000;
	OK(usage_begin(store, arena, &usage, &err));
	OK(usage_begin(store, arena, &usage, &err));
	ck_assert_int_eq(count_of("api_usage_log", "{\"response.success\":false}"), 1);
	usage.response.success = true;
	usage.cost_usd = 0.5;
	for (int i = 0; i < 2; i++) {
		OK(usage_end(store, arena, &usage, &err));
		ck_assert_int_eq(count_of("api_usage_log", "{\"response.success\":true,"
		    "\"cost_usd\":0.5,\"request.prompt\":\"$ne\"}"), 1);
	}
	/* A late begin does not undo it. */
	usage.response.success = false;
	OK(usage_begin(store, arena, &usage, &err));
	ck_assert_int_eq(count_of("api_usage_log", "{\"response.success\":true}"), 1);
}
END_TEST

UNIT_MAIN_FIXTURE("store_jobs", store_setup, store_teardown,
    jobs_are_claimed_in_their_order, the_place_in_the_queue,
    only_the_owner_sees_a_job, a_designs_generations_are_listed_newest_first,
    a_lease_that_ran_out_is_taken_over_and_the_first_is_fenced_off,
    a_heartbeat_holds_the_lease, a_slot_moves_from_one_state_to_the_next,
    a_job_goes_back_to_the_queue, what_is_postponed_is_in_nobodys_way,
    mail_is_ordered_with_its_reason_or_not_at_all,
    mail_to_no_address_is_not_ordered, what_has_ended_is_ended,
    what_failed_is_tried_again,
    without_a_missing_picture_nothing_is_tried_again,
    a_returned_charge_is_taken_again, a_running_job_that_is_cancelled_is_due_first,
    a_queued_job_that_is_cancelled_is_held,
    poisoned_slots_do_not_keep_a_job_from_its_end,
    poisoned_counters_do_not_stop_the_queue, each_job_is_claimed_once,
    the_log_of_calls_has_a_row_for_each)
