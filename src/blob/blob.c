#include "config.h"

#include "blob/blob.h"

#include <assert.h>

#include "blob/blob-driver.h"

static bool
is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static bool
part_ok(struct str part, size_t min, bool dots)
{
	if (part.n < min || !is_plain(part.p[0]))
		return false;
	for (size_t i = 1; i < part.n; i++)
		if (!is_plain(part.p[i]) && part.p[i] != '-' &&
		    !(dots && part.p[i] == '.'))
			return false;
	return true;
}

bool
blob_key_ok(struct str key)
{
	size_t slash;

	if (key.p == NULL || key.n > BLOB_KEY_MAX)
		return false;
	slash = str_find(key, '/');
	return slash < key.n && part_ok(str_slice(key, 0, slash), 2, false) &&
	    part_ok(str_slice(key, slash + 1, key.n), 1, true);
}

struct blob_key
blob_key_split(struct str key)
{
	size_t slash = str_find(key, '/');

	assert(slash >= 2 && slash < key.n);
	return (struct blob_key){
		.shard = str_slice(key, slash - 2, slash),
		.folder = str_slice(key, 0, slash),
		.name = str_slice(key, slash + 1, key.n),
	};
}

int
blob_key_cmp(const struct blob_key *a, const struct blob_key *b)
{
	int order = str_cmp(a->shard, b->shard);

	if (order == 0)
		order = str_cmp(a->folder, b->folder);
	return order != 0 ? order : str_cmp(a->name, b->name);
}

static enum rc
check_key(struct str key, struct err *err)
{
	if (blob_key_ok(key))
		return RC_OK;
	return err_set(err, RC_INVALID, "This is not the key of an object.");
}

enum rc
blob_err_absent(struct err *err)
{
	return err_set(err, RC_NOT_FOUND, "There is no such object.");
}

enum rc
blob_err_too_large(struct err *err, size_t max)
{
	return err_set(err, RC_TOO_LARGE,
	    "The object is larger than %zu bytes.", max);
}

enum rc
blob_put(struct blob *blob, struct str key, struct str bytes, struct err *err)
{
	enum rc rc = check_key(key, err);

	return rc != RC_OK ? rc : blob->driver->put(blob, key, bytes, err);
}

enum rc
blob_get(struct blob *blob, struct arena *arena, struct str key, size_t max,
    struct str *ret_bytes, struct err *err)
{
	enum rc rc = check_key(key, err);

	return rc != RC_OK ? rc :
	    blob->driver->get(blob, arena, key, max, ret_bytes, err);
}

enum rc
blob_delete(struct blob *blob, const struct str *keys, size_t n,
    struct err *err)
{
	assert(n <= BLOB_BATCH);
	for (size_t i = 0; i < n; i++)
		if (check_key(keys[i], err) != RC_OK)
			return err->rc;
	return n == 0 ? RC_OK : blob->driver->delete(blob, keys, n, err);
}

enum rc
blob_list(struct blob *blob, struct arena *arena, struct str after,
    struct blob_entry *entries, size_t max_entries, size_t *ret_n,
    struct err *err)
{
	size_t n = 0;
	enum rc rc;

	assert(max_entries > 0);
	if (after.p != NULL && check_key(after, err) != RC_OK)
		return err->rc;
	rc = blob->driver->list(blob, arena, after, entries, max_entries, &n,
	    err);
	if (rc == RC_OK)
		*ret_n = n;
	return rc;
}

enum rc
blob_tidy(struct blob *blob, int64_t before_ms, size_t *ret_n, struct err *err)
{
	size_t n = 0;
	enum rc rc = blob->driver->tidy(blob, before_ms, &n, err);

	if (rc == RC_OK)
		*ret_n = n;
	return rc;
}

void
blob_close(struct blob *blob)
{
	if (blob != NULL)
		blob->driver->close(blob);
}
