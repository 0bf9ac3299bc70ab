/*
 * store_test.h - an empty, migrated database for each case of the store's tests.
 *
 * Each case is a process (libcheck forks) with a client of its own, opened after
 * the fork. Started by t/func/13-store.py.
 */
#ifndef BEZEL_T_STORE_TEST_H
#define BEZEL_T_STORE_TEST_H

#include "../unit/unit.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/uuid.h"
#include "schema/documents.h"
#include "store/db.h"
#include "store/migrate.h"

#define ID_OF(n) "0190a5b0-0000-7000-8000-00000000000" #n
#define OK(call) ck_assert_msg((call) == RC_OK, "%s (%s)", err.message, err.detail)
#define IS(call, rc) \
	do { \
		err_init(&err); \
		ck_assert_int_eq((call), (rc)); \
		err_init(&err); \
	} while (0)

static struct arena *process_arena, *arena;
static struct store *store;
static struct err err;

static struct store *
open_store(void)
{
	struct store_options options = { .uri = str_of(getenv(
	    "BEZEL_TEST_MONGODB_URI")), .database = getenv("BEZEL_TEST_DATABASE"),
	    .app_name = "store-test", .select_timeout_ms = 10000,
	    .command_timeout_ms = 10000 };
	struct store *opened;

	ck_assert_msg(options.uri.p != NULL && options.database != NULL,
	    "BEZEL_TEST_MONGODB_URI and BEZEL_TEST_DATABASE are not set");
	err_init(&err);
	ck_assert_int_eq(store_open(process_arena, &options, &opened, &err), RC_OK);
	return opened;
}

static void
store_setup(void)
{
	bool current = false;
	struct buf report;
	int changes;

	process_arena = arena_new();
	arena = arena_new();
	store = open_store();
	OK(store_migrated(store, arena, &current, &err));
	buf_init(&report, arena, 0, 1 << 16);
	if (!current)
		OK(store_migrate(store, arena, MIGRATE_APPLY, &report, &changes, &err));
	for (size_t i = 0; schema_docs[i] != NULL; i++)
		if (schema_docs[i]->collection != NULL
		    && schema_docs[i] != &doc_schema_version
		    /* The role may add to it and no more. */
		    && schema_docs[i] != &doc_audit_event)
			OK(db_delete(store, arena, schema_docs[i]->collection,
			    db_bson(arena), 0, NULL, &err));
}

static void
store_teardown(void)
{
	store_close(store);
	arena_free(arena);
	arena_free(process_arena);
}

/* --- documents ------------------------------------------------------------ */

#define USER_A ((struct store_owner){ .user_id = STR(ID_OF(a)) })
#define USER_B ((struct store_owner){ .user_id = STR(ID_OF(b)) })
#define GUEST ((struct store_owner){ .guest_session_id = STR(ID_OF(c)) })

static inline void
make_design(struct design *d, struct store_owner owner, struct str id)
{
	doc_init(&doc_design, d);
	d->id = id;
	d->user_id = owner.user_id;
	d->guest_session_id = owner.guest_session_id;
	d->original_prompt = STR("a ring");
	d->gem_data.type = STR("Ruby");
	d->gem_data.cut = STR("Oval");
	d->gem_data.color = STR("red");
	d->gem_data.transparency = STR("Opaque");
	d->material_preferences.metals.items = arena_one(arena, struct str);
	d->material_preferences.metals.items[0] = STR("Gold");
	d->material_preferences.metals.n = 1;
	d->created_at = d->updated_at = 1000;
}

static inline struct str
bson_of(const struct doc *doc, const void *object)
{
	return doc_to_bson(doc, object, arena);
}

static inline void
make_job(struct job *job, struct store_owner owner, struct str id, int slots)
{
	doc_init(&doc_job, job);
	job->id = id;
	job->kind = STR("generation");
	job->design_id = STR(ID_OF(d));
	job->user_id = owner.user_id;
	job->guest_session_id = owner.guest_session_id;
	job->run_at = job->created_at = job->updated_at = 1000;
	job->slots.n = (size_t)slots;
	job->slots.items = arena_many(arena, job->slots.n, struct slot);
	for (int i = 0; i < slots; i++) {
		doc_init(&doc_slot, &job->slots.items[i]);
		job->slots.items[i].image_id = uuid_new(arena);
	}
}

static inline void
make_session(struct guest_session *s, struct str id)
{
	doc_init(&doc_guest_session, s);
	s->id = id;
	s->created_at = clock_now_ms();
	s->expires_at = s->created_at + 3600 * 1000;
}

/* How many match a filter of JSON. */
static inline int
count_of(const char *collection, const char *filter)
{
	struct str docs[500];
	struct db_find find = { .collection = collection,
		.filter = db_json(arena, "%s", filter), .limit = 500 };
	size_t n;

	OK(db_find(store, arena, &find, docs, &n, &err));
	return (int)n;
}

/* {$set: ...} of JSON on what matches, past the rows. */
static inline void
set_raw(const char *collection, const char *filter, const char *update)
{
	bson_t *command = db_json(arena, "{\"update\":\"%s\",\"updates\":[{\"q\":%s,"
	    "\"u\":%s,\"multi\":true}],\"bypassDocumentValidation\":true}",
	    collection, filter, update);
	OK(db_write(store, arena, command, NULL, &err));
}

/* Runs fn(i) in n processes at once, each with its own client; their exit codes
 * are summed up. */
static inline int
in_processes(int n, int (*fn)(int i))
{
	int sum = 0, status;
	pid_t pids[16];

	for (int i = 0; i < n; i++) {
		pids[i] = fork();
		ck_assert_int_ge(pids[i], 0);
		if (pids[i] == 0) {
			arena = arena_new();
			store = open_store();
			_exit(fn(i));
		}
	}
	for (int i = 0; i < n; i++) {
		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_msg(WIFEXITED(status), "process %d: %d", i, status);
		sum += WEXITSTATUS(status);
	}
	return sum;
}

#endif
