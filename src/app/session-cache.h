/*
 * session-cache.h - sessions and API keys that were looked up, in memory that all
 * processes of one host share, so that a request needs no command to tell who asks.
 *
 * An entry holds for a time (session_cache_s), and ends at once for all processes of
 * this host when the session is revoked here. Other hosts see it when their entry
 * ends. A look-up that began before a revocation must not put its result in behind
 * it: it takes an epoch first, and entries of an epoch that is over are not taken.
 *
 * Who looks one up takes others along that are in use and about to end
 * (session_cache_take_due), so that many sessions cost few commands.
 */
#ifndef BEZEL_APP_SESSION_CACHE_H
#define BEZEL_APP_SESSION_CACHE_H

#include "base/arena.h"

struct session_cache;

/* What a request needs of a session. Text is NUL-terminated. */
struct session_entry {
	char id[37], user_id[37];
	unsigned char secret_hash[32];	/* SHA-256 */
	int64_t created_ms, last_used_ms, expires_ms, ends_ms;
	int64_t until_mono_ms;		/* of the entry, clock_mono_ms() */
	bool is_key, is_test;		/* an API key; of test mode */
	bool used;			/* since it was put; the cache sees to it */
	uint32_t scopes;		/* of a key: a bit for each enum scope */
};

/* In shared memory, before fork; ends the process when there is none. */
struct session_cache *session_cache_new(void);

/* False: not there, or over at now_mono_ms. */
bool session_cache_get(struct session_cache *cache, struct str id,
    int64_t now_mono_ms, struct session_entry *ret_entry);

/* Copies of up to n sessions, not keys, that were used since they were put and whose
 * time ends within margin_ms, or has ended as long ago. Each is given once: the caller
 * looks them up and puts them anew. Only a part of the cache is looked at, from the
 * place of that id on. Returns how many. */
size_t session_cache_take_due(struct session_cache *cache, struct str id,
    int64_t now_mono_ms, int64_t margin_ms, struct session_entry *ret_entries,
    size_t n);

int64_t session_cache_epoch(struct session_cache *cache);
/* Unless something was revoked since that epoch. */
void session_cache_put(struct session_cache *cache,
    const struct session_entry *entry, int64_t epoch);

/* One session or key; all of a user. To be called after the database has been told. */
void session_cache_forget(struct session_cache *cache, struct str id);
void session_cache_forget_user(struct session_cache *cache, struct str user_id);

#endif
