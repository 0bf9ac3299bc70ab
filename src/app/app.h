/*
 * app.h - what the use cases work with, and who asks.
 *
 * The use cases (guests.h, designs.h, generations.h, uploads.h, pictures.h,
 * post.h, work.h, retention.h) know no HTTP: the API, the job workers and the command line call
 * the same functions. cmd opens the parts after the fork and fills struct app.
 */
#ifndef BEZEL_APP_APP_H
#define BEZEL_APP_APP_H

#include "app/shared.h"
#include "base/err.h"
#include "conf/conf.h"
#include "crypt/keyring.h"
#include "store/store.h"

struct blob;
struct cdn;
struct geo;
struct image;
struct mail;
struct oauth;
struct provider;
struct session_cache;

struct app {
	const struct conf *conf;
	struct keyring keyring;
	struct shared *shared;
	struct session_cache *sessions;	/* shared, as above */
	struct store *store;
	struct app_trace *trace;	/* NULL: none */
	struct blob *blob;
	struct geo *geo;		/* NULL but in the scheduler, or there is no file */
	struct image *image;		/* NULL in fast web workers */
	struct provider *provider;	/* NULL but in job workers */
	struct provider *test_provider;	/* the same, for test keys */
	struct mail *mail;		/* NULL but in job workers */
	struct cdn *cdn;		/* NULL but in job workers, or none is configured */
	struct oauth *oauth;		/* NULL but in slow web workers, or none is on */
	int wake_fd;			/* a datagram here wakes a job worker; -1: none */
};

/* In shared memory: what a process has in hand, for its successor when it is
 * killed. */
enum { APP_TRACE_KEYS = 16 };	/* of requests that are answered together */
struct app_trace {
	struct store_trace transaction;
	volatile int idem_count;
	struct { char key[65], resource[37]; } idem[APP_TRACE_KEYS];
};

/* Ends what the process before us left: its transaction, and its hold on
 * Idempotency-Keys, so that nobody waits for the dead. */
enum rc app_take_over(struct app *app, struct arena *arena, struct err *err)
    must_use;

/* ACTOR_TEST is a test key: what it makes has an owner of its own, the guest session
 * with the id of the account, which no guest can have. So neither of both modes sees
 * the other's, and retention takes it away like a guest's. */
enum actor_kind { ACTOR_NONE, ACTOR_GUEST, ACTOR_MEMBER, ACTOR_TEST };

/* Who asks. Verified, or ACTOR_NONE. */
struct actor {
	enum actor_kind kind;
	struct store_owner owner;
	struct str principal;		/* "guest:<id>", "user:<id>", "test:<account>" */
	struct str account;		/* of a member, also in test mode; else null */
	struct str key_id;		/* of the API key that it came with, else null */
	uint32_t key_scopes;		/* a bit for each enum scope */
	int64_t expires_ms;		/* of the session or key */
	struct str session_id;		/* of a member in a browser, else null */
	int64_t signed_in_ms;		/* of a member */
	struct str request_id;
	struct str address;		/* of the client */
	struct str device;		/* User-Agent, cut */
	int64_t deadline_ms;		/* of this request, clock_mono_ms() */
};

/* What is left of a quota. */
struct quota {
	int64_t limit, left, reset_s;
};

/* Tells a job worker that there is something to do. Never waits. */
void app_wake(const struct app *app);

/* The day ("2026-11-22") and the seconds to its end, UTC. */
int64_t app_day(char ret_day[11]);
/* The seconds to the end of the month, UTC. */
int64_t app_month_left_s(void);

/* Appends the signed URL of an object as a JSON string; arg is a struct media.
 * The signature is one for a folder and an hour. */
struct media {
	const struct app *app;
	struct arena *arena;
	struct str secret, epoch;	/* asked for once */
	struct str folder, prefix;	/* the last one signed */
};
void app_media_url(void *arg, struct buf *buf, struct str key);
/* The expiry that URLs have now: part of each ETag, because it changes them. */
int64_t app_media_epoch(void);
/* The secret that nginx shares: 64 hexadecimal characters. */
struct str app_media_secret(const struct keyring *keyring, struct arena *arena);
/* What opens a folder until a time (seconds, in decimal): 22 characters. */
struct str app_media_signature(struct arena *arena, struct str secret,
    struct str expires, struct str folder);

/* The key of an object: "<folder>/<32 hex of an HMAC>.<ext>": immutable, not to
 * be guessed, never shared between designs. */
struct str app_object_key(const struct app *app, struct arena *arena,
    struct str folder, struct str id, struct str bytes, const char *extension);

/* Deletes all objects of a folder. */
enum rc app_folder_delete(struct app *app, struct arena *arena,
    struct str folder, struct err *err) must_use;

/* Removes all that has expired: objects first, for the document is what remembers
 * them. A document's objects lie in the folder of its id. *count rises by each. */
typedef enum rc expired_due(struct store *store, struct arena *arena,
    int64_t before_ms, int limit, struct str *ret_ids, size_t *ret_n,
    struct err *err);
typedef enum rc expired_remove(struct store *store, struct arena *arena,
    struct str id, struct err *err);
enum rc app_expired_sweep(struct app *app, struct arena *arena, expired_due *due,
    expired_remove *remove, int64_t *count, struct err *err) must_use;

#endif
