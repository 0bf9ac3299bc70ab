#include "config.h"

#include "app/session-cache.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

/* 8192 sessions in use at a time; with more, the oldest of a bucket is looked up
 * again. */
enum { BUCKETS = 1024, WAYS = 8, LOCKS = 64 };
enum { DUE_BUCKETS = 64 };		/* looked at for what is about to end */

struct session_cache {
	pthread_mutex_t locks[LOCKS];
	int64_t epoch;			/* atomic */
	struct session_entry entries[BUCKETS][WAYS];
};

struct session_cache *
session_cache_new(void)
{
	struct session_cache *cache = mmap(NULL, sizeof *cache,
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t attr;

	if (cache == MAP_FAILED)
		die("no shared memory");
	(void)pthread_mutexattr_init(&attr);
	(void)pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	(void)pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	for (int i = 0; i < LOCKS; i++)
		(void)pthread_mutex_init(&cache->locks[i], &attr);
	(void)pthread_mutexattr_destroy(&attr);
	return cache;
}

static bool
enter(struct session_cache *cache, unsigned lock)
{
	return pthread_mutex_lock(&cache->locks[lock]) == EOWNERDEAD;
}

static void
leave(struct session_cache *cache, unsigned lock)
{
	(void)pthread_mutex_unlock(&cache->locks[lock]);
}

static void
clear_bucket(struct session_cache *cache, unsigned bucket)
{
	memset(cache->entries[bucket], 0, sizeof cache->entries[bucket]);
}

/* Whoever died in a bucket may have left half an entry. */
static void
enter_bucket(struct session_cache *cache, unsigned bucket)
{
	unsigned lock = bucket % LOCKS;

	if (!enter(cache, lock))
		return;
	for (unsigned i = lock; i < BUCKETS; i += LOCKS)
		clear_bucket(cache, i);
	(void)pthread_mutex_consistent(&cache->locks[lock]);
}

/* FNV-1a. */
static unsigned
bucket_of(struct str id)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < id.n; i++)
		hash = (hash ^ (unsigned char)id.p[i]) * 16777619u;
	return hash % BUCKETS;
}

static struct session_entry *
find(struct session_cache *cache, unsigned bucket, struct str id)
{
	for (int i = 0; i < WAYS; i++)
		if (str_eqz(id, cache->entries[bucket][i].id))
			return &cache->entries[bucket][i];
	return NULL;
}

bool
session_cache_get(struct session_cache *cache, struct str id, int64_t now_mono_ms,
    struct session_entry *ret_entry)
{
	unsigned bucket = bucket_of(id);
	struct session_entry *entry;
	bool good;

	enter_bucket(cache, bucket);
	entry = find(cache, bucket, id);
	good = entry != NULL && id.n > 0 && entry->until_mono_ms > now_mono_ms;
	if (good) {
		entry->used = true;
		*ret_entry = *entry;
	}
	leave(cache, bucket % LOCKS);
	return good;
}

static bool
due(const struct session_entry *entry, struct str id, int64_t now_mono_ms,
    int64_t margin_ms)
{
	int64_t left_ms = entry->until_mono_ms - now_mono_ms;

	return entry->id[0] != '\0' && entry->used && !entry->is_key &&
	    left_ms > -margin_ms && left_ms < margin_ms && !str_eqz(id, entry->id);
}

size_t
session_cache_take_due(struct session_cache *cache, struct str id,
    int64_t now_mono_ms, int64_t margin_ms, struct session_entry *ret_entries,
    size_t n)
{
	unsigned first = bucket_of(id);
	size_t taken = 0;

	for (unsigned i = 0; i < DUE_BUCKETS && taken < n; i++) {
		unsigned bucket = (first + i) % BUCKETS;

		enter_bucket(cache, bucket);
		for (int way = 0; way < WAYS && taken < n; way++) {
			struct session_entry *entry = &cache->entries[bucket][way];

			if (!due(entry, id, now_mono_ms, margin_ms))
				continue;
			entry->used = false;
			ret_entries[taken++] = *entry;
		}
		leave(cache, bucket % LOCKS);
	}
	return taken;
}

int64_t
session_cache_epoch(struct session_cache *cache)
{
	return __atomic_load_n(&cache->epoch, __ATOMIC_SEQ_CST);
}

static void
next_epoch(struct session_cache *cache)
{
	(void)__atomic_add_fetch(&cache->epoch, 1, __ATOMIC_SEQ_CST);
}

void
session_cache_put(struct session_cache *cache, const struct session_entry *entry,
    int64_t epoch)
{
	unsigned bucket = bucket_of(str_of(entry->id));
	struct session_entry *place;

	enter_bucket(cache, bucket);
	place = find(cache, bucket, str_of(entry->id));
	for (int i = 0; place == NULL && i < WAYS; i++)
		if (cache->entries[bucket][i].id[0] == '\0')
			place = &cache->entries[bucket][i];
	if (place == NULL) {
		place = &cache->entries[bucket][0];
		for (int i = 1; i < WAYS; i++)
			if (cache->entries[bucket][i].until_mono_ms
			    < place->until_mono_ms)
				place = &cache->entries[bucket][i];
	}
	/* Inside the lock, which each revocation takes after its epoch. */
	if (session_cache_epoch(cache) == epoch)
		*place = *entry;
	leave(cache, bucket % LOCKS);
}

void
session_cache_forget(struct session_cache *cache, struct str id)
{
	unsigned bucket = bucket_of(id);
	struct session_entry *entry;

	next_epoch(cache);
	enter_bucket(cache, bucket);
	entry = find(cache, bucket, id);
	if (entry != NULL)
		memset(entry, 0, sizeof *entry);
	leave(cache, bucket % LOCKS);
}

void
session_cache_forget_user(struct session_cache *cache, struct str user_id)
{
	next_epoch(cache);
	for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
		enter_bucket(cache, bucket);
		for (int i = 0; i < WAYS; i++)
			if (str_eqz(user_id, cache->entries[bucket][i].user_id))
				memset(&cache->entries[bucket][i], 0,
				    sizeof cache->entries[bucket][i]);
		leave(cache, bucket % LOCKS);
	}
}
