#include "config.h"

#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FIRST_BLOCK_BYTES = 16 * 1024, LARGE_BYTES = 8 * 1024,
	KEPT_BLOCK_BYTES = 64 * 1024 };	/* at most, over resets */

struct block {
	struct block *next;
	size_t size;
	alignas(max_align_t) char data[];
};

struct defer {
	struct defer *next;
	void (*fn)(void *);
	void *object;
};

struct arena {
	struct block *blocks;		/* newest regular block, then older: half of it */
	struct block *large;		/* one allocation each */
	size_t used;			/* of blocks->data */
	struct defer *defers;
	bool wiped;
};

_Noreturn void
die(const char *what)
{
	(void)!write(2, what, strlen(what));
	(void)!write(2, "\n", 1);
	abort();
}

static struct block *
block_new(size_t size, struct block *next)
{
	struct block *block = malloc(sizeof *block + size);

	if (block == NULL)
		die("out of memory");
	block->next = next;
	block->size = size;
	return block;
}

static void
block_free(const struct arena *arena, struct block *block)
{
	if (arena->wiped)
		explicit_bzero(block->data, block->size);
	free(block);
}

struct arena *
arena_new(void)
{
	struct arena *arena = calloc(1, sizeof *arena);

	if (arena == NULL)
		die("out of memory");
	arena->blocks = block_new(FIRST_BLOCK_BYTES, NULL);
	return arena;
}

struct arena *
arena_new_wiped(void)
{
	struct arena *arena = arena_new();

	arena->wiped = true;
	return arena;
}

static void
run_defers(struct arena *arena)
{
	while (arena->defers != NULL) {
		struct defer *defer = arena->defers;

		arena->defers = defer->next;
		defer->fn(defer->object);
	}
}

void
arena_reset(struct arena *arena)
{
	struct block *older;

	run_defers(arena);
	while (arena->blocks->size > KEPT_BLOCK_BYTES) {
		struct block *block = arena->blocks;

		arena->blocks = block->next;
		block_free(arena, block);
	}
	/* The largest one that may be kept, so that what has been used once is there. */
	while ((older = arena->blocks->next) != NULL) {
		arena->blocks->next = older->next;
		block_free(arena, older);
	}
	while (arena->large != NULL) {
		struct block *block = arena->large;

		arena->large = block->next;
		block_free(arena, block);
	}
	if (arena->wiped)
		explicit_bzero(arena->blocks->data, arena->blocks->size);
	arena->used = 0;
}

void
arena_free(struct arena *arena)
{
	if (arena == NULL)
		return;
	arena_reset(arena);
	block_free(arena, arena->blocks);
	free(arena);
}

void *
arena_alloc_raw(struct arena *arena, size_t n)
{
	const size_t align = alignof(max_align_t);
	void *p;

	if (n > SIZE_MAX / 2)
		die("arena: impossible size");
	n = (n + align - 1) / align * align;
	if (n > LARGE_BYTES) {
		arena->large = block_new(n, arena->large);
		return arena->large->data;
	}
	if (n > arena->blocks->size - arena->used) {
		arena->blocks = block_new(arena->blocks->size * 2,
		    arena->blocks);
		arena->used = 0;
	}
	p = arena->blocks->data + arena->used;
	arena->used += n;
	return p;
}

void *
arena_alloc(struct arena *arena, size_t n)
{
	return memset(arena_alloc_raw(arena, n), 0, n);
}

void *
arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t n;

	if (__builtin_mul_overflow(count, size, &n))
		die("arena: impossible size");
	return arena_alloc(arena, n);
}

char *
arena_strz(struct arena *arena, struct str s)
{
	char *copy = arena_alloc_raw(arena, s.n + 1);

	if (s.n > 0)
		memcpy(copy, s.p, s.n);
	copy[s.n] = '\0';
	return copy;
}

struct str
arena_str(struct arena *arena, struct str s)
{
	if (s.p == NULL)
		return STR_NULL;
	return (struct str){ arena_strz(arena, s), s.n };
}

struct str
arena_join(struct arena *arena, const struct str *pieces, size_t n)
{
	size_t length = 0;
	char *p, *at;

	for (size_t i = 0; i < n; i++)
		length += pieces[i].n;
	p = at = arena_alloc_raw(arena, length + 1);
	for (size_t i = 0; i < n; i++)
		if (pieces[i].n > 0) {
			memcpy(at, pieces[i].p, pieces[i].n);
			at += pieces[i].n;
		}
	*at = '\0';
	return (struct str){ p, length };
}

struct str
arena_printf(struct arena *arena, const char *fmt, ...)
{
	va_list ap, again;
	char room[256], *p;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(room, sizeof room, fmt, ap);
	va_end(ap);
	if (n < 0)
		die("arena_printf: bad format");
	p = arena_alloc_raw(arena, (size_t)n + 1);
	if ((size_t)n < sizeof room)	/* mostly: written once */
		memcpy(p, room, (size_t)n + 1);
	else
		(void)vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return (struct str){ p, (size_t)n };
}

void
arena_defer(struct arena *arena, void (*fn)(void *), void *object)
{
	struct defer *defer = arena_one(arena, struct defer);

	*defer = (struct defer){ arena->defers, fn, object };
	arena->defers = defer;
}

static void
close_fd(void *object)
{
	(void)close((int)(intptr_t)object);
}

void
arena_defer_close(struct arena *arena, int fd)
{
	arena_defer(arena, close_fd, (void *)(intptr_t)fd);
}
