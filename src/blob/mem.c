#include "config.h"

#include "blob/mem.h"

#include <stdlib.h>

#include "base/clock.h"
#include "blob/blob-driver.h"

struct object {
	char key[BLOB_KEY_MAX];
	size_t key_n;
	char *bytes;
	size_t n;
	int64_t modified_ms;
};

struct mem {
	struct blob blob;
	struct object *objects;	/* in the order of blob_list() */
	size_t count, room;
};

static struct str
key_of(const struct object *object)
{
	return (struct str){ object->key, object->key_n };
}

/* The first object that is not before the key. */
static size_t
find(const struct mem *mem, struct str key, bool *ret_found)
{
	struct blob_key wanted = blob_key_split(key), here;
	size_t from = 0, to = mem->count, middle;
	int order;

	*ret_found = false;
	while (from < to) {
		middle = from + (to - from) / 2;
		here = blob_key_split(key_of(&mem->objects[middle]));
		order = blob_key_cmp(&here, &wanted);
		if (order < 0)
			from = middle + 1;
		else
			to = middle;
		if (order == 0)
			*ret_found = true;
	}
	return from;
}

static void *
some(void *p)
{
	if (p == NULL)
		die("out of memory");
	return p;
}

static void
insert_at(struct mem *mem, size_t at, struct str key)
{
	if (mem->count == mem->room) {
		mem->room = mem->room == 0 ? 16 : mem->room * 2;
		mem->objects = some(reallocarray(mem->objects, mem->room,
		    sizeof *mem->objects));
	}
	memmove(mem->objects + at + 1, mem->objects + at,
	    (mem->count - at) * sizeof *mem->objects);
	mem->count++;
	mem->objects[at] = (struct object){ .key_n = key.n };
	memcpy(mem->objects[at].key, key.p, key.n);
}

static enum rc
mem_put(struct blob *blob, struct str key, struct str bytes, struct err *err)
{
	struct mem *mem = (struct mem *)blob;
	char *copy = some(malloc(bytes.n + 1));
	bool found;
	size_t at = find(mem, key, &found);

	(void)err;
	if (!found)
		insert_at(mem, at, key);
	if (bytes.n > 0)
		memcpy(copy, bytes.p, bytes.n);
	free(mem->objects[at].bytes);
	mem->objects[at].bytes = copy;
	mem->objects[at].n = bytes.n;
	mem->objects[at].modified_ms = clock_now_ms();
	return RC_OK;
}

static enum rc
mem_get(struct blob *blob, struct arena *arena, struct str key, size_t max,
    struct str *ret_bytes, struct err *err)
{
	struct mem *mem = (struct mem *)blob;
	const struct object *object;
	bool found;
	size_t at = find(mem, key, &found);

	if (!found)
		return blob_err_absent(err);
	object = &mem->objects[at];
	if (object->n > max)
		return blob_err_too_large(err, max);
	*ret_bytes = arena_str(arena, (struct str){ object->bytes, object->n });
	return RC_OK;
}

static enum rc
mem_delete(struct blob *blob, const struct str *keys, size_t n,
    struct err *err)
{
	struct mem *mem = (struct mem *)blob;

	(void)err;
	for (size_t i = 0; i < n; i++) {
		bool found;
		size_t at = find(mem, keys[i], &found);

		if (!found)
			continue;
		free(mem->objects[at].bytes);
		mem->count--;
		memmove(mem->objects + at, mem->objects + at + 1,
		    (mem->count - at) * sizeof *mem->objects);
	}
	return RC_OK;
}

static enum rc
mem_list(struct blob *blob, struct arena *arena, struct str after,
    struct blob_entry *entries, size_t max_entries, size_t *ret_n,
    struct err *err)
{
	struct mem *mem = (struct mem *)blob;
	bool found = false;
	size_t at = after.p == NULL ? 0 : find(mem, after, &found), n = 0;

	(void)err;
	for (at += found; at < mem->count && n < max_entries; at++, n++)
		entries[n] = (struct blob_entry){
			arena_str(arena, key_of(&mem->objects[at])),
			(int64_t)mem->objects[at].n,
			mem->objects[at].modified_ms };
	*ret_n = n;
	return RC_OK;
}

static enum rc
mem_tidy(struct blob *blob, int64_t before_ms, size_t *ret_n, struct err *err)
{
	(void)blob, (void)before_ms, (void)err;
	*ret_n = 0;
	return RC_OK;
}

static void
mem_close(struct blob *blob)
{
	struct mem *mem = (struct mem *)blob;

	for (size_t i = 0; i < mem->count; i++)
		free(mem->objects[i].bytes);
	free(mem->objects);
	mem->objects = NULL;
	mem->count = mem->room = 0;
}

static const struct blob_driver mem_driver = {
	.put = mem_put,
	.get = mem_get,
	.delete = mem_delete,
	.list = mem_list,
	.tidy = mem_tidy,
	.close = mem_close,
};

struct blob *
blob_mem_open(struct arena *process_arena)
{
	struct mem *mem = arena_one(process_arena, struct mem);

	mem->blob.driver = &mem_driver;
	return &mem->blob;
}
